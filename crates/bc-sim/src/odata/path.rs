//! Resource paths: `companies(id)/salesOrders(id)/salesOrderLines`.

use percent_encoding::percent_decode_str;

use crate::data::facts::Api;
use crate::error::{Answer, ApiError};

/// Deepest path read.
const DEEPEST: usize = 12;

/// One segment: a name, and the text between its parentheses when it has any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Segment {
    pub name: String,
    pub key: Option<String>,
}

/// Where the environment tells of itself (docs/business-central.md, section 11).
pub(crate) const RUNTIME: &str = "/api/microsoft/runtime/beta";

/// Splits a path (percent-encoded, without query) into segments.
pub(crate) fn segments(path: &str) -> Answer<Vec<Segment>> {
    let decoded = percent_decode_str(path).decode_utf8().map_err(|_| ApiError::bad_url("The URL is not valid UTF-8."))?;
    let mut out = Vec::new();
    let mut start = 0;
    let mut quoted = false;
    for (index, character) in decoded.char_indices() {
        match character {
            '\'' => quoted = !quoted,
            '/' if !quoted => {
                push(&decoded[start..index], &mut out)?;
                start = index + 1;
            }
            _ => {}
        }
    }
    push(&decoded[start..], &mut out)?;
    if out.len() > DEEPEST {
        return Err(ApiError::bad_url("The URL has too many segments."));
    }
    Ok(out)
}

fn push(text: &str, out: &mut Vec<Segment>) -> Answer<()> {
    if text.is_empty() {
        return Ok(());
    }
    let segment = match text.split_once('(') {
        None => Segment { name: text.to_owned(), key: None },
        Some((name, rest)) => {
            let key = rest.strip_suffix(')').ok_or_else(|| ApiError::bad_url(format!("The segment '{text}' is malformed.")))?;
            Segment { name: name.to_owned(), key: Some(key.to_owned()) }
        }
    };
    out.push(segment);
    Ok(())
}

/// Which API a URL path leads to, the part up to and with its root, and the part behind. `None` when it leads to none of this environment.
pub(crate) fn split_root(path: &str) -> Option<(Api, &str, &str)> {
    // The runtime API is about the environment: it has no sets of its own.
    const ROOTS: [(Api, &str); 3] = [(Api::Standard, "/api/v2.0"), (Api::Loyalty, "/api/contoso/loyalty/v1.0"), (Api::Standard, RUNTIME)];
    for (api, prefix) in ROOTS {
        let mut from = 0;
        while let Some(found) = path.get(from..)?.find(prefix) {
            let end = from + found + prefix.len();
            let (root, rest) = path.split_at(end);
            if rest.is_empty() || rest.starts_with('/') {
                return Some((api, root, rest));
            }
            from = end;
        }
    }
    None
}
