//! An answer as it grows, event by event.

use std::collections::HashSet;

use bca_agent::{HistoryBlock, ModelEvent, ModelReply, ModelStop};
use bca_protocol::{Block, CallId, Json, RawJson, Usage};
use serde_json::value::RawValue;

use super::{
    fault::Words,
    request::as_object,
    wire::{self, Delta, Kind, Start, Text, WireEvent},
};
use crate::sse;

/// More blocks than this are no answer.
const MOST_BLOCKS: usize = 10_000;

/// Why an answer cannot go on.
#[derive(Debug)]
pub(super) enum Broken {
    /// The provider said so.
    Told(Words),
    /// It does not follow the protocol: how.
    Protocol(String),
}

/// The blocks and figures so far.
#[derive(Debug, Default)]
pub(super) struct Answer {
    started: bool,
    blocks: Vec<Growing>,
    stop: Option<String>,
    usage: Usage,
}

/// A block between its start and its stop.
#[derive(Debug)]
struct Growing {
    index: u64,
    open: bool,
    kind: Kinds,
    /// The members of the block as it started; deltas go on top.
    members: Vec<(String, Json)>,
    /// Text, thinking or a tool's input, whichever this block has.
    text: String,
    signature: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kinds {
    Text,
    Thinking,
    ToolUse,
    /// Redacted thinking, and tools that run at the provider: kept as they are.
    Other,
}

impl Answer {
    /// Whether anything of an answer has come.
    pub(super) fn has_started(&self) -> bool {
        self.started
    }

    /// Takes one event. What it adds is appended to `out`; after `Completed` nothing more is taken.
    pub(super) fn take(&mut self, event: sse::Event<'_>, out: &mut Vec<ModelEvent>) -> Result<(), Broken> {
        match std::str::from_utf8(event.data) {
            Ok(data) => self.take_text(data, event.name, out),
            // The standard: what is not UTF-8 becomes U+FFFD.
            Err(_) => self.take_text(&String::from_utf8_lossy(event.data), event.name, out),
        }
    }

    fn take_text(&mut self, data: &str, name: &[u8], out: &mut Vec<ModelEvent>) -> Result<(), Broken> {
        let event: WireEvent<'_> = match serde_json::from_str(data) {
            Ok(event) => event,
            Err(error) => return unreadable(data, name, &error),
        };
        match event.kind.0.as_ref() {
            "content_block_delta" => self.delta(event.index, event.delta.unwrap_or_default(), out),
            "content_block_start" => self.start(event.index, event.content_block, out),
            "content_block_stop" => {
                self.block(event.index)?.open = false;
                Ok(())
            }
            "message_start" => self.message_start(event.message),
            "message_delta" => {
                self.need_start()?;
                self.stop = event.delta.and_then(|delta| delta.stop_reason).map(|reason| reason.0.into_owned()).or(self.stop.take());
                if let Some(usage) = event.usage {
                    wire::update(&mut self.usage, usage);
                }
                Ok(())
            }
            "message_stop" => {
                self.need_start()?;
                out.push(ModelEvent::Completed(std::mem::take(self).complete()?));
                self.started = true;
                Ok(())
            }
            "error" => Err(Broken::Told(event.error.map(words).unwrap_or_default())),
            // `ping`, and whatever comes to be.
            _ => Ok(()),
        }
    }

    fn message_start(&mut self, message: Option<&RawValue>) -> Result<(), Broken> {
        if std::mem::replace(&mut self.started, true) {
            return Err(protocol("message_start twice"));
        }
        let start: Start<'_> = message.and_then(|message| serde_json::from_str(message.get()).ok()).unwrap_or_default();
        if let Some(usage) = start.usage {
            wire::update(&mut self.usage, usage);
        }
        Ok(())
    }

    fn need_start(&self) -> Result<(), Broken> {
        if self.started { Ok(()) } else { Err(protocol("the message has not started")) }
    }

    fn start(&mut self, index: Option<u64>, block: Option<&RawValue>, out: &mut Vec<ModelEvent>) -> Result<(), Broken> {
        self.need_start()?;
        let index = index.ok_or_else(|| protocol("content_block_start without index"))?;
        if self.blocks.iter().any(|block| block.index == index) {
            return Err(protocol(format!("block {index} starts twice")));
        }
        if self.blocks.len() == MOST_BLOCKS {
            return Err(protocol("too many blocks"));
        }
        let block = block.ok_or_else(|| protocol("content_block_start without content_block"))?;
        let Ok(Json::Object(members)) = Json::parse(block.get()) else { return Err(protocol("content_block is no object")) };
        let growing = Growing::new(index, members);
        match growing.kind {
            Kinds::Text if !growing.text.is_empty() => out.push(ModelEvent::TextDelta(growing.text.clone())),
            Kinds::Thinking if !growing.text.is_empty() => out.push(ModelEvent::ThinkingDelta(growing.text.clone())),
            Kinds::Text | Kinds::Thinking | Kinds::ToolUse | Kinds::Other => {}
        }
        self.blocks.push(growing);
        Ok(())
    }

    fn block(&mut self, index: Option<u64>) -> Result<&mut Growing, Broken> {
        // The last one is nearly always the one.
        let block = self.blocks.iter_mut().rev().find(|block| Some(block.index) == index && block.open);
        block.ok_or_else(|| protocol(format!("block {index:?} is not open")))
    }

    fn delta(&mut self, index: Option<u64>, delta: Delta<'_>, out: &mut Vec<ModelEvent>) -> Result<(), Broken> {
        let block = self.block(index)?;
        let kind = delta.kind.map(|kind| kind.0).unwrap_or_default();
        match (kind.as_ref(), block.kind) {
            ("text_delta", Kinds::Text) => {
                let text = required(delta.text, "text")?;
                block.text.push_str(&text);
                if !text.is_empty() {
                    out.push(ModelEvent::TextDelta(text.into_owned()));
                }
            }
            ("thinking_delta", Kinds::Thinking) => {
                let text = required(delta.thinking, "thinking")?;
                block.text.push_str(&text);
                if !text.is_empty() {
                    out.push(ModelEvent::ThinkingDelta(text.into_owned()));
                }
            }
            ("signature_delta", Kinds::Thinking) => block.signature.push_str(&required(delta.signature, "signature")?),
            ("input_json_delta", Kinds::ToolUse | Kinds::Other) => block.text.push_str(&required(delta.partial_json, "partial_json")?),
            ("text_delta" | "thinking_delta" | "signature_delta" | "input_json_delta", _) => {
                return Err(protocol(format!("{kind} for a block of another type")));
            }
            // Citations, and whatever comes to be.
            _ => {}
        }
        Ok(())
    }

    fn complete(self) -> Result<ModelReply, Broken> {
        if self.blocks.iter().any(|block| block.open && block.kind == Kinds::ToolUse) {
            return Err(protocol("the message stops within a tool use"));
        }
        let mut seen = HashSet::new();
        let mut blocks = Vec::with_capacity(self.blocks.len());
        for block in self.blocks {
            blocks.push(block.finish(&mut seen)?);
        }
        let calls = blocks.iter().any(|block| matches!(block.block, Block::ToolUse { .. }));
        let stop = match (self.stop.as_deref(), calls) {
            (Some("max_tokens" | "model_context_window_exceeded"), _) => ModelStop::MaxTokens,
            (Some("refusal"), _) => ModelStop::Refusal,
            (Some("pause_turn"), _) => ModelStop::Pause,
            // What the blocks say counts: a call needs its result, and without a call there is nothing to wait for.
            (_, true) => ModelStop::ToolUse,
            (_, false) => ModelStop::EndTurn,
        };
        Ok(ModelReply { blocks, stop, usage: self.usage })
    }
}

impl Growing {
    fn new(index: u64, members: Vec<(String, Json)>) -> Self {
        let text_of = |name: &str| members.iter().find(|(member, _)| member == name).and_then(|(_, value)| value.as_str()).unwrap_or_default().to_owned();
        let (kind, text) = match text_of("type").as_str() {
            "text" => (Kinds::Text, text_of("text")),
            "thinking" => (Kinds::Thinking, text_of("thinking")),
            "tool_use" => (Kinds::ToolUse, String::new()),
            _ => (Kinds::Other, String::new()),
        };
        let signature = if kind == Kinds::Thinking { text_of("signature") } else { String::new() };
        Self { index, open: true, kind, members, text, signature }
    }

    fn member(&self, name: &str) -> Option<&Json> {
        self.members.iter().find(|(member, _)| member == name).map(|(_, value)| value)
    }

    /// The block in both forms. `seen` holds the ids of the calls before it: an id that comes twice would tie two results to one call.
    fn finish(self, seen: &mut HashSet<CallId>) -> Result<HistoryBlock, Broken> {
        let quoted = |text: &str| Json::String(text.to_owned()).to_string();
        let (block, raw) = match self.kind {
            Kinds::Text => (Block::Text { text: self.text.clone() }, self.raw(&[("text", &quoted(&self.text))])?),
            Kinds::Thinking => {
                let raw = self.raw(&[("thinking", &quoted(&self.text)), ("signature", &quoted(&self.signature))])?;
                (Block::Thinking { text: self.text.clone() }, raw)
            }
            Kinds::ToolUse => {
                let given = CallId::from_provider(self.member("id").and_then(Json::as_str).unwrap_or_default());
                let call_id = if seen.insert(given.clone()) { given } else { CallId::fresh() };
                let input = self.input();
                let sent_back = as_object(&input).map_err(|error| protocol(error.to_string()))?;
                let raw = self.raw(&[("id", &quoted(call_id.as_str())), ("input", sent_back.as_str())])?;
                let tool = self.member("name").and_then(Json::as_str).unwrap_or_default().to_owned();
                (Block::ToolUse { call_id, tool, input }, raw)
            }
            Kinds::Other => {
                let input = self.input();
                let raw = if self.text.is_empty() { self.raw(&[])? } else { self.raw(&[("input", input.as_str())])? };
                let redacted = self.member("type").and_then(Json::as_str) == Some("redacted_thinking");
                (if redacted { Block::Thinking { text: String::new() } } else { Block::Text { text: String::new() } }, raw)
            }
        };
        Ok(HistoryBlock { block, raw: Some(raw) })
    }

    /// A tool's input exactly as written: numbers are money, and money never passes through a float.
    fn input(&self) -> RawJson {
        if self.text.trim().is_empty() {
            // Some gateways send the whole input with the start; the API itself sends `{}` there.
            return self.member("input").map_or_else(|| RawJson::from(&Json::Object(Vec::new())), RawJson::from);
        }
        RawJson::parse(self.text.trim().to_owned()).unwrap_or_else(|_| RawJson::from(&Json::String(self.text.clone())))
    }

    /// The block as the provider would have sent it in one piece.
    fn raw(&self, changed: &[(&str, &str)]) -> Result<RawJson, Broken> {
        let mut text = String::from("{");
        let mut add = |name: &str, value: &str| {
            if text.len() > 1 {
                text.push(',');
            }
            text.push_str(&Json::String(name.to_owned()).to_string());
            text.push(':');
            text.push_str(value);
        };
        for (name, value) in &self.members {
            match changed.iter().find(|(changed, _)| changed == name) {
                Some((_, value)) => add(name, value),
                None => add(name, &value.to_string()),
            }
        }
        for (name, value) in changed.iter().filter(|(name, _)| self.member(name).is_none()) {
            add(name, value);
        }
        text.push('}');
        RawJson::parse(text).map_err(|error| protocol(error.to_string()))
    }
}

fn required<'a>(text: Option<Text<'a>>, name: &str) -> Result<std::borrow::Cow<'a, str>, Broken> {
    text.map(|text| text.0).ok_or_else(|| protocol(format!("a delta without {name}")))
}

fn protocol(how: impl Into<String>) -> Broken {
    Broken::Protocol(how.into())
}

fn words(raw: &RawValue) -> Words {
    serde_json::from_str(raw.get()).unwrap_or_default()
}

/// An event of a shape that we do not know is ignored when its type is new too, and a fault otherwise.
fn unreadable(data: &str, name: &[u8], error: &serde_json::Error) -> Result<(), Broken> {
    if name == b"error" {
        return Err(Broken::Told(Words { kind: String::new(), message: data.chars().take(500).collect() }));
    }
    match serde_json::from_str::<Kind<'_>>(data) {
        Ok(kind) if !wire::KNOWN.contains(&kind.kind.0.as_ref()) => Ok(()),
        Ok(kind) => Err(protocol(format!("{}: {error}", kind.kind.0))),
        Err(_) => Err(protocol(format!("an event that is no JSON: {error}"))),
    }
}

#[cfg(test)]
#[path = "answer_tests.rs"]
mod tests;
