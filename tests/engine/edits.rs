//! What a person makes of a question before answering it: other values, and writes taken out.

use bca_protocol::{ApprovalRequest, ChangeState, Decision, ErrorCode, EventKind, FieldEdit, ReviewVerdict, Reviewer, Revision, StopReason, ToolCallStatus};
use bca_testkit::{Books, Events, Turn};
use serde_json::{Value, json};

use crate::support::{CREATE, Stage, UPDATE, create, ended, rename, set, stage, statuses};

fn revision(question: &ApprovalRequest, edits: &[(usize, &str, Option<&str>)], leave_out: &[usize]) -> Revision {
    let edit = |(at, name, value): &(usize, &str, Option<&str>)| FieldEdit {
        change_id: question.changes[*at].change_id,
        name: (*name).to_owned(),
        value: value.map(str::to_owned),
    };
    Revision {
        approval_id: question.approval_id,
        digest: question.digest,
        edits: edits.iter().map(edit).collect(),
        leave_out: leave_out.iter().map(|at| question.changes[*at].change_id).collect(),
    }
}

async fn told_again(events: &Events, revision: u32) -> ApprovalRequest {
    events
        .first(|event| match &event.kind {
            EventKind::ApprovalRequested(request) if request.revision == revision => Some(request.clone()),
            _ => None,
        })
        .await
}

async fn revise(stage: &Stage, revision: Revision) -> ApprovalRequest {
    stage.running.app.revise(revision, Reviewer::Window).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edited_value_is_what_arrives_and_the_model_is_told() {
    let books = Books::open().await;
    let id = books.ids("customers", 1).await.remove(0);
    let input = json!({"entity": "customers", "id": id, "data": {"displayName": "Proposed", "creditLimit": 50000}});
    let stage = set(books, vec![Turn::calls(&[("call_a", UPDATE, input)])]).await;
    let (run, events, first) = stage.asked().await;
    let second = revise(&stage, revision(&first, &[(0, "creditLimit", Some("5000.10"))], &[])).await;
    assert_eq!((second.revision, second.approval_id, second.expires_at), (1, first.approval_id, first.expires_at));
    assert_ne!(second.digest, first.digest);
    let field = second.changes[0].fields.iter().find(|field| field.name == "creditLimit").unwrap();
    assert_eq!((field.after.as_deref(), field.proposed.as_deref()), (Some("5000.10"), Some("50000")));
    assert_eq!(told_again(&events, 1).await, second);

    let stale = stage.running.answer(&first, ReviewVerdict::Approve).await.unwrap_err();
    assert_eq!(stale.code, ErrorCode::Conflict, "what was shown first is gone");
    assert_eq!(stage.running.answer(&second, ReviewVerdict::Approve).await.unwrap(), Decision::Approved);
    assert_eq!(run.done.await.unwrap(), StopReason::EndTurn);
    let [write] = &stage.books.writes()[..] else { panic!("one write") };
    assert_eq!(Some(&write.body), second.changes[0].body.as_ref());
    assert!(write.body.contains("5000.10") && !write.body.contains("50000"), "{}", write.body);
    let record = stage.books.record("customers", &id).await;
    assert_eq!((&record["displayName"], record["creditLimit"].to_string().as_str()), (&json!("Proposed"), "5000.1"));

    let told: Value = serde_json::from_str(&stage.model.last().last_results()[0].2).unwrap();
    assert_eq!(told["edited_by_person"], json!([{"property": "creditLimit", "proposed": "50000", "approved": "5000.10"}]));
    assert!(events.all().iter().any(|e| matches!(&e.kind, EventKind::ApprovalResolved { edited: true, decision: Decision::Approved, .. })));
    assert_eq!(stage.running.app.approval(first.approval_id).await.unwrap().request, second);
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_of_a_new_document_can_be_edited() {
    let books = Books::open().await;
    let customer = books.ids("customers", 1).await.remove(0);
    let item = books.ids("items", 1).await.remove(0);
    let lines = json!([{"lineType": "Item", "itemId": item, "quantity": 1}, {"lineType": "Item", "itemId": item, "quantity": 2}]);
    let input = json!({"entity": "salesOrders", "data": {"customerId": customer, "salesOrderLines": lines}});
    let stage = set(books, vec![Turn::calls(&[("call_a", CREATE, input)])]).await;
    let (run, events, first) = stage.asked().await;
    let second = revise(&stage, revision(&first, &[(0, "salesOrderLines[1].quantity", Some("7"))], &[])).await;
    stage.running.answer(&second, ReviewVerdict::Approve).await.unwrap();
    run.done.await.unwrap();
    let (_, status, output) = ended(&events).remove(0);
    assert_eq!(status, ToolCallStatus::Ok, "{}", output.as_str());
    let sent: Value = serde_json::from_str(&stage.books.writes()[0].body).unwrap();
    assert_eq!(sent["salesOrderLines"].as_array().unwrap().iter().map(|line| line["quantity"].clone()).collect::<Vec<_>>(), [json!(1), json!(7)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_does_not_fit_leaves_the_question_as_it_was() {
    let books = Books::open().await;
    let id = books.ids("customers", 1).await.remove(0);
    let term = books.ids("paymentTerms", 1).await.remove(0);
    let input = json!({"entity": "customers", "id": id, "data": {"displayName": "Proposed", "creditLimit": 1, "paymentTermsId": term, "blocked": "Ship"}});
    let stage = set(books, vec![Turn::calls(&[("call_a", UPDATE, input)])]).await;
    let (run, _, question) = stage.asked().await;
    let nobody = "11111111-2222-3333-4444-555555555555";
    let long = "x".repeat(101);
    for (name, value) in [
        ("creditLimit", Some("a lot")),
        ("creditLimit", None),
        ("displayName", Some(long.as_str())),
        ("blocked", Some("Sometimes")),
        ("paymentTermsId", Some(nobody)),
        ("paymentTermsId", Some("30 DAYS")),
        ("id", Some(nobody)),
        ("city", Some("Oslo")),
    ] {
        let refused = stage.running.app.revise(revision(&question, &[(0, name, value)], &[]), Reviewer::Window).await.unwrap_err();
        assert_eq!(refused.code, ErrorCode::InvalidInput, "{name} {value:?}: {refused:?}");
    }
    let empty = stage.running.app.revise(revision(&question, &[], &[0]), Reviewer::Window).await.unwrap_err();
    assert_eq!(empty.code, ErrorCode::InvalidInput);
    for by in [Reviewer::Automation, Reviewer::Notification] {
        let forbidden = stage.running.app.revise(revision(&question, &[(0, "displayName", Some("A"))], &[]), by).await.unwrap_err();
        assert_eq!(forbidden.code, ErrorCode::Forbidden);
    }
    let mut other = revision(&question, &[(0, "displayName", Some("A"))], &[]);
    other.digest = question.changes[0].digest;
    assert_eq!(stage.running.app.revise(other, Reviewer::Window).await.unwrap_err().code, ErrorCode::Conflict);
    assert_eq!(stage.running.app.approval(question.approval_id).await.unwrap().request, question);
    stage.running.answer(&question, ReviewVerdict::Reject { reason: None }).await.unwrap();
    run.done.await.unwrap();
    assert!(stage.books.writes().is_empty());
    let late = stage.running.app.revise(revision(&question, &[(0, "displayName", Some("A"))], &[]), Reviewer::Window).await.unwrap_err();
    assert_eq!(late.code, ErrorCode::Conflict);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_taken_out_is_not_sent_and_can_be_put_back_before() {
    let books = Books::open().await;
    let ids = books.ids("customers", 2).await;
    let calls = [("call_1", CREATE, create("One")), ("call_2", UPDATE, rename(&ids[0], "Two")), ("call_3", UPDATE, rename(&ids[1], "Three"))];
    let stage = set(books, vec![Turn::calls(&calls)]).await;
    let (run, events, first) = stage.asked().await;
    let all_but_two = revise(&stage, revision(&first, &[], &[0, 1])).await;
    assert_eq!((all_but_two.changes.len(), all_but_two.left_out.len()), (1, 2));
    let mut put_back = revision(&first, &[(2, "displayName", Some("Third"))], &[1]);
    put_back.digest = all_but_two.digest;
    let last = revise(&stage, put_back).await;
    assert_eq!((last.revision, last.changes.len(), last.left_out[0].change_id), (2, 2, first.changes[1].change_id));
    stage.running.answer(&last, ReviewVerdict::Approve).await.unwrap();
    assert_eq!(run.done.await.unwrap(), StopReason::EndTurn);
    let expected = [("call_1", ToolCallStatus::Ok), ("call_2", ToolCallStatus::Rejected), ("call_3", ToolCallStatus::Ok)];
    assert_eq!(statuses(&events), expected.map(|(id, status)| (id.to_owned(), status)));
    let [batch] = &stage.books.writes()[..] else { panic!("one request") };
    assert!(last.changes.iter().all(|c| batch.body.contains(c.body.as_ref().unwrap())), "{}", batch.body);
    assert!(!batch.body.contains(first.changes[1].body.as_ref().unwrap()), "{}", batch.body);
    let out = stage.running.app.change(first.changes[1].change_id).await.unwrap();
    assert_eq!(out.state, ChangeState::NotSent);
    let told = stage.model.last().last_results();
    assert!(told[1].2.contains("took this change out"), "{}", told[1].2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_comes_from_any_process_of_the_home() {
    let stage = stage(vec![Turn::calls(&[("call_a", CREATE, create("First"))])]).await;
    let (run, events, first) = stage.asked().await;
    let other = stage.home.own(&stage.books, &stage.model).await;
    let second = other.app.revise(revision(&first, &[(0, "displayName", Some("Second"))], &[]), Reviewer::CommandLine).await.unwrap();
    assert_eq!(second.changes[0].title, "Create customer Second");
    assert_eq!(told_again(&events, 1).await, second);
    other.answer(&second, ReviewVerdict::Approve).await.unwrap();
    run.done.await.unwrap();
    assert_eq!((stage.books.named("customers", "First").await, stage.books.named("customers", "Second").await), (0, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn related_records_are_found_by_words() {
    let stage = stage(Vec::new()).await;
    let all = stage.running.app.lookup_records("environment", "paymentTerms", "").await.unwrap();
    let some = stage.running.app.lookup_records("environment", "paymentTerms", "14 day").await.unwrap();
    assert!(all.len() > some.len() && !some.is_empty(), "{some:?}");
    assert!(some.iter().all(|hit| hit.label.to_lowercase().contains("14 day") && hit.id.len() == 36), "{some:?}");
    assert!(stage.running.app.lookup_records("environment", "customers", "").await.unwrap().len() <= 20);
    assert_eq!(stage.running.app.lookup_records("environment", "nonsense", "").await.unwrap_err().code, ErrorCode::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_set_is_approved_by_typing_its_number() {
    let calls: Vec<(String, Value)> = (0..51).map(|n| (format!("call_{n}"), create(&format!("Mass {n}")))).collect();
    let calls: Vec<(&str, &str, Value)> = calls.iter().map(|(id, input)| (id.as_str(), CREATE, input.clone())).collect();
    let stage = stage(vec![Turn::calls(&calls)]).await;
    let (run, _, question) = stage.asked().await;
    assert_eq!(question.typed.as_deref(), Some("51"));
    let mut untyped = question.clone();
    for typed in [None, Some("50".to_owned()), Some(String::new())] {
        untyped.typed = typed;
        assert_eq!(stage.running.answer(&untyped, ReviewVerdict::Approve).await.unwrap_err().code, ErrorCode::InvalidInput);
    }
    let fifty = revise(&stage, revision(&question, &[], &[50])).await;
    assert_eq!(fifty.typed, None);
    stage.running.answer(&fifty, ReviewVerdict::Approve).await.unwrap();
    run.done.await.unwrap();
    assert_eq!((stage.books.named("customers", "Mass 49").await, stage.books.named("customers", "Mass 50").await), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_keeps_what_was_said_of_the_way_back_and_of_references() {
    let books = Books::open().await;
    let id = books.create("customers", &json!({"displayName": "Comes back", "city": "Molde"})).await;
    let stage = set(books, vec![Turn::calls(&[("call_a", "bc_delete_entity", json!({"entity": "customers", "id": id}))])]).await;
    let (_, events) = stage.approved().await;
    let deleted = events.question().await.changes[0].change_id;
    let events = Events::new();
    let undo = stage.running.app.undo(deleted, events.clone()).await.unwrap();
    let first = events.question().await;
    let second = revise(&stage, revision(&first, &[(0, "city", Some("Bergen"))], &[])).await;
    for note in &first.changes[0].notes {
        assert_eq!(second.changes[0].notes.iter().filter(|other| *other == note).count(), 1, "{note:?} of {:?}", second.changes[0].notes);
    }
    stage.running.answer(&second, ReviewVerdict::Reject { reason: None }).await.unwrap();
    undo.done.await.unwrap();

    let order = json!({"entity": "salesOrders", "data": {"customerId": "{result:1}", "externalDocumentNumber": "A"}});
    let calls = [("call_a", CREATE, json!({"entity": "customers", "data": {"displayName": "New"}})), ("call_b", CREATE, order)];
    let stage = set(Books::open().await, vec![Turn::calls(&calls)]).await;
    let (run, _, first) = stage.asked().await;
    let second = revise(&stage, revision(&first, &[(1, "externalDocumentNumber", Some("B"))], &[])).await;
    let of = |question: &ApprovalRequest| question.changes[1].fields.iter().find(|field| field.name == "customerId").cloned().unwrap();
    assert!(of(&first).after_label.is_some() && of(&first).editor.is_none());
    assert_eq!(of(&second), of(&first));
    stage.running.answer(&second, ReviewVerdict::Reject { reason: None }).await.unwrap();
    run.done.await.unwrap();
}
