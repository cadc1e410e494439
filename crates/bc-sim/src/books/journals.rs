//! Journals: their lines are drafts until the journal is posted; then they are entries, and the lines are gone. Payment
//! journals hold drafts only: the API has no action that posts them.

use rust_decimal::Decimal;

use crate::books::changes::Changes;
use crate::books::document::Side;
use crate::books::ledger::{self, Journal, OpenItem, account};
use crate::data::row::Row;
use crate::data::session::Session;
use crate::data::value::NO_ID;
use crate::error::{Answer, ApiError};

/// Steps between line numbers.
const STEP: i64 = 10_000;

/// The set of the journal that a set's rows belong to; `None` for sets that are no journal lines.
pub(crate) fn journal_set(lines: &str) -> Option<&'static str> {
    match lines {
        "journalLines" => Some("journals"),
        "customerPayments" => Some("customerPaymentJournals"),
        "vendorPayments" => Some("vendorPaymentJournals"),
        _ => None,
    }
}

/// The set of a journal's lines; `None` for sets that are no journals.
pub(crate) fn lines_set(journals: &str) -> Option<&'static str> {
    match journals {
        "journals" => Some("journalLines"),
        "customerPaymentJournals" => Some("customerPayments"),
        "vendorPaymentJournals" => Some("vendorPayments"),
        _ => None,
    }
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
            follow(session, row, changes, target(&kind)?, ("balancingAccountId", "balancingAccountNumber"))?;
            name
        }
        "customerPayments" => {
            let name = follow(session, row, changes, ("customers", "Customer"), ("customerId", "customerNumber"))?;
            follow(session, row, changes, ("salesInvoices", "Sales Invoice"), ("appliesToInvoiceId", "appliesToInvoiceNumber"))?;
            name
        }
        _ => {
            let name = follow(session, row, changes, ("vendors", "Vendor"), ("vendorId", "vendorNumber"))?;
            follow(session, row, changes, ("purchaseInvoices", "Purchase Invoice"), ("appliesToInvoiceId", "appliesToInvoiceNumber"))?;
            name
        }
    };
    if let Some(name) = name
        && !changes.has("description")
    {
        row.put("description", name);
    }
    Ok(())
}

/// Writes both halves of a reference that the body gives; gives the record's name.
fn follow(session: &Session, row: &mut Row, changes: &Changes, target: (&str, &str), names: (&str, &str)) -> Answer<Option<String>> {
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
    Ok(found.map(|found| found.text("displayName").to_owned()))
}

/// Posts a journal: each document of it must balance.
pub(crate) fn post(session: &Session, journal: &Row) -> Answer<()> {
    let lines = session.all_by("journalLines", "journalId", journal.id())?;
    if !lines.iter().any(|line| !line.decimal("amount").is_zero()) {
        return Err(ApiError::rule("There is nothing to post."));
    }
    let mut documents: Vec<(String, String)> = lines.iter().map(|line| (line.text("postingDate").to_owned(), line.text("documentNumber").to_owned())).collect();
    documents.sort();
    documents.dedup();
    for (date, number) in documents {
        let mine: Vec<&Row> = lines.iter().filter(|line| line.text("postingDate") == date && line.text("documentNumber") == number).collect();
        post_document(session, &number, &mine)?;
    }
    for line in &lines {
        session.delete("journalLines", line.id())?;
    }
    Ok(())
}

fn post_document(session: &Session, number: &str, lines: &[&Row]) -> Answer<()> {
    let Some(first) = lines.first() else { return Ok(()) };
    let date = first.date("postingDate").unwrap_or(session.today);
    let partner = lines.iter().any(|line| ["Customer", "Vendor"].contains(&line.text("accountType")));
    let kind = if partner { "Payment" } else { " " };
    let mut journal = Journal::new(date, number, kind, first.text("description").to_owned());
    for line in lines {
        let amount = line.decimal("amount");
        book(session, &mut journal, line, ("accountType", "accountId", "accountNumber"), amount)?;
        if line.refers("balancingAccountId") {
            book(session, &mut journal, line, ("balanceAccountType", "balancingAccountId", "balancingAccountNumber"), -amount)?;
        }
    }
    journal.post(session)
}

/// Adds one side of a line: to the account itself, or to the one behind a customer, vendor or bank, whose own ledger follows.
fn book(session: &Session, journal: &mut Journal, line: &Row, names: (&str, &str, &str), amount: Decimal) -> Answer<()> {
    let (kind, id, number) = names;
    if !line.refers(id) {
        return Err(ApiError::rule(format!("The line {} names no account.", line.whole("lineNumber"))));
    }
    let open = |side: Side, amount: Decimal| {
        let entry = session.new_id();
        let item = OpenItem { side, partner: line.text(id), document: &entry, date: journal.date, due: journal.date, amount, local: amount };
        ledger::open_item(session, &item)
    };
    match line.text(kind) {
        "Customer" => {
            open(Side::Sales, amount)?;
            journal.add(account::RECEIVABLES, amount);
        }
        "Vendor" => {
            open(Side::Purchase, -amount)?;
            journal.add(account::PAYABLES, amount);
        }
        "Bank Account" => journal.add(account::BANK, amount),
        _ => {
            let target = session.get("accounts", line.text(id))?;
            crate::books::lines::check_account(&target)?;
            journal.add(line.text(number), amount);
        }
    }
    Ok(())
}
