//! `bc_create_entity`: a new record, with its children where they are nested.

use bca_approval::{CanonicalRequest, Method};
use bca_bc::{RecordPath, SetPath};
use bca_catalogue::{Entity, Operation, Parented, Proposal};
use bca_protocol::{CallId, Json};
use schemars::JsonSchema;
use serde::Deserialize;
use tokio_util::sync::CancellationToken;

use super::{AnyObject, BusinessCentral, ParentInput, Prepared, Target, change_set::ChangeSetInput, entity, failed, own_ids, preview, validated};
use crate::answer::Answer;

pub(super) const DESCRIPTION: &str = "Proposes a new record. A person approves it before it is made; afterwards it is read back and compared. \
Documents take their lines nested under the navigation name, for example salesOrderLines.";

/// The record to create.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// Entity set, for example `customers`.
    entity: String,
    /// Properties to set; children nested under their navigation name. As the id of what the Nth write of its set creates, write `{result:N}`.
    #[schemars(with = "AnyObject")]
    data: Json,
    /// Parent record, to add a child such as an order line.
    parent: Option<ParentInput>,
    /// Id or name of a file that the person attached: becomes the content of an attachment.
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
    let operation = Operation::Create;
    let parented = if input.parent.is_some() { Parented::Yes } else { Parented::No };
    let mut notes = validated(&Proposal { entity: &entity.set, operation: &operation, id: None, parented, data: Some(&input.data) })?;
    let (set, parent_name) = match &input.parent {
        None => (SetPath::of(&entity.set).map_err(|e| failed(&e))?, None),
        Some(parent) => {
            let owner = super::entity(&parent.entity)?;
            let navigation = entity.parents.iter().find(|p| p.set == owner.set).ok_or_else(|| {
                let owners: Vec<&str> = entity.parents.iter().map(|p| p.set.as_str()).collect();
                Answer::error_with("wrong_parent", format!("{} do not belong to {}.", entity.title, owner.title), format!("Parents: {}.", owners.join(", ")))
            })?;
            let path = RecordPath::of(&owner.set, &parent.id).map_err(|e| failed(&e))?;
            let record = super::send::fetch(client, &path, &[], cancel).await.map_err(|e| failed(&e))?;
            (
                SetPath::below(&path, &navigation.navigation).map_err(|e| failed(&e))?,
                Some(format!("{} {}", owner.singular, preview::name_of(owner, &record.json))),
            )
        }
    };
    let expand: Vec<String> = input
        .data
        .members()
        .unwrap_or_default()
        .iter()
        .filter(|(name, value)| matches!(value, Json::Array(_) | Json::Object(_)) && entity.navigation(name).is_some())
        .map(|(name, _)| name.clone())
        .collect();
    let id = if input.parent.is_none() { bc.own_id(entity).await } else { None };
    let path = if expand.is_empty() { set.to_string() } else { format!("{set}?$expand={}", expand.join(",")) };
    let request = CanonicalRequest {
        target: client.target().clone(),
        method: Method::Post,
        path,
        if_match: None,
        body: Some(own_ids::bring(&input.data, id.as_deref()).to_string()),
    };
    notes.extend(id.as_ref().map(|_| own_ids::note()));
    let title = title(entity, &input.data, parent_name.as_deref());
    let draft =
        preview::Draft { entity, operation: &operation, call_id, key: None, title, before: None, data: Some(&input.data), notes, now: bc.clock.now(), request };
    let planned = preview::plan(client, draft, cancel).await;
    Ok(Prepared { planned, target: Target::Create { set, expand, data: input.data } })
}

/// `Create customer Fjordlys AS`, `Add sales order line Sofa to sales order 1001`.
pub(super) fn title(entity: &Entity, data: &Json, parent: Option<&str>) -> String {
    let name = preview::name_of(entity, data);
    match (name.is_empty(), parent) {
        (false, None) => format!("Create {} {name}", entity.singular),
        (true, None) => format!("Create {}", entity.one()),
        (false, Some(parent)) => format!("Add {} {name} to {parent}", entity.singular),
        (true, Some(parent)) => format!("Add {} to {parent}", entity.one()),
    }
}
