use async_trait::async_trait;
use bca_protocol::{ApprovalId, ApprovalRequest, ChangeId, ChangeOutcome, Decision, Digest, RawJson, Reviewer};
use jiff::Timestamp;

use crate::PlannedWrite;

/// The log could not be written or read. Inside the gate that is a denial.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct LogError(pub String);

/// How a question ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolution {
    /// How.
    pub decision: Decision,
    /// By whom.
    pub by: Reviewer,
    /// The reason given with a rejection.
    pub reason: Option<String>,
    /// When (UTC).
    pub at: Timestamp,
}

/// Where a question stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// How many times a person edited it.
    pub revision: u32,
    /// How it ended; `None` while it is pending.
    pub resolution: Option<Resolution>,
}

/// Questions and answers, durable (`synchronous = FULL`) before a method returns.
#[async_trait]
pub trait ApprovalLog: Send + Sync {
    /// Stores the question as pending together with its change set and every write's intent (`planned`), in one transaction.
    async fn ask(&self, request: &ApprovalRequest, writes: &[PlannedWrite]) -> Result<(), LogError>;

    /// Ends a question by compare-and-set and returns the resolution that holds now. It takes effect only where the question
    /// is pending and, for an approval, the digest is the question's and `resolution.at` lies before its expiry; an approval after
    /// its expiry stores `expired` by the clock. An approval moves the set's writes to `approved`, those that a person took out and
    /// everything else to `not_sent`. A no needs no digest: whatever was shown, nothing is sent.
    /// `Ok(None)`: no such question, or an approval of another digest.
    async fn resolve(&self, approval_id: ApprovalId, digest: Digest, resolution: &Resolution) -> Result<Option<Resolution>, LogError>;

    /// Where the question stands.
    async fn standing(&self, approval_id: ApprovalId) -> Result<Standing, LogError>;

    /// The question as it stands now, edits included.
    async fn question(&self, approval_id: ApprovalId) -> Result<ApprovalRequest, LogError>;

    /// The writes of an approved question that are to be sent, in order, byte for byte as they were approved. Fails where the
    /// question has any other end.
    async fn approved(&self, approval_id: ApprovalId) -> Result<Vec<PlannedWrite>, LogError>;

    /// Completes when any process may have answered something: at once after a change in this process, within 100 ms after one
    /// in another (`PRAGMA data_version`).
    async fn changed(&self);
}

/// What came of a write that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settlement {
    /// The outcome.
    pub outcome: ChangeOutcome,
    /// The sentence that goes with a failure or an unknown outcome.
    pub message: Option<String>,
    /// The record's id, where a create gave it one.
    pub key: Option<String>,
    /// The record as read back.
    pub after: Option<RawJson>,
    /// When (UTC).
    pub at: Timestamp,
}

/// The life of a write, each step durable (`synchronous = FULL`) before the method returns.
#[async_trait]
pub trait IntentLog: Send + Sync {
    /// `approved` to `sending`. Fails where the write is in any other state: then nothing may be sent.
    async fn sending(&self, change_id: ChangeId, at: Timestamp) -> Result<(), LogError>;

    /// `sending` (or `unknown`) to its outcome; a confirmed write gets its checkpoint in the same transaction.
    async fn settled(&self, change_id: ChangeId, settlement: &Settlement) -> Result<(), LogError>;

    /// `approved` to `not_sent`: an earlier write of the set failed, or the run was cancelled.
    async fn not_sent(&self, change_id: ChangeId, why: &str, at: Timestamp) -> Result<(), LogError>;
}
