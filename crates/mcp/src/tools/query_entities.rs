//! `bc_query_entities`: reads records: one, some, or a figure over many.

use std::collections::BTreeMap;

use bca_bc::{BcError, Client, Count, Expand, Filter, OrderBy, Query, Record, RecordPath, SetPath};
use bca_catalogue::{Entity, PropertyKind};
use bca_protocol::Json;
use futures::TryStreamExt;
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::Deserialize;
use tokio_util::sync::CancellationToken;

use super::{BusinessCentral, ParentInput, entity, failed, verify};
use crate::answer::{Answer, number, object, sparse, text};

pub(super) const DESCRIPTION: &str = "Reads records of an entity set: one by id, a filtered and sorted list, a count, or an aggregate (sum, count, min, max, average; grouped, top N) \
computed exactly over all matching rows. Changes nothing.";

/// Rows given where nobody asked for a number.
const DEFAULT_ROWS: usize = 50;

/// Rows given at most.
const MAX_ROWS: usize = 1_000;

/// Rows that an aggregate reads at most.
const MAX_AGGREGATED: usize = 200_000;

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
}

/// A list of names, also where a model writes `a, b` as one text.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum Names {
    List(Vec<String>),
    Text(String),
}

impl Names {
    fn list(&self) -> Vec<String> {
        let split = |text: &String| text.split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect::<Vec<_>>();
        match self {
            Self::List(names) => names.iter().flat_map(split).collect(),
            Self::Text(names) => split(names),
        }
    }
}

#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Aggregate {
    op: Op,
    /// Property to compute over; not needed for count.
    property: Option<String>,
    /// Properties to group by.
    #[schemars(with = "Option<Vec<String>>")]
    by: Option<Names>,
    /// Groups at most, the largest first unless `direction` is asc.
    top: Option<usize>,
    direction: Option<Way>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Op {
    Sum,
    Count,
    Min,
    Max,
    Average,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Way {
    Asc,
    Desc,
}

pub(super) async fn run(bc: &BusinessCentral, input: &Input, cancel: &CancellationToken) -> Result<Answer, Answer> {
    let client = bc.client()?;
    let entity = entity(&input.entity)?;
    if let Some(id) = &input.id {
        return one(client, entity, id, input, cancel).await;
    }
    let query = query(entity, input).map_err(|e| failed(&e))?;
    match &input.aggregate {
        Some(aggregate) => aggregated(client, entity, query, aggregate, cancel).await,
        None => listed(client, entity, query, input, cancel).await,
    }
}

async fn one(client: &Client, entity: &Entity, id: &str, input: &Input, cancel: &CancellationToken) -> Result<Answer, Answer> {
    let path = RecordPath::of(&entity.set, id).map_err(|e| failed(&e))?;
    let select = input.select.as_ref().map(Names::list).unwrap_or_default();
    let expand = expands(input).map_err(|e| failed(&e))?;
    let record = client.get(&path, &with_id(entity, select), &expand, cancel).await.map_err(|e| failed(&e))?;
    Ok(Answer::ok(object([
        ("entity", text(&entity.set)),
        ("rows", Json::Array(vec![plain(entity, record.json)])),
        ("shown", number(1)),
        ("truncated", Json::Bool(false)),
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
fn plain(entity: &Entity, row: Json) -> Json {
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
            let owner = bca_catalogue::Catalogue::get().find(&parent.entity).map_or(parent.entity.clone(), |e| e.set.clone());
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
        ("count", page.count.map(number)),
        ("rows", Some(Json::Array(rows))),
        ("shown", Some(number(shown))),
        ("truncated", Some(Json::Bool(truncated))),
        ("next_skip", more.then(|| number(input.skip.unwrap_or(0) + shown))),
        ("note", truncated.then(|| text("There are more rows. Use a filter, a larger top, skip, count or aggregate."))),
    ])))
}

/// A group's running figure.
#[derive(Default)]
struct Figure {
    count: u64,
    sum: Decimal,
    least: Option<Decimal>,
    most: Option<Decimal>,
}

impl Figure {
    /// `None` where the sum leaves what a decimal can hold exactly.
    fn add(&mut self, value: Option<Decimal>) -> Option<()> {
        self.count += 1;
        if let Some(value) = value {
            self.sum = self.sum.checked_add(value)?;
            self.least = Some(self.least.map_or(value, |least| least.min(value)));
            self.most = Some(self.most.map_or(value, |most| most.max(value)));
        }
        Some(())
    }

    fn value(&self, op: Op) -> Option<Decimal> {
        match op {
            Op::Sum => Some(self.sum),
            Op::Count => Some(self.count.into()),
            Op::Min => self.least,
            Op::Max => self.most,
            Op::Average => self.sum.checked_div(self.count.into()),
        }
    }
}

async fn aggregated(client: &Client, entity: &Entity, mut query: Query, aggregate: &Aggregate, cancel: &CancellationToken) -> Result<Answer, Answer> {
    let by = aggregate.by.as_ref().map(Names::list).unwrap_or_default();
    let property = match (&aggregate.property, aggregate.op) {
        (Some(name), _) => Some(numeric(entity, name)?),
        (None, Op::Count) => None,
        (None, Op::Sum | Op::Min | Op::Max | Op::Average) => return Err(Answer::error("invalid_input", "Name the `property` to compute over.")),
    };
    query.select = by.iter().chain(&property).cloned().collect();
    if query.select.is_empty() {
        query.select = entity.key.clone();
    }
    query.expand = Vec::new();
    query.order_by = Vec::new();
    query.skip = None;
    query.top = None;
    let mut groups: BTreeMap<Vec<String>, (Vec<Json>, Figure)> = BTreeMap::new();
    let mut rows_read = 0_usize;
    let mut truncated = false;
    let pages = client.pages(&query, cancel);
    futures::pin_mut!(pages);
    while let Some(rows) = pages.try_next().await.map_err(|e| failed(&e))? {
        for row in rows {
            if rows_read == MAX_AGGREGATED {
                truncated = true;
                break;
            }
            rows_read += 1;
            let key: Vec<Json> = by.iter().map(|name| row.json.get(name).cloned().unwrap_or(Json::Null)).collect();
            let value = property.as_ref().and_then(|name| row.json.get(name)).and_then(Json::display).and_then(|v| verify::decimal(&v));
            let (_, figure) = groups.entry(key.iter().map(Json::to_string).collect()).or_insert_with(|| (key, Figure::default()));
            figure.add(value).ok_or_else(|| Answer::error("out_of_range", "The total is larger than can be computed exactly. Group or filter more."))?;
        }
        if truncated {
            break;
        }
    }
    let mut found: Vec<(Vec<Json>, Figure)> = groups.into_values().collect();
    if found.is_empty() && by.is_empty() {
        found.push((Vec::new(), Figure::default()));
    }
    sort(&mut found, aggregate);
    found.truncate(aggregate.top.unwrap_or(MAX_ROWS).min(MAX_ROWS));
    let groups = found.into_iter().map(|(key, figure)| group(&by, key, &figure, aggregate.op)).collect();
    Ok(Answer::ok(sparse([
        ("entity", Some(text(&entity.set))),
        ("groups", Some(Json::Array(groups))),
        ("rows_read", Some(number(rows_read))),
        ("truncated", Some(Json::Bool(truncated))),
        ("note", truncated.then(|| text(format!("Only the first {MAX_AGGREGATED} rows were read: the figures are not complete. Filter more.")))),
    ])))
}

fn numeric(entity: &Entity, name: &str) -> Result<String, Answer> {
    match entity.property(name).map(|p| (&p.name, &p.kind)) {
        Some((name, PropertyKind::Decimal | PropertyKind::Integer)) => Ok(name.clone()),
        // Reports give amounts as formatted text; adding those up would be guessing.
        Some((name, _)) => Err(Answer::error("not_a_number", format!("`{name}` holds no numbers."))),
        None => {
            let numbers: Vec<&str> =
                entity.properties.iter().filter(|p| matches!(p.kind, PropertyKind::Decimal | PropertyKind::Integer)).map(|p| p.name.as_str()).collect();
            Err(Answer::error_with(
                "unknown_property",
                format!("{} have no property `{name}`.", entity.title),
                format!("Numbers there: {}.", numbers.join(", ")),
            ))
        }
    }
}

/// By value, the largest first unless asked otherwise; equal ones by their key, so that the order is the same each time.
fn sort(groups: &mut [(Vec<Json>, Figure)], aggregate: &Aggregate) {
    groups.sort_by(|(_, a), (_, b)| {
        let order = a.value(aggregate.op).cmp(&b.value(aggregate.op));
        match aggregate.direction.unwrap_or(Way::Desc) {
            Way::Asc => order,
            Way::Desc => order.reverse(),
        }
    });
}

fn group(by: &[String], key: Vec<Json>, figure: &Figure, op: Op) -> Json {
    let key = Json::Object(by.iter().cloned().zip(key).collect());
    // Averages are rounded to the five places that Business Central itself keeps.
    let value = figure.value(op).map(|value| if op == Op::Average { value.round_dp(5) } else { value });
    let value = value.map_or(Json::Null, |value| text(value.normalize().to_string()));
    object([("by", key), ("value", value), ("count", number(figure.count))])
}

#[cfg(test)]
#[path = "query_entities_tests.rs"]
mod tests;
