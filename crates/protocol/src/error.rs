use serde::Serialize;
use ts_rs::TS;

/// What went wrong, for code. People get the sentence beside it ([`UserError`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// The caller's words are off.
    InvalidInput,
    /// There is no such session, approval, change ...
    NotFound,
    /// Somebody or something got there first.
    Conflict,
    /// No model provider is set up, or it has no key.
    ModelNotConfigured,
    /// The model provider refused the key.
    ModelAuthentication,
    /// The provider does not know the model.
    ModelNotFound,
    /// The provider asks to wait.
    ModelRateLimited,
    /// The provider could not be reached, broke off, or is overloaded.
    ModelUnavailable,
    /// The provider refused the request itself.
    ModelRequest,
    /// The provider's answer does not follow its protocol.
    ModelProtocol,
    /// No connection to Business Central is set up.
    NotConnected,
    /// Not signed in, or the sign-in is no longer accepted.
    NotSignedIn,
    /// Signed in, but not allowed.
    Forbidden,
    /// Business Central could not be reached or did not answer.
    BusinessCentralUnavailable,
    /// Business Central refused the request.
    BusinessCentralRefused,
    /// Business Central asks to wait.
    BusinessCentralThrottled,
    /// The record was changed by somebody else.
    RecordChanged,
    /// A write was not approved.
    NotApproved,
    /// It is not known whether a write was made.
    OutcomeUnknown,
    /// The database is damaged, from a newer version, or cannot be written.
    Store,
    /// A setting or environment variable is wrong.
    Configuration,
    /// Stopped by the person.
    Cancelled,
    /// A fault of ours.
    Internal,
}

impl ErrorCode {
    /// The word in events, the store and exit messages.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidInput => "invalid_input",
            Self::NotFound => "not_found",
            Self::Conflict => "conflict",
            Self::ModelNotConfigured => "model_not_configured",
            Self::ModelAuthentication => "model_authentication",
            Self::ModelNotFound => "model_not_found",
            Self::ModelRateLimited => "model_rate_limited",
            Self::ModelUnavailable => "model_unavailable",
            Self::ModelRequest => "model_request",
            Self::ModelProtocol => "model_protocol",
            Self::NotConnected => "not_connected",
            Self::NotSignedIn => "not_signed_in",
            Self::Forbidden => "forbidden",
            Self::BusinessCentralUnavailable => "business_central_unavailable",
            Self::BusinessCentralRefused => "business_central_refused",
            Self::BusinessCentralThrottled => "business_central_throttled",
            Self::RecordChanged => "record_changed",
            Self::NotApproved => "not_approved",
            Self::OutcomeUnknown => "outcome_unknown",
            Self::Store => "store",
            Self::Configuration => "configuration",
            Self::Cancelled => "cancelled",
            Self::Internal => "internal",
        }
    }
}

/// An error at the edge: what happened, whether anything was lost, and what to do, in one or two plain sentences.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS, thiserror::Error)]
#[error("{message}")]
pub struct UserError {
    /// For code.
    pub code: ErrorCode,
    /// For people.
    pub message: String,
    /// Whether trying the same again can help.
    pub retryable: bool,
}

impl UserError {
    /// An error that trying again does not mend.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), retryable: false }
    }

    /// An error that may pass.
    pub fn passing(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), retryable: true }
    }
}
