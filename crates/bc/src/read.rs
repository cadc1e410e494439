//! Reads: tried again when that is safe, never for longer than the limits say.

use std::time::Duration;

use bca_auth::Secret;
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::{
    BcError,
    error_body::meaning,
    wire::{Answer, Fault, Wire, bearer_header, no_token},
};

/// Which copy of the data may answer (docs/business-central.md, section 9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Freshness {
    /// A replica may, which may lag behind: lists and searches.
    #[default]
    Replica,
    /// Only the database that is written to: before a write, after a write, and to find out what became of one.
    Primary,
}

impl Freshness {
    pub(crate) const fn header(self) -> &'static str {
        match self {
            Self::Replica => "ReadOnly",
            Self::Primary => "ReadWrite",
        }
    }
}

/// What is asked of the server: a GET, or a batch of nothing but GETs, which is a POST that changes nothing.
#[derive(Clone, Copy)]
pub(crate) enum Asked<'a> {
    /// One address.
    Get,
    /// One address, in pages of so many rows.
    Pages(usize),
    /// One address that answers with XML.
    Xml,
    /// One address whose answer is in the person's language.
    Captions,
    /// The body of a `$batch`, and how many requests it has in it.
    Batch(&'a str, usize),
}

/// What one attempt came to.
enum Attempt {
    Done(String),
    /// The token was refused, with what the server wants instead.
    Refused(String),
    /// May pass.
    Passing {
        error: BcError,
        retry_after: Option<Duration>,
    },
    Failed(BcError),
}

impl Wire {
    /// GETs the address and gives the body of a 2xx answer.
    pub(crate) async fn read(&self, url: &Url, freshness: Freshness, cancel: &CancellationToken) -> Result<String, BcError> {
        self.ask(url, Asked::Get, freshness, cancel).await
    }

    /// Asks, again where that is safe, and gives the body of a 2xx answer.
    pub(crate) async fn ask(&self, url: &Url, asked: Asked<'_>, freshness: Freshness, cancel: &CancellationToken) -> Result<String, BcError> {
        tokio::select! {
            biased;
            () = cancel.cancelled() => Err(BcError::Cancelled),
            answer = self.read_with_retries(url, asked, freshness) => answer.inspect_err(|error| {
                // The path names sets and ids only; the options may name what a person looked for.
                tracing::warn!(%error, correlation_id = error.correlation_id(), path = url.path(), "a read failed");
            }),
        }
    }

    async fn read_with_retries(&self, url: &Url, asked: Asked<'_>, freshness: Freshness) -> Result<String, BcError> {
        let mut token = self.bearer.token().await.map_err(no_token)?;
        let mut renewed = false;
        let mut tried = 0;
        loop {
            match self.attempt(url, asked, freshness, &token).await {
                Attempt::Done(text) => return Ok(text),
                Attempt::Failed(error) => return Err(error),
                Attempt::Refused(_) if renewed => return Err(BcError::NotSignedIn { reason: "Sign in again.".into() }),
                Attempt::Refused(challenge) => {
                    token = self.bearer.challenged(&token, &challenge).await.map_err(no_token)?;
                    renewed = true;
                }
                Attempt::Passing { error, retry_after } => {
                    let too_long = retry_after.is_some_and(|wait| wait > self.limits.longest_pause);
                    if tried >= self.limits.read_retries || too_long {
                        return Err(error);
                    }
                    let pause = pause(self.limits.first_pause, self.limits.longest_pause, tried, retry_after);
                    tracing::debug!(%error, tried, pause_ms = pause.as_millis(), "a read is tried again");
                    tokio::time::sleep(pause).await;
                    tried += 1;
                }
            }
        }
    }

    async fn attempt(&self, url: &Url, asked: Asked<'_>, freshness: Freshness, token: &Secret<String>) -> Attempt {
        let bearer = match bearer_header(token) {
            Ok(bearer) => bearer,
            Err(error) => return Attempt::Failed(error),
        };
        let (request, weight) = match asked {
            Asked::Xml => (self.get(url.clone()), 1),
            Asked::Captions => (self.in_language(self.get(url.clone())), 1),
            Asked::Pages(rows) => {
                let request = self.get(url.clone()).header("Prefer", format!("odata.maxpagesize={rows}"));
                (request.header("Data-Access-Intent", freshness.header()), 1)
            }
            Asked::Get => (self.get(url.clone()).header("Prefer", self.page_size()).header("Data-Access-Intent", freshness.header()), 1),
            // The intent of a batch stands in its items: a POST to a replica is refused. One read that fails must not leave those behind it
            // without an answer (docs/business-central.md, section 6).
            Asked::Batch(body, items) => {
                let request = self.post(url.clone()).header(CONTENT_TYPE, "application/json").header("Prefer", "odata.continue-on-error");
                (request.body(body.to_owned()), items)
            }
        };
        let request = request.header(ACCEPT, if matches!(asked, Asked::Xml) { "application/xml" } else { "application/json" });
        let _turn = self.pace.enter_for(weight).await;
        match self.send(request, bearer, self.limits.read_timeout).await {
            Ok(Answer { status, body: Ok(text), .. }) if status.is_success() => Attempt::Done(text),
            Ok(Answer { status, body: Err(fault), .. }) if status.is_success() => self.broken(&fault, Some(status)),
            Ok(Answer { status, retry_after, challenge, body, reference, .. }) => {
                let text = body.unwrap_or_default();
                let error = meaning(status, retry_after, &text).or_reference(reference.as_deref());
                match error {
                    BcError::NotSignedIn { .. } => Attempt::Refused(challenge),
                    error if matches!(status.as_u16(), 429 | 502..=504) => Attempt::Passing { error, retry_after },
                    error => Attempt::Failed(error),
                }
            }
            Err(fault) => self.broken(&fault, None),
        }
    }

    fn broken(&self, fault: &Fault, status: Option<reqwest::StatusCode>) -> Attempt {
        let error = self.error(fault, status);
        match fault {
            Fault::NotConnected(_) | Fault::Broken(_) => Attempt::Passing { error, retry_after: None },
            Fault::TimedOut(_) | Fault::TooLarge | Fault::NotText => Attempt::Failed(error),
        }
    }
}

/// What the server asks for, or a growing pause; with up to half as much again by chance, so that many clients do not return together.
pub(crate) fn pause(first: Duration, longest: Duration, tried: u32, retry_after: Option<Duration>) -> Duration {
    let base = retry_after.unwrap_or_else(|| first.saturating_mul(2_u32.saturating_pow(tried))).min(longest);
    let chance = getrandom::u32().unwrap_or(0) % 1_000;
    base + base.saturating_mul(chance) / 2_000
}
