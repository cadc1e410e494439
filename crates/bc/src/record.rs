use bca_protocol::{Json, RawJson};

/// A row of Business Central as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The properties, in the order of the answer, without annotations (`@odata...`); numbers as they were written.
    pub json: Json,
    /// Its version, opaque (RFC 9110 section 8.8.3); what `If-Match` of a change must name.
    pub etag: Option<String>,
}

impl Record {
    /// Takes a row as it came; `None` where it is no object.
    #[must_use]
    pub fn from_row(row: Json) -> Option<Self> {
        let etag = row.get("@odata.etag").and_then(Json::as_str).filter(|tag| !tag.is_empty()).map(str::to_owned);
        match row {
            Json::Object(_) => Some(Self { json: without_annotations(row), etag }),
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Array(_) => None,
        }
    }

    /// The id, where the row has one.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.text("id")
    }

    /// The property's text, where it has some.
    #[must_use]
    pub fn text(&self, property: &str) -> Option<&str> {
        self.json.get(property).and_then(Json::as_str)
    }

    /// For the store: the properties as JSON.
    #[must_use]
    pub fn raw(&self) -> RawJson {
        RawJson::from(&self.json)
    }
}

/// The same value without the members that speak about others, at every level.
fn without_annotations(value: Json) -> Json {
    match value {
        Json::Object(members) => {
            Json::Object(members.into_iter().filter(|(name, _)| !name.contains('@')).map(|(name, value)| (name, without_annotations(value))).collect())
        }
        Json::Array(items) => Json::Array(items.into_iter().map(without_annotations).collect()),
        other @ (Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_)) => other,
    }
}

#[cfg(test)]
#[path = "record_tests.rs"]
mod tests;
