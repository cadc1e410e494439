//! Dimensions of records: the default ones of customers, vendors, items and employees, and those of documents and lines.
//!
//! A dimension of a document has the dimension's own id: it names a row within its document only.

use rusqlite::{OptionalExtension, ToSql, params};

use crate::books::changes::Changes;
use crate::data::row::Row;
use crate::data::session::{Ids, Session};
use crate::data::value::NO_ID;
use crate::error::{Answer, ApiError};
use crate::more::parents::{self, Parent};
use crate::more::shortcuts;

/// What an entry of the general ledger is told apart by: dimensions with their values, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Dimensions(Vec<(String, String)>);

impl Dimensions {
    /// Those of a document, a line or a journal line.
    pub(crate) fn of(session: &Session, parent: &str) -> Answer<Dimensions> {
        // A seed gives none to what it posts.
        if parent.is_empty() || matches!(session.ids, Ids::Seeded { .. }) {
            return Ok(Dimensions::default());
        }
        let mut all: Vec<(String, String)> =
            session.all_by("dimensionSetLines", "parentId", parent)?.iter().map(|row| (row.id().to_owned(), row.text("valueId").to_owned())).collect();
        all.sort();
        Ok(Dimensions(all))
    }

    /// Gives them to a new entry.
    pub(crate) fn put_on(&self, session: &Session, entry: &Row) -> Answer<()> {
        if self.0.is_empty() {
            return Ok(());
        }
        let set = entry.table.name.as_str();
        let Some((kind, _)) = parents::find(session, entry.id(), |parent| parent.set == set && !parent.dimension.is_empty())? else { return Ok(()) };
        self.0.iter().try_for_each(|(dimension, value)| take_as(session, entry, kind, dimension, value))
    }
}

/// Creates a default dimension of a record.
pub(crate) fn create_default(session: &Session, changes: &Changes) -> Answer<Row> {
    let mut row = session.blank("defaultDimensions")?;
    if let Some(id) = &changes.id {
        row.put("id", id.as_str());
    }
    if !changes.refers("parentId") {
        return Err(ApiError::rule("A \"parentId\" must be provided."));
    }
    let found = parents::find(session, changes.text("parentId"), |parent| !parent.default.is_empty())?;
    let (parent, _) = found.ok_or_else(|| ApiError::rule("The \"parentId\" does not match to a record."))?;
    if changes.has("parentType") && changes.text("parentType") != parent.default {
        return Err(ApiError::rule(format!("The \"parentType\" does not match: the parent is a {}.", parent.default)));
    }
    let dimension = record(session, "dimensions", "dimensionId", changes.text("dimensionId"))?;
    if of_parent(session, "defaultDimensions", changes.text("parentId"), "dimensionCode", dimension.text("code"))? {
        row.put("dimensionCode", dimension.text("code"));
        return Err(session.duplicate(&row, "dimensionCode"));
    }
    row.put("parentId", changes.text("parentId"));
    row.put("parentType", parent.default);
    row.put("dimensionId", dimension.id());
    row.put("dimensionCode", dimension.text("code"));
    put_default_value(session, &mut row, changes)?;
    session.insert(&mut row)?;
    Ok(row)
}

/// Changes the value or the check of a default dimension.
pub(crate) fn update_default(session: &Session, mut row: Row, changes: &Changes) -> Answer<Row> {
    for name in ["parentId", "parentType", "dimensionId"] {
        if changes.has(name) && changes.text(name) != row.text(name) {
            return Err(ApiError::rule(format!("The \"{name}\" of a default dimension cannot be changed.")));
        }
    }
    put_default_value(session, &mut row, changes)?;
    session.save(&mut row)?;
    Ok(row)
}

fn put_default_value(session: &Session, row: &mut Row, changes: &Changes) -> Answer<()> {
    if changes.has("postingValidation") {
        row.put("postingValidation", changes.text("postingValidation"));
    }
    if changes.has("dimensionValueId") {
        if changes.refers("dimensionValueId") {
            let value = record(session, "dimensionValues", "dimensionValueId", changes.text("dimensionValueId"))?;
            check_value(row.text("dimensionId"), &value)?;
            row.put("dimensionValueId", value.id());
            row.put("dimensionValueCode", value.text("code"));
        } else {
            row.put("dimensionValueId", NO_ID);
            row.put("dimensionValueCode", "");
        }
    }
    if row.text("postingValidation") == "Same Code" && !row.refers("dimensionValueId") {
        return Err(ApiError::rule("A \"dimensionValueId\" must be provided when the posting validation is Same Code."));
    }
    Ok(())
}

fn record(session: &Session, set: &str, name: &str, id: &str) -> Answer<Row> {
    if id.is_empty() || id == NO_ID {
        return Err(ApiError::rule(format!("A \"{name}\" must be provided.")));
    }
    let caption = if set == "dimensions" { "Dimension" } else { "Dimension Value" };
    session.find(set, id)?.ok_or_else(|| ApiError::rule(format!("The \"{name}\" does not match to a {caption}.")))
}

fn check_value(dimension: &str, value: &Row) -> Answer<()> {
    if value.text("dimensionId") == dimension {
        return Ok(());
    }
    Err(ApiError::rule("The dimension value does not belong to the dimension."))
}

fn of_parent(session: &Session, set: &str, parent: &str, column: &str, value: &str) -> Answer<bool> {
    let sql = format!("SELECT 1 FROM \"{set}\" WHERE company = ? AND \"parentId\" = ? AND \"{column}\" = ?");
    Ok(session.connection.prepare_cached(&sql)?.exists(params![session.company.get(), parent, value])?)
}

/// Adds a dimension to a document or line.
pub(crate) fn create_line(session: &Session, parent: Option<&str>, changes: &Changes) -> Answer<Row> {
    let Some(parent) = parent else {
        return Err(ApiError::rule("You must specify a parent: dimensions are created under the document or line that they belong to."));
    };
    let (kind, record) = line_parent(session, parent)?;
    parents::check_open(kind, &record)?;
    let dimension = chosen(session, "dimensions", changes.id.as_deref().unwrap_or_default(), changes.text("code"), ("id", "code"))?;
    let dimension = dimension.ok_or_else(|| ApiError::rule("An \"id\" or a \"code\" must be provided."))?;
    let value = line_value(session, dimension.id(), changes)?;
    let mut row = session.blank("dimensionSetLines")?;
    if of_parent(session, "dimensionSetLines", parent, "id", dimension.id())? {
        row.put("code", dimension.text("code"));
        return Err(session.duplicate(&row, "code"));
    }
    put_line(session, &mut row, (kind, parent), &dimension, &value)?;
    shortcuts::show(session, &record)?;
    Ok(row)
}

/// Takes a dimension away, where it is there.
pub(crate) fn drop_one(session: &Session, parent: &str, dimension: &str) -> Answer<()> {
    let sql = "DELETE FROM \"dimensionSetLines\" WHERE company = ? AND \"parentId\" = ? AND id = ?";
    session.connection.prepare_cached(sql)?.execute(params![session.company.get(), parent, dimension])?;
    Ok(())
}

fn line_parent(session: &Session, id: &str) -> Answer<(&'static Parent, Row)> {
    parents::find(session, id, |parent| !parent.dimension.is_empty())?.ok_or_else(|| ApiError::no_resource("dimensionSetLines"))
}

fn put_line(session: &Session, row: &mut Row, parent: (&'static Parent, &str), dimension: &Row, value: &Row) -> Answer<()> {
    row.put("id", dimension.id());
    row.put("code", dimension.text("code"));
    row.put("consolidationCode", dimension.text("consolidationCode"));
    row.put("displayName", dimension.text("displayName"));
    row.put("parentId", parent.1);
    row.put("parentType", parent.0.dimension);
    fill_value(row, value);
    session.stamp(row);
    let company = session.company.get();
    let mut values: Vec<&dyn ToSql> = vec![&company, &row.version];
    values.extend(row.cells().iter().map(|cell| cell as &dyn ToSql));
    session.connection.prepare_cached(&row.table.insert)?.execute(values.as_slice())?;
    Ok(())
}

fn fill_value(row: &mut Row, value: &Row) {
    row.put("valueId", value.id());
    row.put("valueCode", value.text("code"));
    row.put("valueConsolidationCode", value.text("consolidationCode"));
    row.put("valueDisplayName", value.text("displayName"));
}

/// The record that an id, a code or both name.
fn chosen(session: &Session, set: &str, id: &str, code: &str, names: (&str, &str)) -> Answer<Option<Row>> {
    let caption = if set == "dimensions" { "Dimension" } else { "Dimension Value" };
    let by_id = if id.is_empty() || id == NO_ID {
        None
    } else {
        Some(session.find(set, id)?.ok_or_else(|| ApiError::rule(format!("The \"{}\" does not match to a {caption}.", names.0)))?)
    };
    let by_code = if code.is_empty() {
        None
    } else {
        Some(session.find_by(set, "code", code)?.ok_or_else(|| ApiError::rule(format!("The \"{}\" does not match to a {caption}.", names.1)))?)
    };
    match (by_id, by_code) {
        (Some(one), Some(other)) if one.id() != other.id() => Err(ApiError::rule(format!("The {caption} values do not match to a specific {caption}."))),
        (Some(found), _) | (None, Some(found)) => Ok(Some(found)),
        (None, None) => Ok(None),
    }
}

/// The value that a body names; codes are unique within a dimension only.
fn line_value(session: &Session, dimension: &str, changes: &Changes) -> Answer<Row> {
    if changes.refers("valueId") {
        let value = record(session, "dimensionValues", "valueId", changes.text("valueId"))?;
        check_value(dimension, &value)?;
        if changes.refers("valueCode") && changes.text("valueCode") != value.text("code") {
            return Err(ApiError::rule("The Dimension Value values do not match to a specific Dimension Value."));
        }
        return Ok(value);
    }
    value_of(session, dimension, changes.text("valueCode"))?.ok_or_else(|| ApiError::rule("The \"valueCode\" does not match to a Dimension Value."))
}

/// The value of a dimension with that code.
pub(crate) fn value_of(session: &Session, dimension: &str, code: &str) -> Answer<Option<Row>> {
    let table = session.table("dimensionValues")?;
    let sql = format!("{} WHERE company = ? AND \"dimensionId\" = ? AND code = ?", table.select);
    let found = session.connection.prepare_cached(&sql)?.query_row(params![session.company.get(), dimension, code], |row| Row::read(table, row));
    Ok(found.optional()?)
}

/// Changes the value of a dimension of a document or line.
pub(crate) fn update_line(session: &Session, mut row: Row, changes: &Changes) -> Answer<Row> {
    let (kind, record) = line_parent(session, row.text("parentId"))?;
    parents::check_open(kind, &record)?;
    if changes.has("code") && changes.text("code") != row.text("code") {
        return Err(ApiError::rule("The dimension cannot be changed: delete it and create another."));
    }
    if changes.any(&["valueId", "valueCode"]) {
        let value = line_value(session, row.id(), changes)?;
        fill_value(&mut row, &value);
    }
    session.stamp(&mut row);
    let sql = "UPDATE \"dimensionSetLines\" SET _rv = ?, \"valueId\" = ?, \"valueCode\" = ?, \"valueConsolidationCode\" = ?, \"valueDisplayName\" = ? \
               WHERE company = ? AND \"parentId\" = ? AND id = ?";
    session.connection.prepare_cached(sql)?.execute(params![
        row.version,
        row.text("valueId"),
        row.text("valueCode"),
        row.text("valueConsolidationCode"),
        row.text("valueDisplayName"),
        session.company.get(),
        row.text("parentId"),
        row.id()
    ])?;
    shortcuts::show(session, &record)?;
    Ok(row)
}

pub(crate) fn delete_line(session: &Session, row: &Row) -> Answer<()> {
    let (kind, record) = line_parent(session, row.text("parentId"))?;
    parents::check_open(kind, &record)?;
    drop_one(session, row.text("parentId"), row.id())?;
    shortcuts::show(session, &record)
}

/// A new document takes over the default dimensions of its customer or vendor, a new line those of its document and its item.
pub(crate) fn inherit(session: &Session, row: &Row) -> Answer<()> {
    let set = row.table.name.as_str();
    let Some((kind, _)) = parents::find(session, row.id(), |parent| parent.set == set && !parent.dimension.is_empty())? else { return Ok(()) };
    if row.refers("documentId") {
        for above in session.all_by("dimensionSetLines", "parentId", row.text("documentId"))? {
            take_as(session, row, kind, above.id(), above.text("valueId"))?;
        }
    }
    for source in ["customerId", "vendorId", "itemId", "employeeId"] {
        if row.refers(source) {
            for default in session.all_by("defaultDimensions", "parentId", row.text(source))? {
                take_as(session, row, kind, default.text("dimensionId"), default.text("dimensionValueId"))?;
            }
        }
    }
    Ok(())
}

/// Gives a document a dimension unless it has it.
pub(crate) fn take(session: &Session, document: &Row, dimension: &str, value: &str) -> Answer<()> {
    let (kind, _) = line_parent(session, document.id())?;
    take_as(session, document, kind, dimension, value)
}

/// Gives a record of that kind a dimension unless it has it.
fn take_as(session: &Session, row: &Row, kind: &'static Parent, dimension: &str, value: &str) -> Answer<()> {
    if value.is_empty() || value == NO_ID || of_parent(session, "dimensionSetLines", row.id(), "id", dimension)? {
        return Ok(());
    }
    let (Some(dimension), Some(value)) = (session.find("dimensions", dimension)?, session.find("dimensionValues", value)?) else { return Ok(()) };
    let mut line = session.blank("dimensionSetLines")?;
    put_line(session, &mut line, (kind, row.id()), &dimension, &value)
}

/// Gives a record the dimensions of another, as an order those of its quote.
pub(crate) fn copy(session: &Session, from: &str, to: &Row) -> Answer<()> {
    let set = to.table.name.as_str();
    let Some((kind, _)) = parents::find(session, to.id(), |parent| parent.set == set && !parent.dimension.is_empty())? else { return Ok(()) };
    for line in session.all_by("dimensionSetLines", "parentId", from)? {
        take_as(session, to, kind, line.id(), line.text("valueId"))?;
    }
    Ok(())
}
