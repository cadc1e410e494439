//! Writes that were made, and taking them back.

use bca_protocol::{ChangeId, ChangeView, RunId, SessionId, StartedRun};

use crate::gate::commands;

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
}
