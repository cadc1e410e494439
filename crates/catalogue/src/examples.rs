//! Example requests of each set, as data. They are parsed when somebody asks for a set's, never with the catalogue; the demo
//! company's tests run every one of them.

use serde::Deserialize;

use crate::entity::Entity;
use crate::load::{LoadError, file};

/// One request, and what it is good for.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Example {
    /// What it does, in a few words for a person.
    pub title: String,
    /// `GET`, `POST`, `PATCH` or `DELETE`.
    pub method: String,
    /// Behind the company; behind the API's root when it begins with a slash. `{name}` stands for an id that an earlier example keeps.
    pub path: String,
    /// The JSON body, as its text.
    #[serde(default, deserialize_with = "raw")]
    pub body: Option<String>,
    /// The status of the answer.
    pub status: u16,
    /// Under which name the id of the record that came back (the first of a list) is known to later examples.
    #[serde(default)]
    pub keep: Option<String>,
}

fn raw<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let raw = Option::<Box<serde_json::value::RawValue>>::deserialize(deserializer)?;
    Ok(raw.map(|raw| raw.get().to_owned()))
}

/// The examples of a set, in an order in which they can be sent.
///
/// # Errors
/// The embedded file is not of the expected form; a test reads them all.
pub fn examples(entity: &Entity) -> Result<Vec<Example>, LoadError> {
    file(&format!("{}/examples.json", entity.name))
}

#[cfg(test)]
#[path = "examples_tests.rs"]
mod tests;
