//! JSON that keeps what was written: numbers stay text (money never passes through a float), object members keep their
//! order, and an object that names a member twice is refused, because two readers could see two different objects.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _, ser::Error as _};
use serde_json::value::RawValue;
use ts_rs::TS;

/// Deeper nesting than this is refused: no record of Business Central comes near it.
pub(crate) const MAX_DEPTH: usize = 64;

/// Why a text is not acceptable JSON.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// Not JSON (RFC 8259).
    #[error("this is not valid JSON: {0}")]
    Syntax(String),
    /// The same member twice in one object.
    #[error("the member `{0}` is given twice")]
    DuplicateMember(String),
    /// Nested more than 64 levels deep.
    #[error("this JSON is nested too deeply")]
    TooDeep,
}

/// A JSON value with its numbers as the text they were written in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Json {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, as written.
    Number(String),
    /// A string, unescaped.
    String(String),
    /// An array.
    Array(Vec<Json>),
    /// An object, in the order written, no name twice.
    Object(Vec<(String, Json)>),
}

impl Json {
    /// Reads a JSON text.
    ///
    /// # Errors
    /// Invalid JSON, a repeated member, or nesting beyond 64 levels.
    pub fn parse(text: &str) -> Result<Self, JsonError> {
        crate::json_reader::read(text)
    }

    /// The member of that name, where this is an object that has it.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Object(members) => members.iter().find(|(n, _)| n == name).map(|(_, v)| v),
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::String(_) | Self::Array(_) => None,
        }
    }

    /// The text, where this is a string.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::Array(_) | Self::Object(_) => None,
        }
    }

    /// The members, where this is an object.
    #[must_use]
    pub fn members(&self) -> Option<&[(String, Self)]> {
        match self {
            Self::Object(members) => Some(members),
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::String(_) | Self::Array(_) => None,
        }
    }

    /// A scalar as a person reads it: strings without quotes, numbers as written, `null` as nothing; nested values as JSON.
    #[must_use]
    pub fn display(&self) -> Option<String> {
        match self {
            Self::Null => None,
            Self::String(text) => Some(text.clone()),
            Self::Bool(_) | Self::Number(_) | Self::Array(_) | Self::Object(_) => Some(self.to_string()),
        }
    }

    /// Appends the compact JSON of this value.
    fn write(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(true) => out.push_str("true"),
            Self::Bool(false) => out.push_str("false"),
            Self::Number(text) => out.push_str(text),
            Self::String(text) => write_string(text, out),
            Self::Array(items) => {
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    item.write(out);
                }
                out.push(']');
            }
            Self::Object(members) => {
                out.push('{');
                for (index, (name, value)) in members.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    write_string(name, out);
                    out.push(':');
                    value.write(out);
                }
                out.push('}');
            }
        }
    }
}

/// JSON string escapes (RFC 8259 section 7), the shortest form.
fn write_string(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if (c as u32) < 0x20 => out.push_str(&format!("\\u{:04x}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
}

impl fmt::Display for Json {
    /// The compact JSON text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = String::new();
        self.write(&mut out);
        f.write_str(&out)
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(self.to_string()).map_err(S::Error::custom)?.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        Self::parse(raw.get()).map_err(D::Error::custom)
    }
}

/// A JSON text that is passed on exactly as it came. Valid by construction.
#[derive(Clone, TS)]
#[ts(type = "unknown")]
pub struct RawJson(std::sync::Arc<RawValue>);

impl RawJson {
    /// Takes a text that must be valid JSON.
    ///
    /// # Errors
    /// [`JsonError::Syntax`] where it is not.
    pub fn parse(text: String) -> Result<Self, JsonError> {
        RawValue::from_string(text).map(|raw| Self(raw.into())).map_err(|e| JsonError::Syntax(e.to_string()))
    }

    /// The JSON of any value of ours.
    ///
    /// # Errors
    /// A value that has no JSON form, such as a map with non-text keys.
    pub fn from_value<T: Serialize + ?Sized>(value: &T) -> Result<Self, JsonError> {
        serde_json::value::to_raw_value(value).map(|raw| Self(raw.into())).map_err(|e| JsonError::Syntax(e.to_string()))
    }

    /// `null`
    #[must_use]
    pub fn null() -> Self {
        Self(RawValue::NULL.to_owned().into())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.get()
    }

    /// The tree.
    ///
    /// # Errors
    /// A repeated member or too deep a nesting.
    pub fn tree(&self) -> Result<Json, JsonError> {
        Json::parse(self.0.get())
    }
}

impl From<&Json> for RawJson {
    fn from(tree: &Json) -> Self {
        Self::parse(tree.to_string()).unwrap_or_else(|_| Self::null())
    }
}

impl PartialEq for RawJson {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for RawJson {}

impl fmt::Debug for RawJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for RawJson {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for RawJson {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Box::<RawValue>::deserialize(deserializer).map(|raw| Self(raw.into()))
    }
}

#[cfg(test)]
#[path = "json_tests.rs"]
mod tests;
