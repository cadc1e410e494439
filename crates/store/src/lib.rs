//! The database of a home: what was said, asked, approved and written, durable and searchable.
//!
//! [`Db`] implements the ports [`bca_agent::Transcript`], [`bca_approval::ApprovalLog`] and [`bca_approval::IntentLog`], and
//! answers the front ends' questions. Several processes may have the same home open.

mod account_store;
mod approval_log;
mod audit;
mod audit_events;
mod audit_key;
mod audit_verify;
mod backup;
mod blocks;
mod bound;
mod db;
mod erase;
mod error;
mod export;
mod history;
mod home;
mod intent_log;
mod key_change;
mod own_ids;
mod permissions;
mod questions;
mod recovery;
mod revision;
mod schema;
mod search;
mod sql;
mod table;
mod transcript;
mod trials;
mod watch;

pub use audit::{AuditIdentity, AuditRecord, LOCAL_ACCOUNT};
pub use audit_key::{AuditKey, Protection};
pub use bound::{DEMO_CONNECTION, ENVIRONMENT_CONNECTION};
pub use db::{Db, OpenOptions};
pub use erase::Erased;
pub use error::StoreError;
pub use export::markdown;
pub use recovery::{InterruptedRun, Recovery};
pub use table::{
    accounts::StoredAccount,
    approval_revisions::StoredRevision,
    changes::{ConfirmedChange, UnknownChange},
    connections::StoredConnection,
    performance_metrics::Metric,
    permissions::StoredAgreement,
    trials::{OpenTrial, TrialAlarm},
};
