//! Answers to a front end's questions: what a list, a page or a panel shows.

use jiff::Timestamp;
use serde::Serialize;
use ts_rs::TS;

use crate::{
    AccountId, ApprovalView, Block, CallId, ChangeView, Connection, Effect, ErrorCode, MessageId, RawJson, Role, RunId, SessionId, StopReason, Todo,
    ToolCallStatus, Usage,
};

/// A conversation in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct SessionSummary {
    /// The conversation.
    pub session_id: SessionId,
    /// Its title: the person's own, or the first words of the first message.
    pub title: String,
    /// The name of the connection it is pinned to, once it has one.
    pub connection: Option<String>,
    /// When it began (UTC).
    #[ts(type = "string")]
    pub created_at: Timestamp,
    /// When its newest message came (UTC).
    #[ts(type = "string")]
    pub updated_at: Timestamp,
    /// How many messages it has.
    pub message_count: u64,
    /// Whether a run is under way in any process.
    pub running: bool,
}

/// A stored message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct MessageView {
    /// The message.
    pub message_id: MessageId,
    /// The run it belongs to.
    pub run_id: RunId,
    /// Whose.
    pub role: Role,
    /// What it says.
    pub content: Vec<Block>,
    /// When it was stored (UTC).
    #[ts(type = "string")]
    pub created_at: Timestamp,
    /// Whether it was cut off: what had streamed when its run was interrupted.
    pub partial: bool,
}

/// A run in a session's history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct RunView {
    /// The run.
    pub run_id: RunId,
    /// The model's id.
    pub model: String,
    /// Where reads and writes went.
    pub connection: Option<Connection>,
    /// When it began (UTC).
    #[ts(type = "string")]
    pub started_at: Timestamp,
    /// When it ended (UTC); absent while it goes on.
    #[ts(type = "string | null")]
    pub completed_at: Option<Timestamp>,
    /// Why it ended; absent while it goes on.
    pub stop_reason: Option<StopReason>,
    /// Whether the process that ran it was killed.
    pub interrupted: bool,
    /// Model calls made.
    pub turns: u32,
    /// Tokens, summed.
    pub usage: Usage,
    /// The plan as it stood last.
    pub todos: Vec<Todo>,
    /// The error that ended it, as a sentence.
    pub error: Option<String>,
}

/// A stored tool call with its whole result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct ToolCallView {
    /// The call.
    pub call_id: CallId,
    /// The run.
    pub run_id: RunId,
    /// The tool.
    pub tool: String,
    /// What it does to the books.
    pub effect: Effect,
    /// Its input as the model wrote it.
    pub input: RawJson,
    /// How it ended; absent while it goes on.
    pub status: Option<ToolCallStatus>,
    /// The whole result; absent while it goes on.
    pub output: Option<RawJson>,
    /// How long it took, waiting for approval excepted.
    pub duration_ms: Option<u64>,
    /// When it began (UTC).
    #[ts(type = "string")]
    pub started_at: Timestamp,
}

/// A conversation with everything in it: enough to rebuild the screen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct SessionDetail {
    /// As in the list.
    pub session: SessionSummary,
    /// Oldest first.
    pub messages: Vec<MessageView>,
    /// Oldest first.
    pub runs: Vec<RunView>,
    /// Oldest first.
    pub tool_calls: Vec<ToolCallView>,
    /// Oldest first.
    pub approvals: Vec<ApprovalView>,
    /// Oldest first.
    pub changes: Vec<ChangeView>,
}

/// A record that a reference may point to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct LookupHit {
    /// Its GUID.
    pub id: String,
    /// What names it to a person: `30 DAYS · Net 30 days`.
    pub label: String,
}

/// A place in the history where the words were found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct SearchHit {
    /// The conversation.
    pub session_id: SessionId,
    /// Its title.
    pub session_title: String,
    /// The message, where the words are in one.
    pub message_id: Option<MessageId>,
    /// The tool call, where the words are in its result.
    pub call_id: Option<CallId>,
    /// The words with some of what stands around them; what was found is between `\u{2}` and `\u{3}`.
    pub snippet: String,
    /// When it was stored (UTC).
    #[ts(type = "string")]
    pub at: Timestamp,
}

/// What `send` answers at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct StartedRun {
    /// The conversation, new where none was named.
    pub session_id: SessionId,
    /// The run.
    pub run_id: RunId,
}

/// A setting with its value and what it means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct SettingView {
    /// `agent.max_turns`
    pub key: String,
    /// The value in force.
    pub value: String,
    /// The value without the person's or the environment's.
    pub default: String,
    /// Where the value comes from: `default`, `environment`, `user`.
    pub source: String,
    /// What it does.
    pub description: String,
    /// The allowed values, where there is a list.
    pub options: Vec<String>,
}

/// A model that the provider offers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct ModelInfo {
    /// Passed through as it is.
    pub id: String,
    /// For people.
    pub display_name: String,
}

/// A copy of the database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct BackupView {
    /// File name within `backups/`.
    pub name: String,
    /// When it was made (UTC).
    #[ts(type = "string")]
    pub created_at: Timestamp,
    /// Bytes.
    pub size: u64,
    /// Whether it opened and passed SQLite's integrity check when it was made.
    pub verified: bool,
}

/// How a check of `doctor` came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum CheckState {
    /// In order.
    Ok,
    /// Works, with a caveat.
    Warning,
    /// Must be mended.
    Problem,
}

/// One line of `doctor`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct DoctorCheck {
    /// What was looked at.
    pub name: String,
    /// How it came out.
    pub state: CheckState,
    /// What was found.
    pub message: String,
    /// What to do about it.
    pub remedy: Option<String>,
}

/// A fault that was met and told, from the error log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct ErrorEntry {
    /// When (UTC).
    #[ts(type = "string")]
    pub at: Timestamp,
    /// For code.
    pub code: ErrorCode,
    /// What the person was told.
    pub message: String,
    /// The chain of causes, without secrets.
    pub detail: String,
    /// The conversation.
    pub session_id: Option<SessionId>,
    /// The run.
    pub run_id: Option<RunId>,
    /// Business Central's own correlation id.
    pub correlation_id: Option<String>,
}

/// A tool that the agent has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct ToolView {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// What it usually does to the books; a single call may be graver.
    pub effect: Effect,
    /// JSON Schema of its input.
    pub input_schema: RawJson,
}

/// Something that a person should know when the app opens: an interrupted run, an unknown outcome, a restored backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct Notice {
    /// The sentence.
    pub text: String,
    /// The conversation it is about.
    pub session_id: Option<SessionId>,
}

/// What a front end needs before it draws anything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct AppInfo {
    /// The app's version.
    pub version: String,
    /// Whether this home is the demo's.
    pub demo: bool,
    /// Where the files are.
    pub home: String,
    /// The active connection.
    pub connection: Option<Connection>,
    /// The account of the active connection; absent where it has none. Names may be shared and change, this does not.
    pub account_id: Option<AccountId>,
    /// Whether Business Central has not answered yet: who asks again learns more.
    pub connection_pending: bool,
    /// The provider's name, `anthropic`.
    pub provider: String,
    /// The model's id.
    pub model: String,
    /// Whether the demo model answers in place of a real one.
    pub demo_model: bool,
    /// What keeps the app from sending a message, as a sentence; absent when it is ready.
    pub not_ready: Option<String>,
    /// What a person should know now.
    pub notices: Vec<Notice>,
}
