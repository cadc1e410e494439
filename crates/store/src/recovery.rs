//! What dead processes left open is ended: their runs, questions and writes, and nothing of those that live.

use std::time::Duration;

use bca_protocol::{ApprovalId, ChangeId, Json, RunId, SessionId, ToolCallStatus, TrialId};
use jiff::Timestamp;

use crate::{
    AuditIdentity, StoreError, audit_events,
    db::{Durability, Inner},
    table::{agent_executions, approvals, changes, instances, mcp_tool_calls, trials},
};

const RUN: &str = "BC Agent was closed while this was under way.";
pub(crate) const UNSENT: &str = "BC Agent was closed before this was sent. Nothing was changed.";
pub(crate) const SENT: &str = "BC Agent was closed while this was on its way. It is not known whether it was made.";

/// A run whose process was killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InterruptedRun {
    /// The run.
    pub run_id: RunId,
    /// Its conversation.
    pub session_id: SessionId,
}

/// What was found open and was ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recovery {
    /// Runs that a kill ended.
    pub interrupted_runs: Vec<InterruptedRun>,
    /// Questions that nobody waits for any more.
    pub expired_approvals: Vec<ApprovalId>,
    /// Writes that were planned or approved and will not be sent.
    pub unsent_changes: Vec<ChangeId>,
    /// Writes that were on their way: to be looked for in Business Central.
    pub unknown_changes: Vec<ChangeId>,
    /// Sets that were being tried out: what they left is to be looked at in Business Central.
    pub open_trials: Vec<TrialId>,
}

impl Recovery {
    /// Whether everything was in order.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let Self { interrupted_runs, expired_approvals, unsent_changes, unknown_changes, open_trials } = self;
        interrupted_runs.is_empty() && expired_approvals.is_empty() && unsent_changes.is_empty() && unknown_changes.is_empty() && open_trials.is_empty()
    }
}

/// Ends what belongs to dead processes, in one transaction. It need not reach the disk at once: lost with the power, it is done
/// again at the next start.
///
/// What was ended is written down in the audit log in the same transaction, where somebody says as whom; at a start nobody can yet, because the key of
/// the log is not there ([`crate::Db::audit_recovery`]).
pub(crate) fn recover(inner: &Inner, identity: Option<&AuditIdentity>) -> Result<Recovery, StoreError> {
    let own = inner.instance.to_string();
    let mut dead = Vec::new();
    for instance in inner.read_now(instances::concerned)? {
        if instance != own && !inner.home().lives(&instance)? {
            dead.push(instance);
        }
    }
    if dead.is_empty() {
        return Ok(Recovery::default());
    }
    let now = inner.clock.now();
    let recovery = inner.write_now(Durability::History, |tx| {
        let mut recovery = Recovery::default();
        for instance in &dead {
            end_instance(tx, instance, now, &mut recovery)?;
        }
        if let Some(identity) = identity {
            audit_events::recovered(tx, identity, &recovery, now)?;
        }
        Ok(recovery)
    })?;
    dead.iter().for_each(|instance| inner.home().bury(instance));
    if !recovery.is_empty() {
        inner.watch.tell();
    }
    Ok(recovery)
}

fn end_instance(tx: &rusqlite::Connection, instance: &str, now: Timestamp, recovery: &mut Recovery) -> Result<(), StoreError> {
    recovery.unknown_changes.extend(changes::orphans_sent(tx, instance, SENT)?);
    recovery.unsent_changes.extend(changes::orphans_unsent(tx, instance, UNSENT, now)?);
    recovery.open_trials.extend(trials::orphans(tx, instance)?);
    recovery.expired_approvals.extend(approvals::expire_orphans(tx, instance, now)?);
    for (run_id, session_id) in agent_executions::interrupt(tx, instance, RUN, now)? {
        for (session, call, status) in mcp_tool_calls::open_of_run(tx, &run_id.to_string())? {
            let output = interrupted_output(status);
            mcp_tool_calls::complete(tx, (&session, &call), status, &output, (Duration::ZERO, now))?;
        }
        recovery.interrupted_runs.push(InterruptedRun { run_id, session_id });
    }
    instances::delete(tx, instance)
}

/// What a call that a kill cut off is said to have come to, by the state of its writes.
fn interrupted_output(status: ToolCallStatus) -> String {
    let message = match status {
        ToolCallStatus::Ok => "The program was closed after this change was made and before it was reported.",
        ToolCallStatus::Unknown => SENT,
        ToolCallStatus::Error => "Business Central refused this change; the program was closed before it was reported. Nothing was changed.",
        ToolCallStatus::Aborted | ToolCallStatus::Rejected | ToolCallStatus::Expired => {
            "interrupted: the program was closed before this call ended. Nothing was changed by it."
        }
    };
    let text = |s: &str| Json::String(s.to_owned());
    Json::Object(vec![("status".into(), text(status.as_str())), ("message".into(), text(message))]).to_string()
}
