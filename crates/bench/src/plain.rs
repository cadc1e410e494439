//! The plain loop: what one would write in an afternoon with reqwest and serde. No history on disk, no approval, no
//! cancellation, no limits. What the engine costs is told against it.

use std::sync::Arc;

use reqwest::Client;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::outcome::{Outcome, fault};

/// What stays the same in all requests of a run.
#[derive(Debug, Clone)]
pub struct Fixed {
    /// As the engine sends them, so that both loops send the same amount.
    pub system: Value,
    /// Likewise.
    pub tools: Value,
    /// What the tool answers.
    pub tool_result: String,
}

#[derive(Serialize)]
struct Request<'a> {
    model: &'a str,
    max_tokens: u32,
    stream: bool,
    tools: &'a Value,
    system: &'a Value,
    messages: &'a [Value],
}

#[derive(Deserialize)]
struct Event {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    content_block: Value,
    #[serde(default)]
    delta: Delta,
}

#[derive(Deserialize, Default)]
struct Delta {
    text: Option<String>,
    partial_json: Option<String>,
}

/// One block of an answer while it streams.
struct Block {
    start: Value,
    text: String,
}

impl Block {
    fn finish(mut self) -> Outcome<Value> {
        match self.start["type"].as_str() {
            Some("tool_use") => self.start["input"] = serde_json::from_str(&self.text)?,
            _ => self.start["text"] = self.text.into(),
        }
        Ok(self.start)
    }
}

/// Asks, calls the tool, and asks again until no tool is called. Text goes to `on_text` as it comes. It runs where the engine's
/// runs do, on a worker thread: waking one for each piece of an answer is what costs most.
pub async fn run(client: &Client, url: &str, fixed: &Arc<Fixed>, message: &'static str, on_text: impl FnMut(&str) + Send + 'static) -> Outcome {
    let (client, url, fixed) = (client.clone(), url.to_owned(), Arc::clone(fixed));
    tokio::spawn(async move { turns(&client, &url, &fixed, message, on_text).await }).await?
}

async fn turns(client: &Client, url: &str, fixed: &Fixed, message: &str, mut on_text: impl FnMut(&str)) -> Outcome {
    let mut messages = vec![json!({"role": "user", "content": [{"type": "text", "text": message}]})];
    loop {
        let request = Request { model: "bench", max_tokens: 16_000, stream: true, tools: &fixed.tools, system: &fixed.system, messages: &messages };
        let response = client.post(format!("{url}/v1/messages")).header("x-api-key", "bench").json(&request).send().await?.error_for_status()?;
        let blocks = read(response, &mut on_text).await?;
        let calls: Vec<Value> = blocks.iter().filter(|block| block["type"] == "tool_use").map(|block| block["id"].clone()).collect();
        messages.push(json!({"role": "assistant", "content": blocks}));
        if calls.is_empty() {
            return Ok(());
        }
        let results: Vec<Value> = calls.iter().map(|id| json!({"type": "tool_result", "tool_use_id": id, "content": fixed.tool_result})).collect();
        messages.push(json!({"role": "user", "content": results}));
    }
}

async fn read(mut response: reqwest::Response, on_text: &mut impl FnMut(&str)) -> Outcome<Vec<Value>> {
    let (mut buffer, mut blocks): (Vec<u8>, Vec<Block>) = (Vec::new(), Vec::new());
    let mut done = false;
    while let Some(bytes) = response.chunk().await? {
        buffer.extend_from_slice(&bytes);
        let mut from = 0;
        while let Some(length) = buffer[from..].iter().position(|byte| *byte == b'\n') {
            let line = &buffer[from..from + length];
            from += length + 1;
            let Some(data) = line.strip_prefix(b"data: ") else { continue };
            let event: Event = serde_json::from_slice(data)?;
            match event.kind.as_str() {
                "content_block_start" => blocks.push(Block { start: event.content_block, text: String::new() }),
                "content_block_delta" => {
                    let Some(block) = blocks.last_mut() else { return fault("a delta without a block") };
                    if let Some(text) = event.delta.text {
                        on_text(&text);
                        block.text.push_str(&text);
                    }
                    if let Some(json) = event.delta.partial_json {
                        block.text.push_str(&json);
                    }
                }
                "message_stop" => done = true,
                _ => {}
            }
        }
        buffer.drain(..from);
    }
    if !done {
        return fault("the answer broke off");
    }
    blocks.into_iter().map(Block::finish).collect()
}
