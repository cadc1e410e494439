#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use proptest::prelude::*;
use rust_decimal::Decimal;

use super::{Level, average};

fn level(valued: i64, value: i64) -> Level {
    Level { quantity: valued.into(), valued: valued.into(), value: Decimal::new(value, 2) }
}

#[test]
fn what_leaves_costs_the_average_and_the_last_takes_the_rest() {
    let cost = |level: &Level, quantity: i64| average(level, quantity.into(), Decimal::from(7)).unwrap();
    assert_eq!(cost(&level(3, 1000), -1), Decimal::new(-333, 2));
    assert_eq!(cost(&level(3, 1000), -3), Decimal::new(-1000, 2));
    assert_eq!(cost(&level(3, 1000), -5), Decimal::new(-2400, 2), "two more at their unit cost");
    assert_eq!(cost(&level(0, 0), -2), Decimal::from(-14));
    assert_eq!(cost(&level(4, 1000), 2), Decimal::from(5), "what comes back, too");
}

proptest! {
    #[test]
    fn an_emptied_stock_is_worth_nothing(valued in 1i64..1000, value in 0i64..10_000_000, parts in proptest::collection::vec(1i64..50, 1..30)) {
        let mut now = level(valued, value);
        for part in parts {
            let part = Decimal::from(part).min(now.valued);
            if part.is_zero() { break; }
            let cost = average(&now, -part, Decimal::ONE).unwrap();
            now.valued -= part;
            now.value += cost;
            prop_assert!(now.value >= Decimal::ZERO);
        }
        let cost = average(&now, -now.valued, Decimal::ONE).unwrap();
        prop_assert_eq!(now.value + cost, Decimal::ZERO);
    }
}
