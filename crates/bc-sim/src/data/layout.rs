//! Which sets the demo company keeps, how each lies in SQLite, and the statements of each table, written once.
//!
//! A kept set has one table of its own name: a column per property, `company` (1, 2, ...), `_rv` (the version that the
//! etag shows) and a few hidden columns, all of which start with an underscore. A computed set is a view.

use std::collections::HashMap;

use crate::data::facts::{Kind, Property};

/// How a set is kept.
struct Layout {
    set: &'static str,
    /// The order of a list that asks for none.
    sort: &'static str,
    /// The column that must be unique within a company.
    unique: Option<&'static str>,
    /// Columns beyond the properties, with their SQL type and default.
    hidden: &'static str,
    /// Columns with an index of their own (after `company`).
    indexes: &'static [&'static str],
    /// The select behind a computed set.
    view: Option<&'static str>,
}

const fn code_table(set: &'static str) -> Layout {
    Layout { set, sort: "code", unique: Some("code"), hidden: "", indexes: &[], view: None }
}

const fn lines(set: &'static str) -> Layout {
    Layout { set, sort: "sequence", unique: None, hidden: "_byAmount INTEGER", indexes: &["documentId\", \"sequence"], view: None }
}

const fn journal_lines(set: &'static str) -> Layout {
    Layout { set, sort: "lineNumber", unique: None, hidden: "", indexes: &["journalId\", \"lineNumber"], view: None }
}

/// Lines: `_byAmount`: the discount was given as an amount. Documents: `_posted`: it is in the books. `_terms`: payment terms (purchase invoices do not show theirs). `_rate`: local currency for one
/// unit of the document's. `_domestic`: tax applies. `_cause`: a credit memo's invoice or an invoice's credit memo, when it corrects.
const DOCUMENT: &str = "_posted INTEGER, _terms TEXT, _rate INTEGER, _domestic INTEGER, _cause TEXT";

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
    code_table("journals"),
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
    Layout { set: "customers", sort: "number", unique: Some("number"), hidden: "_sales INTEGER", indexes: &["displayName"], view: None },
    Layout { set: "vendors", sort: "number", unique: Some("number"), hidden: "", indexes: &["displayName"], view: None },
    Layout { set: "contacts", sort: "number", unique: Some("number"), hidden: "_related TEXT", indexes: &["displayName"], view: None },
    Layout { set: "items", sort: "number", unique: Some("number"), hidden: "", indexes: &["displayName"], view: None },
    Layout { set: "accounts", sort: "number", unique: Some("number"), hidden: "_from TEXT, _to TEXT", indexes: &[], view: None },
    Layout {
        set: "generalLedgerEntries",
        sort: "entryNumber",
        unique: Some("entryNumber"),
        hidden: "",
        indexes: &["accountNumber\", \"postingDate", "documentNumber", "postingDate"],
        view: None,
    },
    Layout { set: "itemLedgerEntries", sort: "entryNumber", unique: Some("entryNumber"), hidden: "", indexes: &["itemNumber"], view: None },
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
            "invoiceDate",
            "postingDate",
            "dueDate",
            "totalAmountIncludingTax",
            "remainingAmount",
        ],
    ),
    lines("salesInvoiceLines"),
    document("salesCreditMemos", &["customerNumber", "status", "creditMemoDate"]),
    lines("salesCreditMemoLines"),
    document("purchaseOrders", &["vendorNumber", "status", "orderDate"]),
    lines("purchaseOrderLines"),
    document("purchaseInvoices", &["vendorNumber\", \"status", "status\", \"dueDate", "invoiceDate", "postingDate", "dueDate", "totalAmountIncludingTax"]),
    lines("purchaseInvoiceLines"),
    document("purchaseCreditMemos", &["vendorNumber", "status", "creditMemoDate"]),
    lines("purchaseCreditMemoLines"),
    Layout { set: "purchaseReceipts", sort: "number", unique: Some("number"), hidden: "", indexes: &["vendorNumber", "orderNumber"], view: None },
    lines("purchaseReceiptLines"),
    Layout { set: "contactsInformation", sort: "contactNumber", unique: None, hidden: "", indexes: &[], view: Some(CONTACTS) },
    Layout { set: "salesShipments", sort: "number", unique: Some("number"), hidden: "", indexes: &["customerNumber", "orderNumber"], view: None },
    lines("salesShipmentLines"),
    Layout { set: "customerFinancialDetails", sort: "number", unique: None, hidden: "", indexes: &[], view: Some(FINANCIAL_DETAILS) },
    Layout { set: "agedAccountsReceivables", sort: "customerNumber", unique: None, hidden: "", indexes: &[], view: Some(AGED_RECEIVABLES) },
    Layout { set: "agedAccountsPayables", sort: "vendorNumber", unique: None, hidden: "", indexes: &[], view: Some(AGED_PAYABLES) },
];

const FINANCIAL_DETAILS: &str = r#"SELECT c.company, c._rv, c.id, c.number, c.balanceDue AS balance, coalesce(c._sales, 0) AS totalSalesExcludingTax,
  (SELECT coalesce(sum(l.remaining_local), 0) FROM _partner_entries l WHERE l.partner = c.id AND l.open = 1 AND l.due < work_date()) AS overdueAmount,
  c.lastModifiedDateTime FROM customers c"#;

/// Four buckets of thirty days by due date; "current" is what is not due yet.
const AGED_RECEIVABLES: &str = r#"SELECT c.company, c._rv, c.id AS customerId, c.number AS customerNumber, c.displayName AS name, c.currencyCode,
  c.balanceDue, age_sum(c.id, -100000, 0) AS currentAmount,
  '1-30 days' AS period1Label, age_sum(c.id, 1, 30) AS period1Amount,
  '31-60 days' AS period2Label, age_sum(c.id, 31, 60) AS period2Amount,
  'Over 60 days' AS period3Label, age_sum(c.id, 61, 100000) AS period3Amount,
  work_date() AS agedAsOfDate, '30D' AS periodLengthFilter FROM customers c"#;

const AGED_PAYABLES: &str = r#"SELECT v.company, v._rv, v.id AS vendorId, v.number AS vendorNumber, v.displayName AS name, v.currencyCode,
  v.balance AS balanceDue, age_sum(v.id, -100000, 0) AS currentAmount, age_sum(v.id, 1, 30) AS period1Amount,
  age_sum(v.id, 31, 60) AS period2Amount, age_sum(v.id, 61, 100000) AS period3Amount,
  work_date() AS agedAsOfDate, '30D' AS periodLengthFilter FROM vendors v"#;

/// The contacts that stand for a customer or vendor.
const CONTACTS: &str = r#"SELECT company, _rv, id AS contactId, number AS contactNumber, displayName AS contactName, "type" AS contactType,
  _related AS relatedId, contactBusinessRelation AS relatedType FROM contacts WHERE _related <> ''"#;

/// `age_sum(partner, from, to)` stands for the open amount that is that many days past due.
fn spell_ages(select: &str) -> String {
    let mut out = String::new();
    let mut rest = select;
    while let Some(start) = rest.find("age_sum(") {
        let (before, after) = rest.split_at(start);
        let Some(end) = after.find(')') else { break };
        let arguments: Vec<&str> = after["age_sum(".len()..end].split(',').map(str::trim).collect();
        if let [partner, from, to] = arguments.as_slice() {
            out.push_str(before);
            out.push_str(&format!(
                "(SELECT coalesce(sum(l.remaining_local), 0) FROM _partner_entries l WHERE l.partner = {partner} AND l.open = 1 \
                 AND julianday(work_date()) - julianday(l.due) BETWEEN {from} AND {to})"
            ));
        }
        rest = &after[end + 1..];
    }
    out.push_str(rest);
    out
}

/// Tables that no set shows: the ledger of open items, number series, and what the file says about itself.
const INTERNAL: &str = "
CREATE TABLE _meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE _series (company INTEGER NOT NULL, code TEXT NOT NULL, prefix TEXT NOT NULL, width INTEGER NOT NULL,
  next INTEGER NOT NULL, step INTEGER NOT NULL, PRIMARY KEY (company, code)) WITHOUT ROWID;
CREATE TABLE _partner_entries (entry INTEGER PRIMARY KEY, company INTEGER NOT NULL, partner TEXT NOT NULL, document TEXT NOT NULL,
  posted TEXT NOT NULL, due TEXT NOT NULL, amount INTEGER NOT NULL, amount_local INTEGER NOT NULL,
  remaining INTEGER NOT NULL, remaining_local INTEGER NOT NULL, open INTEGER NOT NULL) STRICT;
CREATE INDEX _partner_open ON _partner_entries (partner, open, due);
CREATE INDEX _partner_document ON _partner_entries (document);
";

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
    let layout = LAYOUTS.iter().find(|layout| layout.set == set)?;
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
        update: format!("UPDATE \"{set}\" SET _rv = ?, {} = ? WHERE id = ?", quoted.join(" = ?,")),
        projection: format!("_rv, {}", quoted.join(",")),
        select: format!("SELECT _rv, {} FROM \"{set}\"", quoted.join(",")),
        name: set.to_owned(),
        sort: layout.sort,
        unique: layout.unique,
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
    let mut sql = String::from(INTERNAL);
    for table in tables {
        let Some(layout) = LAYOUTS.iter().find(|layout| layout.set == table.name) else { continue };
        match layout.view {
            Some(select) => sql.push_str(&format!("CREATE VIEW \"{}\" AS {};\n", table.name, spell_ages(select))),
            None => create_table(table, layout, &mut sql),
        }
    }
    sql
}

fn create_table(table: &Table, layout: &Layout, sql: &mut String) {
    let name = &table.name;
    let columns: Vec<String> = table
        .columns
        .iter()
        .map(|column| {
            let kind = match column.kind {
                Kind::Decimal | Kind::Whole | Kind::Flag => "INTEGER",
                _ => "TEXT",
            };
            let key = if column.name == "id" { " PRIMARY KEY" } else { "" };
            format!("\"{}\" {kind} NOT NULL{key}", column.name)
        })
        .collect();
    sql.push_str(&format!("CREATE TABLE \"{name}\" (company INTEGER NOT NULL, _rv INTEGER NOT NULL, {}) STRICT;\n", columns.join(", ")));
    if let Some(unique) = layout.unique {
        sql.push_str(&format!("CREATE UNIQUE INDEX \"{name}_key\" ON \"{name}\" (company, \"{unique}\");\n"));
    }
    for (index, column) in layout.indexes.iter().enumerate() {
        sql.push_str(&format!("CREATE INDEX \"{name}_{index}\" ON \"{name}\" (company, \"{column}\");\n"));
    }
}
