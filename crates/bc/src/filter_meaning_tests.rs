//! What a filter means before it is read, and after it was checked and split, held against each other over random rows.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use std::str::FromStr;

use bca_catalogue::{Catalogue, decode_member};
use proptest::prelude::*;
use rust_decimal::Decimal;

use crate::filter::{Case, Comparison, Filter, Literal, TextTest, Truth, branches};

/// A customer, as far as the filters here look.
#[derive(Debug, Clone)]
struct Row {
    name: String,
    city: String,
    balance: Decimal,
    liable: bool,
    blocked: &'static str,
    changed: &'static str,
}

/// A condition as a person means it.
#[derive(Debug, Clone)]
enum Meant {
    Name(&'static str, String),
    City(&'static str, String),
    Lower(String),
    Contains(&'static str, String),
    Balance(&'static str, Decimal),
    Among(Vec<Decimal>),
    Liable(bool),
    Blocked(bool, &'static str),
    Changed(&'static str, &'static str),
    All(Vec<Meant>),
    Any(Vec<Meant>),
    Not(Box<Meant>),
}

const BLOCKED: [&str; 4] = [" ", "Ship", "Invoice", "All"];
const TIMES: [&str; 3] = ["2025-12-31T23:59:59Z", "2026-01-01T00:00:00Z", "2026-06-30T12:00:00.5Z"];
const NAMES: [&str; 9] = ["", "O'Brien", "Søn & Co", "a''b", "and", "(x)", "Ærø, 1; #+%", "日本 '", "null"];

fn compare<T: PartialOrd>(a: &T, word: &str, b: &T) -> bool {
    match word {
        "eq" => a == b,
        "ne" => a != b,
        "gt" => a > b,
        "ge" => a >= b,
        "lt" => a < b,
        "le" => a <= b,
        other => panic!("{other}"),
    }
}

impl Meant {
    fn holds(&self, row: &Row) -> bool {
        match self {
            Self::Name(word, text) => compare(&row.name, word, text),
            Self::City(word, text) => compare(&row.city, word, text),
            Self::Lower(text) => row.city.to_lowercase() == text.to_lowercase(),
            Self::Contains(word, text) => match *word {
                "contains" => row.name.contains(text.as_str()),
                "startswith" => row.name.starts_with(text.as_str()),
                _ => row.name.ends_with(text.as_str()),
            },
            Self::Balance(word, amount) => compare(&row.balance, word, amount),
            Self::Among(amounts) => amounts.contains(&row.balance),
            Self::Liable(wanted) => row.liable == *wanted,
            Self::Blocked(equal, member) => (row.blocked == *member) == *equal,
            Self::Changed(word, at) => compare(&time(row.changed), word, &time(at)),
            Self::All(parts) => parts.iter().all(|part| part.holds(row)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(row)),
            Self::Not(part) => !part.holds(row),
        }
    }

    /// Parts of a text have no opposite.
    fn has_opposite(&self) -> bool {
        match self {
            Self::Contains(..) => false,
            Self::All(parts) | Self::Any(parts) => parts.iter().all(Self::has_opposite),
            Self::Not(part) => part.has_opposite(),
            Self::Name(..) | Self::City(..) | Self::Lower(_) | Self::Balance(..) | Self::Among(_) | Self::Liable(_) | Self::Blocked(..) | Self::Changed(..) => {
                true
            }
        }
    }

    /// As somebody would write it; `and` binds tighter than `or`, so only an `or` in an `and` needs its parentheses.
    fn written(&self) -> String {
        let quoted = |text: &str| format!("'{}'", text.replace('\'', "''"));
        match self {
            Self::Name(word, text) => format!("displayName {word} {}", quoted(text)),
            Self::City(word, text) if text.is_empty() => format!("city {word} null"),
            Self::City(word, text) => format!("( city {word}  {} )", quoted(text)),
            Self::Lower(text) => format!("tolower(city) eq {}", quoted(&text.to_lowercase())),
            Self::Contains(word, text) => format!("{word}( displayName , {} )", quoted(text)),
            Self::Balance(word, amount) => format!("balanceDue {word} {amount}"),
            Self::Among(amounts) => format!("balanceDue in ({})", amounts.iter().map(ToString::to_string).collect::<Vec<_>>().join(" , ")),
            Self::Liable(wanted) => format!("taxLiable eq {wanted}"),
            Self::Blocked(equal, member) => format!("blocked {} {}", if *equal { "eq" } else { "ne" }, quoted(member)),
            Self::Changed(word, at) => format!("lastModifiedDateTime {word} {at}"),
            Self::All(parts) => {
                let inner = |part: &Meant| if matches!(part, Self::Any(_)) { format!("({})", part.written()) } else { part.written() };
                parts.iter().map(inner).collect::<Vec<_>>().join(" and ")
            }
            Self::Any(parts) => parts.iter().map(Self::written).collect::<Vec<_>>().join(" or "),
            Self::Not(part) => format!("not ({})", part.written()),
        }
    }
}

fn time(text: &str) -> jiff::Timestamp {
    text.parse().unwrap()
}

/// What the compiled filter says of a row, by its own parts.
fn says(filter: &Filter, row: &Row) -> bool {
    match filter {
        Filter::And(parts) => parts.iter().all(|part| says(part, row)),
        Filter::Or(parts) => parts.iter().any(|part| says(part, row)),
        Filter::In { subject, values } => {
            values.iter().any(|value| says(&Filter::Compare { subject: subject.clone(), operator: Comparison::Equal, value: value.clone() }, row))
        }
        Filter::Text { test, part, .. } => match test {
            TextTest::Contains => row.name.contains(part),
            TextTest::StartsWith => row.name.starts_with(part),
            TextTest::EndsWith => row.name.ends_with(part),
        },
        Filter::Compare { subject, operator, value } => {
            let word = filter.to_string().split(' ').find(|word| ["eq", "ne", "gt", "ge", "lt", "le"].contains(word)).unwrap().to_owned();
            assert_eq!(word == "eq", *operator == Comparison::Equal);
            match (subject.property.as_str(), value) {
                ("displayName", Literal::Text(text)) => compare(&row.name, &word, text),
                ("city", Literal::Text(text)) if subject.case == Case::Lower => compare(&row.city.to_lowercase(), &word, text),
                ("city", Literal::Text(text)) => compare(&row.city, &word, text),
                ("balanceDue", Literal::Number(number)) => compare(&row.balance, &word, &Decimal::from_str(number).unwrap()),
                ("taxLiable", Literal::Boolean(truth)) => compare(&row.liable, &word, &(*truth == Truth::True)),
                ("blocked", Literal::Text(member)) => compare(&row.blocked.to_owned(), &word, &decode_member(member)),
                ("lastModifiedDateTime", Literal::DateTime(at)) => compare(&time(row.changed), &word, &time(at)),
                other => panic!("{other:?}"),
            }
        }
    }
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![prop::sample::select(NAMES.to_vec()).prop_map(str::to_owned), "[a-c' ]{0,3}"]
}

fn amount() -> impl Strategy<Value = Decimal> {
    prop::sample::select(vec!["0", "-0.01", "0.1", "10", "10.00", "12345678901234567890.12", "-5"]).prop_map(|text| Decimal::from_str(text).unwrap())
}

fn row() -> impl Strategy<Value = Row> {
    let chosen = (prop::sample::select(BLOCKED.to_vec()), prop::sample::select(TIMES.to_vec()));
    (name(), prop::sample::select(vec!["", "Oslo", "OSLO", "Ærø"]), amount(), any::<bool>(), chosen)
        .prop_map(|(name, city, balance, liable, (blocked, changed))| Row { name, city: city.to_owned(), balance, liable, blocked, changed })
}

fn meant() -> impl Strategy<Value = Meant> {
    let word = || prop::sample::select(vec!["eq", "ne", "gt", "ge", "lt", "le"]);
    let same = || prop::sample::select(vec!["eq", "ne"]);
    let leaf = prop_oneof![
        (word(), name()).prop_map(|(word, text)| Meant::Name(word, text)),
        (same(), prop::sample::select(vec!["", "Oslo", "Ærø"])).prop_map(|(word, text)| Meant::City(word, text.to_owned())),
        prop::sample::select(vec!["Oslo", "ærø"]).prop_map(|text| Meant::Lower(text.to_owned())),
        (prop::sample::select(vec!["contains", "startswith", "endswith"]), "[a-c'&Sø]{1,2}").prop_map(|(word, text)| Meant::Contains(word, text)),
        (word(), amount()).prop_map(|(word, amount)| Meant::Balance(word, amount)),
        prop::collection::vec(amount(), 1..3).prop_map(Meant::Among),
        any::<bool>().prop_map(Meant::Liable),
        (any::<bool>(), prop::sample::select(BLOCKED.to_vec())).prop_map(|(equal, member)| Meant::Blocked(equal, member)),
        (word(), prop::sample::select(TIMES.to_vec())).prop_map(|(word, at)| Meant::Changed(word, at)),
    ];
    leaf.prop_recursive(3, 10, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4).prop_map(Meant::All),
            prop::collection::vec(inner.clone(), 2..4).prop_map(Meant::Any),
            inner.prop_map(|part| if part.has_opposite() { Meant::Not(Box::new(part)) } else { part }),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn what_is_asked_is_what_was_meant(meant in meant(), rows in prop::collection::vec(row(), 1..20)) {
        let customers = Catalogue::embedded().find("customers").unwrap();
        let filter = Filter::parse(&meant.written()).and_then(|filter| filter.checked(customers));
        let filter = match filter {
            Ok(filter) => filter,
            Err(error) => return Err(TestCaseError::fail(format!("{}: {error}", meant.written()))),
        };
        for row in &rows {
            prop_assert_eq!(says(&filter, row), meant.holds(row), "{} of {:?}", meant.written(), row);
        }
        // What goes over the wire is the text, and it means the same.
        let sent = Filter::parse(&filter.to_string()).and_then(|filter| filter.checked(customers)).unwrap();
        prop_assert_eq!(&sent, &filter);
        if let Ok(reads) = branches(&filter) {
            for row in &rows {
                prop_assert_eq!(reads.iter().any(|read| says(read, row)), meant.holds(row), "{:?} of {:?}", reads, row);
            }
        }
    }
}
