//! An answer as server-sent events. A closed connection drops the stream, and with it whatever was not yet sent.

use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use futures::{Stream, StreamExt, stream};
use serde_json::{Value, json};

use super::compose::{self, Block, Reply};
use super::{MODEL, signature};

/// How many bytes of a tool's input come in one delta.
const INPUT_FRAGMENT: usize = 24;

/// The events of an answer, deltas paced by `delay`.
pub(super) fn events(reply: Reply, delay: Duration) -> impl Stream<Item = Result<Bytes, Infallible>> + Send {
    stream::iter(sequence(&reply)).then(move |event| async move {
        if !delay.is_zero() && event["type"] == "content_block_delta" {
            tokio::time::sleep(delay).await;
        }
        Ok(frame(&event))
    })
}

fn frame(event: &Value) -> Bytes {
    Bytes::from(format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap_or_default()))
}

/// All events of an answer in their order.
pub(super) fn sequence(reply: &Reply) -> Vec<Value> {
    let mut events = vec![json!({"type": "message_start", "message": {
        "id": reply.id, "type": "message", "role": "assistant", "model": MODEL, "content": [],
        "stop_reason": null, "stop_sequence": null, "usage": compose::usage(reply.usage, 1),
    }})];
    for (index, block) in reply.blocks.iter().enumerate() {
        events.push(json!({"type": "content_block_start", "index": index, "content_block": opening(block)}));
        if index == 0 {
            events.push(json!({"type": "ping"}));
        }
        events.extend(deltas(block).into_iter().map(|delta| json!({"type": "content_block_delta", "index": index, "delta": delta})));
        events.push(json!({"type": "content_block_stop", "index": index}));
    }
    events.push(json!({
        "type": "message_delta",
        "delta": {"stop_reason": reply.stop.word(), "stop_sequence": null},
        "usage": compose::usage(reply.usage, reply.output_tokens),
    }));
    events.push(json!({"type": "message_stop"}));
    events
}

fn opening(block: &Block) -> Value {
    match block {
        Block::Thinking(_) => json!({"type": "thinking", "thinking": "", "signature": ""}),
        Block::Text(_) => json!({"type": "text", "text": ""}),
        Block::ToolUse { id, name, .. } => json!({"type": "tool_use", "id": id, "name": name, "input": {}}),
    }
}

fn deltas(block: &Block) -> Vec<Value> {
    match block {
        Block::Thinking(text) => {
            let words = words(text).map(|word| json!({"type": "thinking_delta", "thinking": word}));
            words.chain([json!({"type": "signature_delta", "signature": signature::sign(text)})]).collect()
        }
        Block::Text(text) => words(text).map(|word| json!({"type": "text_delta", "text": word})).collect(),
        Block::ToolUse { input, .. } => {
            let fragments = fragments(input).into_iter().map(|part| json!({"type": "input_json_delta", "partial_json": part}));
            [json!({"type": "input_json_delta", "partial_json": ""})].into_iter().chain(fragments).collect()
        }
    }
}

/// Words with the blanks after them.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive([' ', '\n'])
}

fn fragments(text: &str) -> Vec<&str> {
    let mut fragments = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let end = (INPUT_FRAGMENT.min(rest.len())..=rest.len()).find(|end| rest.is_char_boundary(*end)).unwrap_or(rest.len());
        let (fragment, after) = rest.split_at(end);
        fragments.push(fragment);
        rest = after;
    }
    fragments
}
