//! Questions for lists, counts and sums: "unpaid sales invoices due before 1 December", "top 5 customers by balance".

mod condition;
mod link;
mod order;

use jiff::civil::Date;

use super::dates::{Period, date_at, period_at};
use super::intent::{Comparison, Condition, Literal, Query, Shape};
use super::vocabulary::{Fields, Noun};
use super::words::Words;
use crate::model::facts::{Kind, Property};

/// Words that carry no condition of their own.
const SILENT: &str = "the all of our my me with that which have has had are is was were whose who and a an any there we us do does please their its be \
    been so to , . ? ! what list show find get give display many how much count number currently still now right i see you can tell \
    need want every each both ones must in total sum average it at look up search for having than by where it's 's fetch pull on \
    sorted ordered sort order owe owes only did as just also them they would like overview report value say say, let could most top \
    first from ( ) :";

/// Whether a word carries no condition of its own.
fn silent(word: &str) -> bool {
    word.is_empty() || SILENT.split(' ').any(|silent| silent == word)
}

/// The state while a question is read from left to right.
struct Reader<'a> {
    words: &'a Words,
    noun: Noun,
    fields: Fields,
    today: Date,
    query: Query,
    /// The field that was named last and still waits for its comparison.
    pending: Option<&'static Property>,
    /// The property of the last comparison: "above 3000 and below 5000" is about one.
    compared: Option<String>,
}

/// Reads the conditions of a question about a set.
pub(crate) fn read(words: &Words, noun: Noun, shape: Shape, from: usize, today: Date) -> Query {
    let query =
        Query { facts: noun.facts, shape, conditions: Vec::new(), place: None, party: None, given: Vec::new(), order: None, top: None, ignored: Vec::new() };
    let mut reader = Reader { words, noun, fields: Fields::of(noun.facts), today, query, pending: None, compared: None };
    let mut index = from;
    while index < words.len() {
        index += if index >= noun.from && index < noun.to { noun.to - index } else { reader.step(index) };
    }
    reader.query
}
impl Reader<'_> {
    /// Reads at one place and says how many words were used.
    fn step(&mut self, index: usize) -> usize {
        let used = self
            .period(index)
            .or_else(|| self.ordering(index))
            .or_else(|| self.adjective(index))
            .or_else(|| self.comparison(index))
            .or_else(|| self.naming(index))
            .or_else(|| self.party(index))
            .or_else(|| self.place(index))
            .or_else(|| self.field(index));
        if let Some(used) = used {
            return used.max(1);
        }
        if !silent(self.words.low(index)) {
            let word = &self.words.list[index];
            self.query.ignored.push(word.text.clone());
        }
        1
    }

    fn add(&mut self, property: &str, comparison: Comparison, value: Literal) {
        let condition = Condition { property: property.to_owned(), comparison, value };
        if !self.query.conditions.contains(&condition) {
            self.query.conditions.push(condition);
        }
    }

    fn has(&self, property: &str) -> bool {
        self.noun.facts.has(property)
    }

    /// The first of these properties that the set has.
    fn first_of(&self, names: &[&'static str]) -> Option<&'static str> {
        names.iter().copied().find(|name| self.has(name))
    }

    fn date_property(&self) -> Option<&'static str> {
        match self.pending {
            Some(property) if matches!(property.kind, Kind::Date | Kind::DateTime) => Some(&property.name),
            _ => self.first_of(&["postingDate", "orderDate", "invoiceDate", "documentDate"]),
        }
    }

    /// "posted this month", "due before 1 December", "since 1 May".
    fn period(&mut self, index: usize) -> Option<usize> {
        let comparison = match self.words.low(index) {
            "before" => Some(Comparison::Less),
            "after" => Some(Comparison::Greater),
            "since" => Some(Comparison::GreaterOrEqual),
            "until" | "till" | "by" => Some(Comparison::LessOrEqual),
            "on" => Some(Comparison::Equal),
            _ => None,
        };
        if let Some(comparison) = comparison
            && let Some((date, used)) = date_at(self.words, index + 1, self.today)
        {
            let property = self.date_property()?;
            self.add(property, comparison, Literal::Date(date));
            return Some(used + 1);
        }
        if self.words.is(index, &["between", "from"])
            && let Some((first, used)) = date_at(self.words, index + 1, self.today)
            && self.words.is(index + 1 + used, &["and", "to", "until"])
            && let Some((last, more)) = date_at(self.words, index + 2 + used, self.today)
        {
            let property = self.date_property()?;
            self.range(property, Period { first, last });
            return Some(used + more + 2);
        }
        let (period, used) = period_at(self.words, index, self.today)?;
        let property = self.date_property()?;
        self.range(property, period);
        Some(used)
    }

    fn range(&mut self, property: &str, period: Period) {
        if period.first == period.last {
            return self.add(property, Comparison::Equal, Literal::Date(period.first));
        }
        self.add(property, Comparison::GreaterOrEqual, Literal::Date(period.first));
        self.add(property, Comparison::LessOrEqual, Literal::Date(period.last));
    }

    /// Where a free value ends: at punctuation, or where another condition begins.
    fn value_end(&self, from: usize) -> usize {
        let words = self.words;
        let mut end = from;
        while end < words.len() {
            let stops = words.is(
                end,
                &[
                    ",", ".", "?", "!", ";", "with", "that", "which", "whose", "who", "sorted", "ordered", "by", "due", "posted", "over", "above", "below",
                    "under", "more", "less", "per", "in", "from", "for", "since", "before", "after", "between", "this", "last", "where", "have", "has", "on",
                ],
            ) || end > from && words.is(end, &["and", "by", "of"]) && !words.capital(end + 1)
                || end > from && words.is(end, &["and"]) && (self.fields.at(words, end + 1).is_some())
                || end >= self.noun.from && end < self.noun.to;
            if stops && end >= from {
                break;
            }
            end += 1;
        }
        end
    }
}
