//! What an exact request carries, as far as rules ask for it: the names of the properties it sets and the largest amount in it.

use bca_protocol::{Json, WriteOperation};
use rust_decimal::Decimal;

use crate::PlannedWrite;

/// Entity sets that hold bank accounts or move money in and out of them.
const BANK_SETS: &[&str] = &["bankAccounts", "customerPayments", "customerPaymentJournals", "vendorPayments", "vendorPaymentJournals"];

/// Endings of the names of properties that hold money (docs/business-central.md, section 12).
const MONEY: &[&str] = &["amount", "price", "cost", "total", "balance", "creditlimit", "amountincludingtax", "amountexcludingtax", "amountincludingvat"];

/// An amount as it stands in the request or the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Amount {
    /// As it is typed: digits, without grouping.
    pub text: String,
    /// Its absolute value; absent where it is beyond what a decimal holds, and that is more than any limit.
    pub value: Option<Decimal>,
}

/// What a request carries.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Contents {
    /// The names of all properties in its body, at every level.
    pub fields: Vec<String>,
    /// The largest amount: of the body, and for a deletion or an action of the record that it is about.
    pub amount: Option<Amount>,
}

impl Contents {
    /// Reads the exact bytes; `None` where they are no JSON object, so that nobody knows what they set.
    #[must_use]
    pub fn of(write: &PlannedWrite) -> Option<Self> {
        let mut contents = Self::default();
        if let Some(body) = write.request.body.as_deref().filter(|body| !body.trim().is_empty()) {
            let body = Json::parse(body).ok()?;
            body.members()?;
            contents.fields(&body);
            contents.amounts(&body);
        }
        match write.preview.operation {
            WriteOperation::Delete | WriteOperation::Action => {
                if let Some(record) = write.before.as_ref().and_then(|before| Json::parse(before.as_str()).ok()) {
                    contents.amounts(&record);
                }
            }
            WriteOperation::Create | WriteOperation::Update => {}
        }
        Some(contents)
    }

    fn fields(&mut self, value: &Json) {
        match value {
            Json::Object(members) => {
                for (name, value) in members {
                    if !self.fields.contains(name) {
                        self.fields.push(name.clone());
                    }
                    self.fields(value);
                }
            }
            Json::Array(items) => items.iter().for_each(|item| self.fields(item)),
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
        }
    }

    /// Amounts of this level and below; lines count by quantity times price, and their sum counts too.
    fn amounts(&mut self, value: &Json) {
        match value {
            Json::Object(members) => {
                for (name, value) in members {
                    if let Json::Number(text) = value
                        && is_money(name)
                    {
                        self.take(number(text), text);
                    }
                    self.amounts(value);
                }
                if let Some(total) = line(value) {
                    self.take(Some(total), &total.to_string());
                }
            }
            Json::Array(items) => {
                items.iter().for_each(|item| self.amounts(item));
                let sum = items.iter().filter_map(line).try_fold(Decimal::ZERO, |sum, line| sum.checked_add(line));
                match sum {
                    Some(sum) if sum.is_zero() => {}
                    Some(sum) => self.take(Some(sum), &sum.to_string()),
                    None => self.take(None, "more than can be counted"),
                }
            }
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
        }
    }

    fn take(&mut self, value: Option<Decimal>, text: &str) {
        let value = value.map(|value| value.abs());
        let is_larger = match &self.amount {
            None => true,
            Some(held) => match (held.value, value) {
                (None, _) => false,
                (Some(_), None) => true,
                (Some(held), Some(value)) => value > held,
            },
        };
        if is_larger {
            let text = value.map_or_else(|| text.to_owned(), |value| value.normalize().to_string());
            self.amount = Some(Amount { text, value });
        }
    }
}

/// Whether this set holds bank accounts or moves money in and out of them.
pub(crate) fn is_bank_set(entity: &str) -> bool {
    BANK_SETS.iter().any(|set| set.eq_ignore_ascii_case(entity))
}

fn is_money(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    MONEY.iter().any(|ending| name.ends_with(ending))
}

/// A JSON number (RFC 8259, section 6) as a decimal, exactly; `None` where it has more digits than that holds.
fn number(text: &str) -> Option<Decimal> {
    Decimal::from_str_exact(text).or_else(|_| Decimal::from_scientific(text)).ok()
}

/// Quantity times price, where an object has both.
fn line(object: &Json) -> Option<Decimal> {
    let of = |names: &[&str]| {
        names.iter().find_map(|name| match object.get(name) {
            Some(Json::Number(text)) => number(text),
            Some(Json::Null | Json::Bool(_) | Json::String(_) | Json::Array(_) | Json::Object(_)) | None => None,
        })
    };
    of(&["quantity"])?.checked_mul(of(&["unitPrice", "directUnitCost", "unitCost"])?)
}

#[cfg(test)]
#[path = "contents_tests.rs"]
mod tests;
