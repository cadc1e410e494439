//! What an operation does to the books, and whether it can be undone.
//!
//! The table is our own (`mcp-data/effects.json`), never a server's hint: what it does not name is
//! destructive and cannot be undone.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

use bca_protocol::Effect;
use serde::Deserialize;

/// Something that can be done with a set or one of its records.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Operation {
    /// Read one or many.
    Read,
    /// Create a record.
    Create,
    /// Change a record.
    Update,
    /// Delete a record.
    Delete,
    /// A bound action such as `post`.
    Action(String),
}

impl Operation {
    /// The key of the operation in `effects.json`: `create`, `action:post`.
    fn key(&self) -> String {
        self.to_string()
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Operation::Read => f.write_str("read"),
            Operation::Create => f.write_str("create"),
            Operation::Update => f.write_str("update"),
            Operation::Delete => f.write_str("delete"),
            Operation::Action(name) => write!(f, "action:{name}"),
        }
    }
}

/// A text that names no operation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is no operation; use read, create, update, delete or action:NAME")]
pub struct UnknownOperation(pub String);

impl FromStr for Operation {
    type Err = UnknownOperation;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "read" => Ok(Operation::Read),
            "create" => Ok(Operation::Create),
            "update" => Ok(Operation::Update),
            "delete" => Ok(Operation::Delete),
            _ => match text.strip_prefix("action:") {
                Some(name) if !name.is_empty() => Ok(Operation::Action(name.to_owned())),
                _ => Err(UnknownOperation(text.to_owned())),
            },
        }
    }
}

/// Whether there is a way back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Undo {
    /// Nothing was changed, so there is nothing to undo.
    NothingToUndo,
    /// An opposite operation on the same record leads back.
    Reversible {
        /// The opposite.
        by: Operation,
        /// What it does and what it does not bring back, as a sentence.
        how: String,
    },
    /// No operation leads back.
    Irreversible {
        /// Why not, as a sentence.
        why: String,
        /// The business document or step that sets it right, where there is one.
        instead: Option<String>,
    },
}

impl Undo {
    /// `reversible` or `irreversible`, as tools report it.
    pub fn word(&self) -> &'static str {
        match self {
            Undo::NothingToUndo | Undo::Reversible { .. } => "reversible",
            Undo::Irreversible { .. } => "irreversible",
        }
    }
}

/// A property whose change does more than change a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Care {
    /// Changing it posts entries.
    Posts,
    /// Money is sent to what it says.
    BankData,
}

/// The parsed `effects.json`.
#[derive(Default, Deserialize)]
pub(crate) struct EffectTable {
    sets: HashMap<String, HashMap<String, Entry>>,
    care: HashMap<String, HashMap<String, Care>>,
}

#[derive(Deserialize)]
struct Entry {
    effect: RawEffect,
    undo: RawUndo,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum RawEffect {
    Read,
    Write,
    Destructive,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum RawUndo {
    Nothing,
    Reversible { by: String, how: String },
    Irreversible { why: String, instead: Option<String> },
}

impl EffectTable {
    /// The effect of an operation; destructive where the table does not know it.
    pub(crate) fn effect(&self, set: &str, operation: &Operation) -> Effect {
        match self.entry(set, operation).map(|e| e.effect) {
            Some(RawEffect::Read) => Effect::Read,
            Some(RawEffect::Write) => Effect::Write,
            Some(RawEffect::Destructive) | None => Effect::Destructive,
        }
    }

    /// The way back; none where the table does not know the operation.
    pub(crate) fn undo(&self, set: &str, operation: &Operation) -> Undo {
        let unknown = || Undo::Irreversible { why: "BC Agent does not know this operation.".to_owned(), instead: None };
        match self.entry(set, operation).map(|e| &e.undo) {
            None => unknown(),
            Some(RawUndo::Nothing) => Undo::NothingToUndo,
            Some(RawUndo::Reversible { by, how }) => match by.parse() {
                Ok(by) => Undo::Reversible { by, how: how.clone() },
                Err(UnknownOperation(_)) => unknown(),
            },
            Some(RawUndo::Irreversible { why, instead }) => Undo::Irreversible { why: why.clone(), instead: instead.clone() },
        }
    }

    /// Whether the table names the operation.
    pub(crate) fn knows(&self, set: &str, operation: &Operation) -> bool {
        self.entry(set, operation).is_some()
    }

    /// What to mind when the property is written.
    pub(crate) fn care(&self, set: &str, property: &str) -> Option<Care> {
        self.care.get(set)?.get(property).copied()
    }

    /// Every set and operation that the table names.
    #[cfg(test)]
    pub(crate) fn all(&self) -> impl Iterator<Item = (&str, &str)> {
        self.sets.iter().flat_map(|(set, ops)| ops.keys().map(move |op| (set.as_str(), op.as_str())))
    }

    fn entry(&self, set: &str, operation: &Operation) -> Option<&Entry> {
        self.sets.get(set)?.get(&operation.key())
    }
}

#[cfg(test)]
#[path = "effect_tests.rs"]
mod tests;
