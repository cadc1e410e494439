//! Anthropic's Messages API, version 2023-06-01, with streaming.

mod answer;
mod call;
mod fault;
mod models;
mod request;
mod stream;
#[cfg(test)]
mod testing;
mod wire;

use std::{collections::HashSet, sync::Mutex, time::Duration};

use async_trait::async_trait;
use bca_agent::{ModelError, ModelEvent, ModelProvider, ModelRequest};
use bca_auth::Secret;
use bca_protocol::ModelInfo;
use futures::stream::BoxStream;
use reqwest::header::HeaderValue;
use tokio_util::sync::CancellationToken;

use crate::BaseUrl;

/// The provider's name in settings and in the store.
pub(crate) const NAME: &str = "anthropic";

/// How long, how often and how much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamLimits {
    /// A stream, or a wait for its first byte, that is silent for so long fails.
    pub idle: Duration,
    /// Further attempts before the first byte of an answer.
    pub retries: u32,
    /// The first pause between attempts; each further one is twice as long, and each is shortened by chance by up to a half.
    pub backoff: Duration,
    /// The longest wait that a provider may ask for by `retry-after`; where it asks for more, the call fails at once.
    pub longest_wait: Duration,
    /// Bound of an answer's body, in bytes.
    pub max_body: usize,
    /// Bound of one event within it, in bytes.
    pub max_event: usize,
}

impl Default for StreamLimits {
    /// 60 s, 2 retries from 500 ms on, waits of up to 60 s, 32 MiB, 16 MiB.
    fn default() -> Self {
        Self {
            idle: Duration::from_secs(60),
            retries: 2,
            backoff: Duration::from_millis(500),
            longest_wait: Duration::from_secs(60),
            max_body: 32 << 20,
            max_event: 16 << 20,
        }
    }
}

/// What a provider needs.
#[derive(Clone)]
pub struct AnthropicOptions {
    /// Where it answers.
    pub base_url: BaseUrl,
    /// Its key; may be absent on this computer only.
    pub key: Option<Secret<String>>,
    /// From [`crate::http_client`].
    pub http: reqwest::Client,
    /// Bounds.
    pub limits: StreamLimits,
}

/// A provider that speaks the Messages API. Cheap to keep; holds a pool of connections.
pub struct Anthropic {
    inner: std::sync::Arc<Inner>,
}

/// What the calls and their streams share.
pub(crate) struct Inner {
    options: AnthropicOptions,
    /// Models that refused a thinking budget and want to be asked adaptively; learned from the API, not from a list of names.
    adaptive: Mutex<HashSet<String>>,
}

impl Anthropic {
    /// Opens nothing yet.
    #[must_use]
    pub fn new(options: AnthropicOptions) -> Self {
        Self { inner: std::sync::Arc::new(Inner { options, adaptive: Mutex::default() }) }
    }
}

impl std::fmt::Debug for Anthropic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Anthropic").field("base_url", &self.inner.options.base_url.to_string()).finish_non_exhaustive()
    }
}

impl Inner {
    fn host(&self) -> String {
        self.options.base_url.host()
    }

    /// The key without the white space that copying leaves around it.
    fn key(&self) -> Option<&str> {
        self.options.key.as_ref().map(|key| key.expose().trim()).filter(|key| !key.is_empty())
    }

    /// The key for the wire, marked so that no log shows it; `None` where none is needed.
    fn key_header(&self) -> Result<Option<HeaderValue>, ModelError> {
        let Some(key) = self.key() else {
            return if self.options.base_url.is_loopback() { Ok(None) } else { Err(self.no_key()) };
        };
        let mut value = HeaderValue::from_str(key).map_err(|_| self.unusable_key())?;
        value.set_sensitive(true);
        Ok(Some(value))
    }
}

#[async_trait]
impl ModelProvider for Anthropic {
    fn name(&self) -> &'static str {
        NAME
    }

    async fn stream(&self, request: &ModelRequest, cancel: &CancellationToken) -> Result<BoxStream<'static, Result<ModelEvent, ModelError>>, ModelError> {
        stream::open(&self.inner, request, cancel).await
    }

    async fn models(&self) -> Result<Vec<ModelInfo>, ModelError> {
        self.inner.list_models().await
    }
}
