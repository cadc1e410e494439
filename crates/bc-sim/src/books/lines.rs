//! A document's lines: what they are of, their defaults, their quantities.

use rust_decimal::Decimal;

use crate::books::changes::Changes;
use crate::books::document::{Form, Side, Stage};
use crate::books::{documents, relations};
use crate::data::row::Row;
use crate::data::session::Session;
use crate::data::value::{NO_ID, from_stored};
use crate::error::{Answer, ApiError};

/// Steps between line numbers.
const STEP: i64 = 10_000;
/// Most lines of one document.
const MOST: usize = 2_000;

/// Adds a line to the document that the path or the body names.
pub(crate) fn create(session: &Session, form: &'static Form, parent: Option<&str>, changes: &Changes) -> Answer<Row> {
    let given = changes.refers("documentId").then(|| changes.text("documentId"));
    let document = match (parent, given) {
        (Some(parent), Some(given)) if parent != given => {
            return Err(ApiError::rule("The \"documentId\" does not match to the document in the URL."));
        }
        (Some(document), _) | (None, Some(document)) => document,
        (None, None) => return Err(ApiError::rule("You must specify a Document Id to create a line.")),
    };
    let mut header = session.find(form.set, document)?.ok_or_else(|| ApiError::rule(format!("The \"documentId\" does not match to a {}.", form.noun())))?;
    documents::check_open(form, &header)?;
    let mut rows = session.all_by(form.lines, "documentId", document)?;
    let mut row = build(session, form, &header, changes, rows.len())?;
    if !changes.has("sequence") {
        row.put("sequence", rows.last().map_or(STEP, |last| last.whole("sequence") + STEP));
    }
    row.put("documentId", header.id());
    if rows.iter().any(|other| other.whole("sequence") == row.whole("sequence")) {
        return Err(ApiError::new(
            session.switches.duplicate_status,
            "Internal_EntityWithSameKeyExists",
            format!("The record in table {} already exists. Identification fields and values: sequence='{}'.", form.lines, row.whole("sequence")),
        ));
    }
    session.insert(&mut row)?;
    let id = row.id().to_owned();
    rows.push(row);
    documents::resettle(session, form, &mut header, &mut rows)?;
    session.get(form.lines, &id)
}

/// A line that is not stored yet, with everything but the amounts.
pub(crate) fn build(session: &Session, form: &'static Form, header: &Row, changes: &Changes, before: usize) -> Answer<Row> {
    if before >= MOST {
        return Err(ApiError::rule(format!("A document has at most {MOST} lines.")));
    }
    let mut row = session.blank(form.lines)?;
    if let Some(id) = &changes.id {
        row.put("id", id.as_str());
    }
    row.put("sequence", STEP * (i64::try_from(before).unwrap_or(0) + 1));
    row.put("lineType", "Comment");
    row.put("shipmentDate", header.text("postingDate"));
    row.put("expectedReceiptDate", header.text("postingDate"));
    assign(session, form, header, &mut row, changes)?;
    Ok(row)
}

/// A line of an item, for documents that the company writes itself.
pub(crate) fn of_item(session: &Session, form: &'static Form, header: &Row, item: &Row, quantity: Decimal, before: usize) -> Answer<Row> {
    let mut row = build(session, form, header, &Changes::default(), before)?;
    take_item(session, form, header, &mut row, item)?;
    set_quantity(form, &mut row, quantity)?;
    Ok(row)
}

/// A line that posts to an account.
pub(crate) fn of_account(session: &Session, form: &'static Form, header: &Row, account: &Row, price: Decimal, before: usize) -> Answer<Row> {
    let mut row = build(session, form, header, &Changes::default(), before)?;
    take_account(&mut row, account);
    row.put_decimal(form.price, price)?;
    set_quantity(form, &mut row, Decimal::ONE)?;
    Ok(row)
}

fn assign(session: &Session, form: &'static Form, header: &Row, row: &mut Row, changes: &Changes) -> Answer<()> {
    take_object(session, form, header, row, changes)?;
    const OWN: [&str; 8] = ["documentId", "itemId", "accountId", "lineType", "lineObjectNumber", "quantity", "discountAmount", "discountPercent"];
    changes.apply(row, &OWN);
    relations::apply(session, form.lines, changes, row)?;
    if let Some(percent) = changes.decimal("discountPercent") {
        if percent < Decimal::ZERO || percent > Decimal::ONE_HUNDRED {
            return Err(ApiError::new(400, "Application_FieldValidationException", "The \"discountPercent\" must be between 0 and 100."));
        }
        row.put_decimal("discountPercent", percent)?;
        row.put("_byAmount", false);
    }
    if let Some(amount) = changes.decimal("discountAmount") {
        row.put_decimal("discountAmount", amount)?;
        row.put("_byAmount", true);
    }
    if let Some(quantity) = changes.decimal("quantity") {
        if row.text("lineType") == "Comment" && !quantity.is_zero() {
            return Err(ApiError::rule(
                "A line without an item or account has no quantity. Give an itemId, an accountId, or a lineType with a lineObjectNumber.",
            ));
        }
        set_quantity(form, row, quantity)?;
    }
    check_now(form, row, changes)
}

/// The item or account that a body names.
fn take_object(session: &Session, form: &'static Form, header: &Row, row: &mut Row, changes: &Changes) -> Answer<()> {
    let number = changes.text("lineObjectNumber");
    if changes.refers("itemId") {
        let item = session.find("items", changes.text("itemId"))?.ok_or_else(|| ApiError::rule("The \"itemId\" does not match to an Item."))?;
        if !number.is_empty() && item.text("number") != number {
            return Err(ApiError::rule("The item values do not match to a specific Item."));
        }
        check_type(changes, "Item")?;
        return take_item(session, form, header, row, &item);
    }
    if changes.refers("accountId") {
        let account = session.find("accounts", changes.text("accountId"))?.ok_or_else(|| ApiError::rule("The \"accountId\" does not match to an Account."))?;
        if !number.is_empty() && account.text("number") != number {
            return Err(ApiError::rule("The account values do not match to a specific Account."));
        }
        check_type(changes, "Account")?;
        check_account(&account)?;
        take_account(row, &account);
        return Ok(());
    }
    let kind = if changes.has("lineType") { changes.text("lineType") } else { row.text("lineType") }.to_owned();
    if changes.has("lineType") && kind != row.text("lineType") {
        for (column, blank) in [("itemId", NO_ID), ("accountId", NO_ID), ("lineObjectNumber", "")] {
            row.put(column, blank);
        }
        row.put("lineType", kind.as_str());
    }
    if number.is_empty() {
        return Ok(());
    }
    match kind.as_str() {
        "Item" | "Comment" => {
            let item = session.find_by("items", "number", number)?.ok_or_else(|| unknown_number("Item", number))?;
            take_item(session, form, header, row, &item)
        }
        "Account" => {
            let account = session.find_by("accounts", "number", number)?.ok_or_else(|| unknown_number("G/L Account", number))?;
            check_account(&account)?;
            take_account(row, &account);
            Ok(())
        }
        other => Err(ApiError::not_implemented(format!("The demo company has no lines of type {other}. Nothing was changed."))),
    }
}

fn unknown_number(table: &str, number: &str) -> ApiError {
    ApiError::new(
        400,
        "Internal_InvalidTableRelation",
        format!("The field lineObjectNumber contains a value ({number}) that cannot be found in the related table ({table})."),
    )
}

fn check_type(changes: &Changes, kind: &str) -> Answer<()> {
    match changes.text("lineType") {
        "" => Ok(()),
        given if given == kind => Ok(()),
        given => Err(ApiError::rule(format!("The \"lineType\" {given} does not fit the {} that is given.", kind.to_lowercase()))),
    }
}

/// Whether documents and journals may post to the account.
pub(crate) fn check_account(account: &Row) -> Answer<()> {
    let number = account.text("number");
    if account.flag("blocked") {
        return Err(ApiError::rule(format!("The G/L Account {number} is blocked.")));
    }
    if account.text("accountType") != "Posting" || !account.flag("directPosting") {
        return Err(ApiError::new(
            400,
            "Application_FieldValidationException",
            format!("Direct Posting must be equal to 'Yes' in G/L Account: No.={number}. Current value is 'No'."),
        ));
    }
    Ok(())
}

fn take_item(session: &Session, form: &'static Form, header: &Row, row: &mut Row, item: &Row) -> Answer<()> {
    if item.flag("blocked") {
        return Err(blocked(item));
    }
    row.put("_costOf", 0);
    row.put("lineType", "Item");
    row.put("itemId", item.id());
    row.put("accountId", NO_ID);
    row.put("lineObjectNumber", item.text("number"));
    row.put("description", item.text("displayName"));
    row.put("description2", item.text("displayName2"));
    row.put("unitOfMeasureId", item.text("baseUnitOfMeasureId"));
    row.put("unitOfMeasureCode", item.text("baseUnitOfMeasureCode"));
    row.put("taxCode", item.text("taxGroupCode"));
    if !session.table(form.lines)?.columns.iter().any(|column| column.name == form.price) {
        return Err(ApiError::internal("The line has no price."));
    }
    let local = item.decimal(if form.side == Side::Sales { "unitPrice" } else { "unitCost" });
    let rate = from_stored(header.whole("_rate").max(1));
    let price = local.checked_div(rate).unwrap_or(local).round_dp_with_strategy(2, rust_decimal::RoundingStrategy::MidpointAwayFromZero);
    row.put_decimal(form.price, if header.whole("_rate") == 100_000 { local } else { price })
}

/// The refusal of an item that is blocked.
pub(crate) fn blocked(item: &Row) -> ApiError {
    let text = format!("Blocked must be equal to 'No' in Item: No.={}. Current value is 'Yes'.", item.text("number"));
    ApiError::new(400, "Application_FieldValidationException", text)
}

fn take_account(row: &mut Row, account: &Row) {
    row.put("lineType", "Account");
    row.put("accountId", account.id());
    row.put("itemId", NO_ID);
    row.put("lineObjectNumber", account.text("number"));
    row.put("description", account.text("displayName"));
    row.put("taxCode", if row.text("taxCode").is_empty() { "STANDARD".to_owned() } else { row.text("taxCode").to_owned() });
}

/// Sets the quantity; on an order everything that is not yet sent and invoiced is to be so next.
pub(crate) fn set_quantity(form: &Form, row: &mut Row, quantity: Decimal) -> Answer<()> {
    row.put_decimal("quantity", quantity)?;
    if form.stage != Stage::Order {
        return Ok(());
    }
    let (moved, next) = form.moved();
    let sent = row.decimal(moved);
    if quantity.abs() < sent.abs() {
        return Err(ApiError::rule(format!("The quantity must not be less than the {} that are handled already.", sent.normalize())));
    }
    row.put_decimal(next, quantity - sent)?;
    row.put_decimal("invoiceQuantity", quantity - row.decimal("invoicedQuantity"))
}

/// What is to be sent and invoiced now must not be more than what is left.
fn check_now(form: &Form, row: &Row, changes: &Changes) -> Answer<()> {
    if form.stage != Stage::Order {
        return Ok(());
    }
    let (moved, next) = form.moved();
    let quantity = row.decimal("quantity");
    let verb = if form.side == Side::Sales { "ship" } else { "receive" };
    if changes.has(next) && row.decimal(next).abs() > (quantity - row.decimal(moved)).abs() {
        return Err(ApiError::rule(format!("You cannot {verb} more than {} units.", (quantity - row.decimal(moved)).normalize())));
    }
    let invoiceable = row.decimal(moved) + row.decimal(next) - row.decimal("invoicedQuantity");
    if changes.has("invoiceQuantity") && row.decimal("invoiceQuantity").abs() > invoiceable.abs() {
        return Err(ApiError::rule(format!("You cannot invoice more than {} units.", invoiceable.normalize())));
    }
    Ok(())
}

/// The tax rate of a line: by its tax code at home, none abroad.
pub(crate) fn tax_percent(header: &Row, row: &Row) -> Decimal {
    if !header.flag("_domestic") {
        return Decimal::ZERO;
    }
    match row.text("taxCode") {
        "STANDARD" => Decimal::from(25),
        "REDUCED" => Decimal::from(15),
        _ => Decimal::ZERO,
    }
}

/// Changes a line.
pub(crate) fn update(session: &Session, form: &'static Form, row: Row, changes: &Changes) -> Answer<Row> {
    let mut header = session.get(form.set, row.text("documentId"))?;
    documents::check_open(form, &header)?;
    if changes.refers("documentId") && changes.text("documentId") != row.text("documentId") {
        return Err(ApiError::new(400, "BadRequest_InvalidOperation", "The documentId cannot be changed."));
    }
    let mut rows = session.all_by(form.lines, "documentId", header.id())?;
    let id = row.id().to_owned();
    for other in rows.iter_mut().filter(|other| other.id() == id) {
        let next = form.moved().1;
        check_handled(form, other, changes)?;
        assign(session, form, &header, other, changes)?;
        if form.stage == Stage::Order && changes.has(next) && !changes.has("invoiceQuantity") {
            // Everything that will have moved is to be invoiced, unless the body says otherwise.
            other.put_decimal("invoiceQuantity", other.decimal(form.moved().0) + other.decimal(next) - other.decimal("invoicedQuantity"))?;
        }
        session.save(other)?;
    }
    documents::resettle(session, form, &mut header, &mut rows)?;
    session.get(form.lines, &id)
}

/// What a line is of cannot change once it has been shipped or received, even in part.
fn check_handled(form: &Form, row: &Row, changes: &Changes) -> Answer<()> {
    let changed = ["itemId", "accountId", "lineType", "lineObjectNumber"].iter().any(|name| changes.has(name) && changes.text(name) != row.text(name));
    if form.stage != Stage::Order || !changed || row.decimal(form.moved().0).is_zero() {
        return Ok(());
    }
    let field = if form.side == Side::Sales { "Quantity Shipped" } else { "Quantity Received" };
    let value = row.decimal(form.moved().0).normalize();
    let text = format!("{field} must be equal to '0' in the line {}. Current value is '{value}'.", row.whole("sequence"));
    Err(ApiError::new(400, "Application_FieldValidationException", text))
}

/// Deletes a line.
pub(crate) fn delete(session: &Session, form: &'static Form, row: &Row) -> Answer<()> {
    let mut header = session.get(form.set, row.text("documentId"))?;
    documents::check_open(form, &header)?;
    if !row.decimal(form.moved().0).is_zero() {
        return Err(ApiError::rule("You cannot delete a line of which something has been handled already."));
    }
    session.delete(form.lines, row.id())?;
    let mut rows = session.all_by(form.lines, "documentId", header.id())?;
    documents::resettle(session, form, &mut header, &mut rows)
}
