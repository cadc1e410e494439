//! Rows of several reads as the rows of one.

use std::{cmp::Ordering, collections::HashSet, str::FromStr};

use bca_catalogue::{Catalogue, Entity};
use bca_protocol::Json;
use futures::{StreamExt, TryStreamExt, stream::BoxStream};
use rust_decimal::Decimal;
use sha2::{Digest as _, Sha256};
use tokio_util::sync::CancellationToken;

use crate::{
    BcError, Client, Count, Filter, Query, Record,
    page::Page,
    query::{Direction, OrderBy, entity_of},
};

/// Reads each branch and puts the rows together: each once, in order, then `skip` and `top`, and the number of all.
pub(crate) async fn query(client: &Client, query: &Query, branches: &[Filter], cancel: &CancellationToken) -> Result<Page, BcError> {
    let entity = entity_of(client.catalogue(), &query.from)?;
    if entity.key.is_empty() {
        return Err(BcError::BadQuery(format!(
            "{} has no key, so an \"or\" over different properties cannot be answered. Ask one after the other.",
            entity.set
        )));
    }
    let helpers = helpers(entity, query);
    let wanted = query.skip.unwrap_or(0).saturating_add(query.top.unwrap_or(usize::MAX));
    let part = Query {
        select: if query.select.is_empty() { Vec::new() } else { query.select.iter().chain(&helpers).cloned().collect() },
        // The number of all rows is known only when all are seen.
        top: (query.count == Count::Unwanted && wanted < usize::MAX).then_some(wanted),
        skip: None,
        count: Count::Unwanted,
        ..query.clone()
    };
    let reads = branches.iter().map(|branch| {
        let part = part.clone().filtered(branch.clone());
        async move { client.one_query(&part, cancel).await }
    });
    let pages = futures::future::try_join_all(reads).await?;
    let truncated = pages.iter().any(|page| page.truncated);
    let mut seen = HashSet::new();
    let mut rows: Vec<Record> = pages.into_iter().flat_map(|page| page.rows).filter(|row| seen.insert(key(entity, row))).collect();
    sort(&mut rows, &query.order_by);
    let count = (query.count == Count::Wanted && !truncated).then_some(rows.len() as u64);
    let cap = client.wire().limits.max_rows;
    let mut rows: Vec<Record> = rows.into_iter().skip(query.skip.unwrap_or(0)).take(query.top.unwrap_or(usize::MAX)).collect();
    let truncated = truncated || rows.len() > cap;
    rows.truncate(cap);
    rows.iter_mut().for_each(|row| drop_helpers(row, &helpers));
    Ok(Page { rows, count, truncated })
}

/// The reads that answer a query as a stream.
pub(crate) enum Branches {
    /// Business Central takes the filter as it is.
    One(Query),
    /// One read for each branch of an `or`; rows are told apart by their key.
    Several { reads: Vec<Query>, key: Vec<String>, helpers: Vec<String> },
}

impl Branches {
    pub(crate) fn several(catalogue: &Catalogue, query: Query, branches: &[Filter]) -> Result<Self, BcError> {
        let entity = entity_of(catalogue, &query.from)?;
        if entity.key.is_empty() || !query.order_by.is_empty() || query.top.is_some() || query.skip.is_some() {
            return Err(BcError::BadQuery("Business Central cannot join different properties with \"or\". Ask one after the other.".into()));
        }
        let helpers = helpers(entity, &query);
        let select = if query.select.is_empty() { Vec::new() } else { query.select.iter().chain(&helpers).cloned().collect() };
        let part = Query { select, ..query };
        Ok(Self::Several { reads: branches.iter().map(|branch| part.clone().filtered(branch.clone())).collect(), key: entity.key.clone(), helpers })
    }

    /// All rows, each once.
    pub(crate) fn rows(self, client: Client, cancel: CancellationToken) -> BoxStream<'static, Result<Vec<Record>, BcError>> {
        match self {
            Self::One(query) => client.row_pages(query, cancel).map_ok(|page| page.rows).boxed(),
            Self::Several { reads, key, helpers } => {
                let mut seen: HashSet<[u8; 16]> = HashSet::new();
                let pages = futures::stream::iter(reads).map(move |query| client.row_pages(query, cancel.clone())).flatten();
                pages
                    .map_ok(move |page| {
                        let mut rows: Vec<Record> = page.rows.into_iter().filter(|row| seen.insert(fingerprint(&key, row))).collect();
                        rows.iter_mut().for_each(|row| drop_helpers(row, &helpers));
                        rows
                    })
                    .boxed()
            }
        }
    }
}

/// Half a SHA-256 of a row's key: a million of them fit in little memory, and two never meet.
fn fingerprint(key: &[String], row: &Record) -> [u8; 16] {
    let mut hash = Sha256::new();
    for name in key {
        let value = row.json.get(name).map(Json::to_string).unwrap_or_default();
        hash.update((value.len() as u64).to_be_bytes());
        hash.update(value.as_bytes());
    }
    let whole: [u8; 32] = hash.finalize().into();
    let mut half = [0; 16];
    half.iter_mut().zip(whole).for_each(|(to, from)| *to = from);
    half
}

/// Properties that the merge needs and nobody asked for.
fn helpers(entity: &Entity, query: &Query) -> Vec<String> {
    if query.select.is_empty() {
        return Vec::new();
    }
    let mut helpers: Vec<String> = Vec::new();
    for name in entity.key.iter().chain(query.order_by.iter().map(|key| &key.property)) {
        if !query.select.contains(name) && !helpers.contains(name) {
            helpers.push(name.clone());
        }
    }
    helpers
}

fn drop_helpers(row: &mut Record, helpers: &[String]) {
    if let Json::Object(members) = &mut row.json {
        members.retain(|(name, _)| !helpers.contains(name));
    }
}

fn key(entity: &Entity, row: &Record) -> Vec<String> {
    entity.key.iter().map(|name| row.json.get(name).map(Json::to_string).unwrap_or_default()).collect()
}

/// Stable, so that rows that are equal keep the order of the reads.
fn sort(rows: &mut [Record], keys: &[OrderBy]) {
    rows.sort_by(|a, b| {
        keys.iter()
            .map(|key| {
                let order = compare(a.json.get(&key.property), b.json.get(&key.property));
                match key.direction {
                    Direction::Ascending => order,
                    Direction::Descending => order.reverse(),
                }
            })
            .find(|order| order.is_ne())
            .unwrap_or(Ordering::Equal)
    });
}

/// Numbers by value, texts without regard to case, as Business Central sorts.
fn compare(a: Option<&Json>, b: Option<&Json>) -> Ordering {
    match (a, b) {
        (Some(Json::Number(a)), Some(Json::Number(b))) => match (Decimal::from_str(a), Decimal::from_str(b)) {
            (Ok(a), Ok(b)) => a.cmp(&b),
            _ => a.cmp(b),
        },
        (Some(Json::String(a)), Some(Json::String(b))) => a.to_lowercase().cmp(&b.to_lowercase()).then_with(|| a.cmp(b)),
        (Some(Json::Bool(a)), Some(Json::Bool(b))) => a.cmp(b),
        (a, b) => a.is_some().cmp(&b.is_some()),
    }
}
