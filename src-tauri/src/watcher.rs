//! Looks after the questions of a home, whichever process asked them: tells the page, the tray and, when nobody looks, the desktop.

use std::time::Duration;

use bca_app::{App, Which};
use bca_protocol::{ApprovalId, ApprovalView};
use serde_json::Value;
use tauri::AppHandle;

use crate::{app::broadcast, notifications, tray, window};

/// Pause after the store could not be read.
const AFTER_FAULT: Duration = Duration::from_secs(1);

/// Watches until it is aborted.
pub async fn watch(handle: AppHandle, app: App) {
    let mut known: Vec<ApprovalId> = Vec::new();
    loop {
        match app.approvals(Which::Pending).await {
            Ok(pending) => {
                let now: Vec<ApprovalId> = pending.iter().map(|question| question.request.approval_id).collect();
                if now != known {
                    broadcast(&handle, "approvals_changed", Value::Null);
                    tray::show_pending(&handle, now.len());
                    tell_desktop(&handle, &app, pending.into_iter().filter(|question| !known.contains(&question.request.approval_id)));
                    known = now;
                }
            }
            Err(fault) => {
                tracing::warn!(%fault, "the pending questions could not be read");
                tokio::time::sleep(AFTER_FAULT).await;
            }
        }
        app.approvals_changed().await;
    }
}

fn tell_desktop(handle: &AppHandle, app: &App, asked: impl Iterator<Item = ApprovalView>) {
    if !window::has_attention(handle) {
        asked.for_each(|question| notifications::ask(handle, app, question.request));
    }
}
