//! Customers, vendors, contacts, items and code tables: numbering, defaults, uniqueness, what may be deleted.

use rusqlite::params;

use crate::books::changes::Changes;
use crate::books::{calendar, journals, ledger, relations, stock};
use crate::data::dates;
use crate::data::facts::EntitySet;
use crate::data::row::Row;
use crate::data::session::Session;
use crate::data::value::NO_ID;
use crate::error::{Answer, ApiError};

/// Creates a record of a set with rules of its own; `None` for a plain one.
pub(crate) fn create(session: &Session, set: &'static EntitySet, changes: &Changes) -> Answer<Option<Row>> {
    let series = match set.name.as_str() {
        "customers" => "CUST",
        "vendors" => "VEND",
        "contacts" => "CONT",
        "items" => "ITEM",
        "employees" => "EMPL",
        "bankAccounts" => "BANK",
        _ => return Ok(None),
    };
    if set.name == "items" && changes.decimal("inventory").is_some_and(|quantity| !quantity.is_zero()) {
        return Err(ApiError::rule("The \"inventory\" cannot be set when an item is created. Create the item first, then change its inventory."));
    }
    let mut row = session.blank(&set.name)?;
    if let Some(id) = &changes.id {
        row.put("id", id.as_str());
    }
    row.put("currencyCode", relations::LOCAL_CURRENCY);
    changes.apply(&mut row, &["inventory"]);
    relations::apply(session, &set.name, changes, &mut row)?;
    if row.text("number").is_empty() {
        row.put("number", session.next_number(series)?);
    }
    complete(session, &mut row)?;
    session.insert(&mut row)?;
    if set.name == "customers" || set.name == "vendors" {
        add_contact(session, &row)?;
    }
    Ok(Some(row))
}

/// Each customer and vendor has a contact of its own.
fn add_contact(session: &Session, partner: &Row) -> Answer<()> {
    let mut contact = session.blank("contacts")?;
    let customer = partner.table.name == "customers";
    for column in
        ["displayName", "addressLine1", "addressLine2", "city", "state", "country", "postalCode", "phoneNumber", "email", "website", "taxRegistrationNumber"]
    {
        contact.put(column, partner.text(column));
    }
    contact.put("number", session.next_number("CONT")?);
    contact.put("type", if partner.text("type") == "Person" { "Person" } else { "Company" });
    contact.put("contactBusinessRelation", if customer { "Customer" } else { "Vendor" });
    contact.put("_related", partner.id());
    complete_contact(session, &mut contact)?;
    session.insert(&mut contact)
}

/// What follows from a record's own fields.
pub(crate) fn complete(session: &Session, row: &mut Row) -> Answer<()> {
    match row.table.name.as_str() {
        "contacts" => complete_contact(session, row),
        "itemVariants" if !row.refers("itemId") => Err(ApiError::rule("A \"itemNumber\" or a \"itemId\" must be provided.")),
        "journals" => journals::complete(session, row),
        "employees" => {
            let names: Vec<&str> = ["givenName", "middleName", "surname"].iter().map(|column| row.text(column)).filter(|name| !name.is_empty()).collect();
            let full = names.join(" ");
            row.put("displayName", full);
            Ok(())
        }
        _ => Ok(()),
    }
}

fn complete_contact(session: &Session, row: &mut Row) -> Answer<()> {
    if row.text("searchName").is_empty() {
        row.put("searchName", row.text("displayName").to_uppercase());
    }
    if row.text("type") == "Company" {
        row.put("companyNumber", row.text("number").to_owned());
        row.put("companyName", row.text("displayName").to_owned());
        return Ok(());
    }
    let number = row.text("companyNumber").to_owned();
    if !number.is_empty() {
        let company = session.find_by("contacts", "number", &number)?.ok_or_else(|| {
            ApiError::new(
                400,
                "Internal_InvalidTableRelation",
                format!("The field companyNumber of table Contact contains a value ({number}) that cannot be found in the related table (Contact)."),
            )
        })?;
        row.put("companyName", company.text("displayName"));
    }
    Ok(())
}

/// Changes a master record or a code.
pub(crate) fn update(session: &Session, set: &'static EntitySet, mut row: Row, changes: &Changes) -> Answer<Row> {
    let before = row.clone();
    if set.name == "customers" || set.name == "contacts" {
        let blank = changes.has("displayName") && changes.text("displayName").trim().is_empty();
        if blank {
            return Err(ApiError::rule("The blank \"displayName\" is not allowed."));
        }
    }
    changes.apply(&mut row, &["inventory"]);
    relations::apply(session, &set.name, changes, &mut row)?;
    check_formulas(set, changes)?;
    if let Some(unique) = row.table.unique {
        renamed(session, set, unique, &before, &row)?;
    }
    complete(session, &mut row)?;
    if let Some(wanted) = changes.decimal("inventory").filter(|_| set.name == "items") {
        adjust_inventory(session, &mut row, wanted)?;
    }
    session.save(&mut row)?;
    journals::mirror(session, &row)?;
    Ok(row)
}

fn adjust_inventory(session: &Session, row: &mut Row, wanted: rust_decimal::Decimal) -> Answer<()> {
    if row.text("type") != "Inventory" {
        return Err(ApiError::rule(format!("The item {} is not of type Inventory: its inventory cannot be changed.", row.text("number"))));
    }
    let difference = wanted - row.decimal("inventory");
    if !difference.is_zero() {
        calendar::check(session, session.today, &format!("Item Journal Line Item No.='{}'", row.text("number")))?;
        stock::adjust(session, row, difference, session.today, ledger::account::ADJUSTMENTS)?;
        let now = session.get("items", row.id())?;
        for column in ["inventory", "_valued", "_value"] {
            row.put(column, now.whole(column));
        }
    }
    Ok(())
}

/// A record whose key changes: the new one must be free and not blank, and what refers to it by number follows.
fn renamed(session: &Session, set: &EntitySet, unique: &str, before: &Row, after: &Row) -> Answer<()> {
    let (old, new) = (before.text(unique), after.text(unique));
    if old == new {
        return Ok(());
    }
    if new.trim().is_empty() {
        return Err(ApiError::new(400, "BadRequest_RequiredParamNotProvided", format!("The parameter '{unique}' must be provided; it is blank.")));
    }
    if session.any(&set.name, unique, new)? {
        return Err(ApiError::new(
            session.switches.duplicate_status,
            "Internal_EntityWithSameKeyExists",
            format!("The record in table {} already exists. Identification fields and values: {unique}='{new}'.", set.caption()),
        ));
    }
    for (table, column) in followers(&set.name) {
        let sql = format!("UPDATE \"{table}\" SET \"{column}\" = ? WHERE company = ? AND \"{column}\" = ?");
        session.connection.prepare_cached(&sql)?.execute(params![new, session.company.get(), old])?;
    }
    Ok(())
}

/// Columns that hold the number or code of a record of the set.
fn followers(set: &str) -> &'static [(&'static str, &'static str)] {
    match set {
        "customers" => &[
            ("salesQuotes", "customerNumber"),
            ("salesOrders", "customerNumber"),
            ("salesInvoices", "customerNumber"),
            ("salesCreditMemos", "customerNumber"),
            ("salesShipments", "customerNumber"),
            ("salesQuotes", "billToCustomerNumber"),
            ("salesOrders", "billToCustomerNumber"),
            ("salesInvoices", "billToCustomerNumber"),
            ("salesCreditMemos", "billToCustomerNumber"),
        ],
        "vendors" => &[
            ("purchaseOrders", "vendorNumber"),
            ("purchaseInvoices", "vendorNumber"),
            ("purchaseCreditMemos", "vendorNumber"),
            ("purchaseReceipts", "vendorNumber"),
            ("purchaseCreditMemos", "payToVendorNumber"),
            ("purchaseOrders", "payToVendorNumber"),
            ("purchaseInvoices", "payToVendorNumber"),
        ],
        "items" => &[
            ("itemLedgerEntries", "itemNumber"),
            ("salesQuoteLines", "lineObjectNumber"),
            ("salesOrderLines", "lineObjectNumber"),
            ("salesInvoiceLines", "lineObjectNumber"),
            ("salesCreditMemoLines", "lineObjectNumber"),
            ("purchaseOrderLines", "lineObjectNumber"),
            ("purchaseInvoiceLines", "lineObjectNumber"),
            ("purchaseCreditMemoLines", "lineObjectNumber"),
            ("itemVariants", "itemNumber"),
        ],
        "contacts" => &[("contacts", "companyNumber")],
        "countriesRegions" => &[("customers", "country"), ("vendors", "country"), ("contacts", "country"), ("locations", "country")],
        "currencies" => &[("customers", "currencyCode"), ("vendors", "currencyCode")],
        "salespeoplePurchasers" => &[("customers", "salespersonCode")],
        "itemCategories" => &[("items", "itemCategoryCode")],
        "unitsOfMeasure" => &[("items", "baseUnitOfMeasureCode")],
        _ => &[],
    }
}

/// A payment term's formulas must be date formulas.
pub(crate) fn check_formulas(set: &EntitySet, changes: &Changes) -> Answer<()> {
    if set.name != "paymentTerms" {
        return Ok(());
    }
    for name in ["dueDateCalculation", "discountDateCalculation"] {
        let formula = changes.text(name);
        if dates::apply(formula, jiff::civil::date(2024, 2, 29)).is_none() {
            return Err(ApiError::new(
                400,
                "Application_EvaluateException",
                format!("The value '{formula}' of '{name}' cannot be evaluated into type DateFormula."),
            ));
        }
    }
    Ok(())
}

/// Whether a record may be deleted: nothing open and nothing in the ledgers may refer to it.
pub(crate) fn check_delete(session: &Session, set: &EntitySet, row: &Row) -> Answer<()> {
    let caption = set.caption();
    let number = row.text("number");
    let open: &[(&str, &str)] = match set.name.as_str() {
        "customers" => &[("salesQuotes", "customerId"), ("salesOrders", "customerId"), ("salesInvoices", "customerId"), ("salesCreditMemos", "customerId")],
        "vendors" => &[("purchaseOrders", "vendorId"), ("purchaseInvoices", "vendorId"), ("purchaseCreditMemos", "vendorId")],
        "items" => &[
            ("salesQuoteLines", "itemId"),
            ("salesOrderLines", "itemId"),
            ("salesInvoiceLines", "itemId"),
            ("salesCreditMemoLines", "itemId"),
            ("purchaseOrderLines", "itemId"),
            ("purchaseInvoiceLines", "itemId"),
            ("purchaseCreditMemoLines", "itemId"),
        ],
        _ => &[],
    };
    for (table, column) in open {
        if session.any(table, column, row.id())? {
            let noun = session.facts.set(table).map(EntitySet::caption).unwrap_or_default();
            return Err(ApiError::rule(format!("You cannot delete {caption} {number} because there is at least one {noun} that refers to it.")));
        }
    }
    let in_ledger = match set.name.as_str() {
        "customers" | "vendors" => session.connection.prepare_cached("SELECT 1 FROM _partner_entries WHERE partner = ? LIMIT 1")?.exists(params![row.id()])?,
        "items" => session.any("itemLedgerEntries", "itemNumber", number)?,
        "currencies" => {
            let sql = "SELECT 1 FROM _partner_entries WHERE company = ? AND currency = ? AND open LIMIT 1";
            session.connection.prepare_cached(sql)?.exists(params![session.company.get(), row.text("code")])?
        }
        _ => false,
    };
    if in_ledger {
        let name = if number.is_empty() { row.text("code") } else { number };
        return Err(ApiError::rule(format!("You cannot delete {caption} {name} because it has ledger entries.")));
    }
    if set.name == "itemCategories" {
        for mut item in session.all_by("items", "itemCategoryId", row.id())? {
            item.put("itemCategoryId", NO_ID);
            item.put("itemCategoryCode", "");
            session.save(&mut item)?;
        }
    }
    if set.name == "customers" || set.name == "vendors" {
        let sql = "UPDATE contacts SET \"contactBusinessRelation\" = 'None', _related = '' WHERE company = ? AND _related = ?";
        session.connection.prepare_cached(sql)?.execute(params![session.company.get(), row.id()])?;
    }
    Ok(())
}
