//! Files that a person attached, on their way to Business Central: named by a model, approved by their digest, sent as they were.

use bca_protocol::{AuditFilter, ChangeState, ErrorCode, ReviewVerdict, Reviewer, Revision, StopReason, ToolCallStatus, WriteOperation};
use bca_testkit::{Books, Events, Turn};
use serde_json::{Value, json};

use crate::support::{CREATE, QUERY, Stage, UPDATE, create, ended, set, statuses, the_end};

const BILL: &[u8] = b"%PDF-1.7\n% Bill 4711, 1.234,56\n";

/// 3 by 2 pixels.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x03\0\0\0\x02\x08\x02\0\0\0\x12\x16\xf1\x4d\0\0\0\0IEND\xaeB`\x82";

async fn bytes(stage: &Stage, path: &str) -> Vec<u8> {
    stage.books.bytes(path).await
}

fn attachment(invoice: &str) -> Value {
    json!({"entity": "documentAttachments", "data": {"parentType": "Purchase_x0020_Invoice", "parentId": invoice}, "file": "Bill 4711.pdf"})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bill_is_attached_as_it_was_approved_and_taken_back() {
    let books = Books::open().await;
    let invoice = books.ids("purchaseInvoices", 1).await.remove(0);
    let stage = set(books, vec![Turn::calls(&[("call_a", CREATE, attachment(&invoice))]), Turn::text("Attached.")]).await;
    let file = stage.running.app.attach("Bill 4711.pdf", BILL).await.unwrap();
    let (run, events, question) = stage.asked().await;
    let [created, sent] = &question.changes[..] else { panic!("{question:?}") };
    assert_eq!((created.operation, sent.operation), (WriteOperation::Create, WriteOperation::Update));
    let shown: Vec<(&str, &str)> = sent.fields.iter().map(|field| (field.caption.as_str(), field.after.as_deref().unwrap_or_default())).collect();
    let size = BILL.len().to_string();
    let told = [("File", "Bill 4711.pdf"), ("Size in bytes", size.as_str()), ("Type", "application/pdf"), ("SHA-256", file.sha256.as_str())];
    assert_eq!(shown, told);
    assert!(sent.body.as_deref().unwrap().contains(&file.sha256), "the digest covers the file's");
    assert!(!stage.model.last().json().to_string().contains("Bill 4711, 1.234"), "what is in a file is not the model's business");
    stage.running.answer(&question, ReviewVerdict::Approve).await.unwrap();
    assert_eq!(run.done.await.unwrap(), StopReason::EndTurn);
    let (status, output) = the_end(&events);
    assert_eq!(status, ToolCallStatus::Ok, "{output}");
    let output: Value = serde_json::from_str(&output).unwrap();
    assert_eq!(output["file"]["verified"], "the file was fetched again and is the one that was sent", "{output}");
    let id = output["id"].as_str().unwrap();
    assert_eq!(bytes(&stage, &format!("documentAttachments({id})/attachmentContent")).await, BILL);
    let row = stage.books.record("documentAttachments", id).await;
    assert_eq!(
        (row["fileName"].as_str(), row["parentId"].as_str(), row["byteSize"].as_i64()),
        (Some("Bill 4711.pdf"), Some(invoice.as_str()), Some(BILL.len() as i64))
    );

    let changes = stage.running.app.changes(None).await.unwrap();
    assert_eq!(changes.iter().map(|change| change.state).collect::<Vec<_>>(), [ChangeState::Confirmed, ChangeState::Confirmed]);
    let audit = stage.running.app.audit_page(&AuditFilter::default(), None, 100).await.unwrap();
    let written = serde_json::to_string(&audit.entries).unwrap();
    assert!(written.contains("attachmentContent"), "{written}");

    // The way down.
    let again = Events::new();
    let input = json!({"entity": "documentAttachments", "id": id, "save": "attachmentContent"}).to_string();
    let saved = stage.running.app.call_tool(QUERY, bca_protocol::RawJson::parse(input).unwrap(), again).await.unwrap();
    let saved: Value = serde_json::from_str(saved.output.as_str()).unwrap();
    let path = stage.home.path().join("attachments").join(saved["saved"]["file"].as_str().unwrap());
    assert_eq!(std::fs::read(path).unwrap(), BILL);

    // The way back: of the file alone there is none, of the run there is.
    let fault = stage.running.app.undo(sent.change_id, Events::new()).await.err().unwrap();
    assert_eq!(fault.code, ErrorCode::Conflict, "{fault:?}");
    let undoing = Events::new();
    let undo = stage.running.app.undo_run(run.started.run_id, undoing.clone()).await.unwrap();
    let question = undoing.question().await;
    assert_eq!(question.changes.len(), 1);
    stage.running.answer(&question, ReviewVerdict::Approve).await.unwrap();
    assert_eq!(undo.done.await.unwrap(), StopReason::EndTurn);
    assert!(!stage.books.ids("documentAttachments", 200).await.contains(&id.to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_is_put_to_an_item() {
    let books = Books::open().await;
    let item = books.ids("items", 1).await.remove(0);
    let input = json!({"entity": "items", "id": item, "data": {}, "file": "chair.png"});
    let stage = set(books, vec![Turn::calls(&[("call_a", UPDATE, input)]), Turn::text("Done.")]).await;
    stage.running.app.attach("chair.png", PNG).await.unwrap();
    let (stop, events) = stage.approved().await;
    assert_eq!((stop, the_end(&events).0), (StopReason::EndTurn, ToolCallStatus::Ok), "{}", the_end(&events).1);
    assert_eq!(bytes(&stage, &format!("items({item})/picture/pictureContent")).await, PNG);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_changed_after_the_yes_is_not_sent() {
    let books = Books::open().await;
    let item = books.ids("items", 1).await.remove(0);
    let input = json!({"entity": "items", "id": item, "data": {}, "file": "chair.png"});
    let stage = set(books, vec![Turn::calls(&[("call_a", UPDATE, input)]), Turn::text("Done.")]).await;
    let file = stage.running.app.attach("chair.png", PNG).await.unwrap();
    let (run, events, question) = stage.asked().await;
    let path = stage.home.path().join("attachments").join("attached").join(file.id.to_string()).join("chair.png");
    std::fs::write(path, b"\x89PNG another").unwrap();
    stage.running.answer(&question, ReviewVerdict::Approve).await.unwrap();
    run.done.await.unwrap();
    let (status, output) = the_end(&events);
    assert!(status == ToolCallStatus::Error && output.contains("not the one that was approved"), "{output}");
    assert!(stage.books.writes().is_empty());
    assert_eq!(stage.running.app.changes(None).await.unwrap()[0].state, ChangeState::NotSent);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_attached_files_can_be_named_and_only_where_files_go() {
    let books = Books::open().await;
    let (invoice, customer) = (books.ids("purchaseInvoices", 1).await.remove(0), books.ids("customers", 1).await.remove(0));
    let with = |file: &str| {
        let mut call = attachment(&invoice);
        call["file"] = json!(file);
        call
    };
    let calls = [
        ("call_a", CREATE, with("/etc/passwd")),
        ("call_b", CREATE, with("../../bc-agent.db")),
        ("call_c", CREATE, with("")),
        ("call_d", UPDATE, json!({"entity": "salesInvoices", "id": customer, "data": {}, "file": "note.txt"})),
        ("call_e", CREATE, json!({"entity": "paymentTerms", "data": {"code": "X"}, "file": "note.txt"})),
        ("call_f", UPDATE, json!({"entity": "customers", "id": customer, "data": {"city": "Oslo"}, "file": "note.txt"})),
    ];
    let stage = set(books, vec![Turn::calls(&calls), Turn::text("No.")]).await;
    stage.running.app.attach("note.txt", b"hello").await.unwrap();
    let (_, events, _) = stage.running.ask(None, "Go on").await;
    let mut codes: Vec<(String, String)> = ended(&events)
        .into_iter()
        .map(|(id, status, output)| {
            assert_eq!(status, ToolCallStatus::Error);
            let output: Value = serde_json::from_str(output.as_str()).unwrap();
            (id, output["error"]["code"].as_str().unwrap_or_default().to_owned())
        })
        .collect();
    codes.sort();
    let codes: Vec<&str> = codes.iter().map(|(_, code)| code.as_str()).collect();
    assert_eq!(codes, ["no_such_file", "no_such_file", "no_such_file", "no_file", "no_file", "invalid_input"]);
    assert!(stage.books.writes().is_empty());
}

/// The attachment of a bill, put to a person.
async fn bill() -> Stage {
    let books = Books::open().await;
    let invoice = books.ids("purchaseInvoices", 1).await.remove(0);
    let stage = set(books, vec![Turn::calls(&[("call_a", CREATE, attachment(&invoice))]), Turn::text("Done.")]).await;
    stage.running.app.attach("Bill 4711.pdf", BILL).await.unwrap();
    stage
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_stays_here_where_its_record_is_unknown_and_that_is_what_is_told() {
    let stage = bill().await;
    stage.books.fault("documentAttachments:POST:1:drop-after-commit");
    let (_, events) = stage.approved().await;
    let (status, output) = the_end(&events);
    assert_eq!(status, ToolCallStatus::Unknown, "{output}");
    assert_eq!(stage.books.writes().len(), 1);
    let states: Vec<ChangeState> = stage.running.app.changes(None).await.unwrap().iter().map(|change| change.state).collect();
    assert!(states.contains(&ChangeState::Unknown) && states.contains(&ChangeState::NotSent), "{states:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_taken_out_leaves_its_record_confirmed() {
    let stage = bill().await;
    let (run, events, question) = stage.asked().await;
    let leave_out = vec![question.changes[1].change_id];
    let revision = Revision { approval_id: question.approval_id, digest: question.digest, edits: Vec::new(), leave_out };
    let revised = stage.running.app.revise(revision, Reviewer::Window).await.unwrap();
    stage.running.answer(&revised, ReviewVerdict::Approve).await.unwrap();
    run.done.await.unwrap();
    let (status, output) = the_end(&events);
    assert!(status == ToolCallStatus::Ok && output.contains("took the file out"), "{status:?} {output}");
    assert_eq!(stage.books.writes().len(), 1, "without its file");
}

#[tokio::test(flavor = "multi_thread")]
async fn results_are_counted_by_calls_whatever_files_go_with_them() {
    let books = Books::open().await;
    let invoice = books.ids("purchaseInvoices", 1).await.remove(0);
    let of_set = |mut input: Value, more: bool| {
        input["change_set"] = json!({"title": "Two and a bill", "more": more});
        input
    };
    let turns = vec![
        Turn::calls(&[("call_1", CREATE, of_set(attachment(&invoice), true))]),
        Turn::calls(&[("call_2", CREATE, of_set(create("First"), true)), ("call_3", CREATE, of_set(create("Second"), true))]),
        Turn::calls(&[("call_4", CREATE, of_set(json!({"entity": "salesQuotes", "data": {"customerId": "{result:3}"}}), false))]),
        Turn::text("Done."),
    ];
    let stage = set(books, turns).await;
    stage.running.app.attach("Bill 4711.pdf", BILL).await.unwrap();
    let (_, events) = stage.approved().await;
    assert!(statuses(&events).iter().all(|(_, status)| *status == ToolCallStatus::Ok), "{:?}", ended(&events));
    let quote = ended(&events).into_iter().find(|(id, ..)| id == "call_4").unwrap().2;
    let quote: Value = serde_json::from_str(quote.as_str()).unwrap();
    assert_eq!(quote["record"]["customerName"], "Second", "{quote}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bill_that_was_taken_back_does_not_keep_the_rest_of_its_run() {
    let books = Books::open().await;
    let invoice = books.ids("purchaseInvoices", 1).await.remove(0);
    let calls = [("call_1", CREATE, attachment(&invoice)), ("call_2", CREATE, create("Beside a bill"))];
    let stage = set(books, vec![Turn::calls(&calls), Turn::text("Done.")]).await;
    stage.running.app.attach("Bill 4711.pdf", BILL).await.unwrap();
    let (run, _, question) = stage.asked().await;
    stage.running.answer(&question, ReviewVerdict::Approve).await.unwrap();
    run.done.await.unwrap();
    let events = Events::new();
    let undo = stage.running.app.undo(question.changes[0].change_id, events.clone()).await.unwrap();
    stage.running.answer(&events.question().await, ReviewVerdict::Approve).await.unwrap();
    undo.done.await.unwrap();
    let events = Events::new();
    let undo = stage.running.app.undo_run(run.started.run_id, events.clone()).await.unwrap();
    let question = events.question().await;
    assert_eq!(question.changes.len(), 1);
    stage.running.answer(&question, ReviewVerdict::Approve).await.unwrap();
    undo.done.await.unwrap();
    assert_eq!(stage.books.named("customers", "Beside a bill").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_taken_out_is_told_of_in_a_transaction_too() {
    let books = Books::open().await;
    let invoice = books.ids("purchaseInvoices", 1).await.remove(0);
    let calls = [("call_1", CREATE, attachment(&invoice)), ("call_2", CREATE, create("Beside a bill"))];
    let stage = set(books, vec![Turn::calls(&calls), Turn::text("Done.")]).await;
    stage.running.app.attach("Bill 4711.pdf", BILL).await.unwrap();
    let (run, events, question) = stage.asked().await;
    let leave_out = vec![question.changes[1].change_id];
    let revision = Revision { approval_id: question.approval_id, digest: question.digest, edits: Vec::new(), leave_out };
    let revised = stage.running.app.revise(revision, Reviewer::Window).await.unwrap();
    stage.running.answer(&revised, ReviewVerdict::Approve).await.unwrap();
    run.done.await.unwrap();
    assert!(matches!(&stage.books.writes()[..], [batch] if batch.path.ends_with("$batch")));
    let (_, status, output) = ended(&events).into_iter().find(|(id, ..)| id == "call_1").unwrap();
    assert!(status == ToolCallStatus::Ok && output.as_str().contains("took the file out"), "{}", output.as_str());
}
