//! The words that people use for sets and properties, and the names Business Central uses.

use std::collections::HashMap;
use std::sync::OnceLock;

use super::words::Words;
use crate::model::facts::{self, Facts, Property};

/// A set that was named in a message.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Noun {
    pub(crate) facts: &'static Facts,
    /// "customers" rather than "customer".
    pub(crate) plural: bool,
    /// First word and the one after the last.
    pub(crate) from: usize,
    pub(crate) to: usize,
}

/// Common words for sets beside their own names: singular, plural, set.
const SETS: &[(&str, &str, &str)] = &[
    ("client", "clients", "customers"),
    ("debtor", "debtors", "customers"),
    ("supplier", "suppliers", "vendors"),
    ("creditor", "creditors", "vendors"),
    ("product", "products", "items"),
    ("article", "articles", "items"),
    ("stock item", "stock items", "items"),
    ("contact person", "contact persons", "contacts"),
    ("contact", "contact people", "contacts"),
    ("quote", "quotes", "salesQuotes"),
    ("quotation", "quotations", "salesQuotes"),
    ("offer", "offers", "salesQuotes"),
    ("order", "orders", "salesOrders"),
    ("customer order", "customer orders", "salesOrders"),
    ("invoice", "invoices", "salesInvoices"),
    ("customer invoice", "customer invoices", "salesInvoices"),
    ("receivable", "receivables", "salesInvoices"),
    ("credit memo", "credit memos", "salesCreditMemos"),
    ("bill", "bills", "purchaseInvoices"),
    ("vendor invoice", "vendor invoices", "purchaseInvoices"),
    ("vendor bill", "vendor bills", "purchaseInvoices"),
    ("supplier invoice", "supplier invoices", "purchaseInvoices"),
    ("payable", "payables", "purchaseInvoices"),
    ("po", "pos", "purchaseOrders"),
    ("vendor order", "vendor orders", "purchaseOrders"),
    ("supplier order", "supplier orders", "purchaseOrders"),
    ("term of payment", "terms of payment", "paymentTerms"),
    ("payment term", "payment terms", "paymentTerms"),
    ("country", "countries", "countriesRegions"),
    ("region", "regions", "countriesRegions"),
    ("salesperson", "salespeople", "salespeoplePurchasers"),
    ("salesperson", "salespersons", "salespeoplePurchasers"),
    ("purchaser", "purchasers", "salespeoplePurchasers"),
    ("category", "categories", "itemCategories"),
    ("product category", "product categories", "itemCategories"),
    ("unit", "units", "unitsOfMeasure"),
    ("unit of measure", "units of measure", "unitsOfMeasure"),
    ("warehouse", "warehouses", "locations"),
    ("g/l account", "g/l accounts", "accounts"),
    ("gl account", "gl accounts", "accounts"),
    ("ledger account", "chart of accounts", "accounts"),
    ("ledger entry", "ledger entries", "generalLedgerEntries"),
    ("g/l entry", "g/l entries", "generalLedgerEntries"),
    ("gl entry", "gl entries", "generalLedgerEntries"),
    ("general ledger entry", "general ledger", "generalLedgerEntries"),
    ("posting", "postings", "generalLedgerEntries"),
    ("delivery method", "delivery methods", "shipmentMethods"),
    ("bank", "banks", "bankAccounts"),
    ("shipment", "shipments", "salesShipments"),
    ("receipt", "receipts", "purchaseReceipts"),
];

/// Common words for properties: phrase, then the properties it may mean, the first that a set has.
const FIELDS: &[(&str, &[&str])] = &[
    ("name", &["displayName", "customerName", "vendorName"]),
    ("description", &["displayName", "description"]),
    ("customer", &["customerName"]),
    ("vendor", &["vendorName"]),
    ("supplier", &["vendorName"]),
    ("number", &["number", "code"]),
    ("no.", &["number"]),
    ("phone", &["phoneNumber", "phoneNo"]),
    ("phone no", &["phoneNumber", "phoneNo"]),
    ("telephone", &["phoneNumber"]),
    ("telephone number", &["phoneNumber"]),
    ("tel", &["phoneNumber"]),
    ("mobile", &["mobilePhoneNumber", "phoneNumber"]),
    ("mobile number", &["mobilePhoneNumber", "phoneNumber"]),
    ("e-mail", &["email"]),
    ("mail", &["email"]),
    ("email address", &["email"]),
    ("e-mail address", &["email"]),
    ("emails", &["email"]),
    ("web", &["website"]),
    ("homepage", &["website"]),
    ("home page", &["website"]),
    ("web site", &["website"]),
    ("address", &["addressLine1"]),
    ("street", &["addressLine1"]),
    ("street address", &["addressLine1"]),
    ("town", &["city"]),
    ("city", &["city", "sellToCity", "buyFromCity"]),
    ("country", &["country", "sellToCountry", "buyFromCountry"]),
    ("zip", &["postalCode"]),
    ("zip code", &["postalCode"]),
    ("postcode", &["postalCode"]),
    ("post code", &["postalCode"]),
    ("limit", &["creditLimit"]),
    ("balance", &["balanceDue", "balance", "remainingAmount", "netChange"]),
    ("balances", &["balanceDue", "balance", "netChange"]),
    ("outstanding balance", &["balanceDue", "balance"]),
    ("outstanding amount", &["remainingAmount", "balanceDue"]),
    ("remaining", &["remainingAmount"]),
    ("terms", &["paymentTermsId"]),
    ("payment terms", &["paymentTermsId"]),
    ("payment term", &["paymentTermsId"]),
    ("terms of payment", &["paymentTermsId"]),
    ("delivery method", &["shipmentMethodId"]),
    ("currency", &["currencyCode"]),
    ("salesperson", &["salespersonCode", "salesperson"]),
    ("sales person", &["salespersonCode", "salesperson"]),
    ("vat number", &["taxRegistrationNumber"]),
    ("vat no", &["taxRegistrationNumber"]),
    ("vat registration number", &["taxRegistrationNumber"]),
    ("tax number", &["taxRegistrationNumber"]),
    ("organisation number", &["taxRegistrationNumber"]),
    ("organization number", &["taxRegistrationNumber"]),
    ("org number", &["taxRegistrationNumber"]),
    ("job", &["jobTitle"]),
    ("title", &["jobTitle"]),
    ("company", &["companyName"]),
    ("price", &["unitPrice"]),
    ("prices", &["unitPrice"]),
    ("sales price", &["unitPrice"]),
    ("list price", &["unitPrice"]),
    ("cost", &["unitCost", "directUnitCost"]),
    ("costs", &["unitCost"]),
    ("stock", &["inventory"]),
    ("stock level", &["inventory"]),
    ("in stock", &["inventory"]),
    ("on hand", &["inventory"]),
    ("in inventory", &["inventory"]),
    ("quantity on hand", &["inventory"]),
    ("category", &["itemCategoryCode"]),
    ("barcode", &["gtin"]),
    ("unit", &["baseUnitOfMeasureCode"]),
    ("unit of measure", &["baseUnitOfMeasureCode"]),
    ("base unit", &["baseUnitOfMeasureCode"]),
    ("base unit of measure", &["baseUnitOfMeasureCode"]),
    ("total", &["totalAmountIncludingTax"]),
    ("totals", &["totalAmountIncludingTax"]),
    ("amount", &["totalAmountIncludingTax", "remainingAmount", "debitAmount"]),
    ("amounts", &["totalAmountIncludingTax"]),
    ("value", &["totalAmountIncludingTax"]),
    ("total amount", &["totalAmountIncludingTax"]),
    ("sales", &["totalAmountIncludingTax"]),
    ("remaining amounts", &["remainingAmount"]),
    ("debit", &["debitAmount"]),
    ("credit", &["creditAmount", "creditLimit"]),
    ("due", &["dueDate"]),
    ("date", &["orderDate", "invoiceDate", "documentDate", "postingDate"]),
    ("delivery date", &["requestedDeliveryDate", "requestedReceiptDate"]),
    ("delivery", &["requestedDeliveryDate", "requestedReceiptDate"]),
    ("requested delivery", &["requestedDeliveryDate", "requestedReceiptDate"]),
    ("valid until", &["validUntilDate"]),
    ("reference", &["externalDocumentNumber", "vendorInvoiceNumber"]),
    ("their reference", &["externalDocumentNumber"]),
    ("external document no", &["externalDocumentNumber"]),
    ("discount", &["discountAmount", "discountPercent"]),
    ("due date formula", &["dueDateCalculation"]),
    ("calculation", &["dueDateCalculation"]),
];

/// The set named at a place, by the longest phrase.
pub(crate) fn noun_at(words: &Words, index: usize) -> Option<Noun> {
    (1..=4).rev().find_map(|length| {
        let (set, plural) = sets().get(phrase(words, index, length)?.as_str())?;
        Some(Noun { facts: facts::of(set)?, plural: *plural, from: index, to: index + length })
    })
}

/// The first set named at or after a place.
pub(crate) fn noun_from(words: &Words, from: usize) -> Option<Noun> {
    (from..words.len()).find_map(|index| noun_at(words, index))
}

fn phrase(words: &Words, index: usize, length: usize) -> Option<String> {
    let parts: Vec<&str> = (index..index + length).map(|at| words.low(at)).collect();
    (!parts.iter().any(|part| part.is_empty())).then(|| parts.join(" "))
}

fn sets() -> &'static HashMap<String, (&'static str, bool)> {
    static SETS_BY_PHRASE: OnceLock<HashMap<String, (&'static str, bool)>> = OnceLock::new();
    SETS_BY_PHRASE.get_or_init(|| {
        let mut phrases = HashMap::new();
        for facts in facts::all() {
            phrases.insert(spoken(&facts.entity), (facts.set.as_str(), false));
            phrases.insert(spoken(&facts.set), (facts.set.as_str(), true));
        }
        for (one, many, set) in SETS {
            phrases.insert((*many).to_owned(), (*set, true));
            phrases.insert((*one).to_owned(), (*set, false));
        }
        phrases
    })
}

/// `balanceDue` as people say it: "balance due".
pub(crate) fn spoken(name: &str) -> String {
    let mut spoken = String::with_capacity(name.len() + 4);
    let mut previous = ' ';
    for c in name.chars() {
        if c.is_uppercase() && !previous.is_uppercase() {
            spoken.push(' ');
        }
        spoken.extend(c.to_lowercase());
        previous = c;
    }
    spoken.trim().to_owned()
}

/// What a property is called in an answer: references without their "id".
pub(crate) fn label(property: &str) -> String {
    let spoken = match property {
        "displayName" => return "name".to_owned(),
        "balanceDue" => return "balance due".to_owned(),
        "number" => return "no.".to_owned(),
        "totalAmountIncludingTax" => return "total incl. tax".to_owned(),
        "totalAmountExcludingTax" => return "total excl. tax".to_owned(),
        "addressLine1" => return "address".to_owned(),
        "phoneNumber" => return "phone".to_owned(),
        "email" => return "e-mail".to_owned(),
        "postalCode" => return "postal code".to_owned(),
        _ => spoken(property),
    };
    [" id", " code"].iter().find_map(|ending| spoken.strip_suffix(ending)).map(str::to_owned).unwrap_or(spoken)
}

/// The words for the properties of one set.
#[derive(Debug)]
pub(crate) struct Fields {
    phrases: HashMap<String, &'static Property>,
}

impl Fields {
    /// Collects the words for a set.
    pub(crate) fn of(facts: &'static Facts) -> Self {
        let mut phrases = HashMap::new();
        for property in &facts.properties {
            let name = spoken(&property.name);
            if let Some(short) = name.strip_suffix(" id") {
                phrases.insert(short.to_owned(), property);
            }
            phrases.insert(name, property);
        }
        for (phrase, candidates) in FIELDS {
            if let Some(property) = candidates.iter().find_map(|name| facts.property(name)) {
                phrases.insert((*phrase).to_owned(), property);
            }
        }
        Self { phrases }
    }

    /// The property named at a place, with the count of words, by the longest phrase.
    pub(crate) fn at(&self, words: &Words, index: usize) -> Option<(&'static Property, usize)> {
        (1..=4).rev().find_map(|length| {
            let property = self.phrases.get(phrase(words, index, length)?.as_str())?;
            Some((*property, length))
        })
    }
}
