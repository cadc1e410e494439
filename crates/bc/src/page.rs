//! Pages of rows, one after the other (docs/business-central.md, section 4, "Paging").

use bca_protocol::{Json, JsonError};
use futures::Stream;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::{BcError, Client, Query, Record, read::Asked, wire::Wire};

/// More pages than this are no answer but a loop.
const MOST_PAGES: usize = 20_000;

/// The rows of a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// In the order of the answer.
    pub rows: Vec<Record>,
    /// Number of all rows that fit, whatever `top` says; only where it was wanted.
    pub count: Option<u64>,
    /// There are more rows than the client's own cap lets through.
    pub truncated: bool,
}

impl Page {
    /// Reads the answer to a question for rows, as far as it goes: a link to more makes it truncated.
    ///
    /// # Errors
    /// [`BcError::Unexpected`] where the text is no such answer.
    pub fn parse(text: &str) -> Result<Self, BcError> {
        let Parsed { rows, count, next } = parse(text)?;
        Ok(Self { rows, count, truncated: next.is_some() })
    }
}

/// One page as the server cut it.
pub(crate) struct PageOfRows {
    pub(crate) rows: Vec<Record>,
    pub(crate) count: Option<u64>,
    /// Where the next one is.
    pub(crate) next: Option<Url>,
}

struct Place {
    client: Client,
    query: Query,
    next: Option<Url>,
    left: Option<usize>,
    seen: usize,
    cancel: CancellationToken,
}

/// The pages of a checked query from this address on, of which so many rows are wanted.
pub(crate) fn pages_from(
    client: Client,
    query: Query,
    next: Url,
    left: Option<usize>,
    cancel: CancellationToken,
) -> impl Stream<Item = Result<PageOfRows, BcError>> + Send {
    unfold(Ok(Place { client, query, next: Some(next), left, seen: 0, cancel }))
}

/// All pages of a checked query. Ends at `query.top`, whatever the server offers beyond.
pub(crate) fn pages(client: Client, query: Query, cancel: CancellationToken) -> impl Stream<Item = Result<PageOfRows, BcError>> + Send {
    let first = query.address(query.filter.as_ref()).and_then(|below| client.address(&below));
    let left = query.top;
    unfold(first.map(|url| Place { client, query, next: Some(url), left, seen: 0, cancel }))
}

fn unfold(start: Result<Place, BcError>) -> impl Stream<Item = Result<PageOfRows, BcError>> + Send {
    futures::stream::try_unfold(Start::New(start), |state| async move {
        let mut place = match state {
            Start::New(place) => place?,
            Start::Going(place) => place,
        };
        let Some(url) = place.next.take().filter(|_| place.left != Some(0)) else {
            return Ok(None);
        };
        let mut page = fetch(&place, &url).await?;
        place.seen += 1;
        if place.seen >= MOST_PAGES && page.next.is_some() {
            return Err(unusable("it has no end.".into()));
        }
        if let Some(left) = &mut place.left {
            page.rows.truncate(*left);
            *left -= page.rows.len();
        }
        place.next.clone_from(&page.next);
        Ok(Some((page, Start::Going(place))))
    })
}

enum Start {
    New(Result<Place, BcError>),
    Going(Place),
}

async fn fetch(place: &Place, url: &Url) -> Result<PageOfRows, BcError> {
    let wire = place.client.wire();
    let rows = place.query.page_rows.unwrap_or(wire.limits.page_rows);
    let text = wire.ask(url, Asked::Pages(rows), place.query.freshness, &place.cancel).await?;
    let page = parse(&text)?;
    let next = page.next.map(|next| checked_next(wire, url, &next)).transpose()?;
    Ok(PageOfRows { rows: page.rows, count: page.count, next })
}

pub(crate) struct Parsed {
    pub(crate) rows: Vec<Record>,
    pub(crate) count: Option<u64>,
    pub(crate) next: Option<String>,
}

/// `{"value":[...],"@odata.count":n,"@odata.nextLink":"..."}`; a navigation property to one record answers with the record itself.
fn parse(text: &str) -> Result<Parsed, BcError> {
    of_tree(Json::parse(text).map_err(|e| unusable(not_json(text, &e)))?)
}

/// The same of an answer that is already taken apart.
pub(crate) fn of_tree(tree: Json) -> Result<Parsed, BcError> {
    let Json::Object(members) = tree else {
        return Err(unusable("it is no list of records.".into()));
    };
    let (mut value, mut count, mut next, mut others) = (None, None, None, Vec::new());
    for (name, member) in members {
        match (name.as_str(), member) {
            ("value", Json::Array(rows)) => value = Some(rows),
            ("@odata.count", Json::Number(number)) => count = number.parse().ok(),
            ("@odata.count", Json::String(number)) => count = number.parse().ok(),
            ("@odata.nextLink", Json::String(link)) => next = Some(link),
            (_, member) => others.push((name, member)),
        }
    }
    let rows = match value {
        Some(rows) => rows,
        None if others.iter().any(|(name, _)| name == "@odata.etag" || name == "id") => vec![Json::Object(others)],
        None => return Err(unusable("it is no list of records.".into())),
    };
    let rows = rows.into_iter().map(|row| Record::from_row(row).ok_or_else(|| unusable("a row is no record.".into()))).collect::<Result<_, _>>()?;
    Ok(Parsed { rows, count, next })
}

/// The next page must be at the same server, below the same API root, and another address than this one: the token goes nowhere else.
pub(crate) fn checked_next(wire: &Wire, here: &Url, next: &str) -> Result<Url, BcError> {
    let url = here.join(next).map_err(|_| unusable("its link to the next page is not valid.".into()))?;
    if !wire.is_same_api(here, &url) {
        return Err(unusable("its link to the next page points to another server, which is not followed.".into()));
    }
    if url == *here {
        return Err(unusable("its link to the next page points to itself.".into()));
    }
    Ok(url)
}

pub(crate) fn unusable(reason: String) -> BcError {
    BcError::Unexpected { status: 200, reason, correlation_id: None }
}

/// Why a text that should be JSON is none, for people.
pub(crate) fn not_json(text: &str, error: &JsonError) -> String {
    let start = text.trim_start();
    match error {
        _ if start.is_empty() => "it is empty.".into(),
        _ if start.starts_with('<') => "it is a web page, not data. A proxy or a wrong address may be the cause.".into(),
        JsonError::Syntax(_) => "it is not in Business Central's format.".into(),
        JsonError::DuplicateMember(_) | JsonError::TooDeep => format!("{error}."),
    }
}
