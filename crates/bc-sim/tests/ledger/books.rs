//! Everything that the company shows of its books, read once, and amounts as exact integers.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::support::Company;

/// An amount as whole hundred-thousandths, read from the number's text.
pub fn units(value: &Value) -> i128 {
    let text = value.to_string();
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let negative = whole.starts_with('-');
    let digits = format!("{}{fraction:0<5}", whole.trim_start_matches('-'));
    let magnitude: i128 = digits.parse().unwrap_or_else(|_| panic!("{text} is no plain decimal"));
    if negative { -magnitude } else { magnitude }
}

/// An amount of the trial balance: text with separators, or nothing.
pub fn shown_units(value: &Value) -> i128 {
    let text = value.as_str().unwrap_or_else(|| panic!("{value} is no text")).replace(',', "");
    if text.is_empty() { 0 } else { units(&serde_json::from_str(&text).unwrap_or_else(|_| panic!("{text} is no amount"))) }
}

pub fn text<'v>(row: &'v Value, name: &str) -> &'v str {
    row[name].as_str().unwrap_or_else(|| panic!("no {name} in {row}"))
}

pub fn sum<'v>(rows: impl IntoIterator<Item = &'v Value>, name: &str) -> i128 {
    rows.into_iter().map(|row| if row[name].is_null() { panic!("no {name} in {row}") } else { units(&row[name]) }).sum()
}

pub struct Books {
    pub accounts: Vec<Value>,
    pub entries: Vec<Value>,
    pub item_entries: Vec<Value>,
    pub items: Vec<Value>,
    pub customers: Vec<Value>,
    pub vendors: Vec<Value>,
    pub contacts: Vec<Value>,
    pub sales_quotes: Vec<Value>,
    pub sales_orders: Vec<Value>,
    pub sales_invoices: Vec<Value>,
    pub sales_memos: Vec<Value>,
    pub shipments: Vec<Value>,
    pub purchase_orders: Vec<Value>,
    pub purchase_invoices: Vec<Value>,
    pub purchase_memos: Vec<Value>,
    pub receipts: Vec<Value>,
}

impl Books {
    pub async fn read(company: &Company) -> Books {
        Books {
            accounts: company.all("accounts").await,
            entries: company.all("generalLedgerEntries").await,
            item_entries: company.all("itemLedgerEntries").await,
            items: company.all("items").await,
            customers: company.all("customers").await,
            vendors: company.all("vendors").await,
            contacts: company.all("contacts").await,
            sales_quotes: company.all("salesQuotes?$expand=salesQuoteLines,paymentTerm").await,
            sales_orders: company.all("salesOrders?$expand=salesOrderLines,paymentTerm").await,
            sales_invoices: company.all("salesInvoices?$expand=salesInvoiceLines,paymentTerm").await,
            sales_memos: company.all("salesCreditMemos?$expand=salesCreditMemoLines").await,
            shipments: company.all("salesShipments?$expand=salesShipmentLines").await,
            purchase_orders: company.all("purchaseOrders?$expand=purchaseOrderLines").await,
            purchase_invoices: company.all("purchaseInvoices?$expand=purchaseInvoiceLines").await,
            purchase_memos: company.all("purchaseCreditMemos?$expand=purchaseCreditMemoLines").await,
            receipts: company.all("purchaseReceipts?$expand=purchaseReceiptLines").await,
        }
    }

    /// Debits less credits of each account, by number.
    pub fn balances(&self) -> BTreeMap<String, i128> {
        let mut balances: BTreeMap<String, i128> = BTreeMap::new();
        for entry in &self.entries {
            *balances.entry(text(entry, "accountNumber").to_owned()).or_default() += units(&entry["debitAmount"]) - units(&entry["creditAmount"]);
        }
        balances
    }

    /// Debits less credits of one account.
    pub fn balance(&self, number: &str) -> i128 {
        self.balances().get(number).copied().unwrap_or_default()
    }
}

/// Posted documents: what a status other than Draft says.
pub fn posted(rows: &[Value]) -> impl Iterator<Item = &Value> {
    rows.iter().filter(|row| row["status"] != "Draft" && row["status"] != "In_x0020_Review")
}
