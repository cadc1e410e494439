//! Sending messages, and listening to runs.

use std::sync::Arc;

use bca_protocol::{AgentEvent, ErrorCode, EventSink, RunId, SessionId, StartedRun, UserError};
use serde::Deserialize;
use serde_json::Value;
use tauri::{AppHandle, State, ipc::Channel};

use crate::{
    app::{Shell, broadcast},
    events::Coalescer,
    gate::Params,
};

#[derive(Deserialize)]
pub struct SendMessage {
    session_id: Option<SessionId>,
    text: String,
}

#[tauri::command]
pub async fn send_message(
    params: Params<SendMessage>,
    channel: Channel<Vec<AgentEvent>>,
    handle: AppHandle,
    shell: State<'_, Shell>,
) -> Result<StartedRun, UserError> {
    let Params(SendMessage { session_id, text }) = params;
    let run = shell.app().await?.send(session_id, text, sink(&shell, channel)).await?;
    broadcast(&handle, "sessions_changed", Value::Null);
    tauri::async_runtime::spawn(async move {
        // However it ended, even by a fault of ours: the list shows it.
        let _ = run.done.await;
        broadcast(&handle, "sessions_changed", Value::Null);
    });
    Ok(run.started)
}

#[derive(Deserialize)]
pub struct WatchRun {
    run_id: RunId,
    after_seq: u64,
}

#[tauri::command]
pub async fn watch_run(params: Params<WatchRun>, channel: Channel<Vec<AgentEvent>>, shell: State<'_, Shell>) -> Result<bool, UserError> {
    let Params(WatchRun { run_id, after_seq }) = params;
    Ok(shell.app().await?.watch(run_id, after_seq, sink(&shell, channel)))
}

#[derive(Deserialize)]
pub struct CancelRun {
    run_id: RunId,
}

#[tauri::command]
pub async fn cancel_run(params: Params<CancelRun>, shell: State<'_, Shell>) -> Result<(), UserError> {
    if shell.app().await?.cancel(params.0.run_id) { Ok(()) } else { Err(UserError::new(ErrorCode::NotFound, "This run is not under way in this window.")) }
}

/// The page that asked gets the events; one that was loaded in its place asks for itself.
fn sink(shell: &Shell, channel: Channel<Vec<AgentEvent>>) -> Arc<dyn EventSink> {
    let is_there = shell.this_page();
    Coalescer::new(move |events| {
        if is_there()
            && let Err(fault) = channel.send(events)
        {
            tracing::warn!(%fault, "events could not be sent to the page");
        }
    })
}
