//! What a person is warned of before approving, each computed from the demo company's books.

use bca_protocol::{NoteKind, ReviewVerdict, Undoable};
use bca_testkit::{Books, Turn};
use serde_json::{Value, json};

use crate::support::{CREATE, UPDATE, rename, set};

/// What the question about this call says, warnings first; it is rejected.
async fn told(books: Books, tool: &str, input: Value) -> (Vec<String>, Vec<String>) {
    let stage = set(books, vec![Turn::calls(&[("call_a", tool, input)])]).await;
    // Bank data and tax numbers are not even put to a person unless one has lifted that.
    let mut permissions = stage.running.app.permissions(None).await.unwrap().permissions;
    permissions.lifted_fields = vec!["iban".into(), "taxRegistrationNumber".into()];
    stage.running.app.set_permissions(None, permissions).await.unwrap();
    let (run, _, question) = stage.asked().await;
    stage.running.answer(&question, ReviewVerdict::Reject { reason: None }).await.unwrap();
    run.done.await.unwrap();
    assert!(stage.books.writes().is_empty());
    let of = |kind: NoteKind| question.changes[0].notes.iter().filter(|note| note.kind == kind).map(|note| note.text.clone()).collect();
    (of(NoteKind::Warning), of(NoteKind::Info))
}

fn says(notes: &[String], words: &str) -> bool {
    notes.iter().any(|note| note.contains(words))
}

async fn rows(books: &Books, query: &str) -> Vec<Value> {
    let page: Value = serde_json::from_str(&books.read(query).await).unwrap();
    page["value"].as_array().unwrap().clone()
}

async fn first(books: &Books, query: &str) -> Value {
    rows(books, query).await.remove(0)
}

/// A customer to whom nothing stands in the way, and an item of which there is enough.
async fn usual(books: &Books) -> (Value, Value) {
    let customer = rows(books, "customers").await.into_iter().find(|row| row["blocked"] == "_x0020_" || row["blocked"] == " ").unwrap();
    let item = first(books, "items?$filter=inventory gt 20 and type eq 'Inventory'").await;
    (customer, item)
}

fn order(customer: &Value, item: &Value, line: Value) -> Value {
    let mut line = line;
    line["lineType"] = json!("Item");
    line["itemId"] = item["id"].clone();
    json!({"entity": "salesOrders", "data": {"customerId": customer["id"], "salesOrderLines": [line]}})
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ordinary_order_says_what_it_comes_to_and_warns_of_nothing() {
    let books = Books::open().await;
    let (customer, item) = usual(&books).await;
    books.patch(&format!("customers({})", customer["id"].as_str().unwrap()), &json!({"creditLimit": 0})).await;
    let input = order(&customer, &item, json!({"quantity": 2, "unitPrice": 1500.25, "discountPercent": 10}));
    let (warnings, remarks) = told(books, CREATE, input).await;
    assert_eq!(warnings, Vec::<String>::new());
    assert!(says(&remarks, "come to about 2,700.45"), "{remarks:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blocked_customer_and_a_blocked_item() {
    let books = Books::open().await;
    let (customer, item) = usual(&books).await;
    books.patch(&format!("customers({})", customer["id"].as_str().unwrap()), &json!({"blocked": "Ship"})).await;
    books.patch(&format!("items({})", item["id"].as_str().unwrap()), &json!({"blocked": true})).await;
    let (warnings, _) = told(books, CREATE, order(&customer, &item, json!({"quantity": 1}))).await;
    assert!(says(&warnings, "is blocked (Ship)") && says(&warnings, &format!("The item {}", item["number"].as_str().unwrap())), "{warnings:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blocked_vendor() {
    let books = Books::open().await;
    let vendor = first(&books, "vendors").await;
    books.patch(&format!("vendors({})", vendor["id"].as_str().unwrap()), &json!({"blocked": "All"})).await;
    let (warnings, _) = told(books, CREATE, json!({"entity": "purchaseInvoices", "data": {"vendorNumber": vendor["number"]}})).await;
    assert!(says(&warnings, "The vendor") && says(&warnings, "is blocked (All)"), "{warnings:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_credit_limit_that_is_passed_with_the_sum_that_passes_it() {
    let books = Books::open().await;
    let (customer, item) = usual(&books).await;
    let number = customer["number"].as_str().unwrap();
    let open: f64 = rows(&books, &format!("salesOrders?$filter=customerNumber eq '{number}'"))
        .await
        .iter()
        .map(|order| order["totalAmountIncludingTax"].as_f64().unwrap())
        .sum();
    let limit = (customer["balanceDue"].as_f64().unwrap() + open + 100.0).ceil();
    books.patch(&format!("customers({})", customer["id"].as_str().unwrap()), &json!({"creditLimit": limit})).await;
    let (warnings, _) = told(books, CREATE, order(&customer, &item, json!({"quantity": 1, "unitPrice": 50}))).await;
    assert!(!says(&warnings, "credit limit"), "{warnings:?}");
    let books = Books::open().await;
    books.patch(&format!("customers({})", customer["id"].as_str().unwrap()), &json!({"creditLimit": limit})).await;
    let (warnings, _) = told(books, CREATE, order(&customer, &item, json!({"quantity": 1, "unitPrice": 150}))).await;
    assert!(says(&warnings, "credit limit") && says(&warnings, "this 150"), "{warnings:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_posting_date_in_a_closed_period() {
    let books = Books::open().await;
    let closed = first(&books, "accountingPeriods?$filter=closed eq true").await;
    let customer = first(&books, "customers").await;
    let input = |date: &str| json!({"entity": "salesInvoices", "data": {"customerId": customer["id"], "postingDate": date}});
    let (warnings, _) = told(books, CREATE, input(closed["startingDate"].as_str().unwrap())).await;
    assert!(says(&warnings, "lies in a period that is closed"), "{warnings:?}");
    let (warnings, _) = told(Books::open().await, CREATE, input("1999-01-01")).await;
    assert!(says(&warnings, "before the first accounting period"), "{warnings:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn duplicates_by_name_mail_and_tax_number() {
    for (entity, body) in [
        ("customers", json!({"displayName": "Twin Peaks Ltd", "email": "twin@example.com", "taxRegistrationNumber": "TW1234"})),
        ("vendors", json!({"displayName": "Twin Peaks Ltd", "email": "twin@example.com", "taxRegistrationNumber": "TW1234"})),
        ("contacts", json!({"displayName": "Twin Peaks", "email": "twin@example.com"})),
    ] {
        for (property, words) in [("displayName", "this name"), ("email", "this mail address"), ("taxRegistrationNumber", "this tax registration number")] {
            let Some(value) = body.get(property).and_then(Value::as_str) else { continue };
            let books = Books::open().await;
            books.create(entity, &body).await;
            let mut data = json!({"displayName": "Somebody Else"});
            data[property] = json!(value.to_uppercase());
            let (warnings, _) = told(books, CREATE, json!({"entity": entity, "data": data})).await;
            assert!(says(&warnings, words) && says(&warnings, "Twin Peaks"), "{entity} {property}: {warnings:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tax_number_is_the_same_however_it_is_grouped() {
    let books = Books::open().await;
    books.create("vendors", &json!({"displayName": "Twin Peaks Ltd", "taxRegistrationNumber": "GB 123-4567 89"})).await;
    let data = json!({"displayName": "Somebody Else", "taxRegistrationNumber": "gb123456789"});
    let (warnings, _) = told(books, CREATE, json!({"entity": "vendors", "data": data})).await;
    assert!(says(&warnings, "this tax registration number") && says(&warnings, "Twin Peaks"), "{warnings:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_is_no_duplicate_of_itself() {
    let books = Books::open().await;
    let id = books.create("customers", &json!({"displayName": "Only One", "email": "one@example.com"})).await;
    let input = json!({"entity": "customers", "id": id, "data": {"displayName": "ONLY ONE", "city": "Oslo"}});
    let (warnings, _) = told(books, UPDATE, input).await;
    assert_eq!(warnings, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_amount_out_of_the_range_of_the_last_year() {
    let books = Books::open().await;
    let (customer, item) = usual(&books).await;
    let of_price = |price: f64| order(&customer, &item, json!({"quantity": 1, "unitPrice": price}));
    let (warnings, _) = told(books, CREATE, of_price(9_999_999.0)).await;
    assert!(says(&warnings, "Unusual amount") && says(&warnings, "more than any invoice of the last year"), "{warnings:?}");
    let (warnings, _) = told(Books::open().await, CREATE, of_price(0.01)).await;
    assert!(says(&warnings, "Unusual amount") && says(&warnings, "less than any invoice of the last year"), "{warnings:?}");
    // Of somebody new nothing is usual.
    let books = Books::open().await;
    let id = books.create("customers", &json!({"displayName": "Quite new"})).await;
    let (warnings, _) = told(books, CREATE, order(&json!({"id": id}), &item, json!({"quantity": 1, "unitPrice": 9_999_999}))).await;
    assert!(!says(&warnings, "Unusual amount"), "{warnings:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_dates_of_all_lines_of_a_journal_are_looked_at_before_it_is_posted() {
    let books = Books::open().await;
    let closed = first(&books, "accountingPeriods?$filter=closed eq true").await;
    let account = first(&books, "accounts?$filter=accountType eq 'Posting' and directPosting eq true").await;
    let journal = books.create("journals", &json!({"code": "CLOSED", "displayName": "In a closed month"})).await;
    for amount in [10, -10] {
        let line = json!({"accountType": "G_x002F_L_x0020_Account", "accountNumber": account["number"], "amount": amount, "documentNumber": "C1", "postingDate": closed["startingDate"]});
        books.create(&format!("journals({journal})/journalLines"), &line).await;
    }
    let (warnings, _) = told(books, "bc_invoke_action", json!({"entity": "journals", "id": journal, "action": "post"})).await;
    assert!(says(&warnings, "lies in a period that is closed"), "{warnings:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn posting_looks_at_the_lines_that_stand_there() {
    let books = Books::open().await;
    let (customer, item) = usual(&books).await;
    let lines = json!([{"lineType": "Item", "itemId": item["id"], "quantity": 1_000_000, "unitPrice": 0.01}]);
    let id = books.create("salesInvoices", &json!({"customerId": customer["id"], "salesInvoiceLines": lines})).await;
    let (warnings, _) = told(books, "bc_invoke_action", json!({"entity": "salesInvoices", "id": id, "action": "post"})).await;
    assert!(says(&warnings, "1000000 are sold"), "{warnings:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_is_changed_counts_once_against_the_credit_limit() {
    let books = Books::open().await;
    let (_, item) = usual(&books).await;
    let customer = books.create("customers", &json!({"displayName": "With a limit", "creditLimit": 2000})).await;
    let lines = json!([{"lineType": "Item", "itemId": item["id"], "quantity": 1, "unitPrice": 1000}]);
    let order = books.create("salesOrders", &json!({"customerId": customer, "salesOrderLines": lines})).await;
    let line = first(&books, &format!("salesOrders({order})/salesOrderLines")).await;
    let (warnings, _) = told(books, UPDATE, json!({"entity": "salesOrderLines", "id": line["id"], "data": {"unitPrice": 1001}})).await;
    assert!(!says(&warnings, "credit limit"), "{warnings:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blocked_customer_of_a_credit_memo() {
    let books = Books::open().await;
    let (customer, _) = usual(&books).await;
    books.patch(&format!("customers({})", customer["id"].as_str().unwrap()), &json!({"blocked": "All"})).await;
    let (warnings, _) = told(books, CREATE, json!({"entity": "salesCreditMemos", "data": {"customerId": customer["id"]}})).await;
    assert!(says(&warnings, "is blocked (All)"), "{warnings:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stands_there_is_looked_at_for_characters_that_cannot_be_seen_too() {
    for tool in ["bc_delete_entity", UPDATE] {
        let books = Books::open().await;
        let id = books.create("customers", &json!({"displayName": "Fjord\u{202e}SA lys"})).await;
        let mut input = json!({"entity": "customers", "id": id});
        if tool == UPDATE {
            input["data"] = json!({"city": "Oslo"});
        }
        let (warnings, _) = told(books, tool, input).await;
        assert!(says(&warnings, "U+202E"), "{tool}: {warnings:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_there_is_in_stock_over_all_lines() {
    let books = Books::open().await;
    let (customer, item) = usual(&books).await;
    let half = item["inventory"].as_f64().unwrap() / 2.0 + 1.0;
    let line = json!({"lineType": "Item", "itemId": item["id"], "quantity": half, "unitPrice": 0.01});
    let input = json!({"entity": "salesOrders", "data": {"customerId": customer["id"], "salesOrderLines": [line, line]}});
    let (warnings, _) = told(books, CREATE, input).await;
    assert!(says(&warnings, "in stock"), "{warnings:?}");
    let books = Books::open().await;
    let order = books.create("salesOrders", &json!({"customerId": customer["id"]})).await;
    let input = json!({"entity": "salesOrderLines", "parent": {"entity": "salesOrders", "id": order}, "data": {"lineType": "Item", "itemId": item["id"], "quantity": 1_000_000}});
    let (warnings, _) = told(books, CREATE, input).await;
    assert!(says(&warnings, "1000000 are sold"), "{warnings:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn bank_data_and_characters_that_cannot_be_seen() {
    let books = Books::open().await;
    let id = books.ids("bankAccounts", 1).await.remove(0);
    let (warnings, _) = told(books, UPDATE, json!({"entity": "bankAccounts", "id": id, "data": {"iban": "GB33BUKB20201555555555"}})).await;
    assert!(says(&warnings, "money is sent"), "{warnings:?}");
    let books = Books::open().await;
    let id = books.ids("customers", 1).await.remove(0);
    let (warnings, _) = told(books, UPDATE, rename(&id, "Fjord\u{202e}SA")).await;
    assert!(says(&warnings, "U+202E"), "{warnings:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn posting_says_what_it_comes_to_and_that_it_is_final() {
    let books = Books::open().await;
    let (customer, item) = usual(&books).await;
    let lines = json!([{"lineType": "Item", "itemId": item["id"], "quantity": 1, "unitPrice": 10}]);
    let id = books.create("salesInvoices", &json!({"customerId": customer["id"], "salesInvoiceLines": lines})).await;
    let total = books.record("salesInvoices", &id).await["totalAmountIncludingTax"].to_string();
    let stage = set(books, vec![Turn::calls(&[("call_a", "bc_invoke_action", json!({"entity": "salesInvoices", "id": id, "action": "post"}))])]).await;
    let (run, _, question) = stage.asked().await;
    let change = &question.changes[0];
    assert!(change.notes.iter().any(|note| note.text.contains(total.trim_end_matches(".0"))), "{total}: {:?}", change.notes);
    let Undoable::No { why } = &change.undo else { panic!("posting is final") };
    assert!(why.contains("credit memo"), "{why}");
    stage.running.answer(&question, ReviewVerdict::Reject { reason: None }).await.unwrap();
    run.done.await.unwrap();
}
