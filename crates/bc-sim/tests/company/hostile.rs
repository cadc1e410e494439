//! Any bytes at all, and many clients at once.

use proptest::strategy::{Strategy, ValueTree};
use reqwest::Method;
use serde_json::json;

use crate::support::{Reply, company};

/// Pieces that requests are thrown together from.
const PIECES: [&str; 48] = [
    "customers",
    "salesOrders",
    "salesOrderLines",
    "companies",
    "$batch",
    "$metadata",
    "$count",
    "Microsoft.NAV.post",
    "paymentTerm",
    "(",
    ")",
    "/",
    "?",
    "&",
    "=",
    "'",
    "''",
    "$filter",
    "$select",
    "$expand",
    "$orderby",
    "$top",
    "$skip",
    "$skiptoken",
    "$schemaversion=2.1",
    "number",
    "displayName",
    "blocked",
    "eq",
    "and",
    "or",
    "in",
    " ",
    "%20",
    "%27",
    "%00",
    "%FF",
    ",",
    ";",
    "null",
    "true",
    "1",
    "-1",
    "9999999999999999999",
    "00000000-0000-0000-0000-000000000000",
    "2026-01-01",
    "ø",
    "any(x:x/y)",
];

const BODIES: [&str; 10] = [
    "",
    "{}",
    "[]",
    "null",
    "{\"displayName\":null}",
    "{\"displayName\":\"x\",\"paymentTermsId\":null}",
    "{\"customerNumber\":\"10000\",\"salesOrderLines\":[{}]}",
    "{\"customerNumber\":\"10000\",\"salesOrderLines\":5}",
    "{\"requests\":[{\"method\":\"GET\",\"url\":\"?\"}]}",
    "{\"requests\":[{\"id\":1,\"method\":\"\",\"url\":\"\"}]}",
];

#[tokio::test]
async fn no_request_is_answered_with_a_server_error() {
    let company = company().await;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let pieces = proptest::collection::vec(proptest::sample::select(&PIECES[..]), 1..12);
    let request = (pieces, proptest::sample::select(&BODIES[..]), 0usize..4);
    let methods = [Method::GET, Method::POST, Method::PATCH, Method::DELETE];
    for _ in 0..400 {
        let (pieces, body, method) = request.new_tree(&mut runner).unwrap().current();
        let url = format!("{}/{}", company.base, pieces.concat());
        let sent = company.request(methods[method].clone(), &url).header("if-match", "*").header("content-type", "application/json").body(body).send().await;
        let Ok(response) = sent else { panic!("no answer to {} {url}", methods[method]) };
        let status = response.status().as_u16();
        assert!(status < 500 || status == 501, "{} {url} {body}: {status} {}", methods[method], response.text().await.unwrap());
    }
    assert!(company.get("customers/$count").await.body.as_i64().unwrap() >= 1);
}

#[tokio::test]
async fn of_many_changes_with_one_etag_one_is_made() {
    let company = company().await;
    let row = company.first("customers").await;
    let path = format!("customers({})", row["id"].as_str().unwrap());
    let tag = row["@odata.etag"].as_str().unwrap();
    let changes: Vec<_> = (0..12)
        .map(|index| tokio::spawn(company.request(Method::PATCH, &path).header("if-match", tag).json(&json!({"city": format!("Town {index}")})).send()))
        .collect();
    let mut statuses = Vec::new();
    for change in changes {
        statuses.push(change.await.unwrap().unwrap().status().as_u16());
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [vec![200], vec![409; 11]].concat());
}

#[tokio::test]
async fn a_nested_write_is_made_whole_or_not_at_all() {
    let company = company().await;
    let before = company.get("salesOrders/$count").await.body;
    let lines = json!([{"lineType": "Item", "lineObjectNumber": "1100", "quantity": 1}, {"lineType": "Item", "lineObjectNumber": "NONE", "quantity": 1}]);
    let refused = company.post("salesOrders", json!({"customerNumber": "10000", "salesOrderLines": lines})).await;
    assert_eq!((refused.status, refused.code()), (400, "Internal_InvalidTableRelation"));
    assert_eq!(company.get("salesOrders/$count").await.body, before);
    let next = company.post("salesOrders", json!({"customerNumber": "10000"})).await;
    assert_eq!(next.text("number"), "S-ORD101007", "a refused order takes no number");
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_refused() {
    let company = company().await;
    let body = format!("{{\"displayName\":\"{}\"}}", "x".repeat(17 * 1024 * 1024));
    let sent = company.request(Method::POST, "customers").header("content-type", "application/json").body(body).send().await;
    // The connection may be closed while the client is still sending.
    if let Ok(response) = sent {
        assert_eq!(Reply::of(response).await.status, 413);
    }
    assert_eq!(company.get("customers/$count").await.body, 12);
}
