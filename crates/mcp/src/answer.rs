//! What tools answer: JSON for the model and the window alike.

use bca_protocol::{Json, ToolCallStatus};

/// A tool's answer with how the call ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: ToolCallStatus,
    pub(crate) json: Json,
}

impl Answer {
    pub(crate) fn ok(json: Json) -> Self {
        Self { status: ToolCallStatus::Ok, json }
    }

    /// `{"error":{"code","message","suggestion"?}}`
    pub(crate) fn error(code: &str, message: impl Into<String>) -> Self {
        Self { status: ToolCallStatus::Error, json: object([("error", object([("code", text(code)), ("message", text(message))]))]) }
    }

    pub(crate) fn error_with(code: &str, message: impl Into<String>, suggestion: impl Into<String>) -> Self {
        let inner = object([("code", text(code)), ("message", text(message)), ("suggestion", text(suggestion))]);
        Self { status: ToolCallStatus::Error, json: object([("error", inner)]) }
    }

    /// `{"status":"failed","message"}` and the like: a write that was not confirmed.
    pub(crate) fn write(status: ToolCallStatus, word: &str, message: impl Into<String>) -> Self {
        Self { status, json: object([("status", text(word)), ("message", text(message))]) }
    }
}

pub(crate) fn text(text: impl Into<String>) -> Json {
    Json::String(text.into())
}

pub(crate) fn number(number: impl ToString) -> Json {
    Json::Number(number.to_string())
}

pub(crate) fn texts<'a>(items: impl IntoIterator<Item = &'a str>) -> Json {
    Json::Array(items.into_iter().map(text).collect())
}

pub(crate) fn object<const N: usize>(members: [(&str, Json); N]) -> Json {
    Json::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

/// An object whose absent members are left out.
pub(crate) fn sparse<const N: usize>(members: [(&str, Option<Json>); N]) -> Json {
    Json::Object(members.into_iter().filter_map(|(name, value)| value.map(|value| (name.to_owned(), value))).collect())
}
