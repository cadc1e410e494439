//! References of a write to what an earlier write of the same set creates.
//!
//! A model writes `{result:1}`, because it does not know the identities that the engine gives. It becomes `{result:CHANGE}`, is approved and
//! digested so, and gets the record's id just before it leaves.

use bca_approval::PlannedWrite;
use bca_bc::Reference;
use bca_protocol::{ChangeId, ChangePreview, Json, WriteOperation};

use super::upload::is_file_of_a_create;
use crate::answer::Answer;

const OPENING: &str = "{result:";

/// A well-formed id that stands for one to come, for checks of form.
const SOME_ID: &str = "00000000-0000-4000-8000-000000000000";

/// The input with the numbers of earlier writes replaced by their identities.
///
/// Of the earlier ones only `counted` can be meant by number: behind a call of the same answer that was not accepted, another record than the
/// model meant would stand at its number.
pub(super) fn named(input: &str, earlier: &[PlannedWrite], counted: Option<usize>) -> Result<String, Answer> {
    if !input.contains(OPENING) {
        return Ok(input.to_owned());
    }
    let Ok(mut tree) = Json::parse(input) else { return Ok(input.to_owned()) };
    // A model counts its calls; the file that goes with a create is no call of its own.
    let certain = earlier.iter().take(counted.unwrap_or(usize::MAX));
    let earlier: Vec<&PlannedWrite> = certain.filter(|write| !is_file_of_a_create(&write.preview)).collect();
    let mut fault = None;
    if let Json::Object(members) = &mut tree
        && let Some((_, data)) = members.iter_mut().find(|(name, _)| name == "data")
    {
        each_text(data, &mut |text| match number(text) {
            None => None,
            Some(number) => match number.checked_sub(1).and_then(|at| earlier.get(at)).filter(|write| write.preview.operation == WriteOperation::Create) {
                Some(write) => Some(Reference::to(write.change_id()).to_string()),
                None => {
                    fault = Some(number);
                    None
                }
            },
        });
    }
    match fault {
        None => Ok(tree.to_string()),
        Some(number) if counted.is_some() => Err(Answer::error_with(
            "no_such_result",
            format!("Nothing was proposed: a call before this one was not accepted, so it is not certain which record write {number} of this set stands for."),
            "Propose it again in a later turn, with the results counted as they are then, or with the record's id.",
        )),
        Some(number) => Err(Answer::error_with(
            "no_such_result",
            format!("Nothing was proposed: write {number} of this set creates nothing that could be referred to."),
            "Refer to an earlier create of the same set, or use the record's id.",
        )),
    }
}

/// Refuses a reference to anything but a write of the same set: nobody would see what it stands for.
pub(super) fn known(planned: &PlannedWrite, earlier: &[PlannedWrite]) -> Result<(), Answer> {
    let is_known = |change: &ChangeId| earlier.iter().any(|write| write.change_id() == *change);
    if bca_bc::references(&planned.request).iter().all(is_known) {
        return Ok(());
    }
    Err(Answer::error_with(
        "no_such_result",
        "Nothing was proposed: it refers to the result of a change that is not part of this set.",
        "Refer to the Nth write of the same set as `{result:N}`, or use the record's id.",
    ))
}

/// `{result:2}` is 2.
fn number(text: &str) -> Option<usize> {
    text.strip_prefix(OPENING)?.strip_suffix('}')?.parse().ok()
}

/// The data with well-formed ids in place of references, for checks of form.
pub(super) fn filled(data: &Json) -> Json {
    let mut data = data.clone();
    each_text(&mut data, &mut |text| Reference::parse(text).map(|_| SOME_ID.to_owned()));
    data
}

/// Says in the preview what a reference stands for.
pub(super) fn label(preview: &mut ChangePreview, earlier: &[PlannedWrite]) {
    for field in &mut preview.fields {
        let Some(change) = field.after.as_deref().and_then(Reference::parse).map(Reference::change) else { continue };
        if let Some((at, write)) = earlier.iter().enumerate().find(|(_, write)| write.change_id() == change) {
            field.after_label = Some(format!("what change {} gives: {}", at + 1, write.preview.title));
            field.editor = None;
        }
    }
}

fn each_text(value: &mut Json, replace: &mut impl FnMut(&str) -> Option<String>) {
    match value {
        Json::String(text) => {
            if let Some(new) = replace(text) {
                *text = new;
            }
        }
        Json::Array(items) => items.iter_mut().for_each(|item| each_text(item, replace)),
        Json::Object(members) => members.iter_mut().for_each(|(_, value)| each_text(value, replace)),
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
}

#[cfg(test)]
#[path = "references_tests.rs"]
mod tests;
