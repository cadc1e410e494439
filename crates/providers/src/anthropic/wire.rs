//! The events of an answer, borrowed from the bytes as far as they can be. One flat type, because deltas come by the thousand.

use std::borrow::Cow;

use bca_protocol::Usage;
use serde::Deserialize;
use serde_json::value::RawValue;

/// A text that is borrowed unless it has escapes.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub(super) struct Text<'a>(#[serde(borrow)] pub(super) Cow<'a, str>);

/// Any event; which members are there depends on `kind`.
#[derive(Debug, Deserialize)]
pub(super) struct WireEvent<'a> {
    #[serde(rename = "type", borrow)]
    pub(super) kind: Text<'a>,
    pub(super) index: Option<u64>,
    #[serde(borrow)]
    pub(super) delta: Option<Delta<'a>>,
    #[serde(borrow)]
    pub(super) content_block: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) message: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) usage: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) error: Option<&'a RawValue>,
}

/// What comes on top of a block, or of the message.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Delta<'a> {
    #[serde(rename = "type", borrow)]
    pub(super) kind: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) text: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) thinking: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) signature: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) partial_json: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) stop_reason: Option<Text<'a>>,
}

/// The events that we know; the API may send others at any time, and they are to be ignored.
pub(super) const KNOWN: [&str; 8] =
    ["message_start", "content_block_start", "content_block_delta", "content_block_stop", "message_delta", "message_stop", "ping", "error"];

/// Only the type, for events that do not read as [`WireEvent`].
#[derive(Debug, Deserialize)]
pub(super) struct Kind<'a> {
    #[serde(rename = "type", borrow)]
    pub(super) kind: Text<'a>,
}

/// The message as it starts.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Start<'a> {
    #[serde(borrow)]
    pub(super) usage: Option<&'a RawValue>,
}

#[derive(Debug, Default, Deserialize)]
struct WireUsage {
    input_tokens: Option<u64>,
    output_tokens: Option<u64>,
    cache_read_input_tokens: Option<u64>,
    cache_creation_input_tokens: Option<u64>,
}

/// Puts newer figures over older ones: they are sums over the whole call, and those left out have not changed.
pub(super) fn update(usage: &mut Usage, raw: &RawValue) {
    // Figures that cannot be read are no reason to lose an answer.
    let new: WireUsage = serde_json::from_str(raw.get()).unwrap_or_default();
    usage.input_tokens = new.input_tokens.unwrap_or(usage.input_tokens);
    usage.output_tokens = new.output_tokens.unwrap_or(usage.output_tokens);
    usage.cache_read_tokens = new.cache_read_input_tokens.unwrap_or(usage.cache_read_tokens);
    usage.cache_write_tokens = new.cache_creation_input_tokens.unwrap_or(usage.cache_write_tokens);
}
