//! Payments of customers and to vendors: money moves, an entry of the partner opens, and it closes the invoice that it names.

use jiff::civil::Date;
use rust_decimal::Decimal;

use crate::books::document::Side;
use crate::books::ledger::{Journal, account, out_of_range};
use crate::books::open_items::{self, Entry, OpenItem};
use crate::books::relations::LOCAL_CURRENCY;
use crate::data::row::Row;
use crate::data::session::Session;
use crate::data::value::{cents, from_stored};
use crate::error::{Answer, ApiError};

/// What a payment settles.
pub(crate) struct Payment<'a> {
    pub side: Side,
    pub partner: &'a Row,
    /// The id of the invoice that it is for; `None` leaves the payment open.
    pub invoice: Option<&'a str>,
    /// In the currency of the invoice, else of the partner; positive is received from a customer, or paid to a vendor.
    pub amount: Decimal,
    pub date: Date,
    pub number: &'a str,
    pub external: &'a str,
    pub description: &'a str,
}

/// What is posted to the general ledger for it: the caller adds both sides, and applies once that is done.
pub(crate) struct Posted {
    /// The id of the new entry.
    pub id: String,
    /// What was paid, in the local currency.
    pub local: Decimal,
}

/// Opens the payment's entry and adds it to the journal; its other side is the caller's.
pub(crate) fn open(session: &Session, payment: &Payment, journal: &mut Journal) -> Answer<Posted> {
    check_blocked(payment)?;
    let entry = match payment.invoice {
        Some(invoice) => Some(open_items::check_open(session, payment.side, invoice)?),
        None => None,
    };
    if entry.as_ref().is_some_and(|entry| entry.partner != payment.partner.id()) {
        return Err(ApiError::rule(format!("The invoice to apply to is not one of {} {}.", payment.side.partner().noun, payment.partner.text("number"))));
    }
    let currency = currency(payment, entry.as_ref());
    let local = payment.amount.checked_mul(rate(session, currency)?).map(cents).ok_or_else(out_of_range)?;
    let id = session.new_id();
    let item = OpenItem {
        side: payment.side,
        partner: payment.partner.id(),
        document: &id,
        number: payment.number,
        kind: if payment.amount.is_sign_negative() { "Refund" } else { "Payment" },
        external: payment.external,
        description: payment.description,
        date: payment.date,
        due: payment.date,
        currency,
        amount: -payment.amount,
        local: -local,
        net: Decimal::ZERO,
    };
    open_items::open(session, &item)?;
    match payment.side {
        Side::Sales => journal.add(account::RECEIVABLES, -local),
        Side::Purchase => journal.add(account::PAYABLES, local),
    }
    Ok(Posted { id, local })
}

fn currency<'a>(payment: &'a Payment, entry: Option<&'a Entry>) -> &'a str {
    let code = entry.map_or(payment.partner.text("currencyCode"), |entry| &entry.currency);
    if code.is_empty() { LOCAL_CURRENCY } else { code }
}

/// Local currency for one unit of a currency.
fn rate(session: &Session, code: &str) -> Answer<Decimal> {
    let found = if code == LOCAL_CURRENCY { None } else { session.find_by("currencies", "code", code)? };
    let rate = found.map_or(0, |currency| currency.whole("_rate"));
    Ok(if rate > 0 { from_stored(rate) } else { Decimal::ONE })
}

fn check_blocked(payment: &Payment) -> Answer<()> {
    let blocked = payment.partner.text("blocked");
    let refused = match payment.side {
        Side::Sales => blocked == "All",
        Side::Purchase => ["All", "Payment"].contains(&blocked),
    };
    if refused {
        return Err(ApiError::rule(format!(
            "You cannot post this type of document when {} {} is blocked with type {blocked}.",
            if payment.side == Side::Sales { "Customer" } else { "Vendor" },
            payment.partner.text("number")
        )));
    }
    Ok(())
}

/// Posts a payment through the bank and applies it.
pub(crate) fn through_bank(session: &Session, payment: &Payment) -> Answer<()> {
    let mut journal = Journal::new(payment.date, payment.number, "Payment", payment.description.to_owned());
    let posted = open(session, payment, &mut journal)?;
    match payment.side {
        Side::Sales => journal.add(account::BANK, posted.local),
        Side::Purchase => journal.add(account::BANK, -posted.local),
    }
    journal.post(session)?;
    apply(session, payment, &posted)
}

/// Closes the invoice that the payment names, as far as the money goes.
pub(crate) fn apply(session: &Session, payment: &Payment, posted: &Posted) -> Answer<()> {
    match payment.invoice {
        Some(invoice) => open_items::apply(session, payment.side, invoice, &posted.id, payment.date, payment.number),
        None => Ok(()),
    }
}
