#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use bca_protocol::ErrorCode;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::anthropic::testing::{events, read, reply};

/// The example of a tool use in the API's documentation, <https://platform.claude.com/docs/en/build-with-claude/streaming>, shortened in the middle of its text.
const DOCUMENTED: &str = r#"event: message_start
data: {"type":"message_start","message":{"id":"msg_014p7gG3wDgGV9EUtLvnow3U","type":"message","role":"assistant","model":"claude-opus-4-7","stop_sequence":null,"usage":{"input_tokens":472,"output_tokens":2},"content":[],"stop_reason":null}}

event: content_block_start
data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}

event: ping
data: {"type": "ping"}

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Okay"}}

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":" let's check the weather:"}}

event: content_block_stop
data: {"type":"content_block_stop","index":0}

event: content_block_start
data: {"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"toolu_01T1x1fJ34qAmk2tNTrN7Up6","name":"get_weather","input":{}}}

event: content_block_delta
data: {"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":""}}

event: content_block_delta
data: {"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{\"location\":"}}

event: content_block_delta
data: {"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":" \"San Francisco, CA\"}"}}

event: content_block_stop
data: {"type":"content_block_stop","index":1}

event: message_delta
data: {"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"output_tokens":89}}

event: message_stop
data: {"type":"message_stop"}

"#;

fn start() -> Value {
    json!({"type": "message_start", "message": {"usage": {"input_tokens": 5, "output_tokens": 1, "cache_read_input_tokens": 7, "cache_creation_input_tokens": 9}}})
}

fn open(index: u64, block: Value) -> Value {
    json!({"type": "content_block_start", "index": index, "content_block": block})
}

fn delta(index: u64, delta: Value) -> Value {
    json!({"type": "content_block_delta", "index": index, "delta": delta})
}

fn close(index: u64) -> Value {
    json!({"type": "content_block_stop", "index": index})
}

fn stopped(reason: &str) -> Value {
    json!({"type": "message_delta", "delta": {"stop_reason": reason}, "usage": {"output_tokens": 11}})
}

fn end() -> Value {
    json!({"type": "message_stop"})
}

fn tool(id: &str) -> Value {
    json!({"type": "tool_use", "id": id, "name": "look", "input": {}})
}

fn words(text: &str) -> Vec<Value> {
    vec![open(0, json!({"type": "text", "text": ""})), delta(0, json!({"type": "text_delta", "text": text})), close(0)]
}

fn message(blocks: Vec<Value>, reason: &str) -> String {
    events(&[vec![start()], blocks, vec![stopped(reason), end()]].concat())
}

fn block(reply: &ModelReply, at: usize) -> (&Block, &str) {
    (&reply.blocks[at].block, reply.blocks[at].raw.as_ref().unwrap().as_str())
}

#[tokio::test]
async fn the_documented_example() {
    for body in [DOCUMENTED.to_owned(), DOCUMENTED.replace('\n', "\r\n"), DOCUMENTED.replace('\n', "\r")] {
        let (found, error) = read(body).await;
        assert_eq!(error, None);
        assert_eq!(found[..2], [ModelEvent::TextDelta("Okay".into()), ModelEvent::TextDelta(" let's check the weather:".into())]);
        let reply = reply(&found);
        assert_eq!(reply.stop, ModelStop::ToolUse);
        assert_eq!(reply.usage, Usage { input_tokens: 472, output_tokens: 89, ..Usage::default() });
        assert_eq!(
            block(reply, 0),
            (&Block::Text { text: "Okay let's check the weather:".into() }, r#"{"type":"text","text":"Okay let's check the weather:"}"#)
        );
        let (Block::ToolUse { call_id, tool, input }, raw) = block(reply, 1) else { panic!() };
        assert_eq!(
            (call_id.as_str(), tool.as_str(), input.as_str()),
            ("toolu_01T1x1fJ34qAmk2tNTrN7Up6", "get_weather", r#"{"location": "San Francisco, CA"}"#)
        );
        assert_eq!(raw, r#"{"type":"tool_use","id":"toolu_01T1x1fJ34qAmk2tNTrN7Up6","name":"get_weather","input":{"location": "San Francisco, CA"}}"#);
    }
}

#[tokio::test]
async fn thinking_keeps_its_signature_and_redacted_thinking_its_data() {
    let blocks = vec![
        open(0, json!({"type": "thinking", "thinking": "", "signature": ""})),
        delta(0, json!({"type": "thinking_delta", "thinking": "a\u{e9}"})),
        delta(0, json!({"type": "thinking_delta", "thinking": "\"b\""})),
        delta(0, json!({"type": "signature_delta", "signature": "Eq=="})),
        close(0),
        open(1, json!({"type": "redacted_thinking", "data": "opaque"})),
        close(1),
        open(2, json!({"type": "thinking", "thinking": ""})),
        delta(2, json!({"type": "signature_delta", "signature": "only"})),
        close(2),
    ];
    let (found, _) = read(message(blocks, "end_turn")).await;
    assert_eq!(found[0], ModelEvent::ThinkingDelta("aé".into()));
    let reply = reply(&found);
    assert_eq!(block(reply, 0), (&Block::Thinking { text: "aé\"b\"".into() }, r#"{"type":"thinking","thinking":"aé\"b\"","signature":"Eq=="}"#));
    assert_eq!(block(reply, 1), (&Block::Thinking { text: String::new() }, r#"{"type":"redacted_thinking","data":"opaque"}"#));
    assert_eq!(block(reply, 2).1, r#"{"type":"thinking","thinking":"","signature":"only"}"#);
    assert_eq!(reply.usage, Usage { input_tokens: 5, output_tokens: 11, cache_read_tokens: 7, cache_write_tokens: 9 });
}

#[tokio::test]
async fn tool_inputs_are_kept_as_written() {
    for (pieces, input, raw) in [
        (vec!["{\"price\": 1234.5000", "00000000000000001}"], r#"{"price": 1234.500000000000000000001}"#, r#"{"price": 1234.500000000000000000001}"#),
        (vec![], "{}", "{}"),
        (vec!["", ""], "{}", "{}"),
        (vec!["{\"a\": "], r#""{\"a\": ""#, r#"{"unparsed":"{\"a\": "}"#),
        (vec!["[1]"], "[1]", r#"{"unparsed":"[1]"}"#),
        (vec!["{\"a\":1}{"], r#""{\"a\":1}{""#, r#"{"unparsed":"{\"a\":1}{"}"#),
    ] {
        let deltas = pieces.iter().map(|piece| delta(0, json!({"type": "input_json_delta", "partial_json": piece})));
        let blocks = [open(0, tool("toolu_1"))].into_iter().chain(deltas).chain([close(0)]).collect();
        let (found, error) = read(message(blocks, "tool_use")).await;
        assert_eq!(error, None, "{pieces:?}");
        let (Block::ToolUse { input: found_input, .. }, found_raw) = block(reply(&found), 0) else { panic!() };
        assert_eq!(found_input.as_str(), input);
        assert_eq!(found_raw, format!(r#"{{"type":"tool_use","id":"toolu_1","name":"look","input":{raw}}}"#));
    }
}

#[tokio::test]
async fn parallel_calls_have_ids_of_their_own() {
    let blocks = vec![open(0, tool("same")), open(1, tool("same")), open(2, tool("")), close(1), close(0), close(2)];
    let (found, _) = read(message(blocks, "tool_use")).await;
    let ids: HashSet<String> = reply(&found)
        .blocks
        .iter()
        .map(|block| {
            let Block::ToolUse { call_id, .. } = &block.block else { panic!() };
            assert!(block.raw.as_ref().unwrap().as_str().contains(call_id.as_str()), "both forms name the same call");
            call_id.to_string()
        })
        .collect();
    assert_eq!(ids.len(), 3);
}

#[tokio::test]
async fn why_it_stopped() {
    for (reason, stop) in [
        ("end_turn", ModelStop::EndTurn),
        ("stop_sequence", ModelStop::EndTurn),
        ("max_tokens", ModelStop::MaxTokens),
        ("model_context_window_exceeded", ModelStop::MaxTokens),
        ("refusal", ModelStop::Refusal),
        ("pause_turn", ModelStop::Pause),
        ("tool_use", ModelStop::EndTurn),
        ("something_new", ModelStop::EndTurn),
    ] {
        assert_eq!(reply(&read(message(words("x"), reason)).await.0).stop, stop, "{reason}");
    }
    assert_eq!(reply(&read(message(vec![open(0, tool("a")), close(0)], "end_turn")).await.0).stop, ModelStop::ToolUse);
    assert_eq!(reply(&read(events(&[start(), end()])).await.0).blocks, []);
}

#[tokio::test]
async fn what_is_new_is_passed_over() {
    let search = json!({"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}});
    let mut blocks = vec![
        json!({"type": "something_new", "index": "x", "delta": 5}),
        open(0, search),
        delta(0, json!({"type": "input_json_delta", "partial_json": "{\"q\":1.0}"})),
        close(0),
        open(1, json!({"type": "web_search_tool_result", "content": [{"n": 1.50}]})),
        close(1),
        open(2, json!({"type": "text", "text": "", "citations": []})),
        delta(2, json!({"type": "citations_delta", "citation": {}})),
        delta(2, json!({"type": "new_delta", "x": 1})),
        delta(2, json!({"type": "text_delta", "text": "ok", "more": null})),
        close(2),
    ];
    let (found, error) = read(message(blocks.clone(), "end_turn")).await;
    assert_eq!(error, None);
    assert_eq!(found[0], ModelEvent::TextDelta("ok".into()));
    assert_eq!(block(reply(&found), 0).1, r#"{"type":"server_tool_use","id":"s","name":"web_search","input":{"q":1.0}}"#);
    assert_eq!(block(reply(&found), 2).1, r#"{"type":"text","text":"ok","citations":[]}"#);
    blocks.push(json!({"type": "message_delta", "delta": {}, "usage": {"output_tokens": -3, "input_tokens": "x"}}));
    assert_eq!(read(message(blocks, "end_turn")).await.1, None, "figures are no reason to lose an answer");
}

#[tokio::test]
async fn streams_that_break_the_rules() {
    let text = || open(0, json!({"type": "text", "text": ""}));
    let cases: Vec<(&str, Vec<Value>)> = vec![
        ("delta before a start", vec![start(), delta(0, json!({"type": "text_delta", "text": "x"}))]),
        ("delta for another block", vec![start(), text(), delta(9, json!({"type": "text_delta", "text": "x"}))]),
        ("started twice", vec![start(), text(), text()]),
        ("stopped without a start", vec![start(), close(0)]),
        ("stopped twice", vec![start(), text(), close(0), close(0)]),
        ("delta after its stop", vec![start(), text(), close(0), delta(0, json!({"type": "text_delta", "text": "x"}))]),
        ("message started twice", vec![start(), start()]),
        ("a block before the message", vec![text()]),
        ("stop before the message", vec![end()]),
        ("text of another type", vec![start(), text(), delta(0, json!({"type": "text_delta", "text": 5}))]),
        ("delta without text", vec![start(), text(), delta(0, json!({"type": "text_delta"}))]),
        ("delta for another type", vec![start(), text(), delta(0, json!({"type": "input_json_delta", "partial_json": "{}"}))]),
        ("negative index", vec![start(), json!({"type": "content_block_start", "index": -1, "content_block": {"type": "text"}})]),
        ("a block that is no object", vec![start(), open(0, json!([1]))]),
        ("no block", vec![start(), json!({"type": "content_block_start", "index": 0})]),
        ("within a tool use", vec![start(), open(0, tool("a")), delta(0, json!({"type": "input_json_delta", "partial_json": "{"})), end()]),
        ("no object", vec![start(), json!([1, 2])]),
    ];
    for (case, data) in cases {
        let error = read(events(&data)).await.1.expect(case);
        assert_eq!(error.code, ErrorCode::ModelProtocol, "{case}: {error:?}");
        assert!(!error.retryable);
    }
    for garbage in ["data: {\n\n", "data: \u{0}\n\n", "data: null\n\n", "data: {\"type\":5}\n\n", "data: [DONE]\n\n"] {
        assert_eq!(read(garbage).await.1.unwrap().code, ErrorCode::ModelProtocol, "{garbage:?}");
    }
}

#[tokio::test]
async fn text_that_is_no_utf_8_is_read_with_replacements() {
    let mut body = message(words("a?b"), "end_turn").into_bytes();
    let at = body.windows(3).position(|three| three == b"a?b").unwrap();
    body[at + 1] = 0xFF;
    assert_eq!(read(body).await.0[0], ModelEvent::TextDelta("a\u{FFFD}b".into()));
}

/// Deltas and reply of a body, without a network.
fn offline(pieces: &[&[u8]]) -> Result<Vec<ModelEvent>, String> {
    let (mut answer, mut decoder, mut out, mut broken) = (Answer::default(), sse::Decoder::new(1 << 20), Vec::new(), None);
    for piece in pieces {
        let fed = decoder.feed(piece, |event| {
            if broken.is_none() && !matches!(out.last(), Some(ModelEvent::Completed(_))) {
                broken = answer.take(event, &mut out).err();
            }
        });
        fed.map_err(|_| "too large".to_owned())?;
    }
    broken.map_or(Ok(out), |broken| Err(format!("{broken:?}")))
}

proptest! {
    #[test]
    fn cut_anywhere_the_answer_is_the_same(size in 1_usize..200, text in "\\PC{0,40}") {
        let body = DOCUMENTED.replace("Okay", &Json::String(text).to_string().trim_matches('"').replace('\\', "\\\\"));
        let pieces: Vec<&[u8]> = body.as_bytes().chunks(size).collect();
        prop_assert_eq!(offline(&pieces), offline(&[body.as_bytes()]));
    }

    #[test]
    fn no_bytes_make_it_panic(changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..12), cut in any::<prop::sample::Index>()) {
        let mut body = DOCUMENTED.as_bytes().to_vec();
        for (at, byte) in changes {
            let at = at.index(body.len());
            body[at] = byte;
        }
        let _ = offline(&[&body[..cut.index(body.len())]]);
        let _ = offline(&[&body]);
    }

    #[test]
    fn no_json_makes_it_panic(lines in proptest::collection::vec("(data: )?\\{\"type\":\"(message_start|content_block_start|content_block_delta|content_block_stop|message_delta|message_stop|error|ping)\",\"(index|delta|content_block|message|usage|error)\":(null|0|-1|18446744073709551616|\"x\"|\\{\\}|\\[\\]|\\{\"type\":\"(text|tool_use|text_delta)\",\"text\":(null|1|\"\"|\"\\\\ud800\")\\})\\}\n\n?", 0..12)) {
        let _ = offline(&[lines.concat().as_bytes()]);
    }
}
