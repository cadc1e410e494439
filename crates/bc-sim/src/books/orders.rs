//! Orders: what they ship (or receive) and invoice, in part or in full. A complete order disappears.

use rust_decimal::Decimal;

use crate::books::document::{Form, PURCHASE_INVOICE, SALES_INVOICE, Side};
use crate::books::posting::{Goods, check_postable, copy_header, copy_line, enter_books, has_vendor_number, stock_item};
use crate::books::stock::{self, Move};
use crate::books::{approvals, documents, ledger};
use crate::data::row::Row;
use crate::data::session::Session;
use crate::data::value::cents;
use crate::error::{Answer, ApiError};

/// Ships (or receives) and invoices what an order says is to be handled now.
pub(crate) fn post(session: &Session, form: &'static Form, mut header: Row) -> Answer<()> {
    approvals::check(form, &header)?;
    let mut rows = session.all_by(form.lines, "documentId", header.id())?;
    check_postable(session, form, &header, &rows)?;
    let (moved, next) = form.moved();
    let ships = rows.iter().any(|row| !row.decimal(next).is_zero());
    let invoices = rows.iter().any(|row| !row.decimal("invoiceQuantity").is_zero());
    if !ships && !invoices {
        return Err(ApiError::rule("There is nothing to post."));
    }
    for row in &rows {
        let most = row.decimal(moved) + row.decimal(next) - row.decimal("invoicedQuantity");
        if row.decimal("invoiceQuantity").abs() > most.abs() {
            return Err(ApiError::rule(format!("You cannot invoice more than {} units.", most.normalize())));
        }
    }
    if ships {
        record_move(session, form, &header, &rows, next)?;
    }
    if invoices {
        invoice(session, form, &mut header, &rows)?;
    }
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

/// Posts an invoice for what is to be invoiced now.
fn invoice(session: &Session, form: &'static Form, header: &mut Row, rows: &[Row]) -> Answer<()> {
    let target = if form.side == Side::Sales { SALES_INVOICE } else { PURCHASE_INVOICE };
    let date = header.date("postingDate").unwrap_or(session.today);
    let mut invoice = copy_header(session, target, header, date)?;
    let mut invoiced = Vec::new();
    let mut sources = Vec::new();
    for row in rows {
        let quantity = row.decimal("invoiceQuantity");
        if row.text("lineType") == "Comment" || !quantity.is_zero() {
            invoiced.push(copy_line(session, form, target, row, quantity)?);
            sources.push(row.id().to_owned());
        }
    }
    let discount = discount_now(header, rows)?;
    header.put_decimal("_discounted", header.decimal("_discounted") + discount)?;
    invoice.put_decimal("discountAmount", discount)?;
    invoice.put("orderId", header.id());
    invoice.put("orderNumber", header.text("number"));
    if form.side == Side::Purchase && invoice.text("vendorInvoiceNumber").is_empty() {
        invoice.put("vendorInvoiceNumber", vendor_number(session, header)?);
    }
    documents::set_due(session, target, &mut invoice)?;
    invoice.put("number", session.next_number(target.posted)?);
    documents::store(session, target, &mut invoice, &mut invoiced)?;
    enter_books(session, target, &mut invoice, &mut invoiced, Goods::Moved(&sources))?;
    session.save(&mut invoice)
}

/// The part of the order's own discount that belongs to what is invoiced now; the last invoice takes the rest.
fn discount_now(header: &Row, rows: &[Row]) -> Answer<Decimal> {
    let discount = header.decimal("discountAmount");
    let left = discount - header.decimal("_discounted");
    if rows.iter().all(|row| row.decimal("invoicedQuantity") + row.decimal("invoiceQuantity") == row.decimal("quantity")) {
        return Ok(left.max(Decimal::ZERO));
    }
    let mut share = Decimal::ZERO;
    for row in rows.iter().filter(|row| !row.decimal("quantity").is_zero()) {
        let product = row.decimal("invoiceDiscountAllocation").checked_mul(row.decimal("invoiceQuantity"));
        share += product.and_then(|product| product.checked_div(row.decimal("quantity"))).ok_or_else(ledger::out_of_range)?;
    }
    Ok(cents(share).min(left).max(Decimal::ZERO))
}

/// The API has no field for the vendor's own number on an order: one that is free.
fn vendor_number(session: &Session, header: &Row) -> Answer<String> {
    let vendor = header.text("vendorNumber");
    let first = format!("{vendor}-{}", header.text("number"));
    let mut number = first.clone();
    let mut count = 1;
    while has_vendor_number(session, PURCHASE_INVOICE, "vendorInvoiceNumber", vendor, &number)? {
        count += 1;
        number = format!("{first}-{count}");
    }
    Ok(number)
}

/// Writes the shipment or receipt, and moves the goods: what has left the house, or come.
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
        record_line(session, form, &shipment, header, row, lines_set)?;
        move_goods(session, form, &shipment, header, row)?;
    }
    Ok(())
}

fn record_line(session: &Session, form: &Form, shipment: &Row, header: &Row, row: &Row, set: &str) -> Answer<()> {
    let mut line = session.blank(set)?;
    for column in ["sequence", "lineObjectNumber", "description", "description2", "unitOfMeasureCode", "unitPrice", "discountPercent", "taxPercent"] {
        if let Some(cell) = row.cell(column) {
            line.put(column, cell.clone());
        }
    }
    line.put("lineType", if row.text("lineType") == "Account" { "G/L Account" } else { row.text("lineType") }.to_owned());
    line.put("documentId", shipment.id());
    line.put("documentNo", shipment.text("number"));
    line.put_decimal("quantity", row.decimal(form.moved().1))?;
    line.put("shipmentDate", header.text("postingDate"));
    line.put("expectedReceiptDate", header.text("postingDate"));
    line.put_decimal("unitCost", row.decimal(form.price))?;
    session.insert(&mut line)
}

fn move_goods(session: &Session, form: &Form, shipment: &Row, header: &Row, row: &Row) -> Answer<()> {
    let Some(item) = stock_item(session, row)? else { return Ok(()) };
    let quantity = row.decimal(form.moved().1);
    let names = form.side.partner();
    let (quantity, entry_type, document_type, source_type) = match form.side {
        Side::Sales => (-quantity, "Sale", "Sales Shipment", "Customer"),
        Side::Purchase => (quantity, "Purchase", "Purchase Receipt", "Vendor"),
    };
    let moved = Move {
        item: &item,
        date: header.date("postingDate").unwrap_or(session.today),
        quantity,
        entry_type,
        document: shipment.text("number"),
        document_type,
        source: header.text(names.number),
        source_type,
    };
    stock::ship(session, &moved, row.id())
}
