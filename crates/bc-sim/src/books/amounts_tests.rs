#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use proptest::prelude::*;
use rust_decimal::Decimal;

use super::{Discount, LARGEST, LineInput, Prices, line, spread};

fn dec(text: &str) -> Decimal {
    text.parse().unwrap()
}

#[test]
fn the_bound_is_a_million_million() {
    assert_eq!(LARGEST, dec("1000000000000"));
}

#[test]
fn a_line_with_a_discount_and_tax() {
    let input = LineInput { quantity: dec("3"), price: dec("749"), discount_percent: dec("10"), tax_percent: dec("15"), ..LineInput::default() };
    let amounts = line(&input).unwrap();
    assert_eq!((amounts.discount_amount, amounts.excluding_tax, amounts.tax), (dec("224.70"), dec("2022.30"), dec("303.35")));
}

#[test]
fn a_price_with_tax_inside_gives_the_same_total() {
    let input = LineInput { quantity: dec("2"), price: dec("125"), tax_percent: dec("25"), prices: Prices::WithTax, ..LineInput::default() };
    let amounts = line(&input).unwrap();
    assert_eq!((amounts.excluding_tax, amounts.tax, amounts.including_tax), (dec("200"), dec("50"), dec("250")));
}

#[test]
fn an_amount_of_discount_leads_to_its_percentage() {
    let input = LineInput { quantity: dec("1"), price: dec("300"), discount_amount: dec("100"), discount: Discount::ByAmount, ..LineInput::default() };
    assert_eq!(line(&input).unwrap().discount_percent, dec("33.33333"));
}

#[test]
fn amounts_beyond_the_range_are_refused() {
    let input = LineInput { quantity: dec("90000000000000"), price: dec("90000000000000"), ..LineInput::default() };
    assert_eq!(line(&input), None);
}

fn money() -> impl Strategy<Value = Decimal> {
    (-100_000i64..10_000_000).prop_map(|cents| Decimal::new(cents, 2))
}

proptest! {
    #[test]
    fn a_spread_discount_adds_up_to_the_cent(discount in 0i64..5_000_000, amounts in proptest::collection::vec(money(), 1..20)) {
        let discount = Decimal::new(discount, 2);
        let shares = spread(discount, &amounts);
        let positive: Decimal = amounts.iter().copied().filter(Decimal::is_sign_positive).sum();
        prop_assert_eq!(shares.iter().copied().sum::<Decimal>(), discount.min(positive));
        for (share, amount) in shares.iter().zip(&amounts) {
            prop_assert!(*share >= Decimal::ZERO && (*share <= *amount + Decimal::new(50, 2) || share.is_zero()), "{} of {}", share, amount);
        }
    }
}
