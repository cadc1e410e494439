//! Messages of sessions, in the order in which they came.

use bca_agent::{HistoryBlock, Message};
use bca_protocol::{MessageId, MessageView, Role, SessionId};
use jiff::Timestamp;
use rusqlite::{Connection, params};

use crate::{
    StoreError,
    blocks::{Blocks, Columns, RawBlocks, history_blocks},
    sql::{At, Text, Worded, statements},
};

statements! {
    INSERT = "INSERT INTO messages (message_id, session_id, run_id, role, content, raw, provider, partial, words, created_at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
    /// As models see them.
    HISTORY = "SELECT role, content, raw, provider FROM messages WHERE session_id = ?1 AND partial = 0 ORDER BY id";
    /// As people see them.
    LIST = "SELECT message_id, run_id, role, content, created_at, partial FROM messages WHERE session_id = ?1 ORDER BY id";
}

/// Whether a message is whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whole {
    Yes,
    /// It was cut off.
    No,
}

/// A message on its way in.
pub(crate) struct NewMessage {
    pub message_id: MessageId,
    pub session_id: String,
    pub run_id: String,
    pub role: Role,
    pub columns: Columns,
    pub whole: Whole,
    pub at: Timestamp,
}

/// Appends a message and counts it in its session.
pub(crate) fn append(tx: &Connection, message: &NewMessage) -> Result<(), StoreError> {
    let NewMessage { message_id, session_id, run_id, role, columns, whole, at } = message;
    tx.prepare_cached(INSERT)?.execute(params![
        Text(message_id),
        session_id,
        run_id,
        Worded(*role),
        columns.content,
        columns.raw,
        columns.provider,
        *whole == Whole::No,
        columns.words,
        At(*at)
    ])?;
    super::sessions::touch(tx, session_id, *at)
}

/// The whole messages of a session, oldest first.
pub(crate) fn history(connection: &Connection, session: SessionId) -> Result<Vec<Message>, StoreError> {
    let mut statement = connection.prepare_cached(HISTORY)?;
    let rows = statement.query_map([Text(session)], |row| {
        let blocks: Vec<HistoryBlock> = history_blocks(row.get::<_, Blocks>(1)?.0, row.get::<_, Option<RawBlocks>>(2)?);
        Ok(Message { role: row.get::<_, Worded<Role>>(0)?.0, blocks, provider: row.get(3)? })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// All messages of a session, oldest first.
pub(crate) fn list(connection: &Connection, session: SessionId) -> Result<Vec<MessageView>, StoreError> {
    let mut statement = connection.prepare_cached(LIST)?;
    let rows = statement.query_map([Text(session)], |row| {
        Ok(MessageView {
            message_id: row.get::<_, Text<_>>(0)?.0,
            run_id: row.get::<_, Text<_>>(1)?.0,
            role: row.get::<_, Worded<_>>(2)?.0,
            content: row.get::<_, Blocks>(3)?.0,
            created_at: row.get::<_, At>(4)?.0,
            partial: row.get(5)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
