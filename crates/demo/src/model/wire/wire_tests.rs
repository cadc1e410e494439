//! The Messages API at the wire.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use futures::StreamExt;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::model::tests::{calls, post, request, start, stream};
use crate::model::{Options, serve};

fn kinds(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["type"].as_str().unwrap()).collect()
}

/// The first turn of a request that looks things up: thinking, text, tool calls.
async fn first_turn(running: &crate::model::Running) -> (Value, Value) {
    let messages = json!([{"role": "user", "content": "create a customer named A with payment terms 14 days"}]);
    let (_, message) = stream(running, &messages).await;
    (messages, message)
}

#[tokio::test]
async fn events_come_in_order() {
    let running = start().await;
    let messages = json!([{"role": "user", "content": "create a customer named A with payment terms 14 days"}]);
    let (events, message) = stream(&running, &messages).await;
    let kinds = kinds(&events);
    assert_eq!(kinds[..3], ["message_start", "content_block_start", "ping"]);
    assert_eq!(kinds[kinds.len() - 2..], ["message_delta", "message_stop"]);
    let blocks: Vec<&str> = message["content"].as_array().unwrap().iter().map(|block| block["type"].as_str().unwrap()).collect();
    assert_eq!(blocks, ["thinking", "text", "tool_use", "tool_use"]);
    assert_eq!(message["stop_reason"], "tool_use");
    let fragments = events.iter().filter(|event| event["delta"]["type"] == "input_json_delta" && event["index"] == 2).count();
    assert!(fragments > 3, "{fragments}");
    let last = &events[events.len() - 2];
    assert!(last["usage"]["output_tokens"].as_u64().unwrap() > 10);
    running.stop().await;
}

#[tokio::test]
async fn the_same_answer_without_a_stream_and_without_thinking() {
    let running = start().await;
    let mut body = request(&json!([{"role": "user", "content": [{"type": "text", "text": "list customers"}]}]));
    body.as_object_mut().unwrap().remove("thinking");
    let (status, text) = post(&running, "/v1/messages", &body).await;
    let message: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(status, 200);
    assert_eq!((message["type"].as_str(), message["role"].as_str(), message["model"].as_str()), (Some("message"), Some("assistant"), Some("demo")));
    assert!(message["content"].as_array().unwrap().iter().all(|block| block["type"] != "thinking"));
    assert_eq!(calls(&message)[0]["name"], "bc_query_entities");
    assert_eq!(message["stop_sequence"], Value::Null);
    running.stop().await;
}

#[tokio::test]
async fn refusals_have_the_services_form() {
    let running = start().await;
    let good = request(&json!([{"role": "user", "content": "hello"}]));
    let with = |key: &str, value: Value| {
        let mut body = good.clone();
        body[key] = value;
        body
    };
    for (body, status, kind, says) in [
        (with("model", json!("other-model")), 404, "not_found_error", "model: other-model"),
        (with("max_tokens", Value::Null), 400, "invalid_request_error", "max_tokens"),
        (with("messages", json!([])), 400, "invalid_request_error", "at least one message"),
        (with("messages", json!([{"role": "assistant", "content": "x"}])), 400, "invalid_request_error", "first message"),
        (with("messages", json!([{"role": "system", "content": "x"}])), 400, "invalid_request_error", "Unexpected role"),
        (with("messages", json!([{"role": "user", "content": [{"type": "text", "text": ""}]}])), 400, "invalid_request_error", "non-empty"),
        (
            with("messages", json!([{"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t"}]}])),
            400,
            "invalid_request_error",
            "unexpected `tool_use_id`",
        ),
        (with("thinking", json!({"type": "enabled", "budget_tokens": 9_000})), 400, "invalid_request_error", "budget_tokens"),
        (with("tools", json!([{"name": "a b", "input_schema": {"type": "object"}}])), 400, "invalid_request_error", "pattern"),
    ] {
        let (got, text) = post(&running, "/v1/messages", &body).await;
        let error: Value = serde_json::from_str(&text).unwrap();
        assert_eq!((got, error["type"].as_str(), error["error"]["type"].as_str()), (status, Some("error"), Some(kind)), "{text}");
        assert!(error["error"]["message"].as_str().unwrap().contains(says), "{text}");
    }
    assert_eq!(post(&running, "/v1/nothing", &good).await.0, 404);
    running.stop().await;
}

#[tokio::test]
async fn a_key_is_required_where_one_is_set() {
    let running = start().await;
    let client = reqwest::Client::new();
    for key in [None, Some("wrong")] {
        let request = client.get(format!("{}/v1/models", running.base_url())).header("anthropic-version", "2023-06-01");
        let request = if let Some(key) = key { request.header("x-api-key", key) } else { request };
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 401);
        assert!(response.headers().contains_key("request-id"));
        assert_eq!(response.json::<Value>().await.unwrap()["error"]["type"], "authentication_error");
    }
    running.stop().await;
}

#[tokio::test]
async fn lists_itself() {
    let running = start().await;
    let get = async |path: &str| {
        let request = reqwest::Client::new().get(format!("{}{path}", running.base_url())).header("x-api-key", "k").header("anthropic-version", "2023-06-01");
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.json::<Value>().await.unwrap())
    };
    let (_, list) = get("/v1/models").await;
    assert_eq!((list["data"][0]["id"].as_str(), list["has_more"].as_bool()), (Some("demo"), Some(false)));
    assert_eq!(get("/v1/models/demo").await.1["type"], "model");
    assert_eq!(get("/v1/models/other").await.0, 404);
    running.stop().await;
}

#[tokio::test]
async fn a_history_must_be_whole() {
    let running = start().await;
    let (messages, message) = first_turn(&running).await;
    let ids: Vec<Value> = calls(&message).iter().map(|call| call["id"].clone()).collect();
    let result = |id: &Value| json!({"type": "tool_result", "tool_use_id": id, "content": "{}"});
    let history = |content: Value, results: Value| json!([messages[0], {"role": "assistant", "content": content}, {"role": "user", "content": results}]);
    let all: Value = ids.iter().map(result).collect();
    assert_eq!(post(&running, "/v1/messages", &request(&history(message["content"].clone(), all.clone()))).await.0, 200);
    let (status, text) = post(&running, "/v1/messages", &request(&history(message["content"].clone(), json!([result(&ids[0])])))).await;
    assert_eq!(status, 400);
    assert!(text.contains("`tool_use` ids were found without `tool_result`") && text.contains(ids[1].as_str().unwrap()), "{text}");
    let mut changed = message["content"].clone();
    changed[0]["thinking"] = json!("something else");
    let (status, text) = post(&running, "/v1/messages", &request(&history(changed, all))).await;
    assert_eq!(status, 400);
    assert!(text.contains("Invalid `signature` in `thinking` block"), "{text}");
    running.stop().await;
}

#[tokio::test]
async fn the_cache_serves_a_prefix_that_was_marked_before() {
    let running = start().await;
    let usage = async |messages: Value| {
        let mut body = request(&messages);
        body["system"] = json!([{"type": "text", "text": "rules ".repeat(400), "cache_control": {"type": "ephemeral"}}]);
        let (_, text) = post(&running, "/v1/messages", &body).await;
        serde_json::from_str::<Value>(&text).unwrap()["usage"].clone()
    };
    let first = usage(json!([{"role": "user", "content": "hello"}])).await;
    assert!(first["cache_creation_input_tokens"].as_u64().unwrap() > 600 && first["cache_read_input_tokens"] == 0, "{first}");
    let marked = json!([{"role": "user", "content": [{"type": "text", "text": "hello", "cache_control": {"type": "ephemeral"}}]}]);
    let second = usage(marked).await;
    assert_eq!(second["cache_read_input_tokens"], first["cache_creation_input_tokens"]);
    let grown = json!([{"role": "user", "content": "hello"}, {"role": "assistant", "content": "Hello."}, {"role": "user", "content": [{"type": "text", "text": "help", "cache_control": {"type": "ephemeral"}}]}]);
    let third = usage(grown).await;
    assert!(third["cache_read_input_tokens"].as_u64() > second["cache_read_input_tokens"].as_u64(), "{third}");
    running.stop().await;
}

#[tokio::test]
async fn counts_tokens() {
    let running = start().await;
    let (status, text) = post(&running, "/v1/messages/count_tokens", &json!({"model": "demo", "messages": [{"role": "user", "content": "hello there"}]})).await;
    assert_eq!(status, 200, "{text}");
    assert!(serde_json::from_str::<Value>(&text).unwrap()["input_tokens"].as_u64().unwrap() > 2);
    running.stop().await;
}

#[tokio::test]
async fn max_tokens_cuts_the_answer() {
    let running = start().await;
    let mut body = request(&json!([{"role": "user", "content": "help"}]));
    body["max_tokens"] = json!(20);
    body.as_object_mut().unwrap().remove("thinking");
    let (_, text) = post(&running, "/v1/messages", &body).await;
    let message: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(message["stop_reason"], "max_tokens");
    assert!(message["usage"]["output_tokens"].as_u64().unwrap() <= 20);
    running.stop().await;
}

#[tokio::test]
async fn deltas_arrive_while_the_answer_goes_on() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let running = serve(listener, Options { key: None, delta_delay: Duration::from_millis(20) }).await.unwrap();
    let mut body = request(&json!([{"role": "user", "content": "help"}]));
    body["stream"] = json!(true);
    let started = std::time::Instant::now();
    let response = reqwest::Client::new()
        .post(format!("{}/v1/messages", running.base_url()))
        .header("anthropic-version", "2023-06-01")
        .body(body.to_string())
        .send()
        .await
        .unwrap();
    let mut chunks = response.bytes_stream();
    let first = chunks.next().await.unwrap().unwrap();
    assert!(first.starts_with(b"event: message_start"));
    let early = started.elapsed();
    // Dropping the connection ends the answer on the server; the next request is served at once.
    drop(chunks);
    assert!(early < Duration::from_secs(1), "{early:?}");
    running.stop().await;
}
