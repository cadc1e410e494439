//! The app itself: its home, backups, errors, and the way out to the browser.

use bca_app::{App, Mode};
use bca_protocol::{AppInfo, BackupView, DoctorCheck, ErrorEntry, UserError};
use serde::Deserialize;
use tauri::{AppHandle, State};

use crate::{app::Shell, gate::Params, opener};

/// Faults that one list shows.
const MOST_ERRORS: usize = 1_000;

#[tauri::command]
pub async fn app_info(shell: State<'_, Shell>) -> Result<AppInfo, UserError> {
    Ok(shell.app().await?.info().await)
}

#[derive(Deserialize)]
pub struct SwitchHome {
    demo: bool,
}

#[tauri::command]
pub async fn switch_home(params: Params<SwitchHome>, handle: AppHandle, shell: State<'_, Shell>) -> Result<AppInfo, UserError> {
    let mode = if params.0.demo { Mode::Demo } else { Mode::Own };
    Ok(shell.switch(&handle, mode).await?.info().await)
}

/// Also of a home that could not be opened: that is when a copy is needed.
#[tauri::command]
pub async fn list_backups(shell: State<'_, Shell>) -> Result<Vec<BackupView>, UserError> {
    match shell.app().await {
        Ok(app) => app.backups().await,
        Err(_) => App::backups_of(shell.config()).await,
    }
}

#[tauri::command]
pub async fn create_backup(shell: State<'_, Shell>) -> Result<BackupView, UserError> {
    shell.app().await?.create_backup().await
}

#[derive(Deserialize)]
pub struct RestoreBackup {
    name: String,
}

#[tauri::command]
pub async fn restore_backup(params: Params<RestoreBackup>, handle: AppHandle, shell: State<'_, Shell>) -> Result<(), UserError> {
    shell.restore(&handle, &params.0.name).await
}

#[derive(Deserialize)]
pub struct ListErrors {
    limit: usize,
}

#[tauri::command]
pub async fn list_errors(params: Params<ListErrors>, shell: State<'_, Shell>) -> Result<Vec<ErrorEntry>, UserError> {
    shell.app().await?.errors(params.0.limit.min(MOST_ERRORS)).await
}

/// Works where the app itself could not be opened.
#[tauri::command]
pub async fn doctor(shell: State<'_, Shell>) -> Result<Vec<DoctorCheck>, UserError> {
    Ok(App::doctor(shell.config()).await)
}

#[derive(Deserialize)]
pub struct OpenLink {
    url: String,
}

#[tauri::command]
pub async fn open_link(params: Params<OpenLink>) -> Result<(), UserError> {
    opener::open(&opener::check(&params.0.url)?)
}
