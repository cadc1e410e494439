//! A server that answers with scripted bytes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use bca_agent::{Message, ModelError, ModelEvent, ModelProvider, ModelReply, ModelRequest, Thinking};
use bca_auth::Secret;
use bca_protocol::{Block, Role};
use futures::StreamExt;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
};
use tokio_util::sync::CancellationToken;

use super::{Anthropic, AnthropicOptions, StreamLimits};
use crate::{BaseUrl, http_client};

pub const KEY: &str = "sk-canary-7f3a9c";

/// What the server does with one request.
pub enum Script {
    /// These bytes, then the connection is closed.
    Bytes(Vec<u8>),
    /// These bytes, then nothing, until the other side closes.
    Hang(Vec<u8>),
    /// These bytes, and the next request on the same connection.
    Stay(Vec<u8>),
}

pub struct Server {
    pub url: String,
    /// Head and body of each request.
    pub requests: Arc<Mutex<Vec<(String, String)>>>,
    /// One message for each hanging connection that the client closed.
    pub closed: mpsc::UnboundedReceiver<()>,
    /// How many connections were accepted.
    pub connections: Arc<Mutex<usize>>,
}

pub async fn serve(answers: Vec<Script>) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (requests, connections) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(0)));
    let (tell, closed) = mpsc::unbounded_channel();
    let (seen, accepted) = (Arc::clone(&requests), Arc::clone(&connections));
    tokio::spawn(async move {
        let mut answers = answers.into_iter();
        'accept: while let Ok((mut socket, _)) = listener.accept().await {
            *accepted.lock().unwrap() += 1;
            while let Some(request) = read_request(&mut socket).await {
                seen.lock().unwrap().push(request);
                let Some(answer) = answers.next() else { break 'accept };
                match answer {
                    Script::Bytes(bytes) => {
                        let _ = socket.write_all(&bytes).await;
                        let _ = socket.shutdown().await;
                        break;
                    }
                    Script::Hang(bytes) => {
                        socket.write_all(&bytes).await.unwrap();
                        let tell = tell.clone();
                        tokio::spawn(async move {
                            while matches!(socket.read(&mut [0; 64]).await, Ok(1..)) {}
                            let _ = tell.send(());
                        });
                        continue 'accept;
                    }
                    Script::Stay(bytes) => socket.write_all(&bytes).await.unwrap(),
                }
            }
        }
    });
    Server { url, requests, closed, connections }
}

async fn read_request(socket: &mut TcpStream) -> Option<(String, String)> {
    let mut bytes = Vec::new();
    loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
            let length = head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ").map(|n| n.parse::<usize>().unwrap()));
            let mut body = bytes[end + 4..].to_vec();
            let missing = length.unwrap_or(0) - body.len();
            let mut rest = vec![0; missing];
            socket.read_exact(&mut rest).await.ok()?;
            body.extend(rest);
            return Some((head, String::from_utf8(body).unwrap()));
        }
        let mut piece = [0; 4096];
        match socket.read(&mut piece).await {
            Ok(0) | Err(_) => return None,
            Ok(read) => bytes.extend_from_slice(&piece[..read]),
        }
    }
}

/// A whole HTTP answer that ends with the connection.
pub fn http(status: &str, headers: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    [format!("HTTP/1.1 {status}\r\n{headers}connection: close\r\n\r\n").as_bytes(), body.as_ref()].concat()
}

/// A refusal as the API writes it.
pub fn refusal(status: &str, headers: &str, kind: &str, message: &str) -> Script {
    let body = serde_json::json!({"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_9"}).to_string();
    Script::Bytes(http(status, &format!("content-type: application/json\r\n{headers}"), body))
}

pub fn sse(body: impl AsRef<[u8]>) -> Vec<u8> {
    http("200 OK", "content-type: text/event-stream; charset=utf-8\r\n", body)
}

/// Events from their data; each value's `type` names it.
pub fn events(data: &[serde_json::Value]) -> String {
    data.iter().map(|data| format!("event: {}\ndata: {data}\n\n", data["type"].as_str().unwrap_or("x"))).collect()
}

pub fn limits() -> StreamLimits {
    StreamLimits { idle: Duration::from_secs(20), backoff: Duration::from_millis(1), ..StreamLimits::default() }
}

pub fn provider(url: &str, limits: StreamLimits) -> Anthropic {
    let base_url = BaseUrl::parse(url).unwrap();
    let http = http_client("test", &base_url).unwrap();
    Anthropic::new(AnthropicOptions { base_url, key: Some(Secret::new(KEY.to_owned())), http, limits })
}

pub fn ask(messages: Vec<Message>) -> ModelRequest {
    ModelRequest { model: "some-model".into(), system: "You help.".into(), tools: [].into(), messages, max_tokens: 100, thinking: Thinking::Off }
}

pub fn hello() -> ModelRequest {
    ask(vec![Message::new(Role::User, vec![Block::Text { text: "Hello".into() }])])
}

/// Everything that a call gives.
pub async fn run(provider: &Anthropic, request: &ModelRequest) -> (Vec<ModelEvent>, Option<ModelError>) {
    let mut stream = match provider.stream(request, &CancellationToken::new()).await {
        Ok(stream) => stream,
        Err(error) => return (Vec::new(), Some(error)),
    };
    let mut found = Vec::new();
    while let Some(event) = stream.next().await {
        match event {
            Ok(event) => found.push(event),
            Err(error) => {
                assert!(stream.next().await.is_none(), "a stream ends with its error");
                return (found, Some(error));
            }
        }
    }
    (found, None)
}

/// What a scripted body gives.
pub async fn read(body: impl AsRef<[u8]>) -> (Vec<ModelEvent>, Option<ModelError>) {
    let server = serve((0..3).map(|_| Script::Bytes(sse(&body))).collect()).await;
    run(&provider(&server.url, limits()), &hello()).await
}

pub fn reply(events: &[ModelEvent]) -> &ModelReply {
    match events.last() {
        Some(ModelEvent::Completed(reply)) => reply,
        other => panic!("no answer but {other:?}"),
    }
}
