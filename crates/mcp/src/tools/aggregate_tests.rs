#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use bca_catalogue::Catalogue;

use super::*;

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

#[test]
fn a_total_that_would_have_to_be_rounded_is_none() {
    let mut figure = Figure::default();
    figure.add(verify::decimal("7922816251426433759354395033.5")).unwrap();
    assert_eq!(figure.add(verify::decimal("0.01")), None);
}

#[test]
fn days_overdue_fall_into_spans() {
    let today: Date = "2026-03-31".parse().unwrap();
    let by = GroupBy::Overdue { property: "dueDate".into(), edges: EDGES.to_vec(), today };
    for (due, expected) in [
        ("2026-04-30", "not due"),
        ("2026-03-31", "not due"),
        ("2026-03-30", "1-30 days"),
        ("2026-03-01", "1-30 days"),
        ("2026-02-28", "31-60 days"),
        ("2025-12-31", "61-90 days"),
        ("2025-12-30", "over 90 days"),
        ("0001-01-01", "no date"),
        ("", "no date"),
    ] {
        let row = object([("dueDate", text(due))]);
        assert_eq!(by.of(&row).1, text(expected), "{due}");
    }
    assert_eq!(span_name(&[10, 20], 0), "up to 10 days");
}

#[test]
fn dates_are_grouped_by_month_quarter_and_year() {
    let row = object([("postingDate", text("2026-11-21"))]);
    for (span, expected) in [(Span::Month, "2026-11"), (Span::Quarter, "2026-Q4"), (Span::Year, "2026")] {
        assert_eq!(GroupBy::Span("postingDate".into(), span).of(&row).1, text(expected));
    }
}

#[test]
fn two_properties_are_compared_by_their_values() {
    let items = Catalogue::embedded().find("items").unwrap();
    let below = Comparing::parse(items, "inventory lt unitPrice").unwrap();
    let row = |inventory: &str, price: &str| object([("inventory", number(inventory)), ("unitPrice", number(price))]);
    assert!(below.holds(&row("9", "10")) && !below.holds(&row("10", "10.00")) && !below.holds(&row("100", "20")));
    assert!(!below.holds(&object([("inventory", number(1))])), "a row without one of them is none");
    for bad in ["inventory", "inventory lt", "inventory < unitPrice", "inventory lt displayName", "inventory lt nothing", "nothing lt inventory"] {
        assert!(Comparing::parse(items, bad).is_err(), "{bad}");
    }
}
