//! The versions of questions that persons edited before answering.

use bca_protocol::{ApprovalId, ApprovalRequest, Reviewer};
use jiff::Timestamp;
use rusqlite::{Connection, params};

use crate::{
    StoreError,
    sql::{At, FromJson, Text, Worded, statements},
};

statements! {
    /// What was proposed is kept with the first edit.
    INSERT = "INSERT INTO approval_revisions (approval_id, revision, digest, request, reviewer, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    LIST = "SELECT request, reviewer, at FROM approval_revisions WHERE approval_id = ?1 ORDER BY revision";
}

/// A version of a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRevision {
    /// The question as it was shown.
    pub request: ApprovalRequest,
    /// Whose edit it was; `None` for what was proposed.
    pub by: Option<Reviewer>,
    /// When (UTC).
    pub at: Timestamp,
}

pub(crate) fn insert(tx: &Connection, request: &ApprovalRequest, by: Option<Reviewer>, at: Timestamp) -> Result<(), StoreError> {
    let shown = serde_json::to_string(request).map_err(|e| StoreError::Invalid(e.to_string()))?;
    let values = params![Text(request.approval_id), request.revision, Text(request.digest), shown, by.map(Worded), At(at)];
    tx.prepare_cached(INSERT)?.execute(values)?;
    Ok(())
}

/// What was proposed first, then each edit; empty where nobody edited.
pub(crate) fn list(connection: &Connection, approval: ApprovalId) -> Result<Vec<StoredRevision>, StoreError> {
    let mut statement = connection.prepare_cached(LIST)?;
    let read = |row: &rusqlite::Row<'_>| {
        let by = row.get::<_, Option<Worded<_>>>(1)?.map(|word| word.0);
        Ok(StoredRevision { request: row.get::<_, FromJson<_>>(0)?.0, by, at: row.get::<_, At>(2)?.0 })
    };
    Ok(statement.query_map([Text(approval)], read)?.collect::<Result<_, _>>()?)
}
