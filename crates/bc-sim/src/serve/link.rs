//! Which records a navigation property leads to.

use crate::data::facts::{EntitySet, Navigation};

/// The way from a record over a navigation property.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Link {
    /// To the record whose key stands in this column here.
    One(&'static str),
    /// To the records whose column holds this record's id.
    Many(&'static str),
    /// From a company to all records of a set in it.
    All,
    /// Nothing is kept behind it.
    Nothing,
}

/// The link of a navigation property; `target` is the set that it leads to.
pub(crate) fn link(set: &EntitySet, navigation: &'static Navigation, target: &EntitySet) -> Link {
    if target.table.is_none() {
        return Link::Nothing;
    }
    if let Some(via) = &navigation.via {
        return Link::One(via);
    }
    match (set.name.as_str(), target.name.as_str()) {
        ("companies", _) => Link::All,
        (_, "defaultDimensions" | "dimensionSetLines" | "attachments" | "documentAttachments") if navigation.many => Link::Many("parentId"),
        ("defaultDimensions" | "dimensionSetLines" | "attachments" | "documentAttachments", _) => Link::One("parentId"),
        // A picture and a printed document have the id of their record.
        (_, "pictures" | "pdfDocument") | ("pictures" | "pdfDocument", _) | ("accounts", "trialBalances") => Link::One("id"),
        ("employees", "timeRegistrationEntries") => Link::Many("employeeId"),
        ("vendorPayments", "applyVendorEntries") => Link::Many("_payment"),
        ("jobQueueEntries", "jobQueueLogEntries") => Link::Many("jobQueueEntryId"),
        ("workflows", "workflowSteps") => Link::Many("_workflow"),
        ("workflowSteps", "workflowResponseOptions") => Link::Many("_step"),
        ("loyaltyMembers", "loyaltyEntries") => Link::Many("memberId"),
        ("customers", "customerFinancialDetails" | "agedAccountsReceivables")
        | ("customerFinancialDetails", "customers")
        | ("vendors", "agedAccountsPayables") => Link::One("id"),
        ("customers" | "vendors", "contactsInformation") => Link::Many("relatedId"),
        ("contacts", "contactsInformation") => Link::One("id"),
        ("contactsInformation", "customers" | "vendors") => Link::One("relatedId"),
        ("journals", "journalLines") | ("customerPaymentJournals", "customerPayments") | ("vendorPaymentJournals", "vendorPayments") => Link::Many("journalId"),
        ("customerPayments", "customerPaymentJournals") | ("vendorPayments", "vendorPaymentJournals") => Link::One("journalId"),
        ("items", "itemVariants") => Link::Many("itemId"),
        ("dimensions", "dimensionValues") => Link::Many("dimensionId"),
        (lines, _) if lines.ends_with("Lines") && !navigation.many && set.property("documentId").is_some() => Link::One("documentId"),
        (_, lines) if lines.ends_with("Lines") && navigation.many && target.property("documentId").is_some() => Link::Many("documentId"),
        _ => Link::Nothing,
    }
}
