//! What writing means: validation, masters, documents, posting, ledgers.

pub(crate) mod actions;
pub(crate) mod amounts;
pub(crate) mod approvals;
pub(crate) mod calendar;
pub(crate) mod changes;
pub(crate) mod corrections;
pub(crate) mod discount;
pub(crate) mod document;
pub(crate) mod documents;
pub(crate) mod journal_posting;
pub(crate) mod journals;
pub(crate) mod ledger;
pub(crate) mod lines;
pub(crate) mod masters;
pub(crate) mod open_items;
pub(crate) mod orders;
pub(crate) mod payments;
pub(crate) mod posting;
pub(crate) mod relations;
pub(crate) mod reports;
pub(crate) mod statements;
pub(crate) mod stock;
pub(crate) mod write;
