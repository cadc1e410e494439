//! Processes that have the home open. The lock in `run/` tells whether one lives; the row tells a person which it is.

use std::collections::BTreeSet;

use bca_protocol::InstanceId;
use jiff::Timestamp;
use rusqlite::{Connection, params};

use crate::{
    StoreError,
    sql::{At, Text, statements},
};

statements! {
    INSERT = "INSERT INTO instances (instance_id, pid, started_at) VALUES (?1, ?2, ?3)";
    DELETE = "DELETE FROM instances WHERE instance_id = ?1";
    /// Everybody who may have left something open.
    CONCERNED = "SELECT instance_id FROM instances
        UNION ALL SELECT instance_id FROM agent_executions WHERE completed_at IS NULL
        UNION ALL SELECT instance_id FROM approvals WHERE state = 'pending'
        UNION ALL SELECT s.instance_id FROM changes c JOIN change_sets s ON s.change_set_id = c.change_set_id
              WHERE c.state IN ('planned', 'approved', 'sending')
        UNION ALL SELECT instance_id FROM trials WHERE state = 'begun'";
}

pub(crate) fn insert(tx: &Connection, instance: InstanceId, at: Timestamp) -> Result<(), StoreError> {
    tx.prepare_cached(INSERT)?.execute(params![Text(instance), std::process::id(), At(at)])?;
    Ok(())
}

pub(crate) fn delete(tx: &Connection, instance: &str) -> Result<(), StoreError> {
    tx.prepare_cached(DELETE)?.execute([instance])?;
    Ok(())
}

/// The instances that have a row or something open.
pub(crate) fn concerned(connection: &Connection) -> Result<BTreeSet<String>, StoreError> {
    let mut statement = connection.prepare_cached(CONCERNED)?;
    let ids = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    Ok(ids)
}
