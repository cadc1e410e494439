#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use jiff::civil::date;

use super::{Period, grouped};

#[test]
fn amounts_are_grouped_by_thousands() {
    for (amount, shown) in
        [("0", "0.00"), ("7", "7.00"), ("999.5", "999.50"), ("1000", "1,000.00"), ("72893.84", "72,893.84"), ("-1234567.891", "-1,234,567.89")]
    {
        assert_eq!(grouped(amount.parse().unwrap()), shown);
    }
}

#[test]
fn a_period_shows_its_last_day() {
    let today = date(2026, 6, 15);
    assert_eq!(Period::default().shown(today), today);
    assert_eq!(Period { from: Some(date(2026, 7, 1)), to: None }.shown(today), date(2026, 7, 1));
    assert_eq!(Period { from: Some(date(2026, 1, 1)), to: None }.shown(today), today);
    assert_eq!(Period { from: None, to: Some(date(2026, 1, 31)) }.shown(today), date(2026, 1, 31));
}
