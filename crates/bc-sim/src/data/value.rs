//! Values as the database holds them and as the wire shows them.
//!
//! A decimal is an integer of hundred-thousandths (Business Central keeps five decimals in its amount and price fields);
//! it never passes through floating point.

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::{Decimal, RoundingStrategy};

/// Decimals kept of a decimal property.
pub(crate) const DECIMALS: u32 = 5;
const UNIT: u64 = 100_000;

/// The empty reference: references are never null on the wire.
pub(crate) const NO_ID: &str = "00000000-0000-0000-0000-000000000000";
/// The undefined date.
pub(crate) const NO_DATE: &str = "0001-01-01";
/// The undefined point in time, as it is stored.
pub(crate) const NO_TIME: &str = "0001-01-01T00:00:00.000Z";

/// One stored value. Text: strings, GUIDs, dates, times, members of enumerations (unencoded). Int: whole numbers, booleans,
/// decimals in hundred-thousandths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cell {
    Text(String),
    Int(i64),
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Cell::Text(text.to_owned())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Cell::Text(text)
    }
}

impl From<i64> for Cell {
    fn from(number: i64) -> Self {
        Cell::Int(number)
    }
}

impl From<bool> for Cell {
    fn from(flag: bool) -> Self {
        Cell::Int(i64::from(flag))
    }
}

impl From<Date> for Cell {
    fn from(date: Date) -> Self {
        Cell::Text(date.to_string())
    }
}

impl rusqlite::ToSql for Cell {
    fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
        match self {
            Cell::Text(text) => text.to_sql(),
            Cell::Int(number) => number.to_sql(),
        }
    }
}

impl rusqlite::types::FromSql for Cell {
    fn column_result(value: rusqlite::types::ValueRef<'_>) -> rusqlite::types::FromSqlResult<Self> {
        use rusqlite::types::ValueRef;
        match value {
            ValueRef::Integer(number) => Ok(Cell::Int(number)),
            ValueRef::Text(_) => value.as_str().map(Cell::from),
            ValueRef::Null => Ok(Cell::Text(String::new())),
            ValueRef::Real(_) | ValueRef::Blob(_) => Err(rusqlite::types::FromSqlError::InvalidType),
        }
    }
}

/// The stored form of a decimal, rounded half away from zero to five decimals; `None` when it is too large.
pub(crate) fn to_stored(value: Decimal) -> Option<i64> {
    let mut value = value.round_dp_with_strategy(DECIMALS, RoundingStrategy::MidpointAwayFromZero);
    value.rescale(DECIMALS);
    if value.scale() != DECIMALS {
        return None;
    }
    i64::try_from(value.mantissa()).ok()
}

/// The decimal that a stored integer stands for.
pub(crate) fn from_stored(stored: i64) -> Decimal {
    Decimal::new(stored, DECIMALS)
}

/// Rounds an amount of money to two decimals, half away from zero.
pub(crate) fn cents(value: Decimal) -> Decimal {
    value.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero)
}

/// Appends a stored decimal as a JSON number without trailing zeros.
pub(crate) fn write_decimal(stored: i64, out: &mut String) {
    let magnitude = stored.unsigned_abs();
    if stored < 0 {
        out.push('-');
    }
    out.push_str(&(magnitude / UNIT).to_string());
    let fraction = magnitude % UNIT;
    if fraction != 0 {
        let digits = format!("{fraction:05}");
        out.push('.');
        out.push_str(digits.trim_end_matches('0'));
    }
}

/// Appends a JSON string.
pub(crate) fn write_string(text: &str, out: &mut String) {
    out.push('"');
    if !text.bytes().any(|byte| byte < b' ' || byte == b'"' || byte == b'\\') {
        out.push_str(text);
        out.push('"');
        return;
    }
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            control if control < ' ' => out.push_str(&format!("\\u{:04x}", u32::from(control))),
            other => out.push(other),
        }
    }
    out.push('"');
}

/// An enumeration's member as the wire writes it: what is neither letter, digit nor underscore becomes `_xHHHH_`.
pub(crate) fn encode_member(member: &str) -> String {
    let mut out = String::with_capacity(member.len());
    for character in member.chars() {
        if character.is_ascii_alphanumeric() || character == '_' {
            out.push(character);
        } else {
            out.push_str(&format!("_x{:04X}_", u32::from(character)));
        }
    }
    out
}

/// Undoes [`encode_member`]; text without escapes comes back unchanged.
pub(crate) fn decode_member(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("_x") {
        let code = rest.get(start + 2..start + 6).and_then(|hex| u32::from_str_radix(hex, 16).ok()).and_then(char::from_u32);
        match code {
            Some(character) if rest.get(start + 6..start + 7) == Some("_") => {
                out.push_str(&rest[..start]);
                out.push(character);
                rest = &rest[start + 7..];
            }
            _ => {
                out.push_str(&rest[..start + 2]);
                rest = &rest[start + 2..];
            }
        }
    }
    out.push_str(rest);
    out
}

/// A point in time as it is stored: UTC, always three decimals, so that text order is time order.
pub(crate) fn stored_time(at: Timestamp) -> String {
    format!("{at:.3}")
}

/// A stored date, `None` when undefined or unreadable.
pub(crate) fn date_of(text: &str) -> Option<Date> {
    if text == NO_DATE { None } else { text.parse().ok() }
}

#[cfg(test)]
#[path = "value_tests.rs"]
mod tests;
