//! Models over the network, behind the agent's port. One protocol so far: Anthropic's Messages API.

mod anthropic;
mod base_url;
mod client;
mod sse;

pub use anthropic::{Anthropic, AnthropicOptions, StreamLimits};
pub use base_url::{BaseUrl, BaseUrlError};
pub use client::{HttpClientError, http_client};
