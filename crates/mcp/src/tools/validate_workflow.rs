//! `bc_validate_workflow`: checks a planned sequence for missing or misordered steps. Needs no connection.

use bca_catalogue::{Catalogue, WorkflowStep};
use bca_protocol::Json;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::answer::{Answer, object, text, texts};

pub(super) const DESCRIPTION: &str = "Checks the steps of a process (quote_to_order, order_to_cash, purchase_to_pay, month_end ...) for what is missing, out of order or irreversible. Changes nothing.";

/// The sequence to check.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// Name of the process.
    workflow: String,
    /// The steps as planned, in plain words, in order.
    steps: Vec<String>,
}

pub(crate) fn run(input: &Input) -> Answer {
    let check = match Catalogue::get().validate_workflow(&input.workflow, &input.steps) {
        Ok(check) => check,
        Err(unknown) => return Answer::error("unknown_workflow", unknown.to_string()),
    };
    Answer::ok(object([
        ("workflow", text(&check.workflow)),
        ("valid", Json::Bool(check.is_valid())),
        ("missing", texts(check.missing.iter().map(String::as_str))),
        ("misordered", Json::Array(check.misordered.iter().map(|m| text(m.to_string())).collect())),
        ("irreversible", texts(check.irreversible.iter().map(String::as_str))),
        ("unrecognised", texts(check.unrecognised.iter().map(String::as_str))),
        ("expected", Json::Array(check.expected.iter().map(step).collect())),
    ]))
}

fn step(step: &WorkflowStep) -> Json {
    object([("step", text(&step.title)), ("operation", text(step.operation.to_string())), ("precondition", text(&step.precondition))])
}
