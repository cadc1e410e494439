//! Writes that are decided together.

use bca_approval::set_digest;
use bca_protocol::{ApprovalRequest, InstanceId};
use rusqlite::{Connection, params};

use crate::{
    StoreError,
    sql::{At, Text, statements},
};

statements! {
    INSERT = "INSERT INTO change_sets (change_set_id, session_id, run_id, instance_id, connection, digest, created_at, was_in_use, title)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, coalesce((SELECT active FROM connections WHERE name = ?8), 0), ?9)";
    REVISE = "UPDATE change_sets SET digest = ?2 WHERE change_set_id = ?1";
}

/// Stores the set of a question. The digest is computed again from the writes: the question's own must be the same.
pub(crate) fn insert(tx: &Connection, request: &ApprovalRequest, instance: InstanceId) -> Result<(), StoreError> {
    has_its_own_digest(request)?;
    let connection = serde_json::to_string(&request.connection).map_err(|e| StoreError::Invalid(e.to_string()))?;
    tx.prepare_cached(INSERT)?.execute(params![
        Text(request.change_set_id),
        Text(request.session_id),
        Text(request.run_id),
        Text(instance),
        connection,
        Text(request.digest),
        At(request.requested_at),
        request.connection.name,
        request.title
    ])?;
    Ok(())
}

/// Stores the digest of an edited set, computed again in the same way.
pub(crate) fn revise(tx: &Connection, request: &ApprovalRequest) -> Result<(), StoreError> {
    has_its_own_digest(request)?;
    tx.prepare_cached(REVISE)?.execute(params![Text(request.change_set_id), Text(request.digest)])?;
    Ok(())
}

fn has_its_own_digest(request: &ApprovalRequest) -> Result<(), StoreError> {
    if set_digest(request.changes.iter().map(|change| &change.digest)) == request.digest {
        Ok(())
    } else {
        Err(StoreError::Invalid("the question's digest is not that of its writes".into()))
    }
}
