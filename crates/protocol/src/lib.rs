//! The words on the wire between the engine and any front end, and the two ports that everybody needs.
//!
//! Nothing in here knows a window, a database or a network. The TypeScript of the window is generated from these types
//! ([`bindings::typescript`]). Decimals are text everywhere: a JSON number in here is a count, never money.

mod account;
mod approval;
mod attachment;
mod audit;
pub mod bindings;
mod connection;
mod content;
mod dry_run;
mod effect;
mod error;
mod event;
mod ids;
mod json;
mod json_reader;
mod permissions;
mod ports;
mod revision;
mod todo;
mod usage;
mod view;

pub use account::{AccountId, AccountView, CompanyView, EnvironmentView};
pub use approval::{
    ApprovalRequest, ApprovalState, ApprovalView, ChangeOutcome, ChangePreview, ChangeState, ChangeView, Decision, FieldChange, FieldConflict, FieldEditor,
    FieldKind, Note, NoteKind, Priority, ReviewDecision, ReviewVerdict, Reviewer, Undoable, WriteOperation,
};
pub use attachment::{AttachedFile, ShownChange, ShownResult};
pub use audit::{
    AgreementView, AuditAction, AuditCheckpoint, AuditClient, AuditCursor, AuditEntry, AuditFilter, AuditFinding, AuditFormat, AuditOutcome, AuditPage,
    AuditVerdict, DataReport, DataReportLine, DeletionScope,
};
pub use connection::{Connection, ConnectionKind};
pub use content::{Block, Role, ToolCallStatus};
pub use dry_run::{DRY_RUN_LEAKS, DryRun, DryRunSwitch, TriedOutcome, TriedWrite};
pub use effect::Effect;
pub use error::{ErrorCode, UserError};
pub use event::{AgentEvent, EventKind, StopReason};
pub use ids::{ApprovalId, AttachmentId, CallId, ChangeId, ChangeSetId, Digest, InstanceId, MessageId, ParseIdError, RunId, SessionId, TodoId, TrialId};
pub use json::{Json, JsonError, RawJson};
pub use permissions::{AccessRole, PermissionRule, Permissions, PermissionsView, PolicyState, RuleVerdict, WriteLimits};
pub use ports::{Clock, EventSink, SystemClock};
pub use revision::{FieldEdit, Revision};
pub use todo::{Todo, TodoPriority, TodoStatus};
pub use usage::Usage;
pub use view::{
    AppInfo, BackupView, CheckState, DoctorCheck, ErrorEntry, LookupHit, MessageView, ModelInfo, Notice, RunView, SearchHit, SessionDetail, SessionSummary,
    SettingView, StartedRun, ToolCallView, ToolView,
};
