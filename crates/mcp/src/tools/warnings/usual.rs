//! Whether an amount is out of the range of what was usual.

use rust_decimal::Decimal;

/// Fewer amounts than these say nothing of what is usual: the next of so few that are alike lies outside their range in one of three cases.
const ENOUGH: usize = 5;

/// On which side of the range an amount lies, with the nearest amount in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    Above(Decimal),
    Below(Decimal),
}

/// Whether the amount lies outside the range of the others. A range needs no distribution: of `n` amounts that are alike, the next one lies above
/// all with a chance of `1/(n+1)`, below all with the same. Amounts within a hundredth of the nearest count as inside: rounding and prices
/// that moved a little are not unusual.
pub(super) fn out_of_range(amount: Decimal, others: &[Decimal]) -> Option<Found> {
    if others.len() < ENOUGH {
        return None;
    }
    let (least, most) = (*others.iter().min()?, *others.iter().max()?);
    let slack = |bound: Decimal| bound.abs().checked_div(Decimal::ONE_HUNDRED).unwrap_or_default();
    if amount > most.saturating_add(slack(most)) {
        return Some(Found::Above(most));
    }
    (amount < least.saturating_sub(slack(least))).then_some(Found::Below(least))
}

#[cfg(test)]
#[path = "usual_tests.rs"]
mod tests;
