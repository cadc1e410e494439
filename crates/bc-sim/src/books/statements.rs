//! The financial statements: lines over groups of accounts. Assets, costs and expenses are shown as debits, liabilities,
//! equity and income as credits, so that all of them are usually positive.

use std::collections::HashMap;

use jiff::civil::Date;
use rust_decimal::Decimal;
use uuid::Uuid;

use crate::books::reports::{Period, Turnover, accounts, turnovers};
use crate::data::layout::Table;
use crate::data::row::Row;
use crate::data::session::Session;
use crate::error::Answer;

/// The namespace of the lines' ids.
const LINES: Uuid = Uuid::from_u128(0x2b5e_96f1_60a4_4d0c_8c3e_5b0d_9e7a_41f2);

/// Which statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Statement {
    BalanceSheet,
    Income,
    CashFlow,
    RetainedEarnings,
}

/// A line's kind on the wire.
const HEADER: &str = "header";
const DETAIL: &str = "detail";
const TOTAL: &str = "total";
const SPACER: &str = "spacer";

struct Line {
    text: String,
    amount: Decimal,
    kind: &'static str,
    indentation: i64,
}

/// The lines of a statement for a period; without one from 1 January to today (the balance sheet: as of today).
pub(crate) fn rows(session: &Session, table: &'static Table, statement: Statement, asked: &Period) -> Answer<Vec<Row>> {
    let today = session.today;
    let period = if *asked == Period::default() { Period { from: Some(today.first_of_year()), to: Some(today) } } else { *asked };
    let books = Books::read(session, &period)?;
    let lines = match statement {
        Statement::BalanceSheet => balance_sheet(session, &books, period.shown(today))?,
        Statement::Income => income(&books),
        Statement::CashFlow => cash_flow(&books),
        Statement::RetainedEarnings => retained_earnings(&books),
    };
    let amount = if statement == Statement::BalanceSheet { "balance" } else { "netChange" };
    (1i64..)
        .zip(lines)
        .map(|(number, line)| {
            let mut row = Row::blank(table);
            let name = format!("{}/{}/{number}", session.company.get(), table.name);
            row.put("id", Uuid::new_v5(&LINES, name.as_bytes()).to_string());
            row.put("lineNumber", number * 10_000);
            row.put("display", line.text);
            row.put_decimal(amount, line.amount)?;
            row.put("lineType", line.kind);
            row.put("indentation", line.indentation);
            row.put("dateFilter", period.shown(today));
            Ok(row)
        })
        .collect()
}

/// The posting accounts with what the period did to them.
struct Books {
    accounts: Vec<(Row, Turnover)>,
}

impl Books {
    fn read(session: &Session, period: &Period) -> Answer<Books> {
        let mut turnovers: HashMap<String, Turnover> = turnovers(session, period)?;
        let with_turnover = |account: Row| {
            let turnover = turnovers.remove(account.text("number")).unwrap_or_default();
            (account, turnover)
        };
        let posting = accounts(session)?.into_iter().filter(|account| account.text("accountType") == "Posting");
        Ok(Books { accounts: posting.map(with_turnover).collect() })
    }

    fn of(&self, category: &str) -> impl Iterator<Item = &(Row, Turnover)> {
        self.accounts.iter().filter(move |(account, _)| account.text("category") == category)
    }

    /// The accounts whose numbers start so.
    fn starting(&self, prefixes: &[&str]) -> impl Iterator<Item = &Turnover> {
        self.accounts.iter().filter(move |(account, _)| prefixes.iter().any(|prefix| account.text("number").starts_with(prefix))).map(|(_, turnover)| turnover)
    }

    /// What the period earned: credits less debits on income and cost accounts.
    fn result(&self) -> Decimal {
        -[INCOME, COST, EXPENSE].iter().flat_map(|category| self.of(category)).map(|(_, turnover)| turnover.change()).sum::<Decimal>()
    }

    /// What all periods up to the end of this one earned.
    fn result_to_date(&self) -> Decimal {
        -[INCOME, COST, EXPENSE].iter().flat_map(|category| self.of(category)).map(|(_, turnover)| turnover.balance).sum::<Decimal>()
    }
}

const ASSETS: &str = "Assets";
const LIABILITIES: &str = "Liabilities";
const EQUITY: &str = "Equity";
const INCOME: &str = "Income";
const COST: &str = "Cost of Goods Sold";
const EXPENSE: &str = "Expense";

#[derive(Default)]
struct Lines(Vec<Line>);

impl Lines {
    fn header(&mut self, text: &str) {
        self.push(text, Decimal::ZERO, HEADER, 0);
    }

    fn detail(&mut self, text: &str, amount: Decimal) {
        self.push(text, amount, DETAIL, 1);
    }

    fn total(&mut self, text: &str, amount: Decimal) {
        self.push(text, amount, TOTAL, 0);
    }

    fn spacer(&mut self) {
        self.push("", Decimal::ZERO, SPACER, 0);
    }

    fn push(&mut self, text: &str, amount: Decimal, kind: &'static str, indentation: i64) {
        self.0.push(Line { text: text.to_owned(), amount, kind, indentation });
    }

    /// A line for each account; gives their sum.
    fn group<'b>(&mut self, title: &str, accounts: impl Iterator<Item = &'b (Row, Turnover)>, amount: impl Fn(&Turnover) -> Decimal) -> Decimal {
        self.header(title);
        let mut sum = Decimal::ZERO;
        for (account, turnover) in accounts {
            let amount = amount(turnover);
            self.detail(account.text("displayName"), amount);
            sum += amount;
        }
        sum
    }
}

fn balance_sheet(session: &Session, books: &Books, end: Date) -> Answer<Vec<Line>> {
    let mut lines = Lines::default();
    let assets = lines.group("Assets", books.of(ASSETS), |turnover| turnover.balance);
    lines.total("Total Assets", assets);
    lines.spacer();
    let liabilities = lines.group("Liabilities", books.of(LIABILITIES), |turnover| -turnover.balance);
    lines.total("Total Liabilities", liabilities);
    lines.spacer();
    let paid_in = lines.group("Equity", books.of(EQUITY), |turnover| -turnover.balance);
    let year = Books::read(session, &Period { from: Some(end.first_of_year()), to: Some(end) })?.result();
    let earlier = books.result_to_date() - year;
    lines.detail("Net income, earlier years", earlier);
    lines.detail("Net income, this year", year);
    lines.total("Total Equity", paid_in + earlier + year);
    lines.spacer();
    lines.total("Total Liabilities and Equity", liabilities + paid_in + earlier + year);
    Ok(lines.0)
}

fn income(books: &Books) -> Vec<Line> {
    let mut lines = Lines::default();
    let income = lines.group("Income", books.of(INCOME), |turnover| -turnover.change());
    lines.total("Total Income", income);
    lines.spacer();
    let cost = lines.group("Cost of Goods Sold", books.of(COST), Turnover::change);
    lines.total("Total Cost of Goods Sold", cost);
    lines.total("Gross Profit", income - cost);
    lines.spacer();
    let expense = lines.group("Operating Expenses", books.of(EXPENSE), Turnover::change);
    lines.total("Total Operating Expenses", expense);
    lines.spacer();
    lines.total("Net Income", income - cost - expense);
    lines.0
}

/// A part of the cash flow: title, the sum's text, and what it is made of: text and the first digits of accounts.
type Group = (&'static str, &'static str, &'static [(&'static str, &'static [&'static str])]);

/// What made the cash change: the result, and what all other balances took or gave.
fn cash_flow(books: &Books) -> Vec<Line> {
    let gave = |prefixes: &[&str]| -books.starting(prefixes).map(Turnover::change).sum::<Decimal>();
    let mut lines = Lines::default();
    let groups: [Group; 3] = [
        (
            "Cash Flows from Operating Activities",
            "Net Cash Flows from Operating Activities",
            &[
                ("Trade receivables", &["15"]),
                ("Inventory", &["14"]),
                ("Prepaid costs", &["17"]),
                ("Trade payables", &["24"]),
                ("Taxes and other current liabilities", &["25", "26", "27", "28", "29"]),
            ],
        ),
        ("Cash Flows from Investing Activities", "Net Cash Flows from Investing Activities", &[("Fixed assets", &["10", "11", "12", "13"])]),
        (
            "Cash Flows from Financing Activities",
            "Net Cash Flows from Financing Activities",
            &[("Loans", &["22", "23"]), ("Capital and other equity", &["20", "21"])],
        ),
    ];
    let mut net = Decimal::ZERO;
    for (index, (title, sum, parts)) in groups.into_iter().enumerate() {
        lines.header(title);
        let mut total = Decimal::ZERO;
        if index == 0 {
            total = books.result();
            lines.detail("Net income", total);
        }
        for (text, prefixes) in parts {
            let amount = gave(prefixes);
            lines.detail(text, amount);
            total += amount;
        }
        lines.total(sum, total);
        lines.spacer();
        net += total;
    }
    let (end, change) = books.starting(&["19"]).fold((Decimal::ZERO, Decimal::ZERO), |(end, change), cash| (end + cash.balance, change + cash.change()));
    lines.total("Net Cash Increase for the Period", net);
    lines.detail("Cash at the Beginning of the Period", end - change);
    lines.total("Cash at the End of the Period", end - change + net);
    lines.0
}

/// From what was kept before the period to what is kept after it: all equity but the paid-in capital.
fn retained_earnings(books: &Books) -> Vec<Line> {
    let (balance, change) =
        books.starting(&["205", "208"]).fold((Decimal::ZERO, Decimal::ZERO), |(balance, change), kept| (balance - kept.balance, change - kept.change()));
    let result = books.result();
    let before = balance - change + books.result_to_date() - result;
    let mut lines = Lines::default();
    lines.header("Retained Earnings");
    lines.detail("Retained Earnings, Beginning of Period", before);
    lines.detail("Net Income", result);
    lines.detail("Other changes of retained earnings", change);
    lines.total("Retained Earnings, End of Period", before + result + change);
    lines.0
}
