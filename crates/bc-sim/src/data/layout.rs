//! Which sets the demo company keeps, how each lies in SQLite, and the statements of each table, written once.
//!
//! A kept set has one table of its own name: a column per property, `company` (1, 2, ...), `_rv` (the version that the
//! etag shows) and a few hidden columns, all of which start with an underscore. A computed set is a view.

use std::collections::HashMap;

use crate::data::facts::{Kind, Property};
use crate::data::further;

/// How a set is kept.
pub(crate) struct Layout {
    pub set: &'static str,
    /// The order of a list that asks for none.
    pub sort: &'static str,
    /// The column that must be unique within a company.
    pub unique: Option<&'static str>,
    /// Columns beyond the properties, with their SQL type and default.
    pub hidden: &'static str,
    /// Columns with an index of their own (after `company`).
    pub indexes: &'static [&'static str],
    /// The select behind a computed set; [`REPORT`] for one whose rows are computed for each request.
    pub view: Option<&'static str>,
}

/// A set that is computed for the period that a request asks for: `books/reports.rs` fills a temporary table of its name.
const REPORT: &str = "";

const fn report(set: &'static str, sort: &'static str, unique: Option<&'static str>) -> Layout {
    Layout { set, sort, unique, hidden: "", indexes: &[], view: Some(REPORT) }
}

/// `_place`: partners by their numbers, and the row for all of them last.
const fn aged(set: &'static str) -> Layout {
    Layout { set, sort: "_place", unique: Some("_place"), hidden: "_place INTEGER", indexes: &[], view: Some(REPORT) }
}

const fn code_table(set: &'static str) -> Layout {
    Layout { set, sort: "code", unique: Some("code"), hidden: "", indexes: &[], view: None }
}

const fn lines(set: &'static str) -> Layout {
    Layout {
        set,
        sort: "sequence",
        unique: None,
        hidden: "_byAmount INTEGER, _cost INTEGER, _costOf INTEGER",
        indexes: &["documentId\", \"sequence"],
        view: None,
    }
}

const fn journal_lines(set: &'static str) -> Layout {
    Layout { set, sort: "lineNumber", unique: None, hidden: "", indexes: &["journalId\", \"lineNumber"], view: None }
}

/// Lines: `_byAmount`: the discount was given as an amount; `_cost`, `_costOf`: what posting it cost, and for which quantity. Items: `_valued`,
/// `_value`: what of them is invoiced, and its cost. Item ledger: `_line`: the order line that moved them; `_open`: what of them is not invoiced.
/// Documents: `_posted`: it is in the books. `_terms`: payment terms (purchase invoices do not show theirs). `_rate`: local currency for one
/// unit of the document's. `_domestic`: tax applies. `_cause`: a credit memo's invoice or an invoice's credit memo, when it corrects. `_discounted`: what of an order's
/// discount is invoiced.
const DOCUMENT: &str = "_posted INTEGER, _terms TEXT, _rate INTEGER, _domestic INTEGER, _cause TEXT, _discounted INTEGER";

const fn document(set: &'static str, indexes: &'static [&'static str]) -> Layout {
    Layout { set, sort: "number", unique: Some("number"), hidden: DOCUMENT, indexes, view: None }
}

const LAYOUTS: &[Layout] = &[
    Layout { set: "companies", sort: "name", unique: None, hidden: "", indexes: &[], view: None },
    Layout { set: "companyInformation", sort: "id", unique: None, hidden: "", indexes: &[], view: None },
    Layout { set: "generalLedgerSetup", sort: "id", unique: None, hidden: "", indexes: &[], view: None },
    code_table("paymentTerms"),
    code_table("paymentMethods"),
    code_table("shipmentMethods"),
    Layout { set: "currencies", sort: "code", unique: Some("code"), hidden: "_rate INTEGER", indexes: &[], view: None },
    code_table("countriesRegions"),
    code_table("locations"),
    code_table("salespeoplePurchasers"),
    code_table("unitsOfMeasure"),
    code_table("itemCategories"),
    code_table("taxGroups"),
    code_table("taxAreas"),
    code_table("generalProductPostingGroups"),
    code_table("inventoryPostingGroups"),
    code_table("dimensions"),
    Layout { set: "journals", sort: "code", unique: None, hidden: "", indexes: &["code"], view: None },
    code_table("customerPaymentJournals"),
    code_table("vendorPaymentJournals"),
    journal_lines("journalLines"),
    journal_lines("customerPayments"),
    journal_lines("vendorPayments"),
    code_table("disputeStatus"),
    code_table("customerReturnReasons"),
    code_table("fixedAssetLocations"),
    Layout { set: "accountingPeriods", sort: "startingDate", unique: Some("startingDate"), hidden: "", indexes: &[], view: None },
    Layout { set: "currencyExchangeRates", sort: "currencyCode", unique: None, hidden: "", indexes: &[], view: None },
    Layout { set: "employees", sort: "number", unique: Some("number"), hidden: "", indexes: &[], view: None },
    Layout { set: "bankAccounts", sort: "number", unique: Some("number"), hidden: "", indexes: &[], view: None },
    Layout { set: "itemVariants", sort: "code", unique: None, hidden: "", indexes: &["itemId"], view: None },
    Layout { set: "dimensionValues", sort: "code", unique: None, hidden: "", indexes: &["dimensionId"], view: None },
    Layout { set: "customers", sort: "number", unique: Some("number"), hidden: "", indexes: &["displayName"], view: None },
    Layout { set: "vendors", sort: "number", unique: Some("number"), hidden: "", indexes: &["displayName"], view: None },
    Layout { set: "contacts", sort: "number", unique: Some("number"), hidden: "_related TEXT", indexes: &["displayName"], view: None },
    Layout { set: "items", sort: "number", unique: Some("number"), hidden: "_valued INTEGER, _value INTEGER", indexes: &["displayName"], view: None },
    Layout { set: "accounts", sort: "number", unique: Some("number"), hidden: "_from TEXT, _to TEXT", indexes: &[], view: None },
    Layout {
        set: "generalLedgerEntries",
        sort: "entryNumber",
        unique: Some("entryNumber"),
        hidden: "",
        indexes: &["accountNumber\", \"postingDate", "documentNumber", "postingDate"],
        view: None,
    },
    Layout {
        set: "itemLedgerEntries",
        sort: "entryNumber",
        unique: Some("entryNumber"),
        hidden: "_line TEXT, _open INTEGER",
        indexes: &["itemNumber", "_line"],
        view: None,
    },
    document("salesQuotes", &["customerNumber", "status", "documentDate", "totalAmountIncludingTax"]),
    lines("salesQuoteLines"),
    document("salesOrders", &["customerNumber", "status", "orderDate", "totalAmountIncludingTax"]),
    lines("salesOrderLines"),
    document(
        "salesInvoices",
        &[
            "customerNumber\", \"status",
            "status\", \"dueDate",
            "customerName",
            "invoiceDate\", \"number",
            "postingDate\", \"number",
            "dueDate\", \"number",
            "totalAmountIncludingTax",
            "remainingAmount",
        ],
    ),
    lines("salesInvoiceLines"),
    document("salesCreditMemos", &["customerNumber", "status", "creditMemoDate"]),
    lines("salesCreditMemoLines"),
    document("purchaseOrders", &["vendorNumber", "status", "orderDate"]),
    lines("purchaseOrderLines"),
    document(
        "purchaseInvoices",
        &[
            "vendorNumber\", \"status",
            "status\", \"dueDate",
            "invoiceDate\", \"number",
            "postingDate\", \"number",
            "dueDate\", \"number",
            "totalAmountIncludingTax",
            "vendorInvoiceNumber",
        ],
    ),
    lines("purchaseInvoiceLines"),
    document("purchaseCreditMemos", &["vendorNumber", "status", "creditMemoDate"]),
    lines("purchaseCreditMemoLines"),
    Layout { set: "purchaseReceipts", sort: "number", unique: Some("number"), hidden: "", indexes: &["vendorNumber", "orderNumber"], view: None },
    lines("purchaseReceiptLines"),
    Layout { set: "contactsInformation", sort: "contactNumber", unique: None, hidden: "", indexes: &[], view: Some(CONTACTS) },
    Layout { set: "salesShipments", sort: "number", unique: Some("number"), hidden: "", indexes: &["customerNumber", "orderNumber"], view: None },
    lines("salesShipmentLines"),
    Layout { set: "customerFinancialDetails", sort: "number", unique: None, hidden: "", indexes: &[], view: Some(FINANCIAL_DETAILS) },
    aged("agedAccountsReceivables"),
    aged("agedAccountsPayables"),
    report("trialBalances", "number", None),
    report("balanceSheets", "lineNumber", None),
    report("incomeStatements", "lineNumber", None),
    report("cashFlowStatements", "lineNumber", None),
    report("retainedEarningsStatements", "lineNumber", None),
    report("customerSales", "customerNumber", Some("customerNumber")),
    report("vendorPurchases", "vendorNumber", Some("vendorNumber")),
];

const FINANCIAL_DETAILS: &str = r#"SELECT c.company, c._rv, c.id, c.number, c.balanceDue AS balance,
  (SELECT coalesce(sum(l.net_local), 0) FROM _partner_entries l WHERE l.partner = c.id) AS totalSalesExcludingTax,
  (SELECT coalesce(sum(l.remaining_local), 0) FROM _partner_entries l WHERE l.partner = c.id AND l.open = 1 AND l.due < work_date()) AS overdueAmount,
  c.lastModifiedDateTime FROM customers c"#;

/// The contacts that stand for a customer or vendor.
const CONTACTS: &str = r#"SELECT company, _rv, id AS contactId, number AS contactNumber, displayName AS contactName, "type" AS contactType,
  _related AS relatedId, contactBusinessRelation AS relatedType FROM contacts WHERE _related <> ''"#;

/// Tables that no set shows: the ledger of open items, number series, and what the file says about itself.
const INTERNAL: &str = "
CREATE TABLE _meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE _series (company INTEGER NOT NULL, code TEXT NOT NULL, prefix TEXT NOT NULL, width INTEGER NOT NULL,
  next INTEGER NOT NULL, step INTEGER NOT NULL, PRIMARY KEY (company, code)) WITHOUT ROWID;
CREATE TABLE _partner_entries (entry INTEGER PRIMARY KEY, company INTEGER NOT NULL, partner TEXT NOT NULL, document TEXT NOT NULL,
  number TEXT NOT NULL, kind TEXT NOT NULL, external TEXT NOT NULL, description TEXT NOT NULL, posted TEXT NOT NULL, due TEXT NOT NULL,
  currency TEXT NOT NULL, amount INTEGER NOT NULL, amount_local INTEGER NOT NULL, net_local INTEGER NOT NULL,
  remaining INTEGER NOT NULL, remaining_local INTEGER NOT NULL, open INTEGER NOT NULL) STRICT;
CREATE INDEX _partner_open ON _partner_entries (partner, open, due);
CREATE INDEX _partner_posted ON _partner_entries (partner, posted);
CREATE INDEX _partner_document ON _partner_entries (document);
";

/// The layout of a set, here or among the further sets.
fn layout(set: &str) -> Option<&'static Layout> {
    LAYOUTS.iter().chain(further::LAYOUTS).find(|layout| layout.set == set)
}

/// The property that names a row of a kept set.
fn key(set: &str) -> &'static str {
    match set {
        "workflowSteps" | "workflowResponseOptions" => "systemId",
        "subscriptions" => "subscriptionId",
        _ => "id",
    }
}

/// One column of a table.
#[derive(Debug)]
pub(crate) struct Column {
    pub name: String,
    pub kind: Kind,
}

/// A kept set's table and its statements.
#[derive(Debug)]
pub(crate) struct Table {
    pub name: String,
    pub columns: Vec<Column>,
    pub sort: &'static str,
    pub unique: Option<&'static str>,
    /// The column that names a row.
    pub key: &'static str,
    pub computed: bool,
    /// Inserts a row: company, version, then the columns.
    pub insert: String,
    /// Rewrites the row with the id: version, the columns, then the id.
    pub update: String,
    /// Version and columns, as [`crate::data::row::Row::read`] wants them.
    pub projection: String,
    /// All of them, without a condition.
    pub select: String,
    by_name: HashMap<String, usize>,
}

impl Table {
    pub(crate) fn column(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }
}

/// The table of a set, when the demo company keeps it.
pub(crate) fn table(set: &str, properties: &[Property]) -> Option<Table> {
    let layout = layout(set)?;
    let key = key(set);
    let mut columns: Vec<Column> = properties
        .iter()
        .filter(|property| property.kind != Kind::Stream)
        .map(|property| Column { name: property.name.clone(), kind: property.kind.clone() })
        .collect();
    columns.extend(hidden(layout).map(|(name, kind)| Column { name: name.to_owned(), kind }));
    let quoted: Vec<String> = columns.iter().map(|column| format!("\"{}\"", column.name)).collect();
    let marks = vec!["?"; columns.len() + 2].join(",");
    let by_name = columns.iter().enumerate().map(|(index, column)| (column.name.clone(), index)).collect();
    Some(Table {
        insert: format!("INSERT INTO \"{set}\" (company, _rv, {}) VALUES ({marks})", quoted.join(",")),
        update: format!("UPDATE \"{set}\" SET _rv = ?, {} = ? WHERE \"{key}\" = ?", quoted.join(" = ?,")),
        projection: format!("_rv, {}", quoted.join(",")),
        select: format!("SELECT _rv, {} FROM \"{set}\"", quoted.join(",")),
        name: set.to_owned(),
        sort: layout.sort,
        unique: layout.unique,
        key,
        computed: layout.view.is_some(),
        columns,
        by_name,
    })
}

fn hidden(layout: &Layout) -> impl Iterator<Item = (&'static str, Kind)> {
    layout.hidden.split(',').filter_map(|text| text.trim().split_once(' ')).map(|(name, sql)| {
        let kind = if sql == "INTEGER" { Kind::Decimal } else { Kind::Text };
        (name, kind)
    })
}

/// The statements that make an empty database.
pub(crate) fn create_all(tables: &[&Table]) -> String {
    let mut sql = format!("{INTERNAL}{}", further::INTERNAL);
    for table in tables {
        let Some(layout) = layout(&table.name) else { continue };
        match layout.view {
            Some(REPORT) => {}
            Some(select) => sql.push_str(&format!("CREATE VIEW \"{}\" AS {select};\n", table.name)),
            None => create_table(table, layout, &mut sql),
        }
    }
    sql
}

/// The statement that makes the table of a report; it lives as long as the connection.
pub(crate) fn create_temporary(table: &Table) -> String {
    format!("CREATE TEMP TABLE IF NOT EXISTS \"{}\" (company INTEGER NOT NULL, _rv INTEGER NOT NULL, {}) STRICT", table.name, column_list(table))
}

fn column_list(table: &Table) -> String {
    let column = |column: &Column| {
        let kind = match column.kind {
            Kind::Decimal | Kind::Whole | Kind::Flag => "INTEGER",
            _ => "TEXT",
        };
        let key = if column.name == table.key && !further::KEYED_IN_PARENT.contains(&table.name.as_str()) { " PRIMARY KEY" } else { "" };
        format!("\"{}\" {kind} NOT NULL{key}", column.name)
    };
    table.columns.iter().map(column).collect::<Vec<_>>().join(", ")
}

fn create_table(table: &Table, layout: &Layout, sql: &mut String) {
    let name = &table.name;
    sql.push_str(&format!("CREATE TABLE \"{name}\" (company INTEGER NOT NULL, _rv INTEGER NOT NULL, {}) STRICT;\n", column_list(table)));
    if let Some(unique) = layout.unique {
        sql.push_str(&format!("CREATE UNIQUE INDEX \"{name}_key\" ON \"{name}\" (company, \"{unique}\");\n"));
    }
    for (index, column) in layout.indexes.iter().enumerate() {
        sql.push_str(&format!("CREATE INDEX \"{name}_{index}\" ON \"{name}\" (company, \"{column}\");\n"));
    }
}
