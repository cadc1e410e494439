//! Create, change and delete: from a body to the set's own rules.

use crate::books::changes::{self, Changes, Object, Verb};
use crate::books::{document, documents, journals, lines, masters, relations};
use crate::data::facts::EntitySet;
use crate::data::row::Row;
use crate::data::session::Session;
use crate::error::{Answer, ApiError};
use crate::serve::read::Scope;

/// Creates a record, with what is nested in it.
pub(crate) fn create(session: &Session, scope: &Scope, body: Object) -> Answer<Row> {
    let set = scope.set;
    writable(session, set)?;
    if let Some(form) = document::form_of_lines(&set.name) {
        let changes = changes::read(session, set, body, Verb::Create)?;
        return lines::create(session, form, scope.within.as_ref().map(|(_, id)| id.as_str()), &changes);
    }
    let mut changes = changes::read(session, set, body, Verb::Create)?;
    if let Some((column, id)) = &scope.within
        && let Some(property) = set.property(column)
        && !changes.has(column)
    {
        changes.fields.push((property, id.as_str().into())); // created under its parent
    }
    if let Some(form) = document::form(&set.name) {
        return documents::create(session, form, changes);
    }
    if let Some((navigation, _)) = changes.nested.first() {
        return Err(ApiError::not_implemented(format!("The demo company does not keep '{}' yet. Nothing was changed.", navigation.name)));
    }
    if journals::journal_set(&set.name).is_some() {
        return journals::create(session, &set.name, &changes);
    }
    master(session, set, &changes)
}

/// Creates a master record or a code.
pub(crate) fn master(session: &Session, set: &'static EntitySet, changes: &Changes) -> Answer<Row> {
    match masters::create(session, set, changes)? {
        Some(row) => Ok(row),
        None => plain(session, set, changes),
    }
}

/// A record without rules of its own: code tables.
fn plain(session: &Session, set: &'static EntitySet, changes: &Changes) -> Answer<Row> {
    let mut row = session.blank(&set.name)?;
    if let Some(id) = &changes.id {
        row.put("id", id.as_str());
    }
    changes.apply(&mut row, &[]);
    relations::apply(session, &set.name, changes, &mut row)?;
    masters::check_formulas(set, changes)?;
    masters::complete(session, &mut row)?;
    session.insert(&mut row)?;
    journals::mirror(session, &row)?;
    Ok(row)
}

/// Changes a record.
pub(crate) fn update(session: &Session, set: &'static EntitySet, row: Row, body: Object) -> Answer<Row> {
    writable(session, set)?;
    let changes = changes::read(session, set, body, Verb::Update)?;
    if changes.id.as_deref().is_some_and(|id| id != row.id()) {
        return Err(ApiError::new(400, "BadRequest_InvalidOperation", "The id cannot be changed."));
    }
    if let Some(form) = document::form_of_lines(&set.name) {
        return lines::update(session, form, row, &changes);
    }
    if let Some(form) = document::form(&set.name) {
        return documents::update(session, form, row, &changes);
    }
    if journals::journal_set(&set.name).is_some() {
        return journals::update(session, &set.name, row, &changes);
    }
    masters::update(session, set, row, &changes)
}

/// Deletes a record.
pub(crate) fn delete(session: &Session, set: &'static EntitySet, row: &Row) -> Answer<()> {
    writable(session, set)?;
    if let Some(form) = document::form_of_lines(&set.name) {
        return lines::delete(session, form, row);
    }
    if let Some(form) = document::form(&set.name) {
        return documents::delete(session, form, row);
    }
    masters::check_delete(session, set, row)?;
    if journals::is_journals(&set.name) {
        return journals::delete(session, row);
    }
    session.delete(&set.name, row.id())
}

fn writable(session: &Session, set: &EntitySet) -> Answer<()> {
    session.table(&set.name).map(|_| ())
}
