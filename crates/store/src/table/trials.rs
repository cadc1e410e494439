//! Sets that are tried out: a row from before the trial leaves until what it left was looked at.

use bca_approval::{CanonicalRequest, ChangeSet, PlannedWrite, Target};
use bca_protocol::{InstanceId, SessionId, TrialId};
use jiff::Timestamp;
use rusqlite::{Connection, Row, params};

use super::changes;
use crate::{
    StoreError,
    sql::{At, FromJson, Text, statements},
};

statements! {
    INSERT = "INSERT INTO trials (trial_id, instance_id, session_id, run_id, connection, title, state, begun_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'begun', ?7)";
    INSERT_WRITE = "INSERT INTO trial_writes (trial_id, position, preview, root, tenant, environment, company_id, account, method, path, if_match, body, before)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";
    /// What it left has to be looked at again.
    OPEN = "UPDATE trials SET state = 'open' WHERE trial_id = ?1 AND state = 'begun'";
    ANSWERED = "UPDATE trial_writes SET answered_key = ?3 WHERE trial_id = ?1 AND position = ?2";
    /// What dead processes began becomes something to look at.
    ORPHANS = "UPDATE trials SET state = 'open' WHERE state = 'begun' AND instance_id = ?1 RETURNING trial_id";
    STAYED = "UPDATE trials SET state = 'stayed', alarm = ?2, found_at = ?3 WHERE trial_id = ?1 AND state = 'open'";
    DELETE = "DELETE FROM trials WHERE trial_id = ?1 AND state <> 'stayed'";
    ALL_OPEN = "SELECT trial_id, session_id, run_id, connection, title, begun_at FROM trials WHERE state = 'open' ORDER BY trial_id";
    WRITES = "SELECT preview, root, tenant, environment, company_id, account, method, path, if_match, body, before, answered_key
        FROM trial_writes WHERE trial_id = ?1 ORDER BY position";
    ALARMS = "SELECT session_id, alarm FROM trials WHERE state = 'stayed' AND found_at >= ?1 ORDER BY trial_id";
    FORGET_ALARMS = "DELETE FROM trials WHERE state = 'stayed' AND found_at < ?1";
    ERASE = "DELETE FROM trials WHERE ?1 IS NULL OR json_extract(connection, '$.account') = ?1";
}

/// A trial of which nobody knows what it left: all that is needed to look at that.
#[derive(Debug, Clone)]
pub struct OpenTrial {
    /// The trial.
    pub trial_id: TrialId,
    /// What was tried out, and where.
    pub set: ChangeSet,
    /// The ids that the answer gave to new records, by place in the set.
    pub answered: Vec<Option<String>>,
    /// When it was about to leave (UTC).
    pub begun_at: Timestamp,
}

/// Something that a trial left in the books, found after its run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrialAlarm {
    /// The conversation.
    pub session_id: SessionId,
    /// What stayed, as a sentence.
    pub sentence: String,
}

pub(crate) fn insert(tx: &Connection, trial: TrialId, instance: InstanceId, set: &ChangeSet, at: Timestamp) -> Result<(), StoreError> {
    let json = |value: Result<String, serde_json::Error>| value.map_err(|e| StoreError::Invalid(e.to_string()));
    let ChangeSet { session_id, run_id, connection, title, writes } = set;
    let connection = json(serde_json::to_string(connection))?;
    tx.prepare_cached(INSERT)?.execute(params![Text(trial), Text(instance), Text(session_id), Text(run_id), connection, title, At(at)])?;
    let mut insert = tx.prepare_cached(INSERT_WRITE)?;
    for (position, PlannedWrite { request, preview, before }) in (0_i64..).zip(writes) {
        let CanonicalRequest { target, method, path, if_match, body } = request;
        let Target { root, tenant, environment, company_id, account } = target;
        let (preview, before) = (json(serde_json::to_string(preview))?, before.as_ref().map(bca_protocol::RawJson::as_str));
        let method = method.as_str();
        insert.execute(params![Text(trial), position, preview, root, tenant, environment, company_id, account, method, path, if_match, body, before])?;
    }
    Ok(())
}

/// Whether it was under way and is now to be looked at again.
pub(crate) fn open(tx: &Connection, trial: TrialId, answered: &[Option<String>]) -> Result<bool, StoreError> {
    let mut keep = tx.prepare_cached(ANSWERED)?;
    for (position, key) in (0_i64..).zip(answered).filter(|(_, key)| key.is_some()) {
        keep.execute(params![Text(trial), position, key])?;
    }
    Ok(tx.prepare_cached(OPEN)?.execute([Text(trial)])? > 0)
}

/// What this process began and did not look at has to be looked at by another one.
pub(crate) fn orphans(tx: &Connection, instance: &str) -> Result<Vec<TrialId>, StoreError> {
    let mut statement = tx.prepare_cached(ORPHANS)?;
    Ok(statement.query_map([instance], |row| Ok(row.get::<_, Text<_>>(0)?.0))?.collect::<Result<_, _>>()?)
}

/// Whether it was open and something of it is known to have stayed now.
pub(crate) fn stayed(tx: &Connection, trial: TrialId, alarm: &str, at: Timestamp) -> Result<bool, StoreError> {
    Ok(tx.prepare_cached(STAYED)?.execute(params![Text(trial), alarm, At(at)])? > 0)
}

/// Whether it was there and is settled now.
pub(crate) fn delete(tx: &Connection, trial: TrialId) -> Result<bool, StoreError> {
    Ok(tx.prepare_cached(DELETE)?.execute([Text(trial)])? > 0)
}

/// Those that are to be looked at, oldest first.
pub(crate) fn all_open(connection: &Connection) -> Result<Vec<OpenTrial>, StoreError> {
    let mut statement = connection.prepare_cached(ALL_OPEN)?;
    let rows = statement.query_map([], |row| {
        let set = ChangeSet {
            session_id: row.get::<_, Text<_>>(1)?.0,
            run_id: row.get::<_, Text<_>>(2)?.0,
            connection: row.get::<_, FromJson<_>>(3)?.0,
            title: row.get(4)?,
            writes: Vec::new(),
        };
        Ok(OpenTrial { trial_id: row.get::<_, Text<_>>(0)?.0, set, answered: Vec::new(), begun_at: row.get::<_, At>(5)?.0 })
    })?;
    let mut trials: Vec<OpenTrial> = rows.collect::<Result<_, _>>()?;
    let mut statement = connection.prepare_cached(WRITES)?;
    for trial in &mut trials {
        let rows = statement.query_map([Text(trial.trial_id)], |row: &Row<'_>| Ok((changes::planned(row)?, row.get(11)?)))?;
        (trial.set.writes, trial.answered) = rows.collect::<Result<Vec<(PlannedWrite, Option<String>)>, _>>()?.into_iter().unzip();
    }
    Ok(trials)
}

/// What stayed, as found since then, oldest first.
pub(crate) fn alarms(connection: &Connection, since: Timestamp) -> Result<Vec<TrialAlarm>, StoreError> {
    let mut statement = connection.prepare_cached(ALARMS)?;
    let rows = statement.query_map([At(since)], |row| Ok(TrialAlarm { session_id: row.get::<_, Text<_>>(0)?.0, sentence: row.get(1)? }))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(crate) fn forget_alarms(tx: &Connection, before: Timestamp) -> Result<(), StoreError> {
    tx.prepare_cached(FORGET_ALARMS)?.execute([At(before)])?;
    Ok(())
}

/// Removes those of an account, or all.
pub(crate) fn erase(tx: &Connection, account: Option<&str>) -> Result<(), StoreError> {
    tx.prepare_cached(ERASE)?.execute([account])?;
    Ok(())
}
