//! Reads what Business Central says when it refuses (docs/business-central.md, section 7).

use std::time::Duration;

use bca_protocol::Json;
use reqwest::StatusCode;

use crate::BcError;

/// Longest message that is passed on; Business Central's own are a few hundred characters.
const LONGEST_MESSAGE: usize = 2_000;

/// The documented error body, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ErrorBody {
    /// `<Category>_<Name>`.
    pub(crate) code: String,
    /// Without the tail that carries the correlation id.
    pub(crate) message: String,
    /// The GUID of the tail.
    pub(crate) correlation_id: Option<String>,
}

impl ErrorBody {
    /// `None` where the text is no such body.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let tree = Json::parse(text).ok()?;
        let error = tree.get("error")?;
        let code = error.get("code")?.as_str()?;
        let message = error.get("message").and_then(Json::as_str).unwrap_or_default();
        let (message, correlation_id) = split_correlation(message);
        let message = message.chars().take(LONGEST_MESSAGE).collect();
        Some(Self { code: code.chars().take(200).collect(), message, correlation_id })
    }
}

/// `<text>  CorrelationId:  <guid>.`
fn split_correlation(message: &str) -> (&str, Option<String>) {
    match message.rsplit_once("CorrelationId:") {
        Some((text, tail)) => {
            let id: String = tail.chars().filter(|c| c.is_ascii_hexdigit() || *c == '-').take(36).collect();
            (text.trim_end(), (id.len() == 36).then_some(id))
        }
        None => (message.trim_end(), None),
    }
}

/// With the full stop that Business Central's own texts don't always have: more sentences follow it.
fn sentence(message: String) -> String {
    if message.ends_with(['.', '!', '?', ':']) { message } else { format!("{message}.") }
}

/// What an answer without success means. `text` is the body, as far as it could be read.
pub(crate) fn meaning(status: StatusCode, retry_after: Option<Duration>, text: &str) -> BcError {
    let Some(ErrorBody { code, message, correlation_id }) = ErrorBody::parse(text) else {
        return without_body(status, retry_after, text);
    };
    let message = if message.trim().is_empty() { format!("it gave no reason but {code}.") } else { sentence(message) };
    match (status.as_u16(), code.as_str()) {
        (429, _) | (_, "Application_TooManyRequests") => BcError::Throttled { retry_after, correlation_id },
        (_, "Request_EntityChanged") | (412, _) => BcError::Changed { correlation_id },
        (_, code) if code.starts_with("Authentication_") => signed_out(),
        (_, code) if code.starts_with("Authorization_") => BcError::Forbidden { message, correlation_id },
        (401, _) => signed_out(),
        (403, _) => BcError::Forbidden { message, correlation_id },
        (404 | 410, _) | (_, "BadRequest_ResourceNotFound" | "Internal_RecordNotFound" | "Internal_CompanyNotFound") => {
            BcError::NotFound { message, correlation_id }
        }
        (502..=504, _) => BcError::Throttled { retry_after, correlation_id },
        _ => BcError::Refused { code, message, correlation_id },
    }
}

fn signed_out() -> BcError {
    BcError::NotSignedIn { reason: "Sign in again.".into() }
}

/// The answer came from something in between, or from a service that says nothing.
fn without_body(status: StatusCode, retry_after: Option<Duration>, text: &str) -> BcError {
    let start = text.trim_start().get(..200).unwrap_or(text.trim_start()).to_ascii_lowercase();
    let reason = if start.is_empty() {
        "it is empty."
    } else if start.starts_with("<!doctype html") || start.starts_with("<html") {
        "it is a web page, not data. A proxy or a wrong address may be the cause."
    } else {
        "it is not in Business Central's format."
    };
    match status.as_u16() {
        401 => signed_out(),
        403 => BcError::Forbidden { message: "the address refuses the request without a reason.".into(), correlation_id: None },
        // Business Central itself says which record it does not find; from anything in between it proves nothing of a record.
        status @ (404 | 410) => BcError::Unexpected { status, reason: "the server does not know the address.".into(), correlation_id: None },
        412 => BcError::Changed { correlation_id: None },
        429 | 502..=504 => BcError::Throttled { retry_after, correlation_id: None },
        status @ 300..=399 => BcError::Unexpected { status, reason: "it points to another address, which is not followed.".into(), correlation_id: None },
        status => BcError::Unexpected { status, reason: reason.into(), correlation_id: None },
    }
}

#[cfg(test)]
#[path = "error_body_tests.rs"]
mod tests;
