#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
//! Any text at all: a filter becomes SQL that SQLite takes, or is refused with a code that the service has for it.

use proptest::prelude::*;
use rusqlite::Connection;

use super::{Schema, parse};
use crate::data::database;
use crate::data::facts::Facts;
use crate::odata::filter_sql::compile;
use crate::options::Extension;

/// Valid filters to begin with.
const SEEDS: [&str; 14] = [
    "number eq '10000' or number eq 'O''Hara'",
    "contains(displayName,'x') and creditLimit ge 12.50",
    "startswith(tolower(city),'os') and (blocked eq '_x0020_' or blocked eq 'All')",
    "lastModifiedDateTime gt 2026-01-01T00:00:00.000Z and taxLiable eq true",
    "id eq 00000000-0000-0000-0000-000000000000",
    "number in ('1','2','3')",
    "substring(displayName, 1, 3) eq 'abc'",
    "salesOrders/any(d: d/number eq 'x') and number ne null",
    "((((number gt 'a'))))",
    "-1e5 lt creditLimit",
    "endswith(displayName,'') eq true and taxLiable",
    "not (number eq '1')",
    "year(lastModifiedDateTime) eq 2026 or balanceDue add 1 gt 2",
    "blocked eq Microsoft.NAV.customerBlocked'All'",
];

/// What the mutations put in.
const PIECES: [&str; 34] = [
    "(",
    ")",
    "'",
    "''",
    ",",
    " ",
    "\t",
    "\u{0}",
    "\u{7f}",
    "\u{202e}",
    "\u{1f600}",
    "ø",
    "-",
    ".",
    "/",
    ":",
    "$",
    "@",
    "e",
    "E9",
    "99999999999999999999999999999999",
    "null",
    " and ",
    " or ",
    " eq ",
    " in ",
    "any(",
    "tolower(",
    "substring(",
    "1",
    "true",
    "number",
    "2026-13-45",
    "%27",
];

#[derive(Clone, Debug)]
enum Change {
    Insert(usize, &'static str),
    Remove(usize, usize),
    Repeat(usize, usize, usize),
    Join(&'static str),
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        (any::<usize>(), proptest::sample::select(&PIECES[..])).prop_map(|(at, piece)| Change::Insert(at, piece)),
        (any::<usize>(), 1usize..6).prop_map(|(at, length)| Change::Remove(at, length)),
        (any::<usize>(), 1usize..8, 2usize..60).prop_map(|(at, length, times)| Change::Repeat(at, length, times)),
        proptest::sample::select(&SEEDS[..]).prop_map(Change::Join),
    ]
}

fn mutate(seed: &str, changes: &[Change]) -> String {
    let mut text: Vec<char> = seed.chars().collect();
    for change in changes {
        let length = text.len();
        match change {
            Change::Insert(at, piece) => {
                let at = at % (length + 1);
                text.splice(at..at, piece.chars());
            }
            Change::Remove(at, count) if length > 0 => {
                let at = at % length;
                text.drain(at..(at + count).min(length));
            }
            Change::Repeat(at, count, times) if length > 0 => {
                let at = at % length;
                let part: String = text[at..(at + count).min(length)].iter().collect();
                text.splice(at..at, part.repeat(*times).chars());
            }
            Change::Join(other) => text.extend([" and ", other].concat().chars()),
            Change::Remove(..) | Change::Repeat(..) => {}
        }
    }
    text.into_iter().collect()
}

/// Parses and, when that gives a filter, has SQLite prepare what it becomes.
fn judge(connection: &Connection, facts: &'static Facts, text: &str, schema: Schema) {
    let set = facts.set("customers").unwrap();
    match parse(text, set, schema) {
        Ok(Some(expr)) => {
            let (mut sql, mut parameters) = (String::from("SELECT count(*) FROM customers WHERE "), Vec::new());
            compile(&expr, &mut sql, &mut parameters);
            let mut statement = connection.prepare(&sql).unwrap_or_else(|error| panic!("{text:?}: {sql}: {error}"));
            assert_eq!(statement.parameter_count(), parameters.len(), "{text:?}");
            statement.query_row(rusqlite::params_from_iter(&parameters), |row| row.get::<_, i64>(0)).unwrap_or_else(|error| panic!("{text:?}: {error}"));
        }
        Ok(None) => {}
        Err(refused) => {
            let right = matches!(
                (refused.status, refused.code),
                (400, "BadRequest" | "BadRequest_InvalidRequestUrl" | "Application_FilterErrorException" | "Unknown")
                    | (501, "BadRequest_MethodNotImplemented")
            );
            assert!(right, "{text:?}: {} {}", refused.status, refused.code);
        }
    }
}

fn customers(facts: &'static Facts) -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    connection
        .create_scalar_function("fold", 1, rusqlite::functions::FunctionFlags::SQLITE_UTF8, |context| Ok(context.get::<String>(0)?.to_lowercase()))
        .unwrap();
    connection.create_scalar_function("work_date", 0, rusqlite::functions::FunctionFlags::SQLITE_UTF8, |_| Ok("2026-06-15")).unwrap();
    connection.execute_batch(&database::table_statements(facts)).unwrap();
    connection
}

#[test]
fn twenty_thousand_mutations_of_filters_are_sql_or_refused() {
    let facts = Facts::load(Extension::None).unwrap();
    let connection = customers(facts);
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let strategy = (proptest::sample::select(&SEEDS[..]), proptest::collection::vec(change(), 1..6));
    for _ in 0..20_000 {
        let (seed, changes) = proptest::strategy::ValueTree::current(&strategy.new_tree(&mut runner).unwrap());
        let text = mutate(seed, &changes);
        judge(&connection, facts, &text, Schema::V20);
        judge(&connection, facts, &text, Schema::V21);
    }
}

#[test]
fn any_text_is_sql_or_refused() {
    let facts = Facts::load(Extension::None).unwrap();
    let connection = customers(facts);
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let strategy = prop_oneof![any::<String>(), "[ -~]{0,60}", "[a-z'(), ]{0,40}"];
    for _ in 0..5_000 {
        let text = proptest::strategy::ValueTree::current(&strategy.new_tree(&mut runner).unwrap());
        judge(&connection, facts, &text, Schema::V21);
    }
}
