//! `$batch` (docs/business-central.md, section 6): many requests in one round trip.
//!
//! * Reads: `Client::batch(&[BatchRead], &CancellationToken) -> Result<Vec<Result<Page, BcError>>, BcError>`, in this file.
//! * Writes: `Client::write_batch(Vec<(WritePermit, &CanonicalRequest)>, Isolation, &CancellationToken) -> Vec<Result<WriteAnswer, WriteError>>`,
//!   in `batch_write.rs`: one result for each write, in order; at most [`crate::Limits::batch_operations`] writes.
//! * A write that needs an earlier result is not for a batch: [`crate::resolve`] and [`Client::write_after`].

use std::{collections::VecDeque, fmt::Write as _, time::Duration};

use bca_protocol::Json;
use futures::{TryStreamExt, future};
use reqwest::StatusCode;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::{
    BcError, Client, Count, Expand, Freshness, Page, Query, RecordPath, SetPath,
    error_body::meaning,
    filter, page,
    query::record_address,
    read::{Asked, pause},
    wire::Wire,
};

/// More reads than this in one call are refused: a caller that asks for so many asks the wrong question.
const MOST: usize = 100;

/// A read that can go with others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BatchRead {
    /// Rows of a set.
    Rows(Query),
    /// One record, whole, from the database that is written to.
    One {
        /// Which.
        path: RecordPath,
        /// Only these properties; empty for all.
        select: Vec<String>,
        /// With these related records.
        expand: Vec<Expand>,
    },
}

/// A read on its way.
struct Part {
    /// Its place among the reads.
    at: usize,
    /// Path and options below the company.
    below: String,
    query: Option<Query>,
    freshness: Freshness,
}

/// One answer of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Item {
    pub(crate) status: StatusCode,
    pub(crate) retry_after: Option<Duration>,
    /// `None` where there is no body; JSON as a tree, anything else as a text.
    pub(crate) body: Option<Json>,
}

impl Item {
    /// The body as it would have come by itself.
    pub(crate) fn text(&self) -> String {
        match &self.body {
            None => String::new(),
            Some(Json::String(text)) => text.clone(),
            Some(tree) => tree.to_string(),
        }
    }
}

impl Client {
    /// Reads up to 100 things in as few round trips as the limits allow ([`crate::Limits::batch_operations`] each), results in the order of
    /// the reads. Each has its own result: one that is refused leaves the others as they are.
    ///
    /// What a batch can't hold is asked beside it: an `or` over different properties, a custom API, and pages after the first.
    ///
    /// # Errors
    /// Any but [`BcError::Changed`], where no batch could be had at all, or a read is off in itself.
    pub async fn batch(&self, reads: &[BatchRead], cancel: &CancellationToken) -> Result<Vec<Result<Page, BcError>>, BcError> {
        if reads.len() > MOST {
            return Err(BcError::BadQuery(format!("At most {MOST} reads go together.")));
        }
        let mut results: Vec<Option<Result<Page, BcError>>> = reads.iter().map(|_| None).collect();
        let (mut parts, mut alone) = (Vec::new(), Vec::new());
        for (at, read) in reads.iter().enumerate() {
            match part(self, at, read)? {
                Some(part) => parts.push(part),
                None => alone.push((at, read)),
            }
        }
        let batches = parts.chunks(self.wire().limits.batch_operations.clamp(1, MOST)).map(|parts| self.one_batch(parts, cancel));
        let alone = alone.into_iter().map(|(at, read)| async move {
            match read {
                BatchRead::Rows(query) => (at, self.query(query, cancel).await),
                BatchRead::One { path, select, expand } => {
                    let record = self.get(path, select, expand, cancel).await;
                    (at, record.map(|record| Page { rows: vec![record], count: None, truncated: false }))
                }
            }
        });
        let (batches, alone) = future::join(future::try_join_all(batches), future::join_all(alone)).await;
        for (at, result) in batches?.into_iter().flatten().chain(alone) {
            if let Some(place) = results.get_mut(at) {
                *place = Some(result);
            }
        }
        Ok(results.into_iter().map(|result| result.unwrap_or_else(|| Err(unanswered()))).collect())
    }

    /// One round trip, and further ones for what the service was too busy for.
    async fn one_batch(&self, parts: &[Part], cancel: &CancellationToken) -> Result<Vec<(usize, Result<Page, BcError>)>, BcError> {
        let wire = self.wire();
        let url = batch_address(wire)?;
        let mut open: Vec<&Part> = parts.iter().collect();
        let mut done = Vec::with_capacity(parts.len());
        let mut tried = 0;
        while !open.is_empty() {
            let body = read_body(self, &open);
            let text = wire.ask(&url, Asked::Batch(&body, open.len()), Freshness::Primary, cancel).await?;
            let items = parse(wire, &text, open.len()).map_err(page::unusable)?;
            let (mut again, mut wait) = (Vec::new(), None);
            for (part, item) in open.into_iter().zip(items) {
                let busy = item.as_ref().filter(|item| matches!(item.status.as_u16(), 429 | 502..=504)).map(|item| item.retry_after);
                match busy {
                    Some(asked) if tried < wire.limits.read_retries && asked.is_none_or(|asked| asked <= wire.limits.longest_pause) => {
                        wait = wait.max(asked);
                        again.push(part);
                    }
                    _ => done.push((part.at, self.result(part, item, cancel).await)),
                }
            }
            open = again;
            if !open.is_empty() {
                let pause = pause(wire.limits.first_pause, wire.limits.longest_pause, tried, wait);
                tokio::select! {
                    biased;
                    () = cancel.cancelled() => return Err(BcError::Cancelled),
                    () = tokio::time::sleep(pause) => {}
                }
                tried += 1;
            }
        }
        Ok(done)
    }

    async fn result(&self, part: &Part, item: Option<Item>, cancel: &CancellationToken) -> Result<Page, BcError> {
        let item = item.ok_or_else(unanswered)?;
        if !item.status.is_success() {
            return Err(meaning(item.status, item.retry_after, &item.text()));
        }
        let tree = item.body.ok_or_else(|| page::unusable("it is empty.".into()))?;
        let first = page::of_tree(tree)?;
        let Some(query) = &part.query else {
            return Ok(Page { rows: first.rows, count: None, truncated: false });
        };
        let most = query.top.unwrap_or(usize::MAX).min(self.wire().limits.max_rows);
        let mut page = Page { rows: first.rows, count: first.count, truncated: false };
        let here = self.address(&part.below)?;
        let next = first.next.map(|next| page::checked_next(self.wire(), &here, &next)).transpose()?;
        if let Some(next) = next.filter(|_| page.rows.len() <= most && query.top.is_none_or(|top| page.rows.len() < top)) {
            // One row more than the cap tells "exactly so many" from "more than that".
            let left = most.saturating_add(1) - page.rows.len();
            let further = page::pages_from(self.clone(), query.clone(), next, Some(left), cancel.clone());
            let rows: Vec<_> = further.map_ok(|page| page.rows).try_concat().await?;
            page.rows.extend(rows);
        }
        page.truncated = page.rows.len() > most && query.top.is_none_or(|top| top > most);
        page.rows.truncate(most);
        Ok(page)
    }
}

/// The read as a request of a batch; `None` for one that a batch can't hold.
fn part(client: &Client, at: usize, read: &BatchRead) -> Result<Option<Part>, BcError> {
    let catalogue = client.catalogue();
    // A batch is one API's.
    let is_custom = |path: &SetPath| path.names().next().is_some_and(|name| name.contains('/'));
    match read {
        BatchRead::One { path, .. } if is_custom(path.set()) => Ok(None),
        BatchRead::Rows(query) if is_custom(&query.from) => Ok(None),
        BatchRead::One { path, select, expand } => {
            let below = record_address(catalogue, path, select, expand)?;
            Ok(Some(Part { at, below, query: None, freshness: Freshness::Primary }))
        }
        BatchRead::Rows(query) => {
            let query = query.clone().checked(catalogue)?;
            let branches = query.filter.as_ref().map(filter::branches).transpose().map_err(BcError::BadQuery)?.unwrap_or_default();
            let filter = match branches.as_slice() {
                [] => None,
                [only] => Some(only.clone()),
                _ => return Ok(None),
            };
            let cap = client.wire().limits.max_rows.saturating_add(1);
            let asked = query.top.map(|top| top.min(cap).max(usize::from(query.count == Count::Wanted)));
            let below = Query { top: asked, ..query.clone() }.address(filter.as_ref())?;
            Ok(Some(Part { at, below, freshness: query.freshness, query: Some(query) }))
        }
    }
}

fn read_body(client: &Client, parts: &[&Part]) -> String {
    let mut body = BatchBody::default();
    for part in parts {
        let headers = [("Accept", "application/json"), ("Prefer", &client.wire().page_size()), ("Data-Access-Intent", part.freshness.header())];
        body.add("GET", &format!("{}/{}", client.company_path(), part.below), &headers, None);
    }
    body.finish()
}

/// Where batches go.
pub(crate) fn batch_address(wire: &Wire) -> Result<Url, BcError> {
    wire.address("$batch")
}

/// `{"requests":[...]}`, written once, each request's own body byte for byte.
#[derive(Default)]
pub(crate) struct BatchBody {
    text: String,
    count: usize,
}

impl BatchBody {
    /// Adds a request; `url` is relative to the API root, `body` is JSON.
    pub(crate) fn add(&mut self, method: &str, url: &str, headers: &[(&str, &str)], body: Option<&str>) {
        let quoted = |text: &str| Json::String(text.to_owned()).to_string();
        self.text.push_str(if self.count == 0 { "{\"requests\":[" } else { "," });
        let headers: Vec<String> = headers.iter().map(|(name, value)| format!("{}:{}", quoted(name), quoted(value))).collect();
        // Writing to a text cannot fail.
        let _ = write!(self.text, "{{\"id\":\"{}\",\"method\":\"{method}\",\"url\":{},\"headers\":{{{}}}", self.count, quoted(url), headers.join(","));
        if let Some(body) = body {
            let _ = write!(self.text, ",\"body\":{body}");
        }
        self.text.push('}');
        self.count += 1;
    }

    pub(crate) fn finish(self) -> String {
        if self.count == 0 { "{\"requests\":[]}".to_owned() } else { format!("{}]}}", self.text) }
    }
}

/// The answers of a batch in the order of its requests; `None` where one is missing. Answers are told apart by their ids, and by their
/// order where they have none.
pub(crate) fn parse(wire: &Wire, text: &str, requests: usize) -> Result<Vec<Option<Item>>, String> {
    let tree = Json::parse(text).map_err(|error| page::not_json(text, &error))?;
    let responses = match tree {
        Json::Object(members) => members.into_iter().find_map(|(name, value)| (name == "responses").then_some(value)),
        _ => None,
    };
    let Some(Json::Array(responses)) = responses else {
        return Err("it is no batch of answers.".into());
    };
    if responses.len() > requests {
        return Err("it has more answers than there were questions.".into());
    }
    let mut items: Vec<Option<Item>> = vec![None; requests];
    let mut unnamed: VecDeque<(usize, Item)> = VecDeque::new();
    for (position, response) in responses.into_iter().enumerate() {
        let id = match response.get("id") {
            None | Some(Json::Null) => None,
            Some(id) => Some(id.display().and_then(|id| id.parse::<usize>().ok()).ok_or("an answer in it belongs to no question.")?),
        };
        let item = item(wire, response).ok_or("an answer in it has no status.")?;
        match id {
            None => unnamed.push_back((position, item)),
            Some(id) => place(&mut items, id, item)?,
        }
    }
    for (position, item) in unnamed {
        place(&mut items, position, item)?;
    }
    Ok(items)
}

fn place(items: &mut [Option<Item>], at: usize, item: Item) -> Result<(), String> {
    match items.get_mut(at) {
        Some(free @ None) => {
            *free = Some(item);
            Ok(())
        }
        Some(Some(_)) | None => Err("two answers in it belong to one question.".into()),
    }
}

fn item(wire: &Wire, response: Json) -> Option<Item> {
    let Json::Object(members) = response else { return None };
    let (mut status, mut retry_after, mut body) = (None, None, None);
    for (name, value) in members {
        match (name.as_str(), value) {
            ("status", value) => status = value.display().and_then(|text| text.parse::<u16>().ok()).and_then(|code| StatusCode::from_u16(code).ok()),
            ("headers", Json::Object(headers)) => {
                let found = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("retry-after"));
                retry_after = found.and_then(|(_, value)| value.display()).and_then(|value| wire.retry_after(&value));
            }
            ("body", Json::Null) => {}
            ("body", value) => body = Some(value),
            _ => {}
        }
    }
    Some(Item { status: status?, retry_after, body })
}

fn unanswered() -> BcError {
    page::unusable("a part of it is missing.".into())
}

#[cfg(test)]
#[path = "batch_tests.rs"]
mod tests;
