//! Trying a set of changes out: one `$batch` with `Isolation: snapshot` whose last operation is made to fail, so that business rules run and
//! nothing stays (docs/business-central.md, section 6). What it left is looked at before anything is said.

use std::time::Duration;

use bca_approval::{CanonicalRequest, DryRunPermit, Method};
use bca_catalogue::ApiName;
use bca_protocol::Json;
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use tokio_util::sync::CancellationToken;

use crate::{
    BcError, Client, Freshness, NotSent, Record, RecordId, WriteAnswer, WriteError,
    batch::{self, BatchBody, Item},
    batch_write::{items, judge},
    path::WritePath,
    read::Asked,
    reference::references,
    wire::{bearer_header, no_token},
    write::{challenge_in, checked, pass_on},
};

/// What came of trying a set out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trial {
    /// It went, and nothing of it was found afterwards. One outcome for each change, in their order; what stands behind the first that
    /// failed says nothing.
    Tried(Vec<Result<WriteAnswer, WriteError>>),
    /// It did not go.
    NotSent(NotSent),
    /// It was refused as a whole, or its answer says too little; nothing of it was found afterwards.
    NotKnown(BcError),
    /// It may have gone, and what it left could not be seen for certain: it got no answer, so that it may still be at work, or the look got none. It
    /// is to be looked at again ([`Client::stands_after`]).
    Open {
        /// Why nothing can be said.
        error: BcError,
        /// The ids that the answer gave to new records, by place in the set.
        answered: Vec<Option<RecordId>>,
    },
    /// Something of it stands in the books, or may: sets must not be tried out on this connection any more.
    Stayed(Vec<Stayed>),
}

/// A change that was only to be tried out and is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stayed {
    /// Its place in the set.
    pub at: usize,
    /// How certain that is.
    pub certainty: Certainty,
}

/// How certain it is that something stayed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Certainty {
    /// The record stands as the answer said.
    Found,
    /// The record is not as it was, or the operation that had to fail did not: it can't be told who changed it.
    Suspected,
}

/// How the record of a change stands some time after its trial.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stands {
    /// As this.
    There(Record),
    /// There is no such record.
    Nowhere,
    /// A new record whose id nobody knows.
    NoId,
}

/// What is read to see whether a change stayed.
struct Look {
    at: usize,
    /// Below the company.
    path: String,
    method: Method,
    /// The version before.
    before: Option<String>,
    /// The version that the answer gave.
    answered: Option<String>,
    was_answered: bool,
}

impl Client {
    /// Tries changes out. The permit is given up for exactly these requests, in this order; then they leave once, in one transaction, with an
    /// operation behind them that can only fail: a change of nothing, in a record that does not exist, in a version that never was. No intent is
    /// marked, because nothing is meant to stay.
    ///
    /// Never longer than [`crate::Limits::dry_run_timeout`] for the batch, and as long again for looking at what it left: records that
    /// were created must not be found, records that were changed or deleted must stand in the version that was seen.
    ///
    /// References to earlier results, custom APIs, actions, and more changes than [`crate::Limits::batch_operations`] don't go.
    pub async fn dry_run(&self, permit: DryRunPermit, requests: &[&CanonicalRequest], cancel: &CancellationToken) -> Trial {
        let body = match self.trial_body(permit, requests) {
            Ok(body) => body,
            Err(reason) => return Trial::NotSent(reason),
        };
        let items = match self.send_trial(body, requests.len() + 1, cancel).await {
            Ok(items) => items,
            Err(Unsent::Before(reason)) => return Trial::NotSent(reason),
            Err(Unsent::Refused(error)) => return Trial::NotKnown(error),
            Err(Unsent::NoAnswer(error)) => {
                return match self.look(&looks(requests, &[])).await {
                    Ok(stayed) if !stayed.is_empty() => Trial::Stayed(stayed),
                    // Whoever got no answer can't know that it is over.
                    Ok(_) | Err(_) => Trial::Open { error, answered: vec![None; requests.len()] },
                };
            }
        };
        self.trial_judged(requests, items).await
    }

    fn trial_body(&self, permit: DryRunPermit, requests: &[&CanonicalRequest]) -> Result<String, NotSent> {
        permit.redeem(requests)?;
        let most = self.wire().limits.batch_operations;
        if requests.is_empty() || requests.len() > most {
            return Err(NotSent::Malformed(format!("at least one change and at most {most} are tried out together.")));
        }
        let mut body = BatchBody::default();
        for request in requests {
            if request.target != *self.target() {
                return Err(NotSent::OtherTarget);
            }
            let method = checked(request)?;
            let is_action = matches!(WritePath::parse(&request.path), Ok(WritePath::Action));
            if is_action || ApiName::split(&request.path).is_some() || !references(request).is_empty() {
                return Err(NotSent::Malformed("it holds an action, a change of a custom API, or a reference to an earlier result.".into()));
            }
            let headers = headers(request.if_match.as_deref(), request.body.is_some());
            body.add(method.as_str(), &format!("{}/{}", self.company_path(), request.path), &headers, request.body.as_deref());
        }
        let nobody = random_id().map_err(|reason| NotSent::Before(BcError::BadQuery(reason)))?;
        body.add("PATCH", &format!("{}/customers({nobody})", self.company_path()), &headers(Some(NO_VERSION), true), Some("{}"));
        Ok(body.finish())
    }

    async fn send_trial(&self, body: String, count: usize, cancel: &CancellationToken) -> Result<Vec<Option<Item>>, Unsent> {
        let wire = self.wire();
        let before = |error: BcError| Unsent::Before(NotSent::Before(error));
        let ready = async {
            let turn = wire.pace.enter_for(count).await;
            let token = wire.bearer.token().await.map_err(no_token)?;
            Ok::<_, BcError>((turn, bearer_header(&token)?, token, batch::batch_address(wire)?))
        };
        let (turn, bearer, token, url) = tokio::select! {
            biased;
            () = cancel.cancelled() => return Err(before(BcError::Cancelled)),
            ready = tokio::time::timeout(READY_WITHIN, ready) => ready.unwrap_or(Err(BcError::TimedOut { after: READY_WITHIN })).map_err(before)?,
        };
        let json = "application/json";
        let http = wire.in_language(wire.writes.post(url)).header(ACCEPT, json).header(CONTENT_TYPE, json).header("Isolation", "snapshot").body(body);
        let answer = wire.send(http, bearer, wire.limits.dry_run_timeout).await;
        drop(turn);
        let challenge = challenge_in(&answer);
        match items(wire, answer, count) {
            Ok(items) => Ok(items),
            Err(error) => match pass_on(wire, error, &token, &challenge, cancel).await {
                WriteError::NotSent(reason) => Err(Unsent::Before(reason)),
                WriteError::Refused(error) | WriteError::Changed(error) => Err(Unsent::Refused(error)),
                WriteError::Unknown(error) => Err(Unsent::NoAnswer(error)),
            },
        }
    }

    async fn trial_judged(&self, requests: &[&CanonicalRequest], mut items: Vec<Option<Item>>) -> Trial {
        let last = items.pop().flatten();
        let stayed = match self.look(&looks(requests, &items)).await {
            Ok(stayed) => stayed,
            Err(error) if last.as_ref().is_some_and(|last| last.status.is_success()) => {
                tracing::error!(%error, "what a dry run left could not be read");
                return Trial::Stayed(suspected(requests.len()));
            }
            Err(error) => return Trial::Open { error, answered: items.iter().map(answered_id).collect() },
        };
        match &last {
            _ if !stayed.is_empty() => return Trial::Stayed(stayed),
            Some(last) if last.status.is_success() => return Trial::Stayed(suspected(requests.len())),
            Some(_) | None => {}
        }
        let missing = || Err(WriteError::Unknown(unusable("it says nothing about this change.")));
        let outcomes: Vec<_> = items.iter().map(|item| item.as_ref().map_or_else(missing, judge)).collect();
        if last.is_none() && outcomes.iter().all(Result::is_ok) {
            return Trial::NotKnown(unusable("it says nothing about its last operation."));
        }
        Trial::Tried(outcomes)
    }

    /// What stands in the books although it was only to be tried out, in one round trip.
    async fn look(&self, looks: &[Look]) -> Result<Vec<Stayed>, BcError> {
        if looks.is_empty() {
            return Ok(Vec::new());
        }
        let paths: Vec<&str> = looks.iter().map(|look| look.path.as_str()).collect();
        let mut stayed = Vec::new();
        for (look, item) in looks.iter().zip(self.read_all(&paths).await?) {
            stayed.extend(look.certainty(&item)?.map(|certainty| Stayed { at: look.at, certainty }));
        }
        Ok(stayed)
    }

    /// How the records of a set stand that was tried out some time ago, in the set's order and in one round trip. `answered` are the ids that the
    /// trial's answer gave to new records.
    ///
    /// # Errors
    /// Those of a read; then nothing is known of any of them.
    pub async fn stands_after(&self, requests: &[&CanonicalRequest], answered: &[Option<RecordId>]) -> Result<Vec<Stands>, BcError> {
        let path = |(at, request): (usize, &&CanonicalRequest)| match request.method {
            Method::Patch | Method::Delete => Some(request.path.clone()),
            Method::Post => {
                let own = || own_id(request).and_then(|id| RecordId::parse(&id).ok());
                created(request, &answered.get(at).cloned().flatten().or_else(own)?)
            }
        };
        let paths: Vec<Option<String>> = requests.iter().enumerate().map(path).collect();
        let known: Vec<&str> = paths.iter().flatten().map(String::as_str).collect();
        let mut items = if known.is_empty() { Vec::new() } else { self.read_all(&known).await? }.into_iter();
        let next = |path: &Option<String>| match path.as_ref().and_then(|_| items.next()) {
            Some(item) => stands(&item),
            None => Ok(Stands::NoId),
        };
        paths.iter().map(next).collect()
    }

    /// Reads records in one round trip, each from the database that is written to; their answers in the same order.
    async fn read_all(&self, paths: &[&str]) -> Result<Vec<Item>, BcError> {
        let mut body = BatchBody::default();
        for path in paths {
            let read = [("Accept", "application/json"), ("Data-Access-Intent", Freshness::Primary.header())];
            body.add("GET", &format!("{}/{path}", self.company_path()), &read, None);
        }
        let (body, wire, never) = (body.finish(), self.wire(), CancellationToken::new());
        let url = batch::batch_address(wire)?;
        let asked = wire.ask(&url, Asked::Batch(&body, paths.len()), Freshness::Primary, &never);
        let after = wire.limits.dry_run_timeout;
        let text = tokio::time::timeout(after, asked).await.map_err(|_| BcError::TimedOut { after })??;
        let items = batch::parse(wire, &text, paths.len()).map_err(|reason| unusable(&reason))?;
        items.into_iter().map(|item| item.ok_or_else(|| unusable("it says nothing about a record that was to be looked at."))).collect()
    }
}

/// How the record stands, by the answer to its read.
fn stands(item: &Item) -> Result<Stands, BcError> {
    if item.status.is_success() {
        return item.body.clone().and_then(Record::from_row).map(Stands::There).ok_or_else(|| unusable("it is not a record."));
    }
    match crate::error_body::meaning(item.status, item.retry_after, &item.text()) {
        BcError::NotFound { .. } => Ok(Stands::Nowhere),
        error => Err(error),
    }
}

impl Look {
    /// Whether the change stayed, by the record as it stands now.
    fn certainty(&self, item: &Item) -> Result<Option<Certainty>, BcError> {
        let now = match stands(item)? {
            Stands::There(record) => Some(record.etag),
            Stands::Nowhere | Stands::NoId => None,
        };
        Ok(match (self.method, now) {
            (Method::Post, None) => None,
            (Method::Post, Some(_)) => Some(Certainty::Found),
            (Method::Delete, None) => Some(if self.was_answered { Certainty::Found } else { Certainty::Suspected }),
            (Method::Patch, None) => None,
            (Method::Patch | Method::Delete, Some(now)) if now == self.before => None,
            (Method::Patch | Method::Delete, Some(now)) if now.is_some() && now == self.answered => Some(Certainty::Found),
            // The answer gave another version than stands there: somebody else changed it since.
            (Method::Patch | Method::Delete, Some(_)) if self.answered.is_some() => None,
            (Method::Patch | Method::Delete, Some(_)) => Some(Certainty::Suspected),
        })
    }
}

/// Why there are no answers.
enum Unsent {
    /// It did not leave.
    Before(NotSent),
    /// The batch as a whole was refused, so nothing ran.
    Refused(BcError),
    /// It left, or may have.
    NoAnswer(BcError),
}

/// How long a trial waits for its turn and a token. With twice [`crate::Limits::dry_run_timeout`] it is shorter than a question waits for a
/// trial: the write itself must not meet its own trial.
const READY_WITHIN: Duration = Duration::from_secs(5);

/// A version that no record has.
const NO_VERSION: &str = "W/\"bm9uZQ==\"";

fn headers(if_match: Option<&str>, has_body: bool) -> Vec<(&'static str, &str)> {
    let mut headers = vec![("Accept", "application/json")];
    if has_body {
        headers.push(("Content-Type", "application/json"));
    }
    headers.extend(if_match.map(|tag| ("If-Match", tag)));
    headers
}

/// An id that no record has: random (RFC 9562, version 4).
fn random_id() -> Result<RecordId, String> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).map_err(|error| format!("This computer gives no random numbers: {error}."))?;
    let [_, _, _, _, _, _, version, _, variant, ..] = &mut bytes;
    *version = *version & 0x0f | 0x40;
    *variant = *variant & 0x3f | 0x80;
    let hex = hex::encode(bytes);
    let parts: Vec<&str> = [0..8, 8..12, 12..16, 16..20, 20..32].into_iter().filter_map(|part| hex.get(part)).collect();
    RecordId::parse(&parts.join("-")).map_err(|error| error.to_string())
}

/// What is to be looked at: what was answered with success, and, where an answer is missing though nothing failed, every record that was there before and every
/// one that would have an id of its own choice.
fn looks(requests: &[&CanonicalRequest], items: &[Option<Item>]) -> Vec<Look> {
    let failed = items.iter().flatten().any(|item| !item.status.is_success());
    let look = |(at, request): (usize, &&CanonicalRequest)| {
        let item = items.get(at).and_then(Option::as_ref);
        let record = item.filter(|item| item.status.is_success()).and_then(|item| item.body.clone()).and_then(Record::from_row);
        let was_answered = item.is_some_and(|item| item.status.is_success());
        if !was_answered && failed {
            return None;
        }
        let path = match request.method {
            Method::Patch | Method::Delete => request.path.clone(),
            Method::Post => {
                let answered = record.as_ref().and_then(Record::id).map(str::to_owned);
                created(request, &answered.or_else(|| own_id(request)).and_then(|id| RecordId::parse(&id).ok())?)?
            }
        };
        let answered = record.and_then(|record| record.etag);
        Some(Look { at, path, method: request.method, before: request.if_match.clone(), answered, was_answered })
    };
    requests.iter().enumerate().filter_map(look).collect()
}

/// Where a new record stands.
fn created(request: &CanonicalRequest, id: &RecordId) -> Option<String> {
    Some(format!("{}({id})", request.path.split('?').next()?))
}

/// The id that an answer gave to a record.
fn answered_id(item: &Option<Item>) -> Option<RecordId> {
    let record = Record::from_row(item.as_ref().filter(|item| item.status.is_success())?.body.clone()?)?;
    RecordId::parse(record.id()?).ok()
}

/// The id that a create brings along.
fn own_id(request: &CanonicalRequest) -> Option<String> {
    let body = Json::parse(request.body.as_deref()?).ok()?;
    body.get("id").and_then(Json::as_str).map(str::to_owned)
}

fn suspected(count: usize) -> Vec<Stayed> {
    (0..count).map(|at| Stayed { at, certainty: Certainty::Suspected }).collect()
}

fn unusable(reason: &str) -> BcError {
    BcError::Unexpected { status: 200, reason: reason.to_owned(), correlation_id: None }
}

#[cfg(test)]
#[path = "dry_run_tests.rs"]
mod tests;
