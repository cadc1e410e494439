//! Tool calls with their whole results.

use std::time::Duration;

use bca_protocol::{CallId, Effect, SessionId, ToolCallStatus, ToolCallView};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use crate::{
    StoreError,
    sql::{At, Micros, Raw, Text, Worded, statements},
};

statements! {
    INSERT = "INSERT INTO mcp_tool_calls (session_id, call_id, run_id, tool, effect, input, started_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    COMPLETE = "UPDATE mcp_tool_calls SET status = ?3, output = ?4, duration_us = ?5, completed_at = ?6
        WHERE session_id = ?1 AND call_id = ?2 AND status IS NULL";
    /// What the gravest write of a call came to, for calls that a dead process left open.
    OPEN_OF_RUN = "SELECT t.session_id, t.call_id,
            (SELECT CASE max(CASE c.state WHEN 'unknown' THEN 3 WHEN 'sending' THEN 3 WHEN 'failed' THEN 2 WHEN 'confirmed' THEN 1 ELSE 0 END)
                    WHEN 3 THEN 'unknown' WHEN 2 THEN 'error' WHEN 1 THEN 'ok' ELSE 'aborted' END
             FROM changes c WHERE c.session_id = t.session_id AND c.call_id = t.call_id)
        FROM mcp_tool_calls t WHERE t.run_id = ?1 AND t.status IS NULL";
    RESULT = "SELECT status, output FROM mcp_tool_calls WHERE session_id = ?1 AND call_id = ?2 AND status IS NOT NULL";
    LIST = "SELECT call_id, run_id, tool, effect, input, status, output, duration_us, started_at FROM mcp_tool_calls
        WHERE session_id = ?1 ORDER BY id";
}

/// A tool call as it begins. Its input is the text that the model wrote.
pub(crate) struct NewCall {
    pub call_id: String,
    pub tool: String,
    pub effect: Effect,
    pub input: String,
}

pub(crate) fn insert(tx: &Connection, session: &str, run: &str, call: &NewCall, at: Timestamp) -> Result<(), StoreError> {
    let NewCall { call_id, tool, effect, input } = call;
    tx.prepare_cached(INSERT)?.execute(params![session, call_id, run, tool, Worded(*effect), input, At(at)])?;
    Ok(())
}

/// Ends a call once; whether it was open.
pub(crate) fn complete(
    tx: &Connection,
    (session, call): (&str, &str),
    status: ToolCallStatus,
    output: &str,
    (duration, at): (Duration, Timestamp),
) -> Result<bool, StoreError> {
    Ok(tx.prepare_cached(COMPLETE)?.execute(params![session, call, Worded(status), output, Micros(duration), At(at)])? > 0)
}

/// The calls of a run that have no end: session, call, and how its writes stand.
pub(crate) fn open_of_run(tx: &Connection, run: &str) -> Result<Vec<(String, String, ToolCallStatus)>, StoreError> {
    let mut statement = tx.prepare_cached(OPEN_OF_RUN)?;
    let rows = statement.query_map([run], |row| Ok((row.get(0)?, row.get(1)?, row.get::<_, Worded<_>>(2)?.0)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// How a call ended.
pub(crate) fn result(connection: &Connection, session: SessionId, call: &CallId) -> Result<Option<(ToolCallStatus, String)>, StoreError> {
    let mut statement = connection.prepare_cached(RESULT)?;
    Ok(statement.query_row(params![Text(session), call.as_str()], |row| Ok((row.get::<_, Worded<_>>(0)?.0, row.get(1)?))).optional()?)
}

/// The calls of a session, oldest first.
pub(crate) fn list(connection: &Connection, session: SessionId) -> Result<Vec<ToolCallView>, StoreError> {
    let mut statement = connection.prepare_cached(LIST)?;
    let rows = statement.query_map([Text(session)], |row| {
        Ok(ToolCallView {
            call_id: CallId::from_provider(&row.get::<_, String>(0)?),
            run_id: row.get::<_, Text<_>>(1)?.0,
            tool: row.get(2)?,
            effect: row.get::<_, Worded<_>>(3)?.0,
            input: row.get::<_, Raw>(4)?.0,
            status: row.get::<_, Option<Worded<_>>>(5)?.map(|word| word.0),
            output: row.get::<_, Option<Raw>>(6)?.map(|raw| raw.0),
            duration_ms: row.get::<_, Option<Micros>>(7)?.map(|took| u64::try_from(took.0.as_millis()).unwrap_or(u64::MAX)),
            started_at: row.get::<_, At>(8)?.0,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
