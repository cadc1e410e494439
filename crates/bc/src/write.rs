//! Writes: sent once, never again, and judged strictly. What is not certain is called unknown.

use std::time::Duration;

use bca_approval::{CanonicalRequest, Method, WritePermit};
use bca_auth::Secret;
use bca_protocol::{ChangeId, Json};
use reqwest::{
    RequestBuilder, StatusCode,
    header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE, IF_MATCH},
};
use tokio_util::sync::CancellationToken;

use crate::{
    BcError, Client, Earlier, NotSent, Record, WriteError,
    error_body::{ErrorBody, meaning},
    path::WritePath,
    reference::resolve,
    wire::{Answer, Fault, Wire, bearer_header, no_token},
};

/// A write that was carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WriteAnswer {
    /// The record as the server gave it back; absent after a deletion or an action.
    pub record: Option<Record>,
    /// The HTTP status, always 2xx.
    pub status: u16,
    /// What Business Central calls the request in its own log, where it said so.
    pub correlation_id: Option<String>,
}

impl Client {
    /// Sends an approved write, once.
    ///
    /// In order: the permit is given up for exactly these bytes; the request is checked; a token is fetched; the intent is made
    /// durable ([`bca_approval::IntentLog::sending`]); the request leaves. The caller settles the intent. Never retried, not even
    /// after 401 or 429. A cancellation before the intent is durable sends nothing; after that the answer is still waited for, for
    /// [`crate::Limits::write_grace`]. A refused token is renewed with what the server asks of it, for the next request; the error says
    /// what came of that.
    ///
    /// | what happened | result |
    /// |---|---|
    /// | permit, target, shape, token, intent | [`WriteError::NotSent`]: the intent is as it was |
    /// | the connection never stood | [`WriteError::Refused`] |
    /// | 2xx, body empty or a record | success |
    /// | 2xx, any other body, or it broke off | [`WriteError::Unknown`] |
    /// | `Request_EntityChanged` with any status from 400; 412 | [`WriteError::Changed`] |
    /// | 401, 403, 405, 411, 413, 414, 415, 429, 431 | [`WriteError::Refused`]: decided before anything runs |
    /// | any other 4xx but 408 with an error body | [`WriteError::Refused`] |
    /// | 5xx with a code of `Application_`, `BadRequest_`, `Authentication_`, `Authorization_` | [`WriteError::Refused`]: a rule said no |
    /// | anything else: 3xx, 408, 4xx without an error body, other 5xx (also `Internal_ServerError`), broken off, timed out, stopped | [`WriteError::Unknown`] |
    ///
    /// # Errors
    /// As in the table.
    pub async fn write(&self, permit: WritePermit, request: &CanonicalRequest, cancel: &CancellationToken) -> Result<WriteAnswer, WriteError> {
        self.write_after(permit, request, &Earlier::default(), cancel).await
    }

    /// As [`Client::write`], for a write that may refer to results of earlier ones ([`crate::Reference`]). The permit is given up for the
    /// request as it was approved, with its references; they are put in just before it leaves.
    ///
    /// # Errors
    /// As for [`Client::write`]; [`NotSent::Unresolved`] where a result is missing.
    pub async fn write_after(
        &self,
        permit: WritePermit,
        request: &CanonicalRequest,
        earlier: &Earlier,
        cancel: &CancellationToken,
    ) -> Result<WriteAnswer, WriteError> {
        let not_sent = WriteError::NotSent;
        let change_id = permit.redeem(request).map_err(|e| not_sent(e.into()))?;
        let request = &resolve(request, earlier).map_err(|e| not_sent(e.into()))?;
        if request.target != *self.target() {
            return Err(not_sent(NotSent::OtherTarget));
        }
        let wire = self.wire();
        let prepared = prepare(wire, self.company_path(), request).map_err(not_sent)?;
        send_once(self, change_id, prepared, cancel).await.inspect_err(|error| {
            if !matches!(error, WriteError::NotSent(_)) {
                tracing::warn!(%error, correlation_id = error.correlation_id(), %change_id, "a write did not succeed");
            }
        })
    }
}

/// Waits for its turn and a token, makes the intent durable, sends, and judges the answer.
pub(crate) async fn send_once(client: &Client, change_id: ChangeId, request: RequestBuilder, cancel: &CancellationToken) -> Result<WriteAnswer, WriteError> {
    let (wire, not_sent) = (client.wire(), WriteError::NotSent);
    let ready = async {
        let turn = wire.pace.enter().await;
        let token = wire.bearer.token().await.map_err(no_token)?;
        Ok::<_, BcError>((turn, bearer_header(&token)?, token))
    };
    let (turn, bearer, token) = tokio::select! {
        biased;
        () = cancel.cancelled() => return Err(not_sent(NotSent::Before(BcError::Cancelled))),
        ready = ready => ready.map_err(|e| not_sent(NotSent::Before(e)))?,
    };
    client.intents().sending(change_id, client.clock().now()).await.map_err(|e| not_sent(e.into()))?;
    let request = wire.in_language(request);
    let answer = tokio::select! {
        biased;
        answer = wire.send(named(request, change_id), bearer, wire.limits.write_timeout) => answer,
        () = stopped(cancel, wire) => return Err(WriteError::Unknown(BcError::Cancelled)),
    };
    drop(turn);
    let challenge = challenge_in(&answer);
    match judge(wire, answer) {
        Err(error) => Err(pass_on(wire, error, &token, &challenge, cancel).await),
        done => done,
    }
}

/// Names the request, so that it can be found in the logs of whoever stands in between. Never part of what is approved: it says nothing.
pub(crate) fn named(request: RequestBuilder, change_id: ChangeId) -> RequestBuilder {
    request.header("client-request-id", change_id.to_string())
}

/// What an answer asks of a refused token.
pub(crate) fn challenge_in(answer: &Result<Answer, Fault>) -> String {
    answer.as_ref().map(|answer| answer.challenge.clone()).unwrap_or_default()
}

/// Where a write's token was refused: tells the source of tokens what the server wants, so that the next request has a better one, and says
/// what came of it. The write itself is not sent again: what was approved was one request.
pub(crate) async fn pass_on(wire: &Wire, error: WriteError, refused: &Secret<String>, challenge: &str, cancel: &CancellationToken) -> WriteError {
    let WriteError::Refused(BcError::NotSignedIn { .. }) = &error else { return error };
    let renewal = tokio::time::timeout(wire.limits.write_timeout, wire.bearer.challenged(refused, challenge));
    let renewed = tokio::select! {
        biased;
        () = cancel.cancelled() => return error,
        renewed = renewal => renewed,
    };
    WriteError::Refused(match renewed {
        Ok(Ok(_)) => BcError::NotSignedIn { reason: "It has been renewed, and nothing was changed. Ask for the change again.".into() },
        Ok(Err(fault)) => no_token(fault),
        Err(_) => return error,
    })
}

/// Completes when a person has pressed stop and the grace is over.
pub(crate) async fn stopped(cancel: &CancellationToken, wire: &Wire) {
    cancel.cancelled().await;
    tokio::time::sleep(wire.limits.write_grace).await;
}

/// The request as HTTP; refused where it is not one of the four shapes that a write has.
fn prepare(wire: &Wire, company: &str, request: &CanonicalRequest) -> Result<RequestBuilder, NotSent> {
    let method = checked(request)?;
    let url = wire.company_address(company, &request.path).map_err(|e| NotSent::Malformed(e.to_string()))?;
    let mut http = wire.writes.request(method, url).header(ACCEPT, "application/json");
    if let Some(tag) = &request.if_match {
        http = http.header(IF_MATCH, tag);
    }
    Ok(match &request.body {
        Some(body) => http.header(CONTENT_TYPE, "application/json").body(body.clone()),
        None => http.header(CONTENT_LENGTH, "0"),
    })
}

/// The method, where the request is one of the four shapes that a write has.
pub(crate) fn checked(request: &CanonicalRequest) -> Result<reqwest::Method, NotSent> {
    let malformed = |sentence: &str| NotSent::Malformed(sentence.to_owned());
    let path = WritePath::parse(&request.path).map_err(|e| NotSent::Malformed(e.to_string()))?;
    if let Some(tag) = &request.if_match
        && !is_real_etag(tag)
    {
        return Err(malformed("the change names no real version of the record (If-Match)."));
    }
    if let Some(body) = &request.body
        && !matches!(Json::parse(body), Ok(Json::Object(_)))
    {
        return Err(malformed("the data of the change is not a JSON object."));
    }
    match (request.method, path, &request.if_match, &request.body) {
        (Method::Post, WritePath::Set, None, Some(_)) | (Method::Post, WritePath::Action, _, None) => Ok(reqwest::Method::POST),
        (Method::Patch, WritePath::Record, Some(_), Some(_)) => Ok(reqwest::Method::PATCH),
        (Method::Delete, WritePath::Record, Some(_), None) => Ok(reqwest::Method::DELETE),
        (Method::Patch | Method::Delete, WritePath::Record, None, _) => {
            Err(malformed("a change or deletion must name the version of the record that was seen (If-Match)."))
        }
        _ => Err(malformed("method, path and data of the change do not belong together.")),
    }
}

/// One entity tag (RFC 9110 section 8.8.3), never `*`, never a list.
pub(crate) fn is_real_etag(tag: &str) -> bool {
    let opaque = tag.strip_prefix("W/").unwrap_or(tag);
    let inside = opaque.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    inside.is_some_and(|inside| !inside.is_empty() && inside.bytes().all(|c| c.is_ascii_graphic() && c != b'"'))
}

/// The table of [`Client::write`].
pub(crate) fn judge(wire: &Wire, answer: Result<Answer, Fault>) -> Result<WriteAnswer, WriteError> {
    let Answer { status, retry_after, is_json, body, reference, .. } = match answer {
        Ok(answer) => answer,
        Err(fault @ Fault::NotConnected(_)) => return Err(WriteError::Refused(wire.error(&fault, None))),
        Err(fault) => return Err(WriteError::Unknown(wire.error(&fault, None))),
    };
    if status.is_success() {
        let text = body.map_err(|fault| WriteError::Unknown(wire.error(&fault, Some(status)).or_reference(reference.as_deref())))?;
        let done = succeeded(status, is_json, &text).map_err(|error| error.or_reference(reference.as_deref()))?;
        return Ok(WriteAnswer { correlation_id: reference, ..done });
    }
    Err(refused(status, retry_after, &body.unwrap_or_default()).or_reference(reference.as_deref()))
}

/// What an answer without success means for the books.
pub(crate) fn refused(status: StatusCode, retry_after: Option<Duration>, text: &str) -> WriteError {
    let code = ErrorBody::parse(text).map(|body| body.code);
    let error = meaning(status, retry_after, text);
    match verdict(status, code.as_deref()) {
        Verdict::Changed => WriteError::Changed(error),
        Verdict::Refused => WriteError::Refused(error),
        Verdict::Unknown => WriteError::Unknown(error),
    }
}

enum Verdict {
    Changed,
    Refused,
    Unknown,
}

fn verdict(status: StatusCode, code: Option<&str>) -> Verdict {
    match (status.as_u16(), code) {
        (400.., Some("Request_EntityChanged")) | (412, _) => Verdict::Changed,
        (401 | 403 | 405 | 411 | 413 | 414 | 415 | 429 | 431, _) => Verdict::Refused,
        (408, _) => Verdict::Unknown,
        (400..=499, Some(_)) => Verdict::Refused,
        (500..=599, Some(code)) if RULES.iter().any(|category| code.starts_with(category)) => Verdict::Refused,
        _ => Verdict::Unknown,
    }
}

/// Categories of codes that only a rule gives, never a fault of the machinery.
const RULES: [&str; 4] = ["Application_", "BadRequest_", "Authentication_", "Authorization_"];

/// What an answer with success means: nothing, or the record.
pub(crate) fn succeeded(status: StatusCode, is_json: bool, text: &str) -> Result<WriteAnswer, WriteError> {
    if text.trim().is_empty() {
        return Ok(WriteAnswer { record: None, status: status.as_u16(), correlation_id: None });
    }
    let record = Json::parse(text).ok().filter(|_| is_json).and_then(Record::from_row);
    match record {
        Some(record) => Ok(WriteAnswer { record: Some(record), status: status.as_u16(), correlation_id: None }),
        None => Err(WriteError::Unknown(BcError::Unexpected {
            status: status.as_u16(),
            reason: "it is not the record that was written.".into(),
            correlation_id: None,
        })),
    }
}

#[cfg(test)]
#[path = "write_tests.rs"]
mod tests;
