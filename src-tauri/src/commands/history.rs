//! Conversations: listed, shown, renamed, deleted, exported, searched.

use bca_app::ExportFormat;
use bca_protocol::{SearchHit, SessionDetail, SessionId, SessionSummary, UserError};
use serde::Deserialize;
use serde_json::Value;
use tauri::{AppHandle, State};

use crate::{
    app::{Shell, broadcast},
    gate::Params,
};

/// Places that one search shows.
const MOST_HITS: usize = 500;

#[tauri::command]
pub async fn list_sessions(shell: State<'_, Shell>) -> Result<Vec<SessionSummary>, UserError> {
    shell.app().await?.sessions().await
}

#[derive(Deserialize)]
pub struct OneSession {
    session_id: SessionId,
}

#[tauri::command]
pub async fn get_session(params: Params<OneSession>, shell: State<'_, Shell>) -> Result<SessionDetail, UserError> {
    shell.app().await?.session(params.0.session_id).await
}

#[derive(Deserialize)]
pub struct RenameSession {
    session_id: SessionId,
    title: String,
}

#[tauri::command]
pub async fn rename_session(params: Params<RenameSession>, handle: AppHandle, shell: State<'_, Shell>) -> Result<(), UserError> {
    shell.app().await?.rename_session(params.0.session_id, &params.0.title).await?;
    broadcast(&handle, "sessions_changed", Value::Null);
    Ok(())
}

#[tauri::command]
pub async fn delete_session(params: Params<OneSession>, handle: AppHandle, shell: State<'_, Shell>) -> Result<(), UserError> {
    shell.app().await?.delete_session(params.0.session_id).await?;
    broadcast(&handle, "sessions_changed", Value::Null);
    Ok(())
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Format {
    Json,
    Md,
}

#[derive(Deserialize)]
pub struct ExportSession {
    session_id: SessionId,
    format: Format,
}

#[tauri::command]
pub async fn export_session(params: Params<ExportSession>, shell: State<'_, Shell>) -> Result<String, UserError> {
    let format = match params.0.format {
        Format::Json => ExportFormat::Json,
        Format::Md => ExportFormat::Markdown,
    };
    shell.app().await?.export_session(params.0.session_id, format).await
}

#[derive(Deserialize)]
pub struct Search {
    query: String,
    limit: usize,
}

#[tauri::command]
pub async fn search(params: Params<Search>, shell: State<'_, Shell>) -> Result<Vec<SearchHit>, UserError> {
    shell.app().await?.search(&params.0.query, params.0.limit.min(MOST_HITS)).await
}
