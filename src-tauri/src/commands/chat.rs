//! Sending messages with their files, listening to runs, and keeping what was read fresh.

use bca_protocol::{AttachedFile, AttachmentId, ErrorCode, RawJson, RunId, SessionId, ShownChange, ShownResult, StartedRun, UserError};

use crate::gate::commands;

commands! {
    async fn send_message(ask, { session_id: Option<SessionId>, text: String, files: Vec<AttachmentId> }) -> StartedRun {
        let app = ask.app().await?;
        let text = bca_app::with_files(&text, &app.attached(&files).await?)?;
        let run = app.send(session_id, text, ask.channel()?).await?;
        ask.run_started(run)
    }

    async fn attach_file(ask, { name: String, content: String }) -> AttachedFile {
        ask.app().await?.attach_encoded(&name, &content).await?
    }

    async fn shown_changes(ask, { connection: Option<String>, shown: Vec<ShownResult> }) -> Vec<ShownChange> {
        ask.app().await?.shown_changes(connection.as_deref(), &shown).await?
    }

    async fn read_again(ask, { connection: Option<String>, input: RawJson }) -> String {
        ask.app().await?.read_again(connection.as_deref(), &input).await?.as_str().to_owned()
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
