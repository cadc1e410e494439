//! Sending messages, and listening to runs.

use bca_protocol::{ErrorCode, RunId, SessionId, StartedRun, UserError};

use crate::gate::commands;

commands! {
    async fn send_message(ask, { session_id: Option<SessionId>, text: String }) -> StartedRun {
        let run = ask.app().await?.send(session_id, text, ask.channel()?).await?;
        ask.run_started(run)
    }

    async fn watch_run(ask, { run_id: RunId, after_seq: u64 }) -> bool {
        ask.app().await?.watch(run_id, after_seq, ask.channel()?)
    }

    async fn cancel_run(ask, { run_id: RunId }) -> () {
        if !ask.app().await?.cancel(run_id) {
            return Err(UserError::new(ErrorCode::NotFound, "This run is not under way in this window."));
        }
    }
}
