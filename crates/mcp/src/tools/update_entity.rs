//! `bc_update_entity`: changes properties of one record, against the version that was read for the preview.

use bca_approval::{CanonicalRequest, Method};
use bca_bc::RecordPath;
use bca_catalogue::{Operation, Parented, Proposal};
use bca_protocol::{CallId, Json};
use schemars::JsonSchema;
use serde::Deserialize;
use tokio_util::sync::CancellationToken;

use super::{AnyObject, BusinessCentral, Prepared, Target, change_set::ChangeSetInput, entity, failed, preview, validated, verify};
use crate::answer::Answer;

pub(super) const DESCRIPTION: &str = "Proposes changes to one record. The person sees each value before and after; the change is made only if nobody else changed the record meanwhile, then read back.";

/// The change.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// Entity set.
    entity: String,
    /// Record id (GUID).
    id: String,
    /// Only the properties to change.
    #[schemars(with = "AnyObject")]
    data: Json,
    /// Id or name of a file that the person attached, with empty `data`: becomes the picture of the record or the content of the attachment.
    #[serde(default, rename = "file")]
    #[schemars(with = "Option<String>")]
    _file: Option<String>,
    #[serde(default, rename = "change_set")]
    #[schemars(with = "ChangeSetInput")]
    _change_set: Option<ChangeSetInput>,
}

pub(super) async fn prepare(bc: &BusinessCentral, input: Input, call_id: &CallId, cancel: &CancellationToken) -> Result<Prepared, Answer> {
    let client = bc.client()?;
    let entity = entity(&input.entity)?;
    let operation = Operation::Update;
    let notes = validated(&Proposal { entity: &entity.set, operation: &operation, id: Some(&input.id), parented: Parented::No, data: Some(&input.data) })?;
    let record_path = RecordPath::of(&entity.set, &input.id).map_err(|e| failed(&e))?;
    let record = super::send::fetch(client, &record_path, &[], cancel).await.map_err(|e| failed(&e))?;
    let changed: Vec<(String, Json)> = input
        .data
        .members()
        .unwrap_or_default()
        .iter()
        .filter(|(name, value)| !verify::same(entity.property(name).map(|p| &p.kind), value, record.json.get(name).unwrap_or(&Json::Null)))
        .cloned()
        .collect();
    let name = preview::name_of(entity, &record.json);
    if changed.is_empty() {
        return Err(Answer::error("nothing_to_change", format!("The {} {name} already has these values. Nothing was changed.", entity.singular)));
    }
    let data = Json::Object(changed);
    let etag = super::send::etag(&record)?;
    let request = CanonicalRequest {
        target: client.target().clone(),
        method: Method::Patch,
        path: record_path.to_string(),
        if_match: Some(etag),
        body: Some(data.to_string()),
    };
    let draft = preview::Draft {
        entity,
        operation: &operation,
        call_id,
        key: Some(record_path.id().to_string()),
        title: format!("Change {} {name}", entity.singular),
        before: Some(&record.json),
        data: Some(&data),
        notes,
        now: bc.clock.now(),
        request,
    };
    let planned = preview::plan(client, draft, cancel).await;
    Ok(Prepared { planned, target: Target::Update { record: record_path, data } })
}
