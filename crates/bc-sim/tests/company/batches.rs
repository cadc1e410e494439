//! `$batch`: limits, malformed ones, what happens behind a failing item, and all or nothing.

use bca_sim::{DataSource, Options};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Company, Reply, company, options, start};

async fn send(company: &Company, headers: &[(&str, &str)], body: &Value) -> Reply {
    let mut request = company.request(Method::POST, &format!("{}/$batch", company.running.base_url())).json(body);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    Reply::of(request.send().await.unwrap()).await
}

fn item(company: &Company, id: &str, method: &str, path: &str, body: Option<Value>) -> Value {
    let mut item = json!({"id": id, "method": method, "url": format!("companies({})/{path}", company.running.companies()[0].0),
        "headers": {"Content-Type": "application/json", "If-Match": "*"}});
    if let Some(body) = body {
        item["body"] = body;
    }
    item
}

fn statuses(reply: &Reply) -> Vec<u64> {
    reply.body["responses"].as_array().unwrap_or_else(|| panic!("{}", reply.body)).iter().map(|response| response["status"].as_u64().unwrap()).collect()
}

/// Good, bad, good.
fn three(company: &Company, code: &str) -> Value {
    json!({"requests": [
        item(company, "a", "POST", "paymentTerms", Some(json!({"code": format!("{code}1")}))),
        item(company, "b", "POST", "paymentTerms", Some(json!({"code": ""}))),
        item(company, "c", "POST", "paymentTerms", Some(json!({"code": format!("{code}2")}))),
    ]})
}

async fn has(company: &Company, code: &str) -> bool {
    !company.get(&format!("paymentTerms?$filter=code eq '{code}'")).await.rows().is_empty()
}

#[tokio::test]
async fn what_follows_a_failure_is_a_matter_of_switch_and_preference() {
    let company = company().await;
    assert_eq!(statuses(&send(&company, &[], &three(&company, "A")).await), [201, 400, 201]);
    let stopped = send(&company, &[("prefer", "odata.continue-on-error=false")], &three(&company, "B")).await;
    assert_eq!(statuses(&stopped), [201, 400]);
    assert!(has(&company, "B1").await && !has(&company, "B2").await);
    let mut options = options();
    options.switches.after_failure = bca_sim::AfterFailure::Stops;
    let strict = start(options).await;
    assert_eq!(statuses(&send(&strict, &[], &three(&strict, "C")).await), [201, 400]);
    let preferred = send(&strict, &[("prefer", "odata.continue-on-error")], &three(&strict, "D")).await;
    assert_eq!(statuses(&preferred), [201, 400, 201]);
    assert_eq!(preferred.body["responses"][2]["id"], "c");
    // The same where all stand and fall together.
    let together = ("isolation", "snapshot");
    assert_eq!(statuses(&send(&strict, &[together], &three(&strict, "E")).await), [201, 400]);
    assert_eq!(statuses(&send(&strict, &[together, ("prefer", "odata.continue-on-error")], &three(&strict, "F")).await), [201, 400, 201]);
    assert!(!has(&strict, "E1").await && !has(&strict, "F1").await && !has(&strict, "F2").await);
}

#[tokio::test]
async fn with_isolation_a_failure_undoes_everything() {
    let company = company().await;
    let undone = send(&company, &[("isolation", "snapshot")], &three(&company, "S")).await;
    assert_eq!(statuses(&undone), [201, 400, 201], "the answers before it still read as they were");
    assert!(!has(&company, "S1").await && !has(&company, "S2").await);
    let order = company.first("salesOrders").await;
    let customer = company.first("customers").await;
    let before = company.get("generalLedgerEntries/$count").await.body;
    let body = json!({"requests": [
        item(&company, "1", "PATCH", &format!("customers({})", customer["id"].as_str().unwrap()), Some(json!({"city": "Voss"}))),
        item(&company, "2", "POST", &format!("salesOrders({})/Microsoft.NAV.shipAndInvoice", order["id"].as_str().unwrap()), None),
        item(&company, "3", "DELETE", "paymentTerms(00000000-0000-0000-0000-000000000001)", None),
    ]});
    let undone = send(&company, &[("isolation", "Snapshot")], &body).await;
    assert_eq!(statuses(&undone), [200, 204, 404], "{}", undone.body);
    assert_eq!(company.get("generalLedgerEntries/$count").await.body, before);
    assert_eq!(company.first("customers").await["@odata.etag"], customer["@odata.etag"]);
    let done = send(
        &company,
        &[("isolation", "snapshot")],
        &json!({"requests": [
            item(&company, "1", "POST", "paymentTerms", Some(json!({"code": "T1"}))),
            item(&company, "2", "GET", "paymentTerms?$filter=code eq 'T1'", None),
        ]}),
    )
    .await;
    assert_eq!(statuses(&done), [201, 200]);
    assert_eq!(done.body["responses"][1]["body"]["value"].as_array().unwrap().len(), 1, "one transaction sees its own writes");
    assert!(has(&company, "T1").await);
}

#[tokio::test]
async fn limits_and_malformed_batches() {
    let company = company().await;
    let many =
        |count: usize| json!({"requests": (0..count).map(|index| item(&company, &index.to_string(), "GET", "customers/$count", None)).collect::<Vec<_>>()});
    assert_eq!(statuses(&send(&company, &[], &many(100)).await).len(), 100);
    let over = send(&company, &[], &many(101)).await;
    assert_eq!((over.status, over.code()), (400, "Unknown"));
    assert!(over.message().contains("'100'"), "{}", over.body);
    for body in [
        json!({}),
        json!([]),
        json!({"requests": 1}),
        json!({"requests": [1]}),
        json!({"requests": [{"id": "1", "url": "customers"}]}),
        json!({"requests": [{"id": "1", "method": "GET"}]}),
        json!({"requests": [{"id": {"a": 1}, "method": "GET", "url": "customers"}]}),
        json!({"requests": [{"id": "1", "method": "GET", "url": "customers"}, {"id": "1", "method": "GET", "url": "items"}]}),
    ] {
        let refused = send(&company, &[], &body).await;
        assert_eq!((refused.status, refused.code()), (400, "BadRequest"), "{body}");
    }
    for (method, url) in [
        ("GET", "nothing"),
        ("GET", "$batch"),
        ("BREW", "companies"),
        ("POST", "$batch"),
        ("GET", ""),
        ("GET", "companies(%FF)"),
        ("GET", "?"),
        ("get", "companies"),
    ] {
        let reply = send(&company, &[], &json!({"requests": [{"id": "1", "method": method, "url": url, "body": {"requests": []}}]})).await;
        let [status] = statuses(&reply)[..] else { panic!("{}", reply.body) };
        assert!(status < 500, "{method} {url}: {}", reply.body);
    }
    let nested = json!({"requests": [item(&company, "1", "POST", "customers", Some(json!("text")))]});
    assert_eq!(statuses(&send(&company, &[], &nested).await), [400]);
    let no_ids = json!({"requests": [{"method": "GET", "url": "companies"}, {"method": "GET", "url": "companies"}]});
    assert_eq!(send(&company, &[], &no_ids).await.body["responses"][1]["id"], Value::Null);
}

#[tokio::test]
async fn bytes_in_a_batch_are_base64() {
    let company = company().await;
    let invoice = company.first("salesInvoices?$filter=status eq 'Paid'").await;
    let path = format!("salesInvoices({})/pdfDocument/pdfDocumentContent", invoice["id"].as_str().unwrap());
    let reply = send(&company, &[], &json!({"requests": [item(&company, "1", "GET", &path, None)]})).await;
    assert!(reply.body["responses"][0]["body"].as_str().unwrap().starts_with("JVBERi0xLjQ"), "{}", reply.body);
}

/// Every row of every table but those named.
fn books(file: &std::path::Path, without: &[&str]) -> Vec<String> {
    let connection = rusqlite::Connection::open(file).unwrap();
    let mut tables = connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").unwrap();
    let names: Vec<String> = tables.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let mut rows = Vec::new();
    for name in names.iter().filter(|name| !without.contains(&name.as_str())) {
        let mut statement = connection.prepare(&format!("SELECT * FROM \"{name}\"")).unwrap();
        let columns = statement.column_count();
        let row = |row: &rusqlite::Row<'_>| Ok((0..columns).map(|at| format!("{:?}", row.get_ref(at).unwrap())).collect::<Vec<_>>().join("|"));
        rows.extend(statement.query_map([], row).unwrap().map(|row| format!("{name}: {}", row.unwrap())));
    }
    rows.sort();
    rows
}

#[tokio::test]
async fn a_set_that_is_made_to_fail_leaves_the_books_as_they_were_but_for_numbers_where_these_are_used_up() {
    for taken_numbers in [bca_sim::TakenNumbers::GivenBack, bca_sim::TakenNumbers::UsedUp] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("company.db");
        let mut options = Options { data: DataSource::File(file.clone()), ..options() };
        options.switches.taken_numbers = taken_numbers;
        let company = start(options).await;
        let (customer, product) = (company.first("customers").await, company.first("items").await);
        let lines = json!([{"lineType": "Item", "itemId": product["id"], "quantity": 3}]);
        let set = json!({"requests": [
            item(&company, "0", "POST", "customers", Some(json!({"displayName": "Never was"}))),
            item(&company, "1", "PATCH", &format!("customers({})", customer["id"].as_str().unwrap()), Some(json!({"city": "Voss"}))),
            item(&company, "2", "POST", "salesOrders", Some(json!({"customerId": customer["id"], "salesOrderLines": lines}))),
            item(&company, "3", "PATCH", "customers(5d115c9c-44e3-4a11-bb43-000d3a2feca1)", Some(json!({}))),
        ]});
        let before = books(&file, &[]);
        let reply = send(&company, &[("isolation", "snapshot")], &set).await;
        assert_eq!(statuses(&reply), [201, 200, 201, 404], "{}", reply.body);
        let given = |at: usize| reply.body["responses"][at]["body"]["number"].as_str().unwrap().to_owned();
        assert!(!given(0).is_empty() && !given(2).is_empty());
        let is_as_before = books(&file, &[]) == before;
        assert_eq!(is_as_before, taken_numbers == bca_sim::TakenNumbers::GivenBack);
        let all_but_series: Vec<String> = before.into_iter().filter(|row| !row.starts_with("_series:")).collect();
        assert_eq!(books(&file, &["_series"]), all_but_series);
        let next = company.post("customers", json!({"displayName": "Is"})).await;
        assert_eq!(next.text("number") == given(0), taken_numbers == bca_sim::TakenNumbers::GivenBack, "{} {}", next.body["number"], given(0));
    }
}

#[tokio::test]
async fn a_server_that_knows_no_snapshots_keeps_what_went_through() {
    let mut options = options();
    options.switches.honours_snapshots = false;
    let company = start(options).await;
    assert_eq!(statuses(&send(&company, &[("isolation", "snapshot")], &three(&company, "N")).await), [201, 400, 201]);
    assert!(has(&company, "N1").await && has(&company, "N2").await);
}
