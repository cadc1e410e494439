use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{ApprovalId, CallId, ChangeId, ChangeSetId, Connection, Digest, DryRun, Effect, RunId, SessionId};

/// What a write does, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum WriteOperation {
    /// POST to a set.
    Create,
    /// PATCH of a record.
    Update,
    /// DELETE of a record.
    Delete,
    /// POST to a bound action of a record.
    Action,
}

impl WriteOperation {
    /// The word in events and in the store.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Action => "action",
        }
    }
}

/// How a value is to be shown and, later, edited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum FieldKind {
    /// Free text.
    Text,
    /// An upper-case code or number.
    Code,
    /// An exact decimal, as text.
    Decimal,
    /// A whole number.
    Integer,
    /// A day, `yyyy-MM-dd`.
    Date,
    /// A moment, RFC 3339.
    DateTime,
    /// `true` or `false`.
    Boolean,
    /// One of a list of members.
    Enumeration,
    /// A GUID, usually of a related record.
    Reference,
    /// Nested records or anything else, as JSON.
    Json,
}

/// One property that a write sets. Values are text exactly as they will be sent (decimals are never floats).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FieldChange {
    /// The property, `paymentTermsId`; children as `salesOrderLines[0].quantity`.
    pub name: String,
    /// The business caption, `Payment terms`.
    pub caption: String,
    /// How to show it.
    pub kind: FieldKind,
    /// The value now; absent on create.
    pub before: Option<String>,
    /// The value to be set; absent on delete.
    pub after: Option<String>,
    /// What the value now means, `30 DAYS · Net 30 days`.
    pub before_label: Option<String>,
    /// What the value to be set means.
    pub after_label: Option<String>,
    /// How a person may change the value before approving; absent where they may not.
    #[serde(default)]
    pub editor: Option<FieldEditor>,
    /// The value as it was proposed, where a person changed it since.
    #[serde(default)]
    pub proposed: Option<String>,
}

/// What an editor of a value needs beside its [`FieldKind`].
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
pub struct FieldEditor {
    /// The members of an enumeration, as Business Central spells them.
    pub options: Vec<String>,
    /// The entity set that a reference points into; its records are found by `lookup_records`.
    pub relation: Option<String>,
    /// Longest text, in characters.
    pub max_length: Option<u32>,
}

/// A field that somebody changed after the write that is to be undone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FieldConflict {
    /// The property.
    pub name: String,
    /// The business caption.
    pub caption: String,
    /// What the write left there.
    pub expected: Option<String>,
    /// What stands there now, and what the undo would put aside.
    pub now: Option<String>,
}

/// How much a note matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum NoteKind {
    /// Good to know.
    Info,
    /// Look twice.
    Warning,
}

/// A sentence that the engine computed about a write; never the model's words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Note {
    /// How much it matters.
    pub kind: NoteKind,
    /// The sentence.
    pub text: String,
}

/// Whether and how a write can be taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Undoable {
    /// By the inverse write.
    Yes {
        /// What that is, as a sentence.
        how: String,
    },
    /// Not.
    No {
        /// Why not, and what to do in its place.
        why: String,
    },
}

impl Undoable {
    /// Whether an inverse write exists.
    #[must_use]
    pub const fn is_yes(&self) -> bool {
        matches!(self, Self::Yes { .. })
    }
}

/// One write as it is put to a person: every byte that will be sent, and what it means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ChangePreview {
    /// The write's identity in the store.
    pub change_id: ChangeId,
    /// The tool call that asks for it.
    pub call_id: CallId,
    /// What it does.
    pub operation: WriteOperation,
    /// The bound action's name, where the operation is one.
    pub action: Option<String>,
    /// What it does to the books.
    pub effect: Effect,
    /// The entity set, `customers`.
    pub entity: String,
    /// The record's id; absent on create.
    pub key: Option<String>,
    /// One line: `Change customer 10020 Fjordlys AS`.
    pub title: String,
    /// The properties it sets.
    pub fields: Vec<FieldChange>,
    /// Computed warnings and remarks.
    pub notes: Vec<Note>,
    /// Whether it can be taken back.
    pub undo: Undoable,
    /// The write that this one takes back.
    #[serde(default)]
    pub undoes: Option<ChangeId>,
    /// Earlier writes of the same run that it takes back as well: to the same record, or to what belongs to it.
    #[serde(default)]
    pub undoes_also: Vec<ChangeId>,
    /// What others changed since the write that this one takes back.
    #[serde(default)]
    pub conflicts: Vec<FieldConflict>,
    /// HTTP method.
    pub method: String,
    /// Path below the company.
    pub path: String,
    /// The record's version that was seen (RFC 9110 section 13.1.1).
    pub if_match: Option<String>,
    /// The exact body.
    pub body: Option<String>,
    /// SHA-256 of the canonical request.
    pub digest: Digest,
}

/// Which asks come first. Destructive writes are high.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// Can wait.
    Low,
    /// As usual.
    Medium,
    /// First, and with care.
    High,
}

/// One question to a person: all writes of one turn, or of a set that the model gathered over several, decided together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ApprovalRequest {
    /// The question's id.
    pub approval_id: ApprovalId,
    /// The writes' common id.
    pub change_set_id: ChangeSetId,
    /// The conversation.
    pub session_id: SessionId,
    /// The run that waits.
    pub run_id: RunId,
    /// SHA-256 over the writes' digests in order; approving names it.
    pub digest: Digest,
    /// Which asks come first.
    pub priority: Priority,
    /// When it was asked (UTC).
    #[ts(type = "string")]
    pub requested_at: Timestamp,
    /// When silence becomes no (UTC).
    #[ts(type = "string")]
    pub expires_at: Timestamp,
    /// Where the writes would go.
    pub connection: Connection,
    /// The writes, in order.
    pub changes: Vec<ChangePreview>,
    /// The writes that a person took out of the set; they will not be sent.
    #[serde(default)]
    pub left_out: Vec<ChangePreview>,
    /// What the set is for, where the model gathered it under a title: its words, shown as such. No digest covers them, because nothing is
    /// decided or sent by them.
    #[serde(default)]
    pub title: Option<String>,
    /// How many times a person edited the set before answering. Each edit gives a new digest.
    #[serde(default)]
    pub revision: u32,
    /// What must be typed to approve, where a click is too little: a large set, a large amount.
    #[serde(default)]
    pub typed: Option<String>,
    /// What came of trying the set out as it stands; absent where that is off for the connection.
    #[serde(default)]
    pub dry_run: Option<DryRun>,
}

/// How a question ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// A person, or a rule that a person set, said yes.
    Approved,
    /// A person said no.
    Rejected,
    /// Nobody answered in time, or the process that asked is gone.
    Expired,
    /// The run was cancelled while it waited.
    Aborted,
}

impl Decision {
    /// The word in events and in the store.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Expired => "expired",
            Self::Aborted => "aborted",
        }
    }

    /// The decision of that word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Approved, Self::Rejected, Self::Expired, Self::Aborted].into_iter().find(|d| d.as_str() == word)
    }
}

/// Who ended a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Reviewer {
    /// A person in the window.
    Window,
    /// A person at a terminal.
    Terminal,
    /// A person through `bc-agent approvals`.
    CommandLine,
    /// A person from a desktop notification (can only reject).
    Notification,
    /// A rule that a person set (unattended approval, the demo).
    Automation,
    /// The clock: time ran out.
    Clock,
    /// The engine: cancelled, or the process that asked is gone.
    Engine,
}

impl Reviewer {
    /// The word in events and in the store.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Window => "window",
            Self::Terminal => "terminal",
            Self::CommandLine => "command_line",
            Self::Notification => "notification",
            Self::Automation => "automation",
            Self::Clock => "clock",
            Self::Engine => "engine",
        }
    }
}

/// What a reviewer says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum ReviewVerdict {
    /// Yes, to exactly the digest named.
    Approve,
    /// No.
    Reject {
        /// Why, for the model and the history.
        reason: Option<String>,
    },
}

/// An answer to a question. It counts only where the digest is that of the question as it was shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ReviewDecision {
    /// The question.
    pub approval_id: ApprovalId,
    /// The digest that was shown.
    pub digest: Digest,
    /// Yes or no.
    #[serde(flatten)]
    #[ts(flatten)]
    pub verdict: ReviewVerdict,
    /// What the person typed, where [`ApprovalRequest::typed`] asks for it.
    #[serde(default)]
    pub typed: Option<String>,
}

/// Where a question stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ApprovalState {
    /// Waiting for an answer.
    Pending,
    /// See [`Decision::Approved`].
    Approved,
    /// See [`Decision::Rejected`].
    Rejected,
    /// See [`Decision::Expired`].
    Expired,
    /// See [`Decision::Aborted`].
    Aborted,
}

/// A question with where it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct ApprovalView {
    /// What was asked.
    pub request: ApprovalRequest,
    /// Where it stands.
    pub state: ApprovalState,
    /// Who ended it.
    pub by: Option<Reviewer>,
    /// The reason given with a rejection.
    pub reason: Option<String>,
    /// When it ended (UTC).
    #[ts(type = "string | null")]
    pub resolved_at: Option<Timestamp>,
}

/// Where a write stands. Each step is durable before the next begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ChangeState {
    /// Proposed; nobody has said yes.
    Planned,
    /// Somebody said yes; not sent yet.
    Approved,
    /// On its way: from here on, silence means unknown.
    Sending,
    /// Done, and read back.
    Confirmed,
    /// Refused by Business Central: nothing was changed.
    Failed,
    /// Sent, and no answer tells what came of it.
    Unknown,
    /// Never sent: rejected, expired, aborted, or an earlier write of its set failed.
    NotSent,
}

impl ChangeState {
    /// The word in the store.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Approved => "approved",
            Self::Sending => "sending",
            Self::Confirmed => "confirmed",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
            Self::NotSent => "not_sent",
        }
    }

    /// The state of that word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Planned, Self::Approved, Self::Sending, Self::Confirmed, Self::Failed, Self::Unknown, Self::NotSent].into_iter().find(|s| s.as_str() == word)
    }
}

/// What came of a write that was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ChangeOutcome {
    /// Done, and read back.
    Confirmed,
    /// Refused: nothing was changed.
    Failed,
    /// Not known.
    Unknown,
}

impl ChangeOutcome {
    /// The state that this outcome is stored as.
    #[must_use]
    pub const fn state(self) -> ChangeState {
        match self {
            Self::Confirmed => ChangeState::Confirmed,
            Self::Failed => ChangeState::Failed,
            Self::Unknown => ChangeState::Unknown,
        }
    }
}

/// A write with everything that is known of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct ChangeView {
    /// As it was put to a person.
    pub preview: ChangePreview,
    /// The set that it was decided in.
    pub change_set_id: ChangeSetId,
    /// The conversation.
    pub session_id: SessionId,
    /// The run.
    pub run_id: RunId,
    /// Where it went.
    pub connection: Connection,
    /// Where it stands.
    pub state: ChangeState,
    /// The sentence that goes with a failure or an unknown outcome.
    pub message: Option<String>,
    /// The write that took this one back.
    pub undone_by: Option<ChangeId>,
    /// What Business Central calls the request in its own log, where it said so.
    #[serde(default)]
    pub correlation_id: Option<String>,
    /// The record before, where one was read (JSON).
    pub before: Option<crate::RawJson>,
    /// The record after, as read back (JSON).
    pub after: Option<crate::RawJson>,
    /// When it was proposed (UTC).
    #[ts(type = "string")]
    pub created_at: Timestamp,
    /// When it was sent (UTC).
    #[ts(type = "string | null")]
    pub sent_at: Option<Timestamp>,
    /// When its outcome was known (UTC).
    #[ts(type = "string | null")]
    pub settled_at: Option<Timestamp>,
}
