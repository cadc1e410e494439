#![allow(clippy::unwrap_used)]
use super::*;

fn judged(amount: &str, others: &[&str]) -> Option<Found> {
    let others: Vec<Decimal> = others.iter().map(|text| text.parse().unwrap()).collect();
    out_of_range(amount.parse().unwrap(), &others)
}

#[test]
fn an_amount_is_unusual_above_and_below_what_there_was() {
    let year = ["900", "1000", "1100.50", "950", "2000", "1500"];
    assert_eq!(judged("2500", &year), Some(Found::Above("2000".parse().unwrap())));
    assert_eq!(judged("89", &year), Some(Found::Below("900".parse().unwrap())));
    for inside in ["900", "1200", "2000", "2019.99", "891.01"] {
        assert_eq!(judged(inside, &year), None, "{inside}");
    }
    assert!(judged("1000.00", &["1000"; 12]).is_none());
    assert!(judged("10000", &["1000"; 12]).is_some() && judged("100", &["1000"; 12]).is_some());
}

#[test]
fn few_amounts_say_nothing_of_what_is_usual() {
    assert_eq!(judged("1000000", &["1", "2", "3", "4"]), None);
    assert!(judged("1000000", &["1", "2", "3", "4", "5"]).is_some());
    assert_eq!(judged("5", &[]), None);
}

#[test]
fn amounts_below_zero_and_beyond_all_bounds_are_judged_too() {
    let memos = ["-5", "-10", "-7", "-8", "-6"];
    assert_eq!(judged("-20", &memos), Some(Found::Below("-10".parse().unwrap())));
    assert_eq!(judged("-4", &memos), Some(Found::Above("-5".parse().unwrap())));
    let most = Decimal::MAX.to_string();
    assert_eq!(judged(&most, &[most.as_str(); 5]), None);
}
