#![allow(clippy::unwrap_used)]
use super::*;

#[test]
fn names_come_as_a_list_or_as_one_text() {
    let names = |text: &str| serde_json::from_str::<Names>(text).unwrap().list();
    assert_eq!(names(r#""number, displayName""#), ["number", "displayName"]);
    assert_eq!(names(r#"["number","displayName,city"]"#), ["number", "displayName", "city"]);
}

#[test]
fn sums_are_exact_and_an_overflow_is_told() {
    let mut figure = Figure::default();
    for value in ["0.1", "0.2", "90071992547409.93"] {
        figure.add(verify::decimal(value)).unwrap();
    }
    assert_eq!(figure.value(Op::Sum).unwrap().to_string(), "90071992547410.23");
    assert_eq!(figure.add(Some(Decimal::MAX)), None);
}

#[test]
fn an_average_over_nothing_is_nothing() {
    assert_eq!(Figure::default().value(Op::Average), None);
    assert_eq!(Figure::default().value(Op::Sum), Some(Decimal::ZERO));
}
