//! A server on port 0 that follows a script, and what a write needs to reach it. For tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use bca_approval::{
    ApprovalGate, ApprovalLog, Authorisation, CanonicalRequest, ChangeSet, IntentLog, LogError, Method, NotAsked, NotSending, PlannedWrite, Quota, Resolution,
    Rules, Settlement, Standing, Target, Waiting, WritePermit,
};
use bca_auth::{FixedToken, Secret, TokenError, TokenSource};
use bca_protocol::{
    ApprovalId, ApprovalRequest, CallId, ChangeId, ChangePreview, Connection, ConnectionKind, Decision, Digest, Effect, Reviewer, RunId, SessionId,
    SystemClock, Undoable, WriteOperation,
};
use jiff::Timestamp;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tokio_util::sync::CancellationToken;

use crate::{Access, Client, Limits};

pub(crate) const COMPANY: &str = "11111111-2222-3333-4444-555555555555";
pub(crate) const ID: &str = "5d115c9c-44e3-ea11-bb43-000d3a2feca1";
pub(crate) const ETAG: &str = "W/\"JzQ0O0FBPT0nMTsn\"";

/// What the server does with a request.
#[derive(Clone)]
pub(crate) enum Reply {
    /// Status, further header lines, body; as JSON unless a header line says otherwise.
    Answer(u16, &'static str, String),
    /// 200 with this body, then closes without having said so.
    AnswerAndClose(String),
    /// Reads the request and closes.
    Drop,
    /// Says 200 and how long the body is, sends a part of it and closes.
    Truncate(u16),
    /// Never answers.
    Hang,
}

pub(crate) fn ok(body: impl Into<String>) -> Reply {
    Reply::Answer(200, "", body.into())
}

pub(crate) fn refusal(status: u16, code: &str) -> Reply {
    let body = format!(r#"{{"error":{{"code":"{code}","message":"A rule says no.  CorrelationId:  7f0a1b2c-0000-1111-2222-333344445555."}}}}"#);
    Reply::Answer(status, "", body)
}

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) line: String,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.head.lines().filter_map(|line| line.split_once(": ")).find(|(n, _)| n.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value)
    }
}

/// A scripted Business Central.
pub(crate) struct Script {
    pub(crate) root: String,
    seen: Arc<Mutex<Vec<Seen>>>,
    arrived: Arc<tokio::sync::Notify>,
}

impl Script {
    /// Plays the replies in order; the last one again and again.
    pub(crate) async fn new(replies: impl IntoIterator<Item = Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let root = format!("http://{}/v2.0/demo/api/v2.0", listener.local_addr().unwrap());
        let replies: Arc<Mutex<VecDeque<Reply>>> = Arc::new(Mutex::new(replies.into_iter().map(|reply| with_root(reply, &root)).collect()));
        let seen = Arc::new(Mutex::new(Vec::new()));
        let arrived = Arc::new(tokio::sync::Notify::new());
        let (all, notify) = (Arc::clone(&seen), Arc::clone(&arrived));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(converse(stream, Arc::clone(&replies), Arc::clone(&all), Arc::clone(&notify)));
            }
        });
        Self { root, seen, arrived }
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// Completes when a request has arrived.
    pub(crate) async fn arrival(&self) {
        self.arrived.notified().await;
    }

    pub(crate) fn target(&self) -> Target {
        Target { root: self.root.clone(), tenant: String::new(), environment: "demo".into(), company_id: COMPANY.into(), account: "kim".into() }
    }

    pub(crate) fn client(&self) -> Client {
        self.client_with(Arc::new(FixedToken::new(Secret::new("secret-token".into()))), Arc::new(Intents::default()))
    }

    pub(crate) fn client_with(&self, bearer: Arc<dyn TokenSource>, intents: Arc<dyn IntentLog>) -> Client {
        let access = Access { target: self.target(), bearer };
        Client::new(access, intents, Arc::new(SystemClock::new()), limits()).unwrap()
    }

    pub(crate) fn request(&self, method: Method, path: &str, if_match: Option<&str>, body: Option<&str>) -> CanonicalRequest {
        CanonicalRequest { target: self.target(), method, path: path.into(), if_match: if_match.map(str::to_owned), body: body.map(str::to_owned) }
    }
}

/// `{root}` in a body is the server's own address.
fn with_root(reply: Reply, root: &str) -> Reply {
    match reply {
        Reply::Answer(status, headers, body) => Reply::Answer(status, headers, body.replace("{root}", root)),
        other => other,
    }
}

pub(crate) fn limits() -> Limits {
    Limits {
        read_timeout: Duration::from_millis(400),
        write_timeout: Duration::from_millis(400),
        dry_run_timeout: Duration::from_millis(400),
        write_grace: Duration::from_millis(50),
        first_pause: Duration::from_millis(1),
        longest_pause: Duration::from_secs(2),
        max_rows: 5,
        max_body_bytes: 100_000,
        ..Limits::default()
    }
}

async fn converse(mut stream: TcpStream, replies: Arc<Mutex<VecDeque<Reply>>>, seen: Arc<Mutex<Vec<Seen>>>, arrived: Arc<tokio::sync::Notify>) {
    while let Some(request) = receive(&mut stream).await {
        seen.lock().unwrap().push(request);
        arrived.notify_one();
        let reply = {
            let mut replies = replies.lock().unwrap();
            if replies.len() > 1 { replies.pop_front() } else { replies.front().cloned() }
        };
        match reply {
            None | Some(Reply::Drop) => return,
            Some(Reply::Hang) => std::future::pending().await,
            Some(Reply::AnswerAndClose(body)) => {
                let text = format!("HTTP/1.1 200 X\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}", body.len());
                let _ = stream.write_all(text.as_bytes()).await;
                return;
            }
            Some(Reply::Truncate(status)) => {
                let head = format!("HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{{\"value\":[");
                let _ = stream.write_all(head.as_bytes()).await;
                return;
            }
            Some(Reply::Answer(status, headers, body)) => {
                let kind =
                    if headers.to_ascii_lowercase().contains("content-type") { "" } else { "Content-Type: application/json; odata.metadata=minimal\r\n" };
                let length = if status == 204 { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
                let text = format!("HTTP/1.1 {status} X\r\n{kind}{headers}{length}\r\n{body}");
                if stream.write_all(text.as_bytes()).await.is_err() {
                    return;
                }
            }
        }
    }
}

async fn receive(stream: &mut TcpStream) -> Option<Seen> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(at) = bytes.windows(4).position(|part| part == b"\r\n\r\n") {
            break at;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let mut seen = Seen { line: head.lines().next().unwrap_or_default().to_owned(), head, body: String::new() };
    let length: usize = seen.header("content-length").and_then(|n| n.parse().ok()).unwrap_or(0);
    while bytes.len() < end + 4 + length {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    seen.body = String::from_utf8(bytes[end + 4..].to_vec()).unwrap();
    Some(seen)
}

/// Remembers what was marked as sending; refuses where told to.
#[derive(Default)]
pub(crate) struct Intents {
    pub(crate) sending: Mutex<Vec<ChangeId>>,
    pub(crate) broken: bool,
}

#[async_trait]
impl IntentLog for Intents {
    async fn sending(&self, change_id: ChangeId, _at: Timestamp) -> Result<(), NotSending> {
        if self.broken {
            return Err(LogError("the disk is full".into()).into());
        }
        self.sending.lock().unwrap().push(change_id);
        Ok(())
    }

    async fn settled(&self, _change_id: ChangeId, _settlement: &Settlement) -> Result<(), LogError> {
        Ok(())
    }

    async fn not_sent(&self, _change_id: ChangeId, _why: &str, _at: Timestamp) -> Result<(), LogError> {
        Ok(())
    }
}

/// A token that is refused once and then renewed.
pub(crate) struct Renewable(pub(crate) Mutex<u32>);

#[async_trait]
impl TokenSource for Renewable {
    async fn token(&self) -> Result<Secret<String>, TokenError> {
        Ok(Secret::new("old".into()))
    }

    async fn refresh(&self, _refused: &Secret<String>) -> Result<Secret<String>, TokenError> {
        *self.0.lock().unwrap() += 1;
        Ok(Secret::new("new".into()))
    }
}

/// A person who approves everything at once.
#[derive(Default)]
struct Approving(std::sync::Mutex<Option<(ApprovalRequest, Vec<PlannedWrite>)>>);

#[async_trait]
impl ApprovalLog for Approving {
    async fn ask(&self, request: &ApprovalRequest, writes: &[PlannedWrite], _quota: Quota) -> Result<(), NotAsked> {
        *self.0.lock().unwrap() = Some((request.clone(), writes.to_vec()));
        Ok(())
    }

    async fn resolve(&self, _id: ApprovalId, _digest: Digest, resolution: &Resolution) -> Result<Option<Resolution>, LogError> {
        Ok(Some(resolution.clone()))
    }

    async fn standing(&self, _id: ApprovalId) -> Result<Standing, LogError> {
        let resolution = Resolution { decision: Decision::Approved, by: Reviewer::Terminal, reason: None, at: Timestamp::now() };
        Ok(Standing { revision: 0, resolution: Some(resolution) })
    }

    async fn question(&self, _id: ApprovalId) -> Result<ApprovalRequest, LogError> {
        Ok(self.0.lock().unwrap().clone().unwrap().0)
    }

    async fn approved(&self, _id: ApprovalId) -> Result<Vec<PlannedWrite>, LogError> {
        Ok(self.0.lock().unwrap().clone().unwrap().1)
    }

    async fn withdraw(&self, _id: ApprovalId, _why: &str, _at: Timestamp) -> Result<(), LogError> {
        Ok(())
    }

    async fn changed(&self) {
        std::future::pending().await
    }
}

/// A permit from the real gate for this request.
pub(crate) async fn permit(request: &CanonicalRequest) -> WritePermit {
    try_permit(request).await.expect("the gate said no")
}

/// The same; `None` where the gate itself refuses.
pub(crate) async fn try_permit(request: &CanonicalRequest) -> Option<WritePermit> {
    let preview = ChangePreview {
        change_id: ChangeId::new(),
        call_id: CallId::fresh(),
        effect: Effect::Write,
        operation: WriteOperation::Create,
        entity: "customers".into(),
        key: None,
        title: "A customer".into(),
        method: request.method.as_str().into(),
        path: request.path.clone(),
        if_match: request.if_match.clone(),
        body: request.body.clone(),
        digest: request.digest(),
        fields: Vec::new(),
        notes: Vec::new(),
        action: None,
        undo: Undoable::No { why: "This is a test.".into() },
        undoes: None,
        undoes_also: Vec::new(),
        conflicts: Vec::new(),
    };
    let connection = Connection {
        name: "demo".into(),
        kind: ConnectionKind::Demo,
        tenant: String::new(),
        environment: String::new(),
        company: String::new(),
        company_id: COMPANY.into(),
        account: String::new(),
    };
    let set = ChangeSet {
        session_id: SessionId::new(),
        run_id: RunId::new(),
        connection,
        title: None,
        writes: vec![PlannedWrite { request: request.clone(), preview, before: None }],
    };
    let gate = ApprovalGate::new(Arc::new(Approving::default()), Arc::new(SystemClock::new()), bca_approval::Limits::default(), Rules::default());
    let (emit, cancel) = (|_| {}, CancellationToken::new());
    match gate.authorise(set, &Waiting { emit: &emit, cancel: &cancel }).await {
        Authorisation::Permitted(mut permits) => permits.pop().map(|permitted| permitted.permit),
        Authorisation::Refused(_) | Authorisation::WouldFail(_) | Authorisation::Denied(_) => None,
    }
}
