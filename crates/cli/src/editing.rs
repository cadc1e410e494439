//! What a person types to change a question before answering it.

use bca_protocol::{ApprovalRequest, ChangePreview, FieldChange, FieldEdit, Revision};

use crate::exit::Failure;

/// A value for a field of one of the changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// Which change, 1, 2, 3 ...
    pub number: usize,
    /// Its property or caption, `creditLimit`, `Credit limit`, `Line 2 Quantity`.
    pub field: String,
    /// The new value; empty clears the field.
    pub value: String,
}

impl Edit {
    /// Reads `FIELD = VALUE` or `2 FIELD = VALUE`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (field, value) = text.split_once('=')?;
        let field = field.trim();
        let numbered = field.split_once(char::is_whitespace).and_then(|(number, rest)| Some((number.parse().ok()?, rest.trim())));
        let (number, field) = numbered.unwrap_or((1, field));
        (!field.is_empty() && number > 0).then(|| Self { number, field: field.to_owned(), value: value.trim().to_owned() })
    }
}

/// All writes of a question in the order in which they were proposed: those that will be sent, then those taken out.
fn all(request: &ApprovalRequest) -> impl Iterator<Item = &ChangePreview> {
    request.changes.iter().chain(&request.left_out)
}

/// The edits that a question carries already.
#[must_use]
pub fn standing(request: &ApprovalRequest) -> Revision {
    let edit = |change: &ChangePreview, field: &FieldChange| FieldEdit {
        change_id: change.change_id,
        name: field.name.clone(),
        value: field.after.clone().filter(|value| !value.is_empty()),
    };
    let edits = all(request).flat_map(|change| change.fields.iter().filter(|field| field.proposed.is_some()).map(move |field| edit(change, field)));
    Revision {
        approval_id: request.approval_id,
        digest: request.digest,
        edits: edits.collect(),
        leave_out: request.left_out.iter().map(|change| change.change_id).collect(),
    }
}

/// Adds one more edit.
///
/// # Errors
/// No such change or field.
pub fn edit(request: &ApprovalRequest, revision: &mut Revision, edit: &Edit) -> Result<(), Failure> {
    let change = nth(request, edit.number)?;
    let field = change.fields.iter().find(|field| is_called(field, &edit.field));
    let field = field.ok_or_else(|| Failure::usage(format!("Change {} has no field `{}`.", edit.number, edit.field)))?;
    revision.edits.retain(|earlier| (earlier.change_id, &earlier.name) != (change.change_id, &field.name));
    let value = Some(edit.value.clone()).filter(|value| !value.is_empty());
    revision.edits.push(FieldEdit { change_id: change.change_id, name: field.name.clone(), value });
    Ok(())
}

/// Takes a change out, or puts it back.
///
/// # Errors
/// No such change.
pub fn toggle(request: &ApprovalRequest, revision: &mut Revision, number: usize) -> Result<(), Failure> {
    let id = nth(request, number)?.change_id;
    match revision.leave_out.iter().position(|out| *out == id) {
        Some(at) => drop(revision.leave_out.remove(at)),
        None => revision.leave_out.push(id),
    }
    Ok(())
}

fn nth(request: &ApprovalRequest, number: usize) -> Result<&ChangePreview, Failure> {
    let found = number.checked_sub(1).and_then(|at| all(request).nth(at));
    found.ok_or_else(|| Failure::usage(format!("There is no change {number} in this question.")))
}

/// By its property, its caption, or, for a line, `Line 2 Caption`.
fn is_called(field: &FieldChange, name: &str) -> bool {
    let caption = format!("{}{}", crate::render::approval::line_of(&field.name), field.caption);
    let squashed = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect::<String>();
    field.name == name || squashed(&caption) == squashed(name) || squashed(&field.name) == squashed(name)
}

#[cfg(test)]
#[path = "editing_tests.rs"]
mod tests;
