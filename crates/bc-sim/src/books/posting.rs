//! Posting: a draft enters the books, an order becomes a shipment and an invoice, a payment closes what is open.

use jiff::civil::Date;
use rust_decimal::Decimal;

use crate::books::document::{Form, PURCHASE_INVOICE, SALES_CREDIT_MEMO, SALES_INVOICE, Side, Stage};
use crate::books::ledger::{self, ItemMove, Journal, OpenItem, account};
use crate::books::{documents, lines};
use crate::data::row::Row;
use crate::data::session::Session;
use crate::data::value::{cents, from_stored};
use crate::error::{Answer, ApiError};

/// Posts an invoice or credit memo that is a draft.
pub(crate) fn post(session: &Session, form: &'static Form, header: &mut Row) -> Answer<()> {
    documents::check_draft(form, header)?;
    let rows = session.all_by(form.lines, "documentId", header.id())?;
    check_postable(session, form, header, &rows)?;
    header.put("number", session.next_number(form.posted)?);
    enter_books(session, form, header, &rows)?;
    session.save(header)
}

/// What must be true before anything is written.
fn check_postable(session: &Session, form: &Form, header: &Row, rows: &[Row]) -> Answer<()> {
    if !rows.iter().any(|row| row.text("lineType") != "Comment" && !row.decimal("quantity").is_zero()) {
        return Err(ApiError::rule("There is nothing to post."));
    }
    let names = form.side.partner();
    let partner = session.get(names.set, header.text(names.id))?;
    let blocked = partner.text("blocked");
    if ["All", "Invoice"].contains(&blocked) || blocked == "Ship" && form.stage == Stage::Order {
        return Err(ApiError::rule(format!(
            "You cannot post this type of document when {} {} is blocked with type {blocked}.",
            if form.side == Side::Sales { "Customer" } else { "Vendor" },
            partner.text("number")
        )));
    }
    if header.has("vendorCreditMemoNumber") && header.text("vendorCreditMemoNumber").is_empty() {
        return Err(ApiError::rule(
            "You need to enter the document number of the document from the vendor in the Vendor Cr. Memo No. field, so that this document stays linked to the original.",
        ));
    }
    if form.set == PURCHASE_INVOICE.set && header.text("vendorInvoiceNumber").is_empty() {
        return Err(ApiError::rule(
            "You need to enter the document number of the document from the vendor in the Vendor Invoice No. field, so that this document stays linked to the original.",
        ));
    }
    if header.has("totalAmountIncludingTax") && header.decimal("totalAmountIncludingTax").is_sign_negative() && form.stage == Stage::Invoice {
        return Err(ApiError::rule("The total amount for the invoice must be 0 or greater."));
    }
    Ok(())
}

/// Plus for what a partner owes or is owed, minus for what is taken back.
fn sign(form: &Form) -> Decimal {
    if form.stage == Stage::CreditMemo { -Decimal::ONE } else { Decimal::ONE }
}

/// Writes all ledgers for a document whose number is final, and sets its state; the caller saves it.
fn enter_books(session: &Session, form: &'static Form, header: &mut Row, rows: &[Row]) -> Answer<()> {
    let date = header.date("postingDate").unwrap_or(session.today);
    let document = header.text("number").to_owned();
    let kind = if form.stage == Stage::CreditMemo { "Credit Memo" } else { "Invoice" };
    let names = form.side.partner();
    let title = format!("{}, {}", capitalised(form.noun()), header.text(names.name));
    let mut journal = Journal::new(date, &document, kind, title);
    let rate = from_stored(header.whole("_rate"));
    let plus = sign(form);
    let mut net_local = Decimal::ZERO;
    for row in rows.iter().filter(|row| !row.decimal("quantity").is_zero()) {
        let net = cents(row.decimal("netAmount") * rate) * plus;
        let tax = cents(row.decimal("netTaxAmount") * rate) * plus;
        net_local += net;
        match form.side {
            Side::Sales => {
                journal.add(&sales_account(header, row), -net);
                journal.add(account::OUTPUT_TAX, -tax);
            }
            Side::Purchase => {
                let target = if is_stock(session, row)? { account::INVENTORY.to_owned() } else { expense_account(row) };
                journal.add(&target, net);
                journal.add(account::INPUT_TAX, tax);
            }
        }
        move_stock(session, form, header, row, net, &mut journal)?;
    }
    let total = header.decimal("totalAmountIncludingTax") * plus;
    let local = cents(total * rate);
    match form.side {
        Side::Sales => journal.add(account::RECEIVABLES, local),
        Side::Purchase => journal.add(account::PAYABLES, -local),
    }
    // Lines are rounded one by one, the total once: in a foreign currency they can differ by a few cents.
    let rounding = journal.difference();
    journal.add(account::ROUNDING, rounding);
    journal.post(session)?;
    let due = header.date("dueDate").unwrap_or(date);
    let partner = header.text(names.pay_id).to_owned();
    ledger::open_item(session, &OpenItem { side: form.side, partner: &partner, document: header.id(), date, due, amount: total, local })?;
    if form.side == Side::Sales {
        ledger::add_sales(session, header.text(names.id), net_local)?;
    }
    header.put("_posted", true);
    header.put_decimal("remainingAmount", total * plus)?;
    header.put("status", if total.is_zero() { "Paid" } else { "Open" });
    Ok(())
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

fn stock_item(session: &Session, row: &Row) -> Answer<Option<Row>> {
    if row.text("lineType") != "Item" {
        return Ok(None);
    }
    Ok(session.find("items", row.text("itemId"))?.filter(|item| item.text("type") == "Inventory"))
}

fn is_stock(session: &Session, row: &Row) -> Answer<bool> {
    Ok(stock_item(session, row)?.is_some())
}

/// Goods leave with a sale at their cost, and come with a purchase at its price.
fn move_stock(session: &Session, form: &Form, header: &Row, row: &Row, net: Decimal, journal: &mut Journal) -> Answer<()> {
    let Some(item) = stock_item(session, row)? else { return Ok(()) };
    let names = form.side.partner();
    let quantity = row.decimal("quantity") * sign(form);
    let (quantity, sales, cost) = match form.side {
        Side::Sales => (-quantity, net, -ledger::cost(quantity, &item)?),
        Side::Purchase => (quantity, Decimal::ZERO, net),
    };
    if form.side == Side::Sales {
        journal.add(account::COST_OF_GOODS, -cost);
        journal.add(account::INVENTORY, cost);
    }
    let document_type = match (form.side, form.stage) {
        (Side::Sales, Stage::CreditMemo) => "Sales Credit Memo",
        (Side::Sales, _) => "Sales Invoice",
        (Side::Purchase, Stage::CreditMemo) => "Purchase Credit Memo",
        (Side::Purchase, _) => "Purchase Invoice",
    };
    ledger::move_item(
        session,
        &ItemMove {
            item: &item,
            date: journal.date,
            quantity,
            entry_type: if form.side == Side::Sales { "Sale" } else { "Purchase" },
            document: header.text("number"),
            document_type,
            source: header.text(names.number),
            source_type: if form.side == Side::Sales { "Customer" } else { "Vendor" },
            sales,
            cost,
        },
    )
}

/// Records a payment of a posted invoice through the bank.
pub(crate) fn pay(session: &Session, form: &'static Form, header: &mut Row, amount: Decimal, date: Date) -> Answer<()> {
    let names = form.side.partner();
    let partner = header.text(names.pay_id).to_owned();
    let local = ledger::settle(session, form.side, &partner, header.id(), amount)?;
    let series = if form.side == Side::Sales { "CASHRCPT" } else { "PAYMENT" };
    let mut journal = Journal::new(date, &session.next_number(series)?, "Payment", format!("Payment, {}", header.text(names.pay_name)));
    let (bank, open) = match form.side {
        Side::Sales => (local, account::RECEIVABLES),
        Side::Purchase => (-local, account::PAYABLES),
    };
    journal.add(account::BANK, bank);
    journal.add(open, -bank);
    journal.post(session)?;
    let (left, _) = ledger::remaining(session, header.id())?;
    header.put_decimal("remainingAmount", left)?;
    if left.is_zero() {
        header.put("status", "Paid");
    }
    session.save(header)
}

/// Copies a document's header into another form: fields of the same name, the dates of the new one.
pub(crate) fn copy_header(session: &Session, to: &'static Form, source: &Row, date: Date) -> Answer<Row> {
    let mut header = session.blank(to.set)?;
    for column in &source.table.columns {
        if !["id", "number", "status", "lastModifiedDateTime", "_posted", "_cause"].contains(&column.name.as_str())
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

/// Ships (or receives) and invoices what an order says is to be handled now. A complete order disappears.
pub(crate) fn post_order(session: &Session, form: &'static Form, mut header: Row) -> Answer<()> {
    let mut rows = session.all_by(form.lines, "documentId", header.id())?;
    check_postable(session, form, &header, &rows)?;
    let (moved, next) = form.moved();
    let target = if form.side == Side::Sales { SALES_INVOICE } else { PURCHASE_INVOICE };
    let date = header.date("postingDate").unwrap_or(session.today);
    let mut invoice = copy_header(session, target, &header, date)?;
    let mut invoiced = Vec::new();
    for row in &rows {
        let quantity = row.decimal("invoiceQuantity");
        if row.text("lineType") == "Comment" || !quantity.is_zero() {
            invoiced.push(copy_line(session, form, target, row, quantity)?);
        }
    }
    if !invoiced.iter().any(|row| !row.decimal("quantity").is_zero()) {
        return Err(ApiError::rule("There is nothing to post."));
    }
    invoice.put("orderId", header.id());
    invoice.put("orderNumber", header.text("number"));
    if form.side == Side::Purchase && invoice.text("vendorInvoiceNumber").is_empty() {
        invoice.put("vendorInvoiceNumber", format!("{}-{}", header.text("vendorNumber"), header.text("number")));
    }
    documents::set_due(session, target, &mut invoice)?;
    invoice.put("number", session.next_number(target.posted)?);
    documents::store(session, target, &mut invoice, &mut invoiced)?;
    enter_books(session, target, &mut invoice, &invoiced)?;
    session.save(&mut invoice)?;
    record_move(session, form, &header, &rows, next)?;
    let mut complete = true;
    for row in &mut rows {
        row.put_decimal(moved, row.decimal(moved) + row.decimal(next))?;
        row.put_decimal("invoicedQuantity", row.decimal("invoicedQuantity") + row.decimal("invoiceQuantity"))?;
        row.put_decimal(next, row.decimal("quantity") - row.decimal(moved))?;
        row.put_decimal("invoiceQuantity", row.decimal("quantity") - row.decimal("invoicedQuantity"))?;
        complete &= row.decimal("quantity") == row.decimal("invoicedQuantity");
        session.save(row)?;
    }
    if complete {
        return documents::remove(session, form, header.id());
    }
    header.put("status", "Open");
    documents::resettle(session, form, &mut header, &mut rows)
}

/// Writes the shipment or receipt: what has left the house, or come.
fn record_move(session: &Session, form: &'static Form, header: &Row, rows: &[Row], next: &str) -> Answer<()> {
    let (set, lines_set, series) = form.record();
    let mut shipment = session.blank(set)?;
    for column in &header.table.columns {
        if !["id", "number", "lastModifiedDateTime"].contains(&column.name.as_str())
            && let Some(cell) = header.cell(&column.name)
        {
            shipment.put(&column.name, cell.clone());
        }
    }
    shipment.put("number", session.next_number(series)?);
    shipment.put("orderNumber", header.text("number"));
    shipment.put("invoiceDate", header.text(form.date));
    for (column, set, id) in [("paymentTermsCode", "paymentTerms", "paymentTermsId"), ("shipmentMethodCode", "shipmentMethods", "shipmentMethodId")] {
        if let Some(found) = session.find(set, header.text(id))? {
            shipment.put(column, found.text("code"));
        }
    }
    session.insert(&mut shipment)?;
    for row in rows.iter().filter(|row| !row.decimal(next).is_zero()) {
        let mut line = session.blank(lines_set)?;
        for column in ["sequence", "lineObjectNumber", "description", "description2", "unitOfMeasureCode", "unitPrice", "discountPercent", "taxPercent"] {
            if let Some(cell) = row.cell(column) {
                line.put(column, cell.clone());
            }
        }
        line.put("lineType", if row.text("lineType") == "Account" { "G/L Account" } else { row.text("lineType") }.to_owned());
        line.put("documentId", shipment.id());
        line.put("documentNo", shipment.text("number"));
        line.put_decimal("quantity", row.decimal(next))?;
        line.put("shipmentDate", header.text("postingDate"));
        line.put("expectedReceiptDate", header.text("postingDate"));
        line.put_decimal("unitCost", row.decimal(form.price))?;
        session.insert(&mut line)?;
    }
    Ok(())
}

/// Makes a credit memo with an invoice's lines: a draft.
pub(crate) fn credit_memo(session: &Session, invoice: &Row) -> Answer<Row> {
    let mut memo = copy_header(session, SALES_CREDIT_MEMO, invoice, session.today)?;
    memo.put("postingDate", session.today);
    memo.put("dueDate", session.today);
    memo.put("invoiceId", invoice.id());
    memo.put("invoiceNumber", invoice.text("number"));
    memo.put("number", session.next_number(SALES_CREDIT_MEMO.series)?);
    let mut rows = Vec::new();
    for row in session.all_by(SALES_INVOICE.lines, "documentId", invoice.id())? {
        rows.push(copy_line(session, SALES_INVOICE, SALES_CREDIT_MEMO, &row, row.decimal("quantity"))?);
    }
    documents::store(session, SALES_CREDIT_MEMO, &mut memo, &mut rows)?;
    Ok(memo)
}

/// Applies a posted credit memo to the invoice that it corrects, as far as both are open.
pub(crate) fn apply_credit(session: &Session, form: &Form, memo: &mut Row) -> Answer<()> {
    let invoices = if form.side == Side::Sales { SALES_INVOICE } else { PURCHASE_INVOICE };
    let names = form.side.partner();
    let Some(mut invoice) = session.find(invoices.set, memo.text("invoiceId"))? else { return Ok(()) };
    let partner = invoice.text(names.pay_id).to_owned();
    if !invoice.flag("_posted") || partner != memo.text(names.pay_id) || invoice.whole("_rate") != memo.whole("_rate") {
        return Ok(());
    }
    let (open, _) = ledger::remaining(session, invoice.id())?;
    let (credit, _) = ledger::remaining(session, memo.id())?;
    let amount = open.min(-credit);
    if amount <= Decimal::ZERO {
        return Ok(());
    }
    let local = ledger::settle(session, form.side, &partner, invoice.id(), amount)?;
    ledger::settle_at(session, form.side, &partner, memo.id(), -amount, -local)?;
    let left = open - amount;
    invoice.put_decimal("remainingAmount", left)?;
    if left.is_zero() {
        invoice.put("status", "Paid");
    }
    session.save(&mut invoice)?;
    if (credit + amount).is_zero() {
        memo.put("status", "Paid");
    }
    session.save(memo)
}

/// Takes a posted invoice back: a posted credit memo closes it, and both say so.
pub(crate) fn cancel(session: &Session, mut invoice: Row) -> Answer<()> {
    check_correctable(session, &invoice)?;
    let mut memo = credit_memo(session, &invoice)?;
    post(session, SALES_CREDIT_MEMO, &mut memo)?;
    apply_credit(session, SALES_CREDIT_MEMO, &mut memo)?;
    memo.put("status", "Corrective");
    memo.put("_cause", invoice.id());
    session.save(&mut memo)?;
    invoice.put("status", "Canceled");
    invoice.put_decimal("remainingAmount", Decimal::ZERO)?;
    invoice.put("_cause", memo.id());
    session.save(&mut invoice)
}

/// Whether a posted invoice can be taken back: not twice, and not when it is paid, even partly.
pub(crate) fn check_correctable(session: &Session, invoice: &Row) -> Answer<()> {
    let number = invoice.text("number");
    match invoice.text("status") {
        "Canceled" => return Err(ApiError::rule(format!("You cannot cancel the posted sales invoice {number} because it has already been cancelled."))),
        "Paid" => return Err(ApiError::rule(format!("You cannot correct or cancel the posted sales invoice {number} because it is closed."))),
        _ => {}
    }
    let (open, _) = ledger::remaining(session, invoice.id())?;
    if open != invoice.decimal("totalAmountIncludingTax") {
        return Err(ApiError::rule(format!("You cannot correct or cancel the posted sales invoice {number} because it is partly paid.")));
    }
    Ok(())
}
