use serde::Serialize;
use ts_rs::TS;

use crate::{CallId, RawJson};

/// Who speaks. Results of tools stand in a message of the user's side, as the model sees them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The person, or the results of tools.
    User,
    /// The agent.
    Assistant,
}

/// How a tool call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ToolCallStatus {
    /// Done; for a write: confirmed by reading back.
    Ok,
    /// Failed; for a write: nothing was changed.
    Error,
    /// The person said no.
    Rejected,
    /// Nobody answered in time.
    Expired,
    /// Stopped before it was sent: the run was cancelled, or an earlier write of its set failed.
    Aborted,
    /// Sent, and no answer tells what came of it.
    Unknown,
}

impl ToolCallStatus {
    /// The word in events, in the store and for the model.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Error => "error",
            Self::Rejected => "rejected",
            Self::Expired => "expired",
            Self::Aborted => "aborted",
            Self::Unknown => "unknown",
        }
    }

    /// The status of that word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Ok, Self::Error, Self::Rejected, Self::Expired, Self::Aborted, Self::Unknown].into_iter().find(|s| s.as_str() == word)
    }
}

/// One piece of a message, in the order in which it came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Block {
    /// Text (Markdown from the agent, plain from the person).
    Text {
        /// The text.
        text: String,
    },
    /// The model's reasoning.
    Thinking {
        /// The reasoning; empty where the provider keeps it to itself.
        text: String,
    },
    /// The model asks for a tool.
    ToolUse {
        /// The call.
        call_id: CallId,
        /// The tool's name.
        tool: String,
        /// Its input as the model wrote it.
        input: RawJson,
    },
    /// What the tool answered.
    ToolResult {
        /// The call.
        call_id: CallId,
        /// How it ended.
        status: ToolCallStatus,
        /// What the model was given (bounded; the whole result is kept with the tool call).
        output: String,
    },
}
