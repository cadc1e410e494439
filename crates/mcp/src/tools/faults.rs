//! Faults of Business Central: as the model is told of them, and as the error log keeps them.

use bca_agent::ToolFault;
use bca_bc::BcError;
use bca_protocol::{ErrorCode, Json, ToolCallStatus};

use crate::answer::{Answer, object, sparse, text};

/// Whether an answer says that Business Central can't be reached just now.
pub(super) fn is_unavailable(answer: &Answer) -> bool {
    answer.json.get("error").and_then(|error| error.get("code")).and_then(Json::as_str).is_some_and(|code| matches!(code, UNAVAILABLE | THROTTLED))
}

/// A fault of Business Central as the model is told of it.
pub(crate) fn failed(fault: &BcError) -> Answer {
    let code = match fault {
        BcError::Refused { code, .. } => code.as_str(),
        other => other_code(other),
    };
    let error = sparse([("code", Some(text(code))), ("message", Some(text(fault.to_string()))), ("correlation_id", fault.correlation_id().map(text))]);
    Answer { status: ToolCallStatus::Error, json: object([("error", error)]) }
}

/// Our own words for what Business Central has no code for.
fn other_code(fault: &BcError) -> &'static str {
    match fault {
        BcError::Unreachable { .. } | BcError::TimedOut { .. } => UNAVAILABLE,
        BcError::NotSignedIn { .. } => NOT_SIGNED_IN,
        BcError::Forbidden { .. } => FORBIDDEN,
        BcError::Throttled { .. } => THROTTLED,
        BcError::Changed { .. } => RECORD_CHANGED,
        BcError::Refused { .. } | BcError::Unexpected { .. } | BcError::Together(_) => REFUSED,
        BcError::NotFound { .. } => "not_found",
        BcError::BadQuery(_) => "bad_query",
        BcError::BadConnection(_) => "not_connected",
        BcError::Cancelled => "cancelled",
        BcError::TooLarge { .. } => "too_large",
    }
}

const UNAVAILABLE: &str = "unavailable";
const NOT_SIGNED_IN: &str = "not_signed_in";
const FORBIDDEN: &str = "forbidden";
const THROTTLED: &str = "throttled";
const RECORD_CHANGED: &str = "record_changed";
const REFUSED: &str = "refused";

/// What an answer leaves in the error log: faults of Business Central and of the way to it, not a model's wrong questions.
pub(crate) fn fault(answer: &Json) -> Option<ToolFault> {
    let word = |name: &str| answer.get(name).and_then(Json::as_str);
    let (code, error) = match (answer.get("error"), word("status")) {
        (Some(error), _) => {
            let code = match error.get("code").and_then(Json::as_str)? {
                UNAVAILABLE => ErrorCode::BusinessCentralUnavailable,
                NOT_SIGNED_IN => ErrorCode::NotSignedIn,
                FORBIDDEN => ErrorCode::Forbidden,
                THROTTLED => ErrorCode::BusinessCentralThrottled,
                RECORD_CHANGED => ErrorCode::RecordChanged,
                // Business Central's own codes are `Category_Name`.
                code if code == REFUSED || code.contains('_') && code.starts_with(|c: char| c.is_ascii_uppercase()) => ErrorCode::BusinessCentralRefused,
                _ => return None,
            };
            (code, error)
        }
        (None, Some("unknown")) => (ErrorCode::OutcomeUnknown, answer),
        (None, Some("failed")) => (ErrorCode::BusinessCentralRefused, answer),
        (None, _) => return None,
    };
    let text = |name: &str| error.get(name).and_then(Json::as_str).map(str::to_owned);
    Some(ToolFault { code, message: text("message")?, correlation_id: text("correlation_id") })
}
