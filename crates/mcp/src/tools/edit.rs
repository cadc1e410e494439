//! A person's edits of a proposed write: the same checks as for a tool call, a body built anew, the same preview.

use bca_approval::{CanonicalRequest, PlannedWrite};
use bca_bc::{BcError, Client, EMPTY_DATE, EMPTY_ID, RecordId, RecordPath, Reference};
use bca_catalogue::{Catalogue, Entity, Operation, Parented, Property, PropertyKind, Proposal};
use bca_protocol::{ErrorCode, FieldEdit, Json, Note, UserError, WriteOperation};
use tokio_util::sync::CancellationToken;

use super::{BusinessCentral, create_entity, own_ids, preview, send::fetch, validated, verify};
use crate::answer::Answer;

const EMPTY_MOMENT: &str = "0001-01-01T00:00:00Z";

impl BusinessCentral {
    /// The proposed write with a person's values in place of the proposed ones. It keeps its identity, its target and the version
    /// that it names; body, digest and preview are made anew.
    ///
    /// # Errors
    /// [`ErrorCode::InvalidInput`] with a sentence: the value does not fit, the record that it names does not exist, nothing would
    /// be changed, or the field can't be edited. [`ErrorCode::NotConnected`] and faults of Business Central.
    pub async fn edited(&self, proposed: &PlannedWrite, edits: &[&FieldEdit], cancel: &CancellationToken) -> Result<PlannedWrite, UserError> {
        let client = self.client().map_err(|_| UserError::new(ErrorCode::NotConnected, "There is no connection to Business Central. Nothing was edited."))?;
        client.catalogue().scope(self.edited_on(client, proposed, edits, cancel)).await
    }

    async fn edited_on(&self, client: &Client, proposed: &PlannedWrite, edits: &[&FieldEdit], cancel: &CancellationToken) -> Result<PlannedWrite, UserError> {
        let entity = Catalogue::get().find(&proposed.preview.entity).ok_or_else(|| wrong("This record can't be edited here."))?;
        let operation = match proposed.preview.operation {
            WriteOperation::Create => Operation::Create,
            WriteOperation::Update => Operation::Update,
            WriteOperation::Delete | WriteOperation::Action => {
                return Err(wrong("Only values of new and changed records can be edited. Take it out, or reject it."));
            }
        };
        let old = proposed.request.body.as_deref().and_then(|body| Json::parse(body).ok()).ok_or_else(|| wrong("This change has no values to edit."))?;
        let own_id = own_ids::brought(&proposed.request);
        let old = if own_id.is_some() { own_ids::without(&old) } else { old };
        let mut data = old.clone();
        for edit in edits {
            self.put(client, entity, proposed, edit, &mut data, cancel).await?;
        }
        let path = proposed.request.path.as_str();
        let parented = if path.contains('(') { Parented::Yes } else { Parented::No };
        let id = proposed.preview.key.as_deref();
        let mut notes =
            validated(&Proposal { entity: &entity.set, operation: &operation, id, parented, data: Some(&data) }).map_err(|answer| refused(&answer))?;
        let before = proposed.before.as_ref().and_then(|raw| raw.tree().ok());
        if operation == Operation::Update && before.as_ref().is_some_and(|now| verify::compare(entity, &data, now).iter().all(|c| c.same)) {
            return Err(wrong("With these values nothing would be changed. Take the change out of the set, or reject it."));
        }
        let own_id = own_id.as_ref().map(RecordId::as_str);
        notes.extend(own_id.map(|_| own_ids::note()));
        let request = CanonicalRequest { body: Some(own_ids::bring(&data, own_id).to_string()), ..proposed.request.clone() };
        let draft = preview::Draft {
            entity,
            operation: &operation,
            call_id: &proposed.preview.call_id,
            key: proposed.preview.key.clone(),
            title: title(entity, proposed, &old, &data),
            before: before.as_ref(),
            data: Some(&data),
            notes,
            now: self.clock.now(),
            request,
        };
        let mut planned = preview::plan(client, draft, cancel).await;
        let said = self.said_of_the_way_back(client, entity, proposed, &old, cancel).await;
        let fresh: Vec<Note> = said.into_iter().filter(|note| !planned.preview.notes.contains(note)).collect();
        planned.preview.notes.extend(fresh);
        planned.before.clone_from(&proposed.before);
        let shown = &mut planned.preview;
        shown.change_id = proposed.preview.change_id;
        shown.undoes = proposed.preview.undoes;
        shown.undoes_also.clone_from(&proposed.preview.undoes_also);
        shown.conflicts.clone_from(&proposed.preview.conflicts);
        for field in &mut shown.fields {
            let first = proposed.preview.fields.iter().find(|first| first.name == field.name);
            if let Some(first) = first.filter(|first| first.after.as_deref().and_then(Reference::parse).is_some() && first.after == field.after) {
                // What a reference stands for is known from the set, and it is no value to be typed.
                (field.after_label, field.editor) = (first.after_label.clone(), None);
            }
            field.proposed = first.filter(|first| first.after != field.after).map(|first| first.after.clone().unwrap_or_default());
        }
        Ok(planned)
    }

    /// What was said of a way back, such as what does not come back: it holds whatever the values are. It is what a preview of the same write
    /// would not say by itself.
    async fn said_of_the_way_back(
        &self,
        client: &Client,
        entity: &'static Entity,
        proposed: &PlannedWrite,
        old: &Json,
        cancel: &CancellationToken,
    ) -> Vec<Note> {
        if proposed.preview.undoes.is_none() || proposed.preview.operation != WriteOperation::Create {
            return Vec::new();
        }
        let draft = preview::Draft {
            entity,
            operation: &Operation::Create,
            call_id: &proposed.preview.call_id,
            key: None,
            title: proposed.preview.title.clone(),
            before: None,
            data: Some(old),
            notes: Vec::new(),
            now: self.clock.now(),
            request: proposed.request.clone(),
        };
        let by_itself = preview::plan(client, draft, cancel).await.preview.notes;
        proposed.preview.notes.iter().filter(|note| !by_itself.contains(note)).cloned().collect()
    }

    async fn put(
        &self,
        client: &Client,
        entity: &'static Entity,
        proposed: &PlannedWrite,
        edit: &FieldEdit,
        data: &mut Json,
        cancel: &CancellationToken,
    ) -> Result<(), UserError> {
        let shown = proposed.preview.fields.iter().find(|field| field.name == edit.name && field.editor.is_some());
        let property = shown.and_then(|_| property_at(entity, &edit.name)).ok_or_else(|| wrong(format!("{} can't be edited.", brief(&edit.name))))?;
        let value = value_of(property, edit.value.as_deref())?;
        if let (Some(relation), Some(id)) = (&property.relation, value.as_str().filter(|id| property.kind == PropertyKind::Guid && *id != EMPTY_ID)) {
            let path = RecordPath::of(&relation.set, id).map_err(|fault| wrong(fault.to_string()))?;
            match fetch(client, &path, &[], cancel).await {
                Ok(_) => {}
                Err(BcError::NotFound { .. }) => return Err(wrong(format!("{}: there is no such record.", property.caption))),
                Err(fault) => return Err(UserError::from(&fault)),
            }
        }
        let place = place_of(data, &edit.name).ok_or_else(|| wrong(format!("{} can't be edited.", property.caption)))?;
        *place = value;
        Ok(())
    }
}

fn wrong(sentence: impl Into<String>) -> UserError {
    UserError::new(ErrorCode::InvalidInput, sentence)
}

fn brief(text: &str) -> String {
    text.chars().take(80).flat_map(char::escape_debug).collect()
}

fn refused(answer: &Answer) -> UserError {
    let message = answer.json.get("error").and_then(|error| error.get("message")).and_then(Json::as_str).unwrap_or("The value does not fit.");
    wrong(message.strip_prefix("Nothing was proposed: ").unwrap_or(message))
}

/// One step of a property's name: `salesOrderLines[0]` or `quantity`.
fn steps(name: &str) -> impl Iterator<Item = (&str, Option<usize>)> {
    name.split('.').map(|step| match step.split_once('[') {
        Some((list, index)) => (list, index.strip_suffix(']').and_then(|index| index.parse().ok())),
        None => (step, None),
    })
}

fn property_at(entity: &'static Entity, name: &str) -> Option<&'static Property> {
    let mut entity = entity;
    let mut steps = steps(name).peekable();
    while let Some((step, _)) = steps.next() {
        if steps.peek().is_none() {
            return entity.property(step);
        }
        entity = Catalogue::get().find(&entity.navigation(step)?.target_set)?;
    }
    None
}

/// The value of that name in the data, where it stands there.
fn place_of<'d>(data: &'d mut Json, name: &str) -> Option<&'d mut Json> {
    let mut place = data;
    for (step, index) in steps(name) {
        let Json::Object(members) = place else { return None };
        place = members.iter_mut().find(|(name, _)| name == step).map(|(_, value)| value)?;
        if let Some(index) = index {
            let Json::Array(items) = place else { return None };
            place = items.get_mut(index)?;
        }
    }
    Some(place)
}

/// What a person typed as the value that is sent. Numbers keep their digits; nothing is guessed.
fn value_of(property: &Property, typed: Option<&str>) -> Result<Json, UserError> {
    let caption = &property.caption;
    let Some(typed) = typed else { return empty_value(property) };
    let bare = typed.trim();
    Ok(match &property.kind {
        PropertyKind::Decimal | PropertyKind::Integer => match Json::parse(bare) {
            Ok(Json::Number(number)) => Json::Number(number),
            _ => return Err(wrong(format!("{caption}: \"{}\" is not a number. Write digits with a point, such as 1234.50.", brief(typed)))),
        },
        PropertyKind::Boolean => match bare {
            "true" => Json::Bool(true),
            "false" => Json::Bool(false),
            _ => return Err(wrong(format!("{caption}: write true or false."))),
        },
        PropertyKind::Enum(members) => match members.iter().find(|member| member.trim_end() == bare || **member == bca_bc::decode_member(typed)) {
            Some(member) => Json::String(bca_bc::encode_member(member)),
            None => return Err(wrong(format!("{caption}: choose one of {}.", members.join(", ").trim()))),
        },
        PropertyKind::Guid => Json::String(bare.to_ascii_lowercase()),
        PropertyKind::Date | PropertyKind::DateTime | PropertyKind::Code => Json::String(bare.to_owned()),
        PropertyKind::String => Json::String(typed.to_owned()),
        PropertyKind::Stream => return Err(wrong(format!("{caption} can't be edited."))),
    })
}

/// How Business Central says "nothing" (docs/business-central.md, section 3).
fn empty_value(property: &Property) -> Result<Json, UserError> {
    let text = match &property.kind {
        PropertyKind::String | PropertyKind::Code => "",
        PropertyKind::Guid => EMPTY_ID,
        PropertyKind::Date => EMPTY_DATE,
        PropertyKind::DateTime => EMPTY_MOMENT,
        PropertyKind::Enum(members) => match members.iter().find(|member| member.trim().is_empty()) {
            Some(member) => return Ok(Json::String(bca_bc::encode_member(member))),
            None => return Err(wrong(format!("{} can't be empty.", property.caption))),
        },
        PropertyKind::Decimal | PropertyKind::Integer | PropertyKind::Boolean | PropertyKind::Stream => {
            return Err(wrong(format!("{} can't be empty.", property.caption)));
        }
    };
    Ok(Json::String(text.to_owned()))
}

/// A new record is named by its values, so an edited one may have another name; what it belongs to stays in the title.
fn title(entity: &Entity, proposed: &PlannedWrite, old: &Json, new: &Json) -> String {
    let first = &proposed.preview.title;
    if proposed.preview.operation != WriteOperation::Create || proposed.preview.undoes.is_some() {
        return first.clone();
    }
    if *first == create_entity::title(entity, old, None) {
        return create_entity::title(entity, new, None);
    }
    let parent = first.strip_prefix(&create_entity::title(entity, old, Some("")));
    parent.map_or_else(|| first.clone(), |parent| create_entity::title(entity, new, Some(parent)))
}

#[cfg(test)]
#[path = "edit_tests.rs"]
mod tests;
