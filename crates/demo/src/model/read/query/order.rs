//! How many, and in which order.

use super::super::intent::{Direction, Shape};
use super::super::words::Words;
use super::Reader;
use crate::model::facts::Kind;

impl Reader<'_> {
    /// "top 5", "the 3 largest", "by balance", "sorted by name descending", "per customer".
    pub(super) fn ordering(&mut self, index: usize) -> Option<usize> {
        let words = self.words;
        if words.is(index, &["per", "grouped"]) || words.is(index, &["by"]) && matches!(self.query.shape, Shape::Aggregate { .. }) {
            let at = if words.starts_at(index, &["grouped", "by"]) { index + 2 } else { index + 1 };
            let (property, used) = self.fields.at(words, at)?;
            if let Shape::Aggregate { by, .. } = &mut self.query.shape {
                by.push(property.name.clone());
                return Some(at - index + used);
            }
            return None;
        }
        if words.is(index, &["by"]) {
            let (property, used) = self.fields.at(words, index + 1)?;
            let numeric = matches!(property.kind, Kind::Number);
            let end = index + 1 + used;
            let (direction, more) = match words.low(end) {
                "descending" | "desc" => (Direction::Descending, 1),
                "ascending" | "asc" => (Direction::Ascending, 1),
                _ if self.query.top.is_some() || numeric => (self.direction().unwrap_or(Direction::Descending), 0),
                _ => (Direction::Ascending, 0),
            };
            self.query.order = Some((property.name.clone(), direction));
            return Some(1 + used + more);
        }
        if words.is(index, &["top", "first", "best"])
            && let Some((count, used)) = small_number(words, index + 1)
        {
            self.query.top = Some(count);
            self.rank(Direction::Descending, None);
            return Some(1 + used);
        }
        if let Some((count, used)) = small_number(words, index)
            && (superlative(words, index + used).is_some() || index + used == self.noun.from)
        {
            self.query.top = Some(count);
            return Some(used);
        }
        self.superlative(index)
    }

    fn direction(&self) -> Option<Direction> {
        self.query.order.as_ref().map(|(_, direction)| *direction)
    }

    fn superlative(&mut self, index: usize) -> Option<usize> {
        let (direction, by_date, mut used) = superlative(self.words, index)?;
        if let Some((count, more)) = small_number(self.words, index + used) {
            self.query.top = Some(count);
            used += more;
        }
        let in_noun = (self.noun.from..self.noun.to).contains(&(index + used));
        let named = self.fields.at(self.words, index + used).filter(|(property, _)| !in_noun && property.kind == Kind::Number);
        if !self.noun.plural && self.query.top.is_none() && index < self.noun.to {
            self.query.top = Some(1);
        }
        if let Some((property, more)) = named {
            self.query.order = Some((property.name.clone(), direction));
            if self.query.top.is_none() {
                self.query.top = Some(if self.noun.plural { 5 } else { 1 });
            }
            return Some(used + more);
        }
        let date = by_date.then(|| self.first_of(&["postingDate", "orderDate", "invoiceDate", "documentDate", "lastModifiedDateTime"])).flatten();
        self.rank(direction, date);
        if self.query.top.is_none() {
            self.query.top = Some(5);
        }
        Some(used)
    }

    fn rank(&mut self, direction: Direction, property: Option<&str>) {
        let usual = self.first_of(&["balanceDue", "balance", "totalAmountIncludingTax", "unitPrice", "netChange", "debitAmount"]);
        if let Some(property) = property.or(usual)
            && (self.query.order.is_none() || direction == Direction::Ascending)
        {
            self.query.order = Some((property.to_owned(), direction));
        }
    }
}

/// Largest or smallest, whether by date, and the count of words.
fn superlative(words: &Words, index: usize) -> Option<(Direction, bool, usize)> {
    use Direction::{Ascending, Descending};
    Some(match (words.low(index), words.low(index + 1)) {
        ("most", "expensive") => (Descending, false, 2),
        ("least", "expensive") => (Ascending, false, 2),
        ("most" | "least", "recent") => (Descending, true, 2),
        ("largest" | "biggest" | "highest" | "most" | "greatest", _) => (Descending, false, 1),
        ("cheapest" | "lowest" | "smallest" | "least", _) => (Ascending, false, 1),
        ("newest" | "latest", _) => (Descending, true, 1),
        ("last", next) if next.parse::<u32>().is_ok() => (Descending, true, 1),
        ("oldest", _) => (Ascending, true, 1),
        _ => return None,
    })
}

fn small_number(words: &Words, index: usize) -> Option<(u32, usize)> {
    let names = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];
    let word = words.low(index);
    let named = names.iter().position(|name| *name == word).and_then(|at| u32::try_from(at + 1).ok());
    named.or_else(|| word.parse().ok()).filter(|count| (1..=1_000).contains(count)).map(|count| (count, 1))
}
