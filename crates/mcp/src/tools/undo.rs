//! The way back from a write: its inverse, built from the record before and after it and from what stands there now.

use bca_agent::{PreparedCall, ToolCall};
use bca_approval::{CanonicalRequest, Method, PlannedWrite};
use bca_bc::{BcError, Client, Record, RecordPath, SetPath};
use bca_catalogue::{Catalogue, Entity, Operation, Parented, Property, PropertyKind, Proposal};
use bca_protocol::{CallId, ChangeId, ErrorCode, FieldConflict, Json, Note, RawJson, Undoable, UserError, WriteOperation};
use tokio_util::sync::CancellationToken;

use super::{
    BusinessCentral, Prepared, Target, Tool, image, preview,
    preview::is_nothing,
    recreate::{self, Again},
    send::fetch,
    validated, verify,
};
use crate::answer::{Answer, object, text};

/// A confirmed write as the history knows it.
pub struct Done<'a> {
    /// The request, what was shown, and the record before.
    pub planned: &'a PlannedWrite,
    /// The id that a create gave its record.
    pub key: Option<&'a str>,
    /// The record as it was read back.
    pub after: Option<&'a RawJson>,
    /// Other writes that its way back takes back as well.
    pub also: &'a [ChangeId],
}

/// The inverse before it is planned.
struct Inverse {
    operation: Operation,
    tool: Tool,
    input: Json,
    title: String,
    key: Option<String>,
    now: Option<Json>,
    data: Option<Json>,
    notes: Vec<Note>,
    conflicts: Vec<FieldConflict>,
    /// Where there is no way back from the way back, although there usually is.
    undo: Option<Undoable>,
    request: CanonicalRequest,
    target: Target,
}

impl BusinessCentral {
    /// Prepares the write that takes a confirmed one back, against the record as it stands now.
    ///
    /// # Errors
    /// [`ErrorCode::Conflict`] with a sentence where there is no way back, and what to do in its place; [`ErrorCode::NotConnected`];
    /// faults of Business Central.
    pub async fn prepare_undo(&self, done: &Done<'_>, cancel: &CancellationToken) -> Result<PreparedCall, UserError> {
        let client = self.client().map_err(|_| UserError::new(ErrorCode::NotConnected, "There is no connection to Business Central. Nothing was changed."))?;
        client.catalogue().scope(self.undo_on(client, done, cancel)).await
    }

    async fn undo_on(&self, client: &Client, done: &Done<'_>, cancel: &CancellationToken) -> Result<PreparedCall, UserError> {
        let shown = &done.planned.preview;
        if let Undoable::No { why } = &shown.undo {
            return Err(no_way_back(format!("This cannot be undone. {why}")));
        }
        let entity = Catalogue::get().find(&shown.entity).ok_or_else(|| no_way_back("BC Agent does not know these records."))?;
        let inverse = match shown.operation {
            WriteOperation::Create => deletion(client, entity, done, cancel).await?,
            WriteOperation::Update => old_values(client, entity, done, cancel).await?,
            WriteOperation::Delete => creation(client, entity, done)?,
            WriteOperation::Action => return Err(no_way_back("This cannot be undone: an action has no opposite that BC Agent knows.")),
        };
        Ok(self.plan_inverse(client, entity, done, inverse, cancel).await)
    }

    async fn plan_inverse(&self, client: &Client, entity: &'static Entity, done: &Done<'_>, inverse: Inverse, cancel: &CancellationToken) -> PreparedCall {
        let call = ToolCall { call_id: CallId::fresh(), tool: inverse.tool.name().to_owned(), input: RawJson::from(&inverse.input) };
        let draft = preview::Draft {
            entity,
            operation: &inverse.operation,
            call_id: &call.call_id,
            key: inverse.key,
            title: inverse.title,
            before: inverse.now.as_ref(),
            data: inverse.data.as_ref(),
            notes: inverse.notes,
            now: self.clock.now(),
            request: inverse.request,
        };
        let mut planned = preview::plan(client, draft, cancel).await;
        planned.preview.undoes = Some(done.planned.change_id());
        planned.preview.undoes_also = done.also.to_vec();
        if !done.also.is_empty() {
            let text = format!("With it goes what the same run did before to this record, or to what belongs to it ({} more).", done.also.len());
            planned.preview.notes.push(Note { kind: bca_protocol::NoteKind::Info, text });
        }
        planned.preview.conflicts = inverse.conflicts;
        if let (WriteOperation::Delete, Some(record), true) =
            (planned.preview.operation, planned.before.as_ref().and_then(|b| b.tree().ok()), planned.preview.undo.is_yes())
        {
            planned.preview.notes.extend(recreate::would_be_lost(entity, &record));
        }
        if let (true, Some(no)) = (planned.preview.undo.is_yes(), inverse.undo) {
            planned.preview.undo = no;
        }
        self.keep(&call.call_id, Prepared { planned: planned.clone(), target: inverse.target });
        PreparedCall { effect: planned.preview.effect, call, writes: vec![planned] }
    }
}

fn no_way_back(sentence: impl Into<String>) -> UserError {
    UserError::new(ErrorCode::Conflict, format!("{} Nothing was changed.", sentence.into()))
}

fn invalid(answer: &Answer) -> UserError {
    let message = answer.json.get("error").and_then(|error| error.get("message")).and_then(Json::as_str).unwrap_or_default();
    no_way_back(format!("This cannot be undone: {}", message.strip_prefix("Nothing was proposed: ").unwrap_or(message)))
}

async fn now(client: &Client, entity: &Entity, path: &RecordPath, cancel: &CancellationToken) -> Result<(Record, String), UserError> {
    versioned(entity, fetch(client, path, &[], cancel).await)
}

/// The record with the version that the way back must name.
fn versioned(entity: &Entity, read: Result<Record, BcError>) -> Result<(Record, String), UserError> {
    match read {
        Ok(record) => match record.etag.clone() {
            Some(etag) => Ok((record, etag)),
            None => Err(no_way_back("Business Central gave this record no version, so it can't be changed safely.")),
        },
        Err(BcError::NotFound { .. }) => Err(no_way_back(format!("The {} is no longer there, so there is nothing to take back.", entity.singular))),
        Err(fault) => Err(UserError::from(&fault)),
    }
}

/// Deletes what was created.
async fn deletion(client: &Client, entity: &'static Entity, done: &Done<'_>, cancel: &CancellationToken) -> Result<Inverse, UserError> {
    let key = done.key.ok_or_else(|| no_way_back("It is not known which record was created."))?;
    let operation = Operation::Delete;
    let path = created_record(entity, &done.planned.request.path, key).ok_or_else(|| no_way_back("It is not known where the record was created."))?;
    if path.set().names().count() == 1 {
        validated(&Proposal { entity: &entity.set, operation: &operation, id: Some(key), parented: Parented::No, data: None }).map_err(|a| invalid(&a))?;
    }
    let (record, etag) = versioned(entity, image::whole(client, entity, &path, cancel).await)?;
    let after = done.after.and_then(|raw| raw.tree().ok());
    let conflicts = after.map(|after| changed_since(entity, &after, &record.json, |_| true)).unwrap_or_default();
    let request = CanonicalRequest { target: client.target().clone(), method: Method::Delete, path: path.to_string(), if_match: Some(etag), body: None };
    Ok(Inverse {
        operation,
        tool: Tool::DeleteEntity,
        input: object([("entity", text(&entity.set)), ("id", text(path.id().as_str()))]),
        title: format!("Undo: delete {} {}", entity.singular, preview::name_of(entity, &record.json)),
        undo: image::way_back(entity, &record.json),
        key: Some(path.id().to_string()),
        now: Some(record.json),
        data: None,
        notes: Vec::new(),
        conflicts,
        request,
        target: Target::Delete { record: path },
    })
}

/// Where a created record stands: in its flat set where that takes deletions, else below its parent.
fn created_record(entity: &Entity, created_at: &str, key: &str) -> Option<RecordPath> {
    if entity.allows(bca_catalogue::Method::Delete) || !created_at.contains('(') {
        return RecordPath::of(&entity.set, key).ok();
    }
    let steps = created_at.split_once('?').map_or(created_at, |(steps, _)| steps);
    let (parent, navigation) = steps.rsplit_once('/')?;
    let (set, id) = parent.split_once('(')?;
    let parent = RecordPath::of(set, id.strip_suffix(')')?).ok()?;
    Some(SetPath::below(&parent, navigation).ok()?.record(bca_bc::RecordId::parse(key).ok()?))
}

/// Puts the old values of the fields that were changed back.
async fn old_values(client: &Client, entity: &'static Entity, done: &Done<'_>, cancel: &CancellationToken) -> Result<Inverse, UserError> {
    let shown = &done.planned.preview;
    let key = shown.key.as_deref().ok_or_else(|| no_way_back("It is not known which record was changed."))?;
    let path = RecordPath::of(&entity.set, key).map_err(|fault| no_way_back(fault.to_string()))?;
    let before = done.planned.before.as_ref().and_then(|raw| raw.tree().ok()).ok_or_else(|| no_way_back("The record before the change is not known."))?;
    let sent = done.planned.request.body.as_deref().and_then(|body| Json::parse(body).ok()).unwrap_or(Json::Null);
    let (record, etag) = now(client, entity, &path, cancel).await?;
    let after = done.after.and_then(|raw| raw.tree().ok());
    let name = preview::name_of(entity, &record.json);
    let (mut data, mut empty) = (Vec::new(), Vec::new());
    for (property, _) in sent.members().unwrap_or_default() {
        let kind = entity.property(property).map(|p| &p.kind);
        let old = before.get(property).cloned().unwrap_or(Json::Null);
        match (verify::same(kind, &old, record.json.get(property).unwrap_or(&Json::Null)), &old) {
            (true, _) => {}
            (false, Json::Null) => empty.push(property.as_str()),
            (false, _) => data.push((property.clone(), old)),
        }
    }
    if data.is_empty() && !empty.is_empty() {
        return Err(no_way_back(format!("What the change set had no value before, and BC Agent cannot empty it: {}.", empty.join(", "))));
    }
    if data.is_empty() {
        return Err(no_way_back(format!("The {} {name} already has its old values.", entity.singular)));
    }
    let restored: Vec<String> = data.iter().map(|(property, _)| property.clone()).collect();
    let conflicts = after.map(|after| changed_since(entity, &after, &record.json, |p| restored.contains(&p.name))).unwrap_or_default();
    let data = Json::Object(data);
    let operation = Operation::Update;
    let mut notes = validated(&Proposal { entity: &entity.set, operation: &operation, id: Some(key), parented: Parented::No, data: Some(&data) })
        .map_err(|a| invalid(&a))?;
    if !empty.is_empty() {
        let text = format!("Not emptied again, and keeping what stands there now: {}.", empty.join(", "));
        notes.push(Note { kind: bca_protocol::NoteKind::Warning, text });
    }
    let request =
        CanonicalRequest { target: client.target().clone(), method: Method::Patch, path: path.to_string(), if_match: Some(etag), body: Some(data.to_string()) };
    Ok(Inverse {
        operation,
        tool: Tool::UpdateEntity,
        input: object([("entity", text(&entity.set)), ("id", text(path.id().as_str())), ("data", data.clone())]),
        title: format!("Undo: change {} {name} back", entity.singular),
        key: Some(path.id().to_string()),
        now: Some(record.json),
        data: Some(data.clone()),
        notes,
        conflicts,
        undo: None,
        request,
        target: Target::Update { record: path, data },
    })
}

/// What stands in a field now is not what the write left there: somebody changed it since. Fields that Business Central fills in itself
/// (balances, times) don't count.
fn changed_since(entity: &Entity, left: &Json, now: &Json, counts: impl Fn(&Property) -> bool) -> Vec<FieldConflict> {
    let nothing = Json::Null;
    let value = |record: &Json, name: &str| record.get(name).filter(|v| !is_nothing(v)).and_then(Json::display).map(|v| bca_bc::decode_member(&v));
    let changed = |property: &&Property| {
        let (left, now) = (left.get(&property.name), now.get(&property.name));
        left.is_some() && !verify::same(Some(&property.kind), left.unwrap_or(&nothing), now.unwrap_or(&nothing))
    };
    let stored = |property: &&Property| !property.read_only && !property.computed && !property.filter_only && property.kind != PropertyKind::Stream;
    let conflict = |property: &Property| FieldConflict {
        name: property.name.clone(),
        caption: property.caption.clone(),
        expected: value(left, &property.name),
        now: value(now, &property.name),
    };
    entity.properties.iter().filter(stored).filter(|p| counts(p)).filter(changed).map(conflict).collect()
}

/// Creates what was deleted with its old values, and with the records that went with it.
fn creation(client: &Client, entity: &'static Entity, done: &Done<'_>) -> Result<Inverse, UserError> {
    let before = done.planned.before.as_ref().and_then(|raw| raw.tree().ok()).ok_or_else(|| no_way_back("The deleted record is not known."))?;
    if let Some(why) = image::wrong(entity, &before) {
        return Err(no_way_back(format!("This cannot be undone. {why}")));
    }
    let Again { set, is_below_a_parent, expand, read_back, data, notes: lost } =
        recreate::again(entity, &before).map_err(|fault| no_way_back(fault.to_string()))?;
    let operation = Operation::Create;
    let parented = if is_below_a_parent { Parented::Yes } else { Parented::No };
    let mut notes = validated(&Proposal { entity: &entity.set, operation: &operation, id: None, parented, data: Some(&data) }).map_err(|a| invalid(&a))?;
    notes.extend(lost);
    let path = if expand.is_empty() { set.to_string() } else { format!("{set}?$expand={}", expand.join(",")) };
    let request = CanonicalRequest { target: client.target().clone(), method: Method::Post, path, if_match: None, body: Some(data.to_string()) };
    Ok(Inverse {
        operation,
        tool: Tool::CreateEntity,
        input: object([("entity", text(&entity.set)), ("data", data.clone())]),
        title: format!("Undo: create {} {} again", entity.singular, preview::name_of(entity, &before)),
        key: None,
        now: None,
        data: Some(data.clone()),
        notes,
        conflicts: Vec::new(),
        undo: None,
        request,
        target: Target::Create { set, expand: read_back, data },
    })
}

#[cfg(test)]
#[path = "undo_tests.rs"]
mod tests;
