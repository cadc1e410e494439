//! Runs: from one message of a person to the agent's end.

use bca_protocol::{Connection as Place, RunId, RunView, SessionId, StopReason, Todo, Usage};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use crate::{
    StoreError,
    sql::{At, Count, FromJson, Text, Worded, statements},
};

statements! {
    INSERT = "INSERT INTO agent_executions (run_id, session_id, instance_id, provider, model, connection, started_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    /// Whose run of this session is under way.
    RUNNING = "SELECT instance_id FROM agent_executions WHERE session_id = ?1 AND completed_at IS NULL";
    ADD_TURN = "UPDATE agent_executions SET turns = max(turns, ?2), input_tokens = input_tokens + ?3, output_tokens = output_tokens + ?4,
            cache_read_tokens = cache_read_tokens + ?5, cache_write_tokens = cache_write_tokens + ?6 WHERE run_id = ?1";
    END = "UPDATE agent_executions SET completed_at = ?2, stop_reason = ?3, error = ?4 WHERE run_id = ?1 AND completed_at IS NULL";
    /// What a dead process was running.
    INTERRUPT = "UPDATE agent_executions SET completed_at = max(?2, started_at), stop_reason = 'error', error = ?3, interrupted = 1
        WHERE instance_id = ?1 AND completed_at IS NULL
        RETURNING run_id, session_id";
    LIST = "SELECT run_id, model, connection, started_at, completed_at, stop_reason, interrupted, turns, input_tokens, output_tokens, cache_read_tokens,
            cache_write_tokens, error FROM agent_executions WHERE session_id = ?1 ORDER BY id";
}

/// A run on its way in.
pub(crate) struct NewRow {
    pub run_id: String,
    pub session_id: String,
    pub instance_id: String,
    pub provider: String,
    pub model: String,
    /// JSON.
    pub connection: Option<String>,
    /// Runs under way at once, this one included.
    pub most: Option<u32>,
    pub at: Timestamp,
}

/// Who runs this session now.
pub(crate) fn running(connection: &Connection, session: &str) -> Result<Option<String>, StoreError> {
    Ok(connection.prepare_cached(RUNNING)?.query_row([session], |row| row.get(0)).optional()?)
}

pub(crate) fn insert(tx: &Connection, run: &NewRow) -> Result<(), StoreError> {
    let NewRow { run_id, session_id, instance_id, provider, model, connection, most: _, at } = run;
    tx.prepare_cached(INSERT)?.execute(params![run_id, session_id, instance_id, provider, model, connection, At(*at)])?;
    Ok(())
}

/// Adds a model call to the run's sums.
pub(crate) fn add_turn(tx: &Connection, run: &str, turn: u32, usage: Usage) -> Result<(), StoreError> {
    let Usage { input_tokens, output_tokens, cache_read_tokens, cache_write_tokens } = usage;
    tx.prepare_cached(ADD_TURN)?.execute(params![run, turn, Count(input_tokens), Count(output_tokens), Count(cache_read_tokens), Count(cache_write_tokens)])?;
    Ok(())
}

pub(crate) fn end(tx: &Connection, run: &str, stop: StopReason, error: Option<&str>, at: Timestamp) -> Result<(), StoreError> {
    tx.prepare_cached(END)?.execute(params![run, At(at), Worded(stop), error])?;
    Ok(())
}

/// Ends what a dead process was running.
pub(crate) fn interrupt(tx: &Connection, instance: &str, why: &str, at: Timestamp) -> Result<Vec<(RunId, SessionId)>, StoreError> {
    let mut statement = tx.prepare_cached(INTERRUPT)?;
    let rows = statement.query_map(params![instance, At(at), why], |row| Ok((row.get::<_, Text<_>>(0)?.0, row.get::<_, Text<_>>(1)?.0)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The runs of a session, oldest first, each with its todos.
pub(crate) fn list(connection: &Connection, session: SessionId) -> Result<Vec<RunView>, StoreError> {
    let mut todos = super::todos::of_session(connection, session)?;
    let mut statement = connection.prepare_cached(LIST)?;
    let rows = statement.query_map([Text(session)], |row| {
        let run_id: RunId = row.get::<_, Text<_>>(0)?.0;
        let todos: Vec<Todo> = todos.remove(&run_id).unwrap_or_default();
        Ok(RunView {
            run_id,
            model: row.get(1)?,
            connection: row.get::<_, Option<FromJson<Place>>>(2)?.map(|c| c.0),
            started_at: row.get::<_, At>(3)?.0,
            completed_at: row.get::<_, Option<At>>(4)?.map(|at| at.0),
            stop_reason: row.get::<_, Option<Worded<_>>>(5)?.map(|word| word.0),
            interrupted: row.get(6)?,
            turns: row.get(7)?,
            usage: Usage {
                input_tokens: row.get::<_, Count>(8)?.0,
                output_tokens: row.get::<_, Count>(9)?.0,
                cache_read_tokens: row.get::<_, Count>(10)?.0,
                cache_write_tokens: row.get::<_, Count>(11)?.0,
            },
            todos,
            error: row.get(12)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
