//! Trying a set out before a person is asked: sent once in a transaction that is made to fail, so that business rules run and nothing
//! stays. Only where a person let it happen, and never what could not be taken back.

use async_trait::async_trait;
use bca_protocol::{Connection, Digest, DryRun, ErrorCode, EventKind, WriteOperation};
use tokio_util::sync::CancellationToken;

use crate::{ApprovalGate, Authorisation, CanonicalRequest, ChangeSet, PermitError, PlannedWrite, Waiting, ruling::Ruling, set_digest};

/// Writes of a set that may be tried out: as many as go in one transaction.
const MOST: usize = 20;

/// Leave to try one set out, once. Made only by the gate, bound to the digests of the set's requests in their order; consumed by use. It
/// carries no write's identity, so that no intent can be marked as sending with it, and nothing but the client's dry run takes it:
///
/// ```compile_fail
/// fn send(permit: bca_approval::DryRunPermit, request: &bca_approval::CanonicalRequest) {
///     let _: bca_protocol::ChangeId = permit.redeem(&[request]).unwrap();
/// }
/// ```
#[must_use = "an unused permit is a set that was to be tried out and was not"]
pub struct DryRunPermit {
    digest: Digest,
}

impl DryRunPermit {
    fn of(writes: &[PlannedWrite]) -> Self {
        Self { digest: set_digest(writes.iter().map(|write| &write.preview.digest)) }
    }

    /// Gives the permit up for exactly these requests, in this order.
    ///
    /// # Errors
    /// [`PermitError::OtherRequest`] where they differ from the set in any byte.
    pub fn redeem(self, requests: &[&CanonicalRequest]) -> Result<(), PermitError> {
        let digests: Vec<Digest> = requests.iter().map(|request| request.digest()).collect();
        if set_digest(&digests) == self.digest { Ok(()) } else { Err(PermitError::OtherRequest) }
    }
}

/// What a rehearsal came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rehearsed {
    /// What a person is shown of it.
    pub dry_run: DryRun,
    /// Something may have stayed in the books: what, as a sentence.
    pub alarm: Option<String>,
}

impl Rehearsed {
    fn without_alarm(dry_run: DryRun) -> Self {
        Self { dry_run, alarm: None }
    }
}

/// Tries sets out on a connection.
#[async_trait]
pub trait Rehearsal: Send + Sync {
    /// Whether a person lets sets be tried out here. What can't be read is a no.
    async fn is_wanted(&self, connection: &Connection) -> bool;

    /// Sends the set in a transaction that is made to fail. Where the gate waits no longer, what it left is looked at all the same; after an
    /// alarm it is off from then on.
    async fn rehearse(&self, set: &ChangeSet, permit: DryRunPermit, cancel: &CancellationToken) -> Rehearsed;

    /// Takes note of what came of it.
    async fn tried(&self, set: &ChangeSet, rehearsed: &Rehearsed);
}

impl ApprovalGate {
    /// Tries the set out where that is on, and keeps what came of it for the question. `Some`: nobody is asked.
    pub(crate) async fn try_out(&self, set: &ChangeSet, ruling: &mut Ruling, waiting: &Waiting<'_>) -> Option<Authorisation> {
        // Where nobody is asked, the write itself is the trial.
        if ruling.unasked.is_some() {
            return None;
        }
        let Rehearsed { dry_run, alarm } = self.rehearsed(set, waiting.cancel).await?;
        if let Some(sentence) = alarm {
            (waiting.emit)(EventKind::Error { code: ErrorCode::OutcomeUnknown, message: sentence.clone(), retryable: false });
            return Some(Authorisation::Denied(sentence));
        }
        match dry_run {
            DryRun::Tried { writes } if writes.iter().any(|write| write.outcome.is_failure()) => Some(Authorisation::WouldFail(writes)),
            dry_run @ (DryRun::Tried { .. } | DryRun::NotKnown { .. } | DryRun::NotTried { .. }) => {
                ruling.dry_run = Some(dry_run);
                None
            }
        }
    }

    /// Tries a set out that a person edited. `None` where that is off.
    ///
    /// # Errors
    /// The sentence that refuses the edit: Business Central would refuse what it makes of the set, or something may have stayed.
    pub async fn try_again(&self, set: &ChangeSet, cancel: &CancellationToken) -> Result<Option<DryRun>, String> {
        let Some(Rehearsed { dry_run, alarm }) = self.rehearsed(set, cancel).await else { return Ok(None) };
        match (alarm, dry_run.first_failure()) {
            (Some(sentence), _) => Err(sentence),
            (None, Some(said)) => Err(format!("Business Central would refuse this: {said} Nothing was edited.")),
            (None, None) => Ok(Some(dry_run)),
        }
    }

    /// `None` where sets are not tried out here. Never takes longer than [`crate::Limits::dry_run`].
    async fn rehearsed(&self, set: &ChangeSet, cancel: &CancellationToken) -> Option<Rehearsed> {
        let rehearsal = self.rehearsal.as_deref()?;
        if !rehearsal.is_wanted(&set.connection).await {
            return None;
        }
        if let Some(why) = unfit(&set.writes) {
            return Some(Rehearsed::without_alarm(DryRun::NotTried { why }));
        }
        let trial = rehearsal.rehearse(set, DryRunPermit::of(&set.writes), cancel);
        let rehearsed = tokio::select! {
            biased;
            () = cancel.cancelled() => not_known("The run was stopped meanwhile."),
            rehearsed = tokio::time::timeout(self.limits.dry_run, trial) => rehearsed.unwrap_or_else(|_| not_known("Business Central did not answer in time.")),
        };
        rehearsal.tried(set, &rehearsed).await;
        Some(rehearsed)
    }
}

fn not_known(why: &str) -> Rehearsed {
    Rehearsed::without_alarm(DryRun::NotKnown { why: why.to_owned() })
}

/// Why a set is not tried out. Business Central's code may commit in between and extensions may do what no transaction takes back, so it is
/// done only with what has a way back.
fn unfit(writes: &[PlannedWrite]) -> Option<String> {
    if writes.len() > MOST {
        return Some(format!("More than {MOST} changes are not tried out together."));
    }
    writes.iter().find_map(|write| {
        let preview = &write.preview;
        match preview.operation {
            WriteOperation::Action => Some("Actions, such as posting, are never tried out.".to_owned()),
            WriteOperation::Create | WriteOperation::Update | WriteOperation::Delete => {
                (!preview.undo.is_yes()).then(|| "What can't be taken back is not tried out.".to_owned())
            }
        }
    })
}

#[cfg(test)]
#[path = "dry_run_tests.rs"]
mod tests;
