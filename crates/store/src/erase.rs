//! Removing what belongs to an account, or all that a home holds, on purpose. The audit log stays: names and details in it become
//! unreadable ([`Db::forget_in_audit`]).

use rusqlite::params;

use crate::{Db, StoreError, backup, db::Durability};

const RUNNING: &str = "SELECT count(*) FROM agent_executions INDEXED BY agent_executions_open WHERE completed_at IS NULL";
const SETS_OF: &str = "SELECT change_set_id FROM change_sets WHERE ?1 IS NULL OR json_extract(connection, '$.account') = ?1";
const SESSIONS_OF: &str = "SELECT session_id FROM sessions s WHERE ?1 IS NULL OR EXISTS (SELECT 1 FROM agent_executions e WHERE e.session_id = s.session_id
    AND json_extract(e.connection, '$.account') = ?1)";
const CONNECTIONS_OF: &str = "SELECT name FROM connections WHERE ?1 IS NULL OR account = ?1";

/// What was removed from the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Erased {
    /// Conversations with their messages, runs and tool calls.
    pub sessions: u64,
    /// Writes with their questions and images before and after.
    pub changes: u64,
    /// Connections with their permissions.
    pub connections: u64,
    /// Entries of the error log.
    pub errors: u64,
    /// Settings.
    pub settings: u64,
    /// Agreements with model providers.
    pub agreements: u64,
}

impl Db {
    /// Removes what belongs to the account, or everything (`None`): conversations, writes with their questions and images,
    /// connections with their permissions; with everything, errors, measurements, settings and agreements too. What is removed is
    /// overwritten in the file. One transaction.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] while a run is at work: nothing was removed. Faults of the database.
    pub async fn erase(&self, account: Option<&str>) -> Result<Erased, StoreError> {
        self.recover().await?;
        let account = account.map(str::to_owned);
        self.write(Durability::Durable, move |tx| erase(tx, account.as_deref())).await
    }

    /// Writes the file anew, without what was deleted from it: free pages, and what the write-ahead log still holds. Where another process
    /// holds that up, it is done when the last one closes.
    pub async fn rewrite(&self) {
        let inner = std::sync::Arc::clone(&self.inner);
        let rewritten = self
            .blocking(move || {
                let connection = crate::schema::connect(&inner.home().database(), crate::schema::Purpose::Durable)?;
                connection.execute_batch("VACUUM")?;
                Ok(connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?)
            })
            .await;
        if let Err(fault) = rewritten {
            tracing::warn!(%fault, "the database could not be written anew after a deletion");
        }
    }

    /// Removes all backups: they hold what the database held. How many.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub async fn remove_backups(&self) -> Result<u64, StoreError> {
        let home = self.inner.home().clone();
        self.blocking(move || {
            let count = backup::list(&home)?.len();
            for entry in std::fs::read_dir(home.backups()).map_err(|e| StoreError::io(home.backups(), e))? {
                let path = entry.map_err(|e| StoreError::io(home.backups(), e))?.path();
                if path.is_file() {
                    std::fs::remove_file(&path).map_err(|e| StoreError::io(&path, e))?;
                }
            }
            Ok(u64::try_from(count).unwrap_or(u64::MAX))
        })
        .await
    }
}

fn erase(tx: &rusqlite::Connection, account: Option<&str>) -> Result<Erased, StoreError> {
    let running: u32 = tx.query_row(RUNNING, [], |row| row.get(0))?;
    if running > 0 {
        return Err(StoreError::Conflict("A conversation is still at work. Nothing was deleted. Stop it first.".into()));
    }
    let removed = |sql: &str, values: &[&dyn rusqlite::ToSql]| -> Result<u64, StoreError> { Ok(u64::try_from(tx.execute(sql, values)?).unwrap_or(u64::MAX)) };
    let mut erased = Erased::default();
    let names = |sql: &str| -> Result<Vec<String>, StoreError> {
        let mut statement = tx.prepare(sql)?;
        let rows = statement.query_map(params![account], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    };
    for session in names(SESSIONS_OF)? {
        erased.sessions += removed("DELETE FROM sessions WHERE session_id = ?1", &[&session])?;
    }
    // Writes name each other: undo and undone.
    tx.execute_batch("PRAGMA defer_foreign_keys = ON")?;
    for set in names(SETS_OF)? {
        removed("DELETE FROM approval_revisions WHERE approval_id IN (SELECT approval_id FROM approvals WHERE change_set_id = ?1)", &[&set])?;
        removed("DELETE FROM approvals WHERE change_set_id = ?1", &[&set])?;
        removed("DELETE FROM checkpoints WHERE change_id IN (SELECT change_id FROM changes WHERE change_set_id = ?1)", &[&set])?;
        erased.changes += removed("DELETE FROM changes WHERE change_set_id = ?1", &[&set])?;
        removed("DELETE FROM change_sets WHERE change_set_id = ?1", &[&set])?;
    }
    removed("UPDATE changes SET undoes = NULL WHERE undoes NOT IN (SELECT change_id FROM changes)", &[])?;
    removed("UPDATE changes SET undone_by = NULL WHERE undone_by NOT IN (SELECT change_id FROM changes)", &[])?;
    crate::table::trials::erase(tx, account)?;
    for name in names(CONNECTIONS_OF)? {
        removed("DELETE FROM permissions WHERE connection = ?1", &[&name])?;
        erased.connections += removed("DELETE FROM connections WHERE name = ?1", &[&name])?;
    }
    if account.is_none() {
        erased.errors = removed("DELETE FROM error_logs", &[])?;
        removed("DELETE FROM performance_metrics", &[])?;
        removed("DELETE FROM permissions", &[])?;
        erased.agreements = removed("DELETE FROM agreements", &[])?;
        erased.settings = removed("DELETE FROM settings", &[])?;
    }
    Ok(erased)
}
