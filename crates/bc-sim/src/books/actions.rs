//! Bound actions: post, ship, send, cancel, and turning a quote into an order or invoice.

use crate::books::corrections::{self, cancel_invoice, cancel_memo};
use crate::books::document::{Form, SALES_INVOICE, SALES_ORDER, Side, Stage, form};
use crate::books::{documents, journal_posting, orders, posting};
use crate::data::facts::EntitySet;
use crate::data::row::Row;
use crate::data::session::Session;
use crate::data::value::stored_time;
use crate::error::{Answer, ApiError};

/// Does a bound action on a record.
pub(crate) fn invoke(session: &Session, set: &EntitySet, row: Row, action: &str) -> Answer<()> {
    if !set.actions.iter().any(|known| known == action) {
        return Err(ApiError::not_implemented(format!("There is no action '{action}' on '{}'.", set.name)));
    }
    if set.name == "journals" {
        return journal_posting::post(session, &row);
    }
    let Some(form) = form(&set.name) else {
        return Err(ApiError::not_implemented(format!("The demo company does not do '{action}' on '{}' yet. Nothing was changed.", set.name)));
    };
    match (form.stage, action) {
        (Stage::Quote, "makeOrder") => convert(session, form, SALES_ORDER, row),
        (Stage::Quote, "makeInvoice") => convert(session, form, SALES_INVOICE, row),
        (Stage::Order, "shipAndInvoice" | "receiveAndInvoice") => orders::post(session, form, row),
        (_, "post") => post(session, form, row),
        (_, "postAndSend") => {
            check_address(session, form, &row)?;
            post(session, form, row)
        }
        (_, "send") => send(session, form, row),
        (Stage::Invoice | Stage::CreditMemo, "cancel") => cancel(session, form, &row),
        (Stage::Invoice | Stage::CreditMemo, "cancelAndSend") => {
            check_address(session, form, &row)?;
            cancel(session, form, &row)
        }
        (Stage::Invoice, "makeCorrectiveCreditMemo") => {
            check_posted(form, &row)?;
            corrections::credit_memo(session, &row).map(|_| ())
        }
        (Stage::Quote | Stage::Order | Stage::Invoice | Stage::CreditMemo, _) => {
            Err(ApiError::not_implemented(format!("The demo company does not do '{action}' on '{}' yet. Nothing was changed.", set.name)))
        }
    }
}

fn post(session: &Session, form: &'static Form, mut row: Row) -> Answer<()> {
    if row.flag("_posted") {
        return Err(ApiError::rule(format!("The {} {} is already posted.", form.noun(), row.text("number"))));
    }
    posting::post(session, form, &mut row)
}

fn check_posted(form: &Form, row: &Row) -> Answer<()> {
    if row.flag("_posted") {
        return Ok(());
    }
    Err(ApiError::rule(format!("The {} {} is not posted: only a posted one can be corrected or cancelled.", form.noun(), row.text("number"))))
}

fn cancel(session: &Session, form: &'static Form, row: &Row) -> Answer<()> {
    check_posted(form, row)?;
    match form.stage {
        Stage::CreditMemo => cancel_memo(session, form, row),
        Stage::Quote | Stage::Order | Stage::Invoice => cancel_invoice(session, row),
    }
}

/// The quote's content in a new document; the quote disappears.
fn convert(session: &Session, from: &'static Form, to: &'static Form, quote: Row) -> Answer<()> {
    let customer = session.get("customers", quote.text("customerId"))?;
    documents::check_blocked(to, &customer)?;
    let mut header = posting::copy_header(session, to, &quote, session.today)?;
    header.put("postingDate", session.today);
    header.put("number", session.next_number(to.series)?);
    documents::set_due(session, to, &mut header)?;
    let mut rows = Vec::new();
    for row in session.all_by(from.lines, "documentId", quote.id())? {
        rows.push(posting::copy_line(session, from, to, &row, row.decimal("quantity"))?);
    }
    documents::store(session, to, &mut header, &mut rows)?;
    documents::remove(session, from, quote.id())
}

/// Sending needs an address on the document or its customer.
fn check_address(session: &Session, form: &Form, row: &Row) -> Answer<()> {
    let names = form.side.partner();
    let partner = session.find(names.set, row.text(names.id))?;
    let known = !row.text("email").is_empty() || partner.as_ref().is_some_and(|partner| !partner.text("email").is_empty());
    if known && form.side == Side::Sales {
        return Ok(());
    }
    Err(ApiError::rule(format!("The customer {} has no e-mail address, and the document neither.", row.text(names.name))))
}

fn send(session: &Session, form: &Form, mut row: Row) -> Answer<()> {
    check_address(session, form, &row)?;
    if form.stage == Stage::Quote {
        row.put("status", "Sent");
        row.put("sentDate", stored_time(session.now.get()));
        session.save(&mut row)?;
    }
    Ok(())
}
