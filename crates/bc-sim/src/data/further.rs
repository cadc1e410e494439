//! Layouts of the sets around the books: dimensions on records, files and pictures, assets, projects, hours, approvals,
//! workflows, background jobs, subscriptions, and the sets of the extension.

use crate::data::layout::Layout;

const fn plain(set: &'static str, sort: &'static str) -> Layout {
    Layout { set, sort, unique: None, hidden: "", indexes: &[], view: None }
}

const fn numbered(set: &'static str) -> Layout {
    Layout { set, sort: "number", unique: Some("number"), hidden: "", indexes: &[], view: None }
}

const fn within(set: &'static str, sort: &'static str, indexes: &'static [&'static str]) -> Layout {
    Layout { set, sort, unique: None, hidden: "", indexes, view: None }
}

/// Sets whose key names a row within its parent only (a dimension within a document), or is a number within a company.
pub(crate) const KEYED_IN_PARENT: &[&str] = &["dimensionSetLines"];

/// Sets whose code is unique within a parent: set, the parent's column, the code's column.
pub(crate) const UNIQUE_WITHIN: &[(&str, &str, &str)] =
    &[("itemVariants", "itemId", "code"), ("dimensionValues", "dimensionId", "code"), ("journals", "templateDisplayName", "code")];

/// `_workflow`, `_step`: the record that a step or a response belongs to. `_payment`: the payment that an entry is shown for.
pub(crate) const LAYOUTS: &[Layout] = &[
    within("defaultDimensions", "dimensionCode", &["parentId"]),
    within("dimensionSetLines", "code", &["parentId\", \"id"]),
    within("attachments", "fileName", &["parentId"]),
    within("documentAttachments", "lineNumber", &["parentId"]),
    Layout { set: "pictures", sort: "id", unique: None, hidden: "", indexes: &[], view: Some(PICTURES) },
    Layout { set: "pdfDocument", sort: "id", unique: None, hidden: "", indexes: &[], view: Some(PDF_DOCUMENTS) },
    numbered("fixedAssets"),
    numbered("opportunities"),
    numbered("projects"),
    within("timeRegistrationEntries", "lineNumber", &["employeeId\", \"lineNumber"]),
    within("customerContacts", "lastName", &["customerId"]),
    Layout { set: "applyVendorEntries", sort: "postingDate", unique: None, hidden: "_payment TEXT", indexes: &[], view: Some(OPEN_VENDOR_ENTRIES) },
    plain("jobQueueEntries", "description"),
    within("jobQueueLogEntries", "startDateTime", &["jobQueueEntryId"]),
    plain("approvalUserSetups", "userId"),
    plain("approvalEntries", "entryNumber"),
    plain("postedApprovalEntries", "entryNumber"),
    Layout { set: "workflows", sort: "code", unique: Some("code"), hidden: "", indexes: &[], view: None },
    Layout { set: "workflowSteps", sort: "sequenceNumber", unique: None, hidden: "_workflow TEXT", indexes: &["_workflow"], view: None },
    Layout { set: "workflowResponseOptions", sort: "responseFunctionName", unique: None, hidden: "_step TEXT", indexes: &["_step"], view: None },
    plain("workflowApprovers", "sequence"),
    plain("subscriptions", "subscriptionId"),
    numbered("loyaltyMembers"),
    within("loyaltyEntries", "entryNumber", &["memberId"]),
];

/// Bytes of stream properties; which open vendor entries a payment is meant for.
pub(crate) const INTERNAL: &str = "
CREATE TABLE _streams (company INTEGER NOT NULL, owner TEXT NOT NULL, property TEXT NOT NULL, _rv INTEGER NOT NULL, content_type TEXT NOT NULL,
  width INTEGER NOT NULL, height INTEGER NOT NULL, bytes BLOB NOT NULL, PRIMARY KEY (company, owner, property)) STRICT;
CREATE TABLE _applied (company INTEGER NOT NULL, payment TEXT NOT NULL, document TEXT NOT NULL, _rv INTEGER NOT NULL, applied INTEGER NOT NULL,
  PRIMARY KEY (company, payment, document)) WITHOUT ROWID;
";

macro_rules! picture {
    ($set:literal, $kind:literal) => {
        concat!(
            "SELECT p.company, coalesce(s._rv, 1) AS _rv, p.id, '",
            $kind,
            "' AS \"parentType\", coalesce(s.width, 0) AS width, coalesce(s.height, 0) AS height, coalesce(s.content_type, '') AS \"contentType\" FROM \"",
            $set,
            "\" p LEFT JOIN _streams s ON s.company = p.company AND s.owner = p.id AND s.property = 'pictureContent'"
        )
    };
}

/// One picture for each record that may have one.
const PICTURES: &str = concat!(
    picture!("customers", "Customer"),
    " UNION ALL ",
    picture!("items", "Item"),
    " UNION ALL ",
    picture!("vendors", "Vendor"),
    " UNION ALL ",
    picture!("employees", "Employee"),
    " UNION ALL ",
    picture!("contacts", "Contact"),
    " UNION ALL ",
    picture!("itemVariants", "Item Variant"),
);

macro_rules! printed {
    ($set:literal, $kind:literal) => {
        concat!("SELECT company, _rv, id, id AS \"parentId\", '", $kind, "' AS \"parentType\" FROM \"", $set, "\"")
    };
}

/// One PDF for each record that can be printed.
const PDF_DOCUMENTS: &str = concat!(
    printed!("salesInvoices", "Sales Invoice"),
    " UNION ALL ",
    printed!("salesOrders", "Sales Order"),
    " UNION ALL ",
    printed!("salesQuotes", "Sales Quote"),
    " UNION ALL ",
    printed!("salesCreditMemos", "Sales Credit Memo"),
    " UNION ALL ",
    printed!("purchaseInvoices", "Purchase Invoice"),
    " UNION ALL ",
    printed!("purchaseOrders", "Purchase Order"),
    " UNION ALL ",
    printed!("purchaseCreditMemos", "Purchase Credit Memo"),
    " UNION ALL ",
    printed!("salesShipments", "Sales Shipment"),
    " UNION ALL ",
    printed!("purchaseReceipts", "Purchase Receipt"),
    " UNION ALL ",
    printed!("projects", "Job"),
    " UNION ALL ",
    printed!("customerContacts", "Customer Statement"),
);

/// The open entries of a payment's vendor, once for each payment.
const OPEN_VENDOR_ENTRIES: &str = r#"SELECT p.company, coalesce(a._rv, 1) AS _rv, e.document AS id, coalesce(a.applied, 0) AS applied,
  CASE WHEN coalesce(a.applied, 0) = 1 THEN p."documentNumber" ELSE '' END AS "appliesToId", e.posted AS "postingDate",
  CASE e.kind WHEN 'Invoice' THEN 'Invoice' WHEN 'Credit Memo' THEN 'Credit Memo' WHEN 'Payment' THEN 'Payment' WHEN 'Refund' THEN 'Refund' ELSE ' ' END
  AS "documentType", e.number AS "documentNumber", upper(e.external) AS "externalDocumentNumber", v.number AS "vendorNumber",
  v."displayName" AS "vendorName", e.description, -e.remaining AS "remainingAmount", p."lastModifiedDateTime", p.id AS _payment
  FROM "vendorPayments" p JOIN vendors v ON v.id = p."vendorId" JOIN _partner_entries e ON e.partner = v.id AND e.open = 1
  LEFT JOIN _applied a ON a.company = p.company AND a.payment = p.id AND a.document = e.document"#;
