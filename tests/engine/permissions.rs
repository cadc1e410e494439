//! What a person or an organisation decided beforehand holds at the next question, whatever the model wants.

use bca_protocol::{
    AccessRole, AuditAction, AuditClient, AuditFilter, AuditOutcome, Decision, ErrorCode, EventKind, PermissionRule, Permissions, ReviewVerdict, Reviewer,
    RuleVerdict, StopReason, ToolCallStatus, WriteLimits, WriteOperation,
};
use bca_testkit::{Books, Turn};
use serde_json::json;

use crate::support::{CREATE, DELETE, QUERY, Stage, UPDATE, create, questions, rename, set, stage, statuses, the_end};

async fn permit(stage: &Stage, permissions: Permissions) {
    stage.running.app.set_permissions(None, permissions).await.unwrap();
}

async fn denials(stage: &Stage) -> usize {
    let filter = AuditFilter { action: Some(AuditAction::Denied), ..AuditFilter::default() };
    let page = stage.running.app.audit_page(&filter, None, 100).await.unwrap();
    assert!(page.entries.iter().all(|entry| entry.outcome == AuditOutcome::Refused && entry.run_id.is_some()));
    page.entries.len()
}

fn allow(entity: &str) -> PermissionRule {
    PermissionRule { tool: None, entity: Some(entity.into()), operation: None, verdict: RuleVerdict::Allow, expires_at: None }
}

/// A sandbox is known by its environment's name.
async fn sandbox(turns: Vec<Turn>) -> (Stage, bool) {
    let stage = stage(turns).await;
    let view = stage.running.app.connections().await.unwrap();
    let is_trial = view[0].kind == bca_protocol::ConnectionKind::Sandbox;
    (stage, is_trial)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_viewer_reads_and_nothing_more() {
    let calls = [("call_r", QUERY, json!({"entity": "customers", "top": 1})), ("call_w", CREATE, create("Unwanted"))];
    let stage = stage(vec![Turn::calls(&calls)]).await;
    permit(&stage, Permissions { role: AccessRole::Viewer, ..Permissions::default() }).await;
    let (stop, events, _) = stage.running.ask(None, "Go on").await;
    assert_eq!((stop, questions(&events)), (StopReason::EndTurn, 0));
    assert_eq!(statuses(&events), [("call_r".to_owned(), ToolCallStatus::Ok), ("call_w".to_owned(), ToolCallStatus::Error)]);
    assert!(stage.books.writes().is_empty());
    let told = stage.model.last().last_results();
    assert!(told.iter().any(|(id, is_error, text)| id == "call_w" && *is_error && text.contains("viewer") && text.contains("Nothing was changed")), "{told:?}");
    assert_eq!(denials(&stage).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_editor_changes_with_a_yes_and_deletes_nothing() {
    let books = Books::open().await;
    let id = books.ids("customers", 1).await.remove(0);
    let stage = set(
        books,
        vec![Turn::calls(&[("call_d", DELETE, json!({"entity": "customers", "id": id}))]), Turn::calls(&[("call_u", UPDATE, rename(&id, "Renamed"))])],
    )
    .await;
    permit(&stage, Permissions { role: AccessRole::Editor, ..Permissions::default() }).await;
    let (stop, events) = stage.approved().await;
    assert_eq!((stop, questions(&events)), (StopReason::EndTurn, 1));
    assert_eq!(stage.books.writes().iter().map(|write| write.method.as_str()).collect::<Vec<_>>(), ["PATCH"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn vat_numbers_are_written_only_where_they_were_lifted() {
    let input = json!({"entity": "customers", "data": {"displayName": "Lifted", "taxRegistrationNumber": "NO123456789"}});
    let stage = stage(vec![Turn::calls(&[("call_a", CREATE, input.clone())]), Turn::text("So be it."), Turn::calls(&[("call_b", CREATE, input)])]).await;
    let (_, events, _) = stage.running.ask(None, "Go on").await;
    let (status, said) = the_end(&events);
    assert_eq!(status, ToolCallStatus::Error);
    assert!(said.contains("taxRegistrationNumber") && said.contains("--lift"), "{said}");
    permit(&stage, Permissions { lifted_fields: vec!["taxRegistrationNumber".into()], ..Permissions::default() }).await;
    let (_, events) = stage.approved().await;
    assert_eq!(questions(&events), 1);
    assert_eq!(stage.books.named("customers", "Lifted").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_are_counted_over_questions_and_runs() {
    let turns = ["One", "Two", "Three"].map(|name| Turn::calls(&[(&format!("call_{name}"), CREATE, create(name))]));
    let stage = stage(turns.into_iter().flat_map(|turn| [turn, Turn::text("Done.")]).collect()).await;
    permit(&stage, Permissions { limits: WriteLimits { writes_per_hour: Some(2), ..WriteLimits::default() }, ..Permissions::default() }).await;
    for _ in 0..2 {
        stage.approved().await;
    }
    let (_, events, _) = stage.running.ask(None, "Go on").await;
    assert_eq!(questions(&events), 0);
    assert!(the_end(&events).1.contains("limit"), "{events:?}", events = the_end(&events));
    assert_eq!(stage.books.writes().len(), 2);
    let view = stage.running.app.permissions(None).await.unwrap();
    assert_eq!((view.writes_last_hour, view.writes_last_day), (2, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_makes_so_many_tool_calls_and_no_more() {
    let look = |id: &str| Turn::calls(&[(id, QUERY, json!({"entity": "customers", "top": 1}))]);
    let stage = stage(vec![look("call_1"), look("call_2"), look("call_3")]).await;
    permit(&stage, Permissions { limits: WriteLimits { tool_calls_per_run: Some(2), ..WriteLimits::default() }, ..Permissions::default() }).await;
    let (stop, events, _) = stage.running.ask(None, "Go on").await;
    assert_eq!(stop, StopReason::EndTurn);
    let ended: Vec<ToolCallStatus> = statuses(&events).into_iter().map(|(_, status)| status).collect();
    assert_eq!(ended, [ToolCallStatus::Ok, ToolCallStatus::Ok, ToolCallStatus::Error]);
}

#[tokio::test(flavor = "multi_thread")]
async fn so_many_runs_are_at_work_and_no_more() {
    let stage = stage(vec![Turn::calls(&[("call_a", CREATE, create("Waiting"))])]).await;
    permit(&stage, Permissions { limits: WriteLimits { concurrent_runs: Some(1), ..WriteLimits::default() }, ..Permissions::default() }).await;
    let (run, _, question) = stage.asked().await;
    let fault = stage.running.app.send(None, "Me too".into(), bca_testkit::Events::new()).await.err().unwrap();
    assert_eq!(fault.code, ErrorCode::Conflict);
    stage.running.answer(&question, ReviewVerdict::Reject { reason: None }).await.unwrap();
    run.done.await.unwrap();
    stage.goes_on(run.started.session_id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_rule_allows_goes_unasked_in_the_demo_is_told_and_can_be_taken_back() {
    let home = bca_testkit::Home::new();
    let running = home.demo().await;
    let set = async |rules| running.app.set_permissions(None, Permissions { rules, ..Permissions::default() }).await.unwrap();
    let view = set(vec![allow("customers")]).await;
    assert_eq!(view.allowed_now.len(), 1);
    let end = view.allowed_now[0].expires_at.unwrap();
    let changed = AuditFilter { action: Some(AuditAction::PermissionsChanged), ..AuditFilter::default() };
    let set_at = running.app.audit_page(&changed, None, 1).await.unwrap().entries[0].at;
    assert!((1..=8 * 3600).contains(&end.duration_since(set_at).as_secs()));
    let text = |name: &str| format!("Create a customer named {name} in Bergen with payment terms 14 days");
    let (stop, events, _) = running.ask(None, &text("Harbor Lights Ltd")).await;
    assert_eq!(stop, StopReason::EndTurn);
    let resolved: Vec<_> = events
        .all()
        .into_iter()
        .filter_map(|event| if let EventKind::ApprovalResolved { decision, by, reason, .. } = event.kind { Some((decision, by, reason)) } else { None })
        .collect();
    let [(Decision::Approved, Reviewer::Automation, Some(reason))] = &resolved[..] else { panic!("{resolved:?}") };
    assert!(reason.contains("rule"), "{reason}");
    assert_eq!(running.app.changes(None).await.unwrap().len(), 1);
    let filter = AuditFilter { client: Some(AuditClient::Automation), ..AuditFilter::default() };
    let decided = running.app.audit_page(&filter, None, 10).await.unwrap().entries;
    assert_eq!(decided.iter().map(|entry| entry.action).collect::<Vec<_>>(), [AuditAction::ApprovalDecided]);
    set(vec![]).await;
    let (run, events) = running.send(None, &text("Second Light Ltd")).await;
    let question = events.question().await;
    running.answer(&question, ReviewVerdict::Reject { reason: None }).await.unwrap();
    run.done.await.unwrap();
    running.app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn elsewhere_the_same_rule_asks() {
    let (stage, is_trial) = sandbox(vec![Turn::calls(&[("call_a", CREATE, create("Asked"))])]).await;
    assert!(!is_trial);
    permit(&stage, Permissions { rules: vec![allow("customers")], ..Permissions::default() }).await;
    let (_, events) = stage.approved().await;
    assert_eq!(questions(&events), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_amount_is_typed() {
    let input = json!({"entity": "customers", "data": {"displayName": "Rich", "creditLimit": 250000.50}});
    let stage = stage(vec![Turn::calls(&[("call_a", CREATE, input)])]).await;
    permit(&stage, Permissions { limits: WriteLimits { typed_above: Some("100000".into()), ..WriteLimits::default() }, ..Permissions::default() }).await;
    let (run, _, question) = stage.asked().await;
    assert_eq!(question.typed.as_deref(), Some("250000.5"));
    let mut clicked = question.clone();
    clicked.typed = None;
    stage.running.answer(&clicked, ReviewVerdict::Approve).await.unwrap_err();
    assert!(stage.books.writes().is_empty());
    stage.running.answer(&question, ReviewVerdict::Approve).await.unwrap();
    run.done.await.unwrap();
    assert_eq!(stage.books.named("customers", "Rich").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_decided_while_a_question_waits_holds() {
    let stage = stage(vec![Turn::calls(&[("call_a", CREATE, create("Late"))])]).await;
    let (run, events, question) = stage.asked().await;
    permit(&stage, Permissions { role: AccessRole::Viewer, ..Permissions::default() }).await;
    stage.running.answer(&question, ReviewVerdict::Approve).await.unwrap();
    assert_eq!(run.done.await.unwrap(), StopReason::EndTurn);
    assert_eq!(the_end(&events).0, ToolCallStatus::Error);
    assert!(stage.books.writes().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_organisation_pins_what_a_person_can_not_loosen_and_a_bad_file_denies() {
    let turns = ["One", "Two", "Three"].map(|name| Turn::calls(&[(&format!("call_{name}"), CREATE, create(name))]));
    let stage = stage(turns.into_iter().flat_map(|turn| [turn, Turn::text("Done.")]).collect()).await;
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("policy.json");
    stage.running.app.set_policy_file(&file);
    let tried = async || {
        let (_, events, _) = stage.running.ask(None, "Go on").await;
        assert_eq!(questions(&events), 0);
        the_end(&events).1
    };
    std::fs::write(&file, r#"{"version":1,"role":"viewer"}"#).unwrap();
    let ask = PermissionRule { tool: None, entity: None, operation: Some(WriteOperation::Create), verdict: RuleVerdict::Ask, expires_at: None };
    permit(&stage, Permissions { role: AccessRole::Admin, rules: vec![ask], ..Permissions::default() }).await;
    assert!(tried().await.contains("organisation"));
    std::fs::write(&file, "{").unwrap();
    assert!(tried().await.contains("can't be used"));
    std::fs::write(&file, r#"{"version":1}"#).unwrap();
    let (_, events) = stage.approved().await;
    assert_eq!((questions(&events), stage.books.writes().len()), (1, 1));
}
