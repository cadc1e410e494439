//! From a step to the blocks of a message.

use serde_json::{Value, json};

use super::request::Checked;
use super::usage::Usage;
use super::{MODEL, signature};
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

/// The answer as one message.
pub(super) fn message(reply: &Reply) -> Value {
    let content: Vec<Value> = reply.blocks.iter().map(block).collect();
    json!({
        "id": reply.id, "type": "message", "role": "assistant", "model": MODEL, "content": content,
        "stop_reason": reply.stop.word(), "stop_sequence": null, "usage": usage(reply.usage, reply.output_tokens),
    })
}

fn block(block: &Block) -> Value {
    match block {
        Block::Thinking(text) => json!({"type": "thinking", "thinking": text, "signature": signature::sign(text)}),
        Block::Text(text) => json!({"type": "text", "text": text}),
        Block::ToolUse { id, name, input } => {
            json!({"type": "tool_use", "id": id, "name": name, "input": serde_json::from_str::<Value>(input).unwrap_or_else(|_| json!({}))})
        }
    }
}
