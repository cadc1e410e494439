//! The records that files and dimensions may belong to, and what their sets are called there.

use crate::data::row::Row;
use crate::data::session::Session;
use crate::error::{Answer, ApiError};

/// A set whose records may be parents.
#[derive(Debug)]
pub(crate) struct Parent {
    pub set: &'static str,
    /// A member of parentType on attachments and documentAttachments; "" where a record has none.
    pub file: &'static str,
    /// A member of parentType on dimensionSetLines; "" where a record has none.
    pub dimension: &'static str,
    /// A member of parentType on defaultDimensions; "" where a record has none.
    pub default: &'static str,
}

const fn parent(set: &'static str, file: &'static str, dimension: &'static str, default: &'static str) -> Parent {
    Parent { set, file, dimension, default }
}

const PARENTS: &[Parent] = &[
    parent("salesInvoices", "Sales Invoice", "Sales Invoice", ""),
    parent("salesInvoiceLines", "", "Sales Invoice Line", ""),
    parent("salesOrders", "Sales Order", "Sales Order", ""),
    parent("salesOrderLines", "", "Sales Order Line", ""),
    parent("salesQuotes", "Sales Quote", "Sales Quote", ""),
    parent("salesQuoteLines", "", "Sales Quote Line", ""),
    parent("salesCreditMemos", "Sales Credit Memo", "Sales Credit Memo", ""),
    parent("salesCreditMemoLines", "", "Sales Credit Memo Line", ""),
    parent("purchaseInvoices", "Purchase Invoice", "Purchase Invoice", ""),
    parent("purchaseInvoiceLines", "", "Purchase Invoice Line", ""),
    parent("purchaseOrders", "Purchase Order", "Purchase Order", ""),
    parent("purchaseOrderLines", "", "Purchase Order Line", ""),
    parent("purchaseCreditMemos", "Purchase Credit Memo", "Purchase Credit Memo", ""),
    parent("purchaseCreditMemoLines", "", "Purchase Credit Memo Line", ""),
    parent("salesShipments", "Sales Shipment", "Sales Shipment", ""),
    parent("salesShipmentLines", "", "Sales Shipment Line", ""),
    parent("purchaseReceipts", "Purchase Receipt", "Purchase Receipt", ""),
    parent("purchaseReceiptLines", "", "Purchase Receipt Line", ""),
    parent("journalLines", "Journal", "Journal Line", ""),
    parent("customerPayments", "", "Journal Line", ""),
    parent("vendorPayments", "", "Journal Line", ""),
    parent("generalLedgerEntries", " ", "General Ledger Entry", ""),
    parent("timeRegistrationEntries", "", "Time Registration Entry", ""),
    parent("customers", "Customer", "", "Customer"),
    parent("vendors", "Vendor", "", "Vendor"),
    parent("items", "Item", "", "Item"),
    parent("employees", "Employee", "", "Employee"),
    parent("projects", "Job", "", ""),
];

/// Finds the record with that id among the sets that may be parents in this way.
pub(crate) fn find(session: &Session, id: &str, may: impl Fn(&Parent) -> bool) -> Answer<Option<(&'static Parent, Row)>> {
    for parent in PARENTS.iter().filter(|parent| may(parent)) {
        if let Some(row) = session.find(parent.set, id)? {
            return Ok(Some((parent, row)));
        }
    }
    Ok(None)
}

/// Refuses a change of what belongs to a record that is in the books.
pub(crate) fn check_open(parent: &Parent, row: &Row) -> Answer<()> {
    let booked = row.flag("_posted")
        || ["salesShipments", "salesShipmentLines", "purchaseReceipts", "purchaseReceiptLines", "generalLedgerEntries"].contains(&parent.set);
    if booked {
        return Err(ApiError::rule("The record has been posted and can no longer be modified."));
    }
    Ok(())
}
