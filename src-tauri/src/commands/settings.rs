//! Settings, and the model.

use bca_app::{Key, Secret};
use bca_protocol::{ErrorCode, ModelInfo, SettingView, UserError};
use serde::Deserialize;
use tauri::{AppHandle, State};

use crate::{app::Shell, gate::Params, window};

#[tauri::command]
pub async fn list_models(shell: State<'_, Shell>) -> Result<Vec<ModelInfo>, UserError> {
    shell.app().await?.models().await
}

#[derive(Deserialize)]
pub struct SetModelKey {
    provider: String,
    base_url: Option<String>,
    key: String,
}

#[tauri::command]
pub async fn set_model_key(params: Params<SetModelKey>, shell: State<'_, Shell>) -> Result<(), UserError> {
    let Params(SetModelKey { provider, base_url, key }) = params;
    if key.trim().is_empty() {
        return Err(UserError::new(ErrorCode::InvalidInput, "The key is empty. Nothing was changed."));
    }
    let app = shell.app().await?;
    // The key goes nowhere before its place is known to be a good one.
    if let Some(url) = base_url.as_deref().filter(|url| !url.is_empty()) {
        app.set_setting(Key::ModelBaseUrl, Some(url)).await?;
    }
    app.set_setting(Key::Provider, Some(&provider)).await?;
    app.set_model_key(Secret::new(key.trim().to_owned()));
    Ok(())
}

#[tauri::command]
pub async fn list_settings(shell: State<'_, Shell>) -> Result<Vec<SettingView>, UserError> {
    shell.app().await?.settings().await
}

#[derive(Deserialize)]
pub struct SetSetting {
    key: String,
    value: Option<String>,
}

#[tauri::command]
pub async fn set_setting(params: Params<SetSetting>, handle: AppHandle, shell: State<'_, Shell>) -> Result<SettingView, UserError> {
    let key = Key::parse(&params.0.key)?;
    let app = shell.app().await?;
    let setting = app.set_setting(key, params.0.value.as_deref()).await?;
    if key == Key::Theme {
        window::paint(&handle, &app).await;
    }
    Ok(setting)
}
