//! Ids that new records bring along: found out, remembered, and what they are good for when an answer is lost. Both with a server that keeps
//! them and with one that does not.

use std::sync::Arc;

use bca_app::Key;
use bca_protocol::{ChangeState, ChangeView, DryRunSwitch, FieldEdit, Permissions, ReviewVerdict, Reviewer, Revision, ToolCallStatus};
use bca_sim::Switches;
use bca_testkit::{Books, Clocks, FAILING_COMPANY, Home, RunningApp, ScriptedModel, Turn, serve_failing};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::support::{CREATE, Stage, create, ended, set, statuses};

#[derive(Clone, Copy, PartialEq)]
enum Server {
    KeepsIds,
    GivesItsOwn,
}

async fn books(server: Server) -> Books {
    let switches = Switches { honours_client_ids: server == Server::KeepsIds, ..Switches::default() };
    Books::with(|options| bca_sim::Options { switches, ..options }).await
}

async fn finding_out(running: &RunningApp) {
    running.app.set_setting(Key::NewIds, Some("everywhere")).await.unwrap();
}

/// A stage on which it is found out, with a create of this name in each turn of the model.
async fn creating(server: Server, names: &[&str]) -> Stage {
    let turns = names.iter().enumerate().flat_map(|(at, name)| [Turn::calls(&[(&format!("call_{at}"), CREATE, create(name))]), Turn::text("Done.")]).collect();
    let stage = set(books(server).await, turns).await;
    finding_out(&stage.running).await;
    stage
}

/// The id in the n-th request that may change something.
fn sent_id(books: &Books, n: usize) -> Option<String> {
    let body: Value = serde_json::from_str(&books.writes()[n].body).unwrap();
    body["id"].as_str().map(str::to_owned)
}

async fn the_change(running: &RunningApp) -> ChangeView {
    running.app.changes(None).await.unwrap().remove(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_set_that_keeps_ids_gets_them_from_then_on_and_each_is_new() {
    let stage = creating(Server::KeepsIds, &["First", "Second"]).await;
    let (_, first) = stage.approved().await;
    let (_, second) = stage.approved().await;
    assert_eq!([statuses(&first)[0].1, statuses(&second)[0].1], [ToolCallStatus::Ok; 2]);
    let ids = [sent_id(&stage.books, 0).unwrap(), sent_id(&stage.books, 1).unwrap()];
    assert_ne!(ids[0], ids[1]);
    for (id, name) in ids.iter().zip(["First", "Second"]) {
        assert_eq!(stage.books.record("customers", id).await["displayName"], *name);
    }
    let question = first.question().await;
    let shown = &question.changes[0];
    assert!(shown.body.as_ref().unwrap().contains(&ids[0]), "what is shown and digested is what is sent");
    assert!(shown.notes.iter().any(|note| note.text.contains("an id of its own")) && shown.fields.iter().all(|field| field.name != "id"), "{shown:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_set_that_gives_its_own_ids_is_asked_once_and_it_is_no_difference() {
    let stage = creating(Server::GivesItsOwn, &["First", "Second"]).await;
    let (_, first) = stage.approved().await;
    stage.approved().await;
    let result: Value = serde_json::from_str(ended(&first)[0].2.as_str()).unwrap();
    assert_eq!((&result["status"], &result["differences"]), (&json!("confirmed"), &json!([])));
    assert_ne!(result["id"].as_str(), sent_id(&stage.books, 0).as_deref());
    assert!(sent_id(&stage.books, 0).is_some() && sent_id(&stage.books, 1).is_none(), "{:?}", stage.books.writes());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_found_out_outlives_the_program() {
    let stage = creating(Server::GivesItsOwn, &["First"]).await;
    stage.approved().await;
    stage.running.app.stop().await;
    let model = ScriptedModel::serve(vec![Turn::calls(&[("call_b", CREATE, create("Second"))])]).await;
    let again = stage.home.own(&stage.books, &model).await;
    again.send_and_answer("Go on", ReviewVerdict::Approve).await;
    assert_eq!(sent_id(&stage.books, 1), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn real_books_are_not_tried_out_unless_a_person_says_so() {
    for setting in [None, Some("never")] {
        let stage = creating(Server::KeepsIds, &["First"]).await;
        stage.running.app.set_setting(Key::NewIds, setting).await.unwrap();
        stage.approved().await;
        assert_eq!(sent_id(&stage.books, 0), None, "{setting:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_whose_answer_was_lost_is_found_by_its_id() {
    for (calls, fault) in [(1, "customers:POST:1:drop-after-commit"), (2, "*:POST:1:drop-after-commit")] {
        let writes: Vec<(String, Value)> = (0..calls).map(|n| (format!("call_{n}"), create(&format!("Lost {n}")))).collect();
        let turn = Turn::calls(&writes.iter().map(|(id, input)| (id.as_str(), CREATE, input.clone())).collect::<Vec<_>>());
        let stage = set(books(Server::KeepsIds).await, vec![turn]).await;
        finding_out(&stage.running).await;
        stage.books.fault(fault);
        let (_, events) = stage.approved().await;
        assert!(statuses(&events).iter().all(|(_, status)| *status == ToolCallStatus::Ok), "{fault}: {:?}", ended(&events));
        assert_eq!(stage.books.writes().len(), 1, "nothing is sent again");
        for change in stage.running.app.changes(None).await.unwrap() {
            assert_eq!(change.state, ChangeState::Confirmed);
            assert!(change.after.is_some_and(|after| after.as_str().contains("Lost")), "with its checkpoint, so that it can be undone");
        }
    }
}

/// A create whose request is lost on the way, a lookalike that somebody else makes, and a look more than ten minutes later.
async fn lost_with_a_lookalike(server: Server) -> (ChangeState, Stage, RunningApp) {
    let stage = creating(server, &["Before", "Lookalike"]).await;
    stage.approved().await;
    stage.books.fault("customers:POST:1:drop-before-commit");
    let (_, events) = stage.approved().await;
    assert_eq!(statuses(&events)[0].1, ToolCallStatus::Unknown);
    assert_eq!(the_change(&stage.running).await.state, ChangeState::Unknown, "it may still be committed");
    stage.books.create("customers", &json!({"displayName": "Lookalike"})).await;
    stage.running.app.stop().await;
    let clocks = Arc::new(Clocks::default());
    clocks.jump(SignedDuration::from_secs(661));
    let home: &Home = &stage.home;
    let later = home.own_by(clocks, &stage.books, &stage.model).await;
    let settled = async {
        loop {
            match the_change(&later).await.state {
                ChangeState::Unknown => tokio::time::sleep(std::time::Duration::from_millis(50)).await,
                state => return state,
            }
        }
    };
    let state = tokio::time::timeout(std::time::Duration::from_secs(3), settled).await.unwrap_or(ChangeState::Unknown);
    (state, stage, later)
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_kept_id_a_lookalike_makes_nothing_ambiguous() {
    let (state, stage, later) = lost_with_a_lookalike(Server::KeepsIds).await;
    assert_eq!(state, ChangeState::Failed, "{:?}", the_change(&later).await.message);
    assert_eq!(stage.books.writes().len(), 2, "nothing is sent again");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_one_a_lookalike_leaves_it_unknown() {
    let (state, ..) = lost_with_a_lookalike(Server::GivesItsOwn).await;
    assert_eq!(state, ChangeState::Unknown);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edited_create_keeps_its_id() {
    let stage = creating(Server::KeepsIds, &["Proposed"]).await;
    let (run, events, question) = stage.asked().await;
    let id = |question: &bca_protocol::ApprovalRequest| {
        let body: Value = serde_json::from_str(question.changes[0].body.as_ref().unwrap()).unwrap();
        body["id"].as_str().unwrap().to_owned()
    };
    let edit = bca_protocol::FieldEdit { change_id: question.changes[0].change_id, name: "displayName".into(), value: Some("Edited".into()) };
    let revision = Revision { approval_id: question.approval_id, digest: question.digest, edits: vec![edit], leave_out: Vec::new() };
    let second = stage.running.app.revise(revision, Reviewer::Window).await.unwrap();
    assert_eq!(id(&second), id(&question));
    assert!(second.changes[0].notes.iter().any(|note| note.text.contains("an id of its own")));
    stage.running.answer(&second, ReviewVerdict::Approve).await.unwrap();
    run.done.await.unwrap();
    assert_eq!(statuses(&events)[0].1, ToolCallStatus::Ok);
    assert_eq!(stage.books.record("customers", &id(&second)).await["displayName"], "Edited");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_can_bring_no_id_of_its_own() {
    let stage = set(books(Server::KeepsIds).await, Vec::new()).await;
    finding_out(&stage.running).await;
    let taken = stage.books.ids("customers", 1).await.remove(0);
    let input = json!({"entity": "customers", "data": {"displayName": "Another", "id": taken}});
    let events = bca_testkit::Events::new();
    let result = stage.running.app.call_tool(CREATE, bca_protocol::RawJson::parse(input.to_string()).unwrap(), events).await.unwrap();
    assert_eq!(result.status, ToolCallStatus::Error, "{}", result.output.as_str());
    assert!(stage.books.writes().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_that_may_be_about_the_id_is_not_tried_with_one_again() {
    let refusal = r#"{"error":{"code":"BadRequest_InvalidOperation","message":"Control 'id' is read-only."}}"#;
    let url = serve_failing(400, &[("content-type", "application/json")], refusal).await;
    let turns = ["call_a", "call_b"].map(|id| [Turn::calls(&[(id, CREATE, create("Refused"))]), Turn::text("Sorry.")]).concat();
    let (home, model) = (Home::new(), ScriptedModel::serve(turns).await);
    let running = home.own_at(&url, FAILING_COMPANY, &model).await;
    finding_out(&running).await;
    let mut told = Vec::new();
    for _ in 0..2 {
        let (_, events) = running.send_and_answer("Go on", ReviewVerdict::Approve).await;
        assert_eq!(statuses(&events)[0].1, ToolCallStatus::Error, "{:?}", ended(&events));
        told.push(ended(&events)[0].2.as_str().contains("proposed again, the record goes without one"));
    }
    assert_eq!(told, [true, false]);
    let changes = running.app.changes(None).await.unwrap();
    let brought: Vec<bool> = changes.iter().map(|change| change.preview.body.as_ref().unwrap().contains("\"id\"")).collect();
    assert_eq!(brought, [false, true], "the newest first");
    assert!(changes.iter().all(|change| change.state == ChangeState::Failed));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trial_tells_before_anybody_is_asked() {
    for (server, again) in [(Server::KeepsIds, true), (Server::GivesItsOwn, false)] {
        let stage = creating(server, &["First", "Second"]).await;
        let permissions = Permissions { dry_run: Some(DryRunSwitch::On), ..Permissions::default() };
        stage.running.app.set_permissions(None, permissions).await.unwrap();
        let mut brought = Vec::new();
        for _ in 0..2 {
            let (run, _, question) = stage.asked().await;
            brought.push(question.changes[0].body.as_ref().unwrap().contains("\"id\""));
            stage.running.answer(&question, ReviewVerdict::Reject { reason: None }).await.unwrap();
            run.done.await.unwrap();
        }
        assert_eq!(brought, [true, again]);
        assert_eq!((stage.books.named("customers", "First").await, stage.books.named("customers", "Second").await), (0, 0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_approved_while_an_edit_of_it_is_tried_out_is_no_alarm() {
    let stage = creating(Server::KeepsIds, &["Approved meanwhile"]).await;
    let permissions = Permissions { dry_run: Some(DryRunSwitch::On), ..Permissions::default() };
    stage.running.app.set_permissions(None, permissions).await.unwrap();
    let (run, _, question) = stage.asked().await;
    let edits = vec![FieldEdit { change_id: question.changes[0].change_id, name: "displayName".into(), value: Some("Edited".into()) }];
    let revision = Revision { approval_id: question.approval_id, digest: question.digest, edits, leave_out: Vec::new() };
    let tried = stage.books.requests().iter().filter(|request| request.isolation.is_some()).count();
    // The look behind the trial waits, so that it meets what was approved meanwhile.
    stage.books.fault("$batch:POST:2:slow=1500");
    let approve = async {
        while stage.books.requests().iter().filter(|request| request.isolation.is_some()).count() == tried {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        stage.running.answer(&question, ReviewVerdict::Approve).await.unwrap();
        run.done.await.unwrap();
    };
    let (refused, ()) = tokio::join!(stage.running.app.revise(revision, Reviewer::Window), approve);
    let refused = refused.unwrap_err();
    assert_eq!(refused.code, bca_protocol::ErrorCode::Conflict, "{refused}");
    assert_eq!(stage.running.app.permissions(None).await.unwrap().dry_run, DryRunSwitch::On, "it goes on being tried out");
    assert_eq!(stage.books.named("customers", "Approved meanwhile").await, 1);
}
