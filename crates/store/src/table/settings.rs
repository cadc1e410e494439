//! What a person has set, as text. What the keys mean is the app's business.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use crate::{
    StoreError,
    sql::{At, statements},
};

statements! {
    SET = "INSERT INTO settings (key, value, updated_at) VALUES (?1, ?2, ?3)
        ON CONFLICT (key) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at";
    UNSET = "DELETE FROM settings WHERE key = ?1";
    GET = "SELECT value FROM settings WHERE key = ?1";
    LIST = "SELECT key, value FROM settings ORDER BY key";
}

pub(crate) fn set(tx: &Connection, key: &str, value: &str, at: Timestamp) -> Result<(), StoreError> {
    tx.prepare_cached(SET)?.execute(params![key, value, At(at)])?;
    Ok(())
}

pub(crate) fn unset(tx: &Connection, key: &str) -> Result<bool, StoreError> {
    Ok(tx.prepare_cached(UNSET)?.execute([key])? > 0)
}

pub(crate) fn get(connection: &Connection, key: &str) -> Result<Option<String>, StoreError> {
    Ok(connection.prepare_cached(GET)?.query_row([key], |row| row.get(0)).optional()?)
}

pub(crate) fn list(connection: &Connection) -> Result<Vec<(String, String)>, StoreError> {
    let mut statement = connection.prepare_cached(LIST)?;
    Ok(statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?)
}
