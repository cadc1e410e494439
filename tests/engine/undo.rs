//! The way back: a new write with its own question, against the record as it stands.

use std::sync::Arc;

use bca_protocol::{ApprovalRequest, ChangeId, ChangeState, ErrorCode, ReviewVerdict, StopReason, UserError, WriteOperation};
use bca_testkit::{Books, Events, Turn};
use serde_json::{Value, json};

use crate::support::{CREATE, DELETE, Stage, UPDATE, create, ended, rename, set};

/// Makes these changes with one approval; their ids, in order.
async fn made(books: Books, calls: &[(&str, &str, Value)]) -> (Stage, Vec<ChangeId>) {
    let stage = set(books, vec![Turn::calls(calls)]).await;
    let (stop, events) = stage.approved().await;
    assert_eq!(stop, StopReason::EndTurn);
    let ids = events.question().await.changes.iter().map(|change| change.change_id).collect();
    (stage, ids)
}

async fn asked(stage: &Stage, id: ChangeId) -> (bca_app::ActiveRun, Arc<Events>, ApprovalRequest) {
    let events = Events::new();
    let run = stage.running.app.undo(id, events.clone()).await.unwrap();
    let question = events.question().await;
    (run, events, question)
}

/// Takes a change back with a yes; the change that did it.
async fn undone(stage: &Stage, id: ChangeId) -> ChangeId {
    let (run, events, question) = asked(stage, id).await;
    stage.running.answer(&question, ReviewVerdict::Approve).await.unwrap();
    assert_eq!(run.done.await.unwrap(), StopReason::EndTurn, "{:?} {:?}", question.changes[0].body, ended(&events));
    let by = question.changes[0].change_id;
    assert_eq!(stage.running.app.change(id).await.unwrap().undone_by, Some(by));
    by
}

async fn refused(stage: &Stage, id: ChangeId) -> UserError {
    let fault = stage.running.app.undo(id, Events::new()).await.err().expect("there is a way back");
    assert_eq!(fault.code, ErrorCode::Conflict, "{fault:?}");
    fault
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_created_is_deleted_in_the_version_that_stands_there() {
    let (stage, ids) = made(Books::open().await, &[("call_a", CREATE, create("Short-lived"))]).await;
    let sent = stage.books.writes().len();
    let (run, events, question) = asked(&stage, ids[0]).await;
    let change = &question.changes[0];
    assert_eq!((change.operation, change.undoes, change.title.as_str()), (WriteOperation::Delete, Some(ids[0]), change.title.as_str()));
    assert!(change.title.starts_with("Undo: delete customer") && change.if_match.is_some(), "{change:?}");
    assert_eq!(stage.books.writes().len(), sent, "nothing is sent before the answer");
    stage.running.answer(&question, ReviewVerdict::Approve).await.unwrap();
    assert_eq!(run.done.await.unwrap(), StopReason::EndTurn);
    assert_eq!(stage.books.named("customers", "Short-lived").await, 0);
    let before = stage.running.app.change(ids[0]).await.unwrap();
    assert_eq!(before.undone_by, Some(change.change_id));
    let session = stage.running.app.session(before.session_id).await.unwrap();
    assert_eq!((session.runs.len(), session.changes.len()), (2, 2), "it stands in the same conversation");
    assert_eq!(session.changes[1].state, ChangeState::Confirmed);
    assert!(events.all().iter().all(|event| event.session_id == before.session_id));
    stage.goes_on(before.session_id).await;
    assert!(refused(&stage, ids[0]).await.message.contains("taken back already"));
}

#[tokio::test(flavor = "multi_thread")]
async fn old_values_come_back_and_an_undo_can_be_undone() {
    let books = Books::open().await;
    let id = books.ids("customers", 1).await.remove(0);
    let old = books.record("customers", &id).await;
    let terms = books.ids("paymentTerms", 6).await;
    let other = terms.iter().find(|term| old["paymentTermsId"] != json!(term)).unwrap();
    let input = json!({"entity": "customers", "id": id, "data": {"displayName": "Renamed", "paymentTermsId": other, "city": "Tromsø"}});
    let (stage, ids) = made(books, &[("call_a", UPDATE, input)]).await;
    let values = |record: &Value| ["displayName", "paymentTermsId", "city"].map(|name| record[name].clone());
    let new = stage.books.record("customers", &id).await;
    let first = undone(&stage, ids[0]).await;
    assert_eq!(values(&stage.books.record("customers", &id).await), values(&old));
    let second = undone(&stage, first).await;
    assert_eq!(values(&stage.books.record("customers", &id).await), values(&new));
    assert_eq!(stage.running.app.change(ids[0]).await.unwrap().undone_by, None, "the change is in force again");
    let third = undone(&stage, ids[0]).await;
    assert_eq!(values(&stage.books.record("customers", &id).await), values(&old));
    assert_ne!(third, second);
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_elses_later_edit_is_shown_and_other_fields_stay() {
    let books = Books::open().await;
    let id = books.ids("customers", 1).await.remove(0);
    let old = books.record("customers", &id).await;
    let (stage, ids) = made(books, &[("call_a", UPDATE, json!({"entity": "customers", "id": id, "data": {"displayName": "Mine", "city": "Bodø"}}))]).await;
    stage.books.patch(&format!("customers({id})"), &json!({"displayName": "Theirs", "phoneNumber": "5550100"})).await;
    let (run, _, question) = asked(&stage, ids[0]).await;
    let [conflict] = &question.changes[0].conflicts[..] else { panic!("{:?}", question.changes[0].conflicts) };
    assert_eq!((conflict.name.as_str(), conflict.expected.as_deref(), conflict.now.as_deref()), ("displayName", Some("Mine"), Some("Theirs")));
    let mut shown: Vec<_> = question.changes[0].fields.iter().map(|f| f.name.as_str()).collect();
    shown.sort_unstable();
    assert_eq!(shown, ["city", "displayName"], "only what the change set");
    stage.running.answer(&question, ReviewVerdict::Approve).await.unwrap();
    run.done.await.unwrap();
    let now = stage.books.record("customers", &id).await;
    assert_eq!((&now["displayName"], &now["city"], &now["phoneNumber"]), (&old["displayName"], &old["city"], &json!("5550100")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_later_edit_between_question_and_answer_is_not_overwritten() {
    let books = Books::open().await;
    let id = books.ids("customers", 1).await.remove(0);
    let (stage, ids) = made(books, &[("call_a", UPDATE, rename(&id, "Mine"))]).await;
    let (run, _, question) = asked(&stage, ids[0]).await;
    stage.books.patch(&format!("customers({id})"), &json!({"displayName": "Theirs"})).await;
    stage.running.answer(&question, ReviewVerdict::Approve).await.unwrap();
    assert_eq!(run.done.await.unwrap(), StopReason::Error);
    assert_eq!(stage.books.record("customers", &id).await["displayName"], "Theirs");
    assert_eq!(stage.running.app.change(ids[0]).await.unwrap().undone_by, None);
    let (run, _, question) = asked(&stage, ids[0]).await;
    assert_eq!(question.changes[0].conflicts.len(), 1, "the next question shows what stands there now");
    stage.running.answer(&question, ReviewVerdict::Reject { reason: None }).await.unwrap();
    run.done.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_deleted_is_created_again_with_a_note_on_what_does_not_come_back() {
    let books = Books::open().await;
    let body = json!({"displayName": "Comes back", "city": "Molde", "creditLimit": 12500.5, "blocked": "Ship"});
    let id = books.create("customers", &body).await;
    let (stage, ids) = made(books, &[("call_a", DELETE, json!({"entity": "customers", "id": id}))]).await;
    assert_eq!(stage.books.named("customers", "Comes back").await, 0);
    let (run, _, question) = asked(&stage, ids[0]).await;
    let change = &question.changes[0];
    assert_eq!(change.operation, WriteOperation::Create);
    assert!(change.notes.iter().any(|note| note.text.contains("new id")), "{:?}", change.notes);
    stage.running.answer(&question, ReviewVerdict::Approve).await.unwrap();
    assert_eq!(run.done.await.unwrap(), StopReason::EndTurn);
    let page: Value = serde_json::from_str(&stage.books.read("customers?$filter=displayName eq 'Comes back'").await).unwrap();
    let again = &page["value"][0];
    assert_eq!((&again["city"], &again["creditLimit"], &again["blocked"]), (&json!("Molde"), &json!(12500.5), &json!("Ship")));
    assert_ne!(again["id"], json!(id));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_goes_with_its_lines_and_a_line_alone() {
    let books = Books::open().await;
    let customer = books.ids("customers", 1).await.remove(0);
    let item = books.ids("items", 1).await.remove(0);
    let order = books.create("salesOrders", &json!({"customerId": customer})).await;
    let line = json!({"lineType": "Item", "itemId": item, "quantity": 3});
    let calls = [
        ("call_1", CREATE, json!({"entity": "salesOrders", "data": {"customerId": customer, "salesOrderLines": [line]}})),
        ("call_2", CREATE, json!({"entity": "salesOrderLines", "parent": {"entity": "salesOrders", "id": order}, "data": line})),
    ];
    let (stage, ids) = made(books, &calls).await;
    let lines = async || {
        let page: Value = serde_json::from_str(&stage.books.read(&format!("salesOrders({order})/salesOrderLines")).await).unwrap();
        page["value"].as_array().unwrap().len()
    };
    assert_eq!(lines().await, 1);
    let second = undone(&stage, ids[1]).await;
    assert_eq!(lines().await, 0);
    undone(&stage, second).await;
    assert_eq!(lines().await, 1, "the line is there again");
    undone(&stage, ids[0]).await;
}

/// The rows below a record.
async fn children(stage: &Stage, path: &str) -> Vec<Value> {
    let page: Value = serde_json::from_str(&stage.books.read(path).await).unwrap();
    page["value"].as_array().unwrap_or_else(|| panic!("{page}")).clone()
}

/// The number of an account that journals may post to.
async fn account(books: &Books) -> String {
    let page: Value = serde_json::from_str(&books.read("accounts?$filter=accountType eq 'Posting' and directPosting eq true&$top=1").await).unwrap();
    page["value"][0]["number"].as_str().unwrap().to_owned()
}

/// Deletes this through the agent, takes the deletion back, and gives the ids before and after.
async fn deleted_and_back(books: Books, entity: &str, id: &str) -> (Stage, ApprovalRequest, String) {
    let (stage, ids) = made(books, &[("call_a", DELETE, json!({"entity": entity, "id": id}))]).await;
    assert!(stage.books.read(&format!("{entity}({id})")).await.contains("error"), "it is gone");
    let (run, events, question) = asked(&stage, ids[0]).await;
    stage.running.answer(&question, ReviewVerdict::Approve).await.unwrap();
    assert_eq!(run.done.await.unwrap(), StopReason::EndTurn, "{entity}: {:?} {:?}", question.changes[0].body, ended(&events));
    let done: Value = serde_json::from_str(ended(&events)[0].2.as_str()).unwrap();
    assert_eq!(done["differences"], json!([]), "{entity}: what came back is what was sent");
    let again = done["id"].as_str().unwrap().to_owned();
    assert_ne!(again, id);
    (stage, question, again)
}

fn warned(question: &ApprovalRequest, of: &str) -> bool {
    question.changes[0].notes.iter().any(|note| note.text.contains(of))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_draft_comes_back_with_its_lines_and_their_dimensions() {
    let partners = [
        ("salesOrders", "customers", "customerId"),
        ("salesQuotes", "customers", "customerId"),
        ("salesInvoices", "customers", "customerId"),
        ("salesCreditMemos", "customers", "customerId"),
        ("purchaseOrders", "vendors", "vendorId"),
        ("purchaseInvoices", "vendors", "vendorId"),
        ("purchaseCreditMemos", "vendors", "vendorId"),
    ];
    for (set, partner, property) in partners {
        let books = Books::open().await;
        let (partner, items) = (books.ids(partner, 1).await.remove(0), books.ids("items", 2).await);
        let lines = format!("{}Lines", set.trim_end_matches('s'));
        let dimensions: Value = serde_json::from_str(&books.read("dimensions?$expand=dimensionValues&$top=1").await).unwrap();
        let dimension = &dimensions["value"][0];
        let price = if set.starts_with("sales") {
            "unitPrice"
        } else if set == "purchaseOrders" {
            "directUnitCost"
        } else {
            "unitCost"
        };
        let body = json!({property: partner, lines.as_str(): [
            {"lineType": "Item", "itemId": items[0], "quantity": 3, "description": "First of two"},
            {"lineType": "Item", "itemId": items[1], "quantity": 1, "discountPercent": 10,
             "dimensionSetLines": [{"code": dimension["code"], "valueCode": dimension["dimensionValues"][0]["code"]}]},
            {"lineType": "Comment", "description": "As agreed by telephone"},
        ]});
        let id = books.create(set, &body).await;
        let before: Vec<Value> = {
            let page: Value = serde_json::from_str(&books.read(&format!("{set}({id})/{lines}")).await).unwrap();
            page["value"].as_array().unwrap().clone()
        };
        let header = books.record(set, &id).await;
        let (stage, question, again) = deleted_and_back(books, set, &id).await;
        let shown = &stage.running.app.changes(None).await.unwrap().into_iter().find(|change| change.preview.undoes.is_none()).unwrap().preview;
        assert!(shown.undo.is_yes(), "{set}: {:?}", shown.undo);
        assert!(shown.fields.iter().any(|field| field.name.starts_with(&format!("{lines}[1].")) && field.after.is_none()), "{set}: lines that go are shown");
        assert!(warned(&question, "3 ") && warned(&question, header["number"].as_str().unwrap()), "{set}: {:?}", question.changes[0].notes);
        let rows = children(&stage, &format!("{set}({again})/{lines}")).await;
        assert_eq!(rows.len(), 3, "{set}");
        for (old, new) in before.iter().zip(&rows) {
            for name in ["lineType", "lineObjectNumber", "description", "quantity", price, "discountPercent", "discountAmount", "amountIncludingTax", "taxCode"]
            {
                assert_eq!(old[name], new[name], "{set}: {name}");
            }
        }
        let now = stage.books.record(set, &again).await;
        for name in ["totalAmountIncludingTax", "postingDate", "currencyCode", "paymentTermsId", "externalDocumentNumber", "shipToName"] {
            assert_eq!(header[name], now[name], "{set}: {name}");
        }
        assert_ne!(header["number"], now["number"], "{set}");
        let page: Value = serde_json::from_str(&stage.books.read(&format!("{set}({again})/{lines}?$expand=dimensionSetLines")).await).unwrap();
        let of_line = |at: usize| {
            page["value"][at]["dimensionSetLines"]
                .as_array()
                .unwrap()
                .iter()
                .any(|line| line["id"] == dimension["id"] && line["valueId"] == dimension["dimensionValues"][0]["id"])
        };
        assert!(of_line(1), "{set}: {page}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn masters_and_journals_come_back_with_what_belonged_to_them() {
    let books = Books::open().await;
    let dimensions: Value = serde_json::from_str(&books.read("dimensions?$expand=dimensionValues&$top=1").await).unwrap();
    let dimension = &dimensions["value"][0];
    let default = json!([{"dimensionId": dimension["id"], "dimensionValueId": dimension["dimensionValues"][0]["id"]}]);
    let vendor = books.create("vendors", &json!({"displayName": "With a dimension", "city": "Bergen", "defaultDimensions": default})).await;
    let (stage, question, again) = deleted_and_back(books, "vendors", &vendor).await;
    assert_eq!(children(&stage, &format!("vendors({again})/defaultDimensions")).await.len(), 1);
    assert!(!warned(&question, "another number"), "a vendor keeps its number: {:?}", question.changes[0].notes);

    let books = Books::open().await;
    let item = books.create("items", &json!({"displayName": "With variants", "unitPrice": 12.5, "type": "Inventory"})).await;
    for code in ["RED", "BLUE"] {
        books.create("itemVariants", &json!({"itemId": item, "code": code, "description": code})).await;
    }
    let (stage, _, again) = deleted_and_back(books, "items", &item).await;
    let variants: Vec<Value> = children(&stage, &format!("items({again})/itemVariants")).await.iter().map(|row| row["code"].clone()).collect();
    assert_eq!(variants.len(), 2, "{variants:?}");

    let books = Books::open().await;
    let contact = books.create("contacts", &json!({"displayName": "Kari Nordmann", "type": "Person", "email": "kari@example.com"})).await;
    let (stage, _, again) = deleted_and_back(books, "contacts", &contact).await;
    assert_eq!(stage.books.record("contacts", &again).await["email"], "kari@example.com");

    let books = Books::open().await;
    let account = account(&books).await;
    let journal = books.create("journals", &json!({"code": "UNDO", "displayName": "To be undone"})).await;
    let line = |amount: f64| json!({"accountType": "G_x002F_L_x0020_Account", "accountNumber": account, "amount": amount, "documentNumber": "U1", "description": "Wages"});
    let first = books.create(&format!("journals({journal})/journalLines"), &line(12.5)).await;
    books.create(&format!("journals({journal})/journalLines"), &line(-12.5)).await;
    let (stage, _, _) = deleted_and_back(books, "journalLines", &first).await;
    let amounts = async |stage: &Stage, journal: &str| -> Vec<Value> {
        children(stage, &format!("journals({journal})/journalLines")).await.iter().map(|row| row["amount"].clone()).collect()
    };
    let mut both = amounts(&stage, &journal).await;
    both.sort_by_key(ToString::to_string);
    assert_eq!(both, [json!(-12.5), json!(12.5)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_journal_comes_back_with_its_lines() {
    let books = Books::open().await;
    let account = account(&books).await;
    let journal = books.create("journals", &json!({"code": "UNDO", "displayName": "To be undone"})).await;
    for amount in [100, -60, -40] {
        let line = json!({"accountType": "G_x002F_L_x0020_Account", "accountNumber": account, "amount": amount, "documentNumber": "U1"});
        books.create(&format!("journals({journal})/journalLines"), &line).await;
    }
    let (stage, _, again) = deleted_and_back(books, "journals", &journal).await;
    let lines = children(&stage, &format!("journals({again})/journalLines")).await;
    assert_eq!(lines.iter().map(|line| line["amount"].as_i64().unwrap()).collect::<Vec<_>>(), [100, -60, -40]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_posted_or_delivered_is_not_created_again() {
    let books = Books::open().await;
    let posted: Value = serde_json::from_str(&books.read("salesInvoices?$filter=status eq 'Open'&$top=1").await).unwrap();
    let id = posted["value"][0]["id"].as_str().unwrap();
    let stage = set(books, vec![Turn::calls(&[("call_a", DELETE, json!({"entity": "salesInvoices", "id": id}))])]).await;
    let (run, _, question) = stage.asked().await;
    let bca_protocol::Undoable::No { why } = &question.changes[0].undo else { panic!("{:?}", question.changes[0].undo) };
    assert!(why.contains("posted") && why.contains("corrective document"), "{why}");
    stage.running.answer(&question, ReviewVerdict::Reject { reason: None }).await.unwrap();
    run.done.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_discount_that_would_not_come_back_is_told_before_the_document_is_deleted() {
    for (discount, expected) in [(25, true), (0, false)] {
        let books = Books::open().await;
        let (customer, item) = (books.ids("customers", 1).await.remove(0), books.ids("items", 1).await.remove(0));
        let lines = json!([{"lineType": "Item", "itemId": item, "quantity": 2, "unitPrice": 500}]);
        let order = books.create("salesOrders", &json!({"customerId": customer, "salesOrderLines": lines})).await;
        books.patch(&format!("salesOrders({order})"), &json!({"discountAmount": discount})).await;
        let stage = set(books, vec![Turn::calls(&[("call_a", DELETE, json!({"entity": "salesOrders", "id": order}))])]).await;
        let (run, _, question) = stage.asked().await;
        assert!(question.changes[0].undo.is_yes());
        assert_eq!(warned(&question, "discount of 25"), expected, "{:?}", question.changes[0].notes);
        stage.running.answer(&question, ReviewVerdict::Reject { reason: None }).await.unwrap();
        run.done.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_undone_creation_can_come_back_whole() {
    let books = Books::open().await;
    let (customer, item) = (books.ids("customers", 1).await.remove(0), books.ids("items", 1).await.remove(0));
    let lines = json!([{"lineType": "Item", "itemId": item, "quantity": 2}, {"lineType": "Item", "itemId": item, "quantity": 5}]);
    let order = json!({"entity": "salesOrders", "data": {"customerId": customer, "externalDocumentNumber": "MINE-1", "salesOrderLines": lines}});
    let (stage, ids) = made(books, &[("call_a", CREATE, order)]).await;
    let gone = undone(&stage, ids[0]).await;
    let back = undone(&stage, gone).await;
    let page: Value = serde_json::from_str(&stage.books.read("salesOrders?$filter=externalDocumentNumber eq 'MINE-1'&$expand=salesOrderLines").await).unwrap();
    let [again] = &page["value"].as_array().unwrap()[..] else { panic!("{page}") };
    assert_eq!(again["salesOrderLines"].as_array().unwrap().len(), 2);
    undone(&stage, back).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_deleted_documents_is_taken_back_whole() {
    let books = Books::open().await;
    let (customer, item) = (books.ids("customers", 1).await.remove(0), books.ids("items", 1).await.remove(0));
    let lines = json!([{"lineType": "Item", "itemId": item, "quantity": 2}]);
    let order = books.create("salesOrders", &json!({"customerId": customer, "externalDocumentNumber": "RUN-1", "salesOrderLines": lines})).await;
    let old = books.record("customers", &customer).await;
    let calls = [
        ("call_1", UPDATE, rename(&customer, "Renamed")),
        ("call_2", DELETE, json!({"entity": "salesOrders", "id": order})),
        ("call_3", CREATE, create("New")),
    ];
    let (stage, ids) = made(books, &calls).await;
    let run = stage.running.app.change(ids[0]).await.unwrap().run_id;
    let events = Events::new();
    let undo = stage.running.app.undo_run(run, events.clone()).await.unwrap();
    let question = events.question().await;
    let undoes: Vec<_> = question.changes.iter().map(|change| change.undoes.unwrap()).collect();
    assert_eq!(undoes, ids.iter().rev().copied().collect::<Vec<_>>());
    stage.running.answer(&question, ReviewVerdict::Approve).await.unwrap();
    assert_eq!(undo.done.await.unwrap(), StopReason::EndTurn, "{:?}", ended(&events));
    let page: Value = serde_json::from_str(&stage.books.read("salesOrders?$filter=externalDocumentNumber eq 'RUN-1'&$expand=salesOrderLines").await).unwrap();
    assert_eq!(page["value"][0]["salesOrderLines"].as_array().unwrap().len(), 1);
    assert_eq!(stage.books.record("customers", &customer).await["displayName"], old["displayName"]);
    assert_eq!(stage.books.named("customers", "New").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_run_is_taken_back_in_reverse_order() {
    let books = Books::open().await;
    let id = books.ids("customers", 1).await.remove(0);
    let old = books.record("customers", &id).await;
    let calls = [("call_1", CREATE, create("First")), ("call_2", UPDATE, rename(&id, "Once")), ("call_3", CREATE, create("Third"))];
    let (stage, ids) = made(books, &calls).await;
    let run = stage.running.app.change(ids[0]).await.unwrap().run_id;
    let events = Events::new();
    let undo = stage.running.app.undo_run(run, events.clone()).await.unwrap();
    let question = events.question().await;
    let undoes: Vec<_> = question.changes.iter().map(|change| change.undoes.unwrap()).collect();
    assert_eq!(undoes, ids.iter().rev().copied().collect::<Vec<_>>());
    stage.running.answer(&question, ReviewVerdict::Approve).await.unwrap();
    assert_eq!(undo.done.await.unwrap(), StopReason::EndTurn);
    assert_eq!((stage.books.named("customers", "First").await, stage.books.named("customers", "Third").await), (0, 0));
    assert_eq!(stage.books.record("customers", &id).await["displayName"], old["displayName"]);
    let again = stage.running.app.undo_run(run, Events::new()).await.err().unwrap();
    assert_eq!(again.code, ErrorCode::Conflict);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_no_way_back_says_so_and_names_the_document() {
    let books = Books::open().await;
    let customer = books.ids("customers", 1).await.remove(0);
    let item = books.ids("items", 1).await.remove(0);
    let lines = json!([{"lineType": "Item", "itemId": item, "quantity": 1}]);
    let id = books.create("salesInvoices", &json!({"customerId": customer, "salesInvoiceLines": lines})).await;
    let (stage, ids) = made(books, &[("call_a", "bc_invoke_action", json!({"entity": "salesInvoices", "id": id, "action": "post"}))]).await;
    let fault = refused(&stage, ids[0]).await;
    assert!(fault.message.contains("cannot be undone") && fault.message.contains("credit memo"), "{}", fault.message);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_is_known_to_be_made_can_be_taken_back() {
    let books = Books::open().await;
    books.fault("customers:POST:1:drop-before-commit");
    let unsent = json!({"entity": "salesOrders", "data": {"customerId": "{result:1}"}});
    let (stage, ids) = made(books, &[("call_a", CREATE, create("Lost")), ("call_b", CREATE, unsent)]).await;
    assert!(refused(&stage, ids[0]).await.message.contains("not known"));
    assert!(refused(&stage, ids[1]).await.message.contains("not sent"));
    let unknown = stage.running.app.undo(ChangeId::new(), Events::new()).await.err().unwrap();
    assert_eq!(unknown.code, ErrorCode::NotFound);

    let books = Books::open().await;
    let id = books.ids("customers", 1).await.remove(0);
    let (stage, ids) = made(books, &[("call_a", UPDATE, rename(&id, "Mine"))]).await;
    let (run, _, question) = asked(&stage, ids[0]).await;
    assert!(refused(&stage, ids[0]).await.message.contains("under way"), "one undo at a time");
    stage.running.answer(&question, ReviewVerdict::Reject { reason: None }).await.unwrap();
    run.done.await.unwrap();
    undone(&stage, ids[0]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_undo_without_an_answer_is_unknown_and_blocks_the_next() {
    let (stage, ids) = made(Books::open().await, &[("call_a", CREATE, create("Fragile"))]).await;
    stage.books.fault("customers:DELETE:1:drop-before-commit");
    let (run, _, question) = asked(&stage, ids[0]).await;
    stage.running.answer(&question, ReviewVerdict::Approve).await.unwrap();
    run.done.await.unwrap();
    assert_eq!(stage.running.app.change(question.changes[0].change_id).await.unwrap().state, ChangeState::Unknown);
    assert_eq!(stage.running.app.change(ids[0]).await.unwrap().undone_by, None);
    assert!(refused(&stage, ids[0]).await.message.contains("not known"));
    assert_eq!(stage.books.writes().iter().filter(|w| w.method == "DELETE").count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_whose_lines_moved_on_is_neither_deleted_nor_posted_unseen() {
    for (tool, action) in [(DELETE, None), ("bc_invoke_action", Some("shipAndInvoice"))] {
        let books = Books::open().await;
        let (customer, item) = (books.ids("customers", 1).await.remove(0), books.ids("items", 1).await.remove(0));
        let lines = json!([{"lineType": "Item", "itemId": item, "quantity": 1, "unitPrice": 10}]);
        let order = books.create("salesOrders", &json!({"customerId": customer, "salesOrderLines": lines})).await;
        let mut input = json!({"entity": "salesOrders", "id": order});
        if let Some(action) = action {
            input["action"] = json!(action);
        }
        let stage = set(books, vec![Turn::calls(&[("call_a", tool, input)])]).await;
        let (run, events, question) = stage.asked().await;
        let page: Value = serde_json::from_str(&stage.books.read(&format!("salesOrders({order})/salesOrderLines")).await).unwrap();
        let line = page["value"][0]["id"].as_str().unwrap();
        stage.books.patch(&format!("salesOrderLines({line})"), &json!({"unitPrice": 99})).await;
        stage.running.answer(&question, ReviewVerdict::Approve).await.unwrap();
        run.done.await.unwrap();
        assert!(ended(&events)[0].2.as_str().contains("somebody else changed"), "{tool}: {:?}", ended(&events));
        let page: Value = serde_json::from_str(&stage.books.read(&format!("salesOrders({order})/salesOrderLines")).await).unwrap();
        assert_eq!(page["value"][0]["unitPrice"], json!(99), "{tool}: it stands as somebody left it");
    }
}
