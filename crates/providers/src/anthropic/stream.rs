//! From the bytes of an answer to the agent's events.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use bca_agent::{ModelError, ModelEvent, ModelRequest, Thinking};
use bca_protocol::ErrorCode;
use bytes::Bytes;
use futures::{StreamExt, stream, stream::BoxStream};
use reqwest::{Response, header};
use tokio_util::sync::CancellationToken;

use super::{
    Inner,
    answer::{Answer, Broken},
    call::{Failed, read_some},
    fault::{IDLE, Words},
    request::{self, ThinkingForm},
};
use crate::sse::Decoder;

/// How long the last bytes of a body may take after the answer is complete, and how many there may be.
const DRAIN: Duration = Duration::from_secs(2);
const DRAIN_BYTES: usize = 64 << 10;
/// Bound of the body where an answer should have streamed and did not, in bytes.
const NOT_A_STREAM: usize = 64 << 10;

/// An answer in the middle.
struct Reading {
    inner: Arc<Inner>,
    cancel: CancellationToken,
    model: String,
    /// Dropping it closes the connection.
    response: Option<Response>,
    decoder: Decoder,
    answer: Answer,
    /// Read and not yet handed out.
    ready: VecDeque<ModelEvent>,
    /// What ends the stream once `ready` is handed out.
    failed: Option<ModelError>,
    body: usize,
}

/// Starts a call; returns when the first event of the answer has come.
pub(super) async fn open(
    inner: &Arc<Inner>,
    request: &ModelRequest,
    cancel: &CancellationToken,
) -> Result<BoxStream<'static, Result<ModelEvent, ModelError>>, ModelError> {
    let mut form = inner.thinking_form(&request.model);
    let reading = loop {
        let error = match start(inner, request, form, cancel).await {
            Ok(reading) => break reading,
            Err(error) => error,
        };
        form = match form {
            ThinkingForm::Budget if wants_adaptive(request, &error) => {
                inner.remember_adaptive(&request.model);
                ThinkingForm::Adaptive
            }
            ThinkingForm::Budget | ThinkingForm::Adaptive if refuses_history(&error) => {
                tracing::warn!(detail = %error.detail, "the history's thinking is refused; this call goes without it");
                ThinkingForm::Without
            }
            ThinkingForm::Budget | ThinkingForm::Adaptive | ThinkingForm::Without => return Err(error),
        };
    };
    Ok(stream::unfold(Some(Box::new(reading)), next).boxed())
}

async fn start(inner: &Arc<Inner>, request: &ModelRequest, form: ThinkingForm, cancel: &CancellationToken) -> Result<Reading, ModelError> {
    let body =
        request::body(request, form).map_err(|error| inner.fault(ErrorCode::Internal, "The request to the model could not be written.", error.to_string()))?;
    let body = Bytes::from(body);
    let url = inner.options.base_url.endpoint("/v1/messages");
    inner
        .attempts(cancel, || async {
            let call = inner
                .options
                .http
                .post(url.clone())
                .header(header::CONTENT_TYPE, "application/json")
                .header(header::ACCEPT, "text/event-stream")
                .body(body.clone());
            let response = inner.send(call, Some(&request.model), cancel).await?;
            let response = inner.streaming(response, &request.model, cancel).await?;
            Reading::begin(inner, response, request, cancel).await
        })
        .await
}

/// `400 "thinking.type.enabled" is not supported for this model. Use "thinking.type.adaptive" ...`
fn wants_adaptive(request: &ModelRequest, error: &ModelError) -> bool {
    matches!(request.thinking, Thinking::Budget(_))
        && error.code == ErrorCode::ModelRequest
        && error.detail.contains("adaptive")
        && error.detail.contains("thinking")
}

/// ``400 messages.1.content.0: Invalid `signature` in `thinking` block``: the key, the model or the provider has changed since. Without
/// a way around it the session could never go on.
fn refuses_history(error: &ModelError) -> bool {
    let about = |words: &str| error.detail.contains(words);
    error.code == ErrorCode::ModelRequest && about("thinking") && (about("signature") || about("different conversation"))
}

impl Inner {
    fn thinking_form(&self, model: &str) -> ThinkingForm {
        let adaptive = self.adaptive.lock().is_ok_and(|models| models.contains(model));
        if adaptive { ThinkingForm::Adaptive } else { ThinkingForm::Budget }
    }

    fn remember_adaptive(&self, model: &str) {
        if let Ok(mut models) = self.adaptive.lock() {
            models.insert(model.to_owned());
        }
    }

    /// Turns away what says of itself that it is no stream.
    async fn streaming(&self, response: Response, model: &str, cancel: &CancellationToken) -> Result<Response, Failed> {
        let kind = response.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default().to_ascii_lowercase();
        if kind.contains("html") {
            let message = format!(
                "{} answered with a web page instead of a model's answer. Does the network ask you to sign in first? Otherwise check the address of the model provider (ANTHROPIC_BASE_URL).",
                self.host()
            );
            return Err(Failed::for_good(self.fault(ErrorCode::ModelProtocol, message, "a web page")));
        }
        if !kind.contains("json") {
            return Ok(response);
        }
        #[derive(serde::Deserialize)]
        struct Told {
            error: Words,
        }
        let body = self.wait(read_some(response, NOT_A_STREAM), cancel).await.map_err(Failed::for_good)?;
        Err(match serde_json::from_slice::<Told>(&body) {
            Ok(told) => self.after_told(&told.error, model),
            Err(_) => Failed::for_good(self.protocol("JSON where a stream should be")),
        })
    }

    fn after_told(&self, words: &Words, model: &str) -> Failed {
        let error = self.told(words, model);
        Failed { again: error.retryable, error }
    }
}

impl Reading {
    /// Reads up to the first event of the answer: until then the call may be made again.
    async fn begin(inner: &Arc<Inner>, response: Response, request: &ModelRequest, cancel: &CancellationToken) -> Result<Self, Failed> {
        let mut reading = Self {
            inner: Arc::clone(inner),
            cancel: cancel.clone(),
            model: request.model.clone(),
            response: Some(response),
            decoder: Decoder::new(inner.options.limits.max_event),
            answer: Answer::default(),
            ready: VecDeque::new(),
            failed: None,
            body: 0,
        };
        while !reading.answer.has_started() {
            reading.read().await;
            if let Some(error) = reading.failed.take() {
                if reading.answer.has_started() {
                    reading.failed = Some(error);
                    break;
                }
                // Silence is not tried again: it has cost the person enough already.
                return Err(Failed { again: error.retryable && error.detail != IDLE, error });
            }
        }
        Ok(reading)
    }

    /// Reads the next piece of the body.
    async fn read(&mut self) {
        let Some(response) = &mut self.response else { return };
        let piece = match self.inner.wait(response.chunk(), &self.cancel).await {
            Ok(Ok(Some(piece))) => piece,
            Ok(Ok(None)) => return self.fail(self.inner.broke_off("the connection ended before message_stop")),
            Ok(Err(error)) => return self.fail(self.inner.broke_off(&crate::client::chain(&error.without_url()))),
            Err(error) => return self.fail(error),
        };
        self.body += piece.len();
        if self.body > self.inner.options.limits.max_body {
            return self.fail(self.inner.too_long());
        }
        self.take(&piece);
    }

    fn take(&mut self, piece: &[u8]) {
        let mut events = Vec::new();
        let mut broken = None;
        let answer = &mut self.answer;
        let fed = self.decoder.feed(piece, |event| {
            let over = broken.is_some() || matches!(events.last(), Some(ModelEvent::Completed(_)));
            if !over {
                broken = answer.take(event, &mut events).err();
            }
        });
        let completed = matches!(events.last(), Some(ModelEvent::Completed(_)));
        self.ready.extend(events);
        match broken {
            Some(Broken::Told(words)) => self.fail(self.inner.told(&words, &self.model)),
            Some(Broken::Protocol(how)) => self.fail(self.inner.protocol(how)),
            None if completed => self.drain(),
            None if fed.is_err() => self.fail(self.inner.too_long()),
            None => {}
        }
    }

    fn fail(&mut self, error: ModelError) {
        self.response = None;
        self.failed = Some(error);
    }

    /// Reads the end of the body beside everything else: only then can the connection serve the next call.
    fn drain(&mut self) {
        if let Some(response) = self.response.take() {
            tokio::spawn(tokio::time::timeout(DRAIN, read_some(response, DRAIN_BYTES)));
        }
    }
}

async fn next(reading: Option<Box<Reading>>) -> Option<(Result<ModelEvent, ModelError>, Option<Box<Reading>>)> {
    let mut reading = reading?;
    loop {
        if reading.failed.is_none() && reading.response.is_some() && reading.cancel.is_cancelled() {
            // Before what is ready: the person does not want it any more.
            return Some((Err(reading.inner.cancelled()), None));
        }
        if let Some(event) = reading.ready.pop_front() {
            let over = matches!(event, ModelEvent::Completed(_));
            return Some((Ok(event), (!over).then_some(reading)));
        }
        if let Some(error) = reading.failed.take() {
            return Some((Err(error), None));
        }
        reading.response.as_ref()?;
        reading.read().await;
    }
}

#[cfg(test)]
#[path = "stream_tests.rs"]
mod tests;
