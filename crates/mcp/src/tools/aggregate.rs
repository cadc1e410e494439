//! Figures over many rows, computed here from streamed pages: Business Central has no aggregation that it documents
//! (docs/business-central.md, section 4). Exact decimals, and caps that are told.

use std::{collections::BTreeMap, str::FromStr};

use bca_bc::{Client, Query};
use bca_catalogue::{Entity, PropertyKind};
use bca_protocol::Json;
use futures::TryStreamExt;
use jiff::civil::Date;
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::Deserialize;
use tokio_util::sync::CancellationToken;

use super::{
    BusinessCentral, failed,
    query_entities::{Names, plain},
    verify,
};
use crate::answer::{Answer, number, object, sparse, text};

/// Rows that are read at most.
const MAX_READ: usize = 1_000_000;

/// Rows in one page: few round trips for many rows, and still little memory.
const PAGE: usize = 5_000;

/// Groups kept at most while rows are read.
const MAX_GROUPS: usize = 100_000;

/// Groups given at most.
const MAX_GIVEN: usize = 1_000;

/// Where spans of overdue days end, where nobody says otherwise.
const EDGES: [i32; 4] = [0, 30, 60, 90];

#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Aggregate {
    op: Op,
    /// Property to compute over; not needed for count.
    property: Option<String>,
    /// Properties to group by; dates also as `postingDate:month`, `:quarter`, `:year`.
    #[schemars(with = "Option<Vec<String>>")]
    by: Option<Names>,
    /// Date property to group by days before today, for example `dueDate`: not due, 1-30, 31-60, 61-90, over 90.
    overdue: Option<String>,
    /// Other ends of these spans, for example `[0,14,45]`.
    days: Option<Vec<i32>>,
    /// Only groups with at least this value.
    #[schemars(with = "Option<f64>")]
    at_least: Option<Json>,
    /// Only groups with at most this value.
    #[schemars(with = "Option<f64>")]
    at_most: Option<Json>,
    /// Groups at most, the largest first unless `direction` is asc.
    top: Option<usize>,
    direction: Option<Way>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Op {
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

/// A group's running figure.
#[derive(Default)]
pub(super) struct Figure {
    /// Rows of the group.
    rows: u64,
    /// Rows that have a value.
    count: u64,
    sum: Decimal,
    least: Option<Decimal>,
    most: Option<Decimal>,
}

impl Figure {
    /// `None` where the sum leaves what a decimal can hold exactly.
    pub(super) fn add(&mut self, value: Option<Decimal>) -> Option<()> {
        self.rows += 1;
        if let Some(value) = value {
            self.count += 1;
            self.sum = exact_sum(self.sum, value)?;
            self.least = Some(self.least.map_or(value, |least| least.min(value)));
            self.most = Some(self.most.map_or(value, |most| most.max(value)));
        }
        Some(())
    }

    pub(super) fn value(&self, op: Op) -> Option<Decimal> {
        match op {
            Op::Sum => Some(self.sum),
            Op::Count => Some(self.rows.into()),
            Op::Min => self.least,
            Op::Max => self.most,
            Op::Average => self.sum.checked_div(self.count.into()),
        }
    }
}

/// The sum, unless it had to be rounded: 28 digits hold any books, and a rounded total is a wrong one.
fn exact_sum(a: Decimal, b: Decimal) -> Option<Decimal> {
    let sum = a.checked_add(b)?;
    (sum.checked_sub(b) == Some(a) && sum.checked_sub(a) == Some(b)).then_some(sum)
}

/// What rows are grouped by.
enum GroupBy {
    /// The value of a property.
    Value(String),
    /// The year, quarter or month of a date.
    Span(String, Span),
    /// Days between a date and today.
    Overdue { property: String, edges: Vec<i32>, today: Date },
}

#[derive(Clone, Copy)]
enum Span {
    Year,
    Quarter,
    Month,
}

impl GroupBy {
    fn property(&self) -> &str {
        match self {
            Self::Value(property) | Self::Span(property, _) | Self::Overdue { property, .. } => property,
        }
    }

    /// The name of the group's part in the answer, and its order among others.
    fn name(&self) -> String {
        match self {
            Self::Value(property) => property.clone(),
            Self::Span(property, Span::Year) => format!("{property}:year"),
            Self::Span(property, Span::Quarter) => format!("{property}:quarter"),
            Self::Span(property, Span::Month) => format!("{property}:month"),
            Self::Overdue { .. } => "overdue".to_owned(),
        }
    }

    /// A row's part of the key: what sorts, and what is shown.
    fn of(&self, row: &Json) -> (String, Json) {
        let value = row.get(self.property()).cloned().unwrap_or(Json::Null);
        let date = || value.as_str().and_then(|text| text.get(..10)).and_then(|day| day.parse::<Date>().ok()).filter(|day| day.year() > 1);
        match self {
            Self::Value(_) => (value.to_string(), value),
            Self::Span(_, span) => {
                let shown = date().map_or_else(
                    || "none".to_owned(),
                    |day| match span {
                        Span::Year => format!("{:04}", day.year()),
                        Span::Quarter => format!("{:04}-Q{}", day.year(), (day.month() - 1) / 3 + 1),
                        Span::Month => format!("{:04}-{:02}", day.year(), day.month()),
                    },
                );
                (shown.clone(), text(shown))
            }
            Self::Overdue { edges, today, .. } => {
                let Some(day) = date() else { return ("z".to_owned(), text("no date")) };
                let days = (*today - day).get_days();
                let place = edges.iter().position(|edge| days <= *edge).unwrap_or(edges.len());
                (format!("{place:04}"), text(span_name(edges, place)))
            }
        }
    }
}

/// `not due`, `1-30 days`, `over 90 days`.
fn span_name(edges: &[i32], place: usize) -> String {
    let edge = |at: usize| edges.get(at).copied();
    match (place.checked_sub(1).and_then(edge), edge(place)) {
        (None, Some(0)) => "not due".to_owned(),
        (None, Some(to)) => format!("up to {to} days"),
        (Some(from), Some(to)) => format!("{}-{to} days", from.saturating_add(1)),
        (Some(from), None) => format!("over {from} days"),
        (None, None) => "all".to_owned(),
    }
}

/// One row's property held against another one's.
pub(super) struct Comparing {
    left: String,
    operator: Operator,
    right: String,
}

#[derive(Clone, Copy)]
enum Operator {
    Equal,
    NotEqual,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

impl Comparing {
    /// Reads `inventory lt safetyStock`: two properties of one kind.
    pub(super) fn parse(entity: &Entity, given: &str) -> Result<Self, Answer> {
        let shape = || Answer::error("bad_query", "compare takes two properties and eq, ne, gt, ge, lt or le between them: inventory lt safetyStock.");
        let words: Vec<&str> = given.split_whitespace().collect();
        let [left, operator, right] = words.as_slice() else { return Err(shape()) };
        let operator = match operator.to_ascii_lowercase().as_str() {
            "eq" => Operator::Equal,
            "ne" => Operator::NotEqual,
            "gt" => Operator::Greater,
            "ge" => Operator::GreaterOrEqual,
            "lt" => Operator::Less,
            "le" => Operator::LessOrEqual,
            _ => return Err(shape()),
        };
        let find = |name: &str| entity.property(name).ok_or_else(|| unknown(entity, name));
        let (left, right) = (find(left)?, find(right)?);
        let sort = |kind: &PropertyKind| match kind {
            PropertyKind::Decimal | PropertyKind::Integer => 0,
            PropertyKind::Date => 1,
            PropertyKind::DateTime => 2,
            PropertyKind::String | PropertyKind::Code | PropertyKind::Guid | PropertyKind::Boolean | PropertyKind::Enum(_) => 3,
            PropertyKind::Stream => 4,
        };
        if sort(&left.kind) != sort(&right.kind) || sort(&left.kind) == 4 {
            return Err(Answer::error("bad_query", format!("`{}` and `{}` can't be compared: they are of different kinds.", left.name, right.name)));
        }
        Ok(Self { left: left.name.clone(), operator, right: right.name.clone() })
    }

    pub(super) fn properties(&self) -> Vec<String> {
        if self.left == self.right { vec![self.left.clone()] } else { vec![self.left.clone(), self.right.clone()] }
    }

    pub(super) fn holds(&self, row: &Json) -> bool {
        let (Some(left), Some(right)) = (row.get(&self.left).and_then(Json::display), row.get(&self.right).and_then(Json::display)) else { return false };
        let order = match (verify::decimal(&left), verify::decimal(&right)) {
            (Some(left), Some(right)) => left.cmp(&right),
            _ => left.cmp(&right),
        };
        match self.operator {
            Operator::Equal => order.is_eq(),
            Operator::NotEqual => order.is_ne(),
            Operator::Greater => order.is_gt(),
            Operator::GreaterOrEqual => order.is_ge(),
            Operator::Less => order.is_lt(),
            Operator::LessOrEqual => order.is_le(),
        }
    }
}

/// Groups as they grow, by the texts that sort them.
type Groups = BTreeMap<Vec<String>, (Vec<Json>, Figure)>;

pub(super) async fn run(
    bc: &BusinessCentral,
    client: &Client,
    entity: &Entity,
    mut query: Query,
    aggregate: &Aggregate,
    comparing: Option<&Comparing>,
    cancel: &CancellationToken,
) -> Result<Answer, Answer> {
    let by = group_by(bc, entity, aggregate)?;
    let property = match (&aggregate.property, aggregate.op) {
        (Some(name), Op::Count) => Some(property_of(entity, name)?),
        (Some(name), _) => Some(numeric(entity, name)?),
        (None, Op::Count) => None,
        (None, Op::Sum | Op::Min | Op::Max | Op::Average) => return Err(Answer::error("invalid_input", "Name the `property` to compute over.")),
    };
    query.select = Vec::new();
    for name in by.iter().map(|by| by.property().to_owned()).chain(property.clone()).chain(comparing.map(Comparing::properties).unwrap_or_default()) {
        if !query.select.contains(&name) {
            query.select.push(name);
        }
    }
    if query.select.is_empty() {
        query.select = entity.key.clone();
    }
    let total = partner_of_aged(entity);
    query.select.extend(total.filter(|partner| !query.select.iter().any(|name| name == partner)).map(str::to_owned));
    query.expand = Vec::new();
    query.order_by = Vec::new();
    query.skip = None;
    query.top = None;
    query.page_rows = Some(PAGE);
    let mut groups = Groups::new();
    let (mut rows_read, mut truncated) = (0_usize, None);
    let pages = client.pages(&query, cancel);
    futures::pin_mut!(pages);
    while let Some(rows) = pages.try_next().await.map_err(|e| failed(&e))? {
        for row in rows {
            if rows_read == MAX_READ {
                truncated = Some(format!("Only the first {MAX_READ} rows were read: the figures are not complete. Filter more."));
                break;
            }
            rows_read += 1;
            if comparing.is_none_or(|comparing| comparing.holds(&row.json)) && !total.is_some_and(|partner| is_total(&row.json, partner)) {
                add(&mut groups, &by, property.as_deref(), &row.json)?;
            }
        }
        if groups.len() > MAX_GROUPS {
            truncated = Some(format!("There are more than {MAX_GROUPS} groups: the figures are not complete. Group by something coarser, or filter more."));
        }
        if truncated.is_some() {
            break;
        }
    }
    answer(entity, aggregate, &by, groups, rows_read, truncated)
}

/// The aged reports end with a row for all partners together, which has no partner (docs/business-central.md, section 12): it counts twice.
fn partner_of_aged(entity: &Entity) -> Option<&'static str> {
    match entity.set.as_str() {
        "agedAccountsReceivables" => Some("customerId"),
        "agedAccountsPayables" => Some("vendorId"),
        _ => None,
    }
}

fn is_total(row: &Json, partner: &str) -> bool {
    row.get(partner).and_then(Json::as_str).is_none_or(bca_bc::is_empty_value)
}

fn add(groups: &mut Groups, by: &[GroupBy], property: Option<&str>, row: &Json) -> Result<(), Answer> {
    let (sorted, shown): (Vec<String>, Vec<Json>) = by.iter().map(|by| by.of(row)).unzip();
    let value = property.and_then(|name| row.get(name)).and_then(Json::display).and_then(|v| verify::decimal(&v));
    let (_, figure) = groups.entry(sorted).or_insert_with(|| (shown, Figure::default()));
    figure.add(value).ok_or_else(|| Answer::error("out_of_range", "The total is larger than can be computed exactly. Group or filter more."))
}

fn group_by(bc: &BusinessCentral, entity: &Entity, aggregate: &Aggregate) -> Result<Vec<GroupBy>, Answer> {
    let is_date = |name: &str| entity.property(name).is_some_and(|p| matches!(p.kind, PropertyKind::Date | PropertyKind::DateTime));
    let no_date = |name: &str| Answer::error("bad_query", format!("`{name}` is no date of {}.", entity.set));
    let one = |name: &String| match name.split_once(':') {
        None => property_of(entity, name).map(GroupBy::Value),
        Some((property, _)) if !is_date(property) => Err(no_date(property)),
        Some((property, "year")) => Ok(GroupBy::Span(property.to_owned(), Span::Year)),
        Some((property, "quarter")) => Ok(GroupBy::Span(property.to_owned(), Span::Quarter)),
        Some((property, "month")) => Ok(GroupBy::Span(property.to_owned(), Span::Month)),
        Some((_, other)) => Err(Answer::error("bad_query", format!("Dates are grouped by year, quarter or month, not by {}.", other.escape_debug()))),
    };
    let mut by = aggregate.by.as_ref().map(Names::list).unwrap_or_default().iter().map(one).collect::<Result<Vec<_>, _>>()?;
    if let Some(property) = &aggregate.overdue {
        if !is_date(property) {
            return Err(no_date(property));
        }
        let edges = aggregate.days.clone().unwrap_or_else(|| EDGES.to_vec());
        if edges.is_empty() || edges.len() > 50 || !edges.is_sorted_by(|a, b| a < b) {
            return Err(Answer::error("invalid_input", "`days` are ends of spans that grow: [0,30,60,90]."));
        }
        by.push(GroupBy::Overdue { property: property.clone(), edges, today: bc.today() });
    }
    Ok(by)
}

/// The answer, once all rows are counted.
fn answer(entity: &Entity, aggregate: &Aggregate, by: &[GroupBy], groups: Groups, rows_read: usize, truncated: Option<String>) -> Result<Answer, Answer> {
    let mut found: Vec<(Vec<Json>, Figure)> = groups.into_values().collect();
    if found.is_empty() && by.is_empty() {
        found.push((Vec::new(), Figure::default()));
    }
    let bound = |given: &Option<Json>| match given.as_ref().map(|json| json.display().and_then(|text| Decimal::from_str(&text).ok())) {
        None => Ok(None),
        Some(Some(bound)) => Ok(Some(bound)),
        Some(None) => Err(Answer::error("invalid_input", "`at_least` and `at_most` are numbers.")),
    };
    let (least, most) = (bound(&aggregate.at_least)?, bound(&aggregate.at_most)?);
    found.retain(|(_, figure)| {
        let value = figure.value(aggregate.op);
        least.is_none_or(|least| value.is_some_and(|value| value >= least)) && most.is_none_or(|most| value.is_some_and(|value| value <= most))
    });
    // Spans of days are read in their own order, unless somebody asks for the largest.
    if aggregate.overdue.is_none() || aggregate.top.is_some() || aggregate.direction.is_some() {
        sort(&mut found, aggregate);
    }
    let all = found.len();
    found.truncate(aggregate.top.unwrap_or(MAX_GIVEN).min(MAX_GIVEN));
    let cut = aggregate.top.is_none() && found.len() < all;
    let note = truncated.clone().or_else(|| cut.then(|| format!("{all} groups; the first {MAX_GIVEN} are shown.")));
    let groups = found.into_iter().map(|(key, figure)| group(entity, by, key, &figure, aggregate.op)).collect();
    Ok(Answer::ok(sparse([
        ("entity", Some(text(&entity.set))),
        ("groups", Some(Json::Array(groups))),
        ("rows_read", Some(number(rows_read))),
        ("truncated", Some(Json::Bool(truncated.is_some() || cut))),
        ("note", note.map(text)),
    ])))
}

fn unknown(entity: &Entity, name: &str) -> Answer {
    let shown: String = name.chars().take(80).flat_map(char::escape_debug).collect();
    Answer::error("unknown_property", format!("{} have no property `{shown}`.", entity.title))
}

/// A property that rows show.
fn property_of(entity: &Entity, name: &str) -> Result<String, Answer> {
    entity.property(name).filter(|p| p.kind != PropertyKind::Stream).map(|p| p.name.clone()).ok_or_else(|| unknown(entity, name))
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

fn group(entity: &Entity, by: &[GroupBy], key: Vec<Json>, figure: &Figure, op: Op) -> Json {
    let key = plain(entity, Json::Object(by.iter().map(GroupBy::name).zip(key).collect()));
    // Averages are rounded to the five places that Business Central itself keeps.
    let value = figure.value(op).map(|value| if op == Op::Average { value.round_dp(5) } else { value });
    let value = value.map_or(Json::Null, |value| text(value.normalize().to_string()));
    object([("by", key), ("value", value), ("count", number(figure.rows))])
}

#[cfg(test)]
#[path = "aggregate_tests.rs"]
mod tests;
