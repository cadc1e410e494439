//! Looking later at what a trial left, by reading: after a network that was gone, or a process that was killed. Somebody else may have been at work
//! meanwhile, so a change counts only where its values stand, and a new record without a known id where one like it came since.

use bca_approval::{CanonicalRequest, OwnIds, PlannedWrite};
use bca_bc::{BcError, Certainty, Client, Filter, Freshness, Query, Record, RecordId, RecordPath, SetPath, Stands, Stayed};
use bca_catalogue::{Catalogue, Entity, PropertyKind};
use bca_protocol::{Json, WriteOperation};
use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;

use super::{BusinessCentral, own_ids, verify};

/// How far the clocks of this computer and of Business Central may be apart.
const SKEW: SignedDuration = SignedDuration::from_mins(10);

/// Properties that a new record is looked for by.
const MOST_CLUES: usize = 6;

/// What a later look at a trial found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LateLook {
    /// What stands in the books, or may.
    pub stayed: Vec<Stayed>,
    /// Places in the set of new records that nothing tells of: they have neither an id nor a text to look for.
    pub unseen: Vec<usize>,
}

impl BusinessCentral {
    /// Looks once at what stands there now of a set that was tried out at `begun_at`. By place in the set: the ids that the trial's
    /// answer gave to new records, and those of records that the writes themselves made since.
    ///
    /// # Errors
    /// No connection, or no answer: nothing is known then.
    pub async fn look_at_trial(
        &self,
        writes: &[PlannedWrite],
        (answered, made): (&[Option<String>], &[Option<String>]),
        begun_at: Timestamp,
        cancel: &CancellationToken,
    ) -> Result<LateLook, BcError> {
        let client = self.client.as_ref().ok_or_else(|| BcError::BadQuery("There is no connection.".into()))?;
        client.catalogue().scope(self.look_late(client, writes, (answered, made), begun_at, cancel)).await
    }

    async fn look_late(
        &self,
        client: &Client,
        writes: &[PlannedWrite],
        (answered, made): (&[Option<String>], &[Option<String>]),
        begun_at: Timestamp,
        cancel: &CancellationToken,
    ) -> Result<LateLook, BcError> {
        let requests: Vec<&CanonicalRequest> = writes.iter().map(|write| &write.request).collect();
        let ids: Vec<Option<RecordId>> = answered.iter().map(|id| RecordId::parse(id.as_deref()?).ok()).collect();
        let mut look = LateLook::default();
        for (at, (write, stands)) in writes.iter().zip(client.stands_after(&requests, &ids).await?).enumerate() {
            let found = match write.preview.operation {
                WriteOperation::Create => match (&stands, ids.get(at)) {
                    (Stands::There(_), _) => Some(Certainty::Found),
                    // An id that was answered, or is known to be kept, tells; one that may have been ignored does not.
                    (Stands::Nowhere, Some(Some(_))) => None,
                    (Stands::Nowhere, _) if self.keeps_id(write).await => None,
                    (Stands::Nowhere | Stands::NoId, _) => match lookalikes(write, begun_at) {
                        Some(query) => {
                            let own = made.get(at).and_then(Option::as_deref);
                            let another = |row: &Record| own.is_none() || row.id() != own;
                            client.query(&query, cancel).await?.rows.iter().any(another).then_some(Certainty::Suspected)
                        }
                        None => {
                            look.unseen.push(at);
                            None
                        }
                    },
                },
                WriteOperation::Update => changed(write, &stands),
                WriteOperation::Delete => (stands == Stands::Nowhere).then_some(Certainty::Suspected),
                // Never tried out.
                WriteOperation::Action => None,
            };
            look.stayed.extend(found.map(|certainty| Stayed { at, certainty }));
        }
        Ok(look)
    }

    async fn keeps_id(&self, write: &PlannedWrite) -> bool {
        match Catalogue::get().find(&write.preview.entity) {
            Some(entity) if own_ids::brought(&write.request).is_some() => self.kept(entity).await == Some(OwnIds::Kept),
            Some(_) | None => false,
        }
    }
}

/// Whether a change may stand: the record is in another version, and has a value that it had not before and that was sent.
fn changed(write: &PlannedWrite, stands: &Stands) -> Option<Certainty> {
    let Stands::There(now) = stands else { return None };
    if now.etag == write.request.if_match {
        return None;
    }
    let sent = write.request.body.as_deref().and_then(|body| Json::parse(body).ok());
    let before = write.before.as_ref().and_then(|before| before.tree().ok());
    let stands = match (Catalogue::get().find(&write.preview.entity), sent, before) {
        (Some(entity), Some(sent), Some(before)) => {
            let differed = verify::compare(entity, &sent, &before);
            let here = verify::compare(entity, &sent, &now.json);
            here.iter().zip(differed).any(|(here, before)| here.same && !before.same)
        }
        // Nobody can tell what it was before.
        _ => true,
    };
    stands.then_some(Certainty::Suspected)
}

/// What finds a record that looks like the new one and came since the trial; `None` where it has no text to look for.
fn lookalikes(write: &PlannedWrite, begun_at: Timestamp) -> Option<Query> {
    let entity = Catalogue::get().find(&write.preview.entity)?;
    let sent = own_ids::without(&Json::parse(write.request.body.as_deref()?).ok()?);
    let clues = sent.members()?.iter().filter_map(|(name, value)| clue(entity, name, value)).take(MOST_CLUES).reduce(Filter::and)?;
    let since = begun_at.checked_sub(SKEW).unwrap_or(Timestamp::MIN).strftime("%Y-%m-%dT%H:%M:%SZ");
    let since = entity.property(MODIFIED).and_then(|_| Filter::parse(&format!("{MODIFIED} ge {since}")).ok());
    let filter = since.into_iter().fold(clues, Filter::and);
    let mut query = Query::of(set_of(&write.request.path)?).filtered(filter);
    // The one that the write itself made may be among them.
    query.top = Some(2);
    query.freshness = Freshness::Primary;
    Some(query)
}

const MODIFIED: &str = "lastModifiedDateTime";

fn clue(entity: &Entity, name: &str, value: &Json) -> Option<Filter> {
    let text = value.as_str().filter(|text| !bca_bc::is_empty_value(text))?;
    match entity.property(name)?.kind {
        PropertyKind::String | PropertyKind::Code => Some(Filter::equals(name, text)),
        PropertyKind::Guid => Filter::parse(&format!("{name} eq {}", RecordId::parse(text).ok()?)).ok(),
        PropertyKind::Date
        | PropertyKind::DateTime
        | PropertyKind::Decimal
        | PropertyKind::Integer
        | PropertyKind::Boolean
        | PropertyKind::Enum(_)
        | PropertyKind::Stream => None,
    }
}

/// The set of a create's path: `customers`, or `salesOrders(id)/salesOrderLines`.
fn set_of(path: &str) -> Option<SetPath> {
    let path = path.split('?').next()?;
    let Some((parent, navigation)) = path.split_once('/') else { return SetPath::of(path).ok() };
    let (set, id) = parent.strip_suffix(')')?.split_once('(')?;
    SetPath::below(&RecordPath::of(set, id).ok()?, navigation).ok()
}

#[cfg(test)]
#[path = "after_trial_tests.rs"]
mod tests;
