//! Settings, and the model.

use bca_app::{Key, Secret};
use bca_protocol::{ErrorCode, ModelInfo, SettingView, UserError};

use crate::{gate::commands, window};

commands! {
    async fn list_models(ask) -> Vec<ModelInfo> {
        ask.app().await?.models().await?
    }

    async fn set_model_key(ask, { provider: String, base_url: Option<String>, key: String }) -> () {
        if key.trim().is_empty() {
            return Err(UserError::new(ErrorCode::InvalidInput, "The key is empty. Nothing was changed."));
        }
        let app = ask.app().await?;
        // The key goes nowhere before its place is known to be a good one.
        if let Some(url) = base_url.as_deref().filter(|url| !url.is_empty()) {
            app.set_setting(Key::ModelBaseUrl, Some(url)).await?;
        }
        app.set_setting(Key::Provider, Some(&provider)).await?;
        app.set_model_key(Secret::new(key.trim().to_owned()));
    }

    async fn list_settings(ask) -> Vec<SettingView> {
        ask.app().await?.settings().await?
    }

    async fn set_setting(ask, { key: String, value: Option<String> }) -> SettingView {
        let key = Key::parse(&key)?;
        let app = ask.app().await?;
        let setting = app.set_setting(key, value.as_deref()).await?;
        if key == Key::Theme {
            window::paint(ask.handle(), &app).await;
        }
        setting
    }
}
