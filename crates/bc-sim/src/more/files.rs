//! Attached files: their description comes first, their bytes follow as a stream.

use crate::books::changes::Changes;
use crate::data::row::Row;
use crate::data::session::Session;
use crate::error::{Answer, ApiError};
use crate::more::parents;

/// Creates the description of a file.
pub(crate) fn create(session: &Session, set: &str, changes: &Changes) -> Answer<Row> {
    let mut row = session.blank(set)?;
    if let Some(id) = &changes.id {
        row.put("id", id.as_str());
    }
    if changes.text("fileName").trim().is_empty() {
        return Err(ApiError::rule("A \"fileName\" must be provided."));
    }
    changes.apply(&mut row, &["byteSize"]);
    settle_parent(session, &mut row, changes)?;
    if set == "documentAttachments" && !changes.has("lineNumber") {
        let earlier = session.all_by(set, "parentId", row.text("parentId"))?;
        row.put("lineNumber", earlier.iter().map(|file| file.whole("lineNumber")).max().unwrap_or(0) + 10_000);
    }
    session.insert(&mut row)?;
    Ok(row)
}

/// Changes the description of a file.
pub(crate) fn update(session: &Session, mut row: Row, changes: &Changes) -> Answer<Row> {
    if changes.has("fileName") && changes.text("fileName").trim().is_empty() {
        return Err(ApiError::rule("A \"fileName\" must be provided."));
    }
    changes.apply(&mut row, &["byteSize"]);
    settle_parent(session, &mut row, changes)?;
    session.save(&mut row)?;
    Ok(row)
}

/// The parent exists, and its type is what the row says.
fn settle_parent(session: &Session, row: &mut Row, changes: &Changes) -> Answer<()> {
    if !row.refers("parentId") {
        if row.table.name == "documentAttachments" {
            return Err(ApiError::rule("A \"parentId\" must be provided."));
        }
        return Ok(());
    }
    let found = parents::find(session, row.text("parentId"), |parent| !parent.file.is_empty())?;
    let (parent, _) = found.ok_or_else(|| ApiError::rule("The \"parentId\" does not match to a record."))?;
    if changes.has("parentType") && changes.text("parentType") != parent.file {
        return Err(ApiError::rule(format!("The \"parentType\" does not match: the parent is of type '{}'.", parent.file)));
    }
    row.put("parentType", parent.file);
    Ok(())
}
