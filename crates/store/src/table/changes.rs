//! Writes: the exact request of each, which is its intent, and what came of it.

use std::collections::HashMap;

use bca_approval::{CanonicalRequest, Method, PlannedWrite, Settlement, Target};
use bca_protocol::{ApprovalRequest, ChangeId, ChangePreview, ChangeSetId, ChangeState, ChangeView, InstanceId, SessionId};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::{
    StoreError,
    sql::{At, FromJson, Raw, Text, Worded, statements},
};

statements! {
    INSERT = "INSERT INTO changes (change_id, change_set_id, position, session_id, run_id, call_id, root, tenant, environment, company_id, account,
            method, path, if_match, body, digest, preview, before, state, created_at, undoes)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, 'planned', ?19, ?20)";
    /// A person put other values in place of the proposed ones, took the write out, or put it back.
    REVISED = "UPDATE changes SET body = ?2, digest = ?3, preview = ?4, left_out = ?5 WHERE change_id = ?1 AND state = 'planned'";
    /// What a person took out stays unsent, whatever the answer.
    LEFT_OUT = "UPDATE changes SET state = 'not_sent', message = ?2, settled_at = ?3 WHERE change_set_id = ?1 AND state = 'planned' AND left_out = 1";
    /// The answer to the set's question reaches its writes.
    ANSWERED = "UPDATE changes SET state = ?2, message = ?3, settled_at = ?4 WHERE change_set_id = ?1 AND state = 'planned'";
    /// Only the process that asked sends, and only what was approved.
    SENDING = "UPDATE changes SET state = 'sending', sent_at = ?2 WHERE change_id = ?1 AND state = 'approved'
        AND EXISTS (SELECT 1 FROM change_sets s WHERE s.change_set_id = changes.change_set_id AND s.instance_id = ?3)";
    SETTLED = "UPDATE changes SET state = ?2, message = ?3, result_key = coalesce(?4, result_key), settled_at = ?5,
            correlation_id = coalesce(?6, correlation_id)
        WHERE change_id = ?1 AND state IN ('sending', 'unknown')";
    NOT_SENT = "UPDATE changes SET state = 'not_sent', message = ?2, settled_at = ?3 WHERE change_id = ?1 AND state = 'approved'";
    STATE = "SELECT state FROM changes WHERE change_id = ?1";
    /// What a dead process was sending.
    ORPHANS_SENT = "UPDATE changes SET state = 'unknown', message = ?2 WHERE state = 'sending'
        AND change_set_id IN (SELECT change_set_id FROM change_sets s WHERE s.change_set_id = changes.change_set_id AND s.instance_id = ?1)
        RETURNING change_id";
    /// What a dead process had not sent yet.
    ORPHANS_UNSENT = "UPDATE changes SET state = 'not_sent', message = ?2, settled_at = ?3 WHERE state IN ('planned', 'approved')
        AND change_set_id IN (SELECT change_set_id FROM change_sets s WHERE s.change_set_id = changes.change_set_id AND s.instance_id = ?1)
        RETURNING change_id";
    OF_SESSION = "SELECT c.preview, c.change_set_id, c.session_id, c.run_id, s.connection, c.state, c.message, c.before, p.after, c.created_at, c.sent_at,
            c.settled_at, c.undone_by, c.correlation_id
        FROM changes c JOIN change_sets s ON s.change_set_id = c.change_set_id LEFT JOIN checkpoints p ON p.change_id = c.change_id
        WHERE c.session_id = ?1 ORDER BY c.id";
    ONE = "SELECT c.preview, c.change_set_id, c.session_id, c.run_id, s.connection, c.state, c.message, c.before, p.after, c.created_at, c.sent_at,
            c.settled_at, c.undone_by, c.correlation_id
        FROM changes c JOIN change_sets s ON s.change_set_id = c.change_set_id LEFT JOIN checkpoints p ON p.change_id = c.change_id
        WHERE c.change_id = ?1";
    NEWEST = "SELECT c.preview, c.change_set_id, c.session_id, c.run_id, s.connection, c.state, c.message, c.before, p.after, c.created_at, c.sent_at,
            c.settled_at, c.undone_by, c.correlation_id
        FROM changes c JOIN change_sets s ON s.change_set_id = c.change_set_id LEFT JOIN checkpoints p ON p.change_id = c.change_id
        WHERE c.id < coalesce((SELECT id FROM changes WHERE change_id = ?1), 9223372036854775807) ORDER BY c.id DESC LIMIT ?2";
    /// What the sets' questions showed.
    PREVIEWS = "SELECT change_set_id, preview, left_out FROM changes WHERE change_set_id IN (SELECT value FROM json_each(?1)) ORDER BY change_set_id, position";
    /// The writes of a set with their exact requests.
    OF_SET = "SELECT c.preview, c.root, c.tenant, c.environment, c.company_id, c.account, c.method, c.path, c.if_match, c.body, c.before, c.state,
            c.left_out
        FROM changes c WHERE c.change_set_id = ?1 ORDER BY c.position";
    /// The writes of a run.
    OF_RUN = "SELECT change_id FROM changes WHERE run_id = ?1 ORDER BY id";
    /// What an undo starts from.
    CONFIRMED = "SELECT c.preview, c.root, c.tenant, c.environment, c.company_id, c.account, c.method, c.path, c.if_match, c.body, c.before,
            c.result_key, p.after
        FROM changes c LEFT JOIN checkpoints p ON p.change_id = c.change_id WHERE c.change_id = ?1 AND c.state = 'confirmed'";
    /// A write on its way that takes this one back.
    UNDOING = "SELECT state FROM changes WHERE undoes = ?1 AND state IN ('planned', 'approved', 'sending', 'unknown')";
    /// What else it takes back is part of what was shown.
    PREVIEW = "SELECT preview FROM changes WHERE change_id = ?1";
    UNDOES = "SELECT undoes FROM changes WHERE change_id = ?1";
    UNDONE_BY = "UPDATE changes SET undone_by = ?2 WHERE change_id = ?1";
    /// Writes whose outcome has to be found out, with their exact requests.
    UNKNOWN = "SELECT c.preview, c.root, c.tenant, c.environment, c.company_id, c.account, c.method, c.path, c.if_match, c.body, c.before,
            c.session_id, c.run_id, c.sent_at, s.connection
        FROM changes c JOIN change_sets s ON s.change_set_id = c.change_set_id WHERE c.state = 'unknown' ORDER BY c.id";
}

/// A write that was sent and whose outcome nobody knows: all that is needed to look for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownChange {
    /// The request, what was shown, and the record before.
    pub planned: PlannedWrite,
    /// The conversation.
    pub session_id: SessionId,
    /// The run.
    pub run_id: bca_protocol::RunId,
    /// Where it went.
    pub connection: bca_protocol::Connection,
    /// When it was sent (UTC).
    pub sent_at: Timestamp,
}

/// A confirmed write: what an undo starts from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfirmedChange {
    /// The request, what was shown, and the record before.
    pub planned: PlannedWrite,
    /// The id that a create gave its record.
    pub key: Option<String>,
    /// The record as read back.
    pub after: Option<bca_protocol::RawJson>,
}

/// Stores a set's writes as planned.
pub(crate) fn insert(tx: &Connection, request: &ApprovalRequest, writes: &[PlannedWrite]) -> Result<(), StoreError> {
    let mut insert = tx.prepare_cached(INSERT)?;
    for (position, write) in (0_i64..).zip(writes) {
        let PlannedWrite { request: sent, preview, before } = write;
        let CanonicalRequest { target, method, path, if_match, body } = sent;
        let Target { root, tenant, environment, company_id, account } = target;
        let shown = serde_json::to_string(preview).map_err(|e| StoreError::Invalid(e.to_string()))?;
        insert.execute(params![
            Text(preview.change_id),
            Text(request.change_set_id),
            position,
            Text(request.session_id),
            Text(request.run_id),
            preview.call_id.as_str(),
            root,
            tenant,
            environment,
            company_id,
            account,
            method.as_str(),
            path,
            if_match,
            body,
            Text(sent.digest()),
            shown,
            before.as_ref().map(bca_protocol::RawJson::as_str),
            At(request.requested_at),
            preview.undoes.map(Text)
        ])?;
    }
    Ok(())
}

/// Moves a set's writes on after its question was answered.
pub(crate) fn answered(tx: &Connection, set: &str, state: ChangeState, message: Option<&str>, settled: Option<Timestamp>) -> Result<(), StoreError> {
    tx.prepare_cached(ANSWERED)?.execute(params![set, Worded(state), message, settled.map(At)])?;
    Ok(())
}

/// Whether the write was approved, asked for by this instance, and is now on its way.
pub(crate) fn sending(tx: &Connection, change: ChangeId, instance: InstanceId, at: Timestamp) -> Result<bool, StoreError> {
    Ok(tx.prepare_cached(SENDING)?.execute(params![Text(change), At(at), Text(instance)])? > 0)
}

/// Whether the write was on its way or unknown and now has this outcome.
pub(crate) fn settled(tx: &Connection, change: ChangeId, settlement: &Settlement) -> Result<bool, StoreError> {
    let Settlement { outcome, message, key, after: _, correlation_id, at } = settlement;
    let state = outcome.state();
    let known = (state != ChangeState::Unknown).then_some(At(*at));
    Ok(tx.prepare_cached(SETTLED)?.execute(params![Text(change), Worded(state), message, key, known, correlation_id])? > 0)
}

/// Whether the write was approved and is now given up.
pub(crate) fn not_sent(tx: &Connection, change: ChangeId, why: &str, at: Timestamp) -> Result<bool, StoreError> {
    Ok(tx.prepare_cached(NOT_SENT)?.execute(params![Text(change), why, At(at)])? > 0)
}

pub(crate) fn state(connection: &Connection, change: ChangeId) -> Result<Option<ChangeState>, StoreError> {
    Ok(connection.prepare_cached(STATE)?.query_row([Text(change)], |row| Ok(row.get::<_, Worded<_>>(0)?.0)).optional()?)
}

/// What a dead process was sending becomes unknown.
pub(crate) fn orphans_sent(tx: &Connection, instance: &str, why: &str) -> Result<Vec<ChangeId>, StoreError> {
    let mut statement = tx.prepare_cached(ORPHANS_SENT)?;
    let rows = statement.query_map(params![instance, why], |row| Ok(row.get::<_, Text<_>>(0)?.0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// What a dead process had not sent will never be.
pub(crate) fn orphans_unsent(tx: &Connection, instance: &str, why: &str, at: Timestamp) -> Result<Vec<ChangeId>, StoreError> {
    let mut statement = tx.prepare_cached(ORPHANS_UNSENT)?;
    let rows = statement.query_map(params![instance, why, At(at)], |row| Ok(row.get::<_, Text<_>>(0)?.0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The writes of a session, oldest first.
pub(crate) fn of_session(connection: &Connection, session: SessionId) -> Result<Vec<ChangeView>, StoreError> {
    let mut statement = connection.prepare_cached(OF_SESSION)?;
    Ok(statement.query_map([Text(session)], view)?.collect::<Result<_, _>>()?)
}

pub(crate) fn one(connection: &Connection, change: ChangeId) -> Result<Option<ChangeView>, StoreError> {
    Ok(connection.prepare_cached(ONE)?.query_row([Text(change)], view).optional()?)
}

/// Newest first, those older than the given one.
pub(crate) fn newest(connection: &Connection, older_than: Option<ChangeId>, limit: u32) -> Result<Vec<ChangeView>, StoreError> {
    let mut statement = connection.prepare_cached(NEWEST)?;
    Ok(statement.query_map(params![older_than.map(Text), limit], view)?.collect::<Result<_, _>>()?)
}

/// What a question shows of its writes.
#[derive(Default)]
pub(crate) struct Shown {
    /// Those that an approval sends.
    pub changes: Vec<ChangePreview>,
    /// Those that a person took out.
    pub left_out: Vec<ChangePreview>,
}

/// What the questions about these sets show (a JSON array of set ids).
pub(crate) fn previews(connection: &Connection, sets: &str) -> Result<HashMap<ChangeSetId, Shown>, StoreError> {
    let mut shown: HashMap<ChangeSetId, Shown> = HashMap::new();
    let mut statement = connection.prepare_cached(PREVIEWS)?;
    let mut rows = statement.query([sets])?;
    while let Some(row) = rows.next()? {
        let set = shown.entry(row.get::<_, Text<_>>(0)?.0).or_default();
        let list = if row.get::<_, bool>(2)? { &mut set.left_out } else { &mut set.changes };
        list.push(row.get::<_, FromJson<_>>(1)?.0);
    }
    Ok(shown)
}

/// One write of a set as it stands.
pub(crate) struct SetWrite {
    pub planned: PlannedWrite,
    pub state: ChangeState,
    pub left_out: bool,
}

/// The writes of a set, in order.
pub(crate) fn of_set(connection: &Connection, set: &str) -> Result<Vec<SetWrite>, StoreError> {
    let mut statement = connection.prepare_cached(OF_SET)?;
    let read = |row: &Row<'_>| Ok(SetWrite { planned: planned(row)?, state: row.get::<_, Worded<_>>(11)?.0, left_out: row.get(12)? });
    Ok(statement.query_map([set], read)?.collect::<Result<_, _>>()?)
}

/// Puts another version in the place of a write that nobody has answered yet. Whether it was there.
pub(crate) fn revised(tx: &Connection, write: &PlannedWrite, left_out: bool) -> Result<bool, StoreError> {
    let shown = serde_json::to_string(&write.preview).map_err(|e| StoreError::Invalid(e.to_string()))?;
    let values = params![Text(write.change_id()), write.request.body, Text(write.request.digest()), shown, left_out];
    Ok(tx.prepare_cached(REVISED)?.execute(values)? > 0)
}

/// What was taken out of an approved set is given up.
pub(crate) fn left_out(tx: &Connection, set: &str, why: &str, at: Timestamp) -> Result<(), StoreError> {
    tx.prepare_cached(LEFT_OUT)?.execute(params![set, why, At(at)])?;
    Ok(())
}

/// The writes of a run, oldest first.
pub(crate) fn of_run(connection: &Connection, run: bca_protocol::RunId) -> Result<Vec<ChangeId>, StoreError> {
    let mut statement = connection.prepare_cached(OF_RUN)?;
    Ok(statement.query_map([Text(run)], |row| Ok(row.get::<_, Text<_>>(0)?.0))?.collect::<Result<_, _>>()?)
}

/// A confirmed write with its checkpoint; `None` where it is in any other state.
pub(crate) fn confirmed(connection: &Connection, change: ChangeId) -> Result<Option<ConfirmedChange>, StoreError> {
    let mut statement = connection.prepare_cached(CONFIRMED)?;
    let read = |row: &Row<'_>| Ok(ConfirmedChange { planned: planned(row)?, key: row.get(11)?, after: row.get::<_, Option<Raw>>(12)?.map(|raw| raw.0) });
    Ok(statement.query_row([Text(change)], read).optional()?)
}

/// Where a write stands that is to take this one back and has no certain end yet.
pub(crate) fn undoing(connection: &Connection, change: ChangeId) -> Result<Option<ChangeState>, StoreError> {
    Ok(connection.prepare_cached(UNDOING)?.query_row([Text(change)], |row| Ok(row.get::<_, Worded<_>>(0)?.0)).optional()?)
}

/// Notes along the chain of undoes what a confirmed write did: what it takes back holds no more, what that one had taken back
/// holds again, and so on.
pub(crate) fn took_back(tx: &Connection, change: ChangeId) -> Result<(), StoreError> {
    let (mut link, mut holds) = (change, true);
    while let Some(earlier) = undoes(tx, link)? {
        let by = holds.then_some(Text(link));
        for one in [earlier].into_iter().chain(undoes_also(tx, link)?) {
            tx.prepare_cached(UNDONE_BY)?.execute(params![Text(one), &by])?;
        }
        (link, holds) = (earlier, !holds);
    }
    Ok(())
}

fn undoes(connection: &Connection, change: ChangeId) -> Result<Option<ChangeId>, StoreError> {
    let found = connection.prepare_cached(UNDOES)?.query_row([Text(change)], |row| Ok(row.get::<_, Option<Text<_>>>(0)?.map(|id| id.0))).optional()?;
    Ok(found.flatten())
}

/// What a write that takes several back names beside the first.
fn undoes_also(connection: &Connection, change: ChangeId) -> Result<Vec<ChangeId>, StoreError> {
    let read = |row: &Row<'_>| Ok(row.get::<_, FromJson<ChangePreview>>(0)?.0);
    Ok(connection.prepare_cached(PREVIEW)?.query_row([Text(change)], read).optional()?.map(|preview| preview.undoes_also).unwrap_or_default())
}

/// All writes whose outcome is unknown, oldest first.
pub(crate) fn unknown(connection: &Connection) -> Result<Vec<UnknownChange>, StoreError> {
    let mut statement = connection.prepare_cached(UNKNOWN)?;
    let rows = statement.query_map([], |row| {
        Ok(UnknownChange {
            planned: planned(row)?,
            session_id: row.get::<_, Text<_>>(11)?.0,
            run_id: row.get::<_, Text<_>>(12)?.0,
            sent_at: row.get::<_, At>(13)?.0,
            connection: row.get::<_, FromJson<_>>(14)?.0,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// A write with its exact request, from the first eleven columns of a row.
pub(crate) fn planned(row: &Row<'_>) -> rusqlite::Result<PlannedWrite> {
    let target = Target { root: row.get(1)?, tenant: row.get(2)?, environment: row.get(3)?, company_id: row.get(4)?, account: row.get(5)? };
    let request = CanonicalRequest { target, method: row.get::<_, StoredMethod>(6)?.0, path: row.get(7)?, if_match: row.get(8)?, body: row.get(9)? };
    Ok(PlannedWrite { request, preview: row.get::<_, FromJson<_>>(0)?.0, before: row.get::<_, Option<Raw>>(10)?.map(|raw| raw.0) })
}

struct StoredMethod(Method);

impl rusqlite::types::FromSql for StoredMethod {
    fn column_result(value: rusqlite::types::ValueRef<'_>) -> rusqlite::types::FromSqlResult<Self> {
        let word = value.as_str()?;
        let method = [Method::Post, Method::Patch, Method::Delete].into_iter().find(|m| m.as_str() == word);
        method.map(Self).ok_or(rusqlite::types::FromSqlError::InvalidType)
    }
}

fn view(row: &Row<'_>) -> rusqlite::Result<ChangeView> {
    Ok(ChangeView {
        preview: row.get::<_, FromJson<_>>(0)?.0,
        change_set_id: row.get::<_, Text<_>>(1)?.0,
        session_id: row.get::<_, Text<_>>(2)?.0,
        run_id: row.get::<_, Text<_>>(3)?.0,
        connection: row.get::<_, FromJson<_>>(4)?.0,
        state: row.get::<_, Worded<_>>(5)?.0,
        message: row.get(6)?,
        undone_by: row.get::<_, Option<Text<_>>>(12)?.map(|id| id.0),
        correlation_id: row.get(13)?,
        before: row.get::<_, Option<Raw>>(7)?.map(|raw| raw.0),
        after: row.get::<_, Option<Raw>>(8)?.map(|raw| raw.0),
        created_at: row.get::<_, At>(9)?.0,
        sent_at: row.get::<_, Option<At>>(10)?.map(|at| at.0),
        settled_at: row.get::<_, Option<At>>(11)?.map(|at| at.0),
    })
}
