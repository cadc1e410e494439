//! What a request must be. The messages of refusals follow the real service's, because clients are written against
//! those.

use std::collections::HashSet;

use serde_json::Value;

use super::{Fault, signature};

/// Most cache marks in one request.
const MOST_MARKS: usize = 4;

/// The parts of a request that shape the answer.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Checked {
    pub(super) model: String,
    pub(super) max_tokens: usize,
    pub(super) stream: bool,
    pub(super) thinks: bool,
}

/// Checks a request.
pub(super) fn check(request: &Value) -> Result<Checked, Fault> {
    let entries = request.as_object().ok_or_else(|| Fault::invalid("Input should be a valid dictionary"))?;
    let model = entries.get("model").and_then(Value::as_str).ok_or_else(|| Fault::invalid("model: Field required"))?;
    let max_tokens = entries.get("max_tokens").ok_or_else(|| Fault::invalid("max_tokens: Field required"))?;
    let max_tokens = max_tokens.as_u64().and_then(|count| usize::try_from(count).ok()).filter(|count| *count > 0);
    let max_tokens = max_tokens.ok_or_else(|| Fault::invalid("max_tokens: Input should be greater than or equal to 1"))?;
    let stream = match entries.get("stream") {
        None | Some(Value::Null) => false,
        Some(Value::Bool(stream)) => *stream,
        Some(_) => return Err(Fault::invalid("stream: Input should be a valid boolean")),
    };
    let thinks = thinking(entries.get("thinking"), max_tokens)?;
    system(entries.get("system"))?;
    tools(entries.get("tools"))?;
    let messages = entries.get("messages").and_then(Value::as_array).ok_or_else(|| Fault::invalid("messages: Field required"))?;
    if messages.is_empty() {
        return Err(Fault::invalid("messages: at least one message is required"));
    }
    for (index, message) in messages.iter().enumerate() {
        self::message(index, message)?;
    }
    if messages[0]["role"] != "user" {
        return Err(Fault::invalid("messages: first message must use the \"user\" role"));
    }
    pairs(messages)?;
    let marks = marks(request);
    if marks > MOST_MARKS {
        return Err(Fault::invalid(format!("A maximum of {MOST_MARKS} blocks with cache_control may be provided. Found {marks}.")));
    }
    Ok(Checked { model: model.to_owned(), max_tokens, stream, thinks })
}

fn thinking(thinking: Option<&Value>, max_tokens: usize) -> Result<bool, Fault> {
    let Some(thinking) = thinking.filter(|value| !value.is_null()) else { return Ok(false) };
    match thinking["type"].as_str() {
        Some("disabled") => Ok(false),
        Some("adaptive") => Ok(true),
        Some("enabled") => {
            let budget = thinking["budget_tokens"].as_u64().ok_or_else(|| Fault::invalid("thinking.enabled.budget_tokens: Field required"))?;
            if budget < 1_024 {
                return Err(Fault::invalid("thinking.enabled.budget_tokens: Input should be greater than or equal to 1024"));
            }
            if usize::try_from(budget).map_or(true, |budget| budget >= max_tokens) {
                return Err(Fault::invalid("`max_tokens` must be greater than `thinking.budget_tokens`."));
            }
            Ok(true)
        }
        _ => Err(Fault::invalid("thinking: Input tag does not match any of the expected tags: 'disabled', 'enabled', 'adaptive'")),
    }
}

fn system(system: Option<&Value>) -> Result<(), Fault> {
    match system {
        None | Some(Value::Null | Value::String(_)) => Ok(()),
        Some(Value::Array(blocks)) => {
            let wrong = blocks.iter().position(|block| block["type"] != "text" || block["text"].as_str().is_none_or(str::is_empty));
            wrong.map_or(Ok(()), |at| Err(Fault::invalid(format!("system.{at}: text content blocks must be non-empty"))))
        }
        Some(_) => Err(Fault::invalid("system: Input should be a valid string or list")),
    }
}

fn tools(tools: Option<&Value>) -> Result<(), Fault> {
    let Some(tools) = tools.filter(|tools| !tools.is_null()) else { return Ok(()) };
    let tools = tools.as_array().ok_or_else(|| Fault::invalid("tools: Input should be a valid list"))?;
    let mut names = HashSet::new();
    for (index, tool) in tools.iter().enumerate() {
        let name = tool["name"].as_str().ok_or_else(|| Fault::invalid(format!("tools.{index}.name: Field required")))?;
        if name.is_empty() || name.len() > 128 || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-') {
            return Err(Fault::invalid(format!("tools.{index}.custom.name: String should match pattern '^[a-zA-Z0-9_-]{{1,128}}$'")));
        }
        if !names.insert(name) {
            return Err(Fault::invalid("tools: Tool names must be unique."));
        }
        // Tools of the service itself carry a type and no schema.
        let own = tool["type"].as_str().is_none_or(|kind| kind == "custom");
        if own && tool["input_schema"]["type"] != "object" {
            return Err(Fault::invalid(format!("tools.{index}.custom.input_schema.type: Field required")));
        }
    }
    Ok(())
}

fn message(index: usize, message: &Value) -> Result<(), Fault> {
    let role = message["role"].as_str().ok_or_else(|| Fault::invalid(format!("messages.{index}.role: Field required")))?;
    if !matches!(role, "user" | "assistant") {
        return Err(Fault::invalid(format!("messages: Unexpected role \"{role}\". Allowed roles are \"user\" or \"assistant\".")));
    }
    match &message["content"] {
        Value::String(text) if text.is_empty() && role == "user" => Err(Fault::invalid(format!("messages.{index}: user messages must have non-empty content"))),
        Value::String(_) => Ok(()),
        Value::Array(blocks) if blocks.is_empty() && role == "user" => {
            Err(Fault::invalid(format!("messages.{index}: user messages must have non-empty content")))
        }
        Value::Array(blocks) => blocks.iter().enumerate().try_for_each(|(at, found)| block(role, &format!("messages.{index}.content.{at}"), found)),
        _ => Err(Fault::invalid(format!("messages.{index}.content: Field required"))),
    }
}

fn block(role: &str, place: &str, block: &Value) -> Result<(), Fault> {
    let kind = block["type"].as_str().ok_or_else(|| Fault::invalid(format!("{place}.type: Field required")))?;
    match (kind, role) {
        ("text", _) => match block["text"].as_str() {
            Some("") => Err(Fault::invalid("messages: text content blocks must be non-empty")),
            Some(_) => Ok(()),
            None => Err(Fault::invalid(format!("{place}.text.text: Field required"))),
        },
        ("tool_use", "assistant") => {
            if block["id"].as_str().is_none_or(str::is_empty) || block["name"].as_str().is_none() {
                return Err(Fault::invalid(format!("{place}.tool_use: id and name are required")));
            }
            if block["input"].is_object() { Ok(()) } else { Err(Fault::invalid(format!("{place}.tool_use.input: Input should be a valid dictionary"))) }
        }
        ("tool_result", "user") => {
            let id = block["tool_use_id"].as_str();
            id.map(|_| ()).ok_or_else(|| Fault::invalid(format!("{place}.tool_result.tool_use_id: Field required")))
        }
        ("thinking", "assistant") => {
            let thinking = block["thinking"].as_str().ok_or_else(|| Fault::invalid(format!("{place}.thinking.thinking: Field required")))?;
            let given = block["signature"].as_str().ok_or_else(|| Fault::invalid(format!("{place}.thinking.signature: Field required")))?;
            if signature::holds(thinking, given) { Ok(()) } else { Err(Fault::invalid(format!("{place}: Invalid `signature` in `thinking` block"))) }
        }
        ("redacted_thinking", "assistant") | ("image" | "document", "user") => Ok(()),
        ("tool_use" | "thinking" | "redacted_thinking", _) => Err(Fault::invalid(format!("{place}: `{kind}` blocks can only be in `assistant` messages"))),
        ("tool_result" | "image" | "document", _) => Err(Fault::invalid(format!("{place}: `{kind}` blocks can only be in `user` messages"))),
        _ => Err(Fault::invalid(format!("{place}: Input tag '{kind}' found using 'type' does not match any of the expected tags"))),
    }
}

/// Every tool call has its result at the start of the next message, and every result its call.
fn pairs(messages: &[Value]) -> Result<(), Fault> {
    let mut seen = HashSet::new();
    for (index, message) in messages.iter().enumerate() {
        let calls = ids(message, "tool_use", "id");
        if let Some(twice) = calls.iter().find(|id| !seen.insert((*id).to_owned())) {
            return Err(Fault::invalid(format!("messages.{index}: `tool_use` ids must be unique: {twice}")));
        }
        let results = messages.get(index + 1).map(leading_results).unwrap_or_default();
        let open: Vec<&str> = calls.iter().copied().filter(|id| !results.contains(id)).collect();
        if !open.is_empty() {
            return Err(Fault::invalid(format!(
                "messages.{index}: `tool_use` ids were found without `tool_result` blocks immediately after: {}. Each `tool_use` block must have a corresponding `tool_result` block in the next message.",
                open.join(", ")
            )));
        }
        let before = index.checked_sub(1).and_then(|at| messages.get(at)).map(|before| ids(before, "tool_use", "id")).unwrap_or_default();
        let mut answered = HashSet::new();
        for (at, id) in ids(message, "tool_result", "tool_use_id").into_iter().enumerate() {
            if !before.contains(&id) {
                return Err(Fault::invalid(format!(
                    "messages.{index}.content.{at}: unexpected `tool_use_id` found in `tool_result` blocks: {id}. Each `tool_result` block must have a corresponding `tool_use` block in the previous message."
                )));
            }
            if !answered.insert(id) {
                return Err(Fault::invalid(format!(
                    "messages.{index}.content.{at}: each tool_use must have a single result. Found multiple `tool_result` blocks with id: {id}"
                )));
            }
        }
    }
    Ok(())
}

fn ids<'a>(message: &'a Value, kind: &str, key: &str) -> Vec<&'a str> {
    let blocks = message["content"].as_array().into_iter().flatten();
    blocks.filter(|block| block["type"] == kind).filter_map(|block| block[key].as_str()).collect()
}

fn leading_results(message: &Value) -> Vec<&str> {
    let blocks = message["content"].as_array().into_iter().flatten();
    blocks.take_while(|block| block["type"] == "tool_result").filter_map(|block| block["tool_use_id"].as_str()).collect()
}

fn marks(request: &Value) -> usize {
    let marked = |block: &&Value| block.get("cache_control").is_some_and(|mark| !mark.is_null());
    let of = |value: &Value| value.as_array().into_iter().flatten().filter(marked).count();
    let messages = request["messages"].as_array().into_iter().flatten();
    of(&request["tools"]) + of(&request["system"]) + messages.map(|message| of(&message["content"])).sum::<usize>()
}
