//! `bc_invoke_action`: a bound action of one record: post, ship and invoice, send, cancel ...

use bca_approval::{CanonicalRequest, Method};
use bca_bc::RecordPath;
use bca_catalogue::{Operation, Parented, Proposal};
use bca_protocol::{CallId, Note, NoteKind};
use schemars::JsonSchema;
use serde::Deserialize;
use tokio_util::sync::CancellationToken;

use super::{BusinessCentral, Prepared, Target, change_set::ChangeSetInput, entity, failed, preview, validated};
use crate::answer::Answer;

pub(super) const DESCRIPTION: &str = "Proposes a business action on one record: post, postAndSend, send, makeOrder, makeInvoice, shipAndInvoice, receiveAndInvoice, cancel ... Most can't be taken back.";

/// The action.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// Entity set, for example `salesInvoices`.
    entity: String,
    /// Record id (GUID).
    id: String,
    /// Name of the action, for example `post`.
    action: String,
    #[serde(default, rename = "change_set")]
    #[schemars(with = "ChangeSetInput")]
    _change_set: Option<ChangeSetInput>,
}

pub(super) async fn prepare(bc: &BusinessCentral, input: Input, call_id: &CallId, cancel: &CancellationToken) -> Result<Prepared, Answer> {
    let client = bc.client()?;
    let entity = entity(&input.entity)?;
    let operation = Operation::Action(entity.action(&input.action).map_or(input.action.clone(), |action| action.name.clone()));
    let mut notes = validated(&Proposal { entity: &entity.set, operation: &operation, id: Some(&input.id), parented: Parented::No, data: None })?;
    let Operation::Action(name) = &operation else { return Err(Answer::error("unknown_action", "There is no such action.")) };
    notes.extend(entity.action(name).map(|action| Note { kind: NoteKind::Info, text: action.description.clone() }));
    let record_path = RecordPath::of(&entity.set, &input.id).map_err(|e| failed(&e))?;
    let record = super::send::fetch(client, &record_path, &[], cancel).await.map_err(|e| failed(&e))?;
    let request = CanonicalRequest {
        target: client.target().clone(),
        method: Method::Post,
        path: record_path.action(name).map_err(|e| failed(&e))?,
        // Actions take no If-Match (docs/business-central.md, section 3): the version is compared by reading, just before sending.
        if_match: None,
        body: None,
    };
    let draft = preview::Draft {
        entity,
        operation: &operation,
        call_id,
        key: Some(record_path.id().to_string()),
        title: format!("{} {} {}", spoken(name), entity.singular, preview::name_of(entity, &record.json)),
        before: Some(&record.json),
        data: None,
        notes,
        now: bc.clock.now(),
        request,
    };
    let planned = preview::plan(client, draft, cancel).await;
    let seen = record.etag;
    Ok(Prepared { planned, target: Target::Action { record: record_path, action: name.clone(), seen } })
}

/// `shipAndInvoice` as `Ship and invoice`.
fn spoken(action: &str) -> String {
    let mut words = String::with_capacity(action.len() + 4);
    for (index, c) in action.chars().enumerate() {
        match (index, c.is_ascii_uppercase()) {
            (0, _) => words.push(c.to_ascii_uppercase()),
            (_, true) => {
                words.push(' ');
                words.push(c.to_ascii_lowercase());
            }
            (_, false) => words.push(c),
        }
    }
    words
}
