//! Writes that the model gathers under one title over several turns: asked once, sent once, or told plainly that they were neither.

use std::sync::{Mutex, mpsc};

use bca_protocol::{Block, ChangeState, EventKind, RawJson, ReviewVerdict, Reviewer, Revision, Role, StopReason, ToolCallStatus};
use bca_testkit::{Books, End, Events, Home, Part, ScriptedModel, Turn};
use serde_json::{Value, json};

use crate::support::{CREATE, Stage, UPDATE, create, ended, questions, rename, set, stage, statuses};

const TITLE: &str = "Set up two customers";

/// The input with a change set of this title.
fn of_set(mut input: Value, title: &str, more: bool) -> Value {
    input["change_set"] = json!({"title": title, "more": more});
    input
}

fn more(input: Value) -> Value {
    of_set(input, TITLE, true)
}

fn last(input: Value) -> Value {
    of_set(input, TITLE, false)
}

fn two_turns() -> Vec<Turn> {
    vec![Turn::calls(&[("call_1", CREATE, more(create("Northwind Ltd")))]), Turn::calls(&[("call_2", CREATE, last(create("Contoso GmbH")))])]
}

/// What the model was told in the last message of its n-th request, counted from 0: texts and results.
fn told(stage: &Stage, n: usize) -> String {
    stage.model.seen()[n].json()["messages"].as_array().unwrap().last().unwrap()["content"].to_string()
}

fn all_are(events: &Events, expected: &[(&str, ToolCallStatus)]) {
    let expected: Vec<(String, ToolCallStatus)> = expected.iter().map(|(id, status)| ((*id).to_owned(), *status)).collect();
    assert_eq!(statuses(events), expected, "each call has one end: {:?}", ended(events));
}

async fn states(stage: &Stage) -> Vec<ChangeState> {
    let mut changes = stage.running.app.changes(None).await.unwrap();
    changes.sort_by_key(|change| change.preview.call_id.to_string());
    changes.into_iter().map(|change| change.state).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn writes_of_several_turns_are_one_question_and_one_request() {
    let stage = stage(two_turns()).await;
    let (run, events, question) = stage.asked().await;
    assert_eq!((question.title.as_deref(), question.changes.len()), (Some(TITLE), 2));
    assert!(stage.books.writes().is_empty(), "collected is not sent");
    let collected = &stage.model.seen()[1].last_results()[0];
    assert!(!collected.1 && collected.2.contains("\"collected\"") && collected.2.contains("nothing was sent"), "{collected:?}");
    assert_eq!(stage.running.app.approval(question.approval_id).await.unwrap().request, question, "the title is stored too");
    stage.running.answer(&question, ReviewVerdict::Approve).await.unwrap();
    assert_eq!(run.done.await.unwrap(), StopReason::EndTurn);
    assert_eq!(questions(&events), 1);
    all_are(&events, &[("call_1", ToolCallStatus::Ok), ("call_2", ToolCallStatus::Ok)]);
    assert!(matches!(&stage.books.writes()[..], [batch] if batch.path.ends_with("$batch")));
    assert_eq!((stage.books.named("customers", "Northwind Ltd").await, stage.books.named("customers", "Contoso GmbH").await), (1, 1));
    let outcomes = told(&stage, 2);
    assert!(outcomes.contains("<tool_outcome call_id=") && outcomes.contains("call_1") && outcomes.matches("confirmed").count() == 2, "{outcomes}");
    stage.model.last().assert_well_formed();
    let before = stage.model.last().json()["messages"].clone();
    stage.goes_on(run.started.session_id).await;
    let history = stage.model.last().json()["messages"].clone();
    let as_it_was = before.as_array().unwrap().len();
    assert_eq!(texts(&history.as_array().unwrap()[..as_it_was]), texts(before.as_array().unwrap()), "the stored history tells the same");
}

/// Every text and result of some messages, without marks for the provider's cache.
fn texts(messages: &[Value]) -> Vec<String> {
    let blocks = messages.iter().flat_map(|message| message["content"].as_array().cloned().unwrap_or_else(|| vec![json!({"text": message["content"]})]));
    blocks.map(|block| format!("{} {} {}", block["text"], block["content"], block["input"])).collect()
}

/// The title of the set, where a result says of `call_1` that its write was collected.
fn collected_for(content: &[Block]) -> Option<String> {
    content.iter().find_map(|block| match block {
        Block::ToolResult { call_id, output, .. } if call_id.as_str() == "call_1" => {
            let output: Value = serde_json::from_str(output).unwrap();
            (output["status"] == "collected").then(|| output["change_set"].as_str().unwrap().to_owned())
        }
        _ => None,
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_front_end_knows_of_a_collected_write_from_the_events_and_from_the_store() {
    let stage = stage(two_turns()).await;
    let (run, events, question) = stage.asked().await;
    let all = events.all();
    let at = |wanted: &dyn Fn(&EventKind) -> bool| all.iter().position(|event| wanted(&event.kind));
    let started = at(&|kind| matches!(kind, EventKind::ToolCallStarted { call_id, .. } if call_id.as_str() == "call_1"));
    let told = at(&|kind| matches!(kind, EventKind::MessageCompleted { role: Role::User, content, .. } if collected_for(content).as_deref() == Some(TITLE)));
    let asked = at(&|kind| matches!(kind, EventKind::ApprovalRequested(_)));
    assert!(started.is_some() && started < told && told < asked, "{started:?} {told:?} {asked:?}");
    assert!(ended(&events).is_empty(), "collected is no end");
    let detail = stage.running.app.session(run.started.session_id).await.unwrap();
    assert_eq!(detail.messages.iter().filter_map(|message| collected_for(&message.content)).collect::<Vec<_>>(), [TITLE]);
    assert!(detail.tool_calls.iter().all(|call| call.status.is_none()));
    stage.running.answer(&question, ReviewVerdict::Approve).await.unwrap();
    run.done.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_still_open_when_the_model_is_done_is_asked_then() {
    let stage = stage(vec![Turn::calls(&[("call_1", CREATE, more(create("Northwind Ltd")))]), Turn::text("That is all."), Turn::text("Made.")]).await;
    let (stop, events) = stage.approved().await;
    assert_eq!((stop, questions(&events), stage.model.seen().len()), (StopReason::EndTurn, 1, 3));
    all_are(&events, &[("call_1", ToolCallStatus::Ok)]);
    assert!(told(&stage, 2).contains("confirmed"), "{}", told(&stage, 2));
    assert_eq!(events.text(), "That is all.Made.");
    stage.model.last().assert_well_formed();
    let session = events.all()[0].session_id;
    stage.goes_on(session).await;
    let detail = stage.running.app.session(session).await.unwrap();
    let late = |block: &Block| matches!(block, Block::ToolResult { call_id, output, .. } if call_id.as_str() == "call_1" && output.contains("confirmed"));
    assert!(
        detail.messages.iter().any(|message| message.role == Role::User && message.content.iter().any(late)),
        "kept as a result, not as words of the person"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_no_holds_for_all_of_it_and_the_model_is_told_of_each() {
    let stage = stage(two_turns()).await;
    let no = ReviewVerdict::Reject { reason: Some("Not these two.".into()) };
    let (stop, events) = stage.running.send_and_answer("Go on", no).await;
    assert_eq!(stop, StopReason::EndTurn);
    all_are(&events, &[("call_1", ToolCallStatus::Rejected), ("call_2", ToolCallStatus::Rejected)]);
    assert!(stage.books.writes().is_empty());
    assert_eq!(told(&stage, 2).matches("Not these two.").count(), 2);
    assert_eq!(states(&stage).await, [ChangeState::NotSent; 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_stopped_asks_nothing_and_sends_nothing() {
    let stall = Turn::Answer(vec![Part::Text("I go on".into())], End::Stall);
    let stage = stage(vec![Turn::calls(&[("call_1", CREATE, more(create("Northwind Ltd")))]), stall]).await;
    let (run, events) = stage.running.send(None, "Go on").await;
    events.first(|event| matches!(event.kind, EventKind::TextDelta { .. }).then_some(())).await;
    assert!(stage.running.app.cancel(run.started.run_id));
    assert_eq!(run.done.await.unwrap(), StopReason::Cancelled);
    dropped(&stage, &events, run.started.session_id, "The person stopped the run").await;
}

/// Nobody was asked, nothing was sent, and both the person and the model are told.
async fn dropped(stage: &Stage, events: &Events, session: bca_protocol::SessionId, why: &str) {
    assert_eq!(questions(events), 0);
    let ended = ended(events);
    assert!(ended.iter().all(|(_, status, output)| *status == ToolCallStatus::Aborted && output.as_str().contains(why)), "{ended:?}");
    assert!(!ended.is_empty() && stage.books.writes().is_empty() && states(stage).await.is_empty());
    assert!(matches!(events.all().last().unwrap().kind, EventKind::RunCompleted { .. }), "told before the end");
    stage.goes_on(session).await;
    assert!(stage.model.last().body.contains(why), "the model knows when it goes on");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_a_cut_and_an_error_drop_what_was_collected() {
    let first = || Turn::calls(&[("call_1", CREATE, more(create("Northwind Ltd")))]);
    let cases = [
        (Turn::Refuse(401, "authentication_error"), StopReason::Error, "An error ended the run"),
        (Turn::Answer(vec![Part::Text("Here is".into())], End::Stop("max_tokens")), StopReason::MaxTokens, "The answer broke off"),
        (Turn::Answer(vec![Part::Text("No.".into())], End::Stop("refusal")), StopReason::Refusal, "The answer broke off"),
    ];
    for (second, expected, why) in cases {
        let stage = stage(vec![first(), second]).await;
        let (stop, events, session) = stage.running.ask(None, "Go on").await;
        assert_eq!(stop, expected);
        dropped(&stage, &events, session, why).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_only_collects_comes_to_the_limit_of_turns() {
    let turn = |n: usize| Turn::calls(&[(format!("call_{n}").as_str(), CREATE, more(create(&format!("Never {n}"))))]);
    let model = ScriptedModel::serve_with(move |n| if n < 20 { turn(n) } else { Turn::text("Done.") }).await;
    let (home, books) = (Home::new(), Books::open().await);
    let stage = Stage { running: home.own(&books, &model).await, books, model, home };
    let (stop, events, session) = stage.running.ask(None, "Go on").await;
    assert_eq!((stop, ended(&events).len()), (StopReason::MaxTurns, 20));
    dropped(&stage, &events, session, "limit of turns").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_moved_on_while_it_was_collected_gets_a_new_diff() {
    let books = Books::open().await;
    let id = books.ids("customers", 1).await.remove(0);
    let (go, wait) = mpsc::channel::<()>();
    let wait = Mutex::new(wait);
    let update = json!({"entity": "customers", "id": id, "data": {"displayName": "Ours", "phoneNumber": "555"}});
    let turns = [Turn::calls(&[("call_1", UPDATE, more(update))]), Turn::calls(&[("call_2", CREATE, last(create("Contoso GmbH")))]), Turn::text("Done.")];
    let model = ScriptedModel::serve_with(move |n| {
        if n == 1 {
            wait.lock().unwrap().recv().unwrap();
        }
        turns[n].clone()
    })
    .await;
    let home = Home::new();
    let stage = Stage { running: home.own(&books, &model).await, books, model, home };
    let (run, events) = stage.running.send(None, "Go on").await;
    stage.model.reached(2).await;
    stage.books.patch(&format!("customers({id})"), &json!({"displayName": "Theirs", "phoneNumber": "555"})).await;
    go.send(()).unwrap();
    let question = events.question().await;
    let shown: Vec<_> = question.changes[0].fields.iter().map(|field| (field.name.as_str(), field.before.as_deref(), field.after.as_deref())).collect();
    assert_eq!(shown, [("displayName", Some("Theirs"), Some("Ours"))], "what is as it should be already is left out");
    let version = stage.books.record("customers", &id).await["@odata.etag"].as_str().unwrap().to_owned();
    assert_eq!(question.changes[0].if_match.as_deref(), Some(version.as_str()));
    stage.running.answer(&question, ReviewVerdict::Approve).await.unwrap();
    run.done.await.unwrap();
    all_are(&events, &[("call_1", ToolCallStatus::Ok), ("call_2", ToolCallStatus::Ok)]);
    assert_eq!(stage.books.record("customers", &id).await["displayName"], "Ours");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_done_any_more_drops_out_and_references_still_count_right() {
    let books = Books::open().await;
    let ids = books.ids("customers", 2).await;
    let item = books.ids("items", 1).await.remove(0);
    let (go, wait) = mpsc::channel::<()>();
    let wait = Mutex::new(wait);
    let lines = json!([{"lineType": "Item", "itemId": item, "quantity": 1}]);
    let order = json!({"entity": "salesOrders", "data": {"customerId": "{result:3}", "salesOrderLines": lines}});
    let turns = [
        Turn::calls(&[
            ("call_1", UPDATE, more(rename(&ids[0], "Already so"))),
            ("call_2", UPDATE, more(rename(&ids[1], "Still to do"))),
            ("call_3", CREATE, more(create("New and ordered"))),
        ]),
        Turn::calls(&[("call_4", CREATE, last(order))]),
        Turn::text("Done."),
    ];
    let model = ScriptedModel::serve_with(move |n| {
        if n == 1 {
            wait.lock().unwrap().recv().unwrap();
        }
        turns[n].clone()
    })
    .await;
    let home = Home::new();
    let stage = Stage { running: home.own(&books, &model).await, books, model, home };
    let (run, events) = stage.running.send(None, "Go on").await;
    stage.model.reached(2).await;
    stage.books.patch(&format!("customers({})", ids[0]), &json!({"displayName": "Already so"})).await;
    go.send(()).unwrap();
    let question = events.question().await;
    assert_eq!(question.changes.iter().map(|change| change.call_id.as_str()).collect::<Vec<_>>(), ["call_2", "call_3", "call_4"]);
    stage.running.answer(&question, ReviewVerdict::Approve).await.unwrap();
    run.done.await.unwrap();
    let ok = ToolCallStatus::Ok;
    all_are(&events, &[("call_1", ToolCallStatus::Error), ("call_2", ok), ("call_3", ok), ("call_4", ok)]);
    assert!(told(&stage, 2).contains("already has these values"), "{}", told(&stage, 2));
    let sent: Value = serde_json::from_str(&stage.books.writes().last().unwrap().body).unwrap();
    assert_eq!(stage.books.record("customers", sent["customerId"].as_str().unwrap()).await["displayName"], "New and ordered");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_collects_one_set_at_a_time_and_a_write_without_a_title_completes_it() {
    let turns = vec![
        Turn::calls(&[("call_1", CREATE, more(create("Northwind Ltd")))]),
        Turn::calls(&[("call_2", CREATE, of_set(create("Elsewhere"), "Another set", true)), ("call_3", CREATE, of_set(create("Long"), &"x".repeat(81), true))]),
        Turn::calls(&[("call_4", CREATE, create("Contoso GmbH"))]),
    ];
    let stage = stage(turns).await;
    let (_, events) = stage.approved().await;
    let (ok, error) = (ToolCallStatus::Ok, ToolCallStatus::Error);
    all_are(&events, &[("call_1", ok), ("call_2", error), ("call_3", error), ("call_4", ok)]);
    let question = events.question().await;
    assert_eq!((question.title.as_deref(), question.changes.len(), questions(&events)), (Some(TITLE), 2, 1));
    assert!(told(&stage, 2).contains(TITLE), "the model is told which set is open");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_last_write_that_is_wrong_does_not_let_the_rest_go_without_it() {
    let wrong = last(json!({"entity": "customers", "data": {"displayNam": "Contoso GmbH"}}));
    let turns = vec![
        Turn::calls(&[("call_1", CREATE, more(create("Northwind Ltd")))]),
        Turn::calls(&[("call_2", CREATE, wrong)]),
        Turn::calls(&[("call_3", CREATE, last(create("Contoso GmbH")))]),
    ];
    let stage = stage(turns).await;
    let (_, events) = stage.approved().await;
    all_are(&events, &[("call_1", ToolCallStatus::Ok), ("call_2", ToolCallStatus::Error), ("call_3", ToolCallStatus::Ok)]);
    assert_eq!((questions(&events), events.question().await.changes.len()), (1, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_of_an_earlier_turn_can_be_edited_and_taken_out() {
    let mut turns = two_turns();
    turns.insert(1, Turn::calls(&[("call_3", CREATE, more(create("Fabrikam")))]));
    let stage = stage(turns).await;
    let (run, events, question) = stage.asked().await;
    let edit = bca_protocol::FieldEdit { change_id: question.changes[1].change_id, name: "displayName".into(), value: Some("Fabrikam Inc".into()) };
    let revision = Revision { approval_id: question.approval_id, digest: question.digest, edits: vec![edit], leave_out: vec![question.changes[0].change_id] };
    let second = stage.running.app.revise(revision, Reviewer::Window).await.unwrap();
    assert_eq!((second.title.as_deref(), second.changes.len(), second.left_out.len()), (Some(TITLE), 2, 1));
    stage.running.answer(&second, ReviewVerdict::Approve).await.unwrap();
    run.done.await.unwrap();
    all_are(&events, &[("call_1", ToolCallStatus::Rejected), ("call_2", ToolCallStatus::Ok), ("call_3", ToolCallStatus::Ok)]);
    assert!(told(&stage, 3).contains("edited_by_person") && told(&stage, 3).contains("took this change out"), "{}", told(&stage, 3));
    let names = ["Northwind Ltd", "Fabrikam", "Fabrikam Inc", "Contoso GmbH"];
    let mut there = Vec::new();
    for name in names {
        there.push(stage.books.named("customers", name).await);
    }
    assert_eq!(there, [0, 0, 1, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_writes_count_as_the_whole_set() {
    let turn = |from: usize, to: usize, of: fn(Value) -> Value| {
        let calls: Vec<(String, Value)> =
            (from..to).map(|n| (format!("call_{n}"), of(json!({"entity": "customers", "data": {"displayName": format!("Many {n}")}})))).collect();
        Turn::calls(&calls.iter().map(|(id, input)| (id.as_str(), CREATE, input.clone())).collect::<Vec<_>>())
    };
    let stage = stage(vec![turn(0, 30, more), turn(30, 51, last)]).await;
    let (run, events, question) = stage.asked().await;
    assert_eq!((question.changes.len(), question.typed.as_deref()), (51, Some("51")));
    stage.running.answer(&question, ReviewVerdict::Reject { reason: None }).await.unwrap();
    run.done.await.unwrap();
    assert!(ended(&events).len() == 51 && stage.books.writes().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_without_a_model_has_no_later_turn_and_is_asked_at_once() {
    let stage = stage(Vec::new()).await;
    let events = Events::new();
    let (app, sink) = (stage.running.app.clone(), events.clone());
    let input = RawJson::parse(more(create("Northwind Ltd")).to_string()).unwrap();
    let called = tokio::spawn(async move { app.call_tool(CREATE, input, sink).await });
    let question = events.question().await;
    stage.running.answer(&question, ReviewVerdict::Approve).await.unwrap();
    let result = called.await.unwrap().unwrap();
    assert_eq!(result.status, ToolCallStatus::Ok);
    assert!(result.output.as_str().contains("confirmed") && ended(&events).len() == 1, "{}", result.output.as_str());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_kill_leaves_has_a_result_for_each_call_and_was_never_sent() {
    let stall = Turn::Answer(vec![Part::Text("I go on".into())], End::Stall);
    let stage = set(Books::open().await, vec![Turn::calls(&[("call_1", CREATE, more(create("Northwind Ltd")))]), stall]).await;
    let (run, events) = stage.running.send(None, "Go on").await;
    events.first(|event| matches!(event.kind, EventKind::TextDelta { .. }).then_some(())).await;
    // What stands on the disk now is what a kill would leave.
    let after = Home::new();
    for entry in std::fs::read_dir(stage.home.path()).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_file() {
            std::fs::copy(entry.path(), after.path().join(entry.file_name())).unwrap();
        }
    }
    let model = ScriptedModel::serve(Vec::new()).await;
    let running = after.own(&stage.books, &model).await;
    let session = run.started.session_id;
    let detail = running.app.session(session).await.unwrap();
    assert_eq!(detail.tool_calls.iter().map(|call| call.status).collect::<Vec<_>>(), [Some(ToolCallStatus::Aborted)]);
    let (stop, _, _) = running.ask(Some(session), "And now?").await;
    assert_eq!(stop, StopReason::EndTurn);
    model.last().assert_well_formed();
    assert!(model.last().body.contains("the set was dropped with its run"));
    assert!(stage.books.writes().is_empty() && running.app.changes(None).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_shows_it() {
    let home = Home::new();
    let running = home.demo().await;
    let (run, events) = running.send(None, "Set up two new customers, Northwind Ltd and Contoso GmbH, as one change set").await;
    let question = events.question().await;
    assert_eq!(question.title.as_deref(), Some("New customers: Northwind Ltd, Contoso GmbH"));
    let creates = |event: &bca_protocol::AgentEvent| match &event.kind {
        EventKind::MessageCompleted { role: Role::Assistant, content, .. } => {
            content.iter().filter(|block| matches!(block, Block::ToolUse { tool, .. } if tool == CREATE)).count()
        }
        _ => 0,
    };
    let by_turn: Vec<usize> = events.all().iter().map(creates).filter(|creates| *creates > 0).collect();
    assert_eq!((question.changes.len(), by_turn), (2, vec![1, 1]), "one write in each of two turns");
    running.answer(&question, ReviewVerdict::Approve).await.unwrap();
    assert_eq!(run.done.await.unwrap(), StopReason::EndTurn);
    let said = events.text();
    assert!(said.contains("The customer **Northwind Ltd**") && said.contains("The customer **Contoso GmbH**") && questions(&events) == 1, "{said}");
}
