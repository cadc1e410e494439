use jiff::Timestamp;
use serde::Serialize;
use ts_rs::TS;

use crate::{
    ApprovalId, ApprovalRequest, Block, CallId, ChangeId, ChangeOutcome, Connection, Decision, Effect, ErrorCode, MessageId, RawJson, Reviewer, Role, RunId,
    SessionId, Todo, ToolCallStatus, Usage,
};

/// Why a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum StopReason {
    /// The agent is done.
    EndTurn,
    /// The limit of turns was reached.
    MaxTurns,
    /// The person stopped it.
    Cancelled,
    /// An error ended it.
    Error,
    /// The model declined.
    Refusal,
    /// The model's answer was cut at its length limit.
    MaxTokens,
}

impl StopReason {
    /// The word in events and in the store.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::EndTurn => "end_turn",
            Self::MaxTurns => "max_turns",
            Self::Cancelled => "cancelled",
            Self::Error => "error",
            Self::Refusal => "refusal",
            Self::MaxTokens => "max_tokens",
        }
    }
}

/// One thing that happened in a run. The same in the window, in `--json` output and in tests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct AgentEvent {
    /// 1, 2, 3 ... within the run.
    pub seq: u64,
    /// When (UTC, RFC 3339).
    #[ts(type = "string")]
    pub at: Timestamp,
    /// The run.
    pub run_id: RunId,
    /// The conversation.
    pub session_id: SessionId,
    /// What.
    #[serde(flatten)]
    #[ts(flatten)]
    pub kind: EventKind,
}

/// What happened. Readers ignore a `type` that they do not know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum EventKind {
    /// The person's message is stored; the run begins.
    RunStarted {
        /// The model's id.
        model: String,
        /// Where reads and writes go; absent without a connection.
        connection: Option<Connection>,
    },
    /// A model call begins.
    TurnStarted {
        /// 1, 2, 3 ... within the run.
        turn: u32,
    },
    /// A piece of reasoning.
    ThinkingDelta {
        /// The piece.
        text: String,
    },
    /// A piece of the answer.
    TextDelta {
        /// The piece.
        text: String,
    },
    /// A message is whole and stored.
    MessageCompleted {
        /// The message.
        message_id: MessageId,
        /// Whose.
        role: Role,
        /// What it says.
        content: Vec<Block>,
    },
    /// A tool is called.
    ToolCallStarted {
        /// The call.
        call_id: CallId,
        /// The tool.
        tool: String,
        /// What it does to the books, from our own table.
        effect: Effect,
        /// Its input as the model wrote it.
        input: RawJson,
    },
    /// A tool call ended and its result is stored.
    ToolCallCompleted {
        /// The call.
        call_id: CallId,
        /// How it ended.
        status: ToolCallStatus,
        /// The whole result.
        output: RawJson,
        /// How long it took, waiting for approval excepted.
        duration_ms: u64,
    },
    /// A person is asked.
    ApprovalRequested(ApprovalRequest),
    /// The question is answered.
    ApprovalResolved {
        /// The question.
        approval_id: ApprovalId,
        /// How it ended.
        decision: Decision,
        /// By whom.
        by: Reviewer,
        /// Whether a value was edited before approval.
        edited: bool,
        /// The reason given with a rejection.
        reason: Option<String>,
    },
    /// The outcome of a write is stored. May come again when an unknown outcome is settled: the last one holds.
    ChangeRecorded {
        /// The write.
        change_id: ChangeId,
        /// The tool call that asked for it.
        call_id: CallId,
        /// What came of it.
        outcome: ChangeOutcome,
        /// Whether an inverse write exists.
        undoable: bool,
    },
    /// The plan changed; the whole list.
    TodosUpdated {
        /// All of them, in order.
        todos: Vec<Todo>,
    },
    /// Tokens of the model call that just ended.
    Usage(Usage),
    /// Something went wrong. `run_completed` still follows.
    Error {
        /// For code.
        code: ErrorCode,
        /// For people.
        message: String,
        /// Whether trying again can help.
        retryable: bool,
    },
    /// The run is over; nothing follows.
    RunCompleted {
        /// Why.
        stop_reason: StopReason,
    },
}
