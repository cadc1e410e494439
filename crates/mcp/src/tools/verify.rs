//! Compares what was sent with what was read back, as Business Central keeps values: codes in capitals, decimals without
//! trailing zeros, empty references as zeros.

use std::str::FromStr;

use bca_bc::{decode_member, is_empty_value};
use bca_catalogue::{Catalogue, Entity, PropertyKind};
use bca_protocol::Json;
use rust_decimal::Decimal;

use crate::answer::{object, text};

/// One property that was sent, with what stands there now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Compared {
    /// Name, children as `salesOrderLines[0].quantity`.
    pub(super) property: String,
    pub(super) sent: Json,
    pub(super) found: Json,
    pub(super) same: bool,
}

/// Every property of `sent`, compared with the record that was read back. Children are compared in their order.
pub(super) fn compare(entity: &Entity, sent: &Json, found: &Json) -> Vec<Compared> {
    let mut compared = Vec::new();
    gather(Some(entity), "", sent, found, &mut compared);
    compared
}

fn gather(entity: Option<&Entity>, prefix: &str, sent: &Json, found: &Json, out: &mut Vec<Compared>) {
    for (name, value) in sent.members().unwrap_or_default() {
        let path = format!("{prefix}{name}");
        let now = found.get(name).cloned().unwrap_or(Json::Null);
        let child = entity.and_then(|e| e.navigation(name)).and_then(|n| Catalogue::get().find(&n.target_set));
        match (value, &now) {
            (Json::Array(items), Json::Array(there)) => {
                for (index, item) in items.iter().enumerate() {
                    gather(child, &format!("{path}[{index}]."), item, there.get(index).unwrap_or(&Json::Null), out);
                }
            }
            (Json::Object(_), Json::Object(_)) => gather(child, &format!("{path}."), value, &now, out),
            _ => {
                let kind = entity.and_then(|e| e.property(name)).map(|p| &p.kind);
                let same = same(kind, value, &now);
                out.push(Compared { property: path, sent: value.clone(), found: now, same });
            }
        }
    }
}

/// Whether two values mean the same to Business Central.
pub(super) fn same(kind: Option<&PropertyKind>, a: &Json, b: &Json) -> bool {
    match (a, b) {
        (Json::Null, other) | (other, Json::Null) => *other == Json::Null || other.as_str().is_some_and(is_empty_value),
        (Json::Number(a), Json::Number(b)) => same_number(a, b),
        (Json::String(a), Json::String(b)) => same_text(kind, a, b),
        (Json::String(text), Json::Number(number)) | (Json::Number(number), Json::String(text)) => same_number(text, number),
        (a, b) => a == b,
    }
}

fn same_number(a: &str, b: &str) -> bool {
    match (decimal(a), decimal(b)) {
        (Some(a), Some(b)) => a == b,
        (Some(_), None) | (None, Some(_)) => false,
        (None, None) => a == b,
    }
}

/// A number of JSON as an exact decimal; `None` beyond 28 digits.
pub(super) fn decimal(text: &str) -> Option<Decimal> {
    Decimal::from_str_exact(text).or_else(|_| Decimal::from_scientific(text)).or_else(|_| Decimal::from_str(text)).ok()
}

fn same_text(kind: Option<&PropertyKind>, a: &str, b: &str) -> bool {
    if a == b || (is_empty_value(a) && is_empty_value(b)) {
        return true;
    }
    match kind {
        Some(PropertyKind::Code) => a.trim_end().to_uppercase() == b.trim_end().to_uppercase(),
        Some(PropertyKind::Guid) => a.eq_ignore_ascii_case(b),
        Some(PropertyKind::Enum(_)) => decode_member(a) == decode_member(b),
        Some(PropertyKind::DateTime) => a.trim_end_matches('Z').trim_end_matches(['0', '.']) == b.trim_end_matches('Z').trim_end_matches(['0', '.']),
        Some(PropertyKind::String) => a.trim_end() == b.trim_end(),
        Some(PropertyKind::Decimal | PropertyKind::Integer | PropertyKind::Boolean | PropertyKind::Date | PropertyKind::Stream) | None => false,
    }
}

/// The two lists of a write's answer: what is as it was sent, and what isn't.
pub(super) fn report(compared: &[Compared]) -> (Json, Json) {
    let list = |same: bool| {
        let rows = compared.iter().filter(|c| c.same == same);
        Json::Array(rows.map(|c| object([("property", text(&c.property)), ("sent", c.sent.clone()), ("found", c.found.clone())])).collect())
    };
    (list(true), list(false))
}

#[cfg(test)]
#[path = "verify_tests.rs"]
mod tests;
