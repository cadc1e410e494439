//! The port: HTTP/1.1 over hyper, because a fault may have to close a connection without an answer.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::header::HeaderMap;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use crate::error::ApiError;
use crate::fault::FaultKind;
use crate::odata::path::split_root;
use crate::options::TokenCheck;
use crate::serve::engine::{Engine, Request, Response, refusal, unauthorised};

/// Largest body read. Business Central takes 350 MB; nothing that the demo company does needs more than this.
const LARGEST_BODY: usize = 16 * 1024 * 1024;
/// Bytes of a body that are remembered.
const LONGEST_LOGGED: usize = 64 * 1024;
/// Requests remembered for tests.
const REMEMBERED: usize = 10_000;

/// One request as it arrived, and what became of it.
#[derive(Debug, Clone)]
pub struct LoggedRequest {
    pub method: String,
    /// Path as sent, without the query.
    pub path: String,
    pub query: String,
    /// `None` when the connection was closed without an answer.
    pub status: Option<u16>,
    pub if_match: Option<String>,
    pub prefer: Option<String>,
    pub accept_language: Option<String>,
    pub data_access_intent: Option<String>,
    pub isolation: Option<String>,
    pub content_type: Option<String>,
    pub user_agent: Option<String>,
    /// The body as text, its first 64 KiB; bytes that are not UTF-8 are replaced.
    pub body: String,
}

/// What the port needs to answer.
pub(crate) struct Port {
    pub engine: Engine,
    pub token: TokenCheck,
    pub log: Mutex<VecDeque<LoggedRequest>>,
}

/// A fault closes this connection without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the connection is dropped on purpose")]
struct Dropped;

/// Accepts connections until told to stop.
pub(crate) async fn accept(listener: TcpListener, port: Arc<Port>, stop: CancellationToken) {
    loop {
        let stream = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    // Out of file descriptors, most likely: let some go before the next try.
                    tracing::warn!(%error, "accept");
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    continue;
                }
            },
        };
        tokio::spawn(connection(stream, Arc::clone(&port), stop.clone()));
    }
}

async fn connection(stream: TcpStream, port: Arc<Port>, stop: CancellationToken) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "nodelay");
    }
    let service = service_fn(move |request| {
        let port = Arc::clone(&port);
        async move { answer(port, request).await }
    });
    let mut http = hyper::server::conn::http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(Duration::from_secs(60));
    let serving = http.serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        () = stop.cancelled() => {}
        served = serving => {
            if let Err(error) = served {
                tracing::debug!(%error, "connection");
            }
        }
    }
}

type Sent = hyper::Response<Full<Bytes>>;

async fn answer(port: Arc<Port>, request: hyper::Request<Incoming>) -> Result<Sent, Dropped> {
    let (head, body) = request.into_parts();
    let header = |name: &str| text_header(&head.headers, name);
    let mut logged = LoggedRequest {
        method: head.method.as_str().to_owned(),
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        status: None,
        if_match: header("if-match"),
        prefer: header("prefer"),
        accept_language: header("accept-language"),
        data_access_intent: header("data-access-intent"),
        isolation: header("isolation"),
        content_type: header("content-type"),
        user_agent: header("user-agent"),
        body: String::new(),
    };
    let read = Limited::new(body, LARGEST_BODY).collect().await;
    let response = match read {
        Ok(body) => {
            let body = body.to_bytes();
            logged.body = String::from_utf8_lossy(body.get(..LONGEST_LOGGED).unwrap_or(&body)).into_owned();
            act(&port, &head, &logged, body).await
        }
        Err(_) => Ok(ApiError::new(413, "BadRequest", format!("The request's body is larger than {LARGEST_BODY} bytes or incomplete.")).into()),
    };
    logged.status = response.as_ref().ok().map(|response| response.status);
    remember(&port, logged);
    response.map(|response| sent(response, &head.method))
}

fn text_header(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}

fn remember(port: &Port, logged: LoggedRequest) {
    let mut log = port.log.lock().unwrap_or_else(PoisonError::into_inner);
    if log.len() == REMEMBERED {
        log.pop_front();
    }
    log.push_back(logged);
}

fn sent(response: Response, method: &hyper::Method) -> Sent {
    let mut builder = hyper::Response::builder().status(response.status).header("odata-version", "4.0");
    for (name, value) in &response.headers {
        builder = builder.header(*name, value);
    }
    let body = if *method == hyper::Method::HEAD { Bytes::new() } else { response.body };
    builder.body(Full::new(body)).unwrap_or_else(|_| {
        let mut fallback = hyper::Response::new(Full::new(Bytes::new()));
        *fallback.status_mut() = hyper::StatusCode::INTERNAL_SERVER_ERROR;
        fallback
    })
}

async fn act(port: &Arc<Port>, head: &hyper::http::request::Parts, logged: &LoggedRequest, body: Bytes) -> Result<Response, Dropped> {
    if logged.path.starts_with("/environments/v1.") {
        return Ok(if authorised(port, head) { environments(head) } else { unauthorised() });
    }
    let Some((api, root, rest)) = split_root(&logged.path) else {
        return Ok(ApiError::no_resource(logged.path.trim_matches('/')).into());
    };
    if !authorised(port, head) {
        return Ok(unauthorised());
    }
    let method = if logged.method == "HEAD" { "GET" } else { logged.method.as_str() };
    let mut request = Request {
        method: method.to_owned(),
        root: format!("http://{}{root}", host(head)),
        path: rest.to_owned(),
        query: logged.query.clone(),
        if_match: logged.if_match.clone(),
        prefer: logged.prefer.clone(),
        company: text_header(&head.headers, "company"),
        isolation: logged.isolation.clone(),
        content_type: logged.content_type.clone(),
        language: logged.accept_language.clone(),
        api,
        body,
        stale: false,
    };
    if let Err(error) = acceptable(&request, logged) {
        return Ok(error.into());
    }
    let mut drop_answer = false;
    for fault in port.engine.meet(&request) {
        match fault {
            FaultKind::Slow(delay) => tokio::time::sleep(delay).await,
            FaultKind::DropBeforeCommit => return Err(Dropped),
            FaultKind::DropAfterCommit => drop_answer = true,
            FaultKind::StaleEtag => request.stale = true,
            FaultKind::TooManyRequests | FaultKind::Unavailable | FaultKind::GatewayTimeout | FaultKind::Unauthorized => {
                return refusal(fault).ok_or(Dropped);
            }
        }
    }
    match work(port, request).await {
        Some(response) if !drop_answer => Ok(response),
        Some(_) | None => Err(Dropped),
    }
}

/// Hands the request to a thread that may block; it ends there even when the client goes away.
async fn work(port: &Arc<Port>, request: Request) -> Option<Response> {
    let Some(permit) = port.engine.database.permit().await else {
        return Some(ApiError::new(503, "Internal_TenantUnavailable", "The demo company is stopping.").retry_after(1).into());
    };
    let port = Arc::clone(port);
    let done = tokio::task::spawn_blocking(move || {
        let response = port.engine.answer(&request);
        drop(permit);
        response
    });
    done.await.unwrap_or_else(|error| {
        tracing::error!(%error, "request");
        Some(ApiError::internal("The demo company failed on this request.").into())
    })
}

fn host(head: &hyper::http::request::Parts) -> String {
    text_header(&head.headers, "host").or_else(|| head.uri.authority().map(ToString::to_string)).unwrap_or_else(|| "127.0.0.1".to_owned())
}

fn authorised(port: &Port, head: &hyper::http::request::Parts) -> bool {
    let Some(value) = text_header(&head.headers, "authorization") else { return false };
    let Some((scheme, token)) = value.split_once(' ') else { return false };
    scheme.eq_ignore_ascii_case("bearer") && port.token.accepts(token.trim())
}

/// Whether the service takes the method at all.
fn acceptable(request: &Request, logged: &LoggedRequest) -> Result<(), ApiError> {
    if !["GET", "POST", "PATCH", "DELETE"].contains(&request.method.as_str()) {
        return Err(ApiError::not_allowed(format!("The method {} is not supported.", request.method)));
    }
    let read_only = logged.data_access_intent.as_deref().is_some_and(|intent| intent.eq_ignore_ascii_case("readonly"));
    if read_only && request.method != "GET" {
        return Err(ApiError::bad_request("A request with Data-Access-Intent: ReadOnly cannot write."));
    }
    Ok(())
}

/// The tenant's environments, as the root host lists them.
fn environments(head: &hyper::http::request::Parts) -> Response {
    let host = host(head);
    let rows: Vec<String> = [("Production", "Production"), ("Sandbox", "Sandbox")]
        .iter()
        .map(|(name, kind)| {
            format!(
                "{{\"aadTenantId\":\"de300000-0000-4000-8000-000000000001\",\"applicationFamily\":\"BusinessCentral\",\"type\":\"{kind}\",\"name\":\"{name}\",\
                 \"countryCode\":\"NO\",\"webServiceUrl\":\"http://{host}\",\"webClientLoginUrl\":\"http://{host}/{name}\",\"ringName\":\"PROD\"}}"
            )
        })
        .collect();
    Response::json(200, format!("{{\"value\":[{}]}}", rows.join(",")))
}
