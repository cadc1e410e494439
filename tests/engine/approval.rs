//! What is shown is what is sent; every other answer than a yes sends nothing.

use bca_app::Key;
use bca_protocol::{Block, ChangeState, Decision, ErrorCode, EventKind, ReviewVerdict, Role, StopReason, ToolCallStatus};
use bca_testkit::{End, Home, Part, Turn};
use serde_json::json;

use crate::support::{CREATE, UPDATE, create, ended, rename, set, stage, the_end};

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_creates_a_customer_after_approval() {
    let home = Home::new();
    let running = home.demo().await;
    let text = "Create a customer named Harbor Lights Ltd in Bergen with payment terms 14 days";
    let (stop, events) = running.send_and_answer(text, ReviewVerdict::Approve).await;
    assert_eq!(stop, StopReason::EndTurn);
    let confirmed = running.app.changes(None).await.unwrap().into_iter().filter(|change| change.state == ChangeState::Confirmed).count();
    assert_eq!(confirmed, 1);
    assert!(events.text().contains("Harbor Lights"), "{}", events.text());
    running.app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_shown_is_what_arrives() {
    let stage =
        stage(vec![Turn::calls(&[("call_a", CREATE, json!({"entity": "customers", "data": {"displayName": "Ærlig & Sønn \"AS\"", "city": "Tromsø"}}))])]).await;
    let (run, events, question) = stage.asked().await;
    assert!(stage.books.writes().is_empty());
    stage.running.answer(&question, ReviewVerdict::Approve).await.unwrap();
    assert_eq!(run.done.await.unwrap(), StopReason::EndTurn);

    let [write] = &stage.books.writes()[..] else { panic!("one write") };
    let [change] = &question.changes[..] else { panic!("one change") };
    assert_eq!(Some(&write.body), change.body.as_ref());
    assert_eq!(write.method, change.method);
    assert!(write.path.ends_with(change.path.trim_start_matches('/')), "{} {}", write.path, change.path);
    let shown: Vec<_> = change.fields.iter().map(|field| (field.name.as_str(), field.after.as_deref().unwrap())).collect();
    let sent: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&write.body).unwrap();
    let sent: Vec<_> = sent.iter().map(|(name, value)| (name.as_str(), value.as_str().unwrap())).collect();
    assert_eq!(shown, sent);

    let detail = stage.running.app.session(run.started.session_id).await.unwrap();
    let all = events.all();
    let told: Vec<_> = all
        .iter()
        .filter_map(|e| if let EventKind::MessageCompleted { message_id, content, .. } = &e.kind { Some((*message_id, content.clone())) } else { None })
        .collect();
    let stored: Vec<_> = detail.messages.iter().map(|m| (m.message_id, m.content.clone())).collect();
    assert_eq!(told, stored);
    let stored: Vec<_> = detail.tool_calls.iter().map(|c| (c.call_id.to_string(), c.status.unwrap(), c.output.clone().unwrap())).collect();
    assert_eq!(ended(&events), stored);
    assert_eq!(detail.approvals.iter().map(|a| &a.request).collect::<Vec<_>>(), [&question]);
    assert_eq!(detail.changes.iter().map(|c| (&c.preview, c.state)).collect::<Vec<_>>(), [(change, ChangeState::Confirmed)]);
    assert_eq!(all.iter().map(|e| e.seq).collect::<Vec<_>>(), (1..=all.len() as u64).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_plan_is_stored_as_it_was_told() {
    let todos = json!({"todos": [{"content": "Look", "status": "completed"}, {"content": "Write", "status": "in_progress"}]});
    let stage = stage(vec![Turn::calls(&[("call_t", "todo_write", todos)])]).await;
    let (stop, events, session) = stage.running.ask(None, "Plan it").await;
    assert_eq!(stop, StopReason::EndTurn);
    let last = events.all().into_iter().rev().find_map(|e| if let EventKind::TodosUpdated { todos } = e.kind { Some(todos) } else { None });
    let detail = stage.running.app.session(session).await.unwrap();
    assert_eq!(Some(&detail.runs[0].todos), last.as_ref());
    assert_eq!(detail.runs[0].todos.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rejection_sends_nothing_and_its_reason_reaches_the_model() {
    let stage = stage(vec![Turn::calls(&[("call_a", CREATE, create("Unwanted"))])]).await;
    let reason = "We have them already as 10020";
    let (stop, events) = stage.running.send_and_answer("Go on", ReviewVerdict::Reject { reason: Some(reason.into()) }).await;
    assert_eq!(stop, StopReason::EndTurn);
    assert!(stage.books.writes().is_empty());
    assert_eq!(the_end(&events).0, ToolCallStatus::Rejected);
    let [(id, is_error, text)] = &stage.model.last().last_results()[..] else { panic!("one result") };
    let said: serde_json::Value = serde_json::from_str(text).unwrap();
    assert_eq!((id.as_str(), *is_error, &said["status"], &said["reason"]), ("call_a", true, &json!("rejected"), &json!(reason)));
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_is_no() {
    let stage = stage(vec![Turn::calls(&[("call_a", CREATE, create("Slow"))])]).await;
    stage.running.app.set_setting(Key::ApprovalTimeout, Some("1")).await.unwrap();
    let (run, events, question) = stage.asked().await;
    assert_eq!(run.done.await.unwrap(), StopReason::EndTurn);
    assert_eq!(the_end(&events).0, ToolCallStatus::Expired);
    assert!(stage.model.last().last_results()[0].2.contains("\"expired\""));
    let late = stage.running.answer(&question, ReviewVerdict::Approve).await.unwrap();
    assert_eq!(late, Decision::Expired);
    assert!(stage.books.writes().is_empty());
    assert_eq!(stage.running.app.changes(None).await.unwrap()[0].state, ChangeState::NotSent);
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelling_takes_the_question_back() {
    let stage = stage(vec![Turn::calls(&[("call_a", CREATE, create("Stopped"))])]).await;
    let (run, events, question) = stage.asked().await;
    assert!(stage.running.app.cancel(run.started.run_id));
    assert_eq!(run.done.await.unwrap(), StopReason::Cancelled);
    assert_eq!(the_end(&events).0, ToolCallStatus::Aborted);
    assert_eq!(stage.running.answer(&question, ReviewVerdict::Approve).await.unwrap(), Decision::Aborted);
    assert!(stage.books.writes().is_empty());
    stage.goes_on(run.started.session_id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelling_in_mid_stream_keeps_what_was_said() {
    let call = Part::Call { id: "call_a".into(), tool: CREATE.into(), input: "{\"entity\": \"custo".into() };
    let stage = stage(vec![Turn::Answer(vec![Part::Text("I will now".into()), call], End::Stall)]).await;
    let (run, events) = stage.running.send(None, "Go on").await;
    events.first(|e| matches!(e.kind, EventKind::TextDelta { .. }).then_some(())).await;
    assert!(stage.running.app.cancel(run.started.run_id));
    assert_eq!(run.done.await.unwrap(), StopReason::Cancelled);
    let detail = stage.running.app.session(run.started.session_id).await.unwrap();
    let last = detail.messages.last().unwrap();
    assert_eq!((last.role, last.partial, &last.content[..]), (Role::Assistant, true, &[Block::Text { text: "I will now".into() }][..]));
    stage.goes_on(run.started.session_id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_yes_to_something_else_does_not_count() {
    let stage = stage(vec![Turn::calls(&[("call_a", CREATE, create("First"))])]).await;
    let (run, _, question) = stage.asked().await;
    let mut forged = question.clone();
    forged.digest = question.changes[0].digest;
    assert_ne!(forged.digest, question.digest);
    let fault = stage.running.answer(&forged, ReviewVerdict::Approve).await.unwrap_err();
    assert_eq!(fault.code, ErrorCode::Conflict);
    assert!(stage.books.writes().is_empty());
    stage.running.answer(&question, ReviewVerdict::Reject { reason: None }).await.unwrap();
    run.done.await.unwrap();
    assert!(stage.books.writes().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_writes_of_a_turn_are_one_question_and_go_in_order() {
    let books = bca_testkit::Books::open().await;
    let ids = books.ids("customers", 2).await;
    let calls = [("call_1", CREATE, create("One")), ("call_2", UPDATE, rename(&ids[0], "Two")), ("call_3", UPDATE, rename(&ids[1], "Three"))];
    let stage = set(books, vec![Turn::calls(&calls)]).await;
    let (stop, events) = stage.approved().await;
    assert_eq!((stop, crate::support::questions(&events)), (StopReason::EndTurn, 1));
    let [batch] = &stage.books.writes()[..] else { panic!("one request") };
    let question = events.question().await;
    let shown: Vec<_> = question.changes.iter().map(|c| c.body.clone().unwrap()).collect();
    let places: Vec<_> = shown.iter().map(|body| batch.body.find(body.as_str()).expect("sent as shown")).collect();
    assert!(places.is_sorted() && places.len() == 3, "{}", batch.body);
}
