use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What a tool call does to the books, from our own table; never from a server's hint. Ordered: later ones are graver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Changes nothing.
    Read,
    /// Changes something that can be changed back.
    Write,
    /// Cannot be taken back by the inverse call: posting, deleting, sending, cancelling. Also everything unknown.
    Destructive,
}

impl Effect {
    /// The word in events and in the store.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Destructive => "destructive",
        }
    }
}
