//! The ledgers: general ledger, open items of customers and vendors, stock. Entries are only ever added.

use jiff::civil::Date;
use rusqlite::{OptionalExtension, params};
use rust_decimal::Decimal;

use crate::data::session::{Ids, Session};
use crate::data::value::to_stored;
use crate::error::{Answer, ApiError};
use crate::more::dimensions::Dimensions;

/// Accounts that posting uses, after the Norwegian standard chart (NS 4102).
pub(crate) mod account {
    pub(crate) const INVENTORY: &str = "1460";
    pub(crate) const RECEIVABLES: &str = "1500";
    pub(crate) const BANK: &str = "1920";
    pub(crate) const RETAINED_EARNINGS: &str = "2080";
    pub(crate) const PAYABLES: &str = "2400";
    pub(crate) const OUTPUT_TAX: &str = "2700";
    pub(crate) const INPUT_TAX: &str = "2710";
    pub(crate) const SALES: &str = "3000";
    pub(crate) const DISCOUNTS_GRANTED: &str = "3090";
    pub(crate) const SALES_ABROAD: &str = "3100";
    pub(crate) const COST_OF_GOODS: &str = "4300";
    pub(crate) const DISCOUNTS_RECEIVED: &str = "4380";
    pub(crate) const ADJUSTMENTS: &str = "4390";
    pub(crate) const ROUNDING: &str = "7740";
    pub(crate) const CURRENCY_GAINS: &str = "8060";
    pub(crate) const CURRENCY_LOSSES: &str = "8160";
}

/// Entries of one posting, which must add up to nothing.
pub(crate) struct Journal {
    pub date: Date,
    pub document: String,
    /// A member of the entries' documentType.
    pub kind: &'static str,
    pub description: String,
    entries: Vec<Entry>,
}

struct Entry {
    account: String,
    dimensions: Dimensions,
    amount: Decimal,
}

impl Journal {
    pub(crate) fn new(date: Date, document: &str, kind: &'static str, description: String) -> Journal {
        Journal { date, document: document.to_owned(), kind, description, entries: Vec::new() }
    }

    /// Adds an amount to an account: positive is debit. Amounts on the same account become one entry.
    pub(crate) fn add(&mut self, account: &str, amount: Decimal) {
        self.add_of(account, amount, &Dimensions::default());
    }

    /// The same with the dimensions of a document, a line or a journal line; amounts with other dimensions become entries of their own.
    pub(crate) fn add_of(&mut self, account: &str, amount: Decimal, dimensions: &Dimensions) {
        match self.entries.iter_mut().find(|earlier| earlier.account == account && earlier.dimensions == *dimensions) {
            Some(entry) => entry.amount += amount,
            None => self.entries.push(Entry { account: account.to_owned(), dimensions: dimensions.clone(), amount }),
        }
    }

    /// What is missing to nothing.
    pub(crate) fn difference(&self) -> Decimal {
        -self.entries.iter().map(|entry| entry.amount).sum::<Decimal>()
    }

    /// Writes the entries.
    pub(crate) fn post(self, session: &Session) -> Answer<()> {
        if !self.difference().is_zero() {
            return Err(ApiError::rule(format!(
                "Document No. {} is out of balance by {}. Please check that Posting Date, Document Type, Document No. and Amount are correct for each line.",
                self.document,
                (-self.difference()).normalize()
            )));
        }
        let first = session.next_entry("generalLedgerEntries")?;
        for (number, Entry { account, dimensions, amount }) in (first..).zip(self.entries.iter().filter(|entry| !entry.amount.is_zero())) {
            let mut row = session.blank("generalLedgerEntries")?;
            row.put("entryNumber", number);
            row.put("postingDate", self.date);
            row.put("documentNumber", self.document.as_str());
            row.put("documentType", self.kind);
            row.put("accountId", move_account(session, account, *amount)?);
            row.put("accountNumber", account.as_str());
            row.put("description", shortened(&self.description));
            row.put_decimal("debitAmount", (*amount).max(Decimal::ZERO))?;
            row.put_decimal("creditAmount", (-*amount).max(Decimal::ZERO))?;
            session.insert(&mut row)?;
            dimensions.put_on(session, &row)?;
        }
        Ok(())
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(100).collect()
}

pub(crate) fn out_of_range() -> ApiError {
    ApiError::new(400, "Application_EvaluateException", "An amount is outside the permitted range.")
}

pub(crate) fn stored(amount: Decimal) -> Answer<i64> {
    to_stored(amount).ok_or_else(out_of_range)
}

/// Moves an account's balance, and gives its id.
fn move_account(session: &Session, number: &str, amount: Decimal) -> Answer<String> {
    let sql = "UPDATE accounts SET \"netChange\" = \"netChange\" + ? WHERE company = ? AND number = ? RETURNING id";
    let id: Option<String> =
        session.connection.prepare_cached(sql)?.query_row(params![stored(amount)?, session.company.get(), number], |row| row.get(0)).optional()?;
    if matches!(session.ids, Ids::Random) {
        // A seed computes the totals once, at its end.
        let sql = "UPDATE accounts SET \"netChange\" = \"netChange\" + ?1 WHERE company = ?2 AND _from <> '' AND _from <= ?3 AND ?3 <= _to";
        session.connection.prepare_cached(sql)?.execute(params![stored(amount)?, session.company.get(), number])?;
    }
    id.ok_or_else(|| ApiError::rule(format!("The G/L Account {number} that posting needs does not exist.")))
}

/// Computes the accounts that total others anew.
pub(crate) fn total_accounts(session: &Session) -> Answer<()> {
    let sql = "UPDATE accounts AS t SET \"netChange\" = (SELECT coalesce(sum(a.\"netChange\"), 0) FROM accounts a \
               WHERE a.company = t.company AND a.\"accountType\" = 'Posting' AND a.number BETWEEN t._from AND t._to) \
               WHERE t.company = ? AND t._from <> ''";
    session.connection.prepare_cached(sql)?.execute([session.company.get()])?;
    Ok(())
}
