#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use std::time::Duration;

use bca_approval::{CanonicalRequest, IntentLog, Method, Settlement, Target, set_digest};
use bca_protocol::{
    CallId, ChangeId, ChangeOutcome, ChangePreview, ChangeSetId, Connection, ConnectionKind, Effect, Priority, RawJson, RunId, SessionId, Undoable,
    WriteOperation,
};
use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::transcript::tests::open;

fn planned(n: usize) -> PlannedWrite {
    let target =
        Target { root: "http://127.0.0.1/api/v2.0".into(), tenant: String::new(), environment: "demo".into(), company_id: "c".into(), account: "demo".into() };
    let request = CanonicalRequest { target, method: Method::Post, path: "customers".into(), if_match: None, body: Some(format!(r#"{{"n":{n}.10}}"#)) };
    let preview = ChangePreview {
        change_id: ChangeId::new(),
        call_id: CallId::fresh(),
        operation: WriteOperation::Create,
        action: None,
        effect: Effect::Write,
        entity: "customers".into(),
        key: None,
        title: format!("Create customer {n}"),
        fields: Vec::new(),
        notes: Vec::new(),
        undo: Undoable::No { why: "A test.".into() },
        undoes: None,
        undoes_also: Vec::new(),
        conflicts: Vec::new(),
        method: "POST".into(),
        path: request.path.clone(),
        if_match: None,
        body: request.body.clone(),
        digest: request.digest(),
    };
    PlannedWrite { request, preview, before: Some(RawJson::parse("{}".into()).unwrap()) }
}

pub(crate) fn question(writes: usize) -> (ApprovalRequest, Vec<PlannedWrite>) {
    let writes: Vec<PlannedWrite> = (0..writes).map(planned).collect();
    let now = Timestamp::from_microsecond(Timestamp::now().as_microsecond()).unwrap();
    let text = |s: &str| s.to_owned();
    let connection = Connection {
        name: text("demo"),
        kind: ConnectionKind::Demo,
        tenant: text(""),
        environment: text("demo"),
        company: text("Demo"),
        company_id: text("c"),
        account: text("demo"),
    };
    let request = ApprovalRequest {
        approval_id: ApprovalId::new(),
        change_set_id: ChangeSetId::new(),
        session_id: SessionId::new(),
        run_id: RunId::new(),
        digest: set_digest(writes.iter().map(|w| &w.preview.digest)),
        priority: Priority::Medium,
        requested_at: now,
        expires_at: now + SignedDuration::from_secs(300),
        connection,
        changes: writes.iter().map(|w| w.preview.clone()).collect(),
        left_out: Vec::new(),
        title: None,
        revision: 0,
        typed: None,
        dry_run: None,
    };
    (request, writes)
}

pub(crate) fn answer(decision: Decision, at: Timestamp) -> Resolution {
    let by = match decision {
        Decision::Approved => Reviewer::Window,
        Decision::Rejected => Reviewer::Terminal,
        Decision::Expired => Reviewer::Clock,
        Decision::Aborted => Reviewer::Engine,
    };
    Resolution { decision, by, reason: None, at }
}

#[tokio::test]
async fn a_write_goes_from_planned_to_confirmed_with_its_checkpoint() {
    let home = tempfile::tempdir().unwrap();
    let db = open(home.path());
    let (request, writes) = question(2);
    db.ask(&request, &writes, Quota::default()).await.unwrap();
    assert_eq!(db.standing(request.approval_id).await.unwrap().resolution, None);
    assert_eq!(db.pending_approvals().await.unwrap()[0].request, request);
    let (first, second) = (writes[0].change_id(), writes[1].change_id());
    db.sending(first, request.requested_at).await.unwrap_err();
    let yes = answer(Decision::Approved, request.requested_at);
    assert_eq!(db.resolve(request.approval_id, request.digest, &yes).await.unwrap(), Some(yes.clone()));
    db.sending(first, request.requested_at).await.unwrap();
    db.sending(first, request.requested_at).await.unwrap_err();
    let after = RawJson::parse(r#"{"n":1.10}"#.into()).unwrap();
    let mut settlement =
        Settlement { outcome: ChangeOutcome::Unknown, message: Some("?".into()), key: None, after: None, correlation_id: None, at: request.requested_at };
    db.settled(first, &settlement).await.unwrap();
    let unknown = db.unknown_changes().await.unwrap();
    assert_eq!((unknown.len(), &unknown[0].planned), (1, &writes[0]));
    settlement = Settlement { outcome: ChangeOutcome::Confirmed, message: None, key: Some("k".into()), after: Some(after.clone()), ..settlement };
    db.settled(first, &settlement).await.unwrap();
    db.settled(first, &settlement).await.unwrap();
    settlement.outcome = ChangeOutcome::Failed;
    db.settled(first, &settlement).await.unwrap_err();
    db.not_sent(second, "stopped", request.requested_at).await.unwrap();
    db.sending(second, request.requested_at).await.unwrap_err();
    let views = db.changes(None, 10).await.unwrap();
    assert_eq!(views.iter().map(|v| v.state).collect::<Vec<_>>(), [ChangeState::NotSent, ChangeState::Confirmed]);
    assert_eq!((views[1].after.clone(), views[1].before.clone()), (Some(after), writes[0].before.clone()));
    assert_eq!(db.change(first).await.unwrap(), views[1]);
    assert_eq!(db.changes(Some(second), 10).await.unwrap(), views[1..]);
}

#[tokio::test]
async fn another_process_sees_that_the_books_were_written_to() {
    let home = tempfile::tempdir().unwrap();
    let (db, other) = (open(home.path()), open(home.path()));
    let (request, writes) = question(1);
    let (target, id) = (writes[0].request.target.clone(), writes[0].change_id());
    let elsewhere = Target { company_id: "another".into(), ..target.clone() };
    db.ask(&request, &writes, Quota::default()).await.unwrap();
    db.resolve(request.approval_id, request.digest, &answer(Decision::Approved, request.requested_at)).await.unwrap();
    assert_eq!(other.books_version(&target).await.unwrap(), 0, "nothing has left yet");
    db.sending(id, request.requested_at).await.unwrap();
    let left = other.books_version(&target).await.unwrap();
    let failed = Settlement { outcome: ChangeOutcome::Failed, message: None, key: None, after: None, correlation_id: None, at: request.requested_at };
    db.settled(id, &failed).await.unwrap();
    let done = other.books_version(&target).await.unwrap();
    assert!(0 < left && left < done, "{left} {done}");
    assert_eq!(other.books_version(&elsewhere).await.unwrap(), 0);
}

#[tokio::test]
async fn a_yes_counts_only_for_the_digest_and_before_the_deadline() {
    let home = tempfile::tempdir().unwrap();
    let db = open(home.path());
    let (request, writes) = question(1);
    db.ask(&request, &writes, Quota::default()).await.unwrap();
    let yes = answer(Decision::Approved, request.requested_at);
    assert_eq!(db.resolve(request.approval_id, Digest::from_bytes([7; 32]), &yes).await.unwrap(), None);
    assert_eq!(db.resolve(ApprovalId::new(), request.digest, &yes).await.unwrap(), None);
    let late = answer(Decision::Approved, request.expires_at);
    let held = db.resolve(request.approval_id, request.digest, &late).await.unwrap().unwrap();
    assert_eq!((held.decision, held.by), (Decision::Expired, Reviewer::Clock));
    assert_eq!(db.resolve(request.approval_id, request.digest, &yes).await.unwrap(), Some(held));
    assert_eq!(db.change(writes[0].change_id()).await.unwrap().state, ChangeState::NotSent);
}

#[tokio::test]
async fn what_is_asked_must_be_what_would_be_sent() {
    let home = tempfile::tempdir().unwrap();
    let db = open(home.path());
    let (mut request, writes) = question(2);
    request.changes.pop();
    db.ask(&request, &writes, Quota::default()).await.unwrap_err();
    let (mut request, writes) = question(1);
    request.digest = Digest::from_bytes([1; 32]);
    db.ask(&request, &writes, Quota::default()).await.unwrap_err();
    assert_eq!(db.changes(None, 10).await.unwrap(), []);
}

#[tokio::test]
async fn a_yes_for_a_process_that_is_gone_is_none_and_only_the_asker_sends() {
    let home = tempfile::tempdir().unwrap();
    let (asker, other) = (open(home.path()), open(home.path()));
    let (request, writes) = question(1);
    asker.ask(&request, &writes, Quota::default()).await.unwrap();
    let (second, more) = question(1);
    asker.ask(&second, &more, Quota::default()).await.unwrap();
    let yes = answer(Decision::Approved, request.requested_at);
    assert_eq!(other.resolve(request.approval_id, request.digest, &yes).await.unwrap(), Some(yes.clone()));
    other.sending(writes[0].change_id(), request.requested_at).await.unwrap_err();
    drop(asker);
    let held = other.resolve(second.approval_id, second.digest, &answer(Decision::Approved, second.requested_at)).await.unwrap().unwrap();
    assert_eq!((held.decision, held.by), (Decision::Expired, Reviewer::Engine));
    let recovery = other.recover().await.unwrap();
    assert_eq!(recovery.unsent_changes, [writes[0].change_id()]);
    assert_eq!(other.change(writes[0].change_id()).await.unwrap().state, ChangeState::NotSent);
}

#[tokio::test(flavor = "multi_thread")]
async fn races_of_yes_no_and_the_clock_have_one_end_each() {
    let home = tempfile::tempdir().unwrap();
    let (one, other) = (open(home.path()), open(home.path()));
    for round in 0..50 {
        let (request, writes) = question(1);
        one.ask(&request, &writes, Quota::default()).await.unwrap();
        let answers = [(&one, Decision::Approved), (&other, Decision::Rejected), (&one, Decision::Expired), (&other, Decision::Approved)];
        let racing = answers.map(|(db, decision)| {
            let (db, request) = (db.clone(), request.clone());
            tokio::spawn(async move { db.resolve(request.approval_id, request.digest, &answer(decision, request.requested_at)).await.unwrap() })
        });
        let mut held = Vec::new();
        for task in racing {
            held.push(task.await.unwrap().unwrap());
        }
        assert!(held.iter().all(|resolution| *resolution == held[0]), "round {round}: {held:?}");
        assert_eq!(other.standing(request.approval_id).await.unwrap().resolution, Some(held[0].clone()));
        let expected = if held[0].decision == Decision::Approved { ChangeState::Approved } else { ChangeState::NotSent };
        assert_eq!(other.change(writes[0].change_id()).await.unwrap().state, expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_from_another_handle_is_noticed() {
    let home = tempfile::tempdir().unwrap();
    let (asker, other) = (open(home.path()), open(home.path()));
    for from in [&other, &asker] {
        let (request, writes) = question(1);
        asker.ask(&request, &writes, Quota::default()).await.unwrap();
        let waiting = asker.clone();
        let waiter = tokio::spawn(async move {
            loop {
                if let Some(resolution) = waiting.standing(request.approval_id).await.unwrap().resolution {
                    return resolution;
                }
                waiting.changed().await;
            }
        });
        let no = answer(Decision::Rejected, request.requested_at);
        from.resolve(request.approval_id, request.digest, &no).await.unwrap();
        assert_eq!(tokio::time::timeout(Duration::from_secs(5), waiter).await.unwrap().unwrap(), no);
    }
}

#[tokio::test]
async fn a_full_disk_is_told_and_nothing_is_half_stored() {
    let home = tempfile::tempdir().unwrap();
    let db = open(home.path());
    let room = |pages: i64| {
        let set = |tx: &rusqlite::Transaction<'_>| Ok(tx.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |row| row.get::<_, i64>(0))?);
        db.inner.write_now(Durability::Durable, set).unwrap()
    };
    room(1);
    let (request, writes) = question(400);
    let refused = db.ask(&request, &writes, Quota::default()).await.unwrap_err();
    assert!(refused.to_string().contains("disk is full"), "{refused}");
    assert_eq!((db.changes(None, 10).await.unwrap(), db.approvals(None, 10).await.unwrap()), (vec![], vec![]));
    room(1_000_000);
    db.ask(&request, &writes, Quota::default()).await.unwrap();
    let yes = answer(Decision::Approved, request.requested_at);
    db.resolve(request.approval_id, request.digest, &yes).await.unwrap();
    assert_eq!(db.changes(None, 1_000).await.unwrap().len(), 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_that_ask_at_once_share_a_limit() {
    let home = tempfile::tempdir().unwrap();
    let quota = Quota { per_hour: Some(5), per_day: Some(7) };
    let processes = [open(home.path()), open(home.path()), open(home.path())];
    let asks = (0..12).map(|n| {
        let db = processes[n % processes.len()].clone();
        tokio::spawn(async move {
            let (request, writes) = question(1);
            db.ask(&request, &writes, quota).await.map(|()| request)
        })
    });
    let mut asked = Vec::new();
    for ask in asks.collect::<Vec<_>>() {
        match ask.await.unwrap() {
            Ok(request) => asked.push(request),
            Err(NotAsked::UsedUp(sentence)) => assert!(sentence.contains("5 writes in an hour"), "{sentence}"),
            Err(fault) => panic!("{fault}"),
        }
    }
    assert_eq!(asked.len(), 5);
    // What is given up counts no more; a set counts whole.
    let db = &processes[0];
    let no = answer(Decision::Rejected, asked[0].requested_at);
    db.resolve(asked[0].approval_id, asked[0].digest, &no).await.unwrap();
    let (two, writes) = question(2);
    assert!(matches!(db.ask(&two, &writes, quota).await, Err(NotAsked::UsedUp(_))));
    let (one, writes) = question(1);
    db.ask(&one, &writes, quota).await.unwrap();
}

#[tokio::test]
async fn a_yes_that_is_withdrawn_leaves_nothing_approved() {
    let home = tempfile::tempdir().unwrap();
    let db = open(home.path());
    let (request, writes) = question(3);
    db.ask(&request, &writes, Quota::default()).await.unwrap();
    db.resolve(request.approval_id, request.digest, &answer(Decision::Approved, request.requested_at)).await.unwrap();
    db.sending(writes[0].change_id(), request.requested_at).await.unwrap();
    ApprovalLog::withdraw(&db, request.approval_id, "The rules were changed.", request.requested_at).await.unwrap();
    let state = async |n: usize| db.change(writes[n].change_id()).await.unwrap();
    assert_eq!(state(0).await.state, ChangeState::Sending, "what is on its way is nobody's to take back");
    for n in [1, 2] {
        assert_eq!((state(n).await.state, state(n).await.message.as_deref()), (ChangeState::NotSent, Some("The rules were changed.")));
        db.sending(writes[n].change_id(), request.requested_at).await.unwrap_err();
    }
    assert!(db.approved(request.approval_id).await.unwrap().is_empty());
}
