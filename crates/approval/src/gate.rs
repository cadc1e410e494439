use std::{sync::Arc, time::Duration};

use bca_protocol::{ApprovalId, ApprovalRequest, ChangeSetId, Clock, Connection, Decision, EventKind, Priority, Reviewer, RunId, SessionId};
use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;

use crate::{ApprovalLog, LogError, PlannedWrite, PolicyDecision, Resolution, Rules, WritePermit, WriteQuestion, decide, set_digest};

/// How often the clocks are looked at while a question waits: a suspended machine wakes up to an expired question.
const CLOCK_CHECK: Duration = Duration::from_millis(250);

/// Bounds of the gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How long a question waits before silence means no.
    pub expires_after: Duration,
    /// Writes in one set; more are refused.
    pub max_writes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { expires_after: Duration::from_secs(300), max_writes: 500 }
    }
}

/// Writes that are decided together.
#[derive(Debug)]
pub struct ChangeSet {
    /// The conversation.
    pub session_id: SessionId,
    /// The run that waits.
    pub run_id: RunId,
    /// Where the writes would go.
    pub connection: Connection,
    /// The writes, in the order in which they would be sent.
    pub writes: Vec<PlannedWrite>,
}

/// What a question needs while it waits.
pub struct Waiting<'a> {
    /// Takes the events of the question; called after what they tell is stored.
    pub emit: &'a (dyn Fn(EventKind) + Send + Sync),
    /// Ends the wait as `aborted`.
    pub cancel: &'a CancellationToken,
}

/// What the gate says.
pub enum Authorisation {
    /// Send these, in this order.
    Permitted(Vec<WritePermit>),
    /// A person, the clock or a cancellation said no. Nothing may be sent.
    Refused(Resolution),
    /// The policy said no, or the gate could not do its work. Nothing may be sent; the sentence says why.
    Denied(String),
}

/// A fault inside the gate; to the caller it is a denial.
#[derive(Debug, thiserror::Error)]
pub enum GateError {
    /// The question could not be stored or read.
    #[error("the approval could not be recorded: {0}")]
    Log(#[from] LogError),
    /// The expiry lies outside what a timestamp can hold.
    #[error("the approval's expiry is out of range")]
    Expiry,
}

/// Puts change sets to persons and hands out permits. There is one gate; every write of every front end passes it.
pub struct ApprovalGate {
    log: Arc<dyn ApprovalLog>,
    clock: Arc<dyn Clock>,
    limits: Limits,
    rules: Rules,
}

impl ApprovalGate {
    /// A gate over the given log, clock, bounds and rules.
    #[must_use]
    pub fn new(log: Arc<dyn ApprovalLog>, clock: Arc<dyn Clock>, limits: Limits, rules: Rules) -> Self {
        Self { log, clock, limits, rules }
    }

    /// Asks for the whole set and waits for one answer, the deadline, or cancellation. Any fault in here is a denial.
    pub async fn authorise(&self, set: ChangeSet, waiting: &Waiting<'_>) -> Authorisation {
        match self.policy(&set) {
            Err(reason) => Authorisation::Denied(reason),
            Ok(priority) => match self.ask(set, priority, waiting).await {
                Ok(authorisation) => authorisation,
                Err(fault) => {
                    tracing::error!(%fault, "the gate denied a change set because of a fault");
                    Authorisation::Denied(format!("Nothing was changed: {fault}."))
                }
            },
        }
    }

    /// The gravest priority of the set's writes, or the sentence that refuses it.
    fn policy(&self, set: &ChangeSet) -> Result<Priority, String> {
        if set.writes.is_empty() {
            return Err("There is nothing to approve.".into());
        }
        if set.writes.len() > self.limits.max_writes {
            let count = set.writes.len();
            let most = self.limits.max_writes;
            return Err(format!("Nothing was changed: {count} writes at once are more than {most}. Use Business Central's own import for that many."));
        }
        let mut gravest = Priority::Low;
        for write in &set.writes {
            if !write.is_faithful() {
                return Err("Nothing was changed: what would be shown is not what would be sent.".into());
            }
            let question = WriteQuestion {
                effect: write.preview.effect,
                operation: write.preview.operation,
                entity: &write.preview.entity,
                connection: set.connection.kind,
            };
            match decide(&question, &self.rules) {
                // A write always asks: an effect of `read` on a planned write would be a mistake of ours.
                PolicyDecision::Allow => gravest = Priority::High,
                PolicyDecision::Ask(priority) => gravest = gravest.max(priority),
                PolicyDecision::Deny(reason) => return Err(reason),
            }
        }
        Ok(gravest)
    }

    async fn ask(&self, set: ChangeSet, priority: Priority, waiting: &Waiting<'_>) -> Result<Authorisation, GateError> {
        let requested_at = self.clock.now();
        let started = self.clock.monotonic();
        let wait = SignedDuration::try_from(self.limits.expires_after).map_err(|_| GateError::Expiry)?;
        let expires_at = requested_at.checked_add(wait).map_err(|_| GateError::Expiry)?;
        let request = ApprovalRequest {
            approval_id: ApprovalId::new(),
            change_set_id: ChangeSetId::new(),
            session_id: set.session_id,
            run_id: set.run_id,
            digest: set_digest(set.writes.iter().map(|write| &write.preview.digest)),
            priority,
            requested_at,
            expires_at,
            connection: set.connection,
            changes: set.writes.iter().map(|write| write.preview.clone()).collect(),
            left_out: Vec::new(),
            title: None,
            revision: 0,
            typed: None,
        };
        self.log.ask(&request, &set.writes).await?;
        (waiting.emit)(EventKind::ApprovalRequested(request.clone()));
        let resolution = self.wait(&request, started, waiting.cancel).await;
        // Whatever went wrong while waiting: no.
        let resolution = match resolution {
            Ok(resolution) => resolution,
            Err(fault) => {
                let aborted = self.end(&request, Decision::Aborted, Reviewer::Engine).await;
                match aborted {
                    Ok(held) if held.decision != Decision::Approved => held,
                    Ok(_) | Err(_) => return Err(fault),
                }
            }
        };
        (waiting.emit)(EventKind::ApprovalResolved {
            approval_id: request.approval_id,
            decision: resolution.decision,
            by: resolution.by,
            edited: false,
            reason: resolution.reason.clone(),
        });
        match resolution.decision {
            Decision::Approved => {
                let permit = |write: &PlannedWrite| WritePermit::new(write.change_id(), write.call_id().clone(), write.preview.digest);
                Ok(Authorisation::Permitted(set.writes.iter().map(permit).collect()))
            }
            Decision::Rejected | Decision::Expired | Decision::Aborted => Ok(Authorisation::Refused(resolution)),
        }
    }

    /// Until the question has an end state. The deadline is reached when either clock says so.
    async fn wait(&self, request: &ApprovalRequest, started: Duration, cancel: &CancellationToken) -> Result<Resolution, GateError> {
        loop {
            if let Some(resolution) = self.log.resolution(request.approval_id).await? {
                return Ok(resolution);
            }
            if cancel.is_cancelled() {
                return self.end(request, Decision::Aborted, Reviewer::Engine).await;
            }
            let left = self.time_left(request.requested_at, request.expires_at, started);
            if left.is_zero() {
                return self.end(request, Decision::Expired, Reviewer::Clock).await;
            }
            tokio::select! {
                () = self.log.changed() => {}
                () = cancel.cancelled() => {}
                () = tokio::time::sleep(left.min(CLOCK_CHECK)) => {}
            }
        }
    }

    /// The shorter of what the two clocks leave. A wall clock that was set back before the question counts as expired: it can't be trusted.
    fn time_left(&self, requested_at: Timestamp, expires_at: Timestamp, started: Duration) -> Duration {
        let now = self.clock.now();
        if now < requested_at {
            return Duration::ZERO;
        }
        let by_wall = Duration::try_from(expires_at.duration_since(now)).unwrap_or(Duration::ZERO);
        let waited = self.clock.monotonic().saturating_sub(started);
        by_wall.min(self.limits.expires_after.saturating_sub(waited))
    }

    /// Ends the question; somebody else's answer may have been first, and then that one holds.
    async fn end(&self, request: &ApprovalRequest, decision: Decision, by: Reviewer) -> Result<Resolution, GateError> {
        let resolution = Resolution { decision, by, reason: None, at: self.clock.now() };
        let held = self.log.resolve(request.approval_id, request.digest, &resolution).await?;
        held.ok_or_else(|| GateError::Log(LogError("the question is gone from the database".into())))
    }
}

#[cfg(test)]
#[path = "gate_tests.rs"]
mod tests;
