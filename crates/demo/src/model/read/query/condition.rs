//! Conditions that a word or a comparison states.

use super::super::intent::{Comparison, Literal};
use super::super::numbers::number_at;
use super::super::words::Words;
use super::Reader;
use crate::model::facts::Kind;

impl Reader<'_> {
    /// "overdue", "unpaid", "draft", "blocked", "out of stock".
    pub(super) fn adjective(&mut self, index: usize) -> Option<usize> {
        use Comparison::{Equal, Greater, Less, LessOrEqual, NotEqual};
        let text = |text: &str| Literal::Text(text.to_owned());
        let words = self.words;
        if words.starts_at(index, &["out", "of", "stock"]) && self.has("inventory") {
            self.add("inventory", LessOrEqual, Literal::Number("0".to_owned()));
            return Some(3);
        }
        if words.starts_at(index, &["not", "paid"]) || words.starts_at(index, &["not", "yet", "paid"]) {
            self.add("status", Equal, text("Open"));
            return Some(if words.low(index + 1) == "yet" { 3 } else { 2 });
        }
        if words.is(index, &["without", "no", "missing"])
            && let Some((property, used)) = self.fields.at(words, index + 1)
        {
            match property.kind {
                Kind::Text => self.add(&property.name, Equal, text("")),
                Kind::Number => self.add(&property.name, Equal, Literal::Number("0".to_owned())),
                _ => return None,
            }
            return Some(1 + used);
        }
        let status = self.has("status");
        let today = self.today;
        match words.low(index) {
            "overdue" | "late" if self.has("dueDate") => {
                self.add("dueDate", Less, Literal::Date(today));
                self.add("status", Equal, text("Open"));
            }
            "past" if words.is(index + 1, &["due"]) && self.has("dueDate") => {
                self.add("dueDate", Less, Literal::Date(today));
                self.add("status", Equal, text("Open"));
                return Some(2);
            }
            "unpaid" | "outstanding" if status => self.add("status", Equal, text("Open")),
            "open" if status => self.add("status", Equal, text("Open")),
            "paid" if status => self.add("status", Equal, text("Paid")),
            "draft" | "drafts" | "unposted" if status => self.add("status", Equal, text("Draft")),
            "sent" | "accepted" if self.noun.facts.set == "salesQuotes" => {
                self.add("status", Equal, text(if words.low(index) == "sent" { "Sent" } else { "Accepted" }));
            }
            "canceled" | "cancelled" if status => self.add("status", Equal, text("Canceled")),
            "posted" => {
                self.pending = self.noun.facts.property("postingDate");
                if self.noun.facts.set.ends_with("Invoices") {
                    self.add("status", NotEqual, text("Draft"));
                }
            }
            "dated" | "created" | "ordered" if self.date_property().is_some() => {}
            "blocked" => match self.noun.facts.property("blocked")?.kind {
                Kind::Bool => self.add("blocked", Equal, Literal::Bool(true)),
                _ => self.add("blocked", NotEqual, text("_x0020_")),
            },
            "unblocked" | "active" => match self.noun.facts.property("blocked")?.kind {
                Kind::Bool => self.add("blocked", Equal, Literal::Bool(false)),
                _ => self.add("blocked", Equal, text("_x0020_")),
            },
            "owe" | "owes" | "owing" => self.pending = self.fields.at(&Words::of("balance"), 0).map(|(property, _)| property),
            "priced" | "costing" => self.pending = self.noun.facts.property("unitPrice"),
            "cheaper" if words.is(index + 1, &["than"]) => {
                let (value, used) = number_at(words, index + 2)?;
                self.add("unitPrice", Less, Literal::Number(value));
                return Some(used + 2);
            }
            "in" if words.is(index + 1, &["stock"]) && self.pending.is_none() && self.has("inventory") => {
                if !self.query.conditions.iter().any(|condition| condition.property == "inventory") {
                    self.add("inventory", Greater, Literal::Number("0".to_owned()));
                }
                return Some(2);
            }
            _ => return None,
        }
        Some(1)
    }

    /// "over 10,000", "below 20 in stock", "between 5 and 10".
    pub(super) fn comparison(&mut self, index: usize) -> Option<usize> {
        let words = self.words;
        if words.is(index, &["between"])
            && let Some((low, used)) = number_at(words, index + 1)
            && words.is(index + 1 + used, &["and"])
            && let Some((high, more)) = number_at(words, index + 2 + used)
        {
            let end = index + 2 + used + more;
            let (property, named) = self.numeric(end)?;
            self.add(&property, Comparison::GreaterOrEqual, Literal::Number(low));
            self.add(&property, Comparison::LessOrEqual, Literal::Number(high));
            return Some(end - index + named);
        }
        let (comparison, used) = comparison_at(words, index)?;
        let (value, more) = number_at(words, index + used)?;
        let end = index + used + more;
        let continued = self.compared.clone().filter(|_| self.pending.is_none() && words.is(index.saturating_sub(1), &["and", "but"]));
        let (property, named) = match continued {
            Some(property) => (property, 0),
            None => self.numeric(end)?,
        };
        self.add(&property, comparison, Literal::Number(value));
        self.compared = Some(property);
        Some(end - index + named)
    }

    /// The number property that a comparison is about: the one named before it, the one after it, or the usual one.
    fn numeric(&mut self, after: usize) -> Option<(String, usize)> {
        if let Some(property) = self.pending.filter(|property| property.kind == Kind::Number) {
            self.pending = None;
            return Some((property.name.clone(), 0));
        }
        let skip = usize::from(self.words.is(after, &["of", "left", "pieces", "pcs", "units"]));
        if let Some((property, used)) = self.fields.at(self.words, after + skip).filter(|(property, _)| property.kind == Kind::Number) {
            return Some((property.name.clone(), used + skip));
        }
        let usual = self.first_of(&["balanceDue", "balance", "totalAmountIncludingTax", "unitPrice", "netChange", "debitAmount"])?;
        Some((usual.to_owned(), 0))
    }

    /// "named Nord", "starting with A", "containing desk".
    pub(super) fn naming(&mut self, index: usize) -> Option<usize> {
        let words = self.words;
        let (comparison, from) = if words.is(index, &["named", "called", "containing", "contains", "like", "matching"]) {
            (Comparison::Contains, index + 1)
        } else if words.is(index, &["starting", "starts", "beginning", "begins", "start", "begin"]) && words.is(index + 1, &["with"]) {
            (Comparison::StartsWith, index + 2)
        } else {
            return None;
        };
        let property = match self.pending.take() {
            Some(property) if property.kind == Kind::Text => property.name.as_str(),
            _ => self.first_of(&["displayName", "customerName", "vendorName", "description"])?,
        };
        let end = self.value_end(from);
        let value = words.slice(from, end);
        if value.is_empty() {
            return None;
        }
        self.add(property, comparison, Literal::Text(value));
        Some(end - index)
    }
}

/// A comparison in words or signs, with the count of words.
pub(super) fn comparison_at(words: &Words, index: usize) -> Option<(Comparison, usize)> {
    use Comparison::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual};
    let lead = usize::from(words.is(index, &["is", "are", "of"]));
    let at = index + lead;
    let (comparison, used) = match (words.low(at), words.low(at + 1)) {
        (">" | "<", "=") => (if words.low(at) == ">" { GreaterOrEqual } else { LessOrEqual }, 2),
        ("at", "least") => (GreaterOrEqual, 2),
        ("at", "most") => (LessOrEqual, 2),
        ("more" | "greater" | "higher" | "larger" | "bigger", "than") => (Greater, 2),
        ("less" | "fewer" | "lower" | "smaller", "than") => (Less, 2),
        ("over" | "above" | "exceeding" | ">" | "exceeds", _) => (Greater, 1),
        ("below" | "under" | "<", _) => (Less, 1),
        ("exactly" | "equals" | "=", _) => (Equal, 1),
        _ => return None,
    };
    Some((comparison, used + lead))
}
