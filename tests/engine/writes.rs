//! Faults around a write: it is sent once or not at all, and what is told of it is true.

use bca_protocol::{ChangeState, StopReason, ToolCallStatus};
use bca_testkit::{Books, Turn};
use serde_json::{Value, json};

use crate::support::{CREATE, DELETE, UPDATE, create, rename, set, stage, statuses, the_end};

/// One approved write under one fault: how its call ended, what was said, its state; and it was sent exactly once.
async fn under(fault: &str, tool: &str, input: Value, books: Books) -> (ToolCallStatus, String, ChangeState) {
    books.fault(fault);
    let stage = set(books, vec![Turn::calls(&[("call_a", tool, input)])]).await;
    let (stop, events) = stage.approved().await;
    assert_eq!(stop, StopReason::EndTurn, "the run goes on after {fault}");
    assert_eq!(stage.books.writes().len(), 1, "sent once under {fault}");
    let (status, output) = the_end(&events);
    let told = stage.model.last().last_results().remove(0);
    assert_eq!((told.0.as_str(), told.1), ("call_a", status != ToolCallStatus::Ok));
    let change = stage.running.app.changes(None).await.unwrap().remove(0);
    (status, output, change.state)
}

async fn with_id(set: &str) -> (Books, String) {
    let books = Books::open().await;
    let id = books.ids(set, 1).await.remove(0);
    (books, id)
}

/// A customer whom nothing refers to, so that it can be deleted.
async fn deletable() -> (Books, String) {
    let books = Books::open().await;
    let id = books.create("customers", &json!({"displayName": "Short-lived"})).await;
    (books, id)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_create_without_an_answer_is_unknown() {
    for fault in ["customers:POST:1:drop-before-commit", "customers:POST:1:drop-after-commit", "customers:POST:1:504"] {
        let (status, output, state) = under(fault, CREATE, create("Lost"), Books::open().await).await;
        assert_eq!((status, state), (ToolCallStatus::Unknown, ChangeState::Unknown), "{fault}: {output}");
        assert!(output.contains("\"status\":\"unknown\""), "{output}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_without_an_answer_is_found_by_reading() {
    let (books, id) = with_id("customers").await;
    let (status, output, state) = under("customers:PATCH:1:drop-after-commit", UPDATE, rename(&id, "Renamed"), books).await;
    assert_eq!((status, state), (ToolCallStatus::Ok, ChangeState::Confirmed), "{output}");
    let (books, id) = with_id("customers").await;
    let (status, output, state) = under("customers:PATCH:1:drop-before-commit", UPDATE, rename(&id, "Renamed"), books).await;
    assert_eq!((status, state), (ToolCallStatus::Unknown, ChangeState::Unknown), "{output}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_without_an_answer_is_found_by_reading() {
    let (books, id) = deletable().await;
    let (status, output, state) = under("customers:DELETE:1:drop-after-commit", DELETE, json!({"entity": "customers", "id": id}), books).await;
    assert_eq!((status, state), (ToolCallStatus::Ok, ChangeState::Confirmed), "{output}");
    let (books, id) = deletable().await;
    let (status, output, state) = under("customers:DELETE:1:drop-before-commit", DELETE, json!({"entity": "customers", "id": id}), books).await;
    assert_eq!((status, state), (ToolCallStatus::Unknown, ChangeState::Unknown), "{output}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_server_gets_a_write_only_once() {
    let (status, output, state) = under("customers:POST:*:429", CREATE, create("Busy"), Books::open().await).await;
    assert_eq!((status, state), (ToolCallStatus::Error, ChangeState::Failed), "{output}");
    assert!(output.contains("Nothing was changed"), "{output}");
    let (status, output, state) = under("customers:POST:*:503", CREATE, create("Busy"), Books::open().await).await;
    assert_eq!((status, state), (ToolCallStatus::Unknown, ChangeState::Unknown), "{output}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_posting_without_an_answer_is_never_repeated() {
    for fault in ["salesInvoices:POST:1:drop-before-commit", "salesInvoices:POST:1:drop-after-commit"] {
        let books = Books::open().await;
        let customer = books.ids("customers", 1).await.remove(0);
        let item = books.ids("items", 1).await.remove(0);
        let lines = json!([{"lineType": "Item", "itemId": item, "quantity": 1}]);
        let id = books.create("salesInvoices", &json!({"customerId": customer, "salesInvoiceLines": lines})).await;
        let (status, output, state) = under(fault, "bc_invoke_action", json!({"entity": "salesInvoices", "id": id, "action": "post"}), books).await;
        assert_eq!((status, state), (ToolCallStatus::Unknown, ChangeState::Unknown), "{fault}: {output}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_elses_change_is_never_overwritten() {
    let (books, id) = with_id("customers").await;
    let (status, output, state) = under("customers:PATCH:1:stale-etag", UPDATE, rename(&id, "Mine"), books).await;
    assert_eq!((status, state), (ToolCallStatus::Error, ChangeState::Failed), "{output}");
    assert!(output.contains("somebody else changed"), "{output}");

    let (books, id) = with_id("customers").await;
    let stage = set(books, vec![Turn::calls(&[("call_a", UPDATE, rename(&id, "Mine"))])]).await;
    let (run, events, question) = stage.asked().await;
    stage.books.patch(&format!("customers({id})"), &json!({"displayName": "Theirs"})).await;
    stage.running.answer(&question, bca_protocol::ReviewVerdict::Approve).await.unwrap();
    run.done.await.unwrap();
    assert_eq!(the_end(&events).0, ToolCallStatus::Error);
    let writes = stage.books.writes();
    assert_eq!(writes.iter().map(|w| w.if_match.clone()).collect::<Vec<_>>(), [question.changes[0].if_match.clone()]);
    assert_eq!(stage.books.record("customers", &id).await["displayName"], "Theirs");
}

#[tokio::test(flavor = "multi_thread")]
async fn after_the_second_of_three_fails_the_third_stays_unsent() {
    // What refers to an earlier result can't go as one transaction, so these go in order.
    let order = json!({"entity": "salesOrders", "data": {"customerId": "{result:1}"}});
    let calls = [("call_1", CREATE, create("One")), ("call_2", CREATE, create("Two")), ("call_3", CREATE, order)];
    let stage = stage(vec![Turn::calls(&calls)]).await;
    stage.books.fault("customers:POST:2:429");
    let (stop, events) = stage.approved().await;
    assert_eq!(stop, StopReason::EndTurn);
    let expected = [("call_1", ToolCallStatus::Ok), ("call_2", ToolCallStatus::Error), ("call_3", ToolCallStatus::Aborted)];
    assert_eq!(statuses(&events), expected.map(|(id, status)| (id.to_owned(), status)));
    assert_eq!(stage.books.writes().len(), 2);
    let mut states: Vec<_> = stage.running.app.changes(None).await.unwrap().into_iter().map(|c| (c.preview.call_id.to_string(), c.state)).collect();
    states.sort_by(|a, b| a.0.cmp(&b.0));
    let expected = [("call_1", ChangeState::Confirmed), ("call_2", ChangeState::Failed), ("call_3", ChangeState::NotSent)];
    assert_eq!(states, expected.map(|(id, state)| (id.to_owned(), state)));
    assert_eq!(stage.books.named("customers", "One").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decimal_keeps_its_digits_all_the_way() {
    const PRICE: &str = "12345678901234.56789";
    let books = Books::open().await;
    let id = books.ids("items", 1).await.remove(0);
    let input = format!("{{\"entity\":\"items\",\"id\":\"{id}\",\"data\":{{\"unitPrice\":{PRICE}}}}}");
    let stage = set(books, vec![Turn::raw_call("call_a", UPDATE, &input)]).await;
    let (run, events, question) = stage.asked().await;
    stage.running.answer(&question, bca_protocol::ReviewVerdict::Approve).await.unwrap();
    run.done.await.unwrap();
    assert_eq!(question.changes[0].fields[0].after.as_deref(), Some(PRICE));
    assert!(stage.books.writes()[0].body.contains(PRICE), "{}", stage.books.writes()[0].body);
    let (status, output) = the_end(&events);
    assert_eq!(status, ToolCallStatus::Ok, "{output}");
    assert!(output.contains(&format!("\"unitPrice\":{PRICE}")), "{output}");
    let detail = stage.running.app.session(run.started.session_id).await.unwrap();
    assert!(detail.tool_calls[0].input.as_str().contains(PRICE));
    assert!(detail.tool_calls[0].output.as_ref().unwrap().as_str().contains(PRICE));
    assert!(detail.changes[0].after.as_ref().unwrap().as_str().contains(PRICE));
    assert!(stage.model.last().body.contains(PRICE));
}
