//! `bc_delete_entity`: deletes one record, in the version that was read for the preview.

use bca_approval::{CanonicalRequest, Method};
use bca_bc::RecordPath;
use bca_catalogue::{Operation, Parented, Proposal};
use bca_protocol::{CallId, Undoable};
use schemars::JsonSchema;
use serde::Deserialize;
use tokio_util::sync::CancellationToken;

use super::{BusinessCentral, Prepared, Target, change_set::ChangeSetInput, entity, failed, image, preview, recreate, validated};
use crate::answer::Answer;

pub(super) const DESCRIPTION: &str = "Proposes to delete one record. The person sees what it is; afterwards it is checked that it is gone.";

/// The record to delete.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// Entity set.
    entity: String,
    /// Record id (GUID).
    id: String,
    #[serde(default, rename = "change_set")]
    #[schemars(with = "ChangeSetInput")]
    _change_set: Option<ChangeSetInput>,
}

pub(super) async fn prepare(bc: &BusinessCentral, input: Input, call_id: &CallId, cancel: &CancellationToken) -> Result<Prepared, Answer> {
    let client = bc.client()?;
    let entity = entity(&input.entity)?;
    let operation = Operation::Delete;
    let notes = validated(&Proposal { entity: &entity.set, operation: &operation, id: Some(&input.id), parented: Parented::No, data: None })?;
    let record_path = RecordPath::of(&entity.set, &input.id).map_err(|e| failed(&e))?;
    let record = image::whole(client, entity, &record_path, cancel).await.map_err(|e| failed(&e))?;
    let etag = super::send::etag(&record)?;
    let request = CanonicalRequest { target: client.target().clone(), method: Method::Delete, path: record_path.to_string(), if_match: Some(etag), body: None };
    let draft = preview::Draft {
        entity,
        operation: &operation,
        call_id,
        key: Some(record_path.id().to_string()),
        title: format!("Delete {} {}", entity.singular, preview::name_of(entity, &record.json)),
        before: Some(&record.json),
        data: None,
        notes,
        now: bc.clock.now(),
        request,
    };
    let mut planned = preview::plan(client, draft, cancel).await;
    match (&planned.preview.undo, image::way_back(entity, &record.json)) {
        (Undoable::Yes { .. }, Some(no)) => planned.preview.undo = no,
        (Undoable::Yes { .. }, None) => planned.preview.notes.extend(recreate::would_be_lost(entity, &record.json)),
        (Undoable::No { .. }, _) => {}
    }
    Ok(Prepared { planned, target: Target::Delete { record: record_path } })
}
