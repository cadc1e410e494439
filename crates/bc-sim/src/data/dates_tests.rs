#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use jiff::civil::date;
use proptest::prelude::*;

use super::apply;

#[test]
fn formulas_of_payment_terms() {
    let start = date(2026, 1, 31);
    for (formula, expected) in [
        ("", date(2026, 1, 31)),
        ("0D", date(2026, 1, 31)),
        ("14D", date(2026, 2, 14)),
        ("<14D>", date(2026, 2, 14)),
        ("2W", date(2026, 2, 14)),
        ("1M", date(2026, 2, 28)),
        ("1Q", date(2026, 4, 30)),
        ("1Y", date(2027, 1, 31)),
        ("CM", date(2026, 1, 31)),
        ("CM+15D", date(2026, 2, 15)),
        ("-CM", date(2026, 1, 1)),
        ("CY", date(2026, 12, 31)),
        ("CQ", date(2026, 3, 31)),
        ("CW", date(2026, 2, 1)),
        ("-5D", date(2026, 1, 26)),
    ] {
        assert_eq!(apply(formula, start), Some(expected), "{formula}");
    }
    for wrong in ["soon", "D", "14", "14X", "+", "99999D", "CM15D", "ø", "14D+", "C"] {
        assert_eq!(apply(wrong, start), None, "{wrong}");
    }
}

proptest! {
    #[test]
    fn any_text_is_a_date_or_nothing(text in ".{0,12}") {
        apply(&text, date(9999, 12, 31));
        apply(&text, date(-9999, 1, 1));
    }
}
