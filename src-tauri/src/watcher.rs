//! Looks after the questions of a home, whichever process asked them: tells the page, the tray and, when nobody looks, the desktop.

use std::time::Duration;

use bca_app::{App, Which};
use bca_desktop::notice::{self, Answer};
use bca_protocol::{ApprovalId, ApprovalRequest, ApprovalView};
use serde_json::Value;
use tauri::{AppHandle, Manager as _};

use crate::{
    app::{Shell, broadcast},
    tray, window,
};

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
        asked.for_each(|question| tell(handle.clone(), app.clone(), question.request));
    }
}

fn tell(handle: AppHandle, app: App, request: ApprovalRequest) {
    let shown = request.clone();
    notice::ask(&shown, move |answer| match answer {
        Answer::Open => {
            window::show(&handle);
            handle.state::<Shell>().navigate(&handle, request.session_id);
        }
        Answer::Reject => drop(tauri::async_runtime::spawn(async move { notice::reject(&app, request).await })),
        Answer::Nothing => {}
    });
}
