//! What is half done when the history ends: an order that was shipped in part, an invoice that was paid in part, one that was
//! taken back, and credit memos.

use jiff::ToSpan;
use rust_decimal::Decimal;

use crate::books::document::{PURCHASE_CREDIT_MEMO, SALES_CREDIT_MEMO, SALES_INVOICE, SALES_ORDER, Side};
use crate::books::payments::{self, Payment};
use crate::books::{corrections, documents, lines, open_items, orders, posting};
use crate::data::row::Row;
use crate::data::session::Session;
use crate::data::value::cents;
use crate::error::Answer;
use crate::seed::clock;

/// Does all of it, in the last days before today.
pub(crate) fn all(session: &Session) -> Answer<()> {
    ship_in_part(session, "14000")?;
    pay_in_part(session)?;
    cancel(session)?;
    credit(session)?;
    draft_credit(session)?;
    return_goods(session)
}

fn days_ago(session: &Session, days: i64) -> jiff::civil::Date {
    session.today.checked_sub(days.days()).unwrap_or(session.today)
}

/// The newest invoice of the last two months of which nothing is paid, of the first of those customers that has one.
fn open_invoice(session: &Session, customers: &[&str]) -> Answer<Option<Row>> {
    let since = days_ago(session, 60);
    for customer in customers {
        let mut rows = session.all_by(SALES_INVOICE.set, "customerNumber", customer)?;
        rows.retain(|row| {
            let whole = row.decimal("remainingAmount") == row.decimal("totalAmountIncludingTax");
            row.text("status") == "Open" && whole && row.date("postingDate").is_some_and(|date| date >= since)
        });
        if let Some(row) = rows.pop() {
            return Ok(Some(row));
        }
    }
    Ok(None)
}

/// Ships and invoices half of the first line of the customer's order.
fn ship_in_part(session: &Session, customer: &str) -> Answer<()> {
    let Some(order) = session.all_by(SALES_ORDER.set, "customerNumber", customer)?.pop() else { return Ok(()) };
    clock(session, days_ago(session, 1), 10 * 60);
    let mut portion = Decimal::ZERO;
    for mut row in session.all_by(SALES_ORDER.lines, "documentId", order.id())? {
        let half = if portion.is_zero() { (row.decimal("quantity") / Decimal::TWO).ceil() } else { Decimal::ZERO };
        portion += half;
        row.put_decimal("shipQuantity", half)?;
        row.put_decimal("invoiceQuantity", half)?;
        session.save(&mut row)?;
    }
    orders::post(session, SALES_ORDER, order)
}

/// Pays a third of an open invoice.
fn pay_in_part(session: &Session) -> Answer<()> {
    let Some(invoice) = open_invoice(session, &["16000", "18000", "13000", "12000"])? else { return Ok(()) };
    let partner = session.get("customers", invoice.text("billToCustomerId"))?;
    let amount = cents(open_items::remaining(session, invoice.id())? / Decimal::from(3));
    clock(session, days_ago(session, 2), 9 * 60);
    let number = session.next_number("CASHRCPT")?;
    let description = format!("Payment, {}", partner.text("displayName"));
    let payment = Payment {
        side: Side::Sales,
        partner: &partner,
        invoice: Some(invoice.id()),
        amount,
        date: days_ago(session, 2),
        number: &number,
        external: "",
        description: &description,
    };
    payments::through_bank(session, &payment)
}

fn cancel(session: &Session) -> Answer<()> {
    clock(session, days_ago(session, 1), 11 * 60);
    match open_invoice(session, &["12000", "13000", "18000", "10000"])? {
        Some(invoice) => corrections::cancel_invoice(session, &invoice),
        None => Ok(()),
    }
}

/// One piece of an open invoice comes back.
fn credit(session: &Session) -> Answer<()> {
    clock(session, days_ago(session, 1), 12 * 60);
    let Some(invoice) = open_invoice(session, &["10000", "18000", "16000", "13000"])? else { return Ok(()) };
    let memo = corrections::credit_memo(session, &invoice)?;
    take_one(session, memo).and_then(|mut memo| posting::post(session, SALES_CREDIT_MEMO, &mut memo))
}

fn draft_credit(session: &Session) -> Answer<()> {
    clock(session, days_ago(session, 0), 8 * 60);
    match open_invoice(session, &["15000", "17000", "20000", "14000", "13000", "18000"])? {
        Some(invoice) => corrections::credit_memo(session, &invoice).and_then(|memo| take_one(session, memo)).map(|_| ()),
        None => Ok(()),
    }
}

/// Leaves one piece of the first line of a credit memo.
fn take_one(session: &Session, mut memo: Row) -> Answer<Row> {
    let mut rows = session.all_by(SALES_CREDIT_MEMO.lines, "documentId", memo.id())?;
    for row in rows.iter().skip(1) {
        session.delete(SALES_CREDIT_MEMO.lines, row.id())?;
    }
    rows.truncate(1);
    for row in &mut rows {
        row.put("_byAmount", false);
        row.put_decimal("quantity", Decimal::ONE)?;
        session.save(row)?;
    }
    memo.put_decimal("discountAmount", Decimal::ZERO)?;
    documents::resettle(session, SALES_CREDIT_MEMO, &mut memo, &mut rows)?;
    Ok(memo)
}

/// Two lamps go back to their maker.
fn return_goods(session: &Session) -> Answer<()> {
    let (Some(vendor), Some(item)) = (session.find_by("vendors", "number", "41000")?, session.find_by("items", "number", "1300")?) else { return Ok(()) };
    let date = days_ago(session, 4);
    clock(session, date, 13 * 60);
    let form = PURCHASE_CREDIT_MEMO;
    let mut memo = documents::header(session, form, &vendor, date)?;
    memo.put("number", session.next_number(form.series)?);
    memo.put("vendorCreditMemoNumber", "K-118");
    let mut rows = vec![lines::of_item(session, form, &memo, &item, Decimal::TWO, 0)?];
    documents::store(session, form, &mut memo, &mut rows)?;
    posting::post(session, form, &mut memo)
}
