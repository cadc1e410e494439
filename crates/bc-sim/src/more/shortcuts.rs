//! Shortcut dimensions: a document shows the codes of the two dimensions that the general ledger setup names, and takes them; they
//! are the same as its lines of those dimensions (docs/business-central.md, section 12).

use rusqlite::params;

use crate::books::changes::Changes;
use crate::data::row::Row;
use crate::data::session::Session;
use crate::error::{Answer, ApiError};
use crate::more::dimensions;

/// The columns, by the same names on documents and in the setup.
const COLUMNS: [&str; 2] = ["shortcutDimension1Code", "shortcutDimension2Code"];

/// The dimension that a column is short for.
fn dimension(session: &Session, column: &str) -> Answer<Option<Row>> {
    let table = session.table("generalLedgerSetup")?;
    let sql = format!("{} WHERE company = ?", table.select);
    let mut statement = session.connection.prepare_cached(&sql)?;
    let setup = statement.query_map(params![session.company.get()], |row| Row::read(table, row))?.next().transpose()?;
    match setup.as_ref().map_or("", |setup| setup.text(column)) {
        "" => Ok(None),
        code => session.find_by("dimensions", "code", code),
    }
}

/// The dimension and the value that a code in a column stands for.
fn value(session: &Session, column: &str, code: &str) -> Answer<(Row, Row)> {
    let found = match dimension(session, column)? {
        Some(dimension) => dimensions::value_of(session, dimension.id(), code)?.map(|value| (dimension, value)),
        None => None,
    };
    found.ok_or_else(|| {
        let text = format!("The field {column} contains a value ({code}) that cannot be found in the related table (Dimension Value).");
        ApiError::new(400, "Internal_InvalidTableRelation", text)
    })
}

/// Gives a new document the dimensions whose codes its body named, but those that it named as dimensions too.
pub(crate) fn complete(session: &Session, header: &Row) -> Answer<()> {
    for column in COLUMNS.into_iter().filter(|column| !header.text(column).is_empty()) {
        let (dimension, value) = value(session, column, header.text(column))?;
        dimensions::take(session, header, dimension.id(), value.id())?;
    }
    Ok(())
}

/// Gives a document the dimensions whose codes a change names; a blank code takes one away.
pub(crate) fn follow(session: &Session, header: &Row, changes: &Changes) -> Answer<()> {
    for column in COLUMNS.into_iter().filter(|column| changes.has(column)) {
        let code = changes.text(column);
        if !code.is_empty() {
            let (dimension, value) = value(session, column, code)?;
            dimensions::drop_one(session, header.id(), dimension.id())?;
            dimensions::take(session, header, dimension.id(), value.id())?;
        } else if let Some(dimension) = dimension(session, column)? {
            dimensions::drop_one(session, header.id(), dimension.id())?;
        }
    }
    Ok(())
}

/// Shows on a document the codes of the dimensions that it has now. Does nothing for a record without such columns.
pub(crate) fn show(session: &Session, record: &Row) -> Answer<()> {
    if COLUMNS.iter().any(|column| record.cell(column).is_none()) {
        return Ok(());
    }
    let lines = session.all_by("dimensionSetLines", "parentId", record.id())?;
    let mut row = session.get(&record.table.name, record.id())?;
    let before = row.clone();
    for column in COLUMNS {
        let Some(dimension) = dimension(session, column)? else { continue };
        let code = lines.iter().find(|line| line.id() == dimension.id()).map_or("", |line| line.text("valueCode"));
        row.put(column, code);
    }
    if row.cells() != before.cells() { session.save(&mut row) } else { Ok(()) }
}
