//! The record before and after each confirmed write: what an undo starts from.

use bca_protocol::{ChangeId, RawJson};
use jiff::Timestamp;
use rusqlite::{Connection, params};

use crate::{
    StoreError,
    sql::{At, Text, statements},
};

statements! {
    INSERT = "INSERT INTO checkpoints (change_id, before, after, created_at) SELECT change_id, before, ?2, ?3 FROM changes WHERE change_id = ?1";
}

pub(crate) fn insert(tx: &Connection, change: ChangeId, after: Option<&RawJson>, at: Timestamp) -> Result<(), StoreError> {
    tx.prepare_cached(INSERT)?.execute(params![Text(change), after.map(RawJson::as_str), At(at)])?;
    Ok(())
}
