//! Full text over messages and tool results.

use bca_protocol::{CallId, SearchHit};
use rusqlite::{Connection, params};

use crate::{
    StoreError,
    sql::{At, Text, statements},
};

statements! {
    QUEUED = "SELECT source_id FROM search_queue WHERE source = ?1 ORDER BY source_id LIMIT ?2";
    INDEX_MESSAGES = "INSERT INTO message_search (rowid, words)
        SELECT q.source_id, m.words FROM search_queue q JOIN messages m ON m.id = q.source_id
        WHERE q.source = 'message' AND q.source_id <= ?1 ORDER BY q.source_id";
    INDEX_TOOL_CALLS = "INSERT INTO tool_call_search (rowid, output)
        SELECT q.source_id, t.output FROM search_queue q JOIN mcp_tool_calls t ON t.id = q.source_id
        WHERE q.source = 'tool_call' AND q.source_id <= ?1 ORDER BY q.source_id";
    DEQUEUE = "DELETE FROM search_queue WHERE source = ?1 AND source_id <= ?2";
    ANY_QUEUED = "SELECT EXISTS (SELECT 1 FROM search_queue)";
    /// Newest first: bounded work for any word, however common.
    FIND_MESSAGES = "SELECT m.session_id, s.title, m.message_id, snippet(message_search, 0, char(2), char(3), '…', 16), m.created_at
        FROM message_search JOIN messages m ON m.id = message_search.rowid JOIN sessions s ON s.session_id = m.session_id
        WHERE message_search MATCH ?1 ORDER BY message_search.rowid DESC LIMIT ?2";
    FIND_TOOL_CALLS = "SELECT t.session_id, s.title, t.call_id, snippet(tool_call_search, 0, char(2), char(3), '…', 16), t.completed_at
        FROM tool_call_search JOIN mcp_tool_calls t ON t.id = tool_call_search.rowid JOIN sessions s ON s.session_id = t.session_id
        WHERE tool_call_search MATCH ?1 ORDER BY tool_call_search.rowid DESC LIMIT ?2";
}

/// Rows that one step of indexing takes: the writer is not kept for longer than some milliseconds.
const STEP: u32 = 500;

/// Indexes some of what is queued; whether anything may be left.
pub(crate) fn index_some(tx: &Connection) -> Result<bool, StoreError> {
    let mut left = false;
    for (source, index) in [("message", INDEX_MESSAGES), ("tool_call", INDEX_TOOL_CALLS)] {
        let ids: Vec<i64> = tx.prepare_cached(QUEUED)?.query_map(params![source, STEP], |row| row.get(0))?.collect::<Result<_, _>>()?;
        let Some(last) = ids.last() else { continue };
        tx.prepare_cached(index)?.execute([last])?;
        tx.prepare_cached(DEQUEUE)?.execute(params![source, last])?;
        left |= ids.len() == STEP as usize;
    }
    Ok(left)
}

/// Whether anything is stored and not indexed.
pub(crate) fn any_queued(connection: &Connection) -> Result<bool, StoreError> {
    Ok(connection.prepare_cached(ANY_QUEUED)?.query_row([], |row| row.get(0))?)
}

/// The newest messages that match an FTS5 expression.
pub(crate) fn messages(connection: &Connection, expression: &str, limit: u32) -> Result<Vec<SearchHit>, StoreError> {
    let mut statement = connection.prepare_cached(FIND_MESSAGES)?;
    let rows = statement.query_map(params![expression, limit], |row| {
        Ok(SearchHit {
            session_id: row.get::<_, Text<_>>(0)?.0,
            session_title: row.get(1)?,
            message_id: Some(row.get::<_, Text<_>>(2)?.0),
            call_id: None,
            snippet: row.get(3)?,
            at: row.get::<_, At>(4)?.0,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The newest tool results that match an FTS5 expression.
pub(crate) fn tool_calls(connection: &Connection, expression: &str, limit: u32) -> Result<Vec<SearchHit>, StoreError> {
    let mut statement = connection.prepare_cached(FIND_TOOL_CALLS)?;
    let rows = statement.query_map(params![expression, limit], |row| {
        Ok(SearchHit {
            session_id: row.get::<_, Text<_>>(0)?.0,
            session_title: row.get(1)?,
            message_id: None,
            call_id: Some(CallId::from_provider(&row.get::<_, String>(2)?)),
            snippet: row.get(3)?,
            at: row.get::<_, At>(4)?.0,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
