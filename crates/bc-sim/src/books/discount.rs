//! Payment discounts: what a customer or vendor may keep for paying early, by the terms of the invoice.

use jiff::civil::Date;
use rust_decimal::Decimal;

use crate::books::document::{PURCHASE_INVOICE, SALES_INVOICE, Side};
use crate::books::ledger::{Journal, account, stored};
use crate::books::open_items::{Entry, move_balance, settle};
use crate::data::dates;
use crate::data::session::Session;
use crate::data::value::cents;
use crate::error::Answer;

/// Writes off the discount of an invoice where the payment came in time and leaves open no more than that; whether it did. A payment of
/// more, up to the whole amount and beyond, keeps the discount too: what is then not needed stays open on the payment.
/// The discount is of the whole amount, tax included, and the date counts from the document's (docs/business-central.md, section 12).
pub(crate) fn take(session: &Session, side: Side, owed: &Entry, given: &Entry, date: Date, document: &str) -> Answer<bool> {
    let missing = owed.remaining + given.remaining;
    let (kind, description) = described(session, given)?;
    // Credit memos bring no discount.
    if kind != "Payment" {
        return Ok(false);
    }
    let discount = allowed(session, side, owed, date)?;
    // A rest that is no more than the discount was paid down to it without one: there is nothing to keep of it.
    if discount <= Decimal::ZERO || missing > discount || discount >= owed.remaining {
        return Ok(false);
    }
    let share = settle(session, owed, discount)?;
    move_balance(session, side, &owed.partner, -stored(share)?)?;
    // It stands under the payment's own description, as a part of it.
    let mut journal = Journal::new(date, document, "Payment", description);
    match side {
        Side::Sales => {
            journal.add(account::RECEIVABLES, -share);
            journal.add(account::DISCOUNTS_GRANTED, share);
        }
        Side::Purchase => {
            journal.add(account::PAYABLES, share);
            journal.add(account::DISCOUNTS_RECEIVED, -share);
        }
    }
    journal.post(session)?;
    Ok(true)
}

/// What kind of entry it is, and its description.
fn described(session: &Session, entry: &Entry) -> Answer<(String, String)> {
    let sql = "SELECT kind, description FROM _partner_entries WHERE entry = ?";
    Ok(session.connection.prepare_cached(sql)?.query_row([entry.entry], |row| Ok((row.get(0)?, row.get(1)?)))?)
}

/// What may be kept of an invoice that is paid on that day.
fn allowed(session: &Session, side: Side, owed: &Entry, date: Date) -> Answer<Decimal> {
    let form = if side == Side::Sales { SALES_INVOICE } else { PURCHASE_INVOICE };
    let Some(invoice) = session.find(form.set, &owed.document)? else { return Ok(Decimal::ZERO) };
    let Some(terms) = session.find("paymentTerms", invoice.text("_terms"))? else { return Ok(Decimal::ZERO) };
    let percent = terms.decimal("discountPercent");
    let last = invoice.date(form.date).and_then(|from| dates::apply(terms.text("discountDateCalculation"), from));
    if percent <= Decimal::ZERO || last.is_none_or(|last| date > last) {
        return Ok(Decimal::ZERO);
    }
    let discount = invoice.decimal("totalAmountIncludingTax").checked_mul(percent).and_then(|product| product.checked_div(Decimal::ONE_HUNDRED));
    Ok(discount.map_or(Decimal::ZERO, cents))
}
