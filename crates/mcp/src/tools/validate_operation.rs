//! `bc_validate_operation`: checks a write against the catalogue before anybody is asked. Needs no connection.

use bca_catalogue::{Catalogue, Operation, Parented, Problem, Proposal, Validation};
use bca_protocol::Json;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::answer::{Answer, object, sparse, text, texts};

pub(super) const DESCRIPTION: &str = "Checks a create, update, delete or action before it is proposed: unknown or read-only properties, types, lengths, required values, and whether it can be undone. Changes nothing.";

/// The operation to check.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// What would be done.
    operation: Kind,
    /// Entity set.
    entity: String,
    /// Record id (GUID), for all but create.
    id: Option<String>,
    /// Properties, for create and update.
    #[schemars(with = "Option<super::AnyObject>")]
    data: Option<Json>,
    /// Name of the bound action.
    action: Option<String>,
    /// Parent record, for children such as order lines.
    parent: Option<super::ParentInput>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Create,
    Update,
    Delete,
    Action,
}

pub(crate) fn run(input: &Input) -> Answer {
    let operation = match (input.operation, &input.action) {
        (Kind::Create, _) => Operation::Create,
        (Kind::Update, _) => Operation::Update,
        (Kind::Delete, _) => Operation::Delete,
        (Kind::Action, Some(name)) => Operation::Action(name.clone()),
        (Kind::Action, None) => return Answer::error("invalid_input", "Give the name of the `action`."),
    };
    let parented = if input.parent.is_some() { Parented::Yes } else { Parented::No };
    let proposal = Proposal { entity: &input.entity, operation: &operation, id: input.id.as_deref(), parented, data: input.data.as_ref() };
    Answer::ok(report(&Catalogue::get().validate(&proposal)))
}

pub(super) fn report(validation: &Validation) -> Json {
    object([
        ("valid", Json::Bool(validation.is_valid())),
        ("effect", text(validation.effect.as_str())),
        ("undo", text(validation.undo.word())),
        ("problems", Json::Array(validation.problems.iter().map(problem).collect())),
        ("notes", texts(validation.notes.iter().map(String::as_str))),
    ])
}

fn problem(problem: &Problem) -> Json {
    sparse([
        ("property", problem.property.as_deref().map(text)),
        ("code", Some(text(problem.code.as_str()))),
        ("message", Some(text(&problem.message))),
        ("suggestion", problem.suggestion.as_deref().map(text)),
    ])
}
