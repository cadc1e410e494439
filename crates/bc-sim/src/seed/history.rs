//! A year of trade, day by day: purchases, sales, payments, and what is open today.

use std::collections::BTreeMap;

use jiff::ToSpan;
use jiff::civil::Date;
use rust_decimal::Decimal;

use crate::books::document::{Form, PURCHASE_INVOICE, PURCHASE_ORDER, SALES_INVOICE, SALES_ORDER, SALES_QUOTE, Side};
use crate::books::ledger::{self, Journal, account};
use crate::books::payments::{self, Payment};
use crate::books::{documents, lines, open_items, posting};
use crate::data::row::Row;
use crate::data::session::Session;
use crate::error::Answer;
use crate::seed::chance::Chance;
use crate::seed::{clock, items, month_ends, recent};

/// Days of history.
const DAYS: i64 = 365;
/// Sales and purchase invoices in it at scale 1.
const SALES: i64 = 150;
const PURCHASES: i64 = 80;

/// These pay late, or not at all: number and how many days of invoices are still open.
const SLOW: [(&str, i64); 5] = [("13000", 80), ("16000", 110), ("18000", 55), ("11000", 35), ("19000", 95)];

enum Event {
    Sale,
    Purchase,
    Payment(&'static Form, String),
    MonthEnd,
}

struct Trade<'s, 'c> {
    session: &'s Session<'c>,
    chance: &'s mut Chance,
    customers: Vec<Row>,
    goods: Vec<Row>,
    suppliers: Vec<Row>,
    purchased: u64,
    first_month_end: Date,
}

/// Posts the year.
pub(crate) fn year(session: &Session, chance: &mut Chance, scale: u32) -> Answer<()> {
    let today = session.today;
    let start = today.checked_sub(DAYS.days()).unwrap_or(today);
    clock(session, start, 7 * 60);
    opening(session, start)?;
    items::open_stock(session, start, scale)?;
    let mut trade = Trade {
        session,
        chance,
        customers: all(session, "customers")?.into_iter().filter(|row| row.text("number") != "21000").collect(),
        goods: all(session, "items")?,
        suppliers: all(session, "vendors")?,
        purchased: 0,
        first_month_end: start.last_of_month(),
    };
    let mut events: BTreeMap<Date, Vec<Event>> = BTreeMap::new();
    let scale = i64::from(scale);
    for (count, sale) in [(SALES * scale, true), (PURCHASES * scale, false)] {
        for index in 0..count {
            let day = 1 + index * (DAYS - 2) / count;
            let date = start.checked_add(day.days()).unwrap_or(today);
            events.entry(date).or_default().push(if sale { Event::Sale } else { Event::Purchase });
        }
    }
    let month_ends = month_ends::days(start, today);
    for day in &month_ends {
        events.entry(*day).or_default().push(Event::MonthEnd);
    }
    while let Some((date, happened)) = events.pop_first() {
        for (minute, event) in (0i64..).zip(happened) {
            clock(session, date, 8 * 60 + minute * 11 % 540);
            if let Some((day, payment)) = trade.happen(date, event)? {
                events.entry(day).or_default().push(payment);
            }
        }
    }
    trade.open_documents()?;
    recent::all(session)?;
    ledger::total_accounts(session)
}

fn all(session: &Session, set: &str) -> Answer<Vec<Row>> {
    let table = session.table(set)?;
    let sql = format!("{} WHERE company = ? ORDER BY number", table.select);
    let mut statement = session.connection.prepare_cached(&sql)?;
    let rows = statement.query_map([session.company.get()], |row| Row::read(table, row))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The capital that the company started with.
fn opening(session: &Session, date: Date) -> Answer<()> {
    let mut journal = Journal::new(date, &session.next_number("GENJNL")?, " ", "Opening balance".to_owned());
    journal.add(account::BANK, Decimal::from(1_500_000));
    journal.add("1250", Decimal::from(240_000));
    journal.add("2000", Decimal::from(-1_000_000));
    journal.add("2080", Decimal::from(-740_000));
    journal.post(session)
}

impl Trade<'_, '_> {
    /// One event; a posted invoice may bring its payment on a later day.
    fn happen(&mut self, date: Date, event: Event) -> Answer<Option<(Date, Event)>> {
        match event {
            Event::Sale => self.sale(date),
            Event::Purchase => self.purchase(date),
            Event::MonthEnd => {
                month_ends::book(self.session, date, self.first_month_end)?;
                Ok(None)
            }
            Event::Payment(form, id) => {
                self.pay(form, &id, date)?;
                Ok(None)
            }
        }
    }

    /// A payment of all that is open of an invoice.
    fn pay(&mut self, form: &'static Form, id: &str, date: Date) -> Answer<()> {
        let amount = open_items::remaining(self.session, id)?;
        if amount.is_zero() {
            return Ok(());
        }
        let names = form.side.partner();
        let invoice = self.session.get(form.set, id)?;
        let partner = self.session.get(names.set, invoice.text(names.pay_id))?;
        let number = self.session.next_number(if form.side == Side::Sales { "CASHRCPT" } else { "PAYMENT" })?;
        let description = format!("Payment, {}", partner.text("displayName"));
        let payment = Payment { side: form.side, partner: &partner, invoice: Some(id), amount, date, number: &number, external: "", description: &description };
        payments::through_bank(self.session, &payment)
    }

    fn sale(&mut self, date: Date) -> Answer<Option<(Date, Event)>> {
        let Some(customer) = self.chance.pick(&self.customers).cloned() else { return Ok(None) };
        let count = 1 + self.chance.below(3);
        let invoice = self.draft(SALES_INVOICE, &customer, date, count, 8)?;
        let invoice = self.post(SALES_INVOICE, invoice)?;
        Ok(self.payment(SALES_INVOICE, &invoice, customer.text("number")))
    }

    fn purchase(&mut self, date: Date) -> Answer<Option<(Date, Event)>> {
        let Some(vendor) = self.chance.pick(&self.suppliers).cloned() else { return Ok(None) };
        let mut invoice = match expense(vendor.text("number")) {
            Some((number, price)) => self.bill(&vendor, date, number, price)?,
            None => {
                let count = 1 + self.chance.below(2);
                self.draft(PURCHASE_INVOICE, &vendor, date, count, 30)?
            }
        };
        self.purchased += 1;
        invoice.put("vendorInvoiceNumber", format!("F-{}", 5000 + self.purchased * 7));
        let invoice = self.post(PURCHASE_INVOICE, invoice)?;
        Ok(self.payment(PURCHASE_INVOICE, &invoice, ""))
    }

    fn post(&mut self, form: &'static Form, mut invoice: Row) -> Answer<Row> {
        posting::post(self.session, form, &mut invoice)?;
        Ok(invoice)
    }

    /// A stored draft over random goods.
    fn draft(&mut self, form: &'static Form, partner: &Row, date: Date, count: u64, most: u64) -> Answer<Row> {
        let mut header = documents::header(self.session, form, partner, date)?;
        header.put("number", self.session.next_number(form.series)?);
        let mut rows: Vec<Row> = Vec::new();
        while (rows.len() as u64) < count {
            let Some(item) = self.chance.pick(&self.goods) else { break };
            let service = item.text("type") == "Service";
            let taken = rows.iter().any(|row| row.text("itemId") == item.id());
            if taken || service && form.side == Side::Purchase {
                continue;
            }
            let cheap = item.decimal("unitPrice") < Decimal::from(1000);
            let wanted = Decimal::from(1 + self.chance.below(if cheap { most * 2 } else { most }));
            let quantity = if form.side == Side::Sales && !service { wanted.min(self.in_stock(item)?) } else { wanted };
            if quantity.is_zero() {
                continue;
            }
            rows.push(lines::of_item(self.session, form, &header, item, quantity, rows.len())?);
        }
        if self.chance.percent(15)
            && let Some(row) = rows.first_mut()
        {
            row.put_decimal("discountPercent", Decimal::from(5))?;
        }
        documents::store(self.session, form, &mut header, &mut rows)?;
        Ok(header)
    }

    fn in_stock(&self, item: &Row) -> Answer<Decimal> {
        Ok(self.session.get("items", item.id())?.decimal("inventory").floor())
    }

    fn bill(&mut self, vendor: &Row, date: Date, number: &str, price: Decimal) -> Answer<Row> {
        let mut header = documents::header(self.session, PURCHASE_INVOICE, vendor, date)?;
        header.put("number", self.session.next_number(PURCHASE_INVOICE.series)?);
        let account = self.session.find_by("accounts", "number", number)?;
        let mut rows = Vec::new();
        if let Some(account) = account {
            rows.push(lines::of_account(self.session, PURCHASE_INVOICE, &header, &account, price, 0)?);
        }
        documents::store(self.session, PURCHASE_INVOICE, &mut header, &mut rows)?;
        Ok(header)
    }

    /// When an invoice is paid, if it is: near its due date, and never after today.
    fn payment(&mut self, form: &'static Form, invoice: &Row, customer: &str) -> Option<(Date, Event)> {
        let today = self.session.today;
        let due = invoice.date("dueDate")?;
        let delay = i64::try_from(self.chance.below(9)).ok()? - 5;
        let posted = invoice.date("postingDate")?;
        let day = due.checked_add(delay.days()).ok()?.max(posted).min(due.max(posted));
        if let Some((_, days)) = SLOW.iter().find(|(number, _)| *number == customer)
            && posted > today.checked_sub((days + 30).days()).ok()?
        {
            return None;
        }
        if day >= today {
            return None;
        }
        Some((day, Event::Payment(form, invoice.id().to_owned())))
    }

    /// Quotes, orders and drafts on the table today.
    fn open_documents(&mut self) -> Answer<()> {
        let today = self.session.today;
        let ago = |days: i64| today.checked_sub(days.days()).unwrap_or(today);
        let plan: [(&'static Form, &str, i64, &str); 19] = [
            (SALES_QUOTE, "21000", 9, "Sent"),
            (SALES_QUOTE, "12000", 6, "Sent"),
            (SALES_QUOTE, "10000", 3, "Draft"),
            (SALES_QUOTE, "20000", 1, "Draft"),
            (SALES_ORDER, "10000", 12, "Open"),
            (SALES_ORDER, "14000", 8, "Open"),
            (SALES_ORDER, "12000", 6, "Open"),
            (SALES_ORDER, "17000", 4, "Draft"),
            (SALES_ORDER, "15000", 2, "Draft"),
            (SALES_ORDER, "20000", 1, "Draft"),
            (SALES_INVOICE, "10000", 2, "Draft"),
            (SALES_INVOICE, "18000", 1, "Draft"),
            (SALES_INVOICE, "14000", 0, "Draft"),
            (PURCHASE_ORDER, "40000", 10, "Open"),
            (PURCHASE_ORDER, "43000", 5, "Open"),
            (PURCHASE_ORDER, "41000", 3, "Draft"),
            (PURCHASE_ORDER, "47000", 1, "Draft"),
            (PURCHASE_INVOICE, "42000", 2, "Draft"),
            (PURCHASE_INVOICE, "40000", 1, "Draft"),
        ];
        for (form, number, days, status) in plan {
            let names = form.side.partner();
            let Some(partner) = self.session.find_by(names.set, "number", number)? else { continue };
            clock(self.session, ago(days), 9 * 60 + days * 13);
            let count = 1 + self.chance.below(3);
            let mut header = self.draft(form, &partner, ago(days), count, 10)?;
            header.put("status", status);
            if status == "Sent" {
                header.put("sentDate", crate::data::value::stored_time(self.session.now.get()));
            }
            if form == SALES_ORDER {
                header.put("requestedDeliveryDate", today.checked_add((14 - days).days()).unwrap_or(today));
            }
            self.session.save(&mut header)?;
        }
        Ok(())
    }
}

/// What a vendor of services bills: account and amount.
fn expense(vendor: &str) -> Option<(&'static str, Decimal)> {
    match vendor {
        "44000" => Some(("4360", Decimal::from(4_850))),
        "45000" => Some(("6300", Decimal::from(32_000))),
        "46000" => Some(("6900", Decimal::from(1_890))),
        _ => None,
    }
}
