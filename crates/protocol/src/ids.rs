//! Identifiers as newtypes: a run's id can't be handed in where a session's is meant.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use ts_rs::TS;
use uuid::Uuid;

/// A text that is no identifier of the kind asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a valid {kind} id")]
pub struct ParseIdError {
    text: String,
    kind: &'static str,
}

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident, $kind:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, TS)]
        #[serde(transparent)]
        #[ts(type = "string")]
        pub struct $name(Uuid);

        impl $name {
            /// A new identifier (UUIDv7, RFC 9562 section 5.7): later ones sort after earlier ones.
            #[must_use]
            pub fn new() -> Self {
                Self(Uuid::now_v7())
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self::new()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;

            fn from_str(text: &str) -> Result<Self, ParseIdError> {
                Uuid::parse_str(text).map(Self).map_err(|_| ParseIdError { text: text.chars().take(80).collect(), kind: $kind })
            }
        }
    };
}

uuid_id!(
    /// A conversation.
    SessionId,
    "session"
);
uuid_id!(
    /// From one message of a person to the agent's end.
    RunId,
    "run"
);
uuid_id!(
    /// One message of a session.
    MessageId,
    "message"
);
uuid_id!(
    /// A file that a person attached.
    AttachmentId,
    "attachment"
);
uuid_id!(
    /// One question to a person about one change set.
    ApprovalId,
    "approval"
);
uuid_id!(
    /// One set that is tried out once.
    TrialId,
    "trial"
);
uuid_id!(
    /// Writes that are decided together.
    ChangeSetId,
    "change set"
);
uuid_id!(
    /// One write to Business Central: its intent, its outcome, its undo.
    ChangeId,
    "change"
);
uuid_id!(
    /// One process that has the home open.
    InstanceId,
    "instance"
);

/// One call of a tool within a session, unique there. Usually the provider's own id, replaced where a model repeats one.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize, TS)]
#[serde(transparent)]
#[ts(type = "string")]
pub struct CallId(String);

impl CallId {
    /// Takes a provider's id as it is; a fresh one where the text is empty, too long or has unexpected characters.
    #[must_use]
    pub fn from_provider(text: &str) -> Self {
        let sane = !text.is_empty() && text.len() <= 80 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
        if sane { Self(text.to_owned()) } else { Self::fresh() }
    }

    /// A new id that no provider gave.
    #[must_use]
    pub fn fresh() -> Self {
        Self(format!("call_{}", Uuid::now_v7().simple()))
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The number of a todo within its run, as text.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize, TS)]
#[serde(transparent)]
#[ts(type = "string")]
pub struct TodoId(pub String);

/// A SHA-256 (FIPS 180-4), written as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, TS)]
#[ts(type = "string")]
pub struct Digest([u8; 32]);

impl Digest {
    /// Wraps the 32 bytes of a hash.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The first eight hexadecimal digits in two groups, as every surface shows them: `7c1e 90ab`.
    #[must_use]
    pub fn short(&self) -> String {
        let text = hex::encode(&self.0[..4]);
        format!("{} {}", &text[..4], &text[4..])
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

impl FromStr for Digest {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| ParseIdError { text: text.chars().take(80).collect(), kind: "digest" })?;
        Ok(Self(bytes))
    }
}

impl Serialize for Digest {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
