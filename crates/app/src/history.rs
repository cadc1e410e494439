//! Conversations: listed, shown, renamed, deleted, exported, searched. All of it works without a network.

use bca_protocol::{AuditAction, SearchHit, SessionDetail, SessionId, SessionSummary, UserError};
use bca_store::AuditRecord;

use crate::App;

/// The form of an exported conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportFormat {
    /// Everything, for programs.
    Json,
    /// What was said, for people.
    Markdown,
}

/// Conversations that a list holds.
const MOST: u32 = 10_000;

impl App {
    /// All conversations, newest first.
    pub async fn sessions(&self) -> Result<Vec<SessionSummary>, UserError> {
        Ok(self.inner.db.sessions(None, MOST).await?)
    }

    /// One conversation with everything in it.
    pub async fn session(&self, id: SessionId) -> Result<SessionDetail, UserError> {
        Ok(self.inner.db.session_detail(id).await?)
    }

    /// Gives a conversation another title.
    pub async fn rename_session(&self, id: SessionId, title: &str) -> Result<(), UserError> {
        Ok(self.inner.db.rename_session(id, title).await?)
    }

    /// Deletes a conversation's messages; approvals, changes and checkpoints stay.
    pub async fn delete_session(&self, id: SessionId) -> Result<(), UserError> {
        self.inner.db.delete_session(id).await?;
        self.audit(AuditRecord::new(AuditAction::Deleted, "session").of(id.to_string())).await;
        Ok(())
    }

    /// One conversation as a text.
    pub async fn export_session(&self, id: SessionId, format: ExportFormat) -> Result<String, UserError> {
        let detail = self.session(id).await?;
        self.audit(AuditRecord::new(AuditAction::Exported, "session").of(id.to_string())).await;
        match format {
            ExportFormat::Markdown => Ok(bca_store::markdown(&detail)),
            ExportFormat::Json => serde_json::to_string_pretty(&detail)
                .map_err(|e| UserError::new(bca_protocol::ErrorCode::Internal, format!("The conversation could not be written as JSON: {e}."))),
        }
    }

    /// Full text over all messages and results of tools, newest first.
    pub async fn search(&self, query: &str, limit: usize) -> Result<Vec<SearchHit>, UserError> {
        Ok(self.inner.db.search(query, u32::try_from(limit).unwrap_or(u32::MAX)).await?)
    }
}
