#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use bca_agent::ModelProvider;
use bca_protocol::ErrorCode;
use serde_json::{Value, json};

use super::*;
use crate::anthropic::testing::*;

fn page(body: &Value) -> Script {
    Script::Bytes(http("200 OK", "content-type: application/json\r\n", body.to_string()))
}

fn listed(id: &str) -> Value {
    json!({"type": "model", "id": id, "display_name": format!("The {id}"), "created_at": "2026-01-01T00:00:00Z"})
}

#[tokio::test]
async fn every_page_is_read() {
    let first = json!({"data": [listed("a"), {"id": "b"}], "has_more": true, "first_id": "a", "last_id": "b"});
    let last = json!({"data": [listed("c")], "has_more": false, "last_id": "c"});
    let server = serve(vec![page(&first), refusal("529 Overloaded", "", "overloaded_error", "later"), page(&last)]).await;
    let models = provider(&server.url, limits()).models().await.unwrap();
    let names: Vec<(&str, &str)> = models.iter().map(|model| (model.id.as_str(), model.display_name.as_str())).collect();
    assert_eq!(names, [("a", "The a"), ("b", "b"), ("c", "The c")]);
    let requests = server.requests.lock().unwrap();
    assert!(requests[0].0.starts_with("GET /v1/models?limit=1000 "));
    assert!(requests[2].0.starts_with("GET /v1/models?limit=1000&after_id=b "));
    assert!(requests[0].0.contains("anthropic-version: 2023-06-01") && requests[0].0.contains(KEY));
}

#[tokio::test]
async fn a_list_without_end_is_left() {
    let same = json!({"data": [listed("a")], "has_more": true, "last_id": "a"});
    let server = serve((0..50).map(|_| page(&same)).collect()).await;
    assert_eq!(provider(&server.url, limits()).models().await.unwrap().len(), 2);
    let ever = |n: usize| page(&json!({"data": [listed(&n.to_string())], "has_more": true, "last_id": n.to_string()}));
    let server = serve((0..50).map(ever).collect()).await;
    assert_eq!(provider(&server.url, limits()).models().await.unwrap().len(), PAGES);
}

#[tokio::test]
async fn faults_of_the_list() {
    for (answer, code) in [
        (refusal("401 Unauthorized", "", "authentication_error", KEY), ErrorCode::ModelAuthentication),
        (refusal("404 Not Found", "", "not_found_error", "x"), ErrorCode::ModelNotFound),
        (page(&json!({"models": []})), ErrorCode::ModelProtocol),
        (Script::Bytes(http("200 OK", "", "<html>")), ErrorCode::ModelProtocol),
    ] {
        let server = serve(vec![answer]).await;
        let error = provider(&server.url, limits()).models().await.unwrap_err();
        assert_eq!(error.code, code);
        assert!(!format!("{error:?}").contains(KEY));
    }
}
