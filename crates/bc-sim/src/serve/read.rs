//! Reading: lists, single records and counts, as JSON.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::books::{journals, reports};
use crate::data::facts::{EntitySet, Kind, Property};
use crate::data::layout::Table;
use crate::data::row::Row;
use crate::data::session::Session;
use crate::data::value::{Cell, NO_ID, NO_TIME, encode_member, write_decimal, write_string};
use crate::error::{Answer, ApiError};
use crate::odata::filter::{self, Compare, Expr, Subject};
use crate::odata::filter_sql::compile;
use crate::odata::literal::Literal;
use crate::odata::options::{Direction, Expand, QueryOptions};
use crate::serve::link::{Link, link};

/// Most rows in one answer; the service's own limit.
pub(crate) const LARGEST_PAGE: u64 = 20_000;

/// The rows of a set, or those that belong to one record.
#[derive(Clone, Debug)]
pub(crate) struct Scope {
    pub set: &'static EntitySet,
    /// Column and value that all rows share.
    pub within: Option<(&'static str, String)>,
}

/// Largest answer, in bytes: a deep `$expand` over long documents must not fill the memory.
const LARGEST_ANSWER: usize = 512 * 1024 * 1024;

/// One page of a list.
pub(crate) struct Page {
    pub rows: Vec<Row>,
    /// The position behind the last row, when there are more.
    pub next: Option<Vec<Cell>>,
}

/// The etag of a version.
pub(crate) fn etag(row: &Row) -> String {
    format!("W/\"{}\"", STANDARD.encode(format!("44;{};{:08};", row.table.name.len(), row.version)))
}

/// Refuses a flat list of a set whose rows are only shown within their parent.
pub(crate) fn check_parent(scope: &Scope, options: &QueryOptions) -> Answer<()> {
    if !scope.set.list_needs_parent || scope.within.is_some() {
        return Ok(());
    }
    let parents = ["id", "documentId", "parentId", "journalId", "employeeId"];
    let pinned = options.filter.as_ref().is_some_and(|expr| parents.iter().any(|name| filter::pins(expr, name)));
    if pinned {
        return Ok(());
    }
    Err(ApiError::rule(if scope.set.property("documentId").is_some() {
        "You must specify an Id or a Document Id to get the lines."
    } else {
        "You must specify an Id or a parent Id to get the lines."
    }))
}

struct Condition {
    sql: String,
    parameters: Vec<Cell>,
}

fn condition(session: &Session, scope: &Scope, options: &QueryOptions) -> Condition {
    let mut out = Condition { sql: String::from(" WHERE "), parameters: Vec::new() };
    if scope.set.root {
        out.sql.push('1');
    } else {
        out.sql.push_str("company = ?");
        out.parameters.push(Cell::Int(session.company.get()));
    }
    if let Some((column, value)) = &scope.within {
        out.sql.push_str(&format!(" AND \"{column}\" = ?"));
        out.parameters.push(Cell::Text(value.clone()));
    }
    if let Some(template) = journals::default_template(scope, options.filter.as_ref()) {
        out.sql.push_str(" AND \"templateDisplayName\" = ?");
        out.parameters.push(template.into());
    }
    if let Some(expr) = &options.filter {
        out.sql.push_str(" AND ");
        compile(expr, &mut out.sql, &mut out.parameters);
    }
    out
}

/// How many rows match, whatever `$top` and `$skip` say.
pub(crate) fn count(session: &Session, scope: &Scope, options: &QueryOptions) -> Answer<i64> {
    let Some(table) = &scope.set.table else { return Ok(0) };
    reports::prepare(session, scope.set, options.filter.as_ref())?;
    let condition = condition(session, scope, options);
    let sql = format!("SELECT count(*) FROM \"{}\"{}", table.name, condition.sql);
    let mut statement = session.connection.prepare_cached(&sql)?;
    Ok(statement.query_row(rusqlite::params_from_iter(&condition.parameters), |row| row.get(0))?)
}

/// The order of a list, down to a unique column: each row has its own position.
fn order(table: &Table, set: &EntitySet, options: &QueryOptions) -> Vec<(String, Direction)> {
    let mut columns: Vec<(String, Direction)> = options.orderby.iter().map(|(property, direction)| (property.name.clone(), *direction)).collect();
    let mut add = |name: &str| {
        if !columns.iter().any(|(earlier, _)| earlier == name) {
            columns.push((name.to_owned(), Direction::Up));
        }
    };
    add(table.sort);
    if table.unique != Some(table.sort) {
        add(&set.key);
    }
    columns
}

/// "Behind this position", for any mix of directions.
fn behind(columns: &[(String, Direction)], position: &[Cell], condition: &mut Condition) -> Answer<()> {
    if columns.len() != position.len() {
        return Err(ApiError::bad_request("The $skiptoken does not belong to this query."));
    }
    condition.sql.push_str(" AND (");
    for (index, ((name, direction), cell)) in columns.iter().zip(position).enumerate() {
        let sign = if *direction == Direction::Up { '>' } else { '<' };
        if index + 1 == columns.len() {
            condition.sql.push_str(&format!("\"{name}\" {sign} ?"));
            condition.parameters.push(cell.clone());
        } else {
            condition.sql.push_str(&format!("\"{name}\" {sign}= ? AND (\"{name}\" {sign} ? OR ("));
            condition.parameters.extend([cell.clone(), cell.clone()]);
        }
    }
    condition.sql.push_str(&"))".repeat(columns.len() - 1));
    condition.sql.push(')');
    Ok(())
}

/// One page of at most `size` rows.
pub(crate) fn page(session: &Session, scope: &Scope, options: &QueryOptions, size: u64) -> Answer<Page> {
    let Some(table) = &scope.set.table else { return Ok(Page { rows: Vec::new(), next: None }) };
    reports::prepare(session, scope.set, options.filter.as_ref())?;
    let mut condition = condition(session, scope, options);
    let columns = order(table, scope.set, options);
    if let Some(position) = &options.after {
        behind(&columns, position, &mut condition)?;
    }
    let limit = options.top.map_or(size, |top| top.min(size));
    let terms: Vec<String> =
        columns.iter().map(|(name, direction)| format!("\"{name}\"{}", if *direction == Direction::Down { " DESC" } else { "" })).collect();
    let terms = terms.join(", ");
    let sql = if table.computed {
        format!("{}{} ORDER BY {terms} LIMIT ? OFFSET ?", table.select, condition.sql)
    } else {
        // The rows are found first and read afterwards: sorting then carries row ids, not sixty columns each.
        let found = format!("SELECT rowid AS at FROM \"{}\"{} ORDER BY {terms} LIMIT ? OFFSET ?", table.name, condition.sql);
        format!("SELECT {} FROM ({found}) AS found CROSS JOIN \"{name}\" ON \"{name}\".rowid = found.at ORDER BY {terms}", table.projection, name = table.name)
    };
    condition.parameters.push(Cell::Int(i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1)));
    condition.parameters.push(Cell::Int(i64::try_from(options.skip.unwrap_or(0)).unwrap_or(i64::MAX)));
    let mut statement = session.connection.prepare_cached(&sql)?;
    let rows = statement.query_map(rusqlite::params_from_iter(&condition.parameters), |row| Row::read(table, row))?;
    let mut rows = rows.collect::<Result<Vec<_>, _>>()?;
    let more = rows.len() as u64 > limit;
    rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let satisfied = options.top.is_some_and(|top| top <= limit);
    let next = match rows.last() {
        Some(last) if more && !satisfied => Some(columns.iter().filter_map(|(name, _)| last.cell(name).cloned()).collect()),
        _ => None,
    };
    Ok(Page { rows, next })
}

/// Appends a record: etag, properties, expanded navigation properties.
pub(crate) fn write_row(session: &Session, set: &'static EntitySet, row: &Row, options: &QueryOptions, context: Option<&str>, out: &mut String) -> Answer<()> {
    if out.len() > LARGEST_ANSWER {
        return Err(ApiError::new(413, "BadRequest", "The answer would be too large. Ask for fewer rows or expand less."));
    }
    out.push('{');
    if let Some(context) = context {
        out.push_str("\"@odata.context\":");
        write_string(context, out);
        out.push(',');
    }
    out.push_str("\"@odata.etag\":");
    write_string(&etag(row), out);
    match &options.select {
        Some(chosen) => {
            // The key always comes along, as the service sends it.
            if let Some(key) = set.property(&set.key)
                && !chosen.iter().any(|property| property.name == key.name)
            {
                write_property(key, row, out);
            }
            chosen.iter().for_each(|property| write_property(property, row, out));
        }
        None => row.shown().for_each(|(column, cell)| write_field(&column.name, &column.kind, cell, out)),
    }
    for property in set.properties.iter().filter(|property| property.kind == Kind::Stream) {
        let wanted = options.select.as_ref().is_none_or(|chosen| chosen.iter().any(|other| other.name == property.name));
        if wanted {
            write_links(session, set, row, property, out);
        }
    }
    for expand in &options.expand {
        write_expanded(session, set, row, expand, out)?;
    }
    out.push('}');
    Ok(())
}

/// A stream shows as links: where it is read and, if it may be, written.
fn write_links(session: &Session, set: &EntitySet, row: &Row, property: &Property, out: &mut String) {
    let link = format!("{}/{}({})/{}", session.base.borrow(), set.name, row.id(), property.name);
    let kinds: &[&str] = if property.read_only { &["mediaReadLink"] } else { &["mediaEditLink", "mediaReadLink"] };
    for kind in kinds {
        out.push_str(&format!(",\"{}@odata.{kind}\":", property.name));
        write_string(&link, out);
    }
}

fn write_property(property: &Property, row: &Row, out: &mut String) {
    if let Some(cell) = row.cell(&property.name) {
        write_field(&property.name, &property.kind, cell, out);
    }
}

fn write_field(name: &str, kind: &Kind, cell: &Cell, out: &mut String) {
    out.push_str(",\"");
    out.push_str(name);
    out.push_str("\":");
    write_value(kind, cell, out);
}

/// Appends a stored value in its wire form.
pub(crate) fn write_value(kind: &Kind, cell: &Cell, out: &mut String) {
    match (kind, cell) {
        (Kind::Decimal, Cell::Int(stored)) => write_decimal(*stored, out),
        (Kind::Flag, Cell::Int(flag)) => out.push_str(if *flag == 0 { "false" } else { "true" }),
        (_, Cell::Int(number)) => out.push_str(&number.to_string()),
        (Kind::Time, Cell::Text(text)) if text == NO_TIME => out.push_str("\"0001-01-01T00:00:00Z\""),
        (Kind::Member(_), Cell::Text(member)) => write_string(&encode_member(member), out),
        (_, Cell::Text(text)) => write_string(text, out),
    }
}

fn write_expanded(session: &Session, set: &'static EntitySet, row: &Row, expand: &Expand, out: &mut String) -> Answer<()> {
    let link = link(set, expand.navigation, expand.target);
    let name = &expand.navigation.name;
    if !expand.navigation.many {
        out.push(',');
        write_string(name, out);
        out.push(':');
        let found = match link {
            Link::One(column) => one(session, expand.target, row.text(column))?,
            Link::Many(_) | Link::All | Link::Nothing => None,
        };
        return match found {
            Some(found) => write_row(session, expand.target, &found, &expand.options, None, out),
            None => {
                out.push_str("null");
                Ok(())
            }
        };
    }
    if link == Link::All {
        return within_company(session, row, expand, out);
    }
    let (rows, total) = match link {
        Link::Many(column) => {
            let scope = Scope { set: expand.target, within: Some((column, row.id().to_owned())) };
            let total = if expand.options.count { Some(count(session, &scope, &expand.options)?) } else { None };
            (page(session, &scope, &expand.options, LARGEST_PAGE)?.rows, total)
        }
        Link::One(_) | Link::All | Link::Nothing => (Vec::new(), expand.options.count.then_some(0)),
    };
    write_children(session, expand, &rows, total, out)
}

/// What a company is expanded to: all rows of a set in it.
fn within_company(session: &Session, company: &Row, expand: &Expand, out: &mut String) -> Answer<()> {
    let before = (session.company.get(), session.base.borrow().clone());
    let number = session.connection.prepare_cached("SELECT company FROM companies WHERE id = ?")?.query_row([company.id()], |row| row.get(0))?;
    session.company.set(number);
    session.base.replace(format!("{}/companies({})", session.root.borrow(), company.id()));
    let scope = Scope { set: expand.target, within: None };
    let written = check_parent(&scope, &expand.options).and_then(|()| {
        let total = if expand.options.count { Some(count(session, &scope, &expand.options)?) } else { None };
        let rows = page(session, &scope, &expand.options, LARGEST_PAGE)?.rows;
        write_children(session, expand, &rows, total, out)
    });
    session.company.set(before.0);
    session.base.replace(before.1);
    written
}

fn write_children(session: &Session, expand: &Expand, rows: &[Row], total: Option<i64>, out: &mut String) -> Answer<()> {
    let name = &expand.navigation.name;
    if let Some(total) = total {
        out.push_str(&format!(",\"{name}@odata.count\":{total}"));
    }
    out.push_str(&format!(",\"{name}\":["));
    for (index, child) in rows.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        write_row(session, expand.target, child, &expand.options, None, out)?;
    }
    out.push(']');
    Ok(())
}

/// The record with that key, also of a computed set or of the root.
pub(crate) fn one(session: &Session, set: &'static EntitySet, key: &str) -> Answer<Option<Row>> {
    keyed(session, &Scope { set, within: None }, key)
}

/// The record with that key among those of a scope.
pub(crate) fn keyed(session: &Session, scope: &Scope, key: &str) -> Answer<Option<Row>> {
    let set = scope.set;
    if key.is_empty() || key == NO_ID {
        return Ok(None);
    }
    let Some(property) = set.property(&set.key).filter(|_| set.table.is_some()) else { return Ok(None) };
    let options = QueryOptions {
        filter: Some(Expr::Compare(Subject { property, folded: false, part: None }, Compare::Eq, Literal::Text(key.to_owned()))),
        ..QueryOptions::default()
    };
    Ok(page(session, scope, &options, 1)?.rows.into_iter().next())
}
