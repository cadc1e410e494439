use std::path::PathBuf;

use bca_approval::LogError;
use bca_protocol::{BackupView, ErrorCode, UserError};
use rusqlite::ErrorCode as SqliteCode;

/// What can go wrong with the database. The display is a sentence for people; causes stand behind it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file is not a whole SQLite database any more. It was left as it is.
    #[error("The database is damaged ({detail}). It was left as it is. {}", restore_advice(.backups))]
    Damaged {
        /// What SQLite found.
        detail: String,
        /// What it can be restored from, newest first.
        backups: Vec<BackupView>,
    },
    /// There are backups and no database: somebody or something removed it.
    #[error("The database is missing, though there are backups of it. Nothing new was started. {}", restore_advice(.backups))]
    Missing {
        /// What it can be restored from, newest first.
        backups: Vec<BackupView>,
    },
    /// A newer version of the program has written it.
    #[error(
        "The database was written by a newer version of BC Agent (schema {found}; this version knows {known}). Nothing was changed. Install the newer version again."
    )]
    Newer {
        /// The schema of the file.
        found: u32,
        /// The newest that this program knows.
        known: u32,
    },
    /// Other processes have the home open, and this needs to be alone.
    #[error("{0} needs BC Agent to be closed everywhere else. Nothing was changed. Close the window and other terminals, then try again.")]
    InUse(&'static str),
    /// The schema could not be brought up to date.
    #[error("The database could not be brought up to date: {0}. It was left as it was.")]
    Migration(String),
    /// A backup could not be made, or is not whole.
    #[error("{0}")]
    Backup(String),
    /// A file or directory of the home.
    #[error("{} could not be used: {source}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// No room is left.
    #[error("The disk is full. What was stored before is safe; make room and try again.")]
    Full,
    /// Another process kept the database locked for more than five seconds.
    #[error("The database is busy. Nothing was changed; try again.")]
    Busy,
    /// There is no such thing.
    #[error("There is no such {0}.")]
    NotFound(&'static str),
    /// Something or somebody got there first.
    #[error("{0}")]
    Conflict(String),
    /// The caller's words are off.
    #[error("{0}")]
    Invalid(String),
    /// Anything else that SQLite says.
    #[error("The database could not be used: {0}")]
    Sqlite(rusqlite::Error),
    /// The work was broken off: the program is closing.
    #[error("The database is closing.")]
    Closing,
}

fn restore_advice(backups: &[BackupView]) -> String {
    match backups.iter().find(|backup| backup.verified) {
        None => "There is no backup of it.".into(),
        Some(newest) => format!("Backups: {}. Restore the newest with `bc-agent backup restore {}`.", backups.len(), newest.name),
    }
}

impl StoreError {
    pub(crate) fn io(path: impl Into<PathBuf>, source: std::io::Error) -> Self {
        if source.kind() == std::io::ErrorKind::StorageFull {
            return Self::Full;
        }
        Self::Io { path: path.into(), source }
    }

    /// Adds what a damaged database can be restored from.
    pub(crate) fn with_backups(self, list: impl FnOnce() -> Vec<BackupView>) -> Self {
        match self {
            Self::Damaged { detail, backups } if backups.is_empty() => Self::Damaged { detail, backups: list() },
            other => other,
        }
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(SqliteCode::DatabaseCorrupt | SqliteCode::NotADatabase) => Self::Damaged { detail: error.to_string(), backups: Vec::new() },
            Some(SqliteCode::DiskFull) => Self::Full,
            Some(SqliteCode::DatabaseBusy | SqliteCode::DatabaseLocked) => Self::Busy,
            _ => Self::Sqlite(error),
        }
    }
}

impl From<StoreError> for UserError {
    fn from(error: StoreError) -> Self {
        let message = error.to_string();
        match error {
            StoreError::NotFound(_) => Self::new(ErrorCode::NotFound, message),
            StoreError::Conflict(_) => Self::new(ErrorCode::Conflict, message),
            StoreError::Invalid(_) => Self::new(ErrorCode::InvalidInput, message),
            StoreError::Closing => Self::new(ErrorCode::Cancelled, message),
            StoreError::Full | StoreError::Busy | StoreError::InUse(_) => Self::passing(ErrorCode::Store, message),
            StoreError::Damaged { .. }
            | StoreError::Missing { .. }
            | StoreError::Newer { .. }
            | StoreError::Migration(_)
            | StoreError::Backup(_)
            | StoreError::Io { .. }
            | StoreError::Sqlite(_) => Self::new(ErrorCode::Store, message),
        }
    }
}

impl From<StoreError> for LogError {
    fn from(error: StoreError) -> Self {
        Self(error.to_string())
    }
}
