//! Conditions that name something: a customer or vendor, a place, a field with its value.

use super::super::fields::{reference, value_start};
use super::super::intent::{Comparison, Given, Literal, Shape, Target};
use super::super::numbers::number_at;
use super::condition::comparison_at;
use super::{Reader, silent};
use crate::model::facts::Kind;

impl Reader<'_> {
    /// "orders for Fjordlys", "invoices from vendor Nordic Timber", "of customer 10020", "its orders".
    pub(super) fn party(&mut self, index: usize) -> Option<usize> {
        let words = self.words;
        if self.has("companyName") && words.is(index, &["for", "at", "of", "from"]) && words.capital(index + 1) {
            let end = self.value_end(index + 1);
            self.add("companyName", Comparison::Contains, Literal::Text(words.slice(index + 1, end)));
            return Some(end - index);
        }
        self.first_of(&["customerName", "vendorName"])?;
        if words.is(index, &["its", "their", "his", "her"]) && self.query.party.is_none() {
            self.query.party = Some(Target::Last);
            return Some(1);
        }
        let possessive = words.is(index + 1, &["'s"]) && index + 2 == self.noun.from;
        if possessive && words.capital(index) {
            self.query.party = Some(Target::Term(words.slice(index, index + 1)));
            return Some(2);
        }
        if !words.is(index, &["for", "from", "of", "to", "by", "with"]) {
            return None;
        }
        let mut from = index + 1;
        while words.is(from, &["the", "our", "customer", "vendor", "supplier", "client"]) {
            from += 1;
        }
        let noun_named = words.is(from - 1, &["customer", "vendor", "supplier", "client"]);
        let end = self.value_end(from);
        let target = reference(words, if noun_named && words.is(from - 2, &["that", "this"]) { from - 2 } else { from }, end);
        let number = words.list.get(from).is_some_and(|word| word.text.chars().any(|c| c.is_ascii_digit()));
        if target.is_none() && !noun_named && !words.capital(from) && !number {
            let lower_name = words.is(index, &["for"]) && !silent(words.low(from)) && self.fields.at(words, from).is_none() && end > from;
            if !lower_name {
                return None;
            }
        }
        let term = words.slice(from, end);
        self.query.party = Some(target.or_else(|| (!term.is_empty()).then_some(Target::Term(term)))?);
        Some(end - index)
    }

    /// "in Bergen", "from Norway".
    pub(super) fn place(&mut self, index: usize) -> Option<usize> {
        let words = self.words;
        self.first_of(&["city", "sellToCity", "buyFromCity"])?;
        let from = if words.is(index, &["located", "based"]) && words.is(index + 1, &["in"]) { index + 2 } else { index + 1 };
        if from == index + 1 && !words.is(index, &["in", "from", "near"]) {
            return None;
        }
        let end = self.value_end(from);
        let place = words.slice(from, end);
        if words.is(from, &["total", "all", "sum", "full", "general", "the"]) || place.is_empty() || self.fields.at(words, from).is_some() {
            return None;
        }
        self.query.place = Some(place);
        Some(end - index)
    }

    /// A field by its name, with a value after it or a comparison to come.
    pub(super) fn field(&mut self, index: usize) -> Option<usize> {
        let words = self.words;
        let (property, used) = self.fields.at(words, index)?;
        let aggregated = matches!(&self.query.shape, Shape::Aggregate { property: of, .. } if *of == property.name);
        let after = value_start(words, index + used);
        if aggregated
            || comparison_at(words, after).is_some_and(|(_, more)| number_at(words, after + more).is_some())
            || words.is(after, &["between", "before", "after", "starting", "starts", "containing", "contains", "like"])
        {
            self.pending = Some(property);
            return Some(after - index);
        }
        if matches!(property.kind, Kind::Number)
            && let Some((value, more)) = number_at(words, after)
        {
            self.add(&property.name, Comparison::Equal, Literal::Number(value));
            return Some(after + more - index);
        }
        let end = self.value_end(after);
        if !matches!(property.kind, Kind::Text | Kind::Guid | Kind::Choice(_)) || end == after || silent(words.low(after)) || after > words.len() {
            self.pending = Some(property);
            return Some(used);
        }
        self.query.given.push(Given { property, words: words.slice(after, end) });
        Some(end - index)
    }
}
