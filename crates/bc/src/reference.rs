//! References from one change of a set to the result of an earlier one.
//!
//! Business Central documents no references between the requests of a `$batch` (docs/business-central.md, section 6). So a change that
//! needs an earlier result is approved with a symbol in the result's place, and is sent by itself, in order, when that result is there.

use std::collections::{BTreeSet, HashMap};

use bca_approval::CanonicalRequest;
use bca_protocol::{ChangeId, Json};

use crate::RecordId;

/// Stands for the id of the record that an earlier change creates: `{result:0197…}`.
///
/// In a path it stands in place of a key, `salesOrders({result:…})/salesOrderLines`; in a body as a whole text, `"itemId":"{result:…}"`; as
/// `If-Match` it stands for the version that the record had after that change. Change ids are random, so no data is mistaken for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Reference(ChangeId);

impl Reference {
    /// To the record that this change creates.
    #[must_use]
    pub fn to(change: ChangeId) -> Self {
        Self(change)
    }

    /// The change.
    #[must_use]
    pub fn change(self) -> ChangeId {
        self.0
    }

    /// The reference that this text is, whole.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let id = text.strip_prefix(OPENING)?.strip_suffix('}')?;
        // Only the one spelling that `Display` gives, so that a reference is found and replaced as the same text.
        let change: ChangeId = id.parse().ok()?;
        (change.to_string() == id).then_some(Self(change))
    }
}

impl std::fmt::Display for Reference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{OPENING}{}}}", self.0)
    }
}

const OPENING: &str = "{result:";

/// What an earlier change gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EarlierResult {
    /// The record's id.
    pub id: RecordId,
    /// Its version afterwards, where one was given.
    pub etag: Option<String>,
}

/// Results of changes that were carried out.
pub type Earlier = HashMap<ChangeId, EarlierResult>;

/// A reference to a change that has no result to refer to. Nothing was sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("it needs the result of an earlier change, and that change has none.")]
pub struct UnresolvedReference {
    /// The change that was referred to.
    pub change: ChangeId,
}

/// The changes that a request refers to.
#[must_use]
pub fn references(request: &CanonicalRequest) -> BTreeSet<ChangeId> {
    let mut found: BTreeSet<Reference> = request.if_match.as_deref().and_then(Reference::parse).into_iter().collect();
    let steps = request.path.split('/').filter_map(|step| step.split_once('(')?.1.strip_suffix(')'));
    found.extend(steps.filter_map(Reference::parse));
    if let Some(tree) = request.body.as_deref().filter(|body| body.contains(OPENING)).and_then(|body| Json::parse(body).ok()) {
        in_values(&tree, &mut found);
    }
    found.into_iter().map(Reference::change).collect()
}

fn in_values(value: &Json, found: &mut BTreeSet<Reference>) {
    match value {
        Json::String(text) => found.extend(Reference::parse(text)),
        Json::Array(items) => items.iter().for_each(|item| in_values(item, found)),
        Json::Object(members) => members.iter().for_each(|(_, value)| in_values(value, found)),
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
}

/// The request with results in place of its references; every other byte stays as it was approved.
///
/// # Errors
/// [`UnresolvedReference`] where a result (or the version, where that is asked for) is missing.
pub fn resolve(request: &CanonicalRequest, earlier: &Earlier) -> Result<CanonicalRequest, UnresolvedReference> {
    let mut resolved = request.clone();
    for change in references(request) {
        let result = earlier.get(&change).ok_or(UnresolvedReference { change })?;
        let symbol = Reference::to(change).to_string();
        resolved.path = resolved.path.replace(&format!("({symbol})"), &format!("({})", result.id));
        resolved.body = resolved.body.map(|body| body.replace(&format!("\"{symbol}\""), &format!("\"{}\"", result.id)));
        if resolved.if_match.as_deref() == Some(symbol.as_str()) {
            resolved.if_match = Some(result.etag.clone().ok_or(UnresolvedReference { change })?);
        }
    }
    Ok(resolved)
}

#[cfg(test)]
#[path = "reference_tests.rs"]
mod tests;
