//! The arithmetic of a line and of a document, all in exact decimals.

use rust_decimal::{Decimal, RoundingStrategy};

use crate::data::value::cents;

const HUNDRED: Decimal = Decimal::ONE_HUNDRED;
/// No line is worth more than this, in any currency: sums of lines then stay far inside the range of a stored decimal.
const LARGEST: Decimal = Decimal::from_parts(0xd4a5_1000, 0xe8, 0, false, 0); // 1,000,000,000,000

/// What a line is computed from.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct LineInput {
    pub quantity: Decimal,
    pub price: Decimal,
    pub discount_percent: Decimal,
    pub discount_amount: Decimal,
    /// The discount was given as an amount; else the percentage leads.
    pub discount: Discount,
    pub tax_percent: Decimal,
    pub prices: Prices,
}

/// Which of a line's two discount fields leads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Discount {
    #[default]
    ByPercent,
    ByAmount,
}

/// What a price means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Prices {
    #[default]
    BeforeTax,
    WithTax,
}

/// What follows for the line before the document's own discount.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct LineAmounts {
    pub discount_percent: Decimal,
    pub discount_amount: Decimal,
    pub excluding_tax: Decimal,
    pub tax: Decimal,
    pub including_tax: Decimal,
}

/// What a quantity costs, in whole cents; `None` beyond the largest amount.
pub(crate) fn cost(quantity: Decimal, unit_cost: Decimal) -> Option<Decimal> {
    quantity.checked_mul(unit_cost).map(cents).filter(|cost| cost.abs() <= LARGEST)
}

/// Tax on an amount, in whole cents.
pub(crate) fn tax_on(amount: Decimal, percent: Decimal) -> Decimal {
    cents(amount * percent / HUNDRED)
}

/// A line's amounts; `None` when they leave the range of a decimal.
pub(crate) fn line(input: &LineInput) -> Option<LineAmounts> {
    let gross = cents(input.quantity.checked_mul(input.price)?);
    if gross.abs() > LARGEST || input.discount_amount.abs() > LARGEST {
        return None;
    }
    let (discount_percent, discount_amount) = match input.discount {
        Discount::ByPercent => (input.discount_percent, cents(gross.checked_mul(input.discount_percent)? / HUNDRED)),
        Discount::ByAmount if gross.is_zero() => (Decimal::ZERO, Decimal::ZERO),
        Discount::ByAmount => {
            let percent = input.discount_amount.checked_mul(HUNDRED)?.checked_div(gross)?;
            (percent.round_dp_with_strategy(5, RoundingStrategy::MidpointAwayFromZero), cents(input.discount_amount))
        }
    };
    let net = gross.checked_sub(discount_amount)?;
    let (excluding_tax, including_tax) = match input.prices {
        Prices::BeforeTax => (net, net.checked_add(tax_on(net, input.tax_percent))?),
        Prices::WithTax => (cents(net.checked_mul(HUNDRED)?.checked_div(HUNDRED + input.tax_percent)?), net),
    };
    Some(LineAmounts { discount_percent, discount_amount, excluding_tax, tax: including_tax - excluding_tax, including_tax })
}

/// Spreads a document's discount over its lines by their amounts, to the cent: the last line that has an amount takes the rest.
pub(crate) fn spread(discount: Decimal, amounts: &[Decimal]) -> Vec<Decimal> {
    let total: Decimal = amounts.iter().copied().filter(|amount| amount.is_sign_positive()).sum();
    let mut shares = vec![Decimal::ZERO; amounts.len()];
    if total.is_zero() || discount.is_zero() {
        return shares;
    }
    let discount = discount.min(total);
    let mut left = discount;
    let last = amounts.iter().rposition(|amount| amount.is_sign_positive() && !amount.is_zero());
    for (index, amount) in amounts.iter().enumerate() {
        if amount.is_sign_negative() || amount.is_zero() {
            continue;
        }
        let share = if Some(index) == last { left } else { cents(discount * *amount / total).min(left) };
        if let Some(slot) = shares.get_mut(index) {
            *slot = share;
        }
        left -= share;
    }
    shares
}

#[cfg(test)]
#[path = "amounts_tests.rs"]
mod tests;
