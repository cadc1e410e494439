use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::TodoId;

/// How far a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum TodoStatus {
    /// Not begun.
    #[default]
    Pending,
    /// Being done now.
    InProgress,
    /// Done.
    Completed,
}

/// How much a step matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum TodoPriority {
    /// Can wait.
    Low,
    /// As usual.
    #[default]
    Medium,
    /// First.
    High,
}

/// One step of the agent's plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct Todo {
    /// Unique within the run.
    pub id: TodoId,
    /// What is to be done, at most 500 characters.
    pub content: String,
    /// More about it; may be empty.
    pub description: String,
    /// How much it matters.
    pub priority: TodoPriority,
    /// Place in the list, from 0.
    pub order: u32,
    /// How far it is.
    pub status: TodoStatus,
    /// When it was completed (UTC).
    #[ts(type = "string | null")]
    pub completed_at: Option<Timestamp>,
}
