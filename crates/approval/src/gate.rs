use std::{sync::Arc, time::Duration};

use bca_protocol::{ApprovalId, ApprovalRequest, ChangeSetId, Clock, Connection, Decision, EventKind, Reviewer, RunId, SessionId, TriedWrite};
use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;

use crate::{
    ApprovalLog, LogError, NotAsked, PermittedWrite, PlannedWrite, Quota, Rehearsal, Resolution, Rulebook, WritePermit, ruling, ruling::Ruling, set_digest,
};

/// How often the clocks are looked at while a question waits: a suspended machine wakes up to an expired question.
const CLOCK_CHECK: Duration = Duration::from_millis(250);

/// Sets of more writes than this are approved by typing, not by a click.
pub const TYPED_ABOVE: usize = 50;

/// What must be typed to approve a set of so many writes: their number, as digits. `None` where a click is enough.
#[must_use]
pub fn typed_confirmation(writes: usize) -> Option<String> {
    (writes > TYPED_ABOVE).then(|| writes.to_string())
}

/// Bounds of the gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How long a question waits before silence means no.
    pub expires_after: Duration,
    /// Writes in one set; more are refused.
    pub max_writes: usize,
    /// How long trying a set out may keep the question back.
    pub dry_run: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { expires_after: Duration::from_secs(300), max_writes: 500, dry_run: Duration::from_secs(30) }
    }
}

/// Writes that are decided together.
#[derive(Debug, Clone)]
pub struct ChangeSet {
    /// The conversation.
    pub session_id: SessionId,
    /// The run that waits.
    pub run_id: RunId,
    /// Where the writes would go.
    pub connection: Connection,
    /// What the set is for, in the model's words. Shown as such; no digest covers it, because nothing is decided or sent by it.
    pub title: Option<String>,
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
    /// Send these, in this order. What a person took out of the set is not among them; what they edited stands as they left it.
    Permitted(Vec<PermittedWrite>),
    /// A person, the clock or a cancellation said no. Nothing may be sent.
    Refused(Resolution),
    /// It was tried out, and Business Central would refuse it: nobody was asked. What came of each write.
    WouldFail(Vec<TriedWrite>),
    /// The policy said no, or the gate could not do its work. Nothing may be sent; the sentence says why.
    Denied(String),
}

/// A fault inside the gate; to the caller it is a denial.
#[derive(Debug, thiserror::Error)]
pub enum GateError {
    /// The question could not be stored or read.
    #[error("the approval could not be recorded: {0}")]
    Log(#[from] LogError),
    /// Others used up the limit while this was looked at. The sentence is for people.
    #[error("{0}")]
    UsedUp(String),
    /// What is stored as approved is not what was asked.
    #[error("what is stored as approved is not what was shown")]
    Unfaithful,
    /// The rules that hold now refuse what was approved.
    #[error("what was approved is not allowed any more: {0}")]
    Forbidden(String),
    /// The expiry lies outside what a timestamp can hold.
    #[error("the approval's expiry is out of range")]
    Expiry,
}

/// Puts change sets to persons and hands out permits. There is one gate; every write of every front end passes it.
pub struct ApprovalGate {
    log: Arc<dyn ApprovalLog>,
    clock: Arc<dyn Clock>,
    pub(crate) limits: Limits,
    rules: Arc<dyn Rulebook>,
    pub(crate) rehearsal: Option<Arc<dyn Rehearsal>>,
}

impl ApprovalGate {
    /// A gate over the given log, clock, bounds and rules.
    #[must_use]
    pub fn new(log: Arc<dyn ApprovalLog>, clock: Arc<dyn Clock>, limits: Limits, rules: impl Rulebook + 'static) -> Self {
        Self { log, clock, limits, rules: Arc::new(rules), rehearsal: None }
    }

    /// The same gate, which tries sets out before it asks.
    #[must_use]
    pub fn rehearsing(self, rehearsal: Arc<dyn Rehearsal>) -> Self {
        Self { rehearsal: Some(rehearsal), ..self }
    }

    /// Asks for the whole set and waits for one answer, the deadline, or cancellation. Any fault in here is a denial.
    pub async fn authorise(&self, set: ChangeSet, waiting: &Waiting<'_>) -> Authorisation {
        match self.policy(&set).await {
            Err(reason) => {
                self.rules.denied(&set, &reason).await;
                Authorisation::Denied(reason)
            }
            Ok((mut ruling, quota)) => match self.try_out(&set, &mut ruling, waiting).await {
                Some(not_asked) => not_asked,
                None => self.put(&set, ruling, quota, waiting).await,
            },
        }
    }

    async fn put(&self, set: &ChangeSet, ruling: Ruling, quota: Quota, waiting: &Waiting<'_>) -> Authorisation {
        match self.ask(set, ruling, quota, waiting).await {
            Ok(authorisation) => authorisation,
            Err(GateError::UsedUp(reason)) => {
                self.rules.denied(set, &reason).await;
                Authorisation::Denied(reason)
            }
            Err(fault) => {
                tracing::error!(%fault, "the gate denied a change set because of a fault");
                Authorisation::Denied(format!("Nothing was changed: {fault}."))
            }
        }
    }

    /// What must be typed to approve these writes as a person edited them; `None` where a click is enough.
    ///
    /// # Errors
    /// The sentence that refuses them.
    pub async fn look_again(&self, connection: &Connection, writes: &[PlannedWrite]) -> Result<Option<String>, String> {
        let rules = self.rules.rules(connection, self.clock.now()).await.map_err(|fault| format!("The permissions could not be read: {fault}."))?;
        // The set itself is among what was used by now.
        let rules = crate::Rules { used: crate::Used::default(), ..rules };
        let ruling = ruling::rule_on(writes, connection.kind, &rules)?;
        Ok(ruling.typed.or_else(|| typed_confirmation(writes.len())))
    }

    /// How the set is to be put to a person, or the sentence that refuses it. Rules that can't be read refuse it.
    async fn policy(&self, set: &ChangeSet) -> Result<(Ruling, Quota), String> {
        if set.writes.is_empty() {
            return Err("There is nothing to approve.".into());
        }
        if set.writes.len() > self.limits.max_writes {
            let count = set.writes.len();
            let most = self.limits.max_writes;
            return Err(format!("Nothing was changed: {count} writes at once are more than {most}. Use Business Central's own import for that many."));
        }
        let rules = self
            .rules
            .rules(&set.connection, self.clock.now())
            .await
            .map_err(|fault| format!("Nothing was changed: the permissions could not be read: {fault}."))?;
        Ok((ruling::rule_on(&set.writes, set.connection.kind, &rules)?, rules.quota()))
    }

    async fn ask(&self, set: &ChangeSet, ruling: Ruling, quota: Quota, waiting: &Waiting<'_>) -> Result<Authorisation, GateError> {
        let requested_at = self.clock.now();
        let started = self.clock.monotonic();
        let wait = SignedDuration::try_from(self.limits.expires_after).map_err(|_| GateError::Expiry)?;
        let expires_at = requested_at.checked_add(wait).map_err(|_| GateError::Expiry)?;
        let mut request = ApprovalRequest {
            approval_id: ApprovalId::new(),
            change_set_id: ChangeSetId::new(),
            session_id: set.session_id,
            run_id: set.run_id,
            digest: set_digest(set.writes.iter().map(|write| &write.preview.digest)),
            priority: ruling.priority,
            requested_at,
            expires_at,
            connection: set.connection.clone(),
            changes: set.writes.iter().map(|write| write.preview.clone()).collect(),
            left_out: Vec::new(),
            title: set.title.clone(),
            revision: 0,
            typed: ruling.typed.or_else(|| typed_confirmation(set.writes.len())),
            dry_run: ruling.dry_run,
        };
        self.log.ask(&request, &set.writes, quota).await.map_err(|fault| match fault {
            NotAsked::UsedUp(sentence) => GateError::UsedUp(sentence),
            NotAsked::Log(fault) => GateError::Log(fault),
        })?;
        if let Some(why) = ruling.unasked {
            let yes = Resolution { decision: Decision::Approved, by: Reviewer::Automation, reason: Some(why), at: requested_at };
            self.log.resolve(request.approval_id, request.digest, &yes).await?;
        }
        (waiting.emit)(EventKind::ApprovalRequested(request.clone()));
        let resolution = self.wait(&mut request, started, waiting).await;
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
            edited: request.revision > 0,
            reason: resolution.reason.clone(),
        });
        match resolution.decision {
            Decision::Approved => match self.permitted(&request, &set.writes).await {
                Ok(writes) => Ok(Authorisation::Permitted(writes)),
                Err(fault) => {
                    self.withdraw(&request, &fault).await;
                    Err(fault)
                }
            },
            Decision::Rejected | Decision::Expired | Decision::Aborted => Ok(Authorisation::Refused(resolution)),
        }
    }

    /// What was approved and will not be sent is not left standing as approved.
    async fn withdraw(&self, request: &ApprovalRequest, fault: &GateError) {
        let why = format!("Nothing was changed: {fault}.");
        if let Err(fault) = self.log.withdraw(request.approval_id, &why, self.clock.now()).await {
            tracing::error!(%fault, approval_id = %request.approval_id, "writes that may not be sent could not be recorded as such");
        }
    }

    /// Permits for exactly what the store says was approved: what the last question showed, going where the first one said.
    async fn permitted(&self, request: &ApprovalRequest, asked: &[PlannedWrite]) -> Result<Vec<PermittedWrite>, GateError> {
        let writes = self.log.approved(request.approval_id).await?;
        let goes_where_it_should = |write: &PlannedWrite| {
            let first = asked.iter().find(|first| first.change_id() == write.change_id());
            first.is_some_and(|first| {
                let (then, now) = (&first.request, &write.request);
                first.call_id() == write.call_id()
                    && (&then.target, then.method, &then.path, &then.if_match) == (&now.target, now.method, &now.path, &now.if_match)
            })
        };
        let is_what_was_shown = writes.len() == request.changes.len()
            && writes.iter().zip(&request.changes).all(|(write, shown)| write.preview == *shown)
            && set_digest(writes.iter().map(|write| &write.preview.digest)) == request.digest;
        if !is_what_was_shown || !writes.iter().all(|write| write.is_faithful() && goes_where_it_should(write)) {
            return Err(GateError::Unfaithful);
        }
        let rules = self.rules.rules(&request.connection, self.clock.now()).await?;
        ruling::still_allowed(&writes, request.connection.kind, &rules).map_err(|reason| GateError::Forbidden(bare(&reason)))?;
        let permit = |write: &PlannedWrite| WritePermit::new(write.change_id(), write.call_id().clone(), write.preview.digest);
        Ok(writes.into_iter().map(|planned| PermittedWrite { permit: permit(&planned), planned }).collect())
    }

    /// Until the question has an end state. The deadline is reached when either clock says so; an edit does not move it. A question
    /// that a person edited is told again, and `request` is then what it stands at.
    async fn wait(&self, request: &mut ApprovalRequest, started: Duration, waiting: &Waiting<'_>) -> Result<Resolution, GateError> {
        loop {
            let standing = self.log.standing(request.approval_id).await?;
            if standing.revision > request.revision {
                *request = self.log.question(request.approval_id).await?;
                (waiting.emit)(EventKind::ApprovalRequested(request.clone()));
                // It may have been answered or edited again since.
                continue;
            }
            if let Some(resolution) = standing.resolution {
                return Ok(resolution);
            }
            if waiting.cancel.is_cancelled() {
                return self.last(request, Decision::Aborted, Reviewer::Engine, waiting).await;
            }
            let left = self.time_left(request.requested_at, request.expires_at, started);
            if left.is_zero() {
                return self.last(request, Decision::Expired, Reviewer::Clock, waiting).await;
            }
            tokio::select! {
                () = self.log.changed() => {}
                () = waiting.cancel.cancelled() => {}
                () = tokio::time::sleep(left.min(CLOCK_CHECK)) => {}
            }
        }
    }

    /// Ends the question. Somebody may have edited it and answered in the same moment: then that is told first.
    async fn last(&self, request: &mut ApprovalRequest, decision: Decision, by: Reviewer, waiting: &Waiting<'_>) -> Result<Resolution, GateError> {
        let held = self.end(request, decision, by).await?;
        if self.log.standing(request.approval_id).await?.revision > request.revision {
            *request = self.log.question(request.approval_id).await?;
            (waiting.emit)(EventKind::ApprovalRequested(request.clone()));
        }
        Ok(held)
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

/// A sentence of the policy as a part of another one, which says itself that nothing was changed.
fn bare(reason: &str) -> String {
    reason.strip_prefix("Nothing was changed: ").unwrap_or(reason).trim_end_matches('.').to_owned()
}

#[cfg(test)]
#[path = "gate_tests.rs"]
pub(crate) mod tests;
