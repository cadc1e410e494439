#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use bca_approval::{ApprovalLog, IntentLog, Quota, Settlement, set_digest};
use bca_protocol::{ChangeOutcome, ChangeState, Decision};

use super::*;
use crate::{
    approval_log::tests::{answer, question},
    transcript::tests::open,
};

fn edited(write: &PlannedWrite, body: &str) -> PlannedWrite {
    let mut write = write.clone();
    write.request.body = Some(body.into());
    write.preview.body = Some(body.into());
    write.preview.digest = write.request.digest();
    write
}

/// The question with these writes kept and those taken out.
fn revised(request: &ApprovalRequest, kept: &[PlannedWrite], out: &[PlannedWrite]) -> (ApprovalRequest, Vec<PlannedWrite>) {
    let mut request = request.clone();
    request.digest = set_digest(kept.iter().map(|w| &w.preview.digest));
    request.changes = kept.iter().map(|w| w.preview.clone()).collect();
    request.left_out = out.iter().map(|w| w.preview.clone()).collect();
    (request, kept.iter().chain(out).cloned().collect())
}

#[tokio::test]
async fn an_edit_takes_the_place_of_what_was_shown_and_both_are_kept() {
    let home = tempfile::tempdir().unwrap();
    let db = open(home.path());
    let (first, writes) = question(3);
    db.ask(&first, &writes, Quota::default()).await.unwrap();
    let kept = [edited(&writes[0], "{\"n\":7}"), writes[2].clone()];
    let (request, all) = revised(&first, &kept, &writes[1..2]);
    let second = db.revise(first.digest, request, all, Reviewer::Terminal, first.requested_at).await.unwrap();
    assert_eq!((second.revision, second.expires_at), (1, first.expires_at));
    assert_eq!(db.approval(first.approval_id).await.unwrap().request, second);
    assert_eq!(db.proposed(first.approval_id).await.unwrap(), writes);

    let yes = answer(Decision::Approved, first.requested_at);
    assert_eq!(db.resolve(first.approval_id, first.digest, &yes).await.unwrap(), None, "the first version is no longer there to be approved");
    db.approved(first.approval_id).await.unwrap_err();
    assert_eq!(db.resolve(first.approval_id, second.digest, &yes).await.unwrap(), Some(yes));
    assert_eq!(db.approved(first.approval_id).await.unwrap(), kept);
    let out = db.change(writes[1].change_id()).await.unwrap();
    assert_eq!(out.state, ChangeState::NotSent);
    db.sending(writes[1].change_id(), first.requested_at).await.unwrap_err();
    let versions = db.revisions(first.approval_id).await.unwrap();
    assert_eq!(versions.iter().map(|v| (v.request.clone(), v.by)).collect::<Vec<_>>(), [(first, None), (second, Some(Reviewer::Terminal))]);
}

#[tokio::test]
async fn an_edit_counts_only_for_the_version_that_was_seen_and_in_time() {
    let home = tempfile::tempdir().unwrap();
    let db = open(home.path());
    let (first, writes) = question(2);
    db.ask(&first, &writes, Quota::default()).await.unwrap();
    let edit = |n: u32| revised(&first, &[edited(&writes[0], &format!("{{\"n\":{n}}}")), writes[1].clone()], &[]);
    let (request, all) = edit(1);
    let late = db.revise(first.digest, request.clone(), all.clone(), Reviewer::Window, first.expires_at).await;
    assert!(matches!(late, Err(StoreError::Conflict(_))), "{late:?}");
    db.revise(first.digest, request, all, Reviewer::Window, first.requested_at).await.unwrap();
    let (request, all) = edit(2);
    let stale = db.revise(first.digest, request, all, Reviewer::Window, first.requested_at).await;
    assert!(matches!(stale, Err(StoreError::Conflict(_))), "{stale:?}");
    let now = db.approval(first.approval_id).await.unwrap().request;
    db.resolve(first.approval_id, now.digest, &answer(Decision::Rejected, first.requested_at)).await.unwrap();
    let (request, all) = edit(3);
    let answered = db.revise(now.digest, request, all, Reviewer::Window, first.requested_at).await;
    assert!(matches!(answered, Err(StoreError::Conflict(_))), "{answered:?}");
}

#[tokio::test]
async fn an_edit_must_show_what_it_would_send_and_leave_something() {
    let home = tempfile::tempdir().unwrap();
    let db = open(home.path());
    let (first, writes) = question(2);
    db.ask(&first, &writes, Quota::default()).await.unwrap();
    let mut lie = writes[0].clone();
    lie.preview.body = Some("{\"n\":0}".into());
    for (kept, out) in [(vec![lie, writes[1].clone()], vec![]), (vec![], writes.clone()), (vec![writes[0].clone()], vec![])] {
        let (request, mut all) = revised(&first, &kept, &out);
        if kept.len() == 1 {
            all.push(writes[1].clone());
        }
        let refused = db.revise(first.digest, request, all, Reviewer::Window, first.requested_at).await;
        assert!(matches!(refused, Err(StoreError::Invalid(_))), "{refused:?}");
    }
    assert_eq!(db.approval(first.approval_id).await.unwrap().request, first);
}

/// Asks, approves and confirms one write that may take another back.
async fn confirmed(db: &Db, undoes: Option<ChangeId>) -> ChangeId {
    let (mut request, mut writes) = question(1);
    writes[0].preview.undoes = undoes;
    request.changes[0].undoes = undoes;
    db.ask(&request, &writes, Quota::default()).await.unwrap();
    db.resolve(request.approval_id, request.digest, &answer(Decision::Approved, request.requested_at)).await.unwrap();
    let id = writes[0].change_id();
    db.sending(id, request.requested_at).await.unwrap();
    let settlement = Settlement { outcome: ChangeOutcome::Confirmed, message: None, key: None, after: None, correlation_id: None, at: request.requested_at };
    db.settled(id, &settlement).await.unwrap();
    id
}

#[tokio::test]
async fn an_undo_of_an_undo_brings_the_first_change_back_in_force() {
    let home = tempfile::tempdir().unwrap();
    let db = open(home.path());
    let undone_by = async |id| db.change(id).await.unwrap().undone_by;
    let first = confirmed(&db, None).await;
    let second = confirmed(&db, Some(first)).await;
    assert_eq!(undone_by(first).await, Some(second));
    let third = confirmed(&db, Some(second)).await;
    assert_eq!((undone_by(first).await, undone_by(second).await), (None, Some(third)));
    let fourth = confirmed(&db, Some(third)).await;
    assert_eq!((undone_by(first).await, undone_by(second).await, undone_by(third).await), (Some(second), None, Some(fourth)));
}

#[tokio::test]
async fn one_undo_at_a_time() {
    let home = tempfile::tempdir().unwrap();
    let db = open(home.path());
    let first = confirmed(&db, None).await;
    let asked = async || {
        let (mut request, mut writes) = question(1);
        (request.changes[0].undoes, writes[0].preview.undoes) = (Some(first), Some(first));
        db.ask(&request, &writes, Quota::default()).await.map(|()| request)
    };
    let waiting = asked().await.unwrap();
    assert!(db.undo_under_way(first).await.unwrap());
    asked().await.unwrap_err();
    db.resolve(waiting.approval_id, waiting.digest, &answer(Decision::Rejected, waiting.requested_at)).await.unwrap();
    assert!(!db.undo_under_way(first).await.unwrap());
    asked().await.unwrap();
}
