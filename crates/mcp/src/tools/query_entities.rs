//! `bc_query_entities`: reads records: one, some, or a figure over many.

use bca_bc::{BcError, Client, Count, Expand, Filter, MediaPath, OrderBy, Query, Record, RecordPath, SetPath};
use bca_catalogue::{Catalogue, Entity, PropertyKind};
use bca_protocol::Json;
use futures::TryStreamExt;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;
use tokio_util::sync::CancellationToken;

use super::{
    BusinessCentral, ParentInput,
    aggregate::{self, Aggregate, Comparing},
    captions::captions,
    entity, failed, preview,
};
use crate::{
    answer::{Answer, number, object, sparse, text},
    cache::{Kept, Key},
    files,
};

pub(super) const DESCRIPTION: &str = "Reads records of an entity set: one by id, a filtered and sorted list, a count, or an aggregate (sum, count, min, max, average; grouped, by month, by days overdue; top N) computed exactly over all matching rows. Changes nothing.";

/// Rows given where nobody asked for a number.
const DEFAULT_ROWS: usize = 50;

/// Rows given at most.
const MAX_ROWS: usize = 1_000;

/// Rows that are looked through at most for a comparison of two properties.
const MAX_COMPARED: usize = 200_000;

/// What to read.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// Entity set, for example `customers`.
    entity: String,
    /// Id (GUID) of one record.
    id: Option<String>,
    /// Only the children of this record.
    parent: Option<ParentInput>,
    /// OData filter, for example `balanceDue gt 0 and contains(displayName,'AS')`.
    filter: Option<String>,
    /// Properties to return; a few that matter where left out.
    #[schemars(with = "Option<Vec<String>>")]
    select: Option<Names>,
    /// Related records to include, for example `salesOrderLines`.
    #[schemars(with = "Option<Vec<String>>")]
    expand: Option<Names>,
    /// For example `balanceDue desc`.
    #[schemars(with = "Option<String>")]
    orderby: Option<Names>,
    /// Rows at most (default 50, up to 1000).
    top: Option<usize>,
    /// Rows to leave out first.
    skip: Option<usize>,
    /// Whether to count all matching rows.
    count: Option<bool>,
    /// A figure in place of rows.
    aggregate: Option<Aggregate>,
    /// Only rows where two properties compare so, for example `inventory lt safetyStock`.
    compare: Option<String>,
    /// Saves a file of the record `id` for the person: `picture`, `pdfDocument`, `attachmentContent`.
    save: Option<String>,
    /// Reads again where an answer of the last minutes would do.
    refresh: Option<bool>,
}

/// A list of names, also where a model writes `a, b` as one text.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(super) enum Names {
    List(Vec<String>),
    Text(String),
}

impl Names {
    pub(super) fn list(&self) -> Vec<String> {
        let split = |text: &String| text.split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect::<Vec<_>>();
        match self {
            Self::List(names) => names.iter().flat_map(split).collect(),
            Self::Text(names) => split(names),
        }
    }
}

/// Answers from what was read in the last minutes where that will do; says so, and how old it is.
pub(super) async fn run(bc: &BusinessCentral, input: &Input, request: &str, cancel: &CancellationToken) -> Result<Answer, Answer> {
    let client = bc.client()?;
    let Some(request) = request_key(request).filter(|_| input.save.is_none()) else {
        return asked(bc, client, input, cancel).await;
    };
    let key = Key::new(client.target(), request);
    match bc.intents.books_version(client.target()).await {
        Ok(books) => bc.cache.follow(books),
        // What is not known to be so any more is not given for what stands there now.
        Err(fault) => {
            tracing::warn!(%fault, "it is not known whether another process wrote to the books");
            bc.cache.clear();
        }
    }
    let kept = bc.cache.get(&key, bc.clock.monotonic());
    if input.refresh != Some(true)
        && let Some(kept) = kept.as_ref().filter(|kept| kept.is_fresh())
    {
        return Ok(told(kept, "Ask with refresh to read it again."));
    }
    let began = bc.cache.begin();
    let as_of = client.time_there();
    let answer = asked(bc, client, input, cancel).await.map(|answer| dated(answer, as_of));
    match (&answer, kept) {
        (Ok(answer), _) => bc.cache.put(key, &answer.json, began, bc.clock.monotonic()),
        (Err(fault), Some(kept)) if super::is_unavailable(fault) => {
            return Ok(told(&kept, "Business Central can't be reached just now, so this is what it said then."));
        }
        (Err(_), _) => {}
    }
    answer
}

/// The request without `refresh`, its members in the order of their names.
fn request_key(input: &str) -> Option<String> {
    let Ok(Json::Object(mut members)) = Json::parse(input) else { return None };
    members.retain(|(name, value)| name != "refresh" && *value != Json::Null);
    members.sort_by(|(a, _), (b, _)| a.cmp(b));
    Some(Json::Object(members).to_string())
}

/// An answer with the time when it was asked for, by Business Central's clock: what was changed later is not in it.
fn dated(answer: Answer, as_of: Timestamp) -> Answer {
    let Json::Object(mut members) = answer.json else { return answer };
    members.push(("as_of".to_owned(), text(as_of.to_string())));
    Answer { json: Json::Object(members), ..answer }
}

/// What an input would read, for a look at whether that was changed: the rows of its query, or its one record.
pub(super) fn rows_of(input: &str) -> Result<Query, BcError> {
    let unfit = |_| BcError::BadQuery("This is no question for records.".into());
    let input: Input = serde_json::from_str(input).map_err(unfit)?;
    let entity = Catalogue::get().find(&input.entity).ok_or_else(|| BcError::BadQuery("There are no such records.".into()))?;
    let query = query(entity, &input)?;
    Ok(match &input.id {
        Some(id) => Query::of(SetPath::of(&entity.set)?).filtered(Filter::parse(&format!("id eq {}", bca_bc::RecordId::parse(id)?))?),
        None => query,
    })
}

/// A kept answer with its age first, so that nobody overlooks it.
fn told(kept: &Kept, advice: &str) -> Answer {
    let mut members = vec![("age".to_owned(), text(format!("{}. {advice}", kept.told())))];
    members.extend(kept.json.members().unwrap_or_default().iter().cloned());
    Answer::ok(Json::Object(members))
}

async fn asked(bc: &BusinessCentral, client: &Client, input: &Input, cancel: &CancellationToken) -> Result<Answer, Answer> {
    let entity = entity(&input.entity)?;
    if let Some(id) = &input.id {
        return match &input.save {
            Some(name) => saved(bc, client, entity, id, name, cancel).await,
            None => one(client, entity, id, input, cancel).await,
        };
    }
    if input.save.is_some() {
        return Err(Answer::error("invalid_input", "Name the record by its `id` to save a file of it."));
    }
    let query = query(entity, input).map_err(|e| failed(&e))?;
    let comparing = input.compare.as_deref().map(|text| Comparing::parse(entity, text)).transpose()?;
    match (&input.aggregate, comparing) {
        (Some(aggregate), comparing) => aggregate::run(bc, client, entity, query, aggregate, comparing.as_ref(), cancel).await,
        (None, Some(comparing)) => compared(client, entity, query, input, &comparing, cancel).await,
        (None, None) => listed(client, entity, query, input, cancel).await,
    }
}

/// A file of a record, saved; the answer names it and holds nothing of it.
async fn saved(bc: &BusinessCentral, client: &Client, entity: &Entity, id: &str, name: &str, cancel: &CancellationToken) -> Result<Answer, Answer> {
    let folder = bc.files.as_deref().ok_or_else(|| Answer::error("no_folder", "Files can't be saved here."))?;
    let record = RecordPath::of(&entity.set, id).map_err(|e| failed(&e))?;
    let path = MediaPath::find(Catalogue::get(), &record, name).map_err(|e| failed(&e))?;
    let row = client.get(&record, &with_id(entity, entity.label.clone()), &[], cancel).await.map_err(|e| failed(&e))?;
    let stem = format!("{} {} {name}", entity.singular, preview::name_of(entity, &row.json));
    let saved = files::save(client, &path, folder, &stem, cancel).await.map_err(|e| failed(&e))?;
    Ok(Answer::ok(object([
        ("entity", text(&entity.set)),
        ("saved", object([("file", text(saved.name)), ("bytes", number(saved.bytes)), ("type", text(saved.content_type))])),
        ("note", text("The file is in the folder of attachments, where the person can open it.")),
    ])))
}

/// Rows where two properties compare as asked: Business Central can't, so the engine looks through the rows.
async fn compared(
    client: &Client,
    entity: &Entity,
    mut query: Query,
    input: &Input,
    comparing: &Comparing,
    cancel: &CancellationToken,
) -> Result<Answer, Answer> {
    let wanted = input.top.unwrap_or(DEFAULT_ROWS).min(MAX_ROWS);
    let shown_anyway = query.select.clone();
    query.select.extend(comparing.properties().into_iter().filter(|name| !shown_anyway.contains(name)).collect::<Vec<_>>());
    query.skip = None;
    let (mut rows, mut rows_read, mut matching, mut truncated) = (Vec::new(), 0_usize, 0_usize, false);
    let pages = client.pages(&query, cancel);
    futures::pin_mut!(pages);
    while let Some(page) = pages.try_next().await.map_err(|e| failed(&e))? {
        rows_read += page.len();
        for row in page.into_iter().filter(|row| comparing.holds(&row.json)) {
            matching += 1;
            if matching > input.skip.unwrap_or(0) && rows.len() < wanted {
                rows.push(plain(entity, row.json));
            }
        }
        if rows_read >= MAX_COMPARED {
            truncated = true;
            break;
        }
    }
    let more = matching > input.skip.unwrap_or(0) + rows.len();
    let shown = rows.len();
    Ok(Answer::ok(sparse([
        ("entity", Some(text(&entity.set))),
        ("captions", captions(entity, &rows)),
        ("count", (!truncated).then(|| number(matching))),
        ("rows", Some(Json::Array(rows))),
        ("shown", Some(number(shown))),
        ("truncated", Some(Json::Bool(truncated || more))),
        ("next_skip", more.then(|| number(input.skip.unwrap_or(0) + shown))),
        ("rows_read", Some(number(rows_read))),
        ("note", truncated.then(|| text(format!("Only the first {MAX_COMPARED} rows were looked through. Filter more.")))),
    ])))
}

async fn one(client: &Client, entity: &Entity, id: &str, input: &Input, cancel: &CancellationToken) -> Result<Answer, Answer> {
    let path = RecordPath::of(&entity.set, id).map_err(|e| failed(&e))?;
    let select = input.select.as_ref().map(Names::list).unwrap_or_default();
    let expand = expands(input).map_err(|e| failed(&e))?;
    let record = client.get(&path, &with_id(entity, select), &expand, cancel).await.map_err(|e| failed(&e))?;
    let rows = vec![plain(entity, record.json)];
    Ok(Answer::ok(sparse([
        ("entity", Some(text(&entity.set))),
        ("captions", captions(entity, &rows)),
        ("rows", Some(Json::Array(rows))),
        ("shown", Some(number(1))),
        ("truncated", Some(Json::Bool(false))),
    ])))
}

/// Names, or OData's own form with options: `salesOrderLines($select=quantity)`.
fn expands(input: &Input) -> Result<Vec<Expand>, BcError> {
    let text = match &input.expand {
        None => return Ok(Vec::new()),
        Some(Names::List(names)) => names.join(","),
        Some(Names::Text(names)) => names.clone(),
    };
    if text.trim().is_empty() { Ok(Vec::new()) } else { Expand::parse_list(&text) }
}

/// Members of enumerations as people write them; everything else as it came.
pub(super) fn plain(entity: &Entity, row: Json) -> Json {
    let Json::Object(members) = row else { return row };
    let readable = |(name, value): (String, Json)| {
        let is_member = entity.property(&name).is_some_and(|p| matches!(p.kind, PropertyKind::Enum(_)));
        let value = match value {
            Json::String(member) if is_member => text(bca_bc::decode_member(&member).trim()),
            other => other,
        };
        (name, value)
    };
    Json::Object(members.into_iter().map(readable).collect())
}

/// The id goes with every row: it is what changes are made by.
fn with_id(entity: &Entity, mut select: Vec<String>) -> Vec<String> {
    if !select.is_empty() && entity.property("id").is_some() && !select.iter().any(|name| name == "id") {
        select.insert(0, "id".to_owned());
    }
    select
}

fn query(entity: &Entity, input: &Input) -> Result<Query, BcError> {
    let from = match &input.parent {
        None => SetPath::of(&entity.set)?,
        Some(parent) => {
            let owner = Catalogue::get().find(&parent.entity).map_or(parent.entity.clone(), |e| e.set.clone());
            let navigation = entity.parents.iter().find(|p| p.set == owner).map_or(entity.set.as_str(), |p| p.navigation.as_str());
            SetPath::below(&RecordPath::of(&owner, &parent.id)?, navigation)?
        }
    };
    let mut query = Query::of(from);
    query.filter = input.filter.as_deref().filter(|f| !f.trim().is_empty()).map(Filter::parse).transpose()?;
    let asked = input.select.as_ref().map(Names::list).unwrap_or_default();
    query.select = with_id(entity, if asked.is_empty() { entity.summary.clone() } else { asked });
    query.expand = expands(input)?;
    query.order_by = input.orderby.as_ref().map(|names| OrderBy::parse_list(&names.list().join(","))).transpose()?.unwrap_or_default();
    query.skip = input.skip;
    query.count = if input.count == Some(true) { Count::Wanted } else { Count::Unwanted };
    Ok(query)
}

async fn listed(client: &Client, entity: &Entity, mut query: Query, input: &Input, cancel: &CancellationToken) -> Result<Answer, Answer> {
    let wanted = input.top.unwrap_or(DEFAULT_ROWS).min(MAX_ROWS);
    // One more than is given tells whether there are more.
    query.top = Some(wanted.saturating_add(1));
    let page = client.query(&query, cancel).await.map_err(|e| failed(&e))?;
    let more = page.rows.len() > wanted;
    let rows: Vec<Json> = page.rows.into_iter().take(wanted).map(|record: Record| plain(entity, record.json)).collect();
    let asked_for_all_shown = input.top.is_some_and(|top| top <= MAX_ROWS);
    let truncated = more && !asked_for_all_shown;
    let shown = rows.len();
    Ok(Answer::ok(sparse([
        ("entity", Some(text(&entity.set))),
        ("captions", captions(entity, &rows)),
        ("count", page.count.map(number)),
        ("rows", Some(Json::Array(rows))),
        ("shown", Some(number(shown))),
        ("truncated", Some(Json::Bool(truncated))),
        ("next_skip", (more && shown > 0).then(|| number(input.skip.unwrap_or(0) + shown))),
        ("note", truncated.then(|| text("There are more rows. Use a filter, a larger top, skip, count or aggregate."))),
    ])))
}

#[cfg(test)]
#[path = "query_entities_tests.rs"]
mod tests;
