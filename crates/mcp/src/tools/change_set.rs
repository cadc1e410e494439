//! What a write says of the set that it belongs to. The engine collects the writes; here is only how a model names the set.

use bca_agent::{Coming, Grouping};
use bca_protocol::Json;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::answer::Answer;

/// A set of writes under one title.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(description = "Has writes of several turns decided as one: the same title in each, more: true in all turns but the last.")]
pub(crate) struct ChangeSetInput {
    // Described above, where it costs least: the schema is part of every request, four times.
    #[schemars(length(max = 80))]
    title: String,
    #[schemars(with = "bool")]
    more: Option<bool>,
}

/// The set that an input names.
///
/// # Errors
/// The answer for the model where it can't be read.
pub(crate) fn grouping(input: &str) -> Result<Option<Grouping>, Answer> {
    // What is no JSON object is told when the write is prepared.
    let named = Json::parse(input).ok().and_then(|input| input.get("change_set").cloned()).filter(|set| *set != Json::Null);
    let Some(named) = named else { return Ok(None) };
    let ChangeSetInput { title, more } = super::parse(&named.to_string())?;
    let coming = if more == Some(true) { Coming::More } else { Coming::Nothing };
    Grouping::new(&title, coming).map(Some).map_err(|sentence| Answer::error("invalid_input", sentence))
}

#[cfg(test)]
#[path = "change_set_tests.rs"]
mod tests;
