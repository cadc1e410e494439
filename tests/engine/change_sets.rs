//! The writes of a turn as one transaction where that can be, and exactly what became of each where it can't.

use bca_protocol::{ChangeState, ReviewVerdict, StopReason, ToolCallStatus};
use bca_testkit::{Books, Turn};
use serde_json::{Value, json};

use crate::support::{CREATE, DELETE, Stage, UPDATE, create, ended, rename, set, stage, statuses};

/// A create, a change, a deletion and another create, and the records that they are about.
async fn of_four() -> (Books, Vec<(&'static str, &'static str, Value)>) {
    let books = Books::open().await;
    let id = books.ids("customers", 1).await.remove(0);
    let gone = books.create("customers", &json!({"displayName": "Goes away"})).await;
    let calls = vec![
        ("call_1", CREATE, create("Set One")),
        ("call_2", UPDATE, rename(&id, "Set Two")),
        ("call_3", DELETE, json!({"entity": "customers", "id": gone})),
        ("call_4", CREATE, create("Set Four")),
    ];
    (books, calls)
}

async fn states(stage: &Stage) -> Vec<ChangeState> {
    let mut changes = stage.running.app.changes(None).await.unwrap();
    changes.sort_by_key(|change| change.preview.call_id.to_string());
    changes.into_iter().map(|change| change.state).collect()
}

/// How many of the four stand in the books.
async fn made(stage: &Stage) -> Vec<bool> {
    let there = async |name: &str| stage.books.named("customers", name).await == 1;
    vec![there("Set One").await, there("Set Two").await, !there("Goes away").await, there("Set Four").await]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_set_goes_as_one_request_and_each_write_is_read_back() {
    let (books, calls) = of_four().await;
    let stage = set(books, vec![Turn::calls(&calls)]).await;
    let (stop, events) = stage.approved().await;
    assert_eq!(stop, StopReason::EndTurn);
    let [batch] = &stage.books.writes()[..] else { panic!("one request: {:?}", stage.books.writes()) };
    assert!(batch.path.ends_with("$batch"), "{}", batch.path);
    for change in &events.question().await.changes {
        assert!(change.body.as_ref().is_none_or(|body| batch.body.contains(body.as_str())), "sent as shown: {}", batch.body);
    }
    assert!(statuses(&events).iter().all(|(_, status)| *status == ToolCallStatus::Ok), "{:?}", ended(&events));
    assert_eq!(states(&stage).await, [ChangeState::Confirmed; 4]);
    assert_eq!(made(&stage).await, [true; 4]);
    let changes = stage.running.app.changes(None).await.unwrap();
    let created = changes.iter().find(|change| change.preview.call_id.as_str() == "call_1").unwrap();
    assert!(created.after.as_ref().is_some_and(|after| after.as_str().contains("Set One")));
}

#[tokio::test(flavor = "multi_thread")]
async fn whichever_fails_nothing_stays() {
    for (at, fault) in ["customers:POST:1:429", "customers:PATCH:1:stale-etag", "customers:DELETE:1:stale-etag", "customers:POST:2:429"].iter().enumerate() {
        let (books, calls) = of_four().await;
        books.fault(fault);
        let stage = set(books, vec![Turn::calls(&calls)]).await;
        let (stop, events) = stage.approved().await;
        assert_eq!(stop, StopReason::EndTurn);
        assert_eq!(stage.books.writes().len(), 1, "nothing is sent again");
        let made = made(&stage).await;
        assert_eq!(made, [false; 4], "{fault}");
        for (index, state) in states(&stage).await.into_iter().enumerate() {
            assert_eq!(state, ChangeState::Failed, "{fault}: change {} of 4: {:?}", index + 1, ended(&events)[index]);
        }
        assert!(ended(&events)[at].2.as_str().contains("Nothing was changed"), "{:?}", ended(&events)[at]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_set_without_an_answer_is_never_sent_again_and_told_as_it_is() {
    for (fault, stays) in [("*:POST:1:drop-after-commit", true), ("*:POST:1:drop-before-commit", false)] {
        let (books, calls) = of_four().await;
        books.fault(fault);
        let stage = set(books, vec![Turn::calls(&calls)]).await;
        stage.approved().await;
        assert_eq!(stage.books.writes().len(), 1);
        let (made, states) = (made(&stage).await, states(&stage).await);
        assert_eq!(made, [stays; 4], "{fault}");
        for (made, state) in made.iter().zip(&states) {
            let is_true = match state {
                ChangeState::Unknown => true,
                ChangeState::Confirmed => *made,
                ChangeState::Failed => !made,
                _ => false,
            };
            assert!(is_true, "{fault}: {states:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_action_in_the_set_goes_by_itself_and_the_order_stays() {
    let books = Books::open().await;
    let customer = books.ids("customers", 1).await.remove(0);
    let item = books.ids("items", 1).await.remove(0);
    let lines = json!([{"lineType": "Item", "itemId": item, "quantity": 1}]);
    let id = books.create("salesInvoices", &json!({"customerId": customer, "salesInvoiceLines": lines})).await;
    let calls = [
        ("call_1", CREATE, create("Before")),
        ("call_2", "bc_invoke_action", json!({"entity": "salesInvoices", "id": id, "action": "post"})),
        ("call_3", CREATE, create("After")),
    ];
    let stage = set(books, vec![Turn::calls(&calls)]).await;
    let (_, events) = stage.approved().await;
    assert!(statuses(&events).iter().all(|(_, status)| *status == ToolCallStatus::Ok), "{:?}", ended(&events));
    let paths: Vec<String> = stage.books.writes().into_iter().map(|write| write.path).collect();
    assert!(paths.len() == 3 && paths[1].ends_with("Microsoft.NAV.post"), "{paths:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_later_write_refers_to_what_an_earlier_one_creates() {
    let item = Books::open().await.ids("items", 1).await.remove(0);
    let lines = json!([{"lineType": "Item", "itemId": item, "quantity": 1}]);
    let order = json!({"entity": "salesOrders", "data": {"customerId": "{result:1}", "salesOrderLines": lines}});
    let stage = stage(vec![Turn::calls(&[("call_1", CREATE, create("New and ordered")), ("call_2", CREATE, order)])]).await;
    let (run, events, question) = stage.asked().await;
    let field = question.changes[1].fields.iter().find(|field| field.name == "customerId").unwrap();
    assert_eq!(field.after_label.as_deref(), Some("what change 1 gives: Create customer New and ordered"));
    assert!(question.changes[1].body.as_ref().unwrap().contains(&question.changes[0].change_id.to_string()), "symbolic in what is digested");
    stage.running.answer(&question, ReviewVerdict::Approve).await.unwrap();
    run.done.await.unwrap();
    assert!(statuses(&events).iter().all(|(_, status)| *status == ToolCallStatus::Ok), "{:?}", ended(&events));
    let writes = stage.books.writes();
    assert_eq!(writes.len(), 2);
    let sent: Value = serde_json::from_str(&writes[1].body).unwrap();
    let customer = stage.books.record("customers", sent["customerId"].as_str().unwrap()).await;
    assert_eq!(customer["displayName"], "New and ordered");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reference_behind_a_call_that_was_not_accepted_is_not_taken_for_another_record() {
    let order = json!({"entity": "salesOrders", "data": {"customerId": "{result:1}", "externalDocumentNumber": "MISTAKEN"}});
    let wrong = json!({"entity": "customers", "data": {"displayName": "Meant", "noSuchProperty": 1}});
    for first in [("call_a", CREATE, wrong), ("call_a", "bc_create_entities", create("Meant"))] {
        let calls = [first, ("call_b", CREATE, create("Not meant")), ("call_c", CREATE, order.clone())];
        let stage = set(Books::open().await, vec![Turn::calls(&calls)]).await;
        let (_, events) = stage.approved().await;
        assert_eq!(events.question().await.changes.len(), 1, "only what is certain is asked");
        let page: Value = serde_json::from_str(&stage.books.read("salesOrders?$filter=externalDocumentNumber eq 'MISTAKEN'").await).unwrap();
        assert_eq!(page["value"], json!([]), "no order for a customer that was not meant");
        let told = crate::support::ended(&events).into_iter().find(|(id, ..)| id == "call_c").unwrap();
        assert!(told.2.as_str().contains("not certain which record"), "{told:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reference_to_nothing_is_not_proposed_and_one_to_a_failure_is_not_sent() {
    let order = |to: &str| json!({"entity": "salesOrders", "data": {"customerId": to}});
    let stage = stage(vec![Turn::calls(&[("call_1", CREATE, order("{result:1}"))])]).await;
    let (_, events, _) = stage.running.ask(None, "Go on").await;
    assert_eq!(statuses(&events)[0].1, ToolCallStatus::Error);
    assert!(stage.books.writes().is_empty());

    let stage = crate::support::stage(vec![Turn::calls(&[("call_1", CREATE, create("Fails")), ("call_2", CREATE, order("{result:1}"))])]).await;
    stage.books.fault("customers:POST:1:429");
    let (_, events) = stage.approved().await;
    let expected = [("call_1", ToolCallStatus::Error), ("call_2", ToolCallStatus::Aborted)];
    assert_eq!(statuses(&events), expected.map(|(id, status)| (id.to_owned(), status)));
    assert_eq!(states(&stage).await, [ChangeState::Failed, ChangeState::NotSent]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_party_twice_in_one_set_is_warned_of() {
    let calls = [("call_a", CREATE, create("Twice AS")), ("call_b", CREATE, create("twice as")), ("call_c", CREATE, create("Once AS"))];
    let stage = stage(vec![Turn::calls(&calls)]).await;
    let (run, _, question) = stage.asked().await;
    let warned = |at: usize| question.changes[at].notes.iter().any(|note| note.text.contains("Change 1 of this set has the same name"));
    assert_eq!([warned(0), warned(1), warned(2)], [false, true, false]);
    stage.running.answer(&question, ReviewVerdict::Reject { reason: None }).await.unwrap();
    run.done.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn only_results_of_the_same_set_can_be_meant() {
    let elsewhere = json!({"entity": "salesOrders", "data": {"customerId": format!("{{result:{}}}", bca_protocol::ChangeId::new())}});
    let stage = stage(vec![Turn::calls(&[("call_a", CREATE, elsewhere)])]).await;
    let (_, events, _) = stage.running.ask(None, "Go on").await;
    assert!(ended(&events)[0].2.as_str().contains("not part of this set"), "{:?}", ended(&events));
    assert_eq!(crate::support::questions(&events), 0);
}
