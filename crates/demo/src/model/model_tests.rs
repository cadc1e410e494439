//! The model over HTTP, the test playing the tools.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::{Options, Running, serve};

const TOOLS: &[&str] = &[
    "bc_query_entities",
    "bc_create_entity",
    "bc_update_entity",
    "bc_delete_entity",
    "bc_invoke_action",
    "bc_get_schema",
    "bc_validate_operation",
    "bc_validate_workflow",
    "todo_write",
];

async fn start() -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    serve(listener, Options { key: Some("k".to_owned()), delta_delay: Duration::ZERO }).await.unwrap()
}

fn tools() -> Value {
    TOOLS.iter().map(|name| json!({"name": name, "input_schema": {"type": "object"}})).collect()
}

fn request(messages: &Value) -> Value {
    json!({"model": "demo", "max_tokens": 8_192, "tools": tools(), "messages": messages,
        "thinking": {"type": "enabled", "budget_tokens": 1_024},
        "system": [{"type": "text", "text": "You are an agent. Today is 2026-11-21."}]})
}

async fn post(running: &Running, path: &str, body: &Value) -> (u16, String) {
    let response = reqwest::Client::new()
        .post(format!("{}{path}", running.base_url()))
        .header("x-api-key", "k")
        .header("anthropic-version", "2023-06-01")
        .header("content-type", "application/json")
        .body(body.to_string())
        .send()
        .await
        .unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

/// Sends a request that streams, and puts the message together as a client does.
async fn stream(running: &Running, messages: &Value) -> (Vec<Value>, Value) {
    let mut body = request(messages);
    body["stream"] = json!(true);
    let (status, text) = post(running, "/v1/messages", &body).await;
    assert_eq!(status, 200, "{text}");
    let events: Vec<Value> = text.split("\n\n").filter(|frame| !frame.is_empty()).map(read_frame).collect();
    let message = assembled(&events);
    (events, message)
}

fn read_frame(frame: &str) -> Value {
    let (name, data) = frame.split_once('\n').unwrap();
    let event: Value = serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap();
    assert_eq!(name.strip_prefix("event: ").unwrap(), event["type"]);
    event
}

fn assembled(events: &[Value]) -> Value {
    let mut message = events[0]["message"].clone();
    let mut partial = String::new();
    for event in events {
        let index = event["index"].as_u64().unwrap_or(0) as usize;
        match event["type"].as_str().unwrap() {
            "content_block_start" => {
                assert_eq!(message["content"].as_array().unwrap().len(), index);
                message["content"].as_array_mut().unwrap().push(event["content_block"].clone());
                partial.clear();
            }
            "content_block_delta" => {
                let delta = &event["delta"];
                let block = &mut message["content"][index];
                match delta["type"].as_str().unwrap() {
                    "text_delta" => append(&mut block["text"], &delta["text"]),
                    "thinking_delta" => append(&mut block["thinking"], &delta["thinking"]),
                    "signature_delta" => append(&mut block["signature"], &delta["signature"]),
                    "input_json_delta" => partial.push_str(delta["partial_json"].as_str().unwrap()),
                    other => panic!("{other}"),
                }
            }
            "content_block_stop" if message["content"][index]["type"] == "tool_use" => {
                message["content"][index]["input"] = serde_json::from_str(&partial).unwrap();
            }
            "message_delta" => message["stop_reason"] = event["delta"]["stop_reason"].clone(),
            _ => {}
        }
    }
    message
}

fn append(text: &mut Value, more: &Value) {
    *text = json!(format!("{}{}", text.as_str().unwrap(), more.as_str().unwrap()));
}

fn calls(message: &Value) -> Vec<&Value> {
    message["content"].as_array().unwrap().iter().filter(|block| block["type"] == "tool_use").collect()
}

fn text(message: &Value) -> String {
    message["content"].as_array().unwrap().iter().filter_map(|block| block["text"].as_str()).collect()
}

/// Runs a whole conversation: `answer` plays every tool. Gives back the calls made and the last text.
async fn converse(running: &Running, messages: &mut Vec<Value>, say: &str, answer: impl Fn(&str, &Value) -> (bool, Value)) -> (Vec<Value>, String) {
    messages.push(json!({"role": "user", "content": say}));
    let mut made = Vec::new();
    for _ in 0..12 {
        let (_, message) = stream(running, &json!(messages)).await;
        messages.push(json!({"role": "assistant", "content": message["content"]}));
        let asked = calls(&message);
        if asked.is_empty() {
            assert_eq!(message["stop_reason"], "end_turn");
            return (made, text(&message));
        }
        assert_eq!(message["stop_reason"], "tool_use");
        let mut results = Vec::new();
        for call in &asked {
            let (failed, result) = answer(call["name"].as_str().unwrap(), &call["input"]);
            results
                .push(json!({"type": "tool_result", "tool_use_id": call["id"], "is_error": failed, "content": [{"type": "text", "text": result.to_string()}]}));
        }
        made.extend(asked.into_iter().cloned());
        messages.push(json!({"role": "user", "content": results}));
    }
    panic!("the run does not end");
}

/// A small company: what the tools answer in these tests.
fn company(tool: &str, input: &Value) -> (bool, Value) {
    let entity = input["entity"].as_str().unwrap_or_default();
    let rows = match entity {
        "paymentTerms" => {
            json!([{"id": "t-14", "code": "14 DAYS", "displayName": "Net 14 days"}, {"id": "t-30", "code": "30 DAYS", "displayName": "Net 30 days"}])
        }
        "customers" => json!([{"id": "c-1", "number": "10020", "displayName": "Fjordlys AS", "city": "Bergen", "balanceDue": 1234.5}]),
        "items" => json!([{"id": "i-1", "number": "1900-S", "displayName": "PARIS Guest Chair, black", "unitPrice": 125.1}]),
        _ => json!([]),
    };
    match tool {
        "todo_write" => (false, json!({"todos": input["todos"]})),
        "bc_validate_operation" => (false, json!({"valid": true, "effect": "write", "undo": "reversible", "problems": [], "notes": []})),
        "bc_create_entity" => {
            let mut record = input["data"].clone();
            record["id"] = json!("new-1");
            record["number"] = json!("C00010");
            let verified: Vec<Value> =
                input["data"].as_object().unwrap().iter().map(|(name, value)| json!({"property": name, "sent": value, "found": value})).collect();
            (false, json!({"status": "confirmed", "entity": entity, "id": "new-1", "record": record, "verified": verified, "differences": []}))
        }
        "bc_query_entities" => (false, json!({"entity": entity, "count": rows.as_array().unwrap().len(), "rows": rows, "shown": 1, "truncated": false})),
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn creates_a_customer_in_a_conversation() {
    let running = start().await;
    let mut messages = Vec::new();
    let (made, answer) = converse(&running, &mut messages, "Create a customer named Harbor Lights Ltd in Bergen with payment terms 14 days", company).await;
    let create = made.iter().find(|call| call["name"] == "bc_create_entity").unwrap();
    assert_eq!(create["input"], json!({"entity": "customers", "data": {"displayName": "Harbor Lights Ltd", "city": "Bergen", "paymentTermsId": "t-14"}}));
    let plan = made.iter().find(|call| call["name"] == "todo_write").unwrap();
    assert!(plan["input"]["todos"].as_array().unwrap().len() >= 3);
    let last_plan = made.iter().rev().find(|call| call["name"] == "todo_write").unwrap();
    assert!(last_plan["input"]["todos"].as_array().unwrap().iter().all(|todo| todo["status"] == "completed"));
    assert!(answer.contains("Harbor Lights Ltd") && answer.contains("C00010") && answer.contains("verified"), "{answer}");
    assert!(answer.contains("Net 14 days"), "{answer}");
    running.stop().await;
}

#[tokio::test]
async fn lists_customers() {
    let running = start().await;
    let (made, answer) = converse(&running, &mut Vec::new(), "list customers", company).await;
    assert_eq!(made.len(), 1);
    assert_eq!(made[0]["input"]["entity"], "customers");
    assert!(answer.contains("1 customer") && answer.contains("| 10020 | Fjordlys AS |") && answer.contains("1234.5"), "{answer}");
    running.stop().await;
}
