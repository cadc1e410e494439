//! What front ends ask of the database. Each method is one snapshot or one transaction, off the asynchronous threads.

use std::collections::HashSet;

use bca_protocol::{ApprovalId, ApprovalView, BackupView, ChangeId, ChangeSetId, ChangeView, Connection, ErrorEntry, SessionDetail, SessionId, SessionSummary};
use jiff::Timestamp;

use crate::{
    Db, Metric, Recovery, StoreError, StoredConnection, UnknownChange, backup,
    db::Durability,
    recovery,
    table::{agent_executions, approvals, changes, connections, error_logs, mcp_tool_calls, messages, performance_metrics, sessions, settings},
};

/// Conversations.
impl Db {
    /// The newest first; `before` is the `updated_at` of the last one of the page before.
    ///
    /// # Errors
    /// Faults of the database.
    pub async fn sessions(&self, before: Option<Timestamp>, limit: u32) -> Result<Vec<SessionSummary>, StoreError> {
        self.read(move |c| sessions::list(c, before, limit)).await
    }

    /// One, as in the list.
    ///
    /// # Errors
    /// Faults of the database.
    pub async fn session(&self, session_id: SessionId) -> Result<Option<SessionSummary>, StoreError> {
        self.read(move |c| sessions::get(c, session_id)).await
    }

    /// What the person asked first, up to 2,000 characters.
    ///
    /// # Errors
    /// Faults of the database.
    pub async fn session_goal(&self, session_id: SessionId) -> Result<Option<String>, StoreError> {
        self.read(move |c| sessions::goal(c, session_id)).await
    }

    /// Everything in it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; faults of the database.
    pub async fn session_detail(&self, session_id: SessionId) -> Result<SessionDetail, StoreError> {
        self.read(move |c| {
            let session = sessions::get(c, session_id)?.ok_or(StoreError::NotFound("conversation"))?;
            let changes = changes::of_session(c, session_id)?;
            let sets: HashSet<ChangeSetId> = changes.iter().map(|change| change.change_set_id).collect();
            let sets = serde_json::to_string(&sets).map_err(|e| StoreError::Invalid(e.to_string()))?;
            Ok(SessionDetail {
                session,
                messages: messages::list(c, session_id)?,
                runs: agent_executions::list(c, session_id)?,
                tool_calls: mcp_tool_calls::list(c, session_id)?,
                approvals: approvals::of_session(c, session_id, changes::previews(c, &sets)?)?,
                changes,
            })
        })
        .await
    }

    /// Gives it a title.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] where the title is empty or longer than 200 characters; [`StoreError::NotFound`]; faults of the database.
    pub async fn rename_session(&self, session_id: SessionId, title: &str) -> Result<(), StoreError> {
        let title = title.split_whitespace().collect::<Vec<_>>().join(" ");
        if title.is_empty() || title.chars().count() > 200 {
            return Err(StoreError::Invalid("A title has 1 to 200 characters. The old title stays.".into()));
        }
        self.write(Durability::History, move |tx| found(sessions::rename(tx, session_id, &title)?, "conversation")).await
    }

    /// Removes its messages, runs, tool calls, todos and their place in the search. What was asked, approved and changed stays.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] while a living process works on it; [`StoreError::NotFound`]; faults of the database.
    pub async fn delete_session(&self, session_id: SessionId) -> Result<(), StoreError> {
        self.recover().await?;
        self.write(Durability::History, move |tx| {
            if agent_executions::running(tx, &session_id.to_string())?.is_some() {
                return Err(StoreError::Conflict("This conversation is still at work. Nothing was deleted. Stop it first.".into()));
            }
            found(sessions::delete(tx, session_id)?, "conversation")
        })
        .await
    }

    /// Ends what processes that died since the opening left open.
    ///
    /// # Errors
    /// Faults of the database.
    pub async fn recover(&self) -> Result<Recovery, StoreError> {
        let (inner, identity) = (std::sync::Arc::clone(&self.inner), self.audit_identity());
        self.blocking(move || recovery::recover(&inner, Some(&identity))).await
    }

    /// Writes down what the opening found and ended.
    ///
    /// # Errors
    /// Faults of the database.
    pub async fn audit_recovery(&self, recovery: Recovery) -> Result<(), StoreError> {
        let (identity, now) = (self.audit_identity(), self.inner.clock.now());
        self.write(Durability::Durable, move |tx| crate::audit_events::recovered(tx, &identity, &recovery, now)).await
    }
}

/// Approvals and changes.
impl Db {
    /// The questions that wait and that somebody is there to act on; the most important first, then the oldest.
    ///
    /// # Errors
    /// Faults of the database.
    pub async fn pending_approvals(&self) -> Result<Vec<ApprovalView>, StoreError> {
        self.recover().await?;
        let now = self.inner.clock.now();
        let mut waiting = self.read(approvals::pending).await?;
        // The process that asked is about to end these: a yes would not count any more.
        waiting.retain(|approval| approval.request.expires_at > now);
        Ok(waiting)
    }

    /// Past and pending ones, the newest first; `older_than` is the last one of the page before.
    ///
    /// # Errors
    /// Faults of the database.
    pub async fn approvals(&self, older_than: Option<ApprovalId>, limit: u32) -> Result<Vec<ApprovalView>, StoreError> {
        self.read(move |c| approvals::newest(c, older_than, limit)).await
    }

    /// One.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; faults of the database.
    pub async fn approval(&self, approval_id: ApprovalId) -> Result<ApprovalView, StoreError> {
        self.read(move |c| approvals::one(c, approval_id)?.ok_or(StoreError::NotFound("approval"))).await
    }

    /// Every write that was proposed, the newest first; `older_than` is the last one of the page before.
    ///
    /// # Errors
    /// Faults of the database.
    pub async fn changes(&self, older_than: Option<ChangeId>, limit: u32) -> Result<Vec<ChangeView>, StoreError> {
        self.read(move |c| changes::newest(c, older_than, limit)).await
    }

    /// One.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; faults of the database.
    pub async fn change(&self, change_id: ChangeId) -> Result<ChangeView, StoreError> {
        self.read(move |c| changes::one(c, change_id)?.ok_or(StoreError::NotFound("change"))).await
    }

    /// The writes whose outcome has to be found out, the oldest first.
    ///
    /// # Errors
    /// Faults of the database.
    pub async fn unknown_changes(&self) -> Result<Vec<UnknownChange>, StoreError> {
        self.read(changes::unknown).await
    }
}

/// Settings and connections: durable when a method returns.
impl Db {
    /// What the person has set; `None` where nothing.
    ///
    /// # Errors
    /// Faults of the database.
    pub async fn setting(&self, key: &str) -> Result<Option<String>, StoreError> {
        let key = key.to_owned();
        self.read(move |c| settings::get(c, &key)).await
    }

    /// All that the person has set, by key.
    ///
    /// # Errors
    /// Faults of the database.
    pub async fn settings(&self) -> Result<Vec<(String, String)>, StoreError> {
        self.read(settings::list).await
    }

    /// Sets one.
    ///
    /// # Errors
    /// Faults of the database.
    pub async fn set_setting(&self, key: &str, value: &str) -> Result<(), StoreError> {
        let (key, value, now) = (key.to_owned(), value.to_owned(), self.inner.clock.now());
        self.write(Durability::Durable, move |tx| settings::set(tx, &key, &value, now)).await
    }

    /// Takes one back; whether there was one.
    ///
    /// # Errors
    /// Faults of the database.
    pub async fn unset_setting(&self, key: &str) -> Result<bool, StoreError> {
        let key = key.to_owned();
        self.write(Durability::Durable, move |tx| settings::unset(tx, &key)).await
    }

    /// All connections by name.
    ///
    /// # Errors
    /// Faults of the database.
    pub async fn connections(&self) -> Result<Vec<StoredConnection>, StoreError> {
        self.read(connections::list).await
    }

    /// The connection of that name.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; faults of the database.
    pub async fn connection(&self, name: &str) -> Result<StoredConnection, StoreError> {
        let name = name.to_owned();
        self.read(move |c| connections::one(c, &name)?.ok_or(StoreError::NotFound("connection"))).await
    }

    /// The one in use.
    ///
    /// # Errors
    /// Faults of the database.
    pub async fn active_connection(&self) -> Result<Option<StoredConnection>, StoreError> {
        self.read(connections::active).await
    }

    /// Adds one, or changes the one of that name. It holds no secret.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] where it has no name; faults of the database.
    pub async fn put_connection(&self, connection: &Connection, base_url: &str) -> Result<(), StoreError> {
        if connection.name.trim().is_empty() {
            return Err(StoreError::Invalid("A connection needs a name.".into()));
        }
        let (connection, base_url, now) = (connection.clone(), base_url.to_owned(), self.inner.clock.now());
        self.write(Durability::Durable, move |tx| connections::put(tx, &connection, &base_url, now)).await
    }

    /// Makes it the one in use.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], and then the one before stays in use; faults of the database.
    pub async fn use_connection(&self, name: &str) -> Result<(), StoreError> {
        let name = name.to_owned();
        self.write(Durability::Durable, move |tx| found(connections::activate(tx, &name)?, "connection")).await
    }

    /// Removes it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; faults of the database.
    pub async fn remove_connection(&self, name: &str) -> Result<(), StoreError> {
        let name = name.to_owned();
        self.write(Durability::Durable, move |tx| found(connections::delete(tx, &name)?, "connection")).await
    }
}

/// Errors, measurements, backups.
impl Db {
    /// Faults that were met and told, the newest first.
    ///
    /// # Errors
    /// Faults of the database.
    pub async fn errors(&self, limit: u32) -> Result<Vec<ErrorEntry>, StoreError> {
        self.read(move |c| error_logs::newest(c, limit)).await
    }

    /// Stores how long something took.
    ///
    /// # Errors
    /// Faults of the database.
    pub async fn record_metric(&self, metric: Metric) -> Result<(), StoreError> {
        self.write(Durability::History, move |tx| performance_metrics::insert(tx, &metric)).await
    }

    /// The newest measurements of that name.
    ///
    /// # Errors
    /// Faults of the database.
    pub async fn metrics(&self, name: &str, limit: u32) -> Result<Vec<Metric>, StoreError> {
        let name = name.to_owned();
        self.read(move |c| performance_metrics::newest(c, &name, limit)).await
    }

    /// Makes a checked copy in `backups/` and keeps the newest seven. Others may go on writing.
    ///
    /// # Errors
    /// [`StoreError::Backup`] where the database is not whole; [`StoreError::Io`], [`StoreError::Full`].
    pub async fn create_backup(&self) -> Result<BackupView, StoreError> {
        let home = self.inner.home().clone();
        self.blocking(move || backup::create(&home, backup::Reason::Asked)).await
    }

    /// The backups, the newest first.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub async fn backups(&self) -> Result<Vec<BackupView>, StoreError> {
        let home = self.inner.home().clone();
        self.blocking(move || backup::list(&home)).await
    }

    /// SQLite's full check of the whole database, for `doctor`. Takes time with the size of the file.
    ///
    /// # Errors
    /// [`StoreError::Damaged`].
    pub async fn check(&self) -> Result<(), StoreError> {
        self.read(|c| crate::schema::check(c, crate::schema::Depth::Full)).await
    }
}

fn found(found: bool, what: &'static str) -> Result<(), StoreError> {
    if found { Ok(()) } else { Err(StoreError::NotFound(what)) }
}

#[cfg(test)]
#[path = "questions_tests.rs"]
mod tests;
