//! References among records: an id and a code (or number) that must name the same existing record.

use crate::books::changes::Changes;
use crate::data::row::Row;
use crate::data::session::Session;
use crate::data::value::NO_ID;
use crate::error::{Answer, ApiError};

/// The company's own currency: it has no row among the currencies, and an empty reference.
pub(crate) const LOCAL_CURRENCY: &str = "NOK";

/// A reference of a set.
struct Relation {
    /// The property with the target's id.
    id: Option<&'static str>,
    /// The property with the target's code or number.
    code: Option<&'static str>,
    target: &'static str,
    target_code: &'static str,
    /// What the target is called in messages.
    caption: &'static str,
}

const fn both(id: &'static str, code: &'static str, target: &'static str, caption: &'static str) -> Relation {
    Relation { id: Some(id), code: Some(code), target, target_code: "code", caption }
}

const fn by_id(id: &'static str, target: &'static str, caption: &'static str) -> Relation {
    Relation { id: Some(id), code: None, target, target_code: "code", caption }
}

const fn by_code(code: &'static str, target: &'static str, caption: &'static str) -> Relation {
    Relation { id: None, code: Some(code), target, target_code: "code", caption }
}

const CURRENCY: Relation = both("currencyId", "currencyCode", "currencies", "Currency");
const TERMS: Relation = by_id("paymentTermsId", "paymentTerms", "Payment Terms");
const METHOD: Relation = by_id("paymentMethodId", "paymentMethods", "Payment Method");
const SHIPMENT: Relation = by_id("shipmentMethodId", "shipmentMethods", "Shipment Method");
const AREA: Relation = by_id("taxAreaId", "taxAreas", "Tax Area");
const COUNTRY: Relation = by_code("country", "countriesRegions", "Country/Region");
const LOCATION: Relation = by_id("locationId", "locations", "Location");
const UNIT: Relation = both("unitOfMeasureId", "unitOfMeasureCode", "unitsOfMeasure", "Unit of Measure");
const SALESPERSON: Relation = by_code("salesperson", "salespeoplePurchasers", "Salesperson/Purchaser");
const PURCHASER: Relation = by_code("purchaser", "salespeoplePurchasers", "Salesperson/Purchaser");

const CUSTOMER: &[Relation] = &[CURRENCY, TERMS, METHOD, SHIPMENT, AREA, COUNTRY, by_code("salespersonCode", "salespeoplePurchasers", "Salesperson/Purchaser")];
const VENDOR: &[Relation] = &[CURRENCY, TERMS, METHOD, COUNTRY];
const COUNTRY_ONLY: &[Relation] = &[COUNTRY];
const ITEM: &[Relation] = &[
    both("itemCategoryId", "itemCategoryCode", "itemCategories", "Item Category"),
    both("baseUnitOfMeasureId", "baseUnitOfMeasureCode", "unitsOfMeasure", "Unit of Measure"),
    both("taxGroupId", "taxGroupCode", "taxGroups", "Tax Group"),
    both("generalProductPostingGroupId", "generalProductPostingGroupCode", "generalProductPostingGroups", "Gen. Product Posting Group"),
    both("inventoryPostingGroupId", "inventoryPostingGroupCode", "inventoryPostingGroups", "Inventory Posting Group"),
];
const ITEM_VARIANT: &[Relation] = &[Relation { id: Some("itemId"), code: Some("itemNumber"), target: "items", target_code: "number", caption: "Item" }];
const JOURNAL: &[Relation] =
    &[Relation { id: Some("balancingAccountId"), code: Some("balancingAccountNumber"), target: "accounts", target_code: "number", caption: "Account" }];
const BANK_ACCOUNT: &[Relation] = &[CURRENCY];
const DISPUTE: Relation = both("disputeStatusId", "disputeStatus", "disputeStatus", "Dispute Status");
const CORRECTED: Relation =
    Relation { id: Some("invoiceId"), code: Some("invoiceNumber"), target: "salesInvoices", target_code: "number", caption: "Sales Invoice" };
const CORRECTED_PURCHASE: Relation =
    Relation { id: Some("invoiceId"), code: Some("invoiceNumber"), target: "purchaseInvoices", target_code: "number", caption: "Purchase Invoice" };
const SALES: &[Relation] = &[
    CURRENCY,
    DISPUTE,
    TERMS,
    SHIPMENT,
    SALESPERSON,
    by_code("sellToCountry", "countriesRegions", "Country/Region"),
    by_code("shipToCountry", "countriesRegions", "Country/Region"),
];
const PURCHASES: &[Relation] = &[
    CURRENCY,
    TERMS,
    SHIPMENT,
    PURCHASER,
    by_code("buyFromCountry", "countriesRegions", "Country/Region"),
    by_code("shipToCountry", "countriesRegions", "Country/Region"),
];
const LINE: &[Relation] = &[UNIT, LOCATION, by_code("taxCode", "taxGroups", "Tax Group")];

fn relations(set: &str) -> &'static [Relation] {
    match set {
        "customers" => CUSTOMER,
        "vendors" => VENDOR,
        "contacts" | "locations" | "companyInformation" => COUNTRY_ONLY,
        "items" => ITEM,
        "itemVariants" => ITEM_VARIANT,
        "journals" | "customerPaymentJournals" | "vendorPaymentJournals" => JOURNAL,
        "employees" => COUNTRY_ONLY,
        "bankAccounts" => BANK_ACCOUNT,
        "salesQuotes" | "salesOrders" | "salesInvoices" | "salesCreditMemos" => SALES,
        "purchaseOrders" | "purchaseInvoices" | "purchaseCreditMemos" => PURCHASES,
        lines if lines.ends_with("Lines") => LINE,
        _ => &[],
    }
}

/// The invoice that a credit memo names.
fn corrected(set: &str) -> &'static [Relation] {
    match set {
        "salesCreditMemos" => &[CORRECTED],
        "purchaseCreditMemos" => &[CORRECTED_PURCHASE],
        _ => &[],
    }
}

/// Checks the references that a body gives, and writes both halves of each into the row.
pub(crate) fn apply(session: &Session, set: &str, changes: &Changes, row: &mut Row) -> Answer<()> {
    for relation in relations(set).iter().chain(corrected(set)) {
        let by_id = relation.id.filter(|id| changes.has(id));
        let by_code = relation.code.filter(|code| changes.has(code));
        if by_id.is_some() || by_code.is_some() {
            follow(session, set, relation, by_id.map(|name| changes.text(name)), by_code.map(|name| changes.text(name).to_uppercase()).as_deref(), row)?;
        }
    }
    Ok(())
}

fn follow(session: &Session, set: &str, relation: &Relation, id: Option<&str>, code: Option<&str>, row: &mut Row) -> Answer<()> {
    let local = relation.target == "currencies";
    let id = id.filter(|id| *id != NO_ID);
    let code = code.filter(|code| !code.is_empty()).filter(|code| !local || *code != LOCAL_CURRENCY);
    let by_id = match id {
        Some(id) => Some(session.find(relation.target, id)?.ok_or_else(|| unknown_id(relation))?),
        None => None,
    };
    let by_code = match code {
        Some(code) => Some(session.find_by(relation.target, relation.target_code, code)?.ok_or_else(|| unknown_code(session, set, relation, code))?),
        None => None,
    };
    let found = match (by_id, by_code) {
        (Some(one), Some(other)) if one.id() != other.id() => {
            return Err(ApiError::rule(format!("The {} values do not match to a specific {}.", relation.caption.to_lowercase(), relation.caption)));
        }
        (Some(found), _) | (None, Some(found)) => Some(found),
        (None, None) => None,
    };
    if let Some(name) = relation.id {
        row.put(name, found.as_ref().map_or(NO_ID, Row::id));
    }
    if let Some(name) = relation.code {
        let blank = if local { LOCAL_CURRENCY } else { "" };
        row.put(name, found.as_ref().map_or(blank, |found| found.text(relation.target_code)));
    }
    Ok(())
}

fn unknown_id(relation: &Relation) -> ApiError {
    ApiError::rule(format!("The \"{}\" does not match to a {}.", relation.id.unwrap_or_default(), relation.caption))
}

fn unknown_code(session: &Session, set: &str, relation: &Relation, code: &str) -> ApiError {
    let table = session.facts.set(set).map(crate::data::facts::EntitySet::caption).unwrap_or_default();
    ApiError::new(
        400,
        "Internal_InvalidTableRelation",
        format!(
            "The field {} of table {table} contains a value ({code}) that cannot be found in the related table ({}).",
            relation.code.unwrap_or_default(),
            relation.caption
        ),
    )
}
