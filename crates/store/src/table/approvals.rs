//! Questions to persons and their answers.

use std::collections::HashMap;

use bca_approval::Resolution;
use bca_protocol::{ApprovalId, ApprovalRequest, ApprovalState, ApprovalView, ChangeSetId, Decision, Digest, InstanceId, SessionId};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::changes::Shown;
use crate::{
    StoreError,
    sql::{At, FromJson, Text, Word, Worded, statements},
};

statements! {
    INSERT = "INSERT INTO approvals (approval_id, change_set_id, session_id, run_id, instance_id, digest, priority, requested_at, expires_at, typed, dry_run)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
    QUESTION = "SELECT change_set_id, instance_id, digest, requested_at, expires_at, state, reviewer, reason, resolved_at, revision FROM approvals WHERE approval_id = ?1";
    RESOLVE = "UPDATE approvals SET state = ?2, reviewer = ?3, reason = ?4, resolved_at = ?5 WHERE approval_id = ?1 AND state = 'pending'";
    /// Only the version that the person saw gives way.
    REVISE = "UPDATE approvals SET digest = ?3, revision = ?4, typed = ?5, dry_run = ?6 WHERE approval_id = ?1 AND digest = ?2 AND state = 'pending'";
    /// Nobody is left who could act on an answer.
    EXPIRE_ORPHANS = "UPDATE approvals SET state = 'expired', reviewer = 'engine', resolved_at = ?2 WHERE instance_id = ?1 AND state = 'pending'
        RETURNING approval_id";
    PENDING = "SELECT a.approval_id, a.change_set_id, a.session_id, a.run_id, a.digest, a.priority, a.requested_at, a.expires_at, s.connection, a.state,
            a.reviewer, a.reason, a.resolved_at, a.revision, a.typed, s.title, a.dry_run
        FROM approvals a JOIN change_sets s ON s.change_set_id = a.change_set_id WHERE a.state = 'pending'";
    ONE = "SELECT a.approval_id, a.change_set_id, a.session_id, a.run_id, a.digest, a.priority, a.requested_at, a.expires_at, s.connection, a.state,
            a.reviewer, a.reason, a.resolved_at, a.revision, a.typed, s.title, a.dry_run
        FROM approvals a JOIN change_sets s ON s.change_set_id = a.change_set_id WHERE a.approval_id = ?1";
    OF_SESSION = "SELECT a.approval_id, a.change_set_id, a.session_id, a.run_id, a.digest, a.priority, a.requested_at, a.expires_at, s.connection, a.state,
            a.reviewer, a.reason, a.resolved_at, a.revision, a.typed, s.title, a.dry_run
        FROM approvals a JOIN change_sets s ON s.change_set_id = a.change_set_id WHERE a.session_id = ?1 ORDER BY a.id";
    NEWEST = "SELECT a.approval_id, a.change_set_id, a.session_id, a.run_id, a.digest, a.priority, a.requested_at, a.expires_at, s.connection, a.state,
            a.reviewer, a.reason, a.resolved_at, a.revision, a.typed, s.title, a.dry_run
        FROM approvals a JOIN change_sets s ON s.change_set_id = a.change_set_id
        WHERE a.id < coalesce((SELECT id FROM approvals WHERE approval_id = ?1), 9223372036854775807) ORDER BY a.id DESC LIMIT ?2";
}

/// A question as the compare-and-set sees it.
pub(crate) struct Question {
    pub change_set_id: String,
    pub instance_id: String,
    pub digest: Digest,
    pub requested_at: Timestamp,
    pub expires_at: Timestamp,
    /// How it ended; absent while it is pending.
    pub resolution: Option<Resolution>,
    /// How many times it was edited.
    pub revision: u32,
}

pub(crate) fn insert(tx: &Connection, request: &ApprovalRequest, instance: InstanceId) -> Result<(), StoreError> {
    tx.prepare_cached(INSERT)?.execute(params![
        Text(request.approval_id),
        Text(request.change_set_id),
        Text(request.session_id),
        Text(request.run_id),
        Text(instance),
        Text(request.digest),
        Worded(request.priority),
        At(request.requested_at),
        At(request.expires_at),
        request.typed,
        dry_run(request)?
    ])?;
    Ok(())
}

fn dry_run(request: &ApprovalRequest) -> Result<Option<String>, StoreError> {
    let json = request.dry_run.as_ref().map(serde_json::to_string).transpose();
    json.map_err(|e| StoreError::Invalid(e.to_string()))
}

/// Whether the question waited with this digest and now shows the new version.
pub(crate) fn revise(tx: &Connection, from: Digest, request: &ApprovalRequest) -> Result<bool, StoreError> {
    let values = params![Text(request.approval_id), Text(from), Text(request.digest), request.revision, request.typed, dry_run(request)?];
    Ok(tx.prepare_cached(REVISE)?.execute(values)? > 0)
}

pub(crate) fn question(connection: &Connection, approval: ApprovalId) -> Result<Option<Question>, StoreError> {
    let mut statement = connection.prepare_cached(QUESTION)?;
    let read = |row: &Row<'_>| {
        let word: String = row.get(5)?;
        let (reviewer, at) = (row.get::<_, Option<Worded<_>>>(6)?, row.get::<_, Option<At>>(8)?);
        let resolution = match (Decision::of_word(&word), reviewer, at) {
            (Some(decision), Some(Worded(by)), Some(At(at))) => Some(Resolution { decision, by, reason: row.get(7)?, at }),
            _ => None,
        };
        Ok(Question {
            change_set_id: row.get(0)?,
            instance_id: row.get(1)?,
            digest: row.get::<_, Text<_>>(2)?.0,
            requested_at: row.get::<_, At>(3)?.0,
            expires_at: row.get::<_, At>(4)?.0,
            resolution,
            revision: row.get(9)?,
        })
    };
    Ok(statement.query_row([Text(approval)], read).optional()?)
}

/// Whether the question was pending and now has this end.
pub(crate) fn resolve(tx: &Connection, approval: ApprovalId, resolution: &Resolution) -> Result<bool, StoreError> {
    let Resolution { decision, by, reason, at } = resolution;
    Ok(tx.prepare_cached(RESOLVE)?.execute(params![Text(approval), Worded(*decision), Worded(*by), reason, At(*at)])? > 0)
}

/// Ends the questions of a dead process.
pub(crate) fn expire_orphans(tx: &Connection, instance: &str, at: Timestamp) -> Result<Vec<ApprovalId>, StoreError> {
    let mut statement = tx.prepare_cached(EXPIRE_ORPHANS)?;
    let rows = statement.query_map(params![instance, At(at)], |row| Ok(row.get::<_, Text<_>>(0)?.0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Those that wait, most important first, then oldest first.
pub(crate) fn pending(connection: &Connection) -> Result<Vec<ApprovalView>, StoreError> {
    let mut views = with_changes(connection, collect(connection, PENDING, [])?)?;
    views.sort_by(|a, b| b.request.priority.cmp(&a.request.priority).then(a.request.approval_id.cmp(&b.request.approval_id)));
    Ok(views)
}

pub(crate) fn one(connection: &Connection, approval: ApprovalId) -> Result<Option<ApprovalView>, StoreError> {
    Ok(with_changes(connection, collect(connection, ONE, [Text(approval)])?)?.pop())
}

/// Newest first, those older than the given one.
pub(crate) fn newest(connection: &Connection, older_than: Option<ApprovalId>, limit: u32) -> Result<Vec<ApprovalView>, StoreError> {
    with_changes(connection, collect(connection, NEWEST, params![older_than.map(Text), limit])?)
}

/// The questions of a session, oldest first, with the previews that the caller has read already.
pub(crate) fn of_session(connection: &Connection, session: SessionId, mut shown: HashMap<ChangeSetId, Shown>) -> Result<Vec<ApprovalView>, StoreError> {
    let mut views = collect(connection, OF_SESSION, [Text(session)])?;
    for view in &mut views {
        let Shown { changes, left_out } = shown.remove(&view.request.change_set_id).unwrap_or_default();
        (view.request.changes, view.request.left_out) = (changes, left_out);
    }
    Ok(views)
}

fn collect(connection: &Connection, sql: &str, parameters: impl rusqlite::Params) -> Result<Vec<ApprovalView>, StoreError> {
    let mut statement = connection.prepare_cached(sql)?;
    Ok(statement.query_map(parameters, without_changes)?.collect::<Result<_, _>>()?)
}

/// Reads the writes of all of them at once.
fn with_changes(connection: &Connection, mut views: Vec<ApprovalView>) -> Result<Vec<ApprovalView>, StoreError> {
    let sets: Vec<ChangeSetId> = views.iter().map(|view| view.request.change_set_id).collect();
    let sets = serde_json::to_string(&sets).map_err(|e| StoreError::Invalid(e.to_string()))?;
    let mut shown = super::changes::previews(connection, &sets)?;
    for view in &mut views {
        let Shown { changes, left_out } = shown.remove(&view.request.change_set_id).unwrap_or_default();
        (view.request.changes, view.request.left_out) = (changes, left_out);
    }
    Ok(views)
}

fn without_changes(row: &Row<'_>) -> rusqlite::Result<ApprovalView> {
    Ok(ApprovalView {
        request: ApprovalRequest {
            approval_id: row.get::<_, Text<_>>(0)?.0,
            change_set_id: row.get::<_, Text<_>>(1)?.0,
            session_id: row.get::<_, Text<_>>(2)?.0,
            run_id: row.get::<_, Text<_>>(3)?.0,
            digest: row.get::<_, Text<_>>(4)?.0,
            priority: row.get::<_, Worded<_>>(5)?.0,
            requested_at: row.get::<_, At>(6)?.0,
            expires_at: row.get::<_, At>(7)?.0,
            connection: row.get::<_, FromJson<_>>(8)?.0,
            changes: Vec::new(),
            left_out: Vec::new(),
            title: row.get(15)?,
            revision: row.get(13)?,
            typed: row.get(14)?,
            dry_run: row.get::<_, Option<FromJson<_>>>(16)?.map(|json| json.0),
        },
        state: row.get::<_, Worded<ApprovalState>>(9)?.0,
        by: row.get::<_, Option<Worded<_>>>(10)?.map(|word| word.0),
        reason: row.get(11)?,
        resolved_at: row.get::<_, Option<At>>(12)?.map(|at| at.0),
    })
}
