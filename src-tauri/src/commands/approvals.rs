//! Questions, answers, and the writes that were made.

use bca_app::Which;
use bca_protocol::{ApprovalView, ChangeView, Decision, ReviewDecision, Reviewer, SessionId, UserError};
use serde::Deserialize;
use tauri::{AppHandle, State};

use crate::{app::Shell, gate::Params};

#[tauri::command]
pub async fn list_approvals(handle: AppHandle, shell: State<'_, Shell>) -> Result<Vec<ApprovalView>, UserError> {
    let pending = shell.app().await?.approvals(Which::Pending).await;
    // The page asks this last when it opens.
    shell.page_listens(&handle);
    pending
}

#[tauri::command]
pub async fn answer_approval(params: Params<ReviewDecision>, shell: State<'_, Shell>) -> Result<Decision, UserError> {
    shell.app().await?.answer(params.0, Reviewer::Window).await
}

#[derive(Deserialize)]
pub struct ListChanges {
    session_id: Option<SessionId>,
}

#[tauri::command]
pub async fn list_changes(params: Params<ListChanges>, shell: State<'_, Shell>) -> Result<Vec<ChangeView>, UserError> {
    shell.app().await?.changes(params.0.session_id).await
}
