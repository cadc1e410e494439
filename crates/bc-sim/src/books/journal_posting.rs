//! Posting a journal: its lines become entries, document by document, and each document must balance.

use jiff::civil::Date;
use rusqlite::params;
use rust_decimal::Decimal;

use crate::books::document::Side;
use crate::books::ledger::{Journal, account};
use crate::books::payments::{self, Payment, Posted};
use crate::books::{calendar, lines, open_items};
use crate::data::row::Row;
use crate::data::session::Session;
use crate::error::{Answer, ApiError};
use crate::more::dimensions::Dimensions;

/// The sets whose rows are lines of journals.
const LINES: [&str; 3] = ["journalLines", "customerPayments", "vendorPayments"];

/// Posts all lines of a journal.
pub(crate) fn post(session: &Session, journal: &Row) -> Answer<()> {
    let mut lines = Vec::new();
    for set in LINES {
        lines.extend(session.all_by(set, "journalId", journal.id())?);
    }
    if !lines.iter().any(|line| !line.decimal("amount").is_zero()) {
        return Err(ApiError::rule("There is nothing to post."));
    }
    let mut documents: Vec<(String, String)> = lines.iter().map(|line| (line.text("postingDate").to_owned(), line.text("documentNumber").to_owned())).collect();
    documents.sort();
    documents.dedup();
    for (date, number) in documents {
        let mine: Vec<&Row> = lines.iter().filter(|line| line.text("postingDate") == date && line.text("documentNumber") == number).collect();
        post_document(session, journal, &number, &mine)?;
    }
    for line in &lines {
        session.delete(&line.table.name, line.id())?;
        session.connection.prepare_cached("DELETE FROM _applied WHERE company = ? AND payment = ?")?.execute(params![session.company.get(), line.id()])?;
    }
    Ok(())
}

/// Where a line stands, in messages.
fn in_line(journal: &Row, line: &Row) -> String {
    format!(
        "Gen. Journal Line Journal Template Name='{}',Journal Batch Name='{}',Line No.='{}'",
        journal.text("templateDisplayName"),
        journal.text("code"),
        line.whole("lineNumber")
    )
}

fn post_document(session: &Session, batch: &Row, number: &str, lines: &[&Row]) -> Answer<()> {
    let Some(first) = lines.first() else { return Ok(()) };
    let date = first.date("postingDate").unwrap_or(session.today);
    calendar::check(session, date, &in_line(batch, first))?;
    let partner = lines.iter().any(|line| line.table.name != "journalLines" || ["Customer", "Vendor"].contains(&line.text("accountType")));
    let mut books = Document {
        session,
        batch,
        number,
        date,
        journal: Journal::new(date, number, if partner { "Payment" } else { " " }, first.text("description").to_owned()),
        applied: Vec::new(),
    };
    for line in lines {
        books.line(line)?;
    }
    let Document { journal, applied, .. } = books;
    journal.post(session)?;
    for (side, document, payment) in applied {
        open_items::apply(session, side, &document, &payment, date, number)?;
    }
    Ok(())
}

/// A document of the journal while its lines are added.
struct Document<'a, 'c> {
    session: &'a Session<'c>,
    batch: &'a Row,
    number: &'a str,
    date: Date,
    journal: Journal,
    /// What is to be applied once the document is posted: the ids of what is paid, and of the payment.
    applied: Vec<(Side, String, String)>,
}

impl Document<'_, '_> {
    fn line(&mut self, line: &Row) -> Answer<()> {
        let amount = line.decimal("amount");
        match line.table.name.as_str() {
            "customerPayments" => self.payment(line, Side::Sales, -amount),
            "vendorPayments" => self.payment(line, Side::Purchase, amount),
            _ => {
                let local = self.account(line, ("accountType", "accountId", "accountNumber"), amount)?;
                if !line.refers("balancingAccountId") {
                    return Ok(());
                }
                // A customer or vendor on this side, too, has a currency of its own; any other account takes what the first was worth.
                let partner = ["Customer", "Vendor"].contains(&line.text("balanceAccountType"));
                self.account(line, ("balanceAccountType", "balancingAccountId", "balancingAccountNumber"), if partner { -amount } else { -local }).map(|_| ())
            }
        }
    }

    /// A payment line, against the account that balances its journal.
    fn payment(&mut self, line: &Row, side: Side, amount: Decimal) -> Answer<()> {
        let names = side.partner();
        if !line.refers(names.id) {
            return Err(self.required(line));
        }
        if amount.is_sign_negative() && !amount.is_zero() {
            let sign = if side == Side::Sales { "negative" } else { "positive" };
            return Err(invalid(format!("Amount must be {sign} in {}.", in_line(self.batch, line))));
        }
        let invoice = line.refers("appliesToInvoiceId").then(|| line.text("appliesToInvoiceId"));
        let Posted { id, local } = self.partner(line, side, line.text(names.id), invoice, amount)?;
        let chosen = if side == Side::Purchase { chosen(self.session, line)? } else { Vec::new() };
        self.applied.extend(invoice.map(str::to_owned).into_iter().chain(chosen).map(|document| (side, document, id.clone())));
        if self.batch.refers("balancingAccountId") {
            let target = self.session.get("accounts", self.batch.text("balancingAccountId"))?;
            lines::check_account(&target)?;
            let dimensions = Dimensions::of(self.session, line.id())?;
            self.journal.add_of(target.text("number"), if side == Side::Sales { local } else { -local }, &dimensions);
        }
        Ok(())
    }

    /// Opens a partner's entry.
    fn partner(&mut self, line: &Row, side: Side, id: &str, invoice: Option<&str>, amount: Decimal) -> Answer<Posted> {
        let partner = self.session.get(side.partner().set, id)?;
        let payment = Payment {
            side,
            partner: &partner,
            invoice,
            amount,
            date: self.date,
            number: self.number,
            external: line.text("externalDocumentNumber"),
            description: line.text("description"),
        };
        payments::open(self.session, &payment, &mut self.journal)
    }

    /// Adds one side of a line: to the account itself, or to the one behind a customer, vendor or bank. Gives what it is worth in
    /// the local currency.
    fn account(&mut self, line: &Row, names: (&str, &str, &str), amount: Decimal) -> Answer<Decimal> {
        let (kind, id, number) = names;
        if !line.refers(id) {
            return Err(self.required(line));
        }
        match line.text(kind) {
            "Customer" => self.partner(line, Side::Sales, line.text(id), None, -amount).map(|posted| -posted.local),
            "Vendor" => self.partner(line, Side::Purchase, line.text(id), None, amount).map(|posted| posted.local),
            "Bank Account" => {
                self.journal.add_of(account::BANK, amount, &Dimensions::of(self.session, line.id())?);
                Ok(amount)
            }
            _ => {
                let target = self.session.get("accounts", line.text(id))?;
                lines::check_account(&target)?;
                self.journal.add_of(line.text(number), amount, &Dimensions::of(self.session, line.id())?);
                Ok(amount)
            }
        }
    }

    fn required(&self, line: &Row) -> ApiError {
        invalid(format!("Account No. must have a value in {}. It cannot be zero or empty.", in_line(self.batch, line)))
    }
}

/// The open entries that a vendor's payment was marked to pay, the earliest due first.
fn chosen(session: &Session, line: &Row) -> Answer<Vec<String>> {
    let sql = "SELECT a.document FROM _applied a JOIN _partner_entries e ON e.document = a.document AND e.company = a.company \
               WHERE a.company = ? AND a.payment = ? AND a.applied = 1 ORDER BY e.due, e.entry";
    let mut statement = session.connection.prepare_cached(sql)?;
    let rows = statement.query_map(params![session.company.get(), line.id()], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn invalid(text: String) -> ApiError {
    ApiError::new(400, "Application_FieldValidationException", text)
}
