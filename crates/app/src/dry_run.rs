//! Trying sets out before a person is asked: whether it is on for a connection, what is written down of it, and what follows an alarm.

use std::sync::Arc;

use async_trait::async_trait;
use bca_approval::{ChangeSet, DryRunPermit, PlannedWrite, Rehearsal, Rehearsed};
use bca_mcp::Toolset;
use bca_protocol::{
    ApprovalRequest, AuditAction, AuditOutcome, ChangeState, Connection, DryRun, DryRunSwitch, ErrorCode, Json, RawJson, TrialId, TriedOutcome, UserError,
};
use bca_store::{AuditRecord, OpenTrial};
use tokio_util::sync::CancellationToken;

use crate::{App, app::lock, workbench::Workbench};

impl App {
    /// The rehearsal of sets on a bench.
    pub(crate) fn rehearsal(&self, bench: &Workbench) -> Arc<dyn Rehearsal> {
        Arc::new(HomeRehearsal { app: self.clone(), tools: Arc::clone(&bench.tools) })
    }

    /// Tries a question out anew that a person edited.
    ///
    /// # Errors
    /// [`ErrorCode::InvalidInput`] with the sentence by which Business Central would refuse what the edit makes of it.
    pub(crate) async fn try_edit(&self, bench: &Workbench, request: &ApprovalRequest, writes: Vec<PlannedWrite>) -> Result<Option<DryRun>, UserError> {
        let ApprovalRequest { session_id, run_id, connection, title, .. } = request.clone();
        let set = ChangeSet { session_id, run_id, connection, title, writes };
        let gate = self.gate().rehearsing(self.rehearsal(bench));
        gate.try_again(&set, &self.inner.stopping).await.map_err(|why| UserError::new(ErrorCode::InvalidInput, why))
    }

    /// Whether all of these were sent themselves while they were tried out, as a set that is edited in one window and approved in another may
    /// be: what stands in the books then is what a person approved.
    async fn left_meanwhile(&self, set: &ChangeSet) -> bool {
        for write in &set.writes {
            match self.inner.db.change(write.change_id()).await {
                Ok(change) => match change.state {
                    ChangeState::Sending | ChangeState::Confirmed | ChangeState::Unknown => {}
                    ChangeState::Planned | ChangeState::Approved | ChangeState::NotSent | ChangeState::Failed => return false,
                },
                Err(_) => return false,
            }
        }
        true
    }

    /// Switches it off for good where something stayed in the books; a person may switch it on again.
    pub(crate) async fn no_more_dry_runs(&self, connection: &Connection) {
        let switched = async {
            let view = self.permissions(Some(&connection.name)).await?;
            let permissions = bca_protocol::Permissions { dry_run: Some(DryRunSwitch::Off), ..view.permissions };
            self.set_permissions(Some(&connection.name), permissions).await
        };
        if let Err(fault) = switched.await {
            // At least in this process, then.
            lock(&self.inner.alarmed).insert(connection.name.clone());
            tracing::error!(%fault, connection = connection.name, "trying out could not be switched off in the permissions");
        }
    }
}

/// Whether it is on, by what a person set and by what is usual.
pub(crate) fn switch(set: Option<DryRunSwitch>, connection: &Connection) -> DryRunSwitch {
    set.unwrap_or(DryRunSwitch::usual(connection.kind))
}

struct HomeRehearsal {
    app: App,
    tools: Arc<Toolset>,
}

#[async_trait]
impl Rehearsal for HomeRehearsal {
    async fn is_wanted(&self, connection: &Connection) -> bool {
        if lock(&self.app.inner.alarmed).contains(&connection.name) {
            return false;
        }
        match self.app.rules(connection).await {
            Ok(rules) => switch(rules.permissions.dry_run, connection) == DryRunSwitch::On,
            Err(_) => false,
        }
    }

    async fn rehearse(&self, set: &ChangeSet, permit: DryRunPermit, cancel: &CancellationToken) -> Rehearsed {
        if let Some(why) = self.app.trial_in_doubt(&set.connection).await {
            return Rehearsed { dry_run: DryRun::NotTried { why }, alarm: None };
        }
        let (app, tools, set, cancel) = (self.app.clone(), Arc::clone(&self.tools), set.clone(), cancel.child_token());
        // Where the gate waits no longer, what has not left stays here.
        let _waiting = cancel.clone().drop_guard();
        // Goes on where the gate waits no longer: what it left has to be looked at in any case.
        let trial = tokio::spawn(async move {
            // Written down first: whatever becomes of this process, what it left is looked at.
            let begun = OpenTrial { trial_id: TrialId::new(), set: set.clone(), answered: Vec::new(), begun_at: app.inner.clock.now() };
            if let Err(fault) = app.inner.db.trial_begun(begun.trial_id, &set, begun.begun_at).await {
                return Rehearsed { dry_run: DryRun::NotTried { why: format!("It could not be written down first: {fault}") }, alarm: None };
            }
            let (mut rehearsed, left) = tools.business_central().rehearse(&set, permit, &cancel).await;
            if rehearsed.alarm.is_some() && app.left_meanwhile(&set).await {
                let why = "The changes themselves were approved and sent meanwhile.".to_owned();
                rehearsed = Rehearsed { dry_run: DryRun::NotKnown { why }, alarm: None };
            }
            if let Some(alarm) = &rehearsed.alarm {
                app.no_more_dry_runs(&set.connection).await;
                app.log_fault(&UserError::new(ErrorCode::OutcomeUnknown, alarm), Some(set.session_id)).await;
                app.audit(record(&set, &rehearsed)).await;
            }
            app.trial_left(begun, left).await;
            rehearsed
        });
        trial.await.unwrap_or_else(|fault| Rehearsed { dry_run: DryRun::NotKnown { why: format!("It broke off: {fault}.") }, alarm: None })
    }

    async fn tried(&self, set: &ChangeSet, rehearsed: &Rehearsed) {
        // An alarm is written down where it was met.
        if rehearsed.alarm.is_none() {
            self.app.audit(record(set, rehearsed)).await;
        }
    }
}

/// What the audit log keeps: which requests, by their digests, and what came of each.
pub(crate) fn record(set: &ChangeSet, rehearsed: &Rehearsed) -> AuditRecord {
    let text = |text: &str| Json::String(text.to_owned());
    let outcome = match (&rehearsed.alarm, &rehearsed.dry_run) {
        (Some(_), _) => AuditOutcome::Failed,
        (None, DryRun::Tried { .. }) if rehearsed.dry_run.first_failure().is_some() => AuditOutcome::Refused,
        (None, DryRun::Tried { .. }) => AuditOutcome::Done,
        (None, DryRun::NotTried { .. } | DryRun::NotKnown { .. }) => AuditOutcome::Unknown,
    };
    let one = |write: &PlannedWrite| {
        let (word, said) = match rehearsed.dry_run.of(write.change_id()) {
            Some(TriedOutcome::WouldWork { .. }) => ("would_work", None),
            Some(TriedOutcome::WouldFail { message, .. }) => ("would_fail", Some(message.as_str())),
            Some(TriedOutcome::NotKnown { why }) => ("not_known", Some(why.as_str())),
            None => match rehearsed.dry_run {
                DryRun::NotKnown { .. } => ("not_known", None),
                DryRun::Tried { .. } | DryRun::NotTried { .. } => ("not_tried", None),
            },
        };
        let mut members = vec![("title".to_owned(), text(&write.preview.title)), ("digest".to_owned(), text(&write.preview.digest.to_string()))];
        members.push(("change_id".to_owned(), text(&write.change_id().to_string())));
        members.push(("outcome".to_owned(), text(word)));
        members.extend(said.map(|said| ("said".to_owned(), text(said))));
        Json::Object(members)
    };
    let why = match &rehearsed.dry_run {
        DryRun::Tried { .. } => None,
        DryRun::NotKnown { why } | DryRun::NotTried { why } => Some(why.as_str()),
    };
    let mut details = vec![("writes".to_owned(), Json::Array(set.writes.iter().map(one).collect()))];
    details.extend(why.map(|why| ("why".to_owned(), text(why))));
    details.extend(rehearsed.alarm.as_deref().map(|alarm| ("alarm".to_owned(), text(alarm))));
    let resource = set.writes.first().map_or("approval", |write| write.preview.entity.as_str());
    let record = AuditRecord::new(AuditAction::DryRun, resource).by_account(set.connection.account.clone()).on(set.connection.name.clone());
    let record = record.with_outcome(outcome).with_details(RawJson::from(&Json::Object(details)));
    AuditRecord { session_id: Some(set.session_id), run_id: Some(set.run_id), ..record }
}
