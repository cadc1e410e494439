#![allow(clippy::unwrap_used)]
use bca_protocol::{RawJson, Reviewer, RunId, SessionId};
use jiff::Timestamp;

use super::*;
use crate::render::samples::{request, update};

fn noted(kinds: Vec<EventKind>) -> Tally {
    let mut tally = Tally::default();
    let (run_id, session_id) = (RunId::new(), SessionId::new());
    for (seq, kind) in (1..).zip(kinds) {
        tally.note(&AgentEvent { seq, at: Timestamp::UNIX_EPOCH, run_id, session_id, kind });
    }
    tally
}

fn over(stop_reason: StopReason) -> EventKind {
    EventKind::RunCompleted { stop_reason }
}

fn resolved(decision: Decision) -> EventKind {
    EventKind::ApprovalResolved { approval_id: bca_protocol::ApprovalId::new(), decision, by: Reviewer::Terminal, edited: false, reason: None }
}

fn recorded(change_id: ChangeId, outcome: ChangeOutcome) -> EventKind {
    EventKind::ChangeRecorded { change_id, call_id: CallId::from_provider("call_1"), outcome, undoable: true }
}

fn completed(status: ToolCallStatus, output: &str) -> EventKind {
    let output = RawJson::parse(output.to_owned()).unwrap();
    EventKind::ToolCallCompleted { call_id: CallId::from_provider("call_1"), status, output, duration_ms: 1 }
}

#[test]
fn a_run_that_came_to_its_end_is_done_and_any_other_end_is_a_failure() {
    assert_eq!(noted(vec![over(StopReason::EndTurn)]).exit(), Exit::Done);
    for reason in [StopReason::MaxTurns, StopReason::Cancelled, StopReason::Error, StopReason::Refusal, StopReason::MaxTokens] {
        assert_eq!(noted(vec![over(reason)]).exit(), Exit::Failed);
    }
}

#[test]
fn rejected_and_expired_writes_are_told_apart_from_aborted_ones() {
    for decision in [Decision::Rejected, Decision::Expired] {
        assert_eq!(noted(vec![resolved(decision), over(StopReason::EndTurn)]).exit(), Exit::NotApproved);
    }
    assert_eq!(noted(vec![resolved(Decision::Aborted), over(StopReason::Cancelled)]).exit(), Exit::Failed);
}

#[test]
fn the_last_outcome_of_a_change_holds() {
    let change = ChangeId::new();
    let unknown = vec![recorded(change, ChangeOutcome::Unknown), completed(ToolCallStatus::Unknown, "{}"), over(StopReason::EndTurn)];
    assert_eq!(noted(unknown.clone()).exit(), Exit::Unknown);
    let settled = [unknown, vec![recorded(change, ChangeOutcome::Confirmed)]].concat();
    assert_eq!(noted(settled).exit(), Exit::Done);
}

#[test]
fn the_gravest_code_goes_before_the_others() {
    let kinds = vec![
        resolved(Decision::Rejected),
        recorded(ChangeId::new(), ChangeOutcome::Unknown),
        completed(ToolCallStatus::Error, r#"{"error":{"code":"not_signed_in","message":"x"}}"#),
        over(StopReason::Error),
    ];
    assert_eq!(noted(kinds.clone()).exit(), Exit::NotSignedIn);
    assert_eq!(noted(kinds[..2].to_vec()).exit(), Exit::Unknown);
}

#[test]
fn a_write_is_under_way_from_the_yes_until_its_outcome() {
    let asked = EventKind::ApprovalRequested(request(vec![update(Vec::new())]));
    assert_eq!(noted(vec![asked.clone()]).sending(), Sending::Nothing);
    assert_eq!(noted(vec![asked.clone(), resolved(Decision::Rejected)]).sending(), Sending::Nothing);
    let approved = vec![asked, resolved(Decision::Approved)];
    assert_eq!(noted(approved.clone()).sending(), Sending::Maybe);
    let done = [approved, vec![completed(ToolCallStatus::Ok, "{}")]].concat();
    assert_eq!(noted(done).sending(), Sending::Nothing);
}

#[test]
fn a_refused_write_is_a_failure_unless_a_later_one_made_it_good() {
    let refused = vec![recorded(ChangeId::new(), ChangeOutcome::Failed)];
    assert_eq!(noted([refused.clone(), vec![over(StopReason::EndTurn)]].concat()).exit(), Exit::Failed);
    let made_good = [refused, vec![recorded(ChangeId::new(), ChangeOutcome::Confirmed), over(StopReason::EndTurn)]].concat();
    assert_eq!(noted(made_good).exit(), Exit::Done);
}
