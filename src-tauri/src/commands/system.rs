//! The app itself: its home, backups, errors, and the way out to the browser.

use bca_app::{App, Mode};
use bca_desktop::opener;
use bca_protocol::{AppInfo, ApprovalId, BackupView, DoctorCheck, ErrorEntry};

use crate::gate::commands;

/// Faults that one list shows.
const MOST_ERRORS: usize = 1_000;

commands! {
    async fn app_info(ask) -> AppInfo {
        ask.app().await?.info().await
    }

    async fn switch_home(ask, { demo: bool }) -> AppInfo {
        let mode = if demo { Mode::Demo } else { Mode::Own };
        ask.shell().switch(ask.handle(), mode).await?.info().await
    }

    // Also of a home that could not be opened: that is when a copy is needed.
    async fn list_backups(ask) -> Vec<BackupView> {
        match ask.app().await {
            Ok(app) => app.backups().await?,
            Err(_) => App::backups_of(ask.shell().config()).await?,
        }
    }

    async fn create_backup(ask) -> BackupView {
        ask.app().await?.create_backup().await?
    }

    async fn restore_backup(ask, { name: String }) -> () {
        ask.shell().restore(ask.handle(), &name).await?
    }

    async fn list_errors(ask, { limit: usize }) -> Vec<ErrorEntry> {
        ask.app().await?.errors(limit.min(MOST_ERRORS)).await?
    }

    // Works where the app itself could not be opened.
    async fn doctor(ask) -> Vec<DoctorCheck> {
        App::doctor(ask.shell().config()).await
    }

    // Milliseconds since 1970 by the page's clock. For the log, where whoever measures the start finds it.
    async fn page_drawn(_ask, { at_ms: u64 }) -> () {
        tracing::info!(at_ms, "the page is drawn");
    }

    // The same of a question's dialog, beside the time at which the engine put the question.
    async fn dialog_drawn(_ask, { approval_id: ApprovalId, asked_ms: u64, at_ms: u64 }) -> () {
        tracing::info!(%approval_id, asked_ms, at_ms, "the dialog is drawn");
    }

    async fn open_link(_ask, { url: String }) -> () {
        opener::open(&opener::check(&url)?)?
    }
}
