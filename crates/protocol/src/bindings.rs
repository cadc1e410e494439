//! TypeScript of every wire type, for the window. `cargo xtask bindings` writes it; a test holds the file to it.

use ts_rs::{Config, TS};

macro_rules! declare {
    ($cfg:expr, $($ty:ty),+ $(,)?) => {
        [$(format!("export {}\n", <$ty>::decl($cfg))),+].concat()
    };
}

/// The whole file.
#[must_use]
pub fn typescript() -> String {
    use crate::*;
    let cfg = &Config::new().with_large_int("number");
    let types = declare!(
        cfg,
        SessionId,
        RunId,
        MessageId,
        ApprovalId,
        ChangeSetId,
        ChangeId,
        InstanceId,
        CallId,
        TodoId,
        Digest,
        RawJson,
        Effect,
        ConnectionKind,
        Connection,
        Role,
        ToolCallStatus,
        Block,
        ErrorCode,
        UserError,
        TodoStatus,
        TodoPriority,
        Todo,
        Usage,
        WriteOperation,
        FieldKind,
        FieldEditor,
        FieldChange,
        FieldConflict,
        FieldEdit,
        Revision,
        NoteKind,
        Note,
        Undoable,
        ChangePreview,
        Priority,
        ApprovalRequest,
        Decision,
        Reviewer,
        ReviewVerdict,
        ReviewDecision,
        ApprovalState,
        ApprovalView,
        ChangeState,
        ChangeOutcome,
        ChangeView,
        StopReason,
        EventKind,
        AgentEvent,
        SessionSummary,
        LookupHit,
        MessageView,
        RunView,
        ToolCallView,
        SessionDetail,
        SearchHit,
        StartedRun,
        SettingView,
        ModelInfo,
        BackupView,
        CheckState,
        DoctorCheck,
        ErrorEntry,
        ToolView,
        Notice,
        AppInfo,
    );
    format!("// Generated from crates/protocol by `cargo xtask bindings`. Do not edit.\n\n{types}")
}
