//! How values of ours stand in SQLite's columns, and how SQL is declared.

use std::{fmt::Display, str::FromStr, time::Duration};

use bca_protocol::{
    ApprovalState, ConnectionKind, Decision, Effect, ErrorCode, Priority, RawJson, Reviewer, Role, StopReason, TodoPriority, TodoStatus, ToolCallStatus,
};
use jiff::Timestamp;
use rusqlite::{
    ToSql,
    types::{FromSql, FromSqlError, FromSqlResult, ToSqlOutput, ValueRef},
};
use serde::de::DeserializeOwned;

/// Declares the statements of a module: a constant for each, and, for the test that reads their query plans, the list of all.
macro_rules! statements {
    ($($(#[$doc:meta])* $name:ident = $sql:expr;)+) => {
        $($(#[$doc])* pub(crate) const $name: &str = $sql;)+
        #[cfg(test)]
        pub(crate) const ALL: &[(&str, &str)] = &[$((concat!(module_path!(), "::", stringify!($name)), $name)),+];
    };
}
pub(crate) use statements;

/// A time as microseconds since 1970-01-01 UTC.
pub(crate) struct At(pub Timestamp);

impl ToSql for At {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.0.as_microsecond().into())
    }
}

impl FromSql for At {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Timestamp::from_microsecond(value.as_i64()?).map(Self).map_err(FromSqlError::other)
    }
}

/// A count: never negative, and no larger than a column holds.
pub(crate) struct Count(pub u64);

impl ToSql for Count {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(i64::try_from(self.0).unwrap_or(i64::MAX).into())
    }
}

impl FromSql for Count {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let number = value.as_i64()?;
        u64::try_from(number).map(Self).map_err(|_| FromSqlError::OutOfRange(number))
    }
}

/// A duration as microseconds.
pub(crate) struct Micros(pub Duration);

impl ToSql for Micros {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(i64::try_from(self.0.as_micros()).unwrap_or(i64::MAX).into())
    }
}

impl FromSql for Micros {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Count::column_result(value).map(|Count(micros)| Self(Duration::from_micros(micros)))
    }
}

/// An id or digest as its text.
pub(crate) struct Text<T>(pub T);

impl<T: Display> ToSql for Text<T> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.0.to_string().into())
    }
}

impl<T: FromStr> FromSql for Text<T>
where
    T::Err: std::error::Error + Send + Sync + 'static,
{
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value.as_str()?.parse().map(Self).map_err(FromSqlError::other)
    }
}

/// JSON of ours, read into its type.
pub(crate) struct FromJson<T>(pub T);

impl<T: DeserializeOwned> FromSql for FromJson<T> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        serde_json::from_str(value.as_str()?).map(Self).map_err(FromSqlError::other)
    }
}

/// JSON kept as the text that it came as.
pub(crate) struct Raw(pub RawJson);

impl FromSql for Raw {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        RawJson::parse(value.as_str()?.to_owned()).map(Self).map_err(FromSqlError::other)
    }
}

/// An enumeration that stands as a word.
pub(crate) trait Word: Sized + Copy + 'static {
    /// The word in the database.
    fn word(self) -> &'static str;
    /// The value of that word.
    fn of_word(word: &str) -> Option<Self>;
}

macro_rules! words {
    ($($type:ty { $($variant:ident = $word:literal),+ $(,)? })+) => {
        $(impl Word for $type {
            fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
            fn of_word(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)+ _ => None }
            }
        })+
        /// Every enumeration with its words, for the test that compares them with those on the wire.
        #[cfg(test)]
        pub(crate) fn all_words() -> Vec<(&'static str, &'static str, String)> {
            vec![$($((stringify!($type), $word, serde_json::to_string(&<$type>::$variant).unwrap_or_default())),+),+]
        }
    };
}

words! {
    Role { User = "user", Assistant = "assistant" }
    Effect { Read = "read", Write = "write", Destructive = "destructive" }
    ToolCallStatus { Ok = "ok", Error = "error", Rejected = "rejected", Expired = "expired", Aborted = "aborted", Unknown = "unknown" }
    StopReason {
        EndTurn = "end_turn", MaxTurns = "max_turns", Cancelled = "cancelled", Error = "error", Refusal = "refusal", MaxTokens = "max_tokens",
    }
    ConnectionKind { Demo = "demo", Sandbox = "sandbox", Production = "production", OnPremises = "on_premises" }
    TodoStatus { Pending = "pending", InProgress = "in_progress", Completed = "completed" }
    TodoPriority { Low = "low", Medium = "medium", High = "high" }
    Priority { Low = "low", Medium = "medium", High = "high" }
    Decision { Approved = "approved", Rejected = "rejected", Expired = "expired", Aborted = "aborted" }
    ApprovalState { Pending = "pending", Approved = "approved", Rejected = "rejected", Expired = "expired", Aborted = "aborted" }
    Reviewer {
        Window = "window", Terminal = "terminal", CommandLine = "command_line", Notification = "notification", Automation = "automation", Clock = "clock",
        Engine = "engine",
    }
    bca_protocol::ChangeState {
        Planned = "planned", Approved = "approved", Sending = "sending", Confirmed = "confirmed", Failed = "failed", Unknown = "unknown",
        NotSent = "not_sent",
    }
    ErrorCode {
        InvalidInput = "invalid_input", NotFound = "not_found", Conflict = "conflict", ModelNotConfigured = "model_not_configured",
        ModelAuthentication = "model_authentication", ModelNotFound = "model_not_found", ModelRateLimited = "model_rate_limited",
        ModelUnavailable = "model_unavailable", ModelRequest = "model_request", ModelProtocol = "model_protocol", NotConnected = "not_connected",
        NotSignedIn = "not_signed_in", Forbidden = "forbidden", BusinessCentralUnavailable = "business_central_unavailable",
        BusinessCentralRefused = "business_central_refused", BusinessCentralThrottled = "business_central_throttled", RecordChanged = "record_changed",
        NotApproved = "not_approved", OutcomeUnknown = "outcome_unknown", Store = "store", Configuration = "configuration", Cancelled = "cancelled",
        Internal = "internal",
    }
}

/// A [`Word`] in a column.
pub(crate) struct Worded<T>(pub T);

impl<T: Word> ToSql for Worded<T> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.0.word().into())
    }
}

impl<T: Word> FromSql for Worded<T> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let word = value.as_str()?;
        T::of_word(word).map(Self).ok_or_else(|| FromSqlError::other(UnknownWord(word.chars().take(40).collect())))
    }
}

/// A word that no enumeration of ours has.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not a word that this version knows")]
struct UnknownWord(String);

#[cfg(test)]
#[path = "sql_tests.rs"]
mod tests;
