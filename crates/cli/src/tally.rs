//! What a run comes to, for the exit code.

use std::collections::{HashMap, HashSet};

use bca_protocol::{AgentEvent, CallId, ChangeId, ChangeOutcome, Decision, ErrorCode, EventKind, StopReason, ToolCallStatus};

use crate::{exit::Exit, render::tool, signals::Sending};

/// Counts what matters in one or more runs.
#[derive(Debug, Default)]
pub struct Tally {
    stop: Option<StopReason>,
    not_approved: bool,
    not_signed_in: bool,
    outcomes: HashMap<ChangeId, ChangeOutcome>,
    /// The write that was recorded last: a refused one that was followed by one that went well was made good.
    latest: Option<ChangeId>,
    unknown_calls: HashSet<CallId>,
    /// Calls in a question, until it is answered; then, where the answer was yes, until their outcome is recorded.
    asked: Vec<CallId>,
    under_way: HashSet<CallId>,
}

impl Tally {
    /// Takes one event.
    pub fn note(&mut self, event: &AgentEvent) {
        match &event.kind {
            EventKind::ApprovalRequested(request) => self.asked = request.changes.iter().map(|change| change.call_id.clone()).collect(),
            EventKind::ApprovalResolved { decision, .. } => self.resolved(*decision),
            EventKind::ChangeRecorded { change_id, call_id, outcome, .. } => {
                self.outcomes.insert(*change_id, *outcome);
                self.latest = Some(*change_id);
                self.under_way.remove(call_id);
                if *outcome != ChangeOutcome::Unknown {
                    self.unknown_calls.remove(call_id);
                }
            }
            EventKind::ToolCallCompleted { call_id, status, output, .. } => {
                self.under_way.remove(call_id);
                self.status(call_id, *status, output.tree().as_ref().ok().and_then(tool::code));
            }
            EventKind::Error { code, .. } => match code {
                ErrorCode::NotSignedIn | ErrorCode::NotConnected => self.not_signed_in = true,
                _ => {}
            },
            EventKind::RunCompleted { stop_reason } => self.stop = Some(*stop_reason),
            EventKind::RunStarted { .. }
            | EventKind::TurnStarted { .. }
            | EventKind::ThinkingDelta { .. }
            | EventKind::TextDelta { .. }
            | EventKind::MessageCompleted { .. }
            | EventKind::ToolCallStarted { .. }
            | EventKind::TodosUpdated { .. }
            | EventKind::Usage(_) => {}
        }
    }

    fn resolved(&mut self, decision: Decision) {
        let asked = std::mem::take(&mut self.asked);
        match decision {
            Decision::Approved => self.under_way.extend(asked),
            Decision::Rejected | Decision::Expired => self.not_approved = true,
            Decision::Aborted => {}
        }
    }

    /// How one tool call ended, with the code of its error.
    pub fn status(&mut self, call_id: &CallId, status: ToolCallStatus, code: Option<&str>) {
        match status {
            ToolCallStatus::Ok | ToolCallStatus::Aborted => {}
            ToolCallStatus::Error => self.not_signed_in |= code == Some(ErrorCode::NotSignedIn.as_str()),
            ToolCallStatus::Rejected | ToolCallStatus::Expired => self.not_approved = true,
            ToolCallStatus::Unknown => drop(self.unknown_calls.insert(call_id.clone())),
        }
    }

    /// Whether an approved write may be on its way now.
    #[must_use]
    pub fn sending(&self) -> Sending {
        if self.under_way.is_empty() { Sending::Nothing } else { Sending::Maybe }
    }

    /// Whether the run said that it is over.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        self.stop.is_some()
    }

    /// The gravest code that holds.
    #[must_use]
    pub fn exit(&self) -> Exit {
        let holds = |condition: bool, exit: Exit| if condition { exit } else { Exit::Done };
        let unknown = !self.unknown_calls.is_empty() || self.outcomes.values().any(|outcome| *outcome == ChangeOutcome::Unknown);
        let stopped = self.stop.is_some_and(|reason| reason != StopReason::EndTurn);
        let failed = self.latest.and_then(|latest| self.outcomes.get(&latest)) == Some(&ChangeOutcome::Failed);
        [
            holds(stopped || failed, Exit::Failed),
            holds(self.not_approved, Exit::NotApproved),
            holds(unknown, Exit::Unknown),
            holds(self.not_signed_in, Exit::NotSignedIn),
        ]
        .into_iter()
        .fold(Exit::Done, Ord::max)
    }
}

#[cfg(test)]
#[path = "tally_tests.rs"]
mod tests;
