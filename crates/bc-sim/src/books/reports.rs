//! Reports: sets whose rows are computed from the ledgers for the period that the request's `$filter` asks for. The rows
//! go to a temporary table of the set's name, which reading then treats like any other.
//!
//! Which dates count without a filter, and what each column holds, is read in the public source of the report pages
//! (docs/business-central.md, section 12): the trial balance is that of today, the statements run from 1 January.

use std::collections::HashMap;

use jiff::ToSpan;
use jiff::civil::Date;
use rusqlite::params;
use rust_decimal::Decimal;

use crate::books::document::Side;
use crate::books::statements::{self, Statement};
use crate::data::dates;
use crate::data::facts::EntitySet;
use crate::data::layout::{self, Table};
use crate::data::row::Row;
use crate::data::session::Session;
use crate::data::value::{NO_DATE, NO_ID, from_stored};
use crate::error::{Answer, ApiError};
use crate::odata::filter::{Compare, Expr};
use crate::odata::literal::Literal;

/// What a report set shows.
#[derive(Clone, Copy)]
enum Report {
    TrialBalance,
    Statement(Statement),
    Aged(Side),
    /// Sales by customer, purchases by vendor.
    Turnover(Side),
}

fn report(set: &str) -> Option<Report> {
    match set {
        "trialBalances" => Some(Report::TrialBalance),
        "balanceSheets" => Some(Report::Statement(Statement::BalanceSheet)),
        "incomeStatements" => Some(Report::Statement(Statement::Income)),
        "cashFlowStatements" => Some(Report::Statement(Statement::CashFlow)),
        "retainedEarningsStatements" => Some(Report::Statement(Statement::RetainedEarnings)),
        "agedAccountsReceivables" => Some(Report::Aged(Side::Sales)),
        "agedAccountsPayables" => Some(Report::Aged(Side::Purchase)),
        "customerSales" => Some(Report::Turnover(Side::Sales)),
        "vendorPurchases" => Some(Report::Turnover(Side::Purchase)),
        _ => None,
    }
}

/// Computes the rows of a report set for this request; nothing for any other set.
pub(crate) fn prepare(session: &Session, set: &EntitySet, filter: Option<&Expr>) -> Answer<()> {
    let (Some(report), Some(table)) = (report(&set.name), set.table.as_ref()) else { return Ok(()) };
    let table = session.table(&table.name)?;
    let mut rows = match report {
        Report::TrialBalance => trial_balance(session, table, &Period::of(filter, "dateFilter"))?,
        Report::Statement(statement) => statements::rows(session, table, statement, &Period::of(filter, "dateFilter"))?,
        Report::Aged(side) => aged(session, table, side, filter)?,
        Report::Turnover(side) => turnover(session, table, side, &Period::of(filter, "dateFilter_FilterOnly"))?,
    };
    session.connection.execute_batch(&layout::create_temporary(table))?;
    session.connection.prepare_cached(&format!("DELETE FROM \"{}\"", table.name))?.execute([])?;
    let company = session.company.get();
    let mut insert = session.connection.prepare_cached(&table.insert)?;
    for row in &mut rows {
        row.version = 1;
        let mut values: Vec<&dyn rusqlite::ToSql> = vec![&company, &row.version];
        values.extend(row.cells().iter().map(|cell| cell as &dyn rusqlite::ToSql));
        insert.execute(values.as_slice())?;
    }
    Ok(())
}

/// The dates that a filter leaves of a date property. Only what is joined by `and` narrows them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Period {
    pub from: Option<Date>,
    pub to: Option<Date>,
}

impl Period {
    /// The period that a filter over that property asks for.
    pub(crate) fn of(filter: Option<&Expr>, property: &str) -> Period {
        let mut period = Period::default();
        if let Some(expr) = filter {
            period.narrow(expr, property);
        }
        period
    }

    fn narrow(&mut self, expr: &Expr, property: &str) {
        match expr {
            Expr::And(terms) => terms.iter().for_each(|term| self.narrow(term, property)),
            Expr::Compare(subject, compare, Literal::Text(text)) if subject.property.name == property => {
                let Ok(date) = text.parse::<Date>() else { return };
                match compare {
                    Compare::Eq => {
                        self.start(date);
                        self.end(date);
                    }
                    Compare::Ge => self.start(date),
                    Compare::Gt => self.start(date.checked_add(1.day()).unwrap_or(date)),
                    Compare::Le => self.end(date),
                    Compare::Lt => self.end(date.checked_sub(1.day()).unwrap_or(date)),
                    Compare::Ne => {}
                }
            }
            Expr::Compare(..) | Expr::Or(_) | Expr::In(..) | Expr::Text(..) | Expr::Ignored => {}
        }
    }

    fn start(&mut self, date: Date) {
        self.from = Some(self.from.map_or(date, |from| from.max(date)));
    }

    fn end(&mut self, date: Date) {
        self.to = Some(self.to.map_or(date, |to| to.min(date)));
    }

    /// The date that the rows show: the last of the period.
    pub(crate) fn shown(&self, today: Date) -> Date {
        self.to.unwrap_or_else(|| self.from.map_or(today, |from| from.max(today)))
    }

    fn first(&self) -> String {
        self.from.map_or_else(|| NO_DATE.to_owned(), |date| date.to_string())
    }

    fn last(&self) -> String {
        self.to.map_or_else(|| "9999-12-31".to_owned(), |date| date.to_string())
    }
}

/// What an account's entries add up to.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Turnover {
    /// Debits and credits within the period.
    pub debit: Decimal,
    pub credit: Decimal,
    /// Balance at the period's end; debit is positive.
    pub balance: Decimal,
}

impl Turnover {
    /// Change within the period; debit is positive.
    pub(crate) fn change(&self) -> Decimal {
        self.debit - self.credit
    }
}

/// Each account's turnover in a period, by number; accounts without entries are absent.
pub(crate) fn turnovers(session: &Session, period: &Period) -> Answer<HashMap<String, Turnover>> {
    let sql = "SELECT \"accountNumber\", sum(CASE WHEN \"postingDate\" >= ?2 THEN \"debitAmount\" ELSE 0 END), \
               sum(CASE WHEN \"postingDate\" >= ?2 THEN \"creditAmount\" ELSE 0 END), sum(\"debitAmount\" - \"creditAmount\") \
               FROM \"generalLedgerEntries\" WHERE company = ?1 AND \"postingDate\" <= ?3 GROUP BY \"accountNumber\"";
    let mut statement = session.connection.prepare_cached(sql)?;
    let rows = statement.query_map(params![session.company.get(), period.first(), period.last()], |row| {
        let turnover = Turnover { debit: from_stored(row.get(1)?), credit: from_stored(row.get(2)?), balance: from_stored(row.get(3)?) };
        Ok((row.get(0)?, turnover))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// All accounts in the order of their numbers.
pub(crate) fn accounts(session: &Session) -> Answer<Vec<Row>> {
    all(session, "accounts")
}

fn all(session: &Session, set: &str) -> Answer<Vec<Row>> {
    let table = session.table(set)?;
    let sql = format!("{} WHERE company = ? ORDER BY number", table.select);
    let mut statement = session.connection.prepare_cached(&sql)?;
    let rows = statement.query_map([session.company.get()], |row| Row::read(table, row))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Debits and credits of the period (without a filter: of today), and the balance at its end. Amounts are text.
fn trial_balance(session: &Session, table: &'static Table, asked: &Period) -> Answer<Vec<Row>> {
    let today = Period { from: Some(session.today), to: Some(session.today) };
    let period = if *asked == Period::default() { today } else { *asked };
    let turnovers = turnovers(session, &period)?;
    let line = |account: Row| {
        let mut row = Row::blank(table);
        row.put("accountId", account.id());
        row.put("number", account.text("number"));
        row.put("display", account.text("displayName"));
        row.put("accountType", account.text("accountType"));
        row.put("dateFilter", period.shown(session.today));
        if account.text("accountType") == "Posting" {
            let turnover = turnovers.get(account.text("number")).copied().unwrap_or_default();
            row.put("totalDebit", grouped(turnover.debit));
            row.put("totalCredit", grouped(turnover.credit));
            row.put("balanceAtDateDebit", grouped(turnover.balance.max(Decimal::ZERO)));
            row.put("balanceAtDateCredit", grouped((-turnover.balance).max(Decimal::ZERO)));
        }
        row
    };
    Ok(accounts(session)?.into_iter().map(line).collect())
}

/// An amount with thousands separators and two decimals, as the trial balance shows it: `72,893.84`.
fn grouped(amount: Decimal) -> String {
    let plain = format!("{amount:.2}");
    let (whole, fraction) = plain.split_once('.').unwrap_or((&plain, "00"));
    let (sign, digits) = whole.strip_prefix('-').map_or(("", whole), |digits| ("-", digits));
    let mut out = String::from(sign);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out.push('.');
    out.push_str(fraction);
    out
}

/// What is open, in four buckets by due date, and a row for all together with the empty id.
fn aged(session: &Session, table: &'static Table, side: Side, filter: Option<&Expr>) -> Answer<Vec<Row>> {
    let as_of = Period::of(filter, "agedAsOfDate").shown(session.today);
    let length = text_of(filter, "periodLengthFilter").unwrap_or_else(|| "30D".to_owned());
    let back = |date: Date| {
        dates::apply(&format!("-{length}"), date).filter(|earlier| *earlier < date).ok_or_else(|| {
            ApiError::new(400, "Application_FilterErrorException", format!("The filter '{length}' of 'periodLengthFilter' is not a length of time."))
        })
    };
    let first = back(as_of)?;
    let second = back(first)?;
    let starts = [as_of, first, second];
    let names = side.partner();
    let (id, number) = if side == Side::Sales { ("customerId", "customerNumber") } else { ("vendorId", "vendorNumber") };
    let open = open_by_due(session, starts)?;
    let mut rows = Vec::new();
    let mut totals = [Decimal::ZERO; 4];
    let fill = |row: &mut Row, buckets: [Decimal; 4]| -> Answer<()> {
        for (column, amount) in ["currentAmount", "period1Amount", "period2Amount", "period3Amount"].into_iter().zip(buckets) {
            row.put_decimal(column, amount)?;
        }
        row.put_decimal("balanceDue", buckets.iter().sum())?;
        row.put("period1Label", format!("{first} - {}", as_of.yesterday().unwrap_or(as_of)));
        row.put("period2Label", format!("{second} - {}", first.yesterday().unwrap_or(first)));
        row.put("period3Label", format!("before {second}"));
        row.put("agedAsOfDate", as_of);
        row.put("periodLengthFilter", length.as_str());
        Ok(())
    };
    for partner in all(session, names.set)? {
        let buckets = open.get(partner.id()).copied().unwrap_or_default();
        let mut row = Row::blank(table);
        row.put(id, partner.id());
        row.put(number, partner.text("number"));
        row.put("name", partner.text("displayName"));
        row.put("currencyCode", partner.text("currencyCode"));
        fill(&mut row, buckets)?;
        totals.iter_mut().zip(buckets).for_each(|(total, amount)| *total += amount);
        row.put("_place", i64::try_from(rows.len()).unwrap_or(i64::MAX));
        rows.push(row);
    }
    let mut total = Row::blank(table);
    total.put(id, NO_ID);
    total.put("name", "Total");
    fill(&mut total, totals)?;
    total.put("_place", i64::try_from(rows.len()).unwrap_or(i64::MAX));
    rows.push(total);
    Ok(rows)
}

/// What is open of each partner: due on or after the first date, then after the second, after the third, earlier.
fn open_by_due(session: &Session, starts: [Date; 3]) -> Answer<HashMap<String, [Decimal; 4]>> {
    let sql = "SELECT partner, due, sum(remaining_local) FROM _partner_entries WHERE company = ? AND open = 1 GROUP BY partner, due";
    let mut statement = session.connection.prepare_cached(sql)?;
    let mut open: HashMap<String, [Decimal; 4]> = HashMap::new();
    let mut rows = statement.query([session.company.get()])?;
    while let Some(row) = rows.next()? {
        let due: String = row.get(1)?;
        let bucket = starts.iter().position(|start| due >= start.to_string()).unwrap_or(3);
        if let Some(amount) = open.entry(row.get(0)?).or_default().get_mut(bucket) {
            *amount += from_stored(row.get(2)?);
        }
    }
    Ok(open)
}

/// The text that a filter asks a property to be.
fn text_of(filter: Option<&Expr>, property: &str) -> Option<String> {
    match filter? {
        Expr::And(terms) => terms.iter().find_map(|term| text_of(Some(term), property)),
        Expr::Compare(subject, Compare::Eq, Literal::Text(text)) if subject.property.name == property => Some(text.clone()),
        Expr::Compare(..) | Expr::Or(_) | Expr::In(..) | Expr::Text(..) | Expr::Ignored => None,
    }
}

/// What was sold to each customer, or bought from each vendor, within the period: invoices less credit memos, without tax.
fn turnover(session: &Session, table: &'static Table, side: Side, period: &Period) -> Answer<Vec<Row>> {
    let names = side.partner();
    let sql = "SELECT coalesce(sum(net_local), 0) FROM _partner_entries WHERE partner = ? AND posted BETWEEN ? AND ?";
    let mut statement = session.connection.prepare_cached(sql)?;
    let mut rows = Vec::new();
    for partner in all(session, names.set)? {
        let sum: i64 = statement.query_row(params![partner.id(), period.first(), period.last()], |row| row.get(0))?;
        let mut row = Row::blank(table);
        row.put(names.id, partner.id());
        row.put(names.number, partner.text("number"));
        row.put("name", partner.text("displayName"));
        row.put(if side == Side::Sales { "totalSalesAmount" } else { "totalPurchaseAmount" }, sum);
        row.put("dateFilter_FilterOnly", period.shown(session.today));
        rows.push(row);
    }
    Ok(rows)
}

#[cfg(test)]
#[path = "reports_tests.rs"]
mod tests;
