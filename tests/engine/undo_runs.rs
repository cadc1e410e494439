//! Whole runs taken back where their writes touch the same record: one way back for each record, and all of it goes.

use std::sync::{Mutex, mpsc};

use bca_protocol::{AgentEvent, ApprovalRequest, ChangeId, EventKind, ReviewVerdict, RunId, StopReason, WriteOperation};
use bca_testkit::{Books, Events, Home, ScriptedModel, Turn};
use serde_json::{Value, json};

use crate::support::{CREATE, DELETE, Stage, UPDATE, create, ended, rename};

/// The question that comes after these, approved.
async fn approve_next(stage: &Stage, events: &Events, ids: &mut Vec<ChangeId>) {
    let fresh = |event: &AgentEvent| match &event.kind {
        EventKind::ApprovalRequested(request) if !ids.contains(&request.changes[0].change_id) => Some(request.clone()),
        _ => None,
    };
    let question = events.first(fresh).await;
    ids.push(question.changes[0].change_id);
    stage.running.answer(&question, ReviewVerdict::Approve).await.unwrap();
}

type Call = (&'static str, &'static str, Value);

/// A run of several turns, each approved; a turn may name what the first one made.
async fn run(books: Books, made_in: (&'static str, &'static str), turns: Vec<fn(&str) -> Call>) -> (Stage, RunId, Vec<ChangeId>, String) {
    let (tell, told) = mpsc::channel::<String>();
    let told = Mutex::new((told, None::<String>));
    let count = turns.len();
    let model = ScriptedModel::serve_with(move |n| {
        let mut told = told.lock().unwrap();
        if n > 0 && told.1.is_none() {
            told.1 = Some(told.0.recv().unwrap());
        }
        match turns.get(n) {
            Some(turn) => Turn::calls(&[turn(told.1.as_deref().unwrap_or_default())]),
            None => Turn::text("Done."),
        }
    })
    .await;
    let home = Home::new();
    let running = home.own(&books, &model).await;
    let stage = Stage { running, books, model, home };
    let (active, events) = stage.running.send(None, "Go on").await;
    let (mut ids, mut id) = (Vec::new(), String::new());
    for n in 0..count {
        approve_next(&stage, &events, &mut ids).await;
        if n == 0 {
            events.first(|event| matches!(event.kind, EventKind::ChangeRecorded { .. }).then_some(())).await;
            let (set, filter) = made_in;
            let page: Value = serde_json::from_str(&stage.books.read(&format!("{set}?$filter={filter}")).await).unwrap();
            id = page["value"][0]["id"].as_str().unwrap().to_owned();
            tell.send(id.clone()).unwrap();
        }
    }
    assert_eq!(active.done.await.unwrap(), StopReason::EndTurn, "{:?}", ended(&events));
    let run = stage.running.app.change(ids[0]).await.unwrap().run_id;
    (stage, run, ids, id)
}

/// Takes the run back with a yes; what was asked.
async fn back(stage: &Stage, run: RunId) -> ApprovalRequest {
    let events = Events::new();
    let undo = stage.running.app.undo_run(run, events.clone()).await.unwrap();
    let question = events.question().await;
    stage.running.answer(&question, ReviewVerdict::Approve).await.unwrap();
    assert_eq!(undo.done.await.unwrap(), StopReason::EndTurn, "{:?}", ended(&events));
    question
}

async fn all_undone(stage: &Stage, run: RunId, ids: &[ChangeId]) {
    for id in ids {
        assert!(stage.running.app.change(*id).await.unwrap().undone_by.is_some());
    }
    let again = stage.running.app.undo_run(run, Events::new()).await.err().unwrap();
    assert!(again.message.contains("no change that could be taken back"), "{}", again.message);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_a_run_changed_twice_gets_its_first_values_back() {
    let books = Books::open().await;
    let id = books.create("customers", &json!({"displayName": "Before", "city": "Oslo", "phoneNumber": "1"})).await;
    let turns = [
        Turn::calls(&[("call_1", UPDATE, json!({"entity": "customers", "id": id, "data": {"displayName": "Once", "city": "Bergen"}}))]),
        Turn::calls(&[("call_2", UPDATE, json!({"entity": "customers", "id": id, "data": {"displayName": "Twice", "phoneNumber": "2"}}))]),
    ];
    let stage = crate::support::set(books, turns.to_vec()).await;
    let (active, events) = stage.running.send(None, "Go on").await;
    let mut ids = Vec::new();
    for _ in 0..2 {
        approve_next(&stage, &events, &mut ids).await;
    }
    assert_eq!(active.done.await.unwrap(), StopReason::EndTurn);
    let run = stage.running.app.change(ids[0]).await.unwrap().run_id;
    let question = back(&stage, run).await;
    assert_eq!(question.changes.len(), 1, "one record, one way back");
    assert!(question.changes[0].conflicts.is_empty(), "nobody else touched it: {:?}", question.changes[0].conflicts);
    let now = stage.books.record("customers", &id).await;
    assert_eq!((&now["displayName"], &now["city"], &now["phoneNumber"]), (&json!("Before"), &json!("Oslo"), &json!("1")));
    all_undone(&stage, run, &ids).await;
    let (undo, by) = (question.changes[0].change_id, Events::new());
    let again = stage.running.app.undo(undo, by.clone()).await.unwrap();
    stage.running.answer(&by.question().await, ReviewVerdict::Approve).await.unwrap();
    assert_eq!(again.done.await.unwrap(), StopReason::EndTurn);
    for id in ids {
        assert_eq!(stage.running.app.change(id).await.unwrap().undone_by, None, "both hold again");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_run_created_and_then_changed_is_deleted() {
    let turns: Vec<fn(&str) -> Call> =
        vec![|_| ("call_1", CREATE, create("Made and changed")), |id| ("call_2", UPDATE, json!({"entity": "customers", "id": id, "data": {"city": "Molde"}}))];
    let (stage, run, ids, _) = run(Books::open().await, ("customers", "displayName eq 'Made and changed'"), turns).await;
    let question = back(&stage, run).await;
    assert_eq!(question.changes.iter().map(|change| change.operation).collect::<Vec<_>>(), [WriteOperation::Delete]);
    assert_eq!(stage.books.named("customers", "Made and changed").await, 0);
    all_undone(&stage, run, &ids).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_go_with_the_document_that_the_run_created() {
    let books = Books::open().await;
    books.create("items", &json!({"displayName": "A chair of this test", "unitPrice": 10, "type": "Service", "number": "Y-CHAIR"})).await;
    let turns: Vec<fn(&str) -> Call> = vec![
        |_| ("call_1", CREATE, json!({"entity": "salesOrders", "data": {"customerNumber": "10000", "externalDocumentNumber": "Y-RUN"}})),
        |id| {
            let line = json!({"lineType": "Item", "lineObjectNumber": "Y-CHAIR", "quantity": 2});
            ("call_2", CREATE, json!({"entity": "salesOrderLines", "parent": {"entity": "salesOrders", "id": id}, "data": line}))
        },
        |id| ("call_3", UPDATE, json!({"entity": "salesOrders", "id": id, "data": {"externalDocumentNumber": "Y-RUN-2"}})),
    ];
    let (stage, run, ids, id) = run(books, ("salesOrders", "externalDocumentNumber eq 'Y-RUN'"), turns).await;
    let question = back(&stage, run).await;
    assert_eq!(question.changes.iter().map(|change| change.operation).collect::<Vec<_>>(), [WriteOperation::Delete]);
    assert!(stage.books.read(&format!("salesOrders({id})")).await.contains("error"), "it is gone");
    all_undone(&stage, run, &ids).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_run_changed_and_then_deleted_comes_back_as_it_was_before() {
    let books = Books::open().await;
    let id = books.create("customers", &json!({"displayName": "As it was", "city": "Oslo"})).await;
    let turns =
        vec![Turn::calls(&[("call_1", UPDATE, rename(&id, "For a moment"))]), Turn::calls(&[("call_2", DELETE, json!({"entity": "customers", "id": id}))])];
    let stage = crate::support::set(books, turns).await;
    let (active, events) = stage.running.send(None, "Go on").await;
    let mut ids = Vec::new();
    for _ in 0..2 {
        approve_next(&stage, &events, &mut ids).await;
    }
    assert_eq!(active.done.await.unwrap(), StopReason::EndTurn);
    let run = stage.running.app.change(ids[0]).await.unwrap().run_id;
    back(&stage, run).await;
    assert_eq!((stage.books.named("customers", "As it was").await, stage.books.named("customers", "For a moment").await), (1, 0));
    all_undone(&stage, run, &ids).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_run_created_and_deleted_needs_no_way_back() {
    let turns: Vec<fn(&str) -> Call> =
        vec![|_| ("call_1", CREATE, create("Come and gone")), |id| ("call_2", DELETE, json!({"entity": "customers", "id": id})), |_| {
            ("call_3", CREATE, create("Stayed"))
        }];
    let (stage, run, _, _) = run(Books::open().await, ("customers", "displayName eq 'Come and gone'"), turns).await;
    let question = back(&stage, run).await;
    assert_eq!(question.changes.len(), 1, "{:?}", question.changes.iter().map(|change| &change.title).collect::<Vec<_>>());
    assert_eq!((stage.books.named("customers", "Come and gone").await, stage.books.named("customers", "Stayed").await), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_and_a_line_of_it_go_back_together() {
    let books = Books::open().await;
    let (customer, item) = (books.ids("customers", 1).await.remove(0), books.ids("items", 1).await.remove(0));
    let lines = json!([{"lineType": "Item", "itemId": item, "quantity": 1}]);
    let order = books.create("salesOrders", &json!({"customerId": customer, "externalDocumentNumber": "FIRST", "salesOrderLines": lines})).await;
    let line = json!({"lineType": "Item", "itemId": item, "quantity": 5});
    let calls = [
        ("call_1", UPDATE, json!({"entity": "salesOrders", "id": order, "data": {"externalDocumentNumber": "SECOND"}})),
        ("call_2", CREATE, json!({"entity": "salesOrderLines", "parent": {"entity": "salesOrders", "id": order}, "data": line})),
    ];
    let stage = crate::support::set(books, vec![Turn::calls(&calls)]).await;
    let (stop, events) = stage.approved().await;
    assert_eq!(stop, StopReason::EndTurn, "{:?}", ended(&events));
    let ids: Vec<ChangeId> = events.question().await.changes.iter().map(|change| change.change_id).collect();
    let run = stage.running.app.change(ids[0]).await.unwrap().run_id;
    back(&stage, run).await;
    assert_eq!(stage.books.record("salesOrders", &order).await["externalDocumentNumber"], "FIRST");
    let page: Value = serde_json::from_str(&stage.books.read(&format!("salesOrders({order})/salesOrderLines")).await).unwrap();
    assert_eq!(page["value"].as_array().unwrap().len(), 1);
    all_undone(&stage, run, &ids).await;
}
