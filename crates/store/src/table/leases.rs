//! What one process may do at a time, among those that share a home.

use bca_protocol::InstanceId;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use crate::{
    StoreError,
    sql::{At, Text, statements},
};

statements! {
    HOLDER = "SELECT instance_id, ends_at FROM leases WHERE name = ?1";
    TAKE = "INSERT INTO leases (name, instance_id, ends_at) VALUES (?1, ?2, ?3)
        ON CONFLICT (name) DO UPDATE SET instance_id = excluded.instance_id, ends_at = excluded.ends_at";
    GIVE_BACK = "DELETE FROM leases WHERE name = ?1 AND instance_id = ?2";
}

/// Who holds a lease, and until when.
pub(crate) fn holder(connection: &Connection, name: &str) -> Result<Option<(String, Timestamp)>, StoreError> {
    let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get::<_, At>(1)?.0));
    Ok(connection.prepare_cached(HOLDER)?.query_row([name], row).optional()?)
}

pub(crate) fn take(tx: &Connection, name: &str, instance: InstanceId, until: Timestamp) -> Result<(), StoreError> {
    tx.prepare_cached(TAKE)?.execute(params![name, Text(instance), At(until)])?;
    Ok(())
}

pub(crate) fn give_back(tx: &Connection, name: &str, instance: InstanceId) -> Result<(), StoreError> {
    tx.prepare_cached(GIVE_BACK)?.execute(params![name, Text(instance)])?;
    Ok(())
}
