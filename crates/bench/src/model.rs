//! A model that says what it is told to say, over real HTTP on loopback, and reads the clock beside it.
//!
//! One thread for each connection, blocking, so that its own cost stays small and can be told from that of what is measured.

use std::{
    io::{self, ErrorKind, Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{cpu, outcome::Outcome};

/// An answer, cut into the pieces in which it goes out.
#[derive(Debug, Clone)]
pub struct Reply {
    pieces: Vec<String>,
    pause: Duration,
}

impl Reply {
    /// An answer that calls one tool.
    pub fn tool_call(number: usize, tool: &str, input: &Value) -> Self {
        let block = json!({"type": "tool_use", "id": format!("toolu_{number:04}"), "name": tool, "input": {}});
        let delta = json!({"type": "input_json_delta", "partial_json": input.to_string()});
        Self { pieces: vec![start() + &open(0, &block) + &delta_of(0, &delta) + &close(0) + &end("tool_use"), stop()], pause: Duration::ZERO }
    }

    /// An answer of text in so many deltas, of which so many go out in one piece.
    pub fn text<'a>(deltas: impl IntoIterator<Item = &'a str>, per_piece: usize) -> Self {
        let deltas: Vec<String> = deltas.into_iter().map(|text| delta_of(0, &json!({"type": "text_delta", "text": text}))).collect();
        let mut pieces = vec![start() + &open(0, &json!({"type": "text", "text": ""}))];
        pieces.extend(deltas.chunks(per_piece.max(1)).map(<[String]>::concat));
        pieces.extend([close(0) + &end("end_turn"), stop()]);
        Self { pieces, pause: Duration::ZERO }
    }

    /// The same after so long: no real model answers at once.
    pub fn after(self, pause: Duration) -> Self {
        Self { pause, ..self }
    }
}

fn event(data: &Value) -> String {
    format!("event: {}\ndata: {data}\n\n", data["type"].as_str().unwrap_or_default())
}

fn start() -> String {
    let usage = json!({"input_tokens": 1, "output_tokens": 1});
    event(
        &json!({"type": "message_start", "message": {"id": "msg_bench", "type": "message", "role": "assistant", "content": [], "model": "bench", "usage": usage}}),
    )
}

fn open(index: usize, block: &Value) -> String {
    event(&json!({"type": "content_block_start", "index": index, "content_block": block}))
}

fn delta_of(index: usize, delta: &Value) -> String {
    event(&json!({"type": "content_block_delta", "index": index, "delta": delta}))
}

fn close(index: usize) -> String {
    event(&json!({"type": "content_block_stop", "index": index}))
}

fn end(reason: &str) -> String {
    event(&json!({"type": "message_delta", "delta": {"stop_reason": reason, "stop_sequence": null}, "usage": {"output_tokens": 9}}))
}

fn stop() -> String {
    event(&json!({"type": "message_stop"}))
}

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Seen {
    /// When its last byte was there.
    pub at: Instant,
    /// Time since the last byte of the answer before it was sent; absent for the first.
    pub since_reply: Option<Duration>,
    /// Its JSON.
    pub body: Vec<u8>,
}

#[derive(Default)]
struct State {
    replies: Vec<Reply>,
    seen: Vec<Seen>,
    replied: Option<Instant>,
    cpu: Duration,
}

/// The server. It answers the n-th request with the n-th reply, and beyond that with the last one.
pub struct ScriptedModel {
    url: String,
    state: Arc<Mutex<State>>,
}

impl ScriptedModel {
    /// Starts it on a free port.
    pub fn serve(replies: Vec<Reply>) -> Outcome<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let url = format!("http://{}", listener.local_addr()?);
        let state = Arc::new(Mutex::new(State { replies, ..State::default() }));
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            while let Ok((socket, _)) = listener.accept() {
                let shared = Arc::clone(&shared);
                // A connection that breaks off is the client's to explain.
                std::thread::spawn(move || drop(talk(socket, &shared)));
            }
        });
        Ok(Self { url, state })
    }

    /// `http://127.0.0.1:PORT`
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The requests so far; forgotten here.
    pub fn take_seen(&self) -> Vec<Seen> {
        std::mem::take(&mut lock(&self.state).seen)
    }

    /// Begins the script anew.
    pub fn rewind(&self) {
        let mut state = lock(&self.state);
        state.seen.clear();
        state.replied = None;
    }

    /// CPU that the server's own threads took so far.
    pub fn cpu(&self) -> Duration {
        lock(&self.state).cpu
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

#[allow(clippy::disallowed_methods, reason = "the thread of one connection, which nothing else runs on and nothing stops")]
fn think(pause: Duration) {
    std::thread::sleep(pause);
}

fn talk(mut socket: TcpStream, state: &Mutex<State>) -> io::Result<()> {
    socket.set_nodelay(true)?;
    let mut spent = cpu::thread();
    loop {
        let body = read_request(&mut socket)?;
        let at = Instant::now();
        let reply = {
            let mut state = lock(state);
            let since_reply = state.replied.map(|replied| at.duration_since(replied));
            let number = state.seen.len();
            state.seen.push(Seen { at, since_reply, body });
            state.replies.get(number).or(state.replies.last()).cloned()
        };
        let Some(reply) = reply else { return Ok(()) };
        think(reply.pause);
        socket.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ntransfer-encoding: chunked\r\n\r\n")?;
        let (last, before) = reply.pieces.split_last().map_or((None, &[][..]), |(last, before)| (Some(last), before));
        for piece in before {
            socket.write_all(chunk(piece).as_bytes())?;
        }
        let last = last.map(|piece| chunk(piece)).unwrap_or_default() + "0\r\n\r\n";
        let now = cpu::thread();
        {
            let mut state = lock(state);
            state.cpu += now.saturating_sub(spent);
            state.replied = Some(Instant::now());
        }
        spent = now;
        socket.write_all(last.as_bytes())?;
    }
}

fn chunk(piece: &str) -> String {
    format!("{:x}\r\n{piece}\r\n", piece.len())
}

/// The body of the next request.
fn read_request(socket: &mut TcpStream) -> io::Result<Vec<u8>> {
    let (mut bytes, mut piece) = (Vec::with_capacity(64 * 1024), vec![0; 256 * 1024]);
    let head_end = loop {
        let read = socket.read(&mut piece)?;
        if read == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        bytes.extend_from_slice(&piece[..read]);
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
    };
    let head = String::from_utf8_lossy(&bytes[..head_end]).to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:")).and_then(|length| length.trim().parse::<usize>().ok());
    let whole = head_end + length.unwrap_or(0);
    while bytes.len() < whole {
        let read = socket.read(&mut piece)?;
        if read == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        bytes.extend_from_slice(&piece[..read]);
    }
    Ok(bytes.split_off(head_end))
}
