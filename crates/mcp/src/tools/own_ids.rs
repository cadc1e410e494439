//! Ids that new records bring along: where an environment keeps them, a create whose answer was lost is found by reading, for certain.
//!
//! "A client may supply the id" is documented, which sets keep it is not (docs/business-central.md, section 3). So it is found out for each
//! environment and set from the answers, and remembered. An id that is ignored or refused does no harm, but a refusal is one more
//! proposal to a person: where nothing is known yet, an id is sent only where [`NewIds`] says so.

use std::sync::Arc;

use bca_approval::{CanonicalRequest, Method, OwnIdLog, OwnIds, PlannedWrite};
use bca_bc::{BcError, Record, RecordId, RecordPath, WriteAnswer, WriteError};
use bca_catalogue::{Catalogue, Entity, EntityKind, PropertyKind};
use bca_protocol::{ChangeId, ChangeOutcome, Json, Note, NoteKind};
use uuid::Uuid;

use super::{BusinessCentral, Prepared, send::Settled};

const ID: &str = "id";

/// For a refusal that nobody can tell from one of the id by its code.
pub(super) const WITHOUT_ID: &str = "It may be the id chosen by BC Agent that was refused: proposed again, the record goes without one.";

/// Which new records bring an id along.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NewIds {
    /// Those of sets that keep it, and of sets of which nobody has found out yet: the answer tells.
    FindOut,
    /// Those of sets that are known to keep it.
    WhereKept,
    /// None.
    Never,
}

/// Who remembers what was found out, and whether finding out is allowed.
pub(super) struct Finding {
    log: Arc<dyn OwnIdLog>,
    new: NewIds,
}

impl BusinessCentral {
    /// The same, with new records that bring ids along where that is of use.
    #[must_use]
    pub fn bringing_ids(self, log: Arc<dyn OwnIdLog>, new: NewIds) -> Self {
        Self { own_ids: Some(Finding { log, new }), ..self }
    }

    /// A fresh id for a new record of this set; `None` where it would not be kept, or must not be tried.
    pub(super) async fn own_id(&self, entity: &Entity) -> Option<String> {
        let finding = self.own_ids.as_ref().filter(|finding| finding.new != NewIds::Never && has_one_id(entity))?;
        let brings = match self.kept(entity).await {
            Some(OwnIds::Kept) => true,
            Some(OwnIds::NotKept) => false,
            None => finding.new == NewIds::FindOut,
        };
        // Not a counting one: nobody else's record may ever have it.
        brings.then(|| Uuid::new_v4().to_string())
    }

    /// What is known of the set. A fault counts as nothing known.
    pub(super) async fn kept(&self, entity: &Entity) -> Option<OwnIds> {
        let (finding, client) = (self.own_ids.as_ref()?, self.client.as_ref()?);
        finding.log.known(client.target(), &entity.set).await.unwrap_or_else(|fault| {
            tracing::error!(%fault, "what is known of ids could not be read");
            None
        })
    }

    /// Remembers what the outcome of a create shows.
    pub(super) async fn learn_of_ids(&self, prepared: &Prepared, settled: &mut Settled) {
        let Some(sent) = brought(&prepared.planned.request) else { return };
        let Some(entity) = Catalogue::get().find(&prepared.planned.preview.entity) else { return };
        match settled.outcome {
            ChangeOutcome::Confirmed => {
                let Some(key) = settled.key.as_deref() else { return };
                let kept = if key.eq_ignore_ascii_case(sent.as_str()) { OwnIds::Kept } else { OwnIds::NotKept };
                self.found(entity, kept).await;
            }
            ChangeOutcome::Failed if may_be_about_the_id(&settled.answer.json) && self.kept(entity).await.is_none() => {
                self.found(entity, OwnIds::NotKept).await;
                settled.add(WITHOUT_ID);
            }
            ChangeOutcome::Failed | ChangeOutcome::Unknown => {}
        }
    }

    /// Remembers what a trial of a set shows; the write that it would refuse, perhaps because of its id. What stands behind the first
    /// failure says nothing.
    pub(super) async fn learn_from_trial(&self, writes: &[PlannedWrite], outcomes: &[Result<WriteAnswer, WriteError>]) -> Option<ChangeId> {
        for (write, outcome) in writes.iter().zip(outcomes) {
            let (sent, entity) = (brought(&write.request), Catalogue::get().find(&write.preview.entity));
            match (outcome, sent, entity) {
                (Ok(answer), Some(sent), Some(entity)) => {
                    if let Some(id) = answer.record.as_ref().and_then(Record::id) {
                        let kept = if id.eq_ignore_ascii_case(sent.as_str()) { OwnIds::Kept } else { OwnIds::NotKept };
                        self.found(entity, kept).await;
                    }
                }
                (Ok(_), ..) => {}
                (Err(WriteError::Refused(BcError::Refused { code, .. })), Some(_), Some(entity))
                    if is_about_the_request(code) && self.kept(entity).await.is_none() =>
                {
                    self.found(entity, OwnIds::NotKept).await;
                    return Some(write.change_id());
                }
                (Err(_), ..) => return None,
            }
        }
        None
    }

    pub(super) async fn found(&self, entity: &Entity, found: OwnIds) {
        let (Some(finding), Some(client)) = (&self.own_ids, &self.client) else { return };
        if let Err(fault) = finding.log.found(client.target(), &entity.set, found, self.clock.now()).await {
            tracing::error!(%fault, "what was found out of ids could not be kept");
        }
    }
}

/// Whether records of the set have one id of their own and stand in the standard API, whose pages say so.
fn has_one_id(entity: &Entity) -> bool {
    let is_guid = entity.property(ID).is_some_and(|property| property.kind == PropertyKind::Guid);
    entity.kind == EntityKind::Page && is_guid && entity.key == [ID] && !entity.computed_rows && Catalogue::embedded().find(&entity.set).is_some()
}

/// A request that could not be read, not a rule that said no. What such a refusal is about is in its words only; taking it for one about the
/// id costs no more than the id.
fn may_be_about_the_id(answer: &Json) -> bool {
    answer.get("code").and_then(Json::as_str).is_some_and(is_about_the_request)
}

fn is_about_the_request(code: &str) -> bool {
    code == "BadRequest" || code.starts_with("BadRequest_")
}

/// The data with the id behind it.
pub(super) fn bring(data: &Json, id: Option<&str>) -> Json {
    match (data, id) {
        (Json::Object(members), Some(id)) => {
            let brought = (ID.to_owned(), Json::String(id.to_owned()));
            Json::Object(members.iter().filter(|(name, _)| name != ID).cloned().chain([brought]).collect())
        }
        (data, _) => data.clone(),
    }
}

/// The data without the id: what a person and a model deal with.
pub(super) fn without(data: &Json) -> Json {
    match data {
        Json::Object(members) => Json::Object(members.iter().filter(|(name, _)| name != ID).cloned().collect()),
        other => other.clone(),
    }
}

/// The id that a create brings along.
pub(super) fn brought(request: &CanonicalRequest) -> Option<RecordId> {
    if request.method != Method::Post || request.path.contains('(') {
        return None;
    }
    let body = Json::parse(request.body.as_deref()?).ok()?;
    RecordId::parse(body.get(ID)?.as_str()?).ok()
}

/// Where the record stands, if it was made with the id that it brought along.
pub(super) fn place(entity: &Entity, id: &RecordId) -> Option<RecordPath> {
    RecordPath::of(&entity.set, id.as_str()).ok()
}

/// What a person is told of the id. It is among what is sent, but no value that anybody chose.
pub(super) fn note() -> Note {
    let text = "Sent with an id of its own: the record can be found by it even if no answer comes.".to_owned();
    Note { kind: NoteKind::Info, text }
}

#[cfg(test)]
#[path = "own_ids_tests.rs"]
mod tests;
