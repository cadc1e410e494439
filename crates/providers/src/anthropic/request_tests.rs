#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use bca_protocol::CallId;
use serde_json::{Value, json};

use super::*;
use crate::anthropic::testing::ask;

fn raw(text: &str) -> RawJson {
    RawJson::parse(text.to_owned()).unwrap()
}

fn text(text: &str) -> Block {
    Block::Text { text: text.into() }
}

fn result(id: &str, status: ToolCallStatus, output: &str) -> Block {
    Block::ToolResult { call_id: CallId::from_provider(id), status, output: output.into() }
}

fn call(id: &str, input: &str) -> Block {
    Block::ToolUse { call_id: CallId::from_provider(id), tool: "look".into(), input: raw(input) }
}

fn written(request: &ModelRequest) -> Value {
    serde_json::from_slice(&body(request, ThinkingForm::Budget).unwrap()).unwrap()
}

fn spec(name: &str) -> ToolSpec {
    ToolSpec { name: name.into(), description: "d".into(), input_schema: raw(r#"{"type":"object"}"#) }
}

#[test]
fn a_whole_request() {
    let mut request = ask(vec![
        Message::new(Role::User, vec![text("one")]),
        Message::new(Role::Assistant, vec![text("two"), call("a", "{\"n\":1.10}")]),
        Message::new(Role::User, vec![text("and"), result("a", ToolCallStatus::Rejected, "no")]),
    ]);
    request.tools = [spec("look"), spec("write")].into();
    let mark = json!({"type": "ephemeral"});
    assert_eq!(
        written(&request),
        json!({
            "model": "some-model", "max_tokens": 100, "stream": true,
            "system": [{"type": "text", "text": "You help.", "cache_control": mark}],
            "tools": [
                {"name": "look", "description": "d", "input_schema": {"type": "object"}},
                {"name": "write", "description": "d", "input_schema": {"type": "object"}, "cache_control": mark},
            ],
            "messages": [
                {"role": "user", "content": [{"type": "text", "text": "one", "cache_control": mark}]},
                {"role": "assistant", "content": [{"type": "text", "text": "two"}, {"type": "tool_use", "id": "a", "name": "look", "input": {"n": 1.10}}]},
                {"role": "user", "content": [
                    {"type": "tool_result", "tool_use_id": "a", "content": "no", "is_error": true},
                    {"type": "text", "text": "and", "cache_control": mark},
                ]},
            ],
        })
    );
    assert!(String::from_utf8(body(&request, ThinkingForm::Budget).unwrap()).unwrap().contains("{\"n\":1.10}"), "numbers as written");
}

#[test]
fn never_more_than_four_marks_however_long_the_conversation() {
    let turns = (0..20).flat_map(|n| {
        let id = format!("c{n}");
        [Message::new(Role::Assistant, vec![call(&id, "{}")]), Message::new(Role::User, vec![result(&id, ToolCallStatus::Ok, "x")])]
    });
    let mut request = ask([Message::new(Role::User, vec![text("go")])].into_iter().chain(turns).collect());
    request.tools = [spec("look")].into();
    assert_eq!(String::from_utf8(body(&request, ThinkingForm::Budget).unwrap()).unwrap().matches("cache_control").count(), 4);
}

#[test]
fn the_providers_own_blocks_go_back_unchanged() {
    let thinking = r#"{"type":"thinking","thinking":"hm \u00e9","signature":"EqQB=="}"#;
    let redacted = r#"{"type":"redacted_thinking","data":"opaque"}"#;
    let cited = r#"{"type":"text","text":"so","citations":[1.50]}"#;
    let block = |block: Block, text: &str| HistoryBlock { block, raw: Some(raw(text)) };
    let message = |provider: Option<&str>| Message {
        role: Role::Assistant,
        blocks: vec![
            block(Block::Thinking { text: "hm".into() }, thinking),
            block(Block::Thinking { text: String::new() }, redacted),
            block(text("  "), r#"{"type":"text","text":"  "}"#),
            block(text("so"), cited),
        ],
        provider: provider.map(str::to_owned),
    };
    let ours = body(&ask(vec![message(Some(NAME))]), ThinkingForm::Budget).unwrap();
    assert!(String::from_utf8(ours).unwrap().contains(&format!(r#""content":[{thinking},{redacted},{cited}]"#)));
    for provider in [None, Some("other")] {
        let sent = written(&ask(vec![message(provider)]));
        assert_eq!(sent["messages"][0]["content"], json!([{"type": "text", "text": "so"}]), "thinking without our signature is left out");
    }
}

#[test]
fn what_the_api_refuses_is_not_sent() {
    let request = ask(vec![
        Message::new(Role::User, vec![text("one"), text("  \n")]),
        Message::new(Role::Assistant, vec![Block::Thinking { text: "hm".into() }]),
        Message::new(Role::Assistant, vec![call("a", "\"{\\\"broken\""), call("b", "[1,2.50]")]),
        Message::new(Role::User, vec![result("a", ToolCallStatus::Error, ""), result("b", ToolCallStatus::Ok, "fine")]),
    ]);
    let sent = written(&request);
    assert_eq!(sent["messages"].as_array().unwrap().len(), 3, "a message without content is left out");
    assert_eq!(sent["messages"][0]["content"].as_array().unwrap().len(), 1);
    assert_eq!(sent["messages"][1]["content"][0]["input"], json!({"unparsed": "{\"broken"}));
    assert_eq!(sent["messages"][1]["content"][1]["input"], json!({"unparsed": "[1,2.50]"}));
    assert_eq!(sent["messages"][2]["content"][0], json!({"type": "tool_result", "tool_use_id": "a", "is_error": true}));
    assert!(sent.get("tools").is_none());
}

#[test]
fn thinking_leaves_room_for_the_answer() {
    let with = |budget, max_tokens, form| {
        let mut request = ask(vec![]);
        (request.thinking, request.max_tokens) = (Thinking::Budget(budget), max_tokens);
        let sent: Value = serde_json::from_slice(&body(&request, form).unwrap()).unwrap();
        (sent["thinking"].clone(), sent["max_tokens"].as_u64().unwrap())
    };
    let budget = |tokens: u32| json!({"type": "enabled", "budget_tokens": tokens});
    assert_eq!(with(2_000, 8_000, ThinkingForm::Budget), (budget(2_000), 8_000));
    assert_eq!(with(2_000, 2_000, ThinkingForm::Budget), (budget(2_000), 4_000));
    assert_eq!(with(1, 100, ThinkingForm::Budget), (budget(1_024), 1_124));
    assert_eq!(with(u32::MAX - 5, 100, ThinkingForm::Budget).1, u64::from(u32::MAX));
    assert_eq!(with(2_000, 8_000, ThinkingForm::Adaptive), (json!({"type": "adaptive", "display": "summarized"}), 8_000));
    assert!(written(&ask(vec![])).get("thinking").is_none());
}
