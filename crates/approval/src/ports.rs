use async_trait::async_trait;
use bca_protocol::{ApprovalId, ApprovalRequest, ChangeId, ChangeOutcome, Decision, Digest, RawJson, Reviewer};
use jiff::Timestamp;

use crate::{PlannedWrite, Quota, Target};

/// The log could not be written or read. Inside the gate that is a denial.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct LogError(pub String);

/// Why a question was not put.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAsked {
    /// So many writes may not be made in that time; the sentence says which limit is used up.
    #[error("{0}")]
    UsedUp(String),
    /// It could not be stored.
    #[error(transparent)]
    Log(#[from] LogError),
}

/// Why a write may not leave.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotSending {
    /// What it was approved for is not what it would be sent to or as any more; the sentence says what changed.
    #[error("{0}")]
    Moved(String),
    /// The intent could not be made durable, or the write was not approved.
    #[error(transparent)]
    Log(#[from] LogError),
}

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
    /// Stores the question as pending together with its change set and every write's intent (`planned`), in one transaction, in which the
    /// writes to the company that were sent or may still be are counted: several runs, of several processes, share a limit.
    async fn ask(&self, request: &ApprovalRequest, writes: &[PlannedWrite], quota: Quota) -> Result<(), NotAsked>;

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

    /// Gives up every write of an approved question that has not left yet (`approved` to `not_sent`), with the sentence that says why.
    async fn withdraw(&self, approval_id: ApprovalId, why: &str, at: Timestamp) -> Result<(), LogError>;

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
    /// What Business Central calls the request in its own log, where it said so.
    pub correlation_id: Option<String>,
    /// When (UTC).
    pub at: Timestamp,
}

/// The life of a write, each step durable (`synchronous = FULL`) before the method returns.
#[async_trait]
pub trait IntentLog: Send + Sync {
    /// `approved` to `sending`. Fails where the write is in any other state, or where the connection that it was approved on was removed,
    /// leads elsewhere, is another account's, or was left for another one meanwhile: then nothing may be sent.
    async fn sending(&self, change_id: ChangeId, at: Timestamp) -> Result<(), NotSending>;

    /// `sending` (or `unknown`) to its outcome; a confirmed write gets its checkpoint in the same transaction.
    async fn settled(&self, change_id: ChangeId, settlement: &Settlement) -> Result<(), LogError>;

    /// `approved` to `not_sent`: an earlier write of the set failed, or the run was cancelled.
    async fn not_sent(&self, change_id: ChangeId, why: &str, at: Timestamp) -> Result<(), LogError>;

    /// How often the target's books were written to from this home, by any process: it grows when a write leaves and when its outcome is
    /// known, so that what was read before is not given for what stands there now. A log that only one process has may leave it at 0.
    async fn books_version(&self, _target: &Target) -> Result<u64, LogError> {
        Ok(0)
    }
}

/// What a server does with the id that a create brings along (docs/business-central.md, section 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OwnIds {
    /// The record gets it: it can be looked for by it, whatever became of the answer.
    Kept,
    /// It is ignored or refused.
    NotKept,
}

/// What was found out about environments, for each entity set.
#[async_trait]
pub trait OwnIdLog: Send + Sync {
    /// What is known; `None` where nobody has found out yet.
    async fn known(&self, target: &Target, entity: &str) -> Result<Option<OwnIds>, LogError>;

    /// Remembers what an answer showed; the last finding holds.
    async fn found(&self, target: &Target, entity: &str, found: OwnIds, at: Timestamp) -> Result<(), LogError>;
}
