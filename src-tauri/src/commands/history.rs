//! Conversations: listed, shown, renamed, deleted, exported, searched.

use bca_app::ExportFormat;
use bca_protocol::{ErrorCode, SearchHit, SessionId, SessionSummary, UserError};
use serde::Deserialize;

use crate::gate::{commands, exactly};

/// Places that one search shows.
const MOST_HITS: usize = 500;

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Format {
    Json,
    Md,
}

commands! {
    async fn list_sessions(ask) -> Vec<SessionSummary> {
        ask.app().await?.sessions().await?
    }

    async fn get_session(ask, { session_id: SessionId }) -> String {
        let detail = ask.app().await?.session(session_id).await?;
        exactly(&detail).map_err(|e| UserError::new(ErrorCode::Internal, format!("The session could not be handed over: {e}.")))?
    }

    async fn rename_session(ask, { session_id: SessionId, title: String }) -> () {
        ask.app().await?.rename_session(session_id, &title).await?;
        ask.sessions_changed();
    }

    async fn delete_session(ask, { session_id: SessionId }) -> () {
        ask.app().await?.delete_session(session_id).await?;
        ask.sessions_changed();
    }

    async fn export_session(ask, { session_id: SessionId, format: Format }) -> String {
        let format = match format {
            Format::Json => ExportFormat::Json,
            Format::Md => ExportFormat::Markdown,
        };
        ask.app().await?.export_session(session_id, format).await?
    }

    async fn search(ask, { query: String, limit: usize }) -> Vec<SearchHit> {
        ask.app().await?.search(&query, limit.min(MOST_HITS)).await?
    }
}
