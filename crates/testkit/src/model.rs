//! A model that says what a test tells it to say: the Messages API with streaming, over real HTTP on loopback.

use std::{
    net::Ipv4Addr,
    sync::{Arc, Mutex},
};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Notify,
};

/// One piece of an answer.
#[derive(Debug, Clone)]
pub enum Part {
    /// Text.
    Text(String),
    /// Reasoning.
    Thinking(String),
    /// A tool call; the input goes out byte for byte, well-formed or not.
    Call {
        /// The id that the model gives it.
        id: String,
        /// The tool's name.
        tool: String,
        /// The input.
        input: String,
    },
}

/// What becomes of an answer once its parts are out.
#[derive(Debug, Clone)]
pub enum End {
    /// It ends properly with this `stop_reason`.
    Stop(&'static str),
    /// An `error` event of this type.
    Error(&'static str),
    /// The connection closes.
    Drop,
    /// Nothing more comes, and the connection stays open.
    Stall,
}

/// What the model does with one request.
#[derive(Debug, Clone)]
pub enum Turn {
    /// Streams an answer.
    Answer(Vec<Part>, End),
    /// Refuses with this status and error type.
    Refuse(u16, &'static str),
}

impl Turn {
    /// Says this and is done.
    #[must_use]
    pub fn text(text: &str) -> Self {
        Self::Answer(vec![Part::Text(text.to_owned())], End::Stop("end_turn"))
    }

    /// Calls these tools: id, name, input.
    #[must_use]
    pub fn calls(calls: &[(&str, &str, Value)]) -> Self {
        let part = |(id, tool, input): &(&str, &str, Value)| Part::Call { id: (*id).to_owned(), tool: (*tool).to_owned(), input: input.to_string() };
        Self::Answer(calls.iter().map(part).collect(), End::Stop("tool_use"))
    }

    /// Calls one tool with an input given as text.
    #[must_use]
    pub fn raw_call(id: &str, tool: &str, input: &str) -> Self {
        Self::Answer(vec![Part::Call { id: id.to_owned(), tool: tool.to_owned(), input: input.to_owned() }], End::Stop("tool_use"))
    }
}

type Script = dyn Fn(usize) -> Turn + Send + Sync;

/// The server. It goes when the test does.
pub struct ScriptedModel {
    url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
    arrived: Arc<Notify>,
}

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Seen {
    /// Its JSON as text.
    pub body: String,
}

impl Seen {
    /// The JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// The tool results in the last message: id, whether an error, text.
    #[must_use]
    pub fn last_results(&self) -> Vec<(String, bool, String)> {
        let json = self.json();
        let content = json["messages"].as_array().unwrap().last().unwrap()["content"].as_array().cloned().unwrap_or_default();
        content.iter().filter(|block| block["type"] == "tool_result").map(result).collect()
    }

    /// Fails unless each tool use is answered exactly once, in the message that follows it, as the API demands.
    pub fn assert_well_formed(&self) {
        let json = self.json();
        let messages = json["messages"].as_array().unwrap();
        for (at, message) in messages.iter().enumerate() {
            let asked = ids(message, "tool_use", "id");
            let next = messages.get(at + 1).map(|next| ids(next, "tool_result", "tool_use_id")).unwrap_or_default();
            let mut sorted = (asked.clone(), next.clone());
            sorted.0.sort();
            sorted.1.sort();
            assert_eq!(sorted.0, sorted.1, "message {at}: {json:#}");
            let count = asked.len();
            let mut unique = asked;
            unique.sort();
            unique.dedup();
            assert_eq!(unique.len(), count, "ids repeat in message {at}");
        }
    }
}

fn ids(message: &Value, kind: &str, name: &str) -> Vec<String> {
    let blocks = message["content"].as_array().cloned().unwrap_or_default();
    blocks.iter().filter(|block| block["type"] == kind).map(|block| block[name].as_str().unwrap().to_owned()).collect()
}

fn result(block: &Value) -> (String, bool, String) {
    let text = match &block["content"] {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().filter_map(|part| part["text"].as_str()).collect(),
        other => other.to_string(),
    };
    (block["tool_use_id"].as_str().unwrap_or_default().to_owned(), block["is_error"] == true, text)
}

impl ScriptedModel {
    /// Answers the n-th request with the n-th turn, and "Done." beyond the last.
    pub async fn serve(turns: Vec<Turn>) -> Self {
        Self::serve_with(move |n| turns.get(n).cloned().unwrap_or_else(|| Turn::text("Done."))).await
    }

    /// Answers the n-th request, counted from 0, with what the function says.
    pub async fn serve_with(script: impl Fn(usize) -> Turn + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (seen, arrived, script) = (Arc::<Mutex<Vec<Seen>>>::default(), Arc::<Notify>::default(), Arc::<Script>::from(Box::new(script) as Box<Script>));
        let (log, tell) = (Arc::clone(&seen), Arc::clone(&arrived));
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (log, tell, script) = (Arc::clone(&log), Arc::clone(&tell), Arc::clone(&script));
                tokio::spawn(async move { talk(socket, &log, &tell, &*script).await });
            }
        });
        Self { url, seen, arrived }
    }

    /// `http://127.0.0.1:PORT`
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The requests so far.
    #[must_use]
    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// The last request.
    #[must_use]
    pub fn last(&self) -> Seen {
        self.seen().pop().unwrap()
    }

    /// Waits until so many requests have come.
    pub async fn reached(&self, count: usize) {
        crate::wait_for(&self.arrived, || (self.seen().len() >= count).then_some(()), || format!("{} requests", self.seen().len())).await;
    }
}

/// One request for each connection. A client that breaks off ends the conversation and nothing else.
async fn talk(mut socket: TcpStream, log: &Mutex<Vec<Seen>>, arrived: &Notify, script: &Script) {
    let Some(body) = read_request(&mut socket).await else { return };
    let number = {
        let mut log = log.lock().unwrap();
        log.push(Seen { body });
        log.len() - 1
    };
    arrived.notify_waiters();
    let (bytes, hangs) = match script(number) {
        Turn::Refuse(status, kind) => (refusal(status, kind), false),
        Turn::Answer(parts, end) => (answer(&parts, &end), matches!(end, End::Stall)),
    };
    if socket.write_all(bytes.as_bytes()).await.is_err() {
        return;
    }
    if hangs {
        while matches!(socket.read(&mut [0; 64]).await, Ok(1..)) {}
        return;
    }
    // An answer that breaks off lacks its last chunk, so that closing is no proper end.
    drop(socket.shutdown().await);
}

fn refusal(status: u16, kind: &str) -> String {
    let body = json!({"type": "error", "error": {"type": kind, "message": format!("scripted {kind}")}}).to_string();
    format!("HTTP/1.1 {status} Scripted\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
}

fn answer(parts: &[Part], end: &End) -> String {
    let usage = json!({"input_tokens": 3, "output_tokens": 1});
    let message = json!({"id": "msg_scripted", "type": "message", "role": "assistant", "content": [], "model": "scripted", "usage": usage});
    let mut body = event(&json!({"type": "message_start", "message": message}));
    for (index, part) in parts.iter().enumerate() {
        let (block, deltas) = match part {
            Part::Text(text) => (json!({"type": "text", "text": ""}), vec![json!({"type": "text_delta", "text": text})]),
            Part::Thinking(text) => (
                json!({"type": "thinking", "thinking": "", "signature": ""}),
                vec![json!({"type": "thinking_delta", "thinking": text}), json!({"type": "signature_delta", "signature": "c2lnbmVk"})],
            ),
            Part::Call { id, tool, input } => {
                (json!({"type": "tool_use", "id": id, "name": tool, "input": {}}), vec![json!({"type": "input_json_delta", "partial_json": input})])
            }
        };
        body += &event(&json!({"type": "content_block_start", "index": index, "content_block": block}));
        for delta in deltas {
            body += &event(&json!({"type": "content_block_delta", "index": index, "delta": delta}));
        }
        // What breaks off does so within its last part.
        if index + 1 < parts.len() || matches!(end, End::Stop(_)) {
            body += &event(&json!({"type": "content_block_stop", "index": index}));
        }
    }
    match end {
        End::Stop(reason) => {
            body += &event(&json!({"type": "message_delta", "delta": {"stop_reason": reason, "stop_sequence": null}, "usage": {"output_tokens": 9}}));
            body += &event(&json!({"type": "message_stop"}));
        }
        End::Error(kind) => body += &event(&json!({"type": "error", "error": {"type": kind, "message": format!("scripted {kind}")}})),
        End::Drop | End::Stall => {}
    }
    let chunk = format!("{:x}\r\n{body}\r\n", body.len());
    let close = if matches!(end, End::Drop | End::Stall) { "" } else { "0\r\n\r\n" };
    format!("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n{chunk}{close}")
}

fn event(data: &Value) -> String {
    format!("event: {}\ndata: {data}\n\n", data["type"].as_str().unwrap())
}

async fn read_request(socket: &mut TcpStream) -> Option<String> {
    let (mut bytes, mut piece) = (Vec::new(), vec![0; 64 * 1024]);
    let mut whole = None;
    while whole.is_none_or(|whole| bytes.len() < whole) {
        match socket.read(&mut piece).await {
            Ok(0) | Err(_) => return None,
            Ok(read) => bytes.extend_from_slice(&piece[..read]),
        }
        if whole.is_none() {
            whole = bytes.windows(4).position(|four| four == b"\r\n\r\n").map(|end| end + 4 + content_length(&bytes[..end]));
        }
    }
    let head = bytes.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    String::from_utf8(bytes.split_off(head)).ok()
}

fn content_length(head: &[u8]) -> usize {
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    head.lines().find_map(|line| line.strip_prefix("content-length:")).map_or(0, |length| length.trim().parse().unwrap())
}
