//! How the process ends: its exit code, and what keeps a command from finishing.

use bca_protocol::{ErrorCode, UserError};

/// An exit code, gravest last by the order that holds where several apply: 0, 1, 4, 5, 3, 2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// What was asked for is done.
    Done,
    /// It isn't.
    Failed,
    /// A write was rejected or expired.
    NotApproved,
    /// Nobody knows whether a write was made.
    Unknown,
    /// Not signed in, or connected to nothing.
    NotSignedIn,
    /// Wrong usage.
    Usage,
}

impl Exit {
    /// The number that the caller sees.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::NotSignedIn => 3,
            Self::NotApproved => 4,
            Self::Unknown => 5,
        }
    }

    /// The code of an error that ended a command.
    #[must_use]
    pub const fn of(code: ErrorCode) -> Self {
        match code {
            ErrorCode::InvalidInput => Self::Usage,
            ErrorCode::NotConnected | ErrorCode::NotSignedIn => Self::NotSignedIn,
            ErrorCode::NotApproved => Self::NotApproved,
            ErrorCode::OutcomeUnknown => Self::Unknown,
            ErrorCode::NotFound
            | ErrorCode::Conflict
            | ErrorCode::ModelNotConfigured
            | ErrorCode::ModelAuthentication
            | ErrorCode::ModelNotFound
            | ErrorCode::ModelRateLimited
            | ErrorCode::ModelUnavailable
            | ErrorCode::ModelRequest
            | ErrorCode::ModelProtocol
            | ErrorCode::Forbidden
            | ErrorCode::BusinessCentralUnavailable
            | ErrorCode::BusinessCentralRefused
            | ErrorCode::BusinessCentralThrottled
            | ErrorCode::RecordChanged
            | ErrorCode::Store
            | ErrorCode::Configuration
            | ErrorCode::Cancelled
            | ErrorCode::Internal => Self::Failed,
        }
    }
}

/// Why a command could not finish.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// An error with its sentence.
    #[error("{0}")]
    Error(#[from] UserError),
    /// Nobody reads standard output any more; ends quietly.
    #[error("standard output was closed")]
    OutputClosed,
}

impl Failure {
    /// The caller asked for something that can't be.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::Error(UserError::new(ErrorCode::InvalidInput, message))
    }

    /// The exit code that goes with it.
    #[must_use]
    pub const fn exit(&self) -> Exit {
        match self {
            Self::Error(error) => Exit::of(error.code),
            Self::OutputClosed => Exit::Done,
        }
    }
}

impl From<std::io::Error> for Failure {
    fn from(fault: std::io::Error) -> Self {
        match fault.kind() {
            std::io::ErrorKind::BrokenPipe => Self::OutputClosed,
            _ => Self::Error(UserError::new(ErrorCode::Internal, format!("The output could not be written: {fault}."))),
        }
    }
}
