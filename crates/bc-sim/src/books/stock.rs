//! The stock: what items enter and leave it, and what they cost. Goods move when they are shipped or received; their cost
//! and sales amount come with the invoice. What leaves costs the average of what is there, so that an empty stock is worth nothing.

use jiff::civil::Date;
use rusqlite::params;
use rust_decimal::Decimal;

use crate::books::amounts;
use crate::books::ledger::{Journal, account, out_of_range, stored};
use crate::data::row::Row;
use crate::data::session::Session;
use crate::data::value::{cents, from_stored};
use crate::error::{Answer, ApiError};

/// Goods that enter or leave.
pub(crate) struct Move<'a> {
    pub item: &'a Row,
    pub date: Date,
    /// Positive into the stock.
    pub quantity: Decimal,
    pub entry_type: &'static str,
    pub document: &'a str,
    pub document_type: &'static str,
    pub source: &'a str,
    pub source_type: &'static str,
}

/// What goods are worth once they are invoiced.
pub(crate) struct Worth {
    pub sales: Decimal,
    /// With the sign of the quantity.
    pub cost: Decimal,
}

/// How what moves is to be valued.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Valuation {
    /// At this cost, with the sign of the quantity.
    At(Decimal),
    /// At the average of what is in stock.
    Average,
}

/// Moves goods that an order ships or receives: they are invoiced later, line by line.
pub(crate) fn ship(session: &Session, moved: &Move, line: &str) -> Answer<()> {
    let mut row = entry(session, moved)?;
    row.put("_line", line);
    row.put_decimal("_open", moved.quantity)?;
    session.insert(&mut row)?;
    move_inventory(session, moved.item, moved.quantity)
}

/// Moves goods that are invoiced at once; gives their cost, with the sign of the quantity.
pub(crate) fn move_invoiced(session: &Session, moved: &Move, sales: Decimal, valuation: Valuation) -> Answer<Decimal> {
    let cost = value(session, moved.item, moved.quantity, valuation)?;
    let mut row = entry(session, moved)?;
    row.put_decimal("salesAmountActual", sales)?;
    row.put_decimal("costAmountActual", cost)?;
    session.insert(&mut row)?;
    move_inventory(session, moved.item, moved.quantity)?;
    move_value(session, moved.item, moved.quantity, cost)?;
    Ok(cost)
}

/// Invoices goods that a line of an order has moved before, oldest first; gives their cost, with the sign of the quantity.
pub(crate) fn invoice_moved(session: &Session, line: &str, item: &Row, quantity: Decimal, sales: Decimal, valuation: Valuation) -> Answer<Decimal> {
    let cost = value(session, item, quantity, valuation)?;
    let mut left = Worth { sales, cost };
    let mut unplaced = quantity;
    for mut row in session.all_by("itemLedgerEntries", "_line", line)? {
        let open = row.decimal("_open");
        let taken = if open.abs() <= unplaced.abs() { open } else { unplaced };
        if taken.is_zero() {
            continue;
        }
        let share = |whole: Decimal| if taken == unplaced { Some(whole) } else { whole.checked_mul(taken)?.checked_div(unplaced).map(cents) };
        let worth = Worth { sales: share(left.sales).ok_or_else(out_of_range)?, cost: share(left.cost).ok_or_else(out_of_range)? };
        row.put_decimal("_open", open - taken)?;
        row.put_decimal("salesAmountActual", row.decimal("salesAmountActual") + worth.sales)?;
        row.put_decimal("costAmountActual", row.decimal("costAmountActual") + worth.cost)?;
        session.save(&mut row)?;
        left.sales -= worth.sales;
        left.cost -= worth.cost;
        unplaced -= taken;
    }
    if !unplaced.is_zero() {
        return Err(ApiError::internal("An order invoices more than it has moved."));
    }
    move_value(session, item, quantity, cost)?;
    Ok(cost)
}

fn entry(session: &Session, moved: &Move) -> Answer<Row> {
    check_available(session, moved)?;
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
    Ok(row)
}

/// What is there now: quantity, the part of it that is invoiced, and the cost of that part.
struct Level {
    quantity: Decimal,
    valued: Decimal,
    value: Decimal,
}

fn level(session: &Session, item: &Row) -> Answer<Level> {
    let sql = "SELECT inventory, _valued, _value FROM items WHERE company = ? AND id = ?";
    Ok(session.connection.prepare_cached(sql)?.query_row(params![session.company.get(), item.id()], |row| {
        Ok(Level { quantity: from_stored(row.get(0)?), valued: from_stored(row.get(1)?), value: from_stored(row.get(2)?) })
    })?)
}

/// Nothing leaves that is not there.
fn check_available(session: &Session, moved: &Move) -> Answer<()> {
    if !session.switches.prevents_negative_stock || !moved.quantity.is_sign_negative() {
        return Ok(());
    }
    if level(session, moved.item)?.quantity + moved.quantity < Decimal::ZERO {
        return Err(ApiError::rule(format!("You have insufficient quantity of Item {} on inventory.", moved.item.text("number"))));
    }
    Ok(())
}

/// What a quantity is worth, in whole cents, with its sign.
fn value(session: &Session, item: &Row, quantity: Decimal, valuation: Valuation) -> Answer<Decimal> {
    match valuation {
        Valuation::At(cost) => Ok(cost),
        Valuation::Average => average(&level(session, item)?, quantity, item.decimal("unitCost")).ok_or_else(out_of_range),
    }
}

/// The average cost of that quantity; at the item's unit cost for what the stock gives no cost of.
fn average(level: &Level, quantity: Decimal, unit_cost: Decimal) -> Option<Decimal> {
    if level.valued <= Decimal::ZERO {
        return amounts::cost(quantity, unit_cost);
    }
    if -quantity >= level.valued {
        return amounts::cost(quantity + level.valued, unit_cost).map(|cost| cost - level.value);
    }
    quantity.checked_mul(level.value)?.checked_div(level.valued).map(cents)
}

fn move_inventory(session: &Session, item: &Row, quantity: Decimal) -> Answer<()> {
    let sql = "UPDATE items SET inventory = inventory + ? WHERE company = ? AND id = ?";
    session.connection.prepare_cached(sql)?.execute(params![stored(quantity)?, session.company.get(), item.id()])?;
    Ok(())
}

fn move_value(session: &Session, item: &Row, quantity: Decimal, cost: Decimal) -> Answer<()> {
    let sql = "UPDATE items SET _valued = _valued + ?, _value = _value + ? WHERE company = ? AND id = ?";
    session.connection.prepare_cached(sql)?.execute(params![stored(quantity)?, stored(cost)?, session.company.get(), item.id()])?;
    Ok(())
}

/// Posts a positive or negative adjustment of an item's stock against an account.
pub(crate) fn adjust(session: &Session, item: &Row, difference: Decimal, date: Date, against: &str) -> Answer<()> {
    let document = session.next_number("ITEM-JNL")?;
    let negative = difference.is_sign_negative();
    let moved = Move {
        item,
        date,
        quantity: difference,
        entry_type: if negative { "Negative Adjmt." } else { "Positive Adjmt." },
        document: &document,
        document_type: " ",
        source: item.text("number"),
        source_type: "Item",
    };
    let valuation = if negative { Valuation::Average } else { Valuation::At(amounts::cost(difference, item.decimal("unitCost")).ok_or_else(out_of_range)?) };
    let cost = move_invoiced(session, &moved, Decimal::ZERO, valuation)?;
    let mut journal = Journal::new(date, &document, " ", format!("Inventory adjustment, {}", item.text("displayName")));
    journal.add(account::INVENTORY, cost);
    journal.add(against, -cost);
    journal.post(session)
}

#[cfg(test)]
#[path = "stock_tests.rs"]
mod tests;
