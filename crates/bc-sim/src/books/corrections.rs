//! Taking posted documents back: a credit memo for an invoice, an invoice for the credit memo that cancelled one.
//! What may be taken back, and the words of the refusals: the public source of the correcting code (docs/business-central.md, section 12).

use crate::books::document::{Form, PURCHASE_INVOICE, SALES_CREDIT_MEMO, SALES_INVOICE, Side, Stage};
use crate::books::posting::{Goods, copy_header, copy_line, enter_books, post};
use crate::books::{calendar, documents, open_items};
use crate::data::row::Row;
use crate::data::session::Session;
use crate::error::{Answer, ApiError};

/// What is to happen to a posted invoice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    Cancel,
    Correct,
}

impl Wish {
    fn verb(self) -> &'static str {
        match self {
            Wish::Cancel => "cancel",
            Wish::Correct => "correct",
        }
    }
}

/// Makes a credit memo with a posted invoice's lines: a draft.
pub(crate) fn credit_memo(session: &Session, invoice: &Row) -> Answer<Row> {
    check_invoice(session, invoice, Wish::Correct)?;
    draft(session, SALES_INVOICE, SALES_CREDIT_MEMO, invoice)
}

/// A document of the other form with the same lines, dated today.
fn draft(session: &Session, from: &'static Form, to: &'static Form, source: &Row) -> Answer<Row> {
    let mut copy = copy_header(session, to, source, session.today)?;
    copy.put("postingDate", session.today);
    copy.put("dueDate", session.today);
    if to.stage == Stage::CreditMemo {
        copy.put("invoiceId", source.id());
        copy.put("invoiceNumber", source.text("number"));
    }
    copy.put("number", session.next_number(to.series)?);
    let mut rows = Vec::new();
    for row in session.all_by(from.lines, "documentId", source.id())? {
        rows.push(copy_line(session, from, to, &row, row.decimal("quantity"))?);
    }
    documents::store(session, to, &mut copy, &mut rows)?;
    Ok(copy)
}

/// Takes a posted invoice back: a posted credit memo closes it, and both say so.
pub(crate) fn cancel_invoice(session: &Session, invoice: &Row) -> Answer<()> {
    check_invoice(session, invoice, Wish::Cancel)?;
    let mut memo = draft(session, SALES_INVOICE, SALES_CREDIT_MEMO, invoice)?;
    post(session, SALES_CREDIT_MEMO, &mut memo)?;
    memo.put("status", "Corrective");
    memo.put("_cause", invoice.id());
    session.save(&mut memo)?;
    let mut invoice = session.get(SALES_INVOICE.set, invoice.id())?;
    invoice.put("status", "Canceled");
    invoice.put("_cause", memo.id());
    session.save(&mut invoice)
}

/// Whether a posted invoice can be taken back: not twice, not when it is paid, even partly, not when it corrects something itself.
fn check_invoice(session: &Session, invoice: &Row, wish: Wish) -> Answer<()> {
    let refused = |why: &str| Err(ApiError::rule(format!("You cannot {} this posted sales invoice because {why}", wish.verb())));
    match (invoice.text("status"), wish) {
        ("Canceled", Wish::Cancel) => return refused("it has already been canceled."),
        ("Canceled", Wish::Correct) => return refused("it has been canceled."),
        ("Corrective", _) => return refused("it represents a correction of a credit memo."),
        _ => {}
    }
    if open_items::remaining(session, invoice.id())? != invoice.decimal("totalAmountIncludingTax") {
        return refused("it is fully or partially paid.\\To reverse a paid sales invoice, you must manually create a sales credit memo.");
    }
    check_parts(session, SALES_INVOICE, invoice, &refused)
}

/// What a document is about must still take postings: its partner, its items, its date.
fn check_parts(session: &Session, form: &Form, document: &Row, refused: &impl Fn(&str) -> Answer<()>) -> Answer<()> {
    let names = form.side.partner();
    let partner = session.get(names.set, document.text(names.pay_id))?;
    if partner.text("blocked") == "All" {
        return refused(&format!("{} {} is blocked.", names.noun, partner.text("displayName")));
    }
    for row in session.all_by(form.lines, "documentId", document.id())?.iter().filter(|row| row.refers("itemId")) {
        if let Some(item) = session.find("items", row.text("itemId"))?.filter(|item| item.flag("blocked")) {
            return refused(&format!("item {} {} is blocked.", item.text("number"), item.text("displayName")));
        }
    }
    match document.date("postingDate") {
        Some(date) if !calendar::is_open(session, date)? => refused("it was posted in a posting period that is closed."),
        _ => Ok(()),
    }
}

/// Takes back the credit memo that cancelled an invoice: a posted invoice closes it, and the first invoice is open again.
pub(crate) fn cancel_memo(session: &Session, form: &'static Form, memo: &Row) -> Answer<()> {
    let refused = |why: &str| Err(ApiError::rule(format!("You cannot cancel this posted {} because {why}", form.noun())));
    match memo.text("status") {
        "Canceled" => return refused("it has already been cancelled."),
        "Corrective" => {}
        _ => return refused("it is not a corrective document."),
    }
    check_parts(session, form, memo, &refused)?;
    let invoices = if form.side == Side::Sales { SALES_INVOICE } else { PURCHASE_INVOICE };
    let mut first = session.get(invoices.set, memo.text("_cause"))?;
    open_items::reopen(session, first.id())?;
    open_items::reopen(session, memo.id())?;
    let mut again = draft(session, form, invoices, memo)?;
    again.put("number", session.next_number(invoices.posted)?);
    let mut rows = session.all_by(invoices.lines, "documentId", again.id())?;
    enter_books(session, invoices, &mut again, &mut rows, Goods::Now)?;
    session.save(&mut again)?;
    open_items::apply(session, form.side, again.id(), memo.id(), session.today, again.text("number"))?;
    let mut again = session.get(invoices.set, again.id())?;
    again.put("status", "Corrective");
    again.put("_cause", memo.id());
    session.save(&mut again)?;
    let mut memo = session.get(form.set, memo.id())?;
    memo.put("status", "Canceled");
    session.save(&mut memo)?;
    first.put("status", "Open");
    first.put("_cause", "");
    first.put_decimal("remainingAmount", open_items::remaining(session, first.id())?)?;
    session.save(&mut first)
}
