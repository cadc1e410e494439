//! Files of records: pictures, printed documents, attachments (docs/business-central.md, section 10).
//!
//! They go from Business Central to a file and from a file to Business Central, never through a model.

use std::{fmt, time::Duration};

use bca_approval::{CanonicalRequest, Method, WritePermit};
use bca_catalogue::{Catalogue, Entity, Multiplicity, PropertyKind};
use reqwest::{
    StatusCode,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, IF_MATCH},
};
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio_util::sync::CancellationToken;

use crate::{
    BcError, Client, Earlier, NotSent, RecordPath, Reference, WriteAnswer, WriteError,
    error_body::meaning,
    path::RecordId,
    query::entity_of,
    read::pause,
    reference::resolve,
    wire::{Fault, Wire, bearer_header, bounded_text, challenge_of, no_token},
    write::{is_real_etag, send_once},
};

/// Largest file that is sent up; it is held in memory while it goes.
pub const LARGEST_UPLOAD: usize = 50 * 1024 * 1024;

/// Where a file of a record is: `customers(id)/picture/pictureContent`, `attachments(id)/attachmentContent`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MediaPath {
    record: RecordPath,
    /// The navigation property that leads to the record that holds it, where it is not the record itself.
    through: Option<String>,
    property: String,
}

impl MediaPath {
    /// Finds the file that `name` means: a stream property of the record (`attachmentContent`), or a related record that has one
    /// (`picture`, `pdfDocument`).
    ///
    /// # Errors
    /// [`BcError::BadQuery`] with the names that there are.
    pub fn find(catalogue: &Catalogue, record: &RecordPath, name: &str) -> Result<Self, BcError> {
        let entity = entity_of(catalogue, record.set())?;
        let stream = |entity: &Entity| entity.properties.iter().find(|p| p.kind == PropertyKind::Stream).map(|p| p.name.clone());
        if let Some(property) = entity.properties.iter().find(|p| p.kind == PropertyKind::Stream && p.name.eq_ignore_ascii_case(name)) {
            return Ok(Self { record: record.clone(), through: None, property: property.name.clone() });
        }
        let single = || entity.navigation.iter().filter(|n| n.multiplicity == Multiplicity::ZeroOrOne);
        let with_stream = single().filter_map(|n| Some((n, stream(catalogue.find(&n.target_set)?)?)));
        let all: Vec<(String, String)> = with_stream.map(|(n, property)| (n.name.clone(), property)).collect();
        if let Some((through, property)) = all.iter().find(|(through, property)| through.eq_ignore_ascii_case(name) || property.eq_ignore_ascii_case(name)) {
            return Ok(Self { record: record.clone(), through: Some(through.clone()), property: property.clone() });
        }
        let own = entity.properties.iter().filter(|p| p.kind == PropertyKind::Stream).map(|p| p.name.as_str());
        let names: Vec<&str> = own.chain(all.iter().map(|(through, _)| through.as_str())).collect();
        Err(BcError::BadQuery(match names.as_slice() {
            [] => format!("{} hold no files.", entity.set),
            names => format!("{} have no file of that name. They have {}.", entity.set, names.join(", ")),
        }))
    }

    /// The path of the record that holds the file: the record itself, or the one that belongs to it.
    #[must_use]
    pub fn holder(&self) -> String {
        self.through.as_ref().map_or_else(|| self.record.to_string(), |through| format!("{}/{through}", self.record))
    }

    /// The path of the file of a record that an earlier write of the same set creates: `attachments({result:…})/attachmentContent`. Nothing
    /// where the set's records hold no file themselves.
    #[must_use]
    pub fn of_result(entity: &Entity, created: Reference) -> Option<String> {
        let property = entity.properties.iter().find(|p| p.kind == PropertyKind::Stream)?;
        Some(format!("{}({created})/{}", entity.set, property.name))
    }

    /// Reads the path of a canonical request; only what this type itself could have written is accepted.
    fn is_well_formed(path: &str) -> bool {
        let path = bca_catalogue::ApiName::split(path).map_or(path, |(_, rest)| rest);
        let steps: Vec<&str> = path.split('/').collect();
        let word = |step: &str| step.starts_with(|c: char| c.is_ascii_alphabetic()) && step.len() <= 100 && step.chars().all(|c| c.is_ascii_alphanumeric());
        let record = |step: &str| {
            step.strip_suffix(')')
                .and_then(|step| step.split_once('('))
                .is_some_and(|(name, id)| word(name) && RecordId::parse(id).is_ok_and(|parsed| parsed.as_str() == id))
        };
        let keyed = steps.iter().take_while(|step| record(step)).count();
        keyed > 0 && matches!(steps.len() - keyed, 1 | 2) && steps.iter().skip(keyed).all(|step| word(step))
    }
}

impl fmt::Display for MediaPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.holder(), self.property)
    }
}

/// A file that came down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Downloaded {
    /// Its size.
    pub bytes: u64,
    /// What the server says it is; `application/octet-stream` where it says nothing.
    pub content_type: String,
}

/// What stands for a file in a canonical request: people approve this, and the bytes must fit it when they are sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaBody {
    /// Lower-case hexadecimal SHA-256 of the bytes.
    pub sha256: String,
    /// Size of the file.
    pub bytes: usize,
    /// Its type, for example `image/png`.
    pub content_type: String,
}

impl MediaBody {
    /// For these bytes.
    #[must_use]
    pub fn of(content: &[u8], content_type: &str) -> Self {
        Self { sha256: hex::encode(Sha256::digest(content)), bytes: content.len(), content_type: content_type.to_owned() }
    }

    /// The body of the canonical request.
    #[must_use]
    pub fn to_body(&self) -> String {
        let quoted = |text: &str| bca_protocol::Json::String(text.to_owned()).to_string();
        format!(r#"{{"file":{{"sha256":{},"bytes":{},"contentType":{}}}}}"#, quoted(&self.sha256), self.bytes, quoted(&self.content_type))
    }

    /// Reads such a body.
    #[must_use]
    pub fn parse(body: &str) -> Option<Self> {
        let tree = bca_protocol::Json::parse(body).ok()?;
        let file = tree.get("file")?;
        let text = |name: &str| Some(file.get(name)?.as_str()?.to_owned());
        let parsed = Self { sha256: text("sha256")?, bytes: file.get("bytes")?.display()?.parse().ok()?, content_type: text("contentType")? };
        (parsed.to_body() == body).then_some(parsed)
    }
}

impl Client {
    /// Writes a file of a record to `to`, at most `most` bytes of it. Tried again only as long as no byte has come.
    ///
    /// # Errors
    /// [`BcError::NotFound`] where there is none (also an empty picture), [`BcError::TooLarge`] beyond `most`: what was written to `to` until
    /// then is no whole file. Any other but [`BcError::Changed`].
    pub async fn download(&self, path: &MediaPath, to: &mut (impl AsyncWrite + Unpin), most: u64, cancel: &CancellationToken) -> Result<Downloaded, BcError> {
        tokio::select! {
            biased;
            () = cancel.cancelled() => Err(BcError::Cancelled),
            done = self.download_with_retries(path, to, most) => done,
        }
    }

    async fn download_with_retries(&self, path: &MediaPath, to: &mut (impl AsyncWrite + Unpin), most: u64) -> Result<Downloaded, BcError> {
        let wire = self.wire();
        let url = self.address(&path.to_string())?;
        let mut token = wire.bearer.token().await.map_err(no_token)?;
        let (mut tried, mut renewed) = (0, false);
        loop {
            let bearer = bearer_header(&token)?;
            let _turn = wire.pace.enter().await;
            let request = wire.in_language(wire.get(url.clone())).header(ACCEPT, "*/*").header(AUTHORIZATION, bearer).send();
            let (error, retry_after) = match tokio::time::timeout(wire.limits.read_timeout, request).await {
                Err(_) => (BcError::TimedOut { after: wire.limits.read_timeout }, None),
                Ok(Err(fault)) => (wire.error(&Fault::Broken(crate::wire::reason(&fault)), None), None),
                Ok(Ok(response)) if response.status() == StatusCode::NO_CONTENT => return Err(nothing_there()),
                Ok(Ok(response)) if response.status().is_success() => return pour(wire, response, to, most).await,
                Ok(Ok(response)) => {
                    let (status, retry_after, challenge) = (response.status(), wire.retry_after_of(&response), challenge_of(&response));
                    let text = bounded_text(response, wire.limits.max_body_bytes).await.unwrap_or_default();
                    match meaning(status, retry_after, &text) {
                        BcError::NotSignedIn { .. } if !renewed => {
                            token = wire.bearer.challenged(&token, &challenge).await.map_err(no_token)?;
                            renewed = true;
                            continue;
                        }
                        error if matches!(status.as_u16(), 429 | 502..=504) => (error, retry_after),
                        error => return Err(error),
                    }
                }
            };
            if tried >= wire.limits.read_retries || retry_after.is_some_and(|wait| wait > wire.limits.longest_pause) {
                return Err(error);
            }
            tokio::time::sleep(pause(wire.limits.first_pause, wire.limits.longest_pause, tried, retry_after)).await;
            tried += 1;
        }
    }

    /// The version of the record that holds the file, which a change of the file names as its `If-Match`; from the database that is
    /// written to.
    ///
    /// # Errors
    /// As for [`Client::get`].
    pub async fn media_version(&self, path: &MediaPath, cancel: &CancellationToken) -> Result<Option<String>, BcError> {
        self.version(&path.holder(), cancel).await
    }

    /// Sends a file up, once, with a permit for a request whose method is PATCH, whose path is a [`MediaPath`], whose `If-Match` is the
    /// holder's version, and whose body is the [`MediaBody`] of exactly these bytes. Path and version may refer to results of earlier writes
    /// ([`crate::Reference`]). Judged by the table of [`Client::write`].
    ///
    /// # Errors
    /// As for [`Client::write_after`].
    pub async fn upload(
        &self,
        permit: WritePermit,
        request: &CanonicalRequest,
        content: Vec<u8>,
        earlier: &Earlier,
        cancel: &CancellationToken,
    ) -> Result<WriteAnswer, WriteError> {
        let not_sent = WriteError::NotSent;
        let malformed = |sentence: &str| not_sent(NotSent::Malformed(sentence.to_owned()));
        let change_id = permit.redeem(request).map_err(|e| not_sent(e.into()))?;
        let request = &resolve(request, earlier).map_err(|e| not_sent(e.into()))?;
        if request.target != *self.target() {
            return Err(not_sent(NotSent::OtherTarget));
        }
        let Some(body) = request.body.as_deref().and_then(MediaBody::parse) else { return Err(malformed("the change names no file.")) };
        if content.len() > LARGEST_UPLOAD {
            return Err(malformed("the file is too large."));
        }
        if MediaBody::of(&content, &body.content_type) != body {
            return Err(malformed("the file is not the one that was approved."));
        }
        let tag = request.if_match.as_deref().filter(|tag| is_real_etag(tag));
        let (Method::Patch, true, Some(tag)) = (request.method, MediaPath::is_well_formed(&request.path), tag) else {
            return Err(malformed("method, path and version of the change do not belong together."));
        };
        let url = self.address(&request.path).map_err(|e| not_sent(NotSent::Malformed(e.to_string())))?;
        let http =
            self.wire().writes.patch(url).header(ACCEPT, "application/json").header(IF_MATCH, tag).header(CONTENT_TYPE, &body.content_type).body(content);
        send_once(self, change_id, http, cancel).await
    }
}

/// The body as it comes; a pause longer than a read may take ends it.
async fn pour(wire: &Wire, mut response: reqwest::Response, to: &mut (impl AsyncWrite + Unpin), most: u64) -> Result<Downloaded, BcError> {
    let status = response.status();
    let content_type = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("application/octet-stream").to_owned();
    let mut bytes = 0_u64;
    let unwritten = |fault: std::io::Error| BcError::BadQuery(format!("The file could not be written: {fault}."));
    loop {
        let idle: Duration = wire.limits.read_timeout;
        let chunk = match tokio::time::timeout(idle, response.chunk()).await {
            Err(_) => return Err(BcError::TimedOut { after: idle }),
            Ok(Err(fault)) => return Err(wire.error(&Fault::Broken(crate::wire::reason(&fault)), Some(status))),
            Ok(Ok(None)) => break,
            Ok(Ok(Some(chunk))) => chunk,
        };
        bytes += chunk.len() as u64;
        if bytes > most {
            return Err(BcError::TooLarge { limit_bytes: usize::try_from(most).unwrap_or(usize::MAX) });
        }
        to.write_all(&chunk).await.map_err(unwritten)?;
    }
    to.flush().await.map_err(unwritten)?;
    if bytes == 0 { Err(nothing_there()) } else { Ok(Downloaded { bytes, content_type }) }
}

fn nothing_there() -> BcError {
    BcError::NotFound { message: "the record has no such file.".into(), correlation_id: None }
}

#[cfg(test)]
#[path = "media_tests.rs"]
mod tests;
