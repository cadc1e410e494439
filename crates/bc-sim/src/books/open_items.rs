//! What customers owe and vendors are owed: one entry for each invoice, credit memo and payment, open until others close it.

use jiff::civil::Date;
use rusqlite::{OptionalExtension, params};
use rust_decimal::Decimal;

use crate::books::discount;
use crate::books::document::{Form, PURCHASE_CREDIT_MEMO, PURCHASE_INVOICE, SALES_CREDIT_MEMO, SALES_INVOICE, Side};
use crate::books::ledger::{Journal, account, out_of_range, stored};
use crate::data::session::Session;
use crate::data::value::{cents, from_stored};
use crate::error::{Answer, ApiError};

/// A new entry of a customer or vendor.
pub(crate) struct OpenItem<'a> {
    pub side: Side,
    /// The id of who pays or is paid.
    pub partner: &'a str,
    /// The id of the document, or a new one for a payment.
    pub document: &'a str,
    pub number: &'a str,
    /// A member of the ledger's documentType.
    pub kind: &'a str,
    /// The other side's own number for it.
    pub external: &'a str,
    pub description: &'a str,
    pub date: Date,
    pub due: Date,
    /// The currency's code.
    pub currency: &'a str,
    /// In that currency; positive is owed by the customer, or to the vendor.
    pub amount: Decimal,
    pub local: Decimal,
    /// What was sold or bought by it, without tax, in the local currency.
    pub net: Decimal,
}

/// Writes an entry and moves the partner's balance.
pub(crate) fn open(session: &Session, item: &OpenItem) -> Answer<()> {
    let (amount, local) = (stored(item.amount)?, stored(item.local)?);
    session
        .connection
        .prepare_cached(
            "INSERT INTO _partner_entries (company, partner, document, number, kind, external, description, posted, due, currency, \
             amount, amount_local, net_local, remaining, remaining_local, open) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?11, ?12, ?11 <> 0)",
        )?
        .execute(params![
            session.company.get(),
            item.partner,
            item.document,
            item.number,
            item.kind,
            item.external,
            item.description,
            item.date.to_string(),
            item.due.to_string(),
            item.currency,
            amount,
            local,
            stored(item.net)?
        ])?;
    move_balance(session, item.side, item.partner, local)
}

pub(crate) fn move_balance(session: &Session, side: Side, partner: &str, local: i64) -> Answer<()> {
    let names = side.partner();
    let sql = format!("UPDATE \"{0}\" SET \"{1}\" = \"{1}\" + ? WHERE company = ? AND id = ?", names.set, names.balance);
    session.connection.prepare_cached(&sql)?.execute(params![local, session.company.get(), partner])?;
    Ok(())
}

/// An entry as it stands.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub entry: i64,
    pub partner: String,
    pub document: String,
    pub number: String,
    pub currency: String,
    pub remaining: Decimal,
    pub remaining_local: Decimal,
}

/// The entry of a document.
pub(crate) fn of_document(session: &Session, document: &str) -> Answer<Option<Entry>> {
    let sql = "SELECT entry, partner, document, number, currency, remaining, remaining_local FROM _partner_entries WHERE document = ? AND company = ?";
    let found = session.connection.prepare_cached(sql)?.query_row(params![document, session.company.get()], |row| {
        Ok(Entry {
            entry: row.get(0)?,
            partner: row.get(1)?,
            document: row.get(2)?,
            number: row.get(3)?,
            currency: row.get(4)?,
            remaining: from_stored(row.get(5)?),
            remaining_local: from_stored(row.get(6)?),
        })
    });
    Ok(found.optional()?)
}

/// What is still open of a document, in its currency.
pub(crate) fn remaining(session: &Session, document: &str) -> Answer<Decimal> {
    Ok(of_document(session, document)?.map_or(Decimal::ZERO, |entry| entry.remaining))
}

/// Closes two entries of one partner against each other as far as both are open. What the two are worth in the local currency
/// can differ by their rates or by rounding: the difference is posted as a gain or loss under that date and document.
pub(crate) fn apply(session: &Session, side: Side, one: &str, other: &str, date: Date, document: &str) -> Answer<()> {
    let (Some(one), Some(other)) = (of_document(session, one)?, of_document(session, other)?) else { return Ok(()) };
    let (mut owed, given) = if one.remaining.is_sign_negative() { (other, one) } else { (one, other) };
    if owed.partner == given.partner && owed.currency == given.currency && discount::take(session, side, &owed, &given, date, document)? {
        owed = of_document(session, &owed.document)?.unwrap_or(owed);
    }
    let amount = owed.remaining.min(-given.remaining);
    if amount <= Decimal::ZERO || owed.partner != given.partner || owed.currency != given.currency {
        return Ok(());
    }
    let owed_share = settle(session, &owed, amount)?;
    let given_share = -settle(session, &given, -amount)?;
    let difference = owed_share - given_share;
    move_balance(session, side, &owed.partner, -stored(difference)?)?;
    let names = side.partner();
    let mut journal = Journal::new(date, document, " ", format!("Exchange difference, {} {}", names.noun, owed.number));
    let (control, debit) = match side {
        Side::Sales => (account::RECEIVABLES, -difference),
        Side::Purchase => (account::PAYABLES, difference),
    };
    journal.add(control, debit);
    journal.add(if debit.is_sign_negative() { account::CURRENCY_LOSSES } else { account::CURRENCY_GAINS }, -debit);
    journal.post(session)?;
    show(session, side, &owed)?;
    show(session, side, &given)
}

/// Takes an amount off an entry; gives what that part was worth in the local currency.
pub(crate) fn settle(session: &Session, entry: &Entry, amount: Decimal) -> Answer<Decimal> {
    let share = if amount == entry.remaining {
        entry.remaining_local
    } else {
        entry.remaining_local.checked_mul(amount).and_then(|product| product.checked_div(entry.remaining)).map(cents).ok_or_else(out_of_range)?
    };
    let sql = "UPDATE _partner_entries SET remaining = remaining - ?1, remaining_local = remaining_local - ?2, open = (remaining <> ?1) WHERE entry = ?3";
    session.connection.prepare_cached(sql)?.execute(params![stored(amount)?, stored(share)?, entry.entry])?;
    Ok(share)
}

/// Opens the whole of a document's entry again; the caller does so for everything that closed it.
pub(crate) fn reopen(session: &Session, document: &str) -> Answer<()> {
    let sql = "UPDATE _partner_entries SET remaining = amount, remaining_local = amount_local, open = (amount <> 0) WHERE document = ? AND company = ?";
    session.connection.prepare_cached(sql)?.execute(params![document, session.company.get()])?;
    Ok(())
}

/// Shows on an entry's document what is left of it. (A payment has no document.)
fn show(session: &Session, side: Side, entry: &Entry) -> Answer<()> {
    let forms: [&Form; 2] = match side {
        Side::Sales => [SALES_INVOICE, SALES_CREDIT_MEMO],
        Side::Purchase => [PURCHASE_INVOICE, PURCHASE_CREDIT_MEMO],
    };
    for form in forms {
        let Some(mut row) = session.find(form.set, &entry.document)? else { continue };
        let left = remaining(session, &entry.document)?;
        row.put_decimal("remainingAmount", left)?;
        if left.is_zero() && row.text("status") == "Open" {
            row.put("status", "Paid");
        }
        return session.save(&mut row);
    }
    Ok(())
}

/// Refuses to apply to a document that is closed already.
pub(crate) fn check_open(session: &Session, side: Side, document: &str) -> Answer<Entry> {
    let table = if side == Side::Sales { "Cust. Ledger Entry" } else { "Vendor Ledger Entry" };
    match of_document(session, document)? {
        Some(entry) if !entry.remaining.is_zero() => Ok(entry),
        Some(entry) => Err(ApiError::new(
            400,
            "Application_FieldValidationException",
            format!("Open must be equal to 'Yes' in {table}: Entry No.={}. Current value is 'No'.", entry.entry),
        )),
        None => Err(ApiError::new(404, "Internal_RecordNotFound", format!("The {table} does not exist. Identification fields and values: {document}."))),
    }
}
