//! From a step to the blocks of a message.

use serde_json::{Value, json};

use super::request::Checked;
use super::usage::Usage;
use super::{MODEL, signature};
use crate::model::json::{Json, object};
use crate::model::plan::Step;

/// One block of an answer.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Block {
    Thinking(String),
    Text(String),
    /// The input is JSON text, so that its numbers keep their digits.
    ToolUse {
        id: String,
        name: String,
        input: String,
    },
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum StopReason {
    EndTurn,
    ToolUse,
    MaxTokens,
}

impl StopReason {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::EndTurn => "end_turn",
            Self::ToolUse => "tool_use",
            Self::MaxTokens => "max_tokens",
        }
    }
}

/// A whole answer.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Reply {
    pub(super) id: String,
    pub(super) blocks: Vec<Block>,
    pub(super) stop: StopReason,
    pub(super) usage: Usage,
    pub(super) output_tokens: usize,
}

/// Makes the answer of a step, within the limit of tokens that the request sets.
pub(super) fn reply(step: Step, checked: &Checked, usage: Usage) -> Reply {
    let mut blocks = Vec::new();
    if checked.thinks && !step.thinking.is_empty() {
        blocks.push(Block::Thinking(step.thinking));
    }
    if !step.text.is_empty() {
        blocks.push(Block::Text(step.text));
    }
    let calls = step.calls.into_iter().map(|(name, input)| Block::ToolUse {
        id: format!("toolu_demo_{}", uuid::Uuid::new_v4().simple()),
        name,
        input: input.to_string(),
    });
    blocks.extend(calls);
    let stop = if blocks.iter().any(|block| matches!(block, Block::ToolUse { .. })) { StopReason::ToolUse } else { StopReason::EndTurn };
    let (blocks, stop) = limited(blocks, stop, checked.max_tokens);
    let output_tokens = blocks.iter().map(tokens).sum();
    Reply { id: format!("msg_demo_{}", uuid::Uuid::new_v4().simple()), blocks, stop, usage, output_tokens }
}

pub(super) fn tokens(block: &Block) -> usize {
    let bytes = match block {
        Block::Thinking(text) | Block::Text(text) => text.len(),
        Block::ToolUse { name, input, .. } => name.len() + input.len(),
    };
    bytes.div_ceil(4)
}

/// Cuts the answer where the limit is reached: text in the middle, a tool call as a whole.
fn limited(blocks: Vec<Block>, stop: StopReason, max_tokens: usize) -> (Vec<Block>, StopReason) {
    let mut left = max_tokens;
    let mut kept = Vec::new();
    for block in blocks {
        let cost = tokens(&block);
        if cost <= left {
            left -= cost;
            kept.push(block);
            continue;
        }
        match block {
            Block::Thinking(text) => kept.push(Block::Thinking(start_of(&text, left * 4))),
            Block::Text(text) => kept.push(Block::Text(start_of(&text, left * 4))),
            Block::ToolUse { .. } => {}
        }
        kept.retain(|block| tokens(block) > 0);
        return (kept, StopReason::MaxTokens);
    }
    (kept, stop)
}

fn start_of(text: &str, bytes: usize) -> String {
    let end = (0..=bytes.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    text[..end].to_owned()
}

/// The usage as the wire has it.
pub(super) fn usage(usage: Usage, output_tokens: usize) -> Value {
    json!({
        "input_tokens": usage.input,
        "cache_creation_input_tokens": usage.cache_write,
        "cache_read_input_tokens": usage.cache_read,
        "output_tokens": output_tokens,
    })
}

/// The answer as one message. It is written as text, because a tool's input must keep the digits of its numbers.
pub(super) fn message(reply: &Reply) -> String {
    let content: Vec<Json> = reply.blocks.iter().map(block).collect();
    let usage = Json::parse(&usage(reply.usage, reply.output_tokens).to_string()).unwrap_or(Json::Null);
    let message = object([
        ("id", Json::from(reply.id.as_str())),
        ("type", Json::from("message")),
        ("role", Json::from("assistant")),
        ("model", Json::from(MODEL)),
        ("content", Json::List(content)),
        ("stop_reason", Json::from(reply.stop.word())),
        ("stop_sequence", Json::Null),
        ("usage", usage),
    ]);
    message.to_string()
}

fn block(block: &Block) -> Json {
    let text = |text: &str| Json::from(text);
    match block {
        Block::Thinking(thinking) => object([("type", text("thinking")), ("thinking", text(thinking)), ("signature", Json::from(signature::sign(thinking)))]),
        Block::Text(said) => object([("type", text("text")), ("text", text(said))]),
        Block::ToolUse { id, name, input } => {
            let input = Json::parse(input).unwrap_or_else(|| Json::Object(Vec::new()));
            object([("type", text("tool_use")), ("id", text(id)), ("name", text(name)), ("input", input)])
        }
    }
}
