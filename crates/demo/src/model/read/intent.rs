//! What a person wants, as far as the demo model understands it. Pure data.

use jiff::civil::Date;

use crate::model::facts::{Facts, Property};

/// One message, understood.
#[derive(Debug, Clone)]
pub(crate) enum Intent {
    Greeting,
    Thanks,
    Help,
    /// A list, a count, a sum.
    Query(Query),
    /// One record, whole or some of its fields.
    Show(Show),
    Create(Create),
    Update(Update),
    Delete(Delete),
    /// A quote, order or invoice with lines.
    Document(Document),
    /// A bound action on documents.
    Act(Act),
    /// A customer, a contact and perhaps a first quote.
    Onboard(Onboard),
    /// What is open at the end of a month; reads only.
    MonthEnd,
    /// What Business Central has: the fields of a set, or the set for some words.
    Schema(Schema),
    /// The person asks for what was asked before, once more.
    Again,
    Unknown,
}

/// How a record is named.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Target {
    /// A number, a code or a name.
    Term(String),
    /// "it", "that customer": what the conversation was last about.
    Last,
    /// "the second one": a row of the last list, from 1; 0 is the last row.
    Row(usize),
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Contains,
    StartsWith,
}

/// A literal of a filter.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Literal {
    Text(String),
    Number(String),
    Date(Date),
    Bool(bool),
}

/// One condition of a query; all must hold.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Condition {
    pub(crate) property: String,
    pub(crate) comparison: Comparison,
    pub(crate) value: Literal,
}

/// A property and the words that the person gave for its value.
#[derive(Debug, Clone)]
pub(crate) struct Given {
    pub(crate) property: &'static Property,
    pub(crate) words: String,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Shape {
    List,
    Count,
    Aggregate { operation: &'static str, property: String, by: Vec<String> },
}

#[derive(Debug, Clone)]
pub(crate) struct Query {
    pub(crate) facts: &'static Facts,
    pub(crate) shape: Shape,
    pub(crate) conditions: Vec<Condition>,
    /// A town or a country: "in Bergen".
    pub(crate) place: Option<String>,
    /// The customer or vendor of documents.
    pub(crate) party: Option<Target>,
    /// Conditions whose value must be looked up: "with payment terms 14 days".
    pub(crate) given: Vec<Given>,
    /// Property and whether the largest come first.
    pub(crate) order: Option<(String, Direction)>,
    pub(crate) top: Option<u32>,
    /// Words that were not understood; the answer says so.
    pub(crate) ignored: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Direction {
    Ascending,
    Descending,
}

#[derive(Debug, Clone)]
pub(crate) struct Show {
    /// The sets in which the record may be, most likely first.
    pub(crate) sets: Vec<&'static Facts>,
    pub(crate) target: Target,
    /// The properties asked for; empty for all that matter.
    pub(crate) wanted: Vec<String>,
}

#[derive(Debug, Clone)]
pub(crate) struct Create {
    pub(crate) facts: &'static Facts,
    /// One list of values for each record.
    pub(crate) records: Vec<Vec<Given>>,
    pub(crate) decided: Decided,
}

/// How several writes are put to the person.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Decided {
    /// All in one turn, which is one question by itself.
    InOneTurn,
    /// One in each turn, gathered under one title: "as one change set".
    AsOneSet,
}

#[derive(Debug, Clone)]
pub(crate) struct Update {
    pub(crate) sets: Vec<&'static Facts>,
    pub(crate) targets: Vec<Target>,
    pub(crate) values: Vec<Given>,
}

#[derive(Debug, Clone)]
pub(crate) struct Delete {
    pub(crate) sets: Vec<&'static Facts>,
    pub(crate) targets: Vec<Target>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Line {
    pub(crate) quantity: String,
    pub(crate) item: Target,
    pub(crate) price: Option<String>,
}

#[derive(Debug, Clone)]
pub(crate) struct Document {
    pub(crate) facts: &'static Facts,
    /// The customer or vendor, where one was named.
    pub(crate) party: Option<Target>,
    pub(crate) lines: Vec<Line>,
    pub(crate) header: Vec<Given>,
}

#[derive(Debug, Clone)]
pub(crate) struct Act {
    pub(crate) facts: &'static Facts,
    pub(crate) action: &'static str,
    pub(crate) targets: Vec<Target>,
}

#[derive(Debug, Clone)]
pub(crate) struct Onboard {
    pub(crate) customer: Vec<Given>,
    pub(crate) contact: Vec<Given>,
    pub(crate) lines: Vec<Line>,
}

#[derive(Debug, Clone)]
pub(crate) enum Schema {
    Of(&'static Facts),
    Search(String),
}
