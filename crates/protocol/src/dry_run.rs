//! Trying a set out before anybody is asked: what Business Central would make of it.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{ChangeId, ConnectionKind, FieldChange};

/// What a person is told before they let sets be tried out: what may stay although the set itself is taken back.
pub const DRY_RUN_LEAKS: &str = "Before you are asked, the changes are sent once in a transaction that is made to fail, so that Business Central's rules run \
and nothing stays. What may stay all the same: numbers that a number series gave out, what an extension's code commits by itself, and mails or calls \
that an extension sends. Actions, such as posting, are never tried out.";

/// Whether sets are tried out on a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum DryRunSwitch {
    /// They are.
    On,
    /// They are not.
    Off,
}

impl DryRunSwitch {
    /// What holds where nobody said anything: on in the demo, off everywhere else.
    #[must_use]
    pub const fn usual(kind: ConnectionKind) -> Self {
        match kind {
            ConnectionKind::Demo => Self::On,
            ConnectionKind::Sandbox | ConnectionKind::Production | ConnectionKind::OnPremises => Self::Off,
        }
    }

    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::Off => "off",
        }
    }
}

/// What came of trying a set out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum DryRun {
    /// It went to Business Central and was taken back.
    Tried {
        /// What came of each write, in the set's order.
        writes: Vec<TriedWrite>,
    },
    /// It was begun, and nothing can be said.
    NotKnown {
        /// Why, as a sentence.
        why: String,
    },
    /// It was not begun.
    NotTried {
        /// Why, as a sentence.
        why: String,
    },
}

/// One write that was tried out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct TriedWrite {
    /// The write.
    pub change_id: ChangeId,
    /// What came of it.
    pub outcome: TriedOutcome,
}

/// What Business Central made of a write that was tried out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum TriedOutcome {
    /// Its rules let it pass.
    WouldWork {
        /// Values that it would fill in, or keep otherwise than they are sent.
        fills: Vec<FieldChange>,
    },
    /// It would be refused.
    WouldFail {
        /// Business Central's code; absent where it gave none.
        code: Option<String>,
        /// Business Central's sentence.
        message: String,
    },
    /// Nothing can be said of it.
    NotKnown {
        /// Why, as a sentence.
        why: String,
    },
}

impl TriedOutcome {
    /// Whether the write would be refused.
    #[must_use]
    pub const fn is_failure(&self) -> bool {
        matches!(self, Self::WouldFail { .. })
    }
}

impl DryRun {
    /// Business Central's sentence about the first write that it would refuse.
    #[must_use]
    pub fn first_failure(&self) -> Option<&str> {
        match self {
            Self::Tried { writes } => writes.iter().find_map(|write| match &write.outcome {
                TriedOutcome::WouldFail { message, .. } => Some(message.as_str()),
                TriedOutcome::WouldWork { .. } | TriedOutcome::NotKnown { .. } => None,
            }),
            Self::NotKnown { .. } | Self::NotTried { .. } => None,
        }
    }

    /// What came of one write.
    #[must_use]
    pub fn of(&self, change_id: ChangeId) -> Option<&TriedOutcome> {
        match self {
            Self::Tried { writes } => writes.iter().find(|write| write.change_id == change_id).map(|write| &write.outcome),
            Self::NotKnown { .. } | Self::NotTried { .. } => None,
        }
    }
}
