//! Files that a person attached, on their way to Business Central: as the content of an attachment that the same call creates, or of a
//! record that is there (docs/business-central.md, section 10).
//!
//! What is approved names the file's SHA-256, and the client sends no other bytes. A model names a file that was attached, nothing else.

use bca_approval::{CanonicalRequest, Method, PlannedWrite, WritePermit};
use bca_bc::{Client, EarlierResult, MediaBody, MediaPath, RecordPath, Reference, SetPath, WriteError};
use bca_catalogue::{Catalogue, Entity, Multiplicity, Operation, PropertyKind};
use bca_protocol::{AttachedFile, CallId, ChangeId, ChangeOutcome, ChangePreview, FieldChange, FieldKind, Json, Note, NoteKind, ToolCallStatus, Undoable};
use serde::Deserialize;
use tokio_util::sync::CancellationToken;

use super::{
    BusinessCentral, Prepared, Target, Tool, create_entity, entity, failed, parse, preview,
    send::{self, Settled},
};
use crate::{
    answer::{Answer, number, object, sparse, text},
    attached,
};

/// A file that is to be sent, once its permit is there.
pub(super) struct Upload {
    pub(super) planned: PlannedWrite,
    pub(super) permit: Option<WritePermit>,
    file: AttachedFile,
    holder: Holder,
}

/// The record that a file belongs to.
enum Holder {
    /// It is there.
    Known { record: RecordPath, path: MediaPath },
    /// The same call creates it, in this set.
    Created { entity: &'static Entity, set: SetPath },
}

/// What a call says of a file, beside what the tools read themselves.
#[derive(Deserialize)]
struct Named {
    entity: String,
    id: Option<String>,
    data: Option<Json>,
    file: Option<String>,
}

/// The writes of a call that names a file, kept for sending; nothing for any other call.
pub(super) async fn prepare(
    bc: &BusinessCentral,
    tool: Tool,
    input: &str,
    call_id: &CallId,
    earlier: &[PlannedWrite],
    cancel: &CancellationToken,
) -> Result<Option<Vec<PlannedWrite>>, Answer> {
    let Ok(Named { entity: set, id, data, file: Some(file) }) = serde_json::from_str::<Named>(input) else { return Ok(None) };
    let folder = bc.files.as_deref().ok_or_else(|| Answer::error("no_folder", "Files can't be sent from here."))?;
    let (file, content) = attached::find(folder, &file).await.map_err(|fault| Answer::error("no_such_file", fault.to_string()))?;
    let body = MediaBody::of(&content, &file.content_type);
    let data = data.unwrap_or(Json::Null);
    let (client, entity) = (bc.client()?, entity(&set)?);
    let stream = writable(entity).ok_or_else(|| no_file(entity))?;
    match tool {
        Tool::CreateEntity => {
            let input = named_after(entity, input, &data, &file);
            let mut created = create_entity::prepare(bc, parse(&input)?, call_id, cancel).await?;
            super::references::label(&mut created.planned.preview, earlier);
            let reference = Reference::to(created.planned.change_id());
            let path = MediaPath::of_result(entity, reference).ok_or_else(|| no_file(entity))?;
            let request = request(client, path, reference.to_string(), &body);
            let title = format!("Send the file {} as the content of this {}", file.name, entity.singular);
            let planned = plan(bc, client, entity, call_id, Shown { title, key: None, before: None, file: &file }, request, cancel).await;
            let writes = vec![created.planned.clone(), planned.clone()];
            let set = SetPath::of(&entity.set).map_err(|e| failed(&e))?;
            bc.keep(call_id, created);
            bc.keep_upload(call_id, Upload { planned, permit: None, file, holder: Holder::Created { entity, set } });
            Ok(Some(writes))
        }
        Tool::UpdateEntity => {
            if data.members().is_some_and(|members| !members.is_empty()) {
                return Err(Answer::error("invalid_input", "Send a file by itself: leave `data` empty, and change the properties in a call of their own."));
            }
            let id = id.ok_or_else(|| Answer::error("invalid_input", "Name the record by its `id`."))?;
            let record = RecordPath::of(&entity.set, &id).map_err(|e| failed(&e))?;
            let path = MediaPath::find(Catalogue::get(), &record, &stream).map_err(|e| failed(&e))?;
            let now = send::fetch(client, &record, &[], cancel).await.map_err(|e| failed(&e))?;
            let version = client.media_version(&path, cancel).await.map_err(|e| failed(&e))?.ok_or_else(|| {
                Answer::error("no_version", "Business Central gave this record no version, so its file can't be changed safely. Nothing was changed.")
            })?;
            let request = request(client, path.to_string(), version, &body);
            let title = format!("Put the file {} to {} {}", file.name, entity.singular, preview::name_of(entity, &now.json));
            let shown = Shown { title, key: Some(record.id().to_string()), before: Some(&now.json), file: &file };
            let planned = plan(bc, client, entity, call_id, shown, request, cancel).await;
            bc.keep_upload(call_id, Upload { planned: planned.clone(), permit: None, file, holder: Holder::Known { record, path } });
            Ok(Some(vec![planned]))
        }
        Tool::DeleteEntity | Tool::InvokeAction | Tool::QueryEntities | Tool::GetSchema | Tool::ValidateOperation | Tool::ValidateWorkflow => Ok(None),
    }
}

/// The stream that a file can be sent to: of the records themselves, or of the one record that belongs to each.
fn writable(entity: &Entity) -> Option<String> {
    let takes = |entity: &Entity| {
        let stream = entity.properties.iter().find(|p| p.kind == PropertyKind::Stream && !p.read_only)?;
        entity.allows(bca_catalogue::Method::Patch).then(|| stream.name.clone())
    };
    let single = entity.navigation.iter().filter(|n| n.multiplicity == Multiplicity::ZeroOrOne);
    takes(entity).or_else(|| single.filter(|n| Catalogue::get().find(&n.target_set).and_then(takes).is_some()).map(|n| n.name.clone()).next())
}

fn no_file(entity: &Entity) -> Answer {
    let message = format!("{} take no file.", entity.title);
    Answer::error_with(
        "no_file",
        message,
        "Create a record of documentAttachments (or attachments, for the scan of a bill) with parentType, parentId and file.",
    )
}

/// The input with the file's name, where the record has one and the call gives none.
fn named_after(entity: &Entity, input: &str, data: &Json, file: &AttachedFile) -> String {
    let Ok(Json::Object(mut members)) = Json::parse(input) else { return input.to_owned() };
    let mut inner = data.members().unwrap_or_default().to_vec();
    if entity.property("fileName").is_some() && data.get("fileName").is_none() {
        inner.push(("fileName".to_owned(), text(&file.name)));
    }
    members.retain(|(name, _)| name != "data");
    members.push(("data".to_owned(), Json::Object(inner)));
    Json::Object(members).to_string()
}

fn request(client: &Client, path: String, version: String, body: &MediaBody) -> CanonicalRequest {
    CanonicalRequest { target: client.target().clone(), method: Method::Patch, path, if_match: Some(version), body: Some(body.to_body()) }
}

struct Shown<'a> {
    title: String,
    key: Option<String>,
    before: Option<&'a Json>,
    file: &'a AttachedFile,
}

async fn plan(
    bc: &BusinessCentral,
    client: &Client,
    entity: &'static Entity,
    call_id: &CallId,
    shown: Shown<'_>,
    request: CanonicalRequest,
    cancel: &CancellationToken,
) -> PlannedWrite {
    let Shown { title, key, before, file } = shown;
    let created = key.is_none();
    let now = bc.clock.now();
    let operation = Operation::Update;
    let draft = preview::Draft { entity, operation: &operation, call_id, key, title, before, data: None, notes: Vec::new(), now, request };
    let mut planned = preview::plan(client, draft, cancel).await;
    let mut fields = described(file);
    fields.append(&mut planned.preview.fields);
    planned.preview.fields = fields;
    let why = if created {
        "It goes when the record that is created with it is taken back."
    } else {
        planned.preview.notes.push(Note { kind: NoteKind::Warning, text: "A file that is there now is replaced and not kept.".to_owned() });
        "What was there before is not kept. Send another file in its place, or remove it in Business Central."
    };
    planned.preview.undo = Undoable::No { why: why.to_owned() };
    planned
}

/// What a person approves of a file.
fn described(file: &AttachedFile) -> Vec<FieldChange> {
    let row = |name: &str, caption: &str, kind: FieldKind, value: String| FieldChange {
        name: format!("file.{name}"),
        caption: caption.to_owned(),
        kind,
        before: None,
        after: Some(value),
        before_label: None,
        after_label: None,
        editor: None,
        proposed: None,
    };
    vec![
        row("name", "File", FieldKind::Text, file.name.clone()),
        row("bytes", "Size in bytes", FieldKind::Integer, file.bytes.to_string()),
        row("contentType", "Type", FieldKind::Text, file.content_type.clone()),
        row("sha256", "SHA-256", FieldKind::Text, file.sha256.clone()),
    ]
}

impl BusinessCentral {
    pub(super) fn keep_upload(&self, call_id: &CallId, upload: Upload) {
        self.calls().entry(call_id.clone()).or_default().upload = Some(upload);
    }

    fn take_upload(&self, call_id: &CallId) -> Option<Upload> {
        self.calls().get_mut(call_id)?.upload.take()
    }

    /// Sends what was prepared and approved for a call: its write, its file, or both in this order.
    pub(super) async fn send_approved(&self, call_id: Option<&CallId>) -> Answer {
        let Some(id) = call_id else { return not_approved() };
        match (self.take(id), self.take_upload(id)) {
            (None, None) => not_approved(),
            (Some((id, prepared, permit)), None) => self.send(&id, prepared, permit).await,
            (None, Some(upload)) => self.send_file(id, upload).await,
            (Some((id, prepared, permit)), Some(upload)) => {
                let first = self.send(&id, prepared, permit).await;
                if first.status != ToolCallStatus::Ok {
                    if upload.permit.is_some() {
                        let why =
                            Answer::write(ToolCallStatus::Error, "failed", "The record that the file belongs to was not confirmed, so the file was not sent.");
                        self.unsent(&id, &upload.as_prepared(), why).await;
                    }
                    return first;
                }
                with_file(first, self.send_file(&id, upload).await)
            }
        }
    }

    async fn send_file(&self, call_id: &CallId, mut upload: Upload) -> Answer {
        let Some(permit) = upload.permit.take() else {
            return taken_out();
        };
        let client = match self.client() {
            Ok(client) => client,
            Err(answer) => return answer,
        };
        let prepared = upload.as_prepared();
        let failed = |sentence: String| Answer::write(ToolCallStatus::Error, "failed", format!("The file was not sent: {sentence}"));
        let Some(folder) = self.files.as_deref() else { return self.unsent(call_id, &prepared, failed("there is no folder of files.".into())).await };
        let content = match attached::find(folder, &upload.file.id.to_string()).await {
            Ok((_, content)) => content,
            Err(fault) => return self.unsent(call_id, &prepared, failed(fault.to_string())).await,
        };
        // A write that has begun is brought to its end.
        let never = CancellationToken::new();
        let earlier = self.with_version(client, &upload, &never).await;
        let outcome = client.upload(permit, &prepared.planned.request, content, &earlier, &never).await;
        if let Err(WriteError::NotSent(reason)) = &outcome {
            return self.unsent(call_id, &prepared, failed(reason.to_string())).await;
        }
        let settled = match outcome {
            Ok(_) => upload.read_back(client, &earlier, &never).await,
            Err(WriteError::Changed(_)) => send::refused_as_changed(),
            Err(WriteError::Unknown(fault)) => send::unknown(&fault),
            Err(WriteError::Refused(fault)) => send::refused(&fault),
            Err(WriteError::NotSent(_)) => return failed("it was not sent.".into()),
        };
        self.settle(call_id, &prepared, settled).await
    }

    /// The answer of a create that went without its file, where it had one: in a transaction goes only what no file belongs to.
    pub(super) fn without_file(&self, call_id: &CallId, created: Answer) -> Answer {
        match self.take_upload(call_id) {
            Some(_) => with_file(created, taken_out()),
            None => created,
        }
    }

    /// What earlier writes gave, with the version of the record that the file belongs to.
    async fn with_version(&self, client: &Client, upload: &Upload, cancel: &CancellationToken) -> bca_bc::Earlier {
        let mut earlier = self.earlier();
        if let (Holder::Created { entity, .. }, Some(change)) = (&upload.holder, upload.created_by())
            && let Some(EarlierResult { id, etag }) = earlier.get_mut(&change)
            && let Ok(record) = RecordPath::of(&entity.set, id.as_str())
        {
            *etag = client.get(&record, &[], &[], cancel).await.ok().and_then(|record| record.etag);
        }
        earlier
    }
}

impl Upload {
    /// The change that creates the record.
    fn created_by(&self) -> Option<ChangeId> {
        self.planned.request.if_match.as_deref().and_then(Reference::parse).map(Reference::change)
    }

    fn record(&self, earlier: &bca_bc::Earlier) -> Option<(RecordPath, MediaPath)> {
        match &self.holder {
            Holder::Known { record, path } => Some((record.clone(), path.clone())),
            Holder::Created { entity, .. } => {
                let id = &earlier.get(&self.created_by()?)?.id;
                let record = RecordPath::of(&entity.set, id.as_str()).ok()?;
                let path = MediaPath::find(Catalogue::get(), &record, &writable(entity)?).ok()?;
                Some((record, path))
            }
        }
    }

    /// For the steps that all writes share; nothing of it is compared with properties.
    fn as_prepared(&self) -> Prepared {
        let target = match &self.holder {
            Holder::Known { record, .. } => Target::Update { record: record.clone(), data: Json::Object(Vec::new()) },
            Holder::Created { set, .. } => Target::Create { set: set.clone(), expand: Vec::new(), data: Json::Null },
        };
        Prepared { planned: self.planned.clone(), target }
    }

    /// The server said yes: what it holds now is fetched and its digest compared.
    async fn read_back(&self, client: &Client, earlier: &bca_bc::Earlier, cancel: &CancellationToken) -> Settled {
        let place = self.record(earlier);
        let mut there = Vec::new();
        let found = match &place {
            Some((_, path)) => client.download(path, &mut there, self.file.bytes.saturating_add(1), cancel).await.is_ok(),
            None => false,
        };
        let same = MediaBody::of(&there, "").sha256 == self.file.sha256;
        let (verified, message) = match (found, same) {
            (true, true) => ("the file was fetched again and is the one that was sent", None),
            (true, false) => ("what Business Central keeps is not what was sent", Some("Business Central keeps another file than was sent.".to_owned())),
            (false, _) => ("the file could not be fetched again", None),
        };
        let id = place.map(|(record, _)| record.id().to_string());
        let file = object([("name", text(&self.file.name)), ("bytes", number(self.file.bytes)), ("type", text(&self.file.content_type))]);
        let json = sparse([
            ("status", Some(text("confirmed"))),
            ("entity", Some(text(&self.planned.preview.entity))),
            ("id", id.as_deref().map(text)),
            ("file", Some(file)),
            ("verified", Some(text(verified))),
        ]);
        Settled { outcome: ChangeOutcome::Confirmed, message, key: id, after: None, correlation_id: None, answer: Answer::ok(json) }
    }
}

fn taken_out() -> Answer {
    Answer::write(ToolCallStatus::Rejected, "rejected", "The person took the file out of the set. It was not sent.")
}

fn not_approved() -> Answer {
    Answer::error("not_approved", "Nothing was changed: this write was not approved.")
}

/// Whether a write sent the file of the record that this change created.
#[must_use]
pub fn is_file_of(preview: &ChangePreview, created: ChangeId) -> bool {
    created_for(preview) == Some(created)
}

/// Whether a write sends the file of a record that its own call creates.
pub(super) fn is_file_of_a_create(preview: &ChangePreview) -> bool {
    created_for(preview).is_some()
}

/// The change that creates the record whose file a write sends.
fn created_for(preview: &ChangePreview) -> Option<ChangeId> {
    preview.body.as_deref().and_then(MediaBody::parse)?;
    preview.if_match.as_deref().and_then(Reference::parse).map(Reference::change)
}

/// The answer of the create with that of its file.
fn with_file(created: Answer, sent: Answer) -> Answer {
    let mut members = created.json.members().unwrap_or_default().to_vec();
    members.push(("file".to_owned(), sent.json));
    // A person who took the file out of the set still got the record.
    let status = if sent.status == ToolCallStatus::Rejected { created.status } else { sent.status };
    Answer { status, json: Json::Object(members) }
}
