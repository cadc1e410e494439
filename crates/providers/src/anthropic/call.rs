//! One HTTP call: sent, and sent again where that helps and nothing of an answer has come.

use std::{future::Future, time::Duration};

use bca_agent::ModelError;
use reqwest::{RequestBuilder, Response, header::HeaderMap};
use tokio_util::sync::CancellationToken;

use super::Inner;

const VERSION: &str = "2023-06-01";
/// How much of a refusal's body is read, in bytes.
const REFUSAL: usize = 64 << 10;

/// Why an attempt failed.
#[derive(Debug)]
pub(super) struct Failed {
    pub(super) error: ModelError,
    /// Whether the same call may be sent again.
    pub(super) again: bool,
}

impl Failed {
    pub(super) fn for_good(error: ModelError) -> Self {
        Self { error, again: false }
    }
}

impl Inner {
    /// Sends once and returns the answer whose status is a success.
    pub(super) async fn send(&self, request: RequestBuilder, model: Option<&str>, cancel: &CancellationToken) -> Result<Response, Failed> {
        let mut request = request.header("anthropic-version", VERSION);
        if let Some(key) = self.key_header().map_err(Failed::for_good)? {
            request = request.header("x-api-key", key);
        }
        let response = match self.wait(request.send(), cancel).await.map_err(Failed::for_good)? {
            Ok(response) => response,
            Err(error) => return Err(self.unreachable(error)),
        };
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let headers: HeaderMap = response.headers().clone();
        let body = self.wait(read_some(response, REFUSAL), cancel).await.unwrap_or_default();
        let error = self.refused(status, &headers, &body, model);
        Err(Failed { again: matches!(status.as_u16(), 408 | 429 | 500 | 502 | 503 | 504 | 529), error })
    }

    /// Waits for something of the network: not beyond the idle limit, and not when the run was cancelled.
    pub(super) async fn wait<T>(&self, work: impl Future<Output = T>, cancel: &CancellationToken) -> Result<T, ModelError> {
        tokio::select! {
            biased;
            () = cancel.cancelled() => Err(self.cancelled()),
            done = tokio::time::timeout(self.options.limits.idle, work) => done.map_err(|_| self.silent()),
        }
    }

    /// Makes attempts until one succeeds, fails for good, or the retries are used up.
    pub(super) async fn attempts<T, F: Future<Output = Result<T, Failed>>>(
        &self,
        cancel: &CancellationToken,
        attempt: impl Fn() -> F,
    ) -> Result<T, ModelError> {
        let mut done = 0;
        loop {
            let failed = match attempt().await {
                Ok(answer) => return Ok(answer),
                Err(failed) => failed,
            };
            let wait = failed.error.retry_after.unwrap_or_else(|| self.pause(done));
            if !failed.again || done == self.options.limits.retries || wait > self.options.limits.longest_wait {
                return Err(failed.error);
            }
            done += 1;
            tracing::warn!(code = failed.error.code.as_str(), detail = %failed.error.detail, attempt = done, wait_ms = wait.as_millis(), "model call is sent again");
            tokio::select! {
                biased;
                () = cancel.cancelled() => return Err(self.cancelled()),
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    /// Exponential, and shortened by chance, so that many callers do not come back all at once.
    fn pause(&self, done: u32) -> Duration {
        let whole = self.options.limits.backoff.saturating_mul(1 << done.min(10));
        let chance = getrandom::u32().map_or(0, |random| random % 512);
        whole - whole * chance / 1_024
    }
}

/// The beginning of a body; what cannot be read any more is left out.
pub(super) async fn read_some(mut response: Response, most: usize) -> Vec<u8> {
    let mut body = Vec::new();
    while let Ok(Some(piece)) = response.chunk().await {
        body.extend_from_slice(&piece[..piece.len().min(most - body.len())]);
        if body.len() == most {
            break;
        }
    }
    body
}
