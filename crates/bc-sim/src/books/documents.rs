//! A document's header: who it is with, its dates, its lines as a whole.

use jiff::civil::Date;
use rust_decimal::Decimal;

use crate::books::amounts::{self, Discount, LineInput, Prices};
use crate::books::changes::{self, Changes, Verb};
use crate::books::document::{Form, Partner, Side, Stage};
use crate::books::{approvals, lines, relations};
use crate::data::dates;
use crate::data::row::Row;
use crate::data::session::Session;
use crate::data::value::{NO_DATE, NO_ID};
use crate::error::{Answer, ApiError};
use crate::more::shortcuts;

/// Where the company is: deliveries and customers there carry tax.
const HOME_COUNTRY: &str = "NO";

/// Address fields behind their prefix, and the partner's property that they come from.
const ADDRESS: [(&str, &str); 6] = [
    ("AddressLine1", "addressLine1"),
    ("AddressLine2", "addressLine2"),
    ("City", "city"),
    ("State", "state"),
    ("Country", "country"),
    ("PostCode", "postalCode"),
];

/// The status of an order that waits for approval (docs/business-central.md, section 12).
pub(crate) const IN_REVIEW: &str = "In Review";

/// Creates a document with the lines nested in its body.
pub(crate) fn create(session: &Session, form: &'static Form, changes: Changes) -> Answer<Row> {
    let partner = partner(session, form, &changes)?.ok_or_else(|| unknown_partner(form.side.partner()))?;
    check_blocked(form, &partner)?;
    let mut header = header(session, form, &partner, session.today)?;
    if let Some(id) = &changes.id {
        header.put("id", id.as_str());
    }
    assign(session, form, &mut header, &changes)?;
    header.put("number", session.next_number(form.series)?);
    let mut rows = Vec::new();
    for (navigation, children) in changes.nested {
        if navigation.name != form.lines {
            return Err(ApiError::not_implemented(format!("The demo company does not keep '{}' yet. Nothing was changed.", navigation.name)));
        }
        let set = session.facts.set(form.lines).ok_or_else(|| ApiError::no_resource(form.lines))?;
        for child in children {
            let changes = changes::read(session, set, child, Verb::Create)?;
            rows.push(lines::build(session, form, &header, &changes, rows.len())?);
        }
    }
    store(session, form, &mut header, &mut rows)?;
    Ok(header)
}

/// Computes and inserts a new document and its lines.
pub(crate) fn store(session: &Session, form: &'static Form, header: &mut Row, rows: &mut [Row]) -> Answer<()> {
    settle(form, header, rows)?;
    session.insert(header)?;
    for row in rows {
        row.put("documentId", header.id());
        session.insert(row)?;
    }
    Ok(())
}

/// A blank document with that partner on that date; without number and id.
pub(crate) fn header(session: &Session, form: &'static Form, partner: &Row, date: Date) -> Answer<Row> {
    let mut header = session.blank(form.set)?;
    header.put(form.date, date);
    header.put("postingDate", date);
    header.put("status", "Draft");
    header.put("_rate", 100_000);
    header.put("discountAppliedBeforeTax", true);
    if form.stage == Stage::Quote {
        header.put("validUntilDate", dates::apply("30D", date).unwrap_or(date));
    }
    set_partner(session, form, &mut header, partner)?;
    set_due(session, form, &mut header)?;
    Ok(header)
}

/// Copies what a document takes over from its partner.
fn set_partner(session: &Session, form: &'static Form, header: &mut Row, partner: &Row) -> Answer<()> {
    let names = form.side.partner();
    header.put(names.id, partner.id());
    header.put(names.number, partner.text("number"));
    header.put(names.name, partner.text("displayName"));
    put_address(header, names.own, partner);
    set_payer(session, header, names, partner)?;
    for (column, source) in [("phoneNumber", "phoneNumber"), ("email", "email"), ("salesperson", "salespersonCode")] {
        header.put(column, partner.text(source));
    }
    if partner.refers("shipmentMethodId") {
        header.put("shipmentMethodId", partner.text("shipmentMethodId"));
    }
    match form.side {
        Side::Sales => {
            header.put("shipToName", partner.text("displayName"));
            put_address(header, "shipTo", partner);
        }
        Side::Purchase => {
            if let Some(company) = session.all_by("companyInformation", "country", HOME_COUNTRY)?.first() {
                header.put("shipToName", company.text("displayName"));
                put_address(header, "shipTo", company);
            }
        }
    }
    header.put("_domestic", is_domestic(partner));
    Ok(())
}

/// Copies what a document takes over from who pays (or is paid).
fn set_payer(session: &Session, header: &mut Row, names: &Partner, payer: &Row) -> Answer<()> {
    header.put(names.pay_id, payer.id());
    header.put(names.pay_number, payer.text("number"));
    header.put(names.pay_name, payer.text("displayName"));
    put_address(header, names.pay, payer);
    header.put("_terms", payer.text("paymentTermsId"));
    header.put("paymentTermsId", payer.text("paymentTermsId"));
    header.put("currencyId", payer.text("currencyId"));
    header.put("currencyCode", payer.text("currencyCode"));
    set_rate(session, header)
}

fn put_address(header: &mut Row, prefix: &str, source: &Row) {
    for (suffix, column) in ADDRESS {
        header.put(&format!("{prefix}{suffix}"), source.text(column));
    }
}

fn is_domestic(partner: &Row) -> bool {
    let country = partner.text("country");
    country.is_empty() || country == HOME_COUNTRY
}

/// Local currency for one unit of the document's.
fn set_rate(session: &Session, header: &mut Row) -> Answer<()> {
    let currency = if header.refers("currencyId") { session.find("currencies", header.text("currencyId"))? } else { None };
    let rate = currency.map_or(100_000, |currency| currency.whole("_rate"));
    header.put("_rate", if rate > 0 { rate } else { 100_000 });
    Ok(())
}

/// The due date that follows from the document's date and its payment terms.
pub(crate) fn set_due(session: &Session, form: &Form, header: &mut Row) -> Answer<()> {
    let Some(date) = header.date(form.date) else { return Ok(()) };
    let terms = header.text("_terms").to_owned();
    let terms = if terms.is_empty() || terms == NO_ID { None } else { session.find("paymentTerms", &terms)? };
    let formula = terms.as_ref().map_or("", |terms| terms.text("dueDateCalculation"));
    header.put("dueDate", dates::apply(formula, date).unwrap_or(date));
    Ok(())
}

/// The partner that a body names by id, number or both; `None` when it names none.
fn partner(session: &Session, form: &Form, changes: &Changes) -> Answer<Option<Row>> {
    let names = form.side.partner();
    named(session, names, names.id, names.number, changes)
}

fn named(session: &Session, names: &Partner, id: &str, number: &str, changes: &Changes) -> Answer<Option<Row>> {
    let by_id = if changes.refers(id) {
        let found = session.find(names.set, changes.text(id))?;
        Some(found.ok_or_else(|| ApiError::rule(format!("The \"{id}\" does not match to a {}.", names.noun)))?)
    } else {
        None
    };
    let by_number = if changes.refers(number) {
        let found = session.find_by(names.set, "number", changes.text(number))?;
        Some(found.ok_or_else(|| ApiError::rule(format!("The \"{number}\" does not match to a {}.", names.noun)))?)
    } else {
        None
    };
    match (by_id, by_number) {
        (Some(one), Some(other)) if one.id() != other.id() => Err(ApiError::rule(format!("The {0} values do not match to a specific {0}.", names.noun))),
        (Some(found), _) | (None, Some(found)) => Ok(Some(found)),
        (None, None) => Ok(None),
    }
}

fn unknown_partner(names: &Partner) -> ApiError {
    ApiError::rule(format!("A \"{}\" or a \"{}\" must be provided.", names.number, names.id))
}

/// Whether the partner is blocked for this kind of document.
pub(crate) fn check_blocked(form: &Form, partner: &Row) -> Answer<()> {
    let blocked = partner.text("blocked");
    let refused = match blocked {
        "All" => true,
        "Invoice" => form.side == Side::Sales && form.stage == Stage::Invoice,
        "Ship" => false,
        "Payment" | " " | "" => false,
        _ => false,
    };
    if refused {
        return Err(ApiError::rule(format!(
            "You cannot create this type of document when {} {} is blocked with type {blocked}.",
            if form.side == Side::Sales { "Customer" } else { "Vendor" },
            partner.text("displayName")
        )));
    }
    Ok(())
}

/// Writes a body's fields into a header, with what follows from them.
fn assign(session: &Session, form: &'static Form, header: &mut Row, changes: &Changes) -> Answer<()> {
    let names = form.side.partner();
    if let Some(payer) = named(session, names, names.pay_id, names.pay_number, changes)? {
        set_payer(session, header, names, &payer)?;
    }
    changes.apply(header, &[names.id, names.number, names.pay_id, names.pay_number]);
    relations::apply(session, form.set, changes, header)?;
    if changes.any(&["currencyId", "currencyCode"]) {
        set_rate(session, header)?;
    }
    if changes.has("paymentTermsId") {
        header.put("_terms", header.text("paymentTermsId").to_owned());
    }
    if changes.has(form.date) && !changes.has("postingDate") {
        header.put("postingDate", header.text(form.date).to_owned());
    }
    let payer = changes.any(&[names.id, names.number, names.pay_id, names.pay_number]);
    if (payer || changes.any(&[form.date, "paymentTermsId"])) && !changes.has("dueDate") || header.text("dueDate") == NO_DATE {
        set_due(session, form, header)?;
    }
    if header.decimal("discountAmount").is_sign_negative() {
        return Err(ApiError::rule("The \"discountAmount\" must not be negative."));
    }
    Ok(())
}

/// Changes a header.
pub(crate) fn update(session: &Session, form: &'static Form, mut header: Row, changes: &Changes) -> Answer<Row> {
    check_open(form, &header)?;
    if let Some(partner) = partner(session, form, changes)? {
        check_blocked(form, &partner)?;
        let (moved, _) = form.moved();
        let rows = session.all_by(form.lines, "documentId", header.id())?;
        if partner.id() != header.text(form.side.partner().id) && rows.iter().any(|row| !row.decimal(moved).is_zero()) {
            return Err(ApiError::rule(format!("You cannot change the {} because lines have been handled already.", form.side.partner().noun)));
        }
        set_partner(session, form, &mut header, &partner)?;
    }
    assign(session, form, &mut header, changes)?;
    let mut rows = session.all_by(form.lines, "documentId", header.id())?;
    resettle(session, form, &mut header, &mut rows)?;
    shortcuts::follow(session, &header, changes)?;
    Ok(header)
}

/// Deletes a draft and its lines.
pub(crate) fn delete(session: &Session, form: &'static Form, header: &Row) -> Answer<()> {
    check_draft(form, header)?;
    let (moved, _) = form.moved();
    if form.stage == Stage::Order
        && session.all_by(form.lines, "documentId", header.id())?.iter().any(|row| row.decimal(moved) != row.decimal("invoicedQuantity"))
    {
        return Err(ApiError::rule(format!(
            "You cannot delete the {} {} because something has been handled that is not invoiced yet.",
            form.noun(),
            header.text("number")
        )));
    }
    remove(session, form, header.id())
}

/// Removes a document and its lines, whatever its state.
pub(crate) fn remove(session: &Session, form: &Form, id: &str) -> Answer<()> {
    approvals::withdraw(session, form, id)?;
    for row in session.all_by(form.lines, "documentId", id)? {
        session.delete(form.lines, row.id())?;
    }
    session.delete(form.set, id)
}

/// Refuses changes of what is in the books.
pub(crate) fn check_draft(form: &Form, header: &Row) -> Answer<()> {
    if header.flag("_posted") {
        return Err(ApiError::rule(format!("The {} {} has been posted and can no longer be modified.", form.noun(), header.text("number"))));
    }
    Ok(())
}

/// Refuses changes of what is in the books, or waits for somebody's approval.
pub(crate) fn check_open(form: &Form, header: &Row) -> Answer<()> {
    check_draft(form, header)?;
    if header.text("status") == IN_REVIEW {
        let number = header.text("number");
        let text = format!("Status must be equal to 'Open' in {}: No.={number}. Current value is 'Pending Approval'.", form.noun());
        return Err(ApiError::new(400, "Application_FieldValidationException", text));
    }
    Ok(())
}

/// Computes a document anew and saves the header and those lines that changed.
pub(crate) fn resettle(session: &Session, form: &'static Form, header: &mut Row, rows: &mut [Row]) -> Answer<()> {
    let before: Vec<Row> = rows.to_vec();
    settle(form, header, rows)?;
    for (row, old) in rows.iter_mut().zip(&before) {
        if row.cells() != old.cells() {
            session.save(row)?;
        }
    }
    session.save(header)
}

/// Computes a document's lines and totals.
pub(crate) fn settle(form: &Form, header: &mut Row, rows: &mut [Row]) -> Answer<()> {
    let too_large = || ApiError::new(400, "Application_EvaluateException", "The amounts of the document are outside the permitted range.");
    let prices = if header.flag("pricesIncludeTax") { Prices::WithTax } else { Prices::BeforeTax };
    let mut computed = Vec::with_capacity(rows.len());
    for row in rows.iter_mut() {
        let percent = lines::tax_percent(header, row);
        let input = LineInput {
            quantity: row.decimal("quantity"),
            price: row.decimal(form.price),
            discount_percent: row.decimal("discountPercent"),
            discount_amount: row.decimal("discountAmount"),
            discount: if row.flag("_byAmount") { Discount::ByAmount } else { Discount::ByPercent },
            tax_percent: percent,
            prices,
        };
        row.put_decimal("taxPercent", percent)?;
        computed.push(amounts::line(&input).ok_or_else(too_large)?);
    }
    let nets: Vec<Decimal> = computed.iter().map(|line| line.excluding_tax).collect();
    let shares = amounts::spread(header.decimal("discountAmount"), &nets);
    let mut totals = (Decimal::ZERO, Decimal::ZERO);
    for ((row, line), share) in rows.iter_mut().zip(&computed).zip(&shares) {
        let net = line.excluding_tax - share;
        let tax = if share.is_zero() { line.tax } else { amounts::tax_on(net, row.decimal("taxPercent")) };
        row.put_decimal("discountPercent", line.discount_percent)?;
        row.put_decimal("discountAmount", line.discount_amount)?;
        row.put_decimal("amountExcludingTax", line.excluding_tax)?;
        row.put_decimal("totalTaxAmount", line.tax)?;
        row.put_decimal("amountIncludingTax", line.including_tax)?;
        row.put_decimal("invoiceDiscountAllocation", *share)?;
        row.put_decimal("netAmount", net)?;
        row.put_decimal("netTaxAmount", tax)?;
        row.put_decimal("netAmountIncludingTax", net + tax)?;
        row.put("discountAppliedBeforeTax", true);
        totals.0 += net;
        totals.1 += tax;
    }
    header.put_decimal("discountAmount", shares.iter().sum())?;
    header.put_decimal("totalAmountExcludingTax", totals.0)?;
    header.put_decimal("totalTaxAmount", totals.1)?;
    header.put_decimal("totalAmountIncludingTax", totals.0 + totals.1)?;
    if !header.flag("_posted") {
        header.put_decimal("remainingAmount", totals.0 + totals.1)?;
    }
    if form.stage == Stage::Order {
        let (moved, _) = form.moved();
        let complete = rows.iter().any(|row| !row.decimal("quantity").is_zero()) && rows.iter().all(|row| row.decimal(moved) == row.decimal("quantity"));
        header.put("fullyShipped", complete);
        header.put("fullyReceived", complete);
    }
    Ok(())
}
