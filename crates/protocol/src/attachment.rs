//! Files that a person attaches to a message, and results that a window shows and keeps fresh.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{AttachmentId, RawJson};

/// A file that a person attached: a copy of it is in the home.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct AttachedFile {
    /// What tools name it by.
    pub id: AttachmentId,
    /// Its name, without what is no part of a name on some system.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// Its type by its ending, `application/pdf`.
    pub content_type: String,
    /// Lower-case hexadecimal SHA-256 of what is in it.
    pub sha256: String,
}

impl AttachedFile {
    /// The line below a person's words that tells a model of the file: everything but what is in it. A window shows it as a chip.
    #[must_use]
    pub fn line(&self) -> String {
        format!("[Attached file: {} · {} · {} bytes · id {}]", self.name, self.content_type, self.bytes, self.id)
    }
}

/// A result that a window shows, for a cheap look at whether it still holds.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, TS)]
pub struct ShownResult {
    /// The window's own name for it.
    pub key: String,
    /// The input of `bc_query_entities` that gave it.
    pub input: RawJson,
    /// When it was read (UTC): `as_of` of the result.
    #[ts(type = "string")]
    pub as_of: Timestamp,
}

/// What became of a shown result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct ShownChange {
    /// The window's own name for it.
    pub key: String,
    /// Records among those of the result that were created or changed since; absent where the set does not tell. Deletions are not seen.
    pub changed: Option<u64>,
}
