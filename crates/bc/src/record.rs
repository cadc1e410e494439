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

/// The plain spelling of an enumeration's member: `In_x0020_Review` is `In Review` (docs/business-central.md, section 3).
#[must_use]
pub fn decode_member(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, from)) = rest.find("_x").and_then(|at| rest.split_at_checked(at)) {
        plain.push_str(before);
        let code = from.get(2..6).filter(|hex| from.as_bytes().get(6) == Some(&b'_') && hex.bytes().all(|c| c.is_ascii_hexdigit()));
        match code.and_then(|hex| u32::from_str_radix(hex, 16).ok()).and_then(char::from_u32) {
            Some(c) => {
                plain.push(c);
                rest = from.get(7..).unwrap_or_default();
            }
            None => {
                plain.push_str("_x");
                rest = from.get(2..).unwrap_or_default();
            }
        }
    }
    plain.push_str(rest);
    plain
}

/// The spelling on the wire: everything but letters, digits and underscore becomes `_xHHHH_`.
#[must_use]
pub fn encode_member(plain: &str) -> String {
    let mut wire = String::new();
    for c in plain.chars() {
        if c.is_ascii_alphanumeric() || c == '_' {
            wire.push(c);
        } else {
            let mut units = [0_u16; 2];
            for unit in c.encode_utf16(&mut units) {
                wire.push_str(&format!("_x{unit:04x}_"));
            }
        }
    }
    wire
}

#[cfg(test)]
#[path = "record_tests.rs"]
mod tests;
