#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
//! Filters, written out as text and run as SQL, against a plain evaluation that shares nothing with either.

use proptest::prelude::*;
use rusqlite::Connection;

use super::{Schema, parse};
use crate::data::facts::{EntitySet, Facts};
use crate::odata::filter_sql::compile;

/// One record of the table under test.
#[derive(Clone, Debug)]
struct Record {
    name: String,
    limit: i64,
    blocked: &'static str,
    liable: bool,
    changed: String,
}

#[derive(Clone, Debug)]
enum Test {
    Name(&'static str, String),
    FoldedName(&'static str, String),
    Part(u32, Option<u32>, String),
    Function(&'static str, String),
    Limit(&'static str, String),
    Blocked(&'static str, &'static str),
    Liable(bool),
    Changed(&'static str, String),
}

#[derive(Clone, Debug)]
enum Tree {
    Leaf(Test),
    And(Box<Tree>, Box<Tree>),
    Or(Box<Tree>, Box<Tree>),
}

fn compare<T: PartialOrd>(left: T, operator: &str, right: T) -> bool {
    match operator {
        "eq" => left == right,
        "ne" => left != right,
        "gt" => left > right,
        "ge" => left >= right,
        "lt" => left < right,
        "le" => left <= right,
        other => panic!("{other}"),
    }
}

fn holds(tree: &Tree, record: &Record) -> bool {
    match tree {
        Tree::And(left, right) => holds(left, record) && holds(right, record),
        Tree::Or(left, right) => holds(left, record) || holds(right, record),
        Tree::Leaf(test) => match test {
            Test::Name(operator, text) => compare(record.name.as_bytes(), operator, text.as_bytes()),
            Test::FoldedName(operator, text) => compare(record.name.to_lowercase(), operator, text.to_lowercase()),
            Test::Part(start, length, text) => {
                let rest: Vec<char> = record.name.chars().skip(*start as usize).collect();
                let cut: String = rest.into_iter().take(length.map_or(usize::MAX, |length| length as usize)).collect();
                cut == *text
            }
            Test::Function("contains", text) => record.name.contains(text.as_str()),
            Test::Function("startswith", text) => record.name.starts_with(text.as_str()),
            Test::Function(_, text) => record.name.ends_with(text.as_str()),
            // Both sides in units of ten to the minus seven: the literals carry up to seven decimals, the field five.
            Test::Limit(operator, text) => {
                let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
                let digits: i128 = format!("{}{fraction:0<7}", whole.trim_start_matches('-')).parse().unwrap();
                compare(i128::from(record.limit) * 100, operator, if whole.starts_with('-') { -digits } else { digits })
            }
            Test::Blocked(operator, member) => compare(record.blocked, operator, member),
            Test::Liable(liable) => record.liable == *liable,
            Test::Changed(operator, time) => compare(record.changed.as_str(), operator, time.as_str()),
        },
    }
}

fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn spell(tree: &Tree) -> String {
    match tree {
        Tree::And(left, right) => format!("({} and {})", spell(left), spell(right)),
        Tree::Or(left, right) => format!("({} or {})", spell(left), spell(right)),
        Tree::Leaf(test) => match test {
            Test::Name(operator, text) => format!("displayName {operator} {}", quote(text)),
            Test::FoldedName(operator, text) => format!("tolower(displayName) {operator} {}", quote(text)),
            Test::Part(start, None, text) => format!("substring(displayName,{start}) eq {}", quote(text)),
            Test::Part(start, Some(length), text) => format!("substring(displayName, {start}, {length}) eq {}", quote(text)),
            Test::Function(name, text) => format!("{name}(displayName,{})", quote(text)),
            Test::Limit(operator, text) => format!("creditLimit {operator} {text}"),
            Test::Blocked(operator, " ") => format!("blocked {operator} '_x0020_'"),
            Test::Blocked(operator, member) => format!("blocked {operator} '{member}'"),
            Test::Liable(liable) => format!("taxLiable eq {liable}"),
            Test::Changed(operator, time) => format!("lastModifiedDateTime {operator} {time}"),
        },
    }
}

const OPERATORS: [&str; 6] = ["eq", "ne", "gt", "ge", "lt", "le"];

fn operator() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(&OPERATORS)
}

fn words() -> impl Strategy<Value = String> {
    "[abAB'øÅ%_* ]{0,4}"
}

fn number() -> impl Strategy<Value = String> {
    prop_oneof![(-3i64..4).prop_map(|whole| whole.to_string()), (-3i64..4, 0u32..10_000_000).prop_map(|(whole, part)| format!("{whole}.{part:07}"))]
}

fn time() -> impl Strategy<Value = String> {
    (0u32..3, 0u32..2).prop_map(|(second, milli)| format!("2026-01-01T10:00:0{second}.{milli:03}Z"))
}

/// A test of the given property: terms of an `or` must speak of one.
fn test_of(property: u8) -> BoxedStrategy<Test> {
    let named = prop_oneof![
        (operator(), words()).prop_map(|(operator, text)| Test::Name(operator, text)),
        (operator(), words()).prop_map(|(operator, text)| Test::FoldedName(operator, text)),
        (0u32..4, proptest::option::of(0u32..3), words()).prop_map(|(start, length, text)| Test::Part(start, length, text)),
        (proptest::sample::select(&["contains", "startswith", "endswith"][..]), words()).prop_map(|(name, text)| Test::Function(name, text)),
    ];
    match property {
        0 => named.boxed(),
        1 => (operator(), number()).prop_map(|(operator, text)| Test::Limit(operator, text)).boxed(),
        2 => (proptest::sample::select(&["eq", "ne"][..]), proptest::sample::select(&[" ", "Ship", "All"][..]))
            .prop_map(|(operator, member)| Test::Blocked(operator, member))
            .boxed(),
        3 => any::<bool>().prop_map(Test::Liable).boxed(),
        _ => (operator(), time()).prop_map(|(operator, time)| Test::Changed(operator, time)).boxed(),
    }
}

fn tree() -> impl Strategy<Value = Tree> {
    let group = (0u8..5).prop_flat_map(|property| {
        test_of(property).prop_map(Tree::Leaf).prop_recursive(3, 8, 2, |inner| {
            (inner.clone(), inner, any::<bool>()).prop_map(|(left, right, both)| {
                let (left, right) = (Box::new(left), Box::new(right));
                if both { Tree::And(left, right) } else { Tree::Or(left, right) }
            })
        })
    });
    group.prop_recursive(3, 12, 2, |inner| (inner.clone(), inner).prop_map(|(left, right)| Tree::And(Box::new(left), Box::new(right))))
}

fn record() -> impl Strategy<Value = Record> {
    (words(), -400_000i64..400_000, proptest::sample::select(&[" ", "Ship", "All"][..]), any::<bool>(), time())
        .prop_map(|(name, limit, blocked, liable, changed)| Record { name, limit, blocked, liable, changed })
}

fn customers() -> &'static EntitySet {
    Facts::load(crate::options::Extension::None).unwrap().set("customers").unwrap()
}

fn matching(filter: &str, records: &[Record]) -> Vec<usize> {
    let connection = Connection::open_in_memory().unwrap();
    connection
        .create_scalar_function("fold", 1, rusqlite::functions::FunctionFlags::SQLITE_DETERMINISTIC, |context| Ok(context.get::<String>(0)?.to_lowercase()))
        .unwrap();
    connection
        .execute_batch("CREATE TABLE t (n INTEGER, displayName TEXT, creditLimit INTEGER, blocked TEXT, taxLiable INTEGER, lastModifiedDateTime TEXT)")
        .unwrap();
    for (index, record) in records.iter().enumerate() {
        let values = rusqlite::params![i64::try_from(index).unwrap(), record.name, record.limit, record.blocked, record.liable, record.changed];
        connection.execute("INSERT INTO t VALUES (?, ?, ?, ?, ?, ?)", values).unwrap();
    }
    let expr = parse(filter, customers(), Schema::V20).unwrap_or_else(|error| panic!("{filter}: {error:?}")).unwrap();
    let (mut sql, mut parameters) = (String::from("SELECT n FROM t WHERE "), Vec::new());
    compile(&expr, &mut sql, &mut parameters);
    let mut statement = connection.prepare(&sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
    let rows = statement.query_map(rusqlite::params_from_iter(&parameters), |row| row.get::<_, i64>(0)).unwrap();
    rows.map(|row| usize::try_from(row.unwrap()).unwrap()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn sql_finds_what_an_independent_reading_finds(tree in tree(), records in proptest::collection::vec(record(), 1..12)) {
        let expected: Vec<usize> = records.iter().enumerate().filter(|(_, record)| holds(&tree, record)).map(|(index, _)| index).collect();
        prop_assert_eq!(matching(&spell(&tree), &records), expected, "{}", spell(&tree));
    }

    #[test]
    fn any_text_is_a_tree_or_a_refusal(text in "[a-z0-9 '(),./:_$\\-ø\u{0}]{0,60}") {
        for schema in [Schema::V20, Schema::V21] {
            if let Err(error) = parse(&text, customers(), schema) {
                prop_assert!(error.status == 400 || error.status == 501, "{:?}", error);
            }
        }
    }

    #[test]
    fn any_jumble_of_words_is_a_tree_or_a_refusal(words in proptest::collection::vec(proptest::sample::select(&[
        "number", "creditLimit", "blocked", "eq", "ne", "gt", "and", "or", "not", "in", "(", ")", ",", "'x'", "'_x0020_'", "5", "-5.5", "true", "null",
        "contains", "startswith", "tolower", "substring", "lines/any", "x", ":", "2026-01-01", "00000000-0000-0000-0000-000000000000", "Microsoft.NAV.z",
    ][..]), 0..14)) {
        for schema in [Schema::V20, Schema::V21] {
            if let Ok(Some(expr)) = parse(&words.join(" "), customers(), schema) {
                compile(&expr, &mut String::new(), &mut Vec::new());
            }
        }
    }
}
