//! The ledgers: general ledger, open items of customers and vendors, stock. Entries are only ever added.

use jiff::civil::Date;
use rusqlite::{OptionalExtension, params};
use rust_decimal::Decimal;

use crate::books::amounts;
use crate::books::document::Side;
use crate::data::row::Row;
use crate::data::session::{Ids, Session};
use crate::data::value::{cents, from_stored, to_stored};
use crate::error::{Answer, ApiError};

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
    pub(crate) const SALES_ABROAD: &str = "3100";
    pub(crate) const COST_OF_GOODS: &str = "4300";
    pub(crate) const ADJUSTMENTS: &str = "4390";
    pub(crate) const ROUNDING: &str = "7740";
}

/// Entries of one posting, which must add up to nothing.
pub(crate) struct Journal {
    pub date: Date,
    pub document: String,
    /// A member of the entries' documentType.
    pub kind: &'static str,
    pub description: String,
    entries: Vec<(String, Decimal)>,
}

impl Journal {
    pub(crate) fn new(date: Date, document: &str, kind: &'static str, description: String) -> Journal {
        Journal { date, document: document.to_owned(), kind, description, entries: Vec::new() }
    }

    /// Adds an amount to an account: positive is debit. Amounts on the same account become one entry.
    pub(crate) fn add(&mut self, account: &str, amount: Decimal) {
        match self.entries.iter_mut().find(|(earlier, _)| earlier == account) {
            Some((_, sum)) => *sum += amount,
            None => self.entries.push((account.to_owned(), amount)),
        }
    }

    /// What is missing to nothing.
    pub(crate) fn difference(&self) -> Decimal {
        -self.entries.iter().map(|(_, amount)| *amount).sum::<Decimal>()
    }

    /// Writes the entries.
    pub(crate) fn post(self, session: &Session) -> Answer<()> {
        if !self.difference().is_zero() {
            return Err(ApiError::rule(format!("The transaction is out of balance by {}.", self.difference().normalize())));
        }
        let first = session.next_entry("generalLedgerEntries")?;
        for (number, (account, amount)) in (first..).zip(self.entries.iter().filter(|(_, amount)| !amount.is_zero())) {
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
        }
        Ok(())
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(100).collect()
}

/// What a quantity of an item costs.
pub(crate) fn cost(quantity: Decimal, item: &Row) -> Answer<Decimal> {
    amounts::cost(quantity, item.decimal("unitCost")).ok_or_else(out_of_range)
}

fn out_of_range() -> ApiError {
    ApiError::new(400, "Application_EvaluateException", "An amount is outside the permitted range.")
}

fn stored(amount: Decimal) -> Answer<i64> {
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

/// An item leaves or enters the stock.
pub(crate) struct ItemMove<'a> {
    pub item: &'a Row,
    pub date: Date,
    /// Positive into the stock.
    pub quantity: Decimal,
    pub entry_type: &'static str,
    pub document: &'a str,
    pub document_type: &'static str,
    pub source: &'a str,
    pub source_type: &'static str,
    pub sales: Decimal,
    /// What the goods cost, with the sign of the quantity.
    pub cost: Decimal,
}

/// Writes an item ledger entry and moves the item's inventory.
pub(crate) fn move_item(session: &Session, moved: &ItemMove) -> Answer<()> {
    let mut row = session.blank("itemLedgerEntries")?;
    row.put("entryNumber", session.next_entry("itemLedgerEntries")?);
    row.put("itemNumber", moved.item.text("number"));
    row.put("postingDate", moved.date);
    row.put("entryType", moved.entry_type);
    row.put("sourceNumber", moved.source);
    row.put("sourceType", moved.source_type);
    row.put("documentNumber", moved.document);
    row.put("documentType", moved.document_type);
    row.put("description", moved.item.text("displayName"));
    row.put_decimal("quantity", moved.quantity)?;
    row.put_decimal("salesAmountActual", moved.sales)?;
    row.put_decimal("costAmountActual", moved.cost)?;
    session.insert(&mut row)?;
    let sql = "UPDATE items SET inventory = inventory + ? WHERE company = ? AND id = ?";
    session.connection.prepare_cached(sql)?.execute(params![stored(moved.quantity)?, session.company.get(), moved.item.id()])?;
    Ok(())
}

/// Posts a positive or negative adjustment of an item's stock against an account.
pub(crate) fn adjust_item(session: &Session, item: &Row, difference: Decimal, date: Date, against: &str) -> Answer<()> {
    let document = session.next_number("ITEM-JNL")?;
    let cost = cost(difference, item)?;
    move_item(
        session,
        &ItemMove {
            item,
            date,
            quantity: difference,
            entry_type: if difference.is_sign_negative() { "Negative Adjmt." } else { "Positive Adjmt." },
            document: &document,
            document_type: " ",
            source: item.text("number"),
            source_type: "Item",
            sales: Decimal::ZERO,
            cost,
        },
    )?;
    let mut journal = Journal::new(date, &document, " ", format!("Inventory adjustment, {}", item.text("displayName")));
    journal.add(account::INVENTORY, cost);
    journal.add(against, -cost);
    journal.post(session)
}

/// An open item of a customer or vendor.
pub(crate) struct OpenItem<'a> {
    pub side: Side,
    pub partner: &'a str,
    /// The id of the document.
    pub document: &'a str,
    pub date: Date,
    pub due: Date,
    /// In the document's currency; positive is owed by the customer, or to the vendor.
    pub amount: Decimal,
    pub local: Decimal,
}

/// Writes an open item and moves the partner's balance.
pub(crate) fn open_item(session: &Session, item: &OpenItem) -> Answer<()> {
    let (amount, local) = (stored(item.amount)?, stored(item.local)?);
    session
        .connection
        .prepare_cached(
            "INSERT INTO _partner_entries (company, partner, document, posted, due, amount, amount_local, remaining, remaining_local, open) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?6, ?7, ?6 <> 0)",
        )?
        .execute(params![session.company.get(), item.partner, item.document, item.date.to_string(), item.due.to_string(), amount, local])?;
    move_balance(session, item.side, item.partner, local)
}

fn move_balance(session: &Session, side: Side, partner: &str, local: i64) -> Answer<()> {
    let names = side.partner();
    let sql = format!("UPDATE \"{0}\" SET \"{1}\" = \"{1}\" + ? WHERE company = ? AND id = ?", names.set, names.balance);
    session.connection.prepare_cached(&sql)?.execute(params![local, session.company.get(), partner])?;
    Ok(())
}

/// What is still open of a document, in its currency and in the local one.
pub(crate) fn remaining(session: &Session, document: &str) -> Answer<(Decimal, Decimal)> {
    let sql = "SELECT coalesce(sum(remaining), 0), coalesce(sum(remaining_local), 0) FROM _partner_entries WHERE document = ?";
    let (amount, local): (i64, i64) = session.connection.prepare_cached(sql)?.query_row([document], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok((from_stored(amount), from_stored(local)))
}

/// Settles part of a document's open item; gives what it was worth in the local currency. The balance moves with it.
pub(crate) fn settle(session: &Session, side: Side, partner: &str, document: &str, amount: Decimal) -> Answer<Decimal> {
    let (open, local) = remaining(session, document)?;
    let share = if amount == open { local } else { cents(local.checked_mul(amount).and_then(|product| product.checked_div(open)).unwrap_or_default()) };
    settle_at(session, side, partner, document, amount, share)?;
    Ok(share)
}

/// Settles part of a document's open item at a given worth in the local currency: what closes another item must be worth the same.
pub(crate) fn settle_at(session: &Session, side: Side, partner: &str, document: &str, amount: Decimal, share: Decimal) -> Answer<()> {
    let sql = "UPDATE _partner_entries SET remaining = remaining - ?1, remaining_local = remaining_local - ?2, open = (remaining <> ?1) \
               WHERE document = ?3 AND open = 1";
    session.connection.prepare_cached(sql)?.execute(params![stored(amount)?, stored(share)?, document])?;
    move_balance(session, side, partner, -stored(share)?)
}

/// Adds to what the customer has bought, excluding tax.
pub(crate) fn add_sales(session: &Session, customer: &str, local: Decimal) -> Answer<()> {
    let sql = "UPDATE customers SET _sales = _sales + ? WHERE company = ? AND id = ?";
    session.connection.prepare_cached(sql)?.execute(params![stored(local)?, session.company.get(), customer])?;
    Ok(())
}
