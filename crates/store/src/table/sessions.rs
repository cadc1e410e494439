//! Conversations.

use bca_protocol::{SessionId, SessionSummary};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::{
    StoreError,
    sql::{At, Count, Text, statements},
};

/// Characters of the first message that make the title, at most.
const TITLE: usize = 60;
/// Characters of the first message that are kept as the goal, at most.
const GOAL: usize = 2_000;

statements! {
    /// The first message makes the session; a later one finds it there.
    ENSURE = "INSERT INTO sessions (session_id, title, goal, connection, created_at, updated_at) VALUES (?1, ?2, ?3, ?4, ?5, ?5)
        ON CONFLICT (session_id) DO UPDATE SET connection = coalesce(connection, excluded.connection)";
    TOUCH = "UPDATE sessions SET message_count = message_count + 1, updated_at = max(updated_at, ?2) WHERE session_id = ?1";
    RENAME = "UPDATE sessions SET title = ?2 WHERE session_id = ?1";
    DELETE = "DELETE FROM sessions WHERE session_id = ?1";
    GET = "SELECT s.session_id, s.title, s.connection, s.created_at, s.updated_at, s.message_count,
            EXISTS (SELECT 1 FROM agent_executions e WHERE e.session_id = s.session_id AND e.completed_at IS NULL)
        FROM sessions s WHERE s.session_id = ?1";
    LIST = "SELECT s.session_id, s.title, s.connection, s.created_at, s.updated_at, s.message_count,
            EXISTS (SELECT 1 FROM agent_executions e WHERE e.session_id = s.session_id AND e.completed_at IS NULL)
        FROM sessions s WHERE s.updated_at < ?1 ORDER BY s.updated_at DESC LIMIT ?2";
    GOAL_OF = "SELECT goal FROM sessions WHERE session_id = ?1";
}

/// Makes the session where it is new; pins it to the connection where it has none.
pub(crate) fn ensure(tx: &Connection, session: SessionId, first_words: &str, connection: Option<&str>, at: Timestamp) -> Result<(), StoreError> {
    let goal: String = first_words.chars().take(GOAL).collect();
    tx.prepare_cached(ENSURE)?.execute(params![Text(session), title_of(first_words), goal, connection, At(at)])?;
    Ok(())
}

/// The first words, on one line, cut at a word where there is one.
fn title_of(text: &str) -> String {
    let mut title = String::new();
    for word in text.split_whitespace() {
        let length = title.chars().count() + word.chars().count() + 1;
        if length > TITLE && !title.is_empty() {
            title.push('…');
            return title;
        }
        if !title.is_empty() {
            title.push(' ');
        }
        title.extend(word.chars().filter(|c| !c.is_control()).take(TITLE));
    }
    if title.is_empty() { "New conversation".into() } else { title }
}

/// Counts a message.
pub(crate) fn touch(tx: &Connection, session: &str, at: Timestamp) -> Result<(), StoreError> {
    tx.prepare_cached(TOUCH)?.execute(params![session, At(at)])?;
    Ok(())
}

/// Whether there was one to rename.
pub(crate) fn rename(tx: &Connection, session: SessionId, title: &str) -> Result<bool, StoreError> {
    Ok(tx.prepare_cached(RENAME)?.execute(params![Text(session), title])? > 0)
}

/// Whether there was one to delete. Messages, runs, tool calls, todos and their place in the search go with it.
pub(crate) fn delete(tx: &Connection, session: SessionId) -> Result<bool, StoreError> {
    Ok(tx.prepare_cached(DELETE)?.execute([Text(session)])? > 0)
}

pub(crate) fn get(connection: &Connection, session: SessionId) -> Result<Option<SessionSummary>, StoreError> {
    Ok(connection.prepare_cached(GET)?.query_row([Text(session)], summary).optional()?)
}

/// The goal: what the person asked first.
pub(crate) fn goal(connection: &Connection, session: SessionId) -> Result<Option<String>, StoreError> {
    Ok(connection.prepare_cached(GOAL_OF)?.query_row([Text(session)], |row| row.get(0)).optional()?)
}

/// Newest first, those updated before the given time.
pub(crate) fn list(connection: &Connection, before: Option<Timestamp>, limit: u32) -> Result<Vec<SessionSummary>, StoreError> {
    let before = before.map_or(i64::MAX, |at| at.as_microsecond());
    let mut statement = connection.prepare_cached(LIST)?;
    let rows = statement.query_map(params![before, limit], summary)?.collect::<Result<_, _>>()?;
    Ok(rows)
}

fn summary(row: &Row<'_>) -> rusqlite::Result<SessionSummary> {
    Ok(SessionSummary {
        session_id: row.get::<_, Text<_>>(0)?.0,
        title: row.get(1)?,
        connection: row.get(2)?,
        created_at: row.get::<_, At>(3)?.0,
        updated_at: row.get::<_, At>(4)?.0,
        message_count: row.get::<_, Count>(5)?.0,
        running: row.get(6)?,
    })
}
