//! The Messages API over HTTP: routes, the key, errors in Anthropic's form.

mod compose;
mod request;
mod signature;
mod stream;
mod usage;

#[cfg(test)]
#[path = "wire_tests.rs"]
mod tests;

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};

use super::Options;
use super::conversation::Conversation;
use super::plan;
use request::Checked;
use usage::{Cache, Usage};

/// The name under which the model is called.
pub(super) const MODEL: &str = "demo";
/// The largest request, as Anthropic has it.
const LARGEST_REQUEST: usize = 32 * 1024 * 1024;

struct Shared {
    options: Options,
    cache: Mutex<Cache>,
}

/// The routes of the demo model.
pub(super) fn router(options: Options) -> Router {
    let shared = Arc::new(Shared { options, cache: Mutex::default() });
    Router::new()
        .route("/v1/messages", post(messages))
        .route("/v1/messages/count_tokens", post(count_tokens))
        .route("/v1/models", get(models))
        .route("/v1/models/{id}", get(model))
        .fallback(async || Fault::not_found("Not found"))
        .method_not_allowed_fallback(async || Fault::new(StatusCode::METHOD_NOT_ALLOWED, "invalid_request_error", "Method Not Allowed"))
        .layer(DefaultBodyLimit::max(LARGEST_REQUEST))
        .with_state(shared)
}

/// An error in Anthropic's form.
#[derive(Debug, PartialEq)]
pub(super) struct Fault {
    status: StatusCode,
    kind: &'static str,
    message: String,
}

impl Fault {
    fn new(status: StatusCode, kind: &'static str, message: impl Into<String>) -> Self {
        Self { status, kind, message: message.into() }
    }

    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request_error", message)
    }

    fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found_error", message)
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let id = request_id();
        let body = json!({"type": "error", "error": {"type": self.kind, "message": self.message}, "request_id": id});
        with_id(json_response(self.status, &body), &id)
    }
}

fn request_id() -> String {
    format!("req_demo_{}", uuid::Uuid::new_v4().simple())
}

fn json_response(status: StatusCode, body: &impl ToString) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}

fn with_id(mut response: Response, id: &str) -> Response {
    if let Ok(id) = HeaderValue::from_str(id) {
        response.headers_mut().insert("request-id", id);
    }
    response
}

/// Refuses a request without the right key, in `x-api-key` or as a bearer token.
fn admit(shared: &Shared, headers: &HeaderMap) -> Result<(), Fault> {
    let Some(key) = &shared.options.key else { return Ok(()) };
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let given = text("x-api-key").or_else(|| text("authorization")?.strip_prefix("Bearer "));
    let refused = |message: &str| Err(Fault::new(StatusCode::UNAUTHORIZED, "authentication_error", message));
    // No secret of value: both sides of it live on this machine for the time of a demo.
    match given {
        Some(given) if given == key => Ok(()),
        Some(_) => refused("invalid x-api-key"),
        None => refused("x-api-key header is required"),
    }
}

fn body_of(body: Result<Bytes, axum::extract::rejection::BytesRejection>) -> Result<Value, Fault> {
    let bytes = body.map_err(|_| Fault::new(StatusCode::PAYLOAD_TOO_LARGE, "request_too_large", "Request exceeds the maximum size"))?;
    serde_json::from_slice(&bytes).map_err(|error| Fault::invalid(format!("The request body is not valid JSON: {error}")))
}

type Received = Result<Bytes, axum::extract::rejection::BytesRejection>;

async fn messages(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Received) -> Result<Response, Fault> {
    admit(&shared, &headers)?;
    let value = body_of(body)?;
    let checked = request::check(&value)?;
    if checked.model != MODEL {
        return Err(Fault::not_found(format!("model: {}", checked.model)));
    }
    let today = jiff::Zoned::now().date();
    let step = plan::next(&Conversation::of(&value, today));
    let cached = shared.cache.lock().unwrap_or_else(PoisonError::into_inner).account(&value);
    Ok(respond(&shared.options, &checked, step, cached))
}

fn respond(options: &Options, checked: &Checked, step: plan::Step, usage: Usage) -> Response {
    let reply = compose::reply(step, checked, usage);
    let id = request_id();
    if !checked.stream {
        return with_id(json_response(StatusCode::OK, &compose::message(&reply)), &id);
    }
    let events = stream::events(reply, options.delta_delay);
    let headers = [(header::CONTENT_TYPE, "text/event-stream; charset=utf-8"), (header::CACHE_CONTROL, "no-cache")];
    with_id((headers, Body::from_stream(events)).into_response(), &id)
}

async fn count_tokens(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Received) -> Result<Response, Fault> {
    admit(&shared, &headers)?;
    let mut value = body_of(body)?;
    // Counting needs no limit for the answer, the shared checks do.
    if let Some(entries) = value.as_object_mut() {
        entries.insert("max_tokens".to_owned(), json!(1_000_000));
    }
    let checked = request::check(&value)?;
    if checked.model != MODEL {
        return Err(Fault::not_found(format!("model: {}", checked.model)));
    }
    Ok(json_response(StatusCode::OK, &json!({"input_tokens": usage::tokens_of(&value)})))
}

fn description() -> Value {
    json!({"type": "model", "id": MODEL, "display_name": "Demo model (rules, no AI)", "created_at": "2026-01-01T00:00:00Z"})
}

#[derive(serde::Deserialize)]
struct Page {
    after_id: Option<String>,
}

async fn models(State(shared): State<Arc<Shared>>, headers: HeaderMap, Query(page): Query<Page>) -> Result<Response, Fault> {
    admit(&shared, &headers)?;
    let list = if page.after_id.is_some() { Vec::new() } else { vec![description()] };
    let edge = list.first().map(|_| MODEL);
    Ok(json_response(StatusCode::OK, &json!({"data": list, "has_more": false, "first_id": edge, "last_id": edge})))
}

async fn model(State(shared): State<Arc<Shared>>, headers: HeaderMap, Path(id): Path<String>) -> Result<Response, Fault> {
    admit(&shared, &headers)?;
    if id == MODEL { Ok(json_response(StatusCode::OK, &description())) } else { Err(Fault::not_found(format!("model: {id}"))) }
}
