//! How often a company's books were written to from this home.

use rusqlite::{Connection, OptionalExtension};

use crate::{StoreError, sql::statements};

statements! {
    ONE = "SELECT version FROM book_versions WHERE company_id = ?1";
}

/// 0 where nothing was ever written.
pub(crate) fn version(connection: &Connection, company_id: &str) -> Result<u64, StoreError> {
    let version: Option<i64> = connection.prepare_cached(ONE)?.query_row([company_id], |row| row.get(0)).optional()?;
    Ok(version.and_then(|version| u64::try_from(version).ok()).unwrap_or(0))
}
