//! What writing means: validation, masters, documents, posting, ledgers.

pub(crate) mod actions;
pub(crate) mod amounts;
pub(crate) mod changes;
pub(crate) mod document;
pub(crate) mod documents;
pub(crate) mod journals;
pub(crate) mod ledger;
pub(crate) mod lines;
pub(crate) mod masters;
pub(crate) mod posting;
pub(crate) mod relations;
pub(crate) mod write;
