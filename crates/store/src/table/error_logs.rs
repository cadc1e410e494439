//! Faults that were met and told.

use bca_protocol::ErrorEntry;
use rusqlite::{Connection, params};

use crate::{
    StoreError,
    sql::{At, Text, Worded, statements},
};

statements! {
    INSERT = "INSERT INTO error_logs (at, code, message, detail, session_id, run_id, correlation_id) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    NEWEST = "SELECT at, code, message, detail, session_id, run_id, correlation_id FROM error_logs WHERE id > 0 ORDER BY id DESC LIMIT ?1";
}

pub(crate) fn insert(tx: &Connection, entry: &ErrorEntry) -> Result<(), StoreError> {
    let ErrorEntry { at, code, message, detail, session_id, run_id, correlation_id } = entry;
    tx.prepare_cached(INSERT)?.execute(params![At(*at), Worded(*code), message, detail, session_id.map(Text), run_id.map(Text), correlation_id])?;
    Ok(())
}

/// Newest first.
pub(crate) fn newest(connection: &Connection, limit: u32) -> Result<Vec<ErrorEntry>, StoreError> {
    let mut statement = connection.prepare_cached(NEWEST)?;
    let rows = statement.query_map([limit], |row| {
        Ok(ErrorEntry {
            at: row.get::<_, At>(0)?.0,
            code: row.get::<_, Worded<_>>(1)?.0,
            message: row.get(2)?,
            detail: row.get(3)?,
            session_id: row.get::<_, Option<Text<_>>>(4)?.map(|id| id.0),
            run_id: row.get::<_, Option<Text<_>>>(5)?.map(|id| id.0),
            correlation_id: row.get(6)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
