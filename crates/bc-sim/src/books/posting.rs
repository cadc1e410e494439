//! Posting: a draft enters the books.

use jiff::civil::Date;
use rusqlite::params;
use rust_decimal::Decimal;

use crate::books::document::{Form, PURCHASE_INVOICE, Side, Stage};
use crate::books::ledger::{Journal, account, out_of_range};
use crate::books::open_items::{self, OpenItem};
use crate::books::stock::{self, Move, Valuation};
use crate::books::{calendar, documents, lines};
use crate::data::row::Row;
use crate::data::session::Session;
use crate::data::value::{cents, from_stored};
use crate::error::{Answer, ApiError};
use crate::more::dimensions::Dimensions;

/// Posts an invoice or credit memo that is a draft.
pub(crate) fn post(session: &Session, form: &'static Form, header: &mut Row) -> Answer<()> {
    documents::check_draft(form, header)?;
    let mut rows = session.all_by(form.lines, "documentId", header.id())?;
    check_postable(session, form, header, &rows)?;
    header.put("number", session.next_number(form.posted)?);
    enter_books(session, form, header, &mut rows, Goods::Now)?;
    session.save(header)?;
    if form.stage == Stage::CreditMemo && header.refers("invoiceId") {
        let date = header.date("postingDate").unwrap_or(session.today);
        open_items::apply(session, form.side, header.text("invoiceId"), header.id(), date, header.text("number"))?;
        *header = session.get(form.set, header.id())?;
    }
    Ok(())
}

/// What must be true before anything is written.
pub(crate) fn check_postable(session: &Session, form: &Form, header: &Row, rows: &[Row]) -> Answer<()> {
    if !rows.iter().any(|row| row.text("lineType") != "Comment" && !row.decimal("quantity").is_zero()) {
        return Err(ApiError::rule("There is nothing to post."));
    }
    check_partner(session, form, header)?;
    let date = header.date("postingDate").unwrap_or(session.today);
    calendar::check(session, date, &in_header(form, header))?;
    for row in rows.iter().filter(|row| row.text("lineType") == "Item") {
        if let Some(item) = session.find("items", row.text("itemId"))?.filter(|item| item.flag("blocked")) {
            return Err(lines::blocked(&item));
        }
    }
    if form.side == Side::Purchase {
        check_vendor_number(session, form, header)?;
    }
    if header.decimal("totalAmountIncludingTax").is_sign_negative() {
        return Err(ApiError::rule(match form.stage {
            Stage::CreditMemo => "The total amount for the credit memo must be 0 or greater.",
            Stage::Quote | Stage::Order | Stage::Invoice => "The total amount for the invoice must be 0 or greater.",
        }));
    }
    Ok(())
}

fn in_header(form: &Form, header: &Row) -> String {
    let table = if form.side == Side::Sales { "Sales Header" } else { "Purchase Header" };
    let kind = match form.stage {
        Stage::Quote => "Quote",
        Stage::Order => "Order",
        Stage::Invoice => "Invoice",
        Stage::CreditMemo => "Credit Memo",
    };
    format!("{table} Document Type='{kind}',No.='{}'", header.text("number"))
}

fn check_partner(session: &Session, form: &Form, header: &Row) -> Answer<()> {
    let names = form.side.partner();
    let partner = session.get(names.set, header.text(names.id))?;
    let blocked = partner.text("blocked");
    let refused = match form.stage {
        Stage::CreditMemo => blocked == "All",
        Stage::Quote | Stage::Order | Stage::Invoice => ["All", "Invoice"].contains(&blocked) || blocked == "Ship" && form.stage == Stage::Order,
    };
    if refused {
        return Err(ApiError::rule(format!(
            "You cannot post this type of document when {} {} is blocked with type {blocked}.",
            if form.side == Side::Sales { "Customer" } else { "Vendor" },
            partner.text("number")
        )));
    }
    Ok(())
}

/// A vendor's document carries the vendor's own number, once.
fn check_vendor_number(session: &Session, form: &Form, header: &Row) -> Answer<()> {
    let (column, caption) = match form.stage {
        Stage::CreditMemo => ("vendorCreditMemoNumber", "Vendor Cr. Memo No."),
        Stage::Invoice => ("vendorInvoiceNumber", "Vendor Invoice No."),
        Stage::Quote | Stage::Order => return Ok(()),
    };
    let number = header.text(column);
    if number.is_empty() {
        return Err(ApiError::rule(format!(
            "You need to enter the document number of the document from the vendor in the {caption} field, so that this document stays linked to the original."
        )));
    }
    if has_vendor_number(session, form, column, header.text("vendorNumber"), number)? {
        let kind = if form.set == PURCHASE_INVOICE.set { "Invoice" } else { "Credit Memo" };
        return Err(ApiError::rule(format!("Purchase {kind} {number} already exists for this vendor.")));
    }
    Ok(())
}

/// Whether a posted document of the vendor has that number of the vendor's.
pub(crate) fn has_vendor_number(session: &Session, form: &Form, column: &str, vendor: &str, number: &str) -> Answer<bool> {
    let sql = format!("SELECT 1 FROM \"{}\" WHERE company = ? AND \"{column}\" = ? AND \"vendorNumber\" = ? AND _posted = 1", form.set);
    Ok(session.connection.prepare_cached(&sql)?.exists(params![session.company.get(), number, vendor])?)
}

/// Plus for what a partner owes or is owed, minus for what is taken back.
fn sign(form: &Form) -> Decimal {
    if form.stage == Stage::CreditMemo { -Decimal::ONE } else { Decimal::ONE }
}

/// When a document's goods move.
#[derive(Clone, Copy)]
pub(crate) enum Goods<'a> {
    /// With its posting.
    Now,
    /// They have moved before, by these lines of an order: one id for each row.
    Moved(&'a [String]),
}

/// Writes all ledgers for a document whose number is final, and sets its state; the caller saves it.
pub(crate) fn enter_books(session: &Session, form: &'static Form, header: &mut Row, rows: &mut [Row], goods: Goods) -> Answer<()> {
    let date = header.date("postingDate").unwrap_or(session.today);
    let title = format!("{}, {}", capitalised(form.noun()), header.text(form.side.partner().name));
    let mut journal = Journal::new(date, header.text("number"), kind(form), title);
    let mut net = Decimal::ZERO;
    for (index, row) in rows.iter_mut().enumerate().filter(|(_, row)| !row.decimal("quantity").is_zero()) {
        let line = match goods {
            Goods::Now => None,
            Goods::Moved(lines) => lines.get(index).map(String::as_str),
        };
        net += enter_line(session, form, header, row, line, &mut journal)?;
    }
    let total = header.decimal("totalAmountIncludingTax") * sign(form);
    let total_local = local(total, header)?;
    let dimensions = Dimensions::of(session, if matches!(goods, Goods::Moved(_)) { header.text("orderId") } else { header.id() })?;
    match form.side {
        Side::Sales => journal.add_of(account::RECEIVABLES, total_local, &dimensions),
        Side::Purchase => journal.add_of(account::PAYABLES, -total_local, &dimensions),
    }
    // Lines are rounded one by one, the total once: in a foreign currency they can differ by a few cents.
    let rounding = journal.difference();
    journal.add_of(account::ROUNDING, rounding, &dimensions);
    open_items::open(session, &open_item(form, header, &journal, (total, total_local, net)))?;
    journal.post(session)?;
    header.put("_posted", true);
    header.put_decimal("remainingAmount", total * sign(form))?;
    header.put("status", if total.is_zero() { "Paid" } else { "Open" });
    Ok(())
}

fn kind(form: &Form) -> &'static str {
    if form.stage == Stage::CreditMemo { "Credit Memo" } else { "Invoice" }
}

/// The partner's entry for a document: in its currency, in the local one, and without tax.
fn open_item<'a>(form: &Form, header: &'a Row, journal: &'a Journal, (amount, local, net): (Decimal, Decimal, Decimal)) -> OpenItem<'a> {
    let external = ["externalDocumentNumber", "vendorInvoiceNumber", "vendorCreditMemoNumber"];
    OpenItem {
        side: form.side,
        partner: header.text(form.side.partner().pay_id),
        document: header.id(),
        number: &journal.document,
        kind: kind(form),
        external: external.iter().map(|column| header.text(column)).find(|text| !text.is_empty()).unwrap_or_default(),
        description: &journal.description,
        date: journal.date,
        due: if form.stage == Stage::CreditMemo { journal.date } else { header.date("dueDate").unwrap_or(journal.date) },
        currency: header.text("currencyCode"),
        amount,
        local,
        net,
    }
}

/// Adds a line's amounts to the journal and moves its goods; gives its amount without tax, in the local currency.
fn enter_line(session: &Session, form: &'static Form, header: &Row, row: &mut Row, line: Option<&str>, journal: &mut Journal) -> Answer<Decimal> {
    let net = local(row.decimal("netAmount"), header)? * sign(form);
    let tax = local(row.decimal("netTaxAmount"), header)? * sign(form);
    let item = stock_item(session, row)?;
    let dimensions = Dimensions::of(session, line.unwrap_or(row.id()))?;
    match form.side {
        Side::Sales => {
            journal.add_of(&sales_account(header, row), -net, &dimensions);
            journal.add_of(account::OUTPUT_TAX, -tax, &dimensions);
        }
        Side::Purchase => {
            let target = if item.is_some() { account::INVENTORY.to_owned() } else { expense_account(row) };
            journal.add_of(&target, net, &dimensions);
            journal.add_of(account::INPUT_TAX, tax, &dimensions);
        }
    }
    if let Some(item) = item {
        let cost = move_stock(session, form, header, row, &item, net, line)?;
        if form.side == Side::Sales {
            journal.add_of(account::COST_OF_GOODS, -cost, &dimensions);
            journal.add_of(account::INVENTORY, cost, &dimensions);
        }
        row.put_decimal("_cost", cost)?;
        row.put("_costOf", row.whole("quantity"));
        session.save(row)?;
    }
    Ok(net)
}

/// An amount of a document in the local currency, in whole cents.
fn local(amount: Decimal, header: &Row) -> Answer<Decimal> {
    amount.checked_mul(from_stored(header.whole("_rate"))).map(cents).ok_or_else(out_of_range)
}

fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map(|first| first.to_uppercase().chain(characters).collect()).unwrap_or_default()
}

fn sales_account(header: &Row, row: &Row) -> String {
    if row.text("lineType") == "Account" {
        row.text("lineObjectNumber").to_owned()
    } else if header.flag("_domestic") {
        account::SALES.to_owned()
    } else {
        account::SALES_ABROAD.to_owned()
    }
}

fn expense_account(row: &Row) -> String {
    if row.text("lineType") == "Account" { row.text("lineObjectNumber").to_owned() } else { account::COST_OF_GOODS.to_owned() }
}

pub(crate) fn stock_item(session: &Session, row: &Row) -> Answer<Option<Row>> {
    if row.text("lineType") != "Item" {
        return Ok(None);
    }
    Ok(session.find("items", row.text("itemId"))?.filter(|item| item.text("type") == "Inventory"))
}

/// Goods leave with a sale at their cost, and come with a purchase at its price; what comes back costs what it cost when it
/// left. Gives their cost, with the sign of the quantity.
fn move_stock(session: &Session, form: &Form, header: &Row, row: &Row, item: &Row, net: Decimal, line: Option<&str>) -> Answer<Decimal> {
    let names = form.side.partner();
    let quantity = row.decimal("quantity") * sign(form);
    let (quantity, sales, valuation) = match form.side {
        Side::Sales => (-quantity, net, returned_cost(row)?),
        Side::Purchase => (quantity, Decimal::ZERO, Valuation::At(net)),
    };
    if let Some(line) = line {
        return stock::invoice_moved(session, line, item, quantity, sales, valuation);
    }
    let moved = Move {
        item,
        date: header.date("postingDate").unwrap_or(session.today),
        quantity,
        entry_type: if form.side == Side::Sales { "Sale" } else { "Purchase" },
        document: header.text("number"),
        document_type: match (form.side, form.stage) {
            (Side::Sales, Stage::CreditMemo) => "Sales Credit Memo",
            (Side::Sales, _) => "Sales Invoice",
            (Side::Purchase, Stage::CreditMemo) => "Purchase Credit Memo",
            (Side::Purchase, _) => "Purchase Invoice",
        },
        source: header.text(names.number),
        source_type: if form.side == Side::Sales { "Customer" } else { "Vendor" },
    };
    stock::move_invoiced(session, &moved, sales, valuation)
}

/// A line that was copied from a posted one takes back what that one cost.
fn returned_cost(row: &Row) -> Answer<Valuation> {
    let of = row.decimal("_costOf");
    if of.is_zero() {
        return Ok(Valuation::Average);
    }
    let share = row.decimal("_cost").checked_mul(row.decimal("quantity")).and_then(|product| product.checked_div(of)).map(cents);
    Ok(Valuation::At(-share.ok_or_else(out_of_range)?))
}

/// Copies a document's header into another form: fields of the same name, the dates of the new one.
pub(crate) fn copy_header(session: &Session, to: &'static Form, source: &Row, date: Date) -> Answer<Row> {
    let mut header = session.blank(to.set)?;
    for column in &source.table.columns {
        if !["id", "number", "status", "lastModifiedDateTime", "_posted", "_cause", "_discounted"].contains(&column.name.as_str())
            && let Some(cell) = source.cell(&column.name)
        {
            header.put(&column.name, cell.clone());
        }
    }
    header.put(to.date, date);
    header.put("status", "Draft");
    Ok(header)
}

/// Copies a line into another form with that quantity; the price follows under its new name.
pub(crate) fn copy_line(session: &Session, from: &Form, to: &'static Form, source: &Row, quantity: Decimal) -> Answer<Row> {
    let mut row = session.blank(to.lines)?;
    for column in &source.table.columns {
        if !["id", "documentId"].contains(&column.name.as_str())
            && let Some(cell) = source.cell(&column.name)
        {
            row.put(&column.name, cell.clone());
        }
    }
    row.put_decimal(to.price, source.decimal(from.price))?;
    for zero in ["shippedQuantity", "receivedQuantity", "invoicedQuantity"] {
        row.put(zero, 0);
    }
    if source.decimal("quantity") != quantity {
        row.put("_byAmount", false);
    }
    lines::set_quantity(to, &mut row, quantity)?;
    Ok(row)
}
