//! What can go wrong with a call, as people read it. Nothing in here may carry the key.

use std::time::Duration;

use bca_agent::ModelError;
use bca_protocol::ErrorCode;
use reqwest::{StatusCode, header::HeaderMap};
use serde::Deserialize;

use super::{Inner, call::Failed};
use crate::client::chain;

/// How much of the provider's own words people see, in characters; the log gets [`DETAIL`].
const WORDS: usize = 300;
const DETAIL: usize = 2_000;
/// Bytes of the shortest text that is taken for a key.
const SHORTEST_KEY: usize = 6;
/// The detail of an answer that fell silent.
pub(super) const IDLE: &str = "idle";

/// The body of a refusal: `{"type":"error","error":{"type","message"},"request_id"}`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Refusal {
    error: Words,
    request_id: Option<String>,
}

/// The error itself, also in an `error` event of a stream.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Words {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) message: String,
}

impl Inner {
    /// An error without the key in it, whatever the provider wrote.
    pub(super) fn fault(&self, code: ErrorCode, message: impl Into<String>, detail: impl Into<String>) -> ModelError {
        let retryable = matches!(code, ErrorCode::ModelUnavailable | ErrorCode::ModelRateLimited);
        ModelError { code, message: self.scrub(&message.into()), detail: clip(&self.scrub(&detail.into()), DETAIL), retryable, retry_after: None }
    }

    fn scrub(&self, text: &str) -> String {
        match self.key() {
            // Shorter ones guard nothing, and cutting them out would make holes in ordinary words.
            Some(key) if key.len() >= SHORTEST_KEY => text.replace(key, "[key]"),
            Some(_) | None => text.to_owned(),
        }
    }

    pub(super) fn cancelled(&self) -> ModelError {
        self.fault(ErrorCode::Cancelled, "Stopped.", "cancelled")
    }

    pub(super) fn no_key(&self) -> ModelError {
        let message = format!("There is no key for {}. Set one in the settings or in ANTHROPIC_API_KEY.", self.host());
        self.fault(ErrorCode::ModelNotConfigured, message, "no key")
    }

    pub(super) fn unusable_key(&self) -> ModelError {
        let message = format!("The key for {} contains characters that no key has. Set it again in the settings or in ANTHROPIC_API_KEY.", self.host());
        self.fault(ErrorCode::ModelNotConfigured, message, "the key is no header value")
    }

    /// Nothing came for the idle limit.
    pub(super) fn silent(&self) -> ModelError {
        let message = format!("{} sent nothing for {} seconds. Nothing was lost: send the message again.", self.host(), self.options.limits.idle.as_secs());
        self.fault(ErrorCode::ModelUnavailable, message, IDLE)
    }

    /// The connection ended before the answer did.
    pub(super) fn broke_off(&self, cause: &str) -> ModelError {
        let message = format!("{} broke off in the middle of the answer. Nothing was lost: send the message again.", self.host());
        self.fault(ErrorCode::ModelUnavailable, message, cause)
    }

    /// The answer is not what the protocol says.
    pub(super) fn protocol(&self, detail: impl Into<String>) -> ModelError {
        let message =
            format!("The answer of {} could not be read. Check the address of the model provider (ANTHROPIC_BASE_URL). Nothing was changed.", self.host());
        self.fault(ErrorCode::ModelProtocol, message, detail)
    }

    /// The answer grew beyond what is kept.
    pub(super) fn too_long(&self) -> ModelError {
        let message = format!("The answer of {} was too long and was cut off. Nothing was changed.", self.host());
        self.fault(ErrorCode::ModelProtocol, message, format!("more than {} bytes", self.options.limits.max_body))
    }

    /// No HTTP answer at all.
    pub(super) fn unreachable(&self, error: reqwest::Error) -> Failed {
        let error = error.without_url();
        // A timeout has cost the person enough already, and a certificate does not change in a second.
        let lasting = is_tls(&error);
        let again = !error.is_timeout() && !lasting;
        let detail = chain(&error);
        let host = self.host();
        let message = if error.is_dns() {
            format!("{host} was not found: is the network down, or the address wrong? Nothing was lost.")
        } else if error.is_connect() && (detail.contains("tunnel") || detail.contains("proxy")) {
            format!("The proxy did not let the connection to {host} through. Check HTTPS_PROXY and NO_PROXY. Nothing was lost.")
        } else if error.is_connect() && detail.contains("certificate") {
            format!(
                "The certificate of {host} is not trusted, so nothing was sent. Does a proxy read the traffic? Then its certificate belongs in the system's store."
            )
        } else if lasting {
            format!("No secure connection to {host} could be made. Is a proxy in between, or the address wrong? Nothing was lost.")
        } else if error.is_timeout() {
            format!("{host} did not answer in time: is the network down? Nothing was lost.")
        } else if error.is_connect() {
            format!("No connection to {host}: is the network down? Nothing was lost.")
        } else {
            format!("{host} closed the connection without an answer. Nothing was lost: send the message again.")
        };
        let fault = self.fault(ErrorCode::ModelUnavailable, message, detail);
        Failed { error: ModelError { retryable: !lasting, ..fault }, again }
    }

    /// An answer whose status is no success.
    pub(super) fn refused(&self, status: StatusCode, headers: &HeaderMap, body: &[u8], model: Option<&str>) -> ModelError {
        let refusal: Refusal = serde_json::from_slice(body).unwrap_or_default();
        let request_id = headers.get("request-id").and_then(|id| id.to_str().ok()).map(str::to_owned).or(refusal.request_id);
        // Without the key before anything is cut: half a key would pass for a word.
        let (words, all) = if refusal.error.message.is_empty() {
            (format!("status {}", status.as_u16()), self.scrub(&String::from_utf8_lossy(body)))
        } else {
            let words = self.scrub(&refusal.error.message);
            (words.clone(), words)
        };
        let detail = format!("status {}, {} {}: {all}", status.as_u16(), request_id.as_deref().unwrap_or("no request id"), refusal.error.kind);
        let host = self.host();
        let (code, message) = match status.as_u16() {
            300..=399 => (
                ErrorCode::ModelProtocol,
                format!(
                    "{host} answered with a redirect, which is not followed because the key would travel along. Check the address of the model provider (ANTHROPIC_BASE_URL)."
                ),
            ),
            401 | 403 => self.key_refused(),
            402 => (ErrorCode::ModelRequest, format!("{host} asks for payment: {}", plain(&words))),
            404 => match model {
                Some(model) => self.model_unknown(model),
                None => (ErrorCode::ModelNotFound, format!("{host} does not list its models. Write the model's name into the settings yourself.")),
            },
            408 | 500..=599 => self.overloaded(status.as_u16() == 529 || refusal.error.kind == "overloaded_error"),
            413 => (ErrorCode::ModelRequest, format!("The conversation is too large for {host}. Begin a new one; this one stays as it is.")),
            429 => (ErrorCode::ModelRateLimited, format!("{host} asks to wait: too many requests or tokens for this key. Nothing was lost.")),
            _ => (ErrorCode::ModelRequest, format!("{host} refused the request: {}", plain(&words))),
        };
        ModelError { retry_after: retry_after(headers), ..self.fault(code, message, detail) }
    }

    /// An `error` event in a stream, or an error where an answer should be.
    pub(super) fn told(&self, words: &Words, model: &str) -> ModelError {
        let host = self.host();
        let (code, message) = match words.kind.as_str() {
            "authentication_error" | "permission_error" => self.key_refused(),
            "not_found_error" => self.model_unknown(model),
            "rate_limit_error" => (ErrorCode::ModelRateLimited, format!("{host} asks to wait: too many requests or tokens for this key. Nothing was lost.")),
            "request_too_large" => (ErrorCode::ModelRequest, format!("The conversation is too large for {host}. Begin a new one; this one stays as it is.")),
            "invalid_request_error" | "billing_error" => {
                (ErrorCode::ModelRequest, format!("{host} refused the request: {}", plain(&self.scrub(&words.message))))
            }
            "overloaded_error" => self.overloaded(true),
            _ => self.overloaded(false),
        };
        self.fault(code, message, format!("in the stream, {}: {}", words.kind, words.message))
    }

    fn key_refused(&self) -> (ErrorCode, String) {
        (ErrorCode::ModelAuthentication, format!("The key was refused by {}. Set another one in the settings or in ANTHROPIC_API_KEY.", self.host()))
    }

    fn model_unknown(&self, model: &str) -> (ErrorCode, String) {
        (
            ErrorCode::ModelNotFound,
            format!("{} does not know the model \"{}\". Choose another one in the settings or in BC_AGENT_MODEL.", self.host(), plain(model)),
        )
    }

    fn overloaded(&self, said_so: bool) -> (ErrorCode, String) {
        let what = if said_so { "is overloaded" } else { "has a fault of its own" };
        (ErrorCode::ModelUnavailable, format!("{} {what} at the moment. Nothing was lost: send the message again in a minute.", self.host()))
    }
}

/// The wait that the provider asks for: `retry-after` in seconds.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds: f64 = headers.get("retry-after")?.to_str().ok()?.trim().parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}

/// TLS failures reach us as invalid data below the connection.
fn is_tls(error: &reqwest::Error) -> bool {
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        if cause.downcast_ref::<std::io::Error>().is_some_and(is_invalid_data) {
            return error.is_connect();
        }
        source = cause.source();
    }
    false
}

/// An I/O error that wraps another does not name it as its source.
fn is_invalid_data(error: &std::io::Error) -> bool {
    let wrapped = error.get_ref().and_then(|inner| inner.downcast_ref::<std::io::Error>());
    error.kind() == std::io::ErrorKind::InvalidData || wrapped.is_some_and(is_invalid_data)
}

/// Foreign words in a sentence of ours: one line, no control characters, bounded.
fn plain(text: &str) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    clip(line.trim(), WORDS)
}

fn clip(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
#[path = "fault_tests.rs"]
mod tests;
