//! The body of a call. Tools and system come first and do not change within a conversation, so that the provider can serve them
//! from its cache; marks stand on the last tool, the system prompt, and the last two messages of the user's side (the second to
//! last is where the previous call left its mark).

use bca_agent::{HistoryBlock, Message, ModelRequest, Thinking, ToolSpec};
use bca_protocol::{Block, Json, JsonError, RawJson, Role, ToolCallStatus};
use serde::{Deserialize, Serialize};

use super::NAME;

/// The least budget that the API accepts, in tokens.
const LEAST_BUDGET: u32 = 1_024;
/// How many messages carry a cache mark. With system and tools that makes four, the most that the API accepts.
const MARKED_MESSAGES: usize = 2;

/// How a model is asked to think.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ThinkingForm {
    /// With the budget that the caller named.
    Budget,
    /// Newer models decide the amount themselves and refuse a budget.
    Adaptive,
    /// Not at all, and without what was thought before: signatures hold only where they were made.
    Without,
}

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    max_tokens: u32,
    stream: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    thinking: Option<WireThinking>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<WireTool<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    system: Vec<Content<'a>>,
    messages: Vec<WireMessage<'a>>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum WireThinking {
    Enabled { budget_tokens: u32 },
    Adaptive { display: &'static str },
}

#[derive(Serialize)]
struct WireTool<'a> {
    name: &'a str,
    description: &'a str,
    input_schema: &'a RawJson,
    #[serde(skip_serializing_if = "Option::is_none")]
    cache_control: Option<CacheMark>,
}

#[derive(Serialize, Clone, Copy)]
#[serde(tag = "type", rename_all = "snake_case")]
enum CacheMark {
    Ephemeral,
}

#[derive(Serialize)]
struct WireMessage<'a> {
    role: &'static str,
    content: Vec<Content<'a>>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Content<'a> {
    Ours(Marked<'a>),
    AsReceived(&'a RawJson),
}

/// A block that we write, with its cache mark.
#[derive(Serialize)]
struct Marked<'a> {
    #[serde(flatten)]
    block: WireBlock<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cache_control: Option<CacheMark>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum WireBlock<'a> {
    Text {
        text: &'a str,
    },
    ToolUse {
        id: &'a str,
        name: &'a str,
        input: RawJson,
    },
    ToolResult {
        tool_use_id: &'a str,
        #[serde(skip_serializing_if = "str::is_empty")]
        content: &'a str,
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        is_error: bool,
    },
}

/// The bytes of a call.
///
/// # Errors
/// A value without a JSON form.
pub(super) fn body(request: &ModelRequest, form: ThinkingForm) -> Result<Vec<u8>, JsonError> {
    let (thinking, max_tokens) = thinking(request, form);
    let mut messages: Vec<WireMessage<'_>> = request.messages.iter().map(|asked| message(asked, form)).collect::<Result<_, _>>()?;
    messages.retain(|message| !message.content.is_empty());
    mark(&mut messages);
    let system = if request.system.trim().is_empty() { Vec::new() } else { vec![ours(WireBlock::Text { text: &request.system }, Some(CacheMark::Ephemeral))] };
    let body = Body { model: &request.model, max_tokens, stream: true, thinking, tools: tools(&request.tools), system, messages };
    serde_json::to_vec(&body).map_err(|error| JsonError::Syntax(error.to_string()))
}

/// A budget is spent from `max_tokens`: where it would leave no room for the answer, the room is added.
fn thinking(request: &ModelRequest, form: ThinkingForm) -> (Option<WireThinking>, u32) {
    match (request.thinking, form) {
        (Thinking::Off, _) | (Thinking::Budget(_), ThinkingForm::Without) => (None, request.max_tokens),
        (Thinking::Budget(_), ThinkingForm::Adaptive) => (Some(WireThinking::Adaptive { display: "summarized" }), request.max_tokens),
        (Thinking::Budget(budget), ThinkingForm::Budget) => {
            let budget_tokens = budget.max(LEAST_BUDGET);
            let max_tokens = if request.max_tokens > budget_tokens { request.max_tokens } else { budget_tokens.saturating_add(request.max_tokens.max(1)) };
            (Some(WireThinking::Enabled { budget_tokens }), max_tokens)
        }
    }
}

fn tools(specs: &[ToolSpec]) -> Vec<WireTool<'_>> {
    let last = specs.len().saturating_sub(1);
    specs
        .iter()
        .enumerate()
        .map(|(index, spec)| WireTool {
            name: &spec.name,
            description: &spec.description,
            input_schema: &spec.input_schema,
            cache_control: (index == last).then_some(CacheMark::Ephemeral),
        })
        .collect()
}

fn message(message: &Message, form: ThinkingForm) -> Result<WireMessage<'_>, JsonError> {
    let raw_is_ours = message.provider.as_deref() == Some(NAME);
    let mut content = Vec::with_capacity(message.blocks.len());
    for block in &message.blocks {
        if form == ThinkingForm::Without && matches!(block.block, Block::Thinking { .. }) {
            continue;
        }
        let raw = block.raw.as_ref().filter(|_| raw_is_ours);
        content.extend(match raw {
            Some(raw) if is_sendable(raw) => Some(Content::AsReceived(raw)),
            Some(_) => None,
            None => neutral(block)?,
        });
    }
    // The API wants the results right at the start of the message after the calls.
    content.sort_by_key(|content| !matches!(content, Content::Ours(Marked { block: WireBlock::ToolResult { .. }, .. })));
    let role = match message.role {
        Role::User => "user",
        Role::Assistant => "assistant",
    };
    Ok(WireMessage { role, content })
}

fn neutral(block: &HistoryBlock) -> Result<Option<Content<'_>>, JsonError> {
    let block = match &block.block {
        Block::Text { text } if text.trim().is_empty() => return Ok(None),
        Block::Text { text } => WireBlock::Text { text },
        // Without its signature the API refuses it.
        Block::Thinking { .. } => return Ok(None),
        Block::ToolUse { call_id, tool, input } => WireBlock::ToolUse { id: call_id.as_str(), name: tool, input: as_object(input)? },
        Block::ToolResult { call_id, status, output } => {
            WireBlock::ToolResult { tool_use_id: call_id.as_str(), content: output, is_error: *status != ToolCallStatus::Ok }
        }
    };
    Ok(Some(ours(block, None)))
}

fn ours(block: WireBlock<'_>, cache_control: Option<CacheMark>) -> Content<'_> {
    Content::Ours(Marked { block, cache_control })
}

/// The API refuses text blocks without text, its own included.
fn is_sendable(raw: &RawJson) -> bool {
    #[derive(Deserialize)]
    struct Peek {
        r#type: String,
        text: Option<String>,
    }
    match serde_json::from_str::<Peek>(raw.as_str()) {
        Ok(peek) if peek.r#type == "text" => peek.text.is_some_and(|text| !text.trim().is_empty()),
        // A type or a `text` of another shape: not ours to judge.
        Ok(_) | Err(_) => true,
    }
}

/// The API accepts only objects as a tool's input. Anything else goes back as `{"unparsed": ...}`, so that the model sees what it wrote.
pub(super) fn as_object(input: &RawJson) -> Result<RawJson, JsonError> {
    if input.as_str().starts_with('{') {
        return Ok(input.clone());
    }
    let text: String = serde_json::from_str(input.as_str()).unwrap_or_else(|_| input.as_str().to_owned());
    Ok(RawJson::from(&Json::Object(vec![("unparsed".to_owned(), Json::String(text))])))
}

fn mark(messages: &mut [WireMessage<'_>]) {
    let asked = messages.iter_mut().rev().filter(|message| message.role == "user").take(MARKED_MESSAGES);
    for message in asked {
        if let Some(Content::Ours(last)) = message.content.last_mut() {
            last.cache_control = Some(CacheMark::Ephemeral);
        }
    }
}

#[cfg(test)]
#[path = "request_tests.rs"]
mod tests;
