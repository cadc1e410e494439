use bca_protocol::{CallId, ChangeId, ChangePreview, Digest, RawJson};
use sha2::{Digest as _, Sha256};

/// The HTTP methods that change something in Business Central (docs/business-central.md, section 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    /// Create a record, or run a bound action.
    Post,
    /// Change a record.
    Patch,
    /// Delete a record.
    Delete,
}

impl Method {
    /// As it stands on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Post => "POST",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// Where a write goes and as whom: an approval for one target is none for another.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Target {
    /// API root, ends in `/api/v2.0`; names host, tenant and environment.
    pub root: String,
    /// Entra tenant; empty where there is none.
    pub tenant: String,
    /// Environment name; empty on premises.
    pub environment: String,
    /// The company's GUID.
    pub company_id: String,
    /// Who acts.
    pub account: String,
}

/// A write, byte for byte. Serialised once: these bytes are digested, stored, shown and sent.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CanonicalRequest {
    /// Where to and as whom.
    pub target: Target,
    /// What.
    pub method: Method,
    /// Path below the company, without a leading slash: `customers(…)`.
    pub path: String,
    /// The record's version that was seen (RFC 9110 section 13.1.1); never `*`.
    pub if_match: Option<String>,
    /// JSON body.
    pub body: Option<String>,
}

impl CanonicalRequest {
    /// SHA-256 over all parts, each with its length before it, so that no two requests share a digest by shifting bytes
    /// from one part to the next.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let mut hash = Sha256::new();
        hash.update(b"bc-agent request v1");
        let Target { root, tenant, environment, company_id, account } = &self.target;
        for part in [Some(root), Some(tenant), Some(environment), Some(company_id), Some(account)] {
            update(&mut hash, part.map(String::as_bytes));
        }
        update(&mut hash, Some(self.method.as_str().as_bytes()));
        update(&mut hash, Some(self.path.as_bytes()));
        update(&mut hash, self.if_match.as_deref().map(str::as_bytes));
        update(&mut hash, self.body.as_deref().map(str::as_bytes));
        Digest::from_bytes(hash.finalize().into())
    }
}

/// A part that is absent differs from one that is empty.
fn update(hash: &mut Sha256, part: Option<&[u8]>) {
    match part {
        None => hash.update([0]),
        Some(bytes) => {
            hash.update([1]);
            hash.update((bytes.len() as u64).to_be_bytes());
            hash.update(bytes);
        }
    }
}

/// SHA-256 over the digests of a set's writes, in order.
#[must_use]
pub fn set_digest<'a>(writes: impl IntoIterator<Item = &'a Digest>) -> Digest {
    let mut hash = Sha256::new();
    hash.update(b"bc-agent change set v1");
    for digest in writes {
        hash.update(digest.as_bytes());
    }
    Digest::from_bytes(hash.finalize().into())
}

/// A write that a tool call would make: the exact request, what it means, and the record as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedWrite {
    /// The request.
    pub request: CanonicalRequest,
    /// What a person is shown; carries the write's and the call's id and the request's digest.
    pub preview: ChangePreview,
    /// The record as read for the preview; absent on create.
    pub before: Option<RawJson>,
}

impl PlannedWrite {
    /// The write's identity in the store.
    #[must_use]
    pub fn change_id(&self) -> ChangeId {
        self.preview.change_id
    }

    /// The tool call that asks for it.
    #[must_use]
    pub fn call_id(&self) -> &CallId {
        &self.preview.call_id
    }

    /// Whether what is shown is what would be sent.
    #[must_use]
    pub fn is_faithful(&self) -> bool {
        let ChangePreview { method, path, if_match, body, digest, .. } = &self.preview;
        *digest == self.request.digest()
            && *method == self.request.method.as_str()
            && *path == self.request.path
            && *if_match == self.request.if_match
            && *body == self.request.body
    }
}
