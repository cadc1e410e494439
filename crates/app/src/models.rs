//! Which model answers, and what is missing for it.

use std::sync::Arc;

use async_trait::async_trait;
use bca_agent::{ModelError, ModelEvent, ModelProvider, ModelRequest, Thinking};
use bca_protocol::{ErrorCode, ModelInfo, UserError};
use bca_providers::{Anthropic, AnthropicOptions, BaseUrl, StreamLimits, http_client};
use futures::stream::BoxStream;
use tokio_util::sync::CancellationToken;

use crate::{App, Key, Mode, app::lock};

/// Names us to providers.
const USER_AGENT: &str = concat!("bc-agent/", env!("CARGO_PKG_VERSION"));

/// The smallest budget that the Messages API takes.
const LEAST_THINKING: u64 = 1_024;

impl App {
    /// The model's id in force.
    pub(crate) fn model(&self) -> String {
        match self.mode() {
            Mode::Demo => "demo".to_owned(),
            Mode::Own => self.settings_now().get(Key::Model).to_owned(),
        }
    }

    pub(crate) fn thinking(&self) -> Thinking {
        match self.settings_now().number(Key::ThinkingBudget) {
            0 => Thinking::Off,
            tokens => Thinking::Budget(u32::try_from(tokens.max(LEAST_THINKING)).unwrap_or(u32::MAX)),
        }
    }

    /// What keeps a message from being sent; nothing goes over the network to find out.
    pub(crate) fn not_ready(&self) -> Option<UserError> {
        match self.mode() {
            Mode::Demo => None,
            Mode::Own => match self.base_url() {
                Err(fault) => Some(fault),
                Ok(base_url) if self.model_key().is_none() && !self.remembers_model_key() && !base_url.is_loopback() => Some(no_key()),
                Ok(_) => None,
            },
        }
    }

    fn base_url(&self) -> Result<BaseUrl, UserError> {
        let text = self.settings_now().get(Key::ModelBaseUrl).to_owned();
        BaseUrl::parse(&text).map_err(|e| UserError::new(ErrorCode::Configuration, e.to_string()))
    }

    /// The provider in force.
    pub(crate) async fn provider(&self) -> Result<Arc<dyn ModelProvider>, UserError> {
        let (base_url, key) = match self.mode() {
            Mode::Demo => {
                let demo = self.demo().await?;
                let base_url = BaseUrl::parse(&demo.model_url).map_err(|e| UserError::new(ErrorCode::Configuration, e.to_string()))?;
                (base_url, Some(bca_auth::Secret::new(demo.model_key.clone())))
            }
            Mode::Own => {
                self.recall_model_key().await?;
                if let Some(fault) = self.not_ready() {
                    return Err(fault);
                }
                (self.base_url()?, self.model_key())
            }
        };
        let built_for = base_url.to_string();
        let mut kept = lock(&self.inner.provider);
        if let Some((address, provider)) = kept.as_ref()
            && *address == built_for
        {
            return Ok(Arc::clone(provider));
        }
        let http = http_client(USER_AGENT, &base_url).map_err(|e| UserError::new(ErrorCode::Configuration, e.to_string()))?;
        let provider: Arc<dyn ModelProvider> = Arc::new(Anthropic::new(AnthropicOptions { base_url, key, http, limits: StreamLimits::default() }));
        *kept = Some((built_for, Arc::clone(&provider)));
        Ok(provider)
    }

    /// The models that the provider offers.
    ///
    /// # Errors
    /// As the provider says; nothing is set up.
    pub async fn models(&self) -> Result<Vec<ModelInfo>, UserError> {
        Ok(self.provider().await?.models().await?)
    }
}

fn no_key() -> UserError {
    UserError::new(
        ErrorCode::ModelNotConfigured,
        "There is no key for the model. Set ANTHROPIC_API_KEY, enter a key in the window's settings, or try the demo with --demo, which needs none.",
    )
}

/// Stands in where a call of a tool needs no model.
pub(crate) struct NoModel;

#[async_trait]
impl ModelProvider for NoModel {
    fn name(&self) -> &'static str {
        "none"
    }

    async fn stream(&self, _request: &ModelRequest, _cancel: &CancellationToken) -> Result<BoxStream<'static, Result<ModelEvent, ModelError>>, ModelError> {
        let fault = no_key();
        Err(ModelError { code: fault.code, message: fault.message, detail: String::new(), retryable: false, retry_after: None })
    }

    async fn models(&self) -> Result<Vec<ModelInfo>, ModelError> {
        Ok(Vec::new())
    }
}
