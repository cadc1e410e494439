//! Finding out what became of a write that got no answer, by reading. Only what can't be a coincidence counts: a create is never
//! matched by its values, because a lookalike may be somebody else's; it is by the id that it brought along.

use std::time::Duration;

use bca_approval::{OwnIds, PlannedWrite, Settlement};
use bca_bc::{BcError, Client, Filter, Freshness, Query, RecordId, RecordPath, SetPath};
use bca_catalogue::{Catalogue, Entity, PropertyKind};
use bca_protocol::{ChangeOutcome, Json, RawJson, WriteOperation};
use tokio_util::sync::CancellationToken;

use super::{BusinessCentral, own_ids, send::fetch, verify};

/// A write may still be committed so long after it was sent: a request runs for 8 minutes at most, and the gateway waits for 10
/// (docs/business-central.md, section 8).
const MAY_STILL_COMMIT: Duration = Duration::from_secs(600);

/// Properties of a create that it is looked for by.
const MOST_CLUES: usize = 6;

impl BusinessCentral {
    /// Looks once at what stands there now. `None`: still not known.
    pub async fn look_again(&self, planned: &PlannedWrite, age: Duration, cancel: &CancellationToken) -> Option<Settlement> {
        let client = self.client().ok()?;
        let entity = Catalogue::get().find(&planned.preview.entity)?;
        if planned.preview.operation == WriteOperation::Create
            && let Some(found) = self.look_by_own_id(client, entity, planned, age, cancel).await
        {
            return found;
        }
        let (outcome, message, after) = match planned.preview.operation {
            WriteOperation::Update => look_at_update(client, entity, planned, age, cancel).await?,
            WriteOperation::Delete => look_at_deletion(client, planned, age, cancel).await?,
            WriteOperation::Create => look_for_create(client, entity, planned, age, cancel).await?,
            // Posting and the like: a document that moved on may have been moved by somebody else.
            WriteOperation::Action => return None,
        };
        Some(self.settlement((outcome, message, after), planned.preview.key.clone()))
    }

    fn settlement(&self, (outcome, message, after): Finding, key: Option<String>) -> Settlement {
        let (message, after) = (Some(message.to_owned()), after.as_ref().map(RawJson::from));
        Settlement { outcome, message, key, after, correlation_id: None, at: self.clock.now() }
    }

    /// What stands at the id that a create brought along, where that tells: a record with a random id of ours is ours; none, so long after,
    /// was not made, if the environment is known to keep such ids. The outer `None`: it does not tell.
    async fn look_by_own_id(
        &self,
        client: &Client,
        entity: &Entity,
        planned: &PlannedWrite,
        age: Duration,
        cancel: &CancellationToken,
    ) -> Option<Option<Settlement>> {
        let place = own_ids::place(entity, &own_ids::brought(&planned.request)?)?;
        match fetch(client, &place, &[], cancel).await {
            Ok(now) => {
                self.found(entity, OwnIds::Kept).await;
                Some(Some(self.settlement((ChangeOutcome::Confirmed, MADE, Some(now.json)), Some(place.id().to_string()))))
            }
            Err(BcError::NotFound { .. }) if self.kept(entity).await == Some(OwnIds::Kept) => {
                Some((age > MAY_STILL_COMMIT).then(|| self.settlement((ChangeOutcome::Failed, NOT_MADE, None), None)))
            }
            Err(BcError::NotFound { .. }) => None,
            Err(_) => Some(None),
        }
    }
}

type Finding = (ChangeOutcome, &'static str, Option<Json>);

const MADE: &str = "Found by reading: the change was made.";
const NOT_MADE: &str = "Found by reading, more than ten minutes later: the change was not made.";

/// The record where it was written to: what stands below another may have no place of its own, and that nothing is found at such a place
/// would say nothing.
fn record_path(planned: &PlannedWrite) -> Option<RecordPath> {
    let Some((parent, own)) = planned.request.path.rsplit_once('/') else {
        return RecordPath::of(&planned.preview.entity, planned.preview.key.as_deref()?).ok();
    };
    let parts = |step: &str| step.strip_suffix(')').and_then(|step| step.split_once('(')).map(|(set, id)| (set.to_owned(), id.to_owned()));
    let ((set, id), (navigation, own)) = (parts(parent)?, parts(own)?);
    Some(SetPath::below(&RecordPath::of(&set, &id).ok()?, &navigation).ok()?.record(RecordId::parse(&own).ok()?))
}

async fn look_at_update(client: &Client, entity: &Entity, planned: &PlannedWrite, age: Duration, cancel: &CancellationToken) -> Option<Finding> {
    let sent = Json::parse(planned.request.body.as_deref()?).ok()?;
    let now = fetch(client, &record_path(planned)?, &[], cancel).await.ok()?;
    if now.etag == planned.request.if_match {
        return (age > MAY_STILL_COMMIT).then_some((ChangeOutcome::Failed, NOT_MADE, None));
    }
    let all_there = verify::compare(entity, &sent, &now.json).iter().all(|compared| compared.same);
    all_there.then_some((ChangeOutcome::Confirmed, MADE, Some(now.json)))
}

async fn look_at_deletion(client: &Client, planned: &PlannedWrite, age: Duration, cancel: &CancellationToken) -> Option<Finding> {
    match fetch(client, &record_path(planned)?, &[], cancel).await {
        Err(BcError::NotFound { .. }) => Some((ChangeOutcome::Confirmed, MADE, None)),
        Ok(now) if now.etag == planned.request.if_match && age > MAY_STILL_COMMIT => Some((ChangeOutcome::Failed, NOT_MADE, None)),
        Ok(_) | Err(_) => None,
    }
}

/// Nothing that looks like it, long after: it was not made. Anything that looks like it: a person has to look.
async fn look_for_create(client: &Client, entity: &Entity, planned: &PlannedWrite, age: Duration, cancel: &CancellationToken) -> Option<Finding> {
    if age <= MAY_STILL_COMMIT || planned.request.path.contains('/') {
        return None;
    }
    let sent = Json::parse(planned.request.body.as_deref()?).ok()?;
    let clue = |(name, value): &(String, Json)| {
        let kind = &entity.property(name)?.kind;
        let text = value.as_str().filter(|text| !text.trim().is_empty())?;
        matches!(kind, PropertyKind::String | PropertyKind::Code).then(|| Filter::equals(name, text))
    };
    let sent = own_ids::without(&sent);
    let clues = sent.members()?.iter().filter_map(clue).take(MOST_CLUES).reduce(Filter::and)?;
    let mut query = Query::of(SetPath::of(&entity.set).ok()?).filtered(clues);
    query.top = Some(1);
    query.freshness = Freshness::Primary;
    let page = client.query(&query, cancel).await.ok()?;
    page.rows.is_empty().then_some((ChangeOutcome::Failed, NOT_MADE, None))
}

#[cfg(test)]
#[path = "look_again_tests.rs"]
mod tests;
