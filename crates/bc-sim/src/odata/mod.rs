//! OData as Business Central speaks it: paths, query options, filters, metadata.

pub(crate) mod captions;
pub(crate) mod filter;
pub(crate) mod filter_sql;
pub(crate) mod lexer;
pub(crate) mod literal;
pub(crate) mod metadata;
pub(crate) mod options;
pub(crate) mod path;
