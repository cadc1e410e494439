//! Journals: their lines are drafts until the journal is posted; then they are entries, and the lines are gone. Payment
//! journals are journals of another template: listed among `journals` only by it, and posted there by their id
//! (docs/business-central.md, section 12).

use crate::books::changes::Changes;
use crate::books::document::Side;
use crate::books::lines;
use crate::data::row::Row;
use crate::data::session::Session;
use crate::data::value::NO_ID;
use crate::error::{Answer, ApiError};
use crate::odata::filter::{Expr, pins};
use crate::serve::read::Scope;

/// Steps between line numbers.
const STEP: i64 = 10_000;
/// The template of journals that name none.
const GENERAL: &str = "GENERAL";

/// The set of the journal that a set's rows belong to; `None` for sets that are no journal lines.
pub(crate) fn journal_set(lines: &str) -> Option<&'static str> {
    match lines {
        "journalLines" => Some("journals"),
        "customerPayments" => Some("customerPaymentJournals"),
        "vendorPayments" => Some("vendorPaymentJournals"),
        _ => None,
    }
}

/// Whether a set's records are journals.
pub(crate) fn is_journals(set: &str) -> bool {
    set == "journals" || template(set).is_some()
}

/// The template that a set's journals belong to.
fn template(journals: &str) -> Option<&'static str> {
    match journals {
        "customerPaymentJournals" => Some("CASHRCPT"),
        "vendorPaymentJournals" => Some("PAYMENT"),
        _ => None,
    }
}

/// The template that a list of `journals` is of when its filter names neither template nor id.
pub(crate) fn default_template(scope: &Scope, filter: Option<&Expr>) -> Option<&'static str> {
    let named = filter.is_some_and(|expr| ["templateDisplayName", "id"].iter().any(|name| pins(expr, name)));
    (scope.set.name == "journals" && scope.within.is_none() && !named).then_some(GENERAL)
}

/// A journal of the template has that code already.
fn is_taken(session: &Session, template: &str, code: &str, id: &str) -> Answer<bool> {
    let same = session.all_by("journals", "code", code)?;
    Ok(same.iter().any(|row| row.text("templateDisplayName") == template && row.id() != id))
}

/// What follows from a journal's own fields: its template, and that its code is free within it.
pub(crate) fn complete(session: &Session, row: &mut Row) -> Answer<()> {
    if row.text("templateDisplayName").is_empty() {
        row.put("templateDisplayName", GENERAL);
    }
    if is_taken(session, row.text("templateDisplayName"), row.text("code"), row.id())? {
        return Err(ApiError::new(
            session.switches.duplicate_status,
            "Internal_EntityWithSameKeyExists",
            format!("The record in table Journal already exists. Identification fields and values: code='{}'.", row.text("code")),
        ));
    }
    Ok(())
}

/// Keeps the other view of a journal alike: a payment journal is one of `journals` too. Does nothing for any other record.
pub(crate) fn mirror(session: &Session, row: &Row) -> Answer<()> {
    let (set, template) = match (template(&row.table.name), row.text("templateDisplayName")) {
        (Some(template), _) => ("journals", template),
        (None, "CASHRCPT") => ("customerPaymentJournals", "CASHRCPT"),
        (None, "PAYMENT") => ("vendorPaymentJournals", "PAYMENT"),
        (None, _) => return Ok(()),
    };
    let known = session.find(set, row.id())?;
    let is_new = known.is_none();
    let mut other = match known {
        Some(other) => other,
        None => session.blank(set)?,
    };
    for column in ["id", "code", "displayName", "balancingAccountId", "balancingAccountNumber"] {
        other.put(column, row.text(column));
    }
    other.put("templateDisplayName", template);
    if is_new { session.insert(&mut other) } else { session.save(&mut other) }
}

/// Deletes a journal's lines, and its other view.
pub(crate) fn delete(session: &Session, journal: &Row) -> Answer<()> {
    for lines in ["journalLines", "customerPayments", "vendorPayments"] {
        for line in session.all_by(lines, "journalId", journal.id())? {
            session.delete(lines, line.id())?;
        }
    }
    for set in ["journals", "customerPaymentJournals", "vendorPaymentJournals"] {
        session.delete(set, journal.id())?;
    }
    Ok(())
}

/// What an account type's records are: set, and what they are called.
fn target(kind: &str) -> Answer<(&'static str, &'static str)> {
    match kind {
        "G/L Account" => Ok(("accounts", "Account")),
        "Customer" => Ok(("customers", "Customer")),
        "Vendor" => Ok(("vendors", "Vendor")),
        "Bank Account" => Ok(("bankAccounts", "Bank Account")),
        other => Err(ApiError::not_implemented(format!("The demo company has no journal lines of type {other}. Nothing was changed."))),
    }
}

/// Creates a line in the journal that the path or the body names.
pub(crate) fn create(session: &Session, set: &str, changes: &Changes) -> Answer<Row> {
    let journals = journal_set(set).ok_or_else(|| ApiError::no_resource(set))?;
    let journal = if changes.refers("journalId") { session.find(journals, changes.text("journalId"))? } else { None };
    let journal = journal.ok_or_else(|| ApiError::rule("You must specify the journal: the \"journalId\" does not match to a journal."))?;
    let mut row = session.blank(set)?;
    if let Some(id) = &changes.id {
        row.put("id", id.as_str());
    }
    row.put("journalId", journal.id());
    row.put("journalDisplayName", journal.text("code"));
    row.put("postingDate", session.today);
    row.put("accountType", "G/L Account");
    row.put("balanceAccountType", "G/L Account");
    row.put("balancingAccountId", journal.text("balancingAccountId"));
    row.put("balancingAccountNumber", journal.text("balancingAccountNumber"));
    let earlier = session.all_by(set, "journalId", journal.id())?;
    row.put("lineNumber", earlier.iter().map(|line| line.whole("lineNumber")).max().unwrap_or(0) + STEP);
    assign(session, set, &mut row, changes)?;
    if row.text("documentNumber").is_empty() {
        row.put("documentNumber", session.next_number("GENJNL")?);
    }
    session.insert(&mut row)?;
    Ok(row)
}

/// Changes a line.
pub(crate) fn update(session: &Session, set: &str, mut row: Row, changes: &Changes) -> Answer<Row> {
    if changes.refers("journalId") && changes.text("journalId") != row.text("journalId") {
        return Err(ApiError::new(400, "BadRequest_InvalidOperation", "The journalId cannot be changed."));
    }
    assign(session, set, &mut row, changes)?;
    session.save(&mut row)?;
    Ok(row)
}

fn assign(session: &Session, set: &str, row: &mut Row, changes: &Changes) -> Answer<()> {
    changes.apply(row, &["journalId", "journalDisplayName"]);
    let name = match set {
        "journalLines" => {
            let kind = row.text("accountType").to_owned();
            let name = follow(session, row, changes, target(&kind)?, ("accountId", "accountNumber"))?;
            let kind = row.text("balanceAccountType").to_owned();
            let balancing = follow(session, row, changes, target(&kind)?, ("balancingAccountId", "balancingAccountNumber"))?;
            for account in name.iter().chain(&balancing).filter(|found| found.table.name == "accounts") {
                lines::check_account(account)?;
            }
            name
        }
        "customerPayments" => {
            let name = follow(session, row, changes, ("customers", "Customer"), ("customerId", "customerNumber"))?;
            let invoice = follow(session, row, changes, ("salesInvoices", "Sales Invoice"), ("appliesToInvoiceId", "appliesToInvoiceNumber"))?;
            name.or(take_partner(session, row, invoice, Side::Sales)?)
        }
        _ => {
            let name = follow(session, row, changes, ("vendors", "Vendor"), ("vendorId", "vendorNumber"))?;
            let invoice = follow(session, row, changes, ("purchaseInvoices", "Purchase Invoice"), ("appliesToInvoiceId", "appliesToInvoiceNumber"))?;
            name.or(take_partner(session, row, invoice, Side::Purchase)?)
        }
    };
    if let Some(partner) = name
        && !changes.has("description")
    {
        row.put("description", partner.text("displayName"));
    }
    Ok(())
}

/// A payment line that names an invoice is of its payer; it must be a posted one.
fn take_partner(session: &Session, row: &mut Row, invoice: Option<Row>, side: Side) -> Answer<Option<Row>> {
    let Some(invoice) = invoice else { return Ok(None) };
    if !invoice.flag("_posted") {
        return Err(ApiError::rule(format!("The invoice {} is not posted: a payment can only be applied to a posted invoice.", invoice.text("number"))));
    }
    let names = side.partner();
    if !row.refers(names.id) {
        row.put(names.id, invoice.text(names.pay_id));
        row.put(names.number, invoice.text(names.pay_number));
        return session.find(names.set, invoice.text(names.pay_id));
    }
    if row.text(names.id) != invoice.text(names.pay_id) {
        let text = format!("The \"appliesToInvoiceId\" does not match to an invoice of {} {}.", names.noun, row.text(names.number));
        return Err(ApiError::rule(text));
    }
    Ok(None)
}

/// Writes both halves of a reference that the body gives; gives the record.
fn follow(session: &Session, row: &mut Row, changes: &Changes, target: (&str, &str), names: (&str, &str)) -> Answer<Option<Row>> {
    let ((set, caption), (id, number)) = (target, names);
    if !changes.any(&[id, number]) {
        return Ok(None);
    }
    let by_id = if changes.refers(id) {
        Some(session.find(set, changes.text(id))?.ok_or_else(|| ApiError::rule(format!("The \"{id}\" does not match to a {caption}.")))?)
    } else {
        None
    };
    let by_number = if changes.refers(number) {
        let found = session.find_by(set, "number", &changes.text(number).to_uppercase())?;
        Some(found.ok_or_else(|| {
            let text = format!("The field {number} contains a value ({}) that cannot be found in the related table ({caption}).", changes.text(number));
            ApiError::new(400, "Internal_InvalidTableRelation", text)
        })?)
    } else {
        None
    };
    let found = match (by_id, by_number) {
        (Some(one), Some(other)) if one.id() != other.id() => {
            return Err(ApiError::rule(format!("The {0} values do not match to a specific {0}.", caption)));
        }
        (Some(found), _) | (None, Some(found)) => Some(found),
        (None, None) => None,
    };
    row.put(id, found.as_ref().map_or(NO_ID, Row::id));
    row.put(number, found.as_ref().map_or("", |found| found.text("number")));
    Ok(found)
}
