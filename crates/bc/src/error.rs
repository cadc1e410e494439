use std::time::Duration;

use bca_approval::{NotSending, PermitError};
use bca_protocol::{ErrorCode, UserError};

/// Why Business Central gave no usable answer. Its `Display` is one plain sentence that claims nothing about changes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BcError {
    /// No connection: wrong address, no network, a proxy, a certificate; or the connection broke off.
    #[error("{whom} could not be reached: {reason}.")]
    Unreachable {
        /// "Business Central at host:port", or the sign-in service.
        whom: String,
        /// What the network said, without addresses' queries.
        reason: String,
    },
    /// No answer in time.
    #[error("Business Central did not answer within {} seconds.", after.as_secs())]
    TimedOut {
        /// How long was waited.
        after: Duration,
    },
    /// The token is missing or refused, and renewing it did not help.
    #[error("Business Central no longer accepts the sign-in. {reason}")]
    NotSignedIn {
        /// A sentence: what to do.
        reason: String,
    },
    /// Signed in, but without the right.
    #[error("Business Central does not allow this: {message}")]
    Forbidden {
        /// What Business Central said.
        message: String,
        /// Its number for this failure.
        correlation_id: Option<String>,
    },
    /// No such record, set or company.
    #[error("Business Central has no such record or address: {message}")]
    NotFound {
        /// What Business Central said.
        message: String,
        /// Its number for this failure.
        correlation_id: Option<String>,
    },
    /// Too many requests, or briefly overloaded.
    #[error("Business Central is too busy just now.")]
    Throttled {
        /// How long it asks to wait.
        retry_after: Option<Duration>,
        /// Its number for this failure.
        correlation_id: Option<String>,
    },
    /// The record is no longer the one that was seen (409 `Request_EntityChanged`, or 412).
    #[error("The record was changed by somebody else in the meantime.")]
    Changed {
        /// Its number for this failure.
        correlation_id: Option<String>,
    },
    /// Business Central's own rules said no.
    #[error("Business Central refused: {message}")]
    Refused {
        /// `<Category>_<Name>`, for code.
        code: String,
        /// For people, without the correlation id.
        message: String,
        /// Its number for this failure.
        correlation_id: Option<String>,
    },
    /// An answer that does not follow the protocol: a web page, broken JSON, a redirect, a server fault without an explanation.
    #[error("Business Central gave an answer that cannot be used (HTTP {status}): {reason}")]
    Unexpected {
        /// The HTTP status.
        status: u16,
        /// A sentence.
        reason: String,
        /// Its number for this failure.
        correlation_id: Option<String>,
    },
    /// The question itself is off; nothing was sent. The sentence says what to do instead.
    #[error("{0}")]
    BadQuery(String),
    /// The connection's settings can't be used; nothing was sent.
    #[error("{0}")]
    BadConnection(String),
    /// Stopped by the person.
    #[error("Stopped.")]
    Cancelled,
    /// It was part of a set of changes, and what became of another of them decided about it too.
    #[error("{0}")]
    Together(Together),
    /// The answer is larger than the limit.
    #[error("The answer is larger than {limit_bytes} bytes. Ask for fewer columns or rows.")]
    TooLarge {
        /// The limit.
        limit_bytes: usize,
    },
}

impl BcError {
    /// Business Central's own number for the failure, for its support.
    #[must_use]
    pub fn correlation_id(&self) -> Option<&str> {
        match self {
            Self::Forbidden { correlation_id, .. }
            | Self::NotFound { correlation_id, .. }
            | Self::Throttled { correlation_id, .. }
            | Self::Changed { correlation_id }
            | Self::Refused { correlation_id, .. }
            | Self::Unexpected { correlation_id, .. } => correlation_id.as_deref(),
            Self::Unreachable { .. }
            | Self::TimedOut { .. }
            | Self::NotSignedIn { .. }
            | Self::BadQuery(_)
            | Self::BadConnection(_)
            | Self::Cancelled
            | Self::Together(_)
            | Self::TooLarge { .. } => None,
        }
    }

    /// The same failure with this number, where it has none of its own.
    #[must_use]
    pub(crate) fn or_reference(mut self, reference: Option<&str>) -> Self {
        match &mut self {
            Self::Forbidden { correlation_id, .. }
            | Self::NotFound { correlation_id, .. }
            | Self::Throttled { correlation_id, .. }
            | Self::Changed { correlation_id }
            | Self::Refused { correlation_id, .. }
            | Self::Unexpected { correlation_id, .. } => {
                if correlation_id.is_none() {
                    *correlation_id = reference.map(str::to_owned);
                }
            }
            Self::Unreachable { .. }
            | Self::TimedOut { .. }
            | Self::NotSignedIn { .. }
            | Self::BadQuery(_)
            | Self::BadConnection(_)
            | Self::Cancelled
            | Self::Together(_)
            | Self::TooLarge { .. } => {}
        }
        self
    }

    /// What a person can give to those who look after Business Central, as a sentence.
    #[must_use]
    pub fn reference(&self) -> Option<String> {
        self.correlation_id().map(|id| format!("Reference in Business Central's log: {id}."))
    }

    /// The code, what to do about it, and whether the same again can help.
    fn advice(&self) -> (ErrorCode, &'static str, Again) {
        match self {
            Self::Unreachable { .. } => {
                (ErrorCode::BusinessCentralUnavailable, "Check the network, the proxy and the address of the connection.", Again::MayHelp)
            }
            Self::TimedOut { .. } => (ErrorCode::BusinessCentralUnavailable, "Try again, or ask for less at once.", Again::MayHelp),
            Self::NotSignedIn { .. } => (ErrorCode::NotSignedIn, "", Again::IsNoUse),
            Self::Forbidden { .. } => (ErrorCode::Forbidden, "Ask your administrator for the permission set that covers it.", Again::IsNoUse),
            Self::NotFound { .. } => (ErrorCode::NotFound, "It may have been deleted or renamed.", Again::IsNoUse),
            Self::Throttled { .. } => (ErrorCode::BusinessCentralThrottled, "Wait a minute and try again.", Again::MayHelp),
            Self::Changed { .. } => (ErrorCode::RecordChanged, "Look at it again before you change it.", Again::IsNoUse),
            Self::Refused { .. } => (ErrorCode::BusinessCentralRefused, "", Again::IsNoUse),
            Self::Unexpected { .. } => (ErrorCode::BusinessCentralUnavailable, "Check the address of the connection, or try again later.", Again::MayHelp),
            Self::BadQuery(_) => (ErrorCode::InvalidInput, "", Again::IsNoUse),
            Self::BadConnection(_) => (ErrorCode::Configuration, "", Again::IsNoUse),
            Self::Cancelled => (ErrorCode::Cancelled, "", Again::IsNoUse),
            Self::Together(_) => (ErrorCode::BusinessCentralRefused, "", Again::IsNoUse),
            Self::TooLarge { .. } => (ErrorCode::InvalidInput, "", Again::IsNoUse),
        }
    }

    /// The error for people, with what is known about changes at the end.
    fn told(&self, changes: &str) -> UserError {
        let (code, advice, again) = self.advice();
        let sentences: Vec<String> = [self.to_string(), changes.to_owned(), advice.to_owned(), self.reference().unwrap_or_default()]
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect();
        let message = sentences.join(" ");
        match again {
            Again::MayHelp => UserError::passing(code, message),
            Again::IsNoUse => UserError::new(code, message),
        }
    }
}

/// What a change that was sent together with others shares with them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Together {
    /// Another change of the set failed, and Business Central took all of them back; seen by reading.
    #[error("Change {failed} of the set failed, so Business Central took this one back too.")]
    RolledBack {
        /// Which one failed, counted from 1.
        failed: usize,
    },
    /// Another change of the set failed first, and this one was not begun.
    #[error("Change {failed} of the set failed before this one was begun.")]
    NotReached {
        /// Which one failed, counted from 1.
        failed: usize,
    },
    /// Another change of the set could not be sent, so the set was not sent at all.
    #[error("The set was not sent, because another change of it could not be.")]
    NeverLeft,
    /// Another change of the set failed, and what Business Central answered about this one no longer has to be true.
    #[error("Change {failed} of the set failed, so Business Central may have taken this one back.")]
    MayBeRolledBack {
        /// Which one failed, counted from 1.
        failed: usize,
    },
}

enum Again {
    MayHelp,
    IsNoUse,
}

/// For reads: nothing can have been changed by one.
impl From<&BcError> for UserError {
    fn from(error: &BcError) -> Self {
        let changes = match error {
            // A question that was never sent changes nothing, and saying so would only puzzle.
            BcError::BadQuery(_) | BcError::NotFound { .. } => "",
            _ => "Nothing was changed.",
        };
        error.told(changes)
    }
}

/// Why a write has no success to report, and what that means for the books.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// Nothing was sent and the intent is not marked as sending: the caller marks it as not sent.
    #[error("Nothing was sent: {0}")]
    NotSent(NotSent),
    /// Business Central (or the network, before the request left) said no for certain. Nothing was changed.
    #[error("{0}")]
    Refused(BcError),
    /// The record is no longer the one that was approved. Nothing was changed; a new proposal is needed.
    #[error("{0}")]
    Changed(BcError),
    /// The request left and no certain answer came. It may have been carried out, or may still be.
    #[error("{0} It is not known whether the change was made.")]
    Unknown(BcError),
}

/// Why a write was not even begun.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotSent {
    /// Not the bytes that were approved.
    #[error("the request is not the one that was approved.")]
    Permit(#[from] PermitError),
    /// Approved for another company, environment, tenant or account.
    #[error("the change was approved for another connection.")]
    OtherTarget,
    /// Not a write that this client makes: a path that is no record's, a missing or universal ETag.
    #[error("{0}")]
    Malformed(String),
    /// It refers to the result of an earlier change that there is no result of.
    #[error("{0}")]
    Unresolved(#[from] crate::UnresolvedReference),
    /// Between the approval and now the connection was removed, led elsewhere, or left for another one.
    #[error("{0}")]
    Moved(String),
    /// The intent could not be made durable.
    #[error("the intent could not be recorded ({0}).")]
    Log(String),
    /// Before anything was sent: stopped, or no token.
    #[error("{0}")]
    Before(BcError),
}

impl WriteError {
    /// Business Central's own number for the failure, for its support.
    #[must_use]
    pub fn correlation_id(&self) -> Option<&str> {
        match self {
            // Nothing left, so the server said nothing.
            Self::NotSent(_) => None,
            Self::Refused(cause) | Self::Changed(cause) | Self::Unknown(cause) => cause.correlation_id(),
        }
    }

    /// The same failure with this number, where it has none of its own.
    #[must_use]
    pub(crate) fn or_reference(self, reference: Option<&str>) -> Self {
        match self {
            Self::NotSent(reason) => Self::NotSent(reason),
            Self::Refused(cause) => Self::Refused(cause.or_reference(reference)),
            Self::Changed(cause) => Self::Changed(cause.or_reference(reference)),
            Self::Unknown(cause) => Self::Unknown(cause.or_reference(reference)),
        }
    }
}

impl From<NotSending> for NotSent {
    fn from(fault: NotSending) -> Self {
        match fault {
            NotSending::Moved(sentence) => Self::Moved(sentence),
            NotSending::Log(fault) => Self::Log(fault.0),
        }
    }
}

impl From<&WriteError> for UserError {
    fn from(error: &WriteError) -> Self {
        const UNCHANGED: &str = "Nothing was changed.";
        match error {
            WriteError::NotSent(NotSent::Before(cause)) => cause.told(UNCHANGED),
            WriteError::NotSent(NotSent::Log(_)) => UserError::new(ErrorCode::Store, format!("{error} {UNCHANGED}")),
            WriteError::NotSent(NotSent::Permit(_) | NotSent::OtherTarget | NotSent::Moved(_)) => {
                UserError::new(ErrorCode::NotApproved, format!("{error} {UNCHANGED}"))
            }
            WriteError::NotSent(NotSent::Malformed(_) | NotSent::Unresolved(_)) => UserError::new(ErrorCode::InvalidInput, format!("{error} {UNCHANGED}")),
            WriteError::Refused(cause @ BcError::Throttled { .. }) => {
                UserError::new(cause.advice().0, format!("{cause} {UNCHANGED} Propose it again in a minute."))
            }
            WriteError::Refused(cause) | WriteError::Changed(cause) => {
                let told = cause.told(UNCHANGED);
                // A write is proposed again, never simply repeated.
                UserError::new(told.code, told.message)
            }
            WriteError::Unknown(_) => UserError::new(ErrorCode::OutcomeUnknown, format!("{error} Business Central is read again to find out.")),
        }
    }
}

#[cfg(test)]
#[path = "error_tests.rs"]
mod tests;
