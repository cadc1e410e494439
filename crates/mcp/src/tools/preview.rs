//! What a person is shown of a write: captions, values before and after, what codes and ids mean, whether there is a way back.
//! Everything in here is computed by the engine; nothing is the model's words.

use std::collections::HashMap;

use bca_bc::{Client, RecordPath};
use bca_catalogue::{Care, Catalogue, Entity, Operation, Property, PropertyKind, Undo};
use bca_protocol::{CallId, ChangeId, ChangePreview, FieldChange, FieldEditor, FieldKind, Json, Note, NoteKind, Undoable, WriteOperation};
use futures::{StreamExt, stream};
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::{
    image,
    send::fetch,
    warnings::{Seen, shown, warnings},
};
use bca_approval::{CanonicalRequest, PlannedWrite};

/// Look-ups of related records for one preview; beyond these, ids are shown as they are.
const MAX_LOOKUPS: usize = 24;

/// A value before and after under its name.
struct Row<'a> {
    entity: Option<&'a Entity>,
    /// `salesOrderLines[0].`, or nothing.
    prefix: String,
    name: String,
    before: Option<Json>,
    after: Option<Json>,
}

/// What is known of a write before its preview is made.
pub(super) struct Draft<'a> {
    pub(super) entity: &'static Entity,
    pub(super) operation: &'a Operation,
    pub(super) call_id: &'a CallId,
    pub(super) key: Option<String>,
    pub(super) title: String,
    /// The record as it is now, for all but create.
    pub(super) before: Option<&'a Json>,
    /// The properties to be set, for create and update.
    pub(super) data: Option<&'a Json>,
    pub(super) notes: Vec<Note>,
    /// When it is proposed (UTC).
    pub(super) now: Timestamp,
    pub(super) request: CanonicalRequest,
}

/// Makes the write that goes to the gate.
pub(super) async fn plan(client: &Client, draft: Draft<'_>, cancel: &CancellationToken) -> PlannedWrite {
    let rows = rows(&draft);
    let seen =
        Seen { entity: draft.entity, operation: draft.operation, key: draft.key.as_deref(), before: draft.before, data: draft.data, path: &draft.request.path };
    let (labels, warnings) = tokio::join!(labels(client, &rows, cancel), warnings(client, &seen, draft.now, cancel));
    let mut notes = draft.notes;
    notes.extend(warnings);
    notes.extend(care(draft.entity, draft.data));
    let mut fields = Vec::with_capacity(rows.len());
    for row in &rows {
        let (field, note) = field(row, draft.operation, &labels);
        fields.push(field);
        notes.extend(note);
    }
    let unseen = shown(&draft.title, &fields, &notes);
    notes.extend(unseen);
    let (operation, action) = match draft.operation {
        Operation::Create => (WriteOperation::Create, None),
        Operation::Update => (WriteOperation::Update, None),
        Operation::Delete => (WriteOperation::Delete, None),
        Operation::Action(name) => (WriteOperation::Action, Some(name.clone())),
        // A read is never planned; shown as the gravest thing, were it ever.
        Operation::Read => (WriteOperation::Action, Some("read".into())),
    };
    let nothing = Json::Null;
    let catalogue = Catalogue::get();
    let request = draft.request;
    let preview = ChangePreview {
        change_id: ChangeId::new(),
        call_id: draft.call_id.clone(),
        operation,
        action,
        effect: catalogue.effect_of(&draft.entity.set, draft.operation, draft.data.unwrap_or(&nothing)).max(bca_protocol::Effect::Write),
        entity: draft.entity.set.clone(),
        key: draft.key,
        title: draft.title,
        fields,
        notes,
        undo: undoable(catalogue.undo(&draft.entity.set, draft.operation)),
        undoes: None,
        undoes_also: Vec::new(),
        conflicts: Vec::new(),
        method: request.method.as_str().to_owned(),
        path: request.path.clone(),
        if_match: request.if_match.clone(),
        body: request.body.clone(),
        digest: request.digest(),
    };
    PlannedWrite { request, preview, before: draft.before.map(bca_protocol::RawJson::from) }
}

fn undoable(undo: Undo) -> Undoable {
    match undo {
        Undo::Reversible { how, .. } => Undoable::Yes { how },
        Undo::NothingToUndo => Undoable::Yes { how: "Nothing is changed.".into() },
        Undo::Irreversible { why, instead } => Undoable::No { why: instead.map_or(why.clone(), |instead| format!("{why} {instead}")) },
    }
}

/// For a create or update the properties that are set; for a deletion or an action what names and sums up the record.
fn rows<'a>(draft: &Draft<'a>) -> Vec<Row<'a>> {
    let mut rows = Vec::new();
    match (draft.data, draft.before) {
        (Some(data), before) => flatten(Some(draft.entity), "", data, before, &mut rows),
        (None, Some(before)) => {
            let removed = matches!(draft.operation, Operation::Delete);
            for name in draft.entity.label.iter().chain(draft.entity.summary.iter().filter(|s| !draft.entity.label.contains(s))) {
                let value = before.get(name).filter(|v| !is_nothing(v)).cloned();
                let after = if removed { None } else { value.clone() };
                if value.is_some() {
                    rows.push(Row { entity: Some(draft.entity), prefix: String::new(), name: name.clone(), before: value, after });
                }
            }
            if removed {
                for (prefix, entity, record) in image::owned_rows(draft.entity, before) {
                    let said = |name: &&String| !entity.label.contains(name) && !matches!(name.as_str(), "parentType" | "sequence");
                    for name in entity.label.iter().chain(entity.summary.iter().filter(said)) {
                        if let Some(value) = record.get(name).filter(|value| !is_nothing(value)) {
                            rows.push(Row { entity: Some(entity), prefix: prefix.clone(), name: name.clone(), before: Some(value.clone()), after: None });
                        }
                    }
                }
            }
        }
        (None, None) => {}
    }
    rows
}

pub(super) fn is_nothing(value: &Json) -> bool {
    match value {
        Json::Null => true,
        // A blank member of an enumeration comes encoded.
        Json::String(text) => bca_bc::is_empty_value(&bca_bc::decode_member(text)),
        Json::Bool(_) | Json::Number(_) | Json::Array(_) | Json::Object(_) => false,
    }
}

fn flatten<'a>(entity: Option<&'a Entity>, prefix: &str, data: &Json, before: Option<&Json>, rows: &mut Vec<Row<'a>>) {
    for (name, value) in data.members().unwrap_or_default() {
        let now = before.and_then(|b| b.get(name));
        let child = entity.and_then(|e| e.navigation(name)).and_then(|n| Catalogue::get().find(&n.target_set));
        match value {
            Json::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    flatten(child, &format!("{prefix}{name}[{index}]."), item, None, rows);
                }
            }
            Json::Object(_) => flatten(child, &format!("{prefix}{name}."), value, now, rows),
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {
                rows.push(Row { entity, prefix: prefix.to_owned(), name: name.clone(), before: now.cloned(), after: Some(value.clone()) });
            }
        }
    }
}

/// What an id means: `14 DAYS · Net 14 days`; `Err` where there is no such record.
type Labels = HashMap<(String, String), Result<String, ()>>;

async fn labels(client: &Client, rows: &[Row<'_>], cancel: &CancellationToken) -> Labels {
    let mut wanted: Vec<(String, String)> = Vec::new();
    for row in rows {
        let Some(set) = related_set(row) else { continue };
        for value in [&row.before, &row.after].into_iter().flatten() {
            if let Some(id) = value.as_str().filter(|id| !bca_bc::is_empty_value(id)) {
                let key = (set.to_owned(), id.to_owned());
                if !wanted.contains(&key) {
                    wanted.push(key);
                }
            }
        }
    }
    wanted.truncate(MAX_LOOKUPS);
    stream::iter(wanted)
        .map(|key| async move {
            let label = label(client, &key, cancel).await;
            label.map(|label| (key, label))
        })
        .buffer_unordered(4)
        .filter_map(|found| async move { found })
        .collect()
        .await
}

fn related_set<'a>(row: &'a Row<'_>) -> Option<&'a str> {
    let property = row.entity?.property(&row.name)?;
    property.relation.as_ref().filter(|_| property.kind == PropertyKind::Guid).map(|relation| relation.set.as_str())
}

async fn label(client: &Client, (set, id): &(String, String), cancel: &CancellationToken) -> Option<Result<String, ()>> {
    let path = RecordPath::of(set, id).ok()?;
    match fetch(client, &path, &[], cancel).await {
        Ok(record) => Some(Ok(name_of(Catalogue::get().find(set)?, &record.json))),
        Err(bca_bc::BcError::NotFound { .. }) => Some(Err(())),
        Err(_) => None,
    }
}

/// What names a record to a person: its number or code and its name.
pub(super) fn name_of(entity: &Entity, record: &Json) -> String {
    let parts: Vec<String> = entity.label.iter().filter_map(|name| record.get(name)).filter(|v| !is_nothing(v)).filter_map(Json::display).collect();
    parts.join(" · ")
}

fn field(row: &Row<'_>, operation: &Operation, labels: &Labels) -> (FieldChange, Option<Note>) {
    let property = row.entity.and_then(|e| e.property(&row.name));
    let caption = property.map_or_else(|| row.name.clone(), |p| p.caption.clone());
    let kind = property.map_or(FieldKind::Text, |p| field_kind(&p.kind));
    let show = |value: &Option<Json>| {
        let text = value.as_ref().filter(|v| !is_nothing(v)).and_then(Json::display);
        if kind == FieldKind::Enumeration { text.map(|member| bca_bc::decode_member(&member)) } else { text }
    };
    let find = |value: &Option<Json>| -> Option<Result<String, ()>> {
        let id = value.as_ref()?.as_str()?;
        labels.get(&(related_set(row)?.to_owned(), id.to_owned())).cloned()
    };
    let after_label = find(&row.after);
    let note = matches!(after_label, Some(Err(()))).then(|| Note { kind: NoteKind::Warning, text: format!("{caption}: there is no record with this id.") });
    // An explicit empty value is shown as such: it clears the field.
    let after = show(&row.after).or_else(|| row.after.as_ref().map(|_| String::new()));
    let field = FieldChange {
        name: format!("{}{}", row.prefix, row.name),
        caption,
        kind,
        before: show(&row.before),
        after,
        before_label: find(&row.before).and_then(Result::ok),
        after_label: after_label.and_then(Result::ok),
        editor: property.and_then(|p| editor(operation, p)),
        proposed: None,
    };
    (field, note)
}

/// How a person may change the value before approving. Not where it names the record, where Business Central fills it in, where it is
/// an id of something that can't be looked up, and not for what only describes a record.
fn editor(operation: &Operation, property: &Property) -> Option<FieldEditor> {
    match operation {
        Operation::Create | Operation::Update => {}
        Operation::Read | Operation::Delete | Operation::Action(_) => return None,
    }
    if property.read_only || property.key || property.filter_only {
        return None;
    }
    let options = match &property.kind {
        PropertyKind::Stream => return None,
        PropertyKind::Guid if property.relation.is_none() => return None,
        PropertyKind::Enum(members) => members.clone(),
        _ => property.options.clone(),
    };
    let relation = property.relation.as_ref().map(|relation| relation.set.clone());
    Some(FieldEditor { options, relation, max_length: property.max_length.and_then(|most| u32::try_from(most).ok()) })
}

pub(super) fn field_kind(kind: &PropertyKind) -> FieldKind {
    match kind {
        PropertyKind::String => FieldKind::Text,
        PropertyKind::Code => FieldKind::Code,
        PropertyKind::Guid => FieldKind::Reference,
        PropertyKind::Date => FieldKind::Date,
        PropertyKind::DateTime => FieldKind::DateTime,
        PropertyKind::Decimal => FieldKind::Decimal,
        PropertyKind::Integer => FieldKind::Integer,
        PropertyKind::Boolean => FieldKind::Boolean,
        PropertyKind::Enum(_) => FieldKind::Enumeration,
        PropertyKind::Stream => FieldKind::Json,
    }
}

/// Warnings for properties whose change does more than change a field.
fn care(entity: &Entity, data: Option<&Json>) -> Vec<Note> {
    let Some(data) = data else { return Vec::new() };
    let caption = |name: &str| entity.property(name).map_or(name.to_owned(), |p| p.caption.clone());
    let warn = |(name, care): (&str, Care)| {
        let text = match care {
            Care::Posts => format!("{}: changing it posts entries at once.", caption(name)),
            Care::BankData => format!("{}: money is sent to what this says. Check it with the other side first.", caption(name)),
        };
        Note { kind: NoteKind::Warning, text }
    };
    Catalogue::get().care(&entity.set, data).into_iter().map(warn).collect()
}
