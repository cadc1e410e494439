//! Writes that were made, taking them back, and their evidence.

use bca_app::EvidenceOf;
use bca_protocol::{ChangeId, ChangeView, ErrorCode, RunId, SessionId, StartedRun, UserError};
use serde::Deserialize;

use crate::gate::commands;

/// The form of a pack of evidence.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Format {
    Html,
    Json,
}

commands! {
    async fn list_changes(ask, { session_id: Option<SessionId> }) -> Vec<ChangeView> {
        ask.app().await?.changes(session_id).await?
    }

    async fn undo_change(ask, { change_id: ChangeId }) -> StartedRun {
        let run = ask.app().await?.undo(change_id, ask.channel()?).await?;
        ask.run_started(run)
    }

    async fn undo_run(ask, { run_id: RunId }) -> StartedRun {
        let run = ask.app().await?.undo_run(run_id, ask.channel()?).await?;
        ask.run_started(run)
    }

    async fn export_evidence(ask, { change_id: Option<ChangeId>, session_id: Option<SessionId>, format: Format }) -> String {
        let of = match (change_id, session_id) {
            (Some(change), None) => EvidenceOf::Change(change),
            (None, Some(session)) => EvidenceOf::Session(session),
            _ => return Err(UserError::new(ErrorCode::InvalidInput, "Evidence is of one change or of one conversation.")),
        };
        let evidence = ask.app().await?.evidence(of).await?;
        match format {
            Format::Html => evidence.html(),
            Format::Json => evidence.json()?,
        }
    }
}
