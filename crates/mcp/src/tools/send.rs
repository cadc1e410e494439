//! Sends an approved write, reads back what came of it, and settles its intent.

use std::sync::PoisonError;

use bca_agent::WriteResult;
use bca_approval::{Settlement, WritePermit};
use bca_bc::{BcError, Client, Earlier, EarlierResult, Expand, Record, RecordId, RecordPath, WriteAnswer, WriteError, resolve};
use bca_catalogue::{Catalogue, Entity};
use bca_protocol::{CallId, ChangeOutcome, Json, RawJson, ToolCallStatus};
use tokio_util::sync::CancellationToken;

use super::{BusinessCentral, Outcome, Prepared, Target, follow_up, image, own_ids, verify};
use crate::answer::{Answer, object, sparse, text};

/// Reads one record from the database that is written to, never from a replica or a cache.
pub(super) async fn fetch(client: &Client, path: &RecordPath, expand: &[String], cancel: &CancellationToken) -> Result<Record, BcError> {
    let expand: Vec<Vec<Expand>> = expand.iter().map(|names| Expand::parse_list(names)).collect::<Result<_, _>>()?;
    client.get(path, &[], &expand.concat(), cancel).await
}

/// The version that a change must name.
pub(super) fn etag(record: &Record) -> Result<String, Answer> {
    record
        .etag
        .clone()
        .ok_or_else(|| Answer::error("no_version", "Business Central gave this record no version, so it can't be changed safely. Nothing was changed."))
}

/// What came of a write, for the log, the event and the model.
pub(super) struct Settled {
    pub(super) outcome: ChangeOutcome,
    pub(super) message: Option<String>,
    pub(super) key: Option<String>,
    pub(super) after: Option<Json>,
    pub(super) correlation_id: Option<String>,
    pub(super) answer: Answer,
}

impl Settled {
    /// Adds a sentence to what is said of the outcome.
    pub(super) fn add(&mut self, sentence: &str) {
        let message = format!("{} {sentence}", self.message.as_deref().unwrap_or_default());
        if let Json::Object(members) = &mut self.answer.json
            && let Some((_, said)) = members.iter_mut().find(|(name, _)| name == "message")
        {
            *said = text(&message);
        }
        self.message = Some(message);
    }
}

impl BusinessCentral {
    /// Redeems the permit for the prepared bytes. Every way out leaves an outcome in the log and an answer for the model.
    pub(super) async fn send(&self, call_id: &CallId, mut prepared: Prepared, permit: WritePermit) -> Answer {
        let client = match self.client() {
            Ok(client) => client,
            Err(answer) => return answer,
        };
        // A write that has begun is brought to its end.
        let never = CancellationToken::new();
        if let Some(answer) = self.moved_on(client, &prepared, &never).await {
            return self.unsent(call_id, &prepared, answer).await;
        }
        let before = follow_up::look(client, &prepared.target, &prepared, &never).await;
        let earlier = self.earlier();
        let outcome = client.write_after(permit, &prepared.planned.request, &earlier, &never).await;
        if let Err(WriteError::NotSent(reason)) = &outcome {
            let answer = Answer::write(ToolCallStatus::Error, "failed", format!("Nothing was changed: {reason}"));
            return self.unsent(call_id, &prepared, answer).await;
        }
        prepared.resolve(&earlier);
        let settled = settled_by(client, &prepared, outcome, before, &never).await;
        self.settle(call_id, &prepared, settled).await
    }

    /// Actions carry no `If-Match`, so the version that was approved is compared here. So is what was shown: the version of a document need not
    /// move with its lines, and its totals are what a person approved; of a deletion, the records that go with it.
    async fn moved_on(&self, client: &Client, prepared: &Prepared, cancel: &CancellationToken) -> Option<Answer> {
        let (read, seen) = match &prepared.target {
            Target::Action { record, seen, .. } => (fetch(client, record, &[], cancel).await, seen),
            Target::Delete { record } => match entity_of(prepared).filter(|entity| image::owned(entity).next().is_some()) {
                Some(entity) => (image::whole(client, entity, record, cancel).await, &prepared.planned.request.if_match),
                None => return None,
            },
            Target::Create { .. } | Target::Update { .. } => return None,
        };
        let shown = prepared.planned.before.as_ref().and_then(|before| before.tree().ok());
        match read {
            Ok(now) if now.etag == *seen && shown.is_none_or(|shown| is_as_shown(&shown, &now.json)) => None,
            Ok(_) => Some(changed_meanwhile()),
            Err(fault) => Some(Answer::write(ToolCallStatus::Error, "failed", format!("Nothing was changed: {fault}"))),
        }
    }

    pub(super) async fn unsent(&self, call_id: &CallId, prepared: &Prepared, answer: Answer) -> Answer {
        let why = answer.json.get("message").and_then(Json::as_str).unwrap_or("It was not sent.").to_owned();
        if let Err(fault) = self.intents.not_sent(prepared.planned.change_id(), &why, self.clock.now()).await {
            tracing::error!(%fault, "an unsent write could not be recorded as such");
        }
        self.record(call_id, Outcome { status: ToolCallStatus::Error, writes: Vec::new() });
        answer
    }

    pub(super) async fn settle(&self, call_id: &CallId, prepared: &Prepared, mut settled: Settled) -> Answer {
        let change_id = prepared.planned.change_id();
        self.remember(prepared, &settled);
        self.learn_of_ids(prepared, &mut settled).await;
        let settlement = Settlement {
            outcome: settled.outcome,
            message: settled.message,
            key: settled.key,
            after: settled.after.as_ref().map(RawJson::from),
            correlation_id: settled.correlation_id,
            at: self.clock.now(),
        };
        if let Err(fault) = self.intents.settled(change_id, &settlement).await {
            // The intent stays at `sending`: the next start will call it unknown and look.
            tracing::error!(%fault, %change_id, "the outcome of a write could not be recorded");
        }
        let status = match settled.outcome {
            ChangeOutcome::Confirmed => ToolCallStatus::Ok,
            ChangeOutcome::Failed => ToolCallStatus::Error,
            ChangeOutcome::Unknown => ToolCallStatus::Unknown,
        };
        let write = WriteResult { change_id, outcome: settled.outcome, undoable: prepared.planned.preview.undo.is_yes() };
        self.record(call_id, Outcome { status, writes: vec![write] });
        settled.answer
    }
}

impl BusinessCentral {
    /// What creates gave so far.
    pub(super) fn earlier(&self) -> Earlier {
        self.created.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Keeps the id of a record that was created, for later writes of the same set.
    fn remember(&self, prepared: &Prepared, settled: &Settled) {
        if let (Target::Create { .. }, ChangeOutcome::Confirmed, Some(Ok(id))) =
            (&prepared.target, settled.outcome, settled.key.as_deref().map(RecordId::parse))
        {
            let mut created = self.created.lock().unwrap_or_else(PoisonError::into_inner);
            // Only the set under way refers to them; ids of changes grow with time, so the older half goes.
            if created.len() >= MOST_REMEMBERED {
                let mut ids: Vec<_> = created.keys().copied().collect();
                ids.sort_unstable();
                ids.iter().take(MOST_REMEMBERED / 2).for_each(|id| drop(created.remove(id)));
            }
            created.insert(prepared.planned.change_id(), EarlierResult { id, etag: None });
        }
    }
}

/// Many times more creates than one set can hold.
const MOST_REMEMBERED: usize = 4_096;

impl Prepared {
    /// Puts ids in the place of references, as it was sent: what is read back is compared with that.
    fn resolve(&mut self, earlier: &Earlier) {
        let Ok(resolved) = resolve(&self.planned.request, earlier) else { return };
        match (&mut self.target, resolved.body.as_deref().map(Json::parse)) {
            (Target::Create { data, .. }, Some(Ok(sent))) => *data = own_ids::without(&sent),
            (Target::Update { data, .. }, Some(Ok(sent))) => *data = sent,
            (Target::Create { .. } | Target::Update { .. } | Target::Delete { .. } | Target::Action { .. }, _) => {}
        }
    }
}

/// What an answer of the client comes to, with what was read back.
pub(super) async fn settled_by(
    client: &Client,
    prepared: &Prepared,
    outcome: Result<WriteAnswer, WriteError>,
    before: follow_up::Before,
    cancel: &CancellationToken,
) -> Settled {
    match outcome {
        Ok(answer) => Settled { correlation_id: answer.correlation_id, ..confirmed(client, prepared, answer.record, before, cancel).await },
        Err(WriteError::NotSent(reason)) => refused(&BcError::BadQuery(reason.to_string())),
        Err(WriteError::Refused(fault)) => refused(&fault),
        Err(WriteError::Changed(fault)) => Settled { correlation_id: fault.correlation_id().map(str::to_owned), ..refused_as_changed() },
        Err(WriteError::Unknown(fault)) => {
            Settled { correlation_id: fault.correlation_id().map(str::to_owned), ..find_out(client, prepared, &fault, cancel).await }
        }
    }
}

/// Whether two readings of a record say the same. Annotations and the time of the last change don't count: the version tells of those.
fn is_as_shown(shown: &Json, now: &Json) -> bool {
    match (shown, now) {
        (Json::Object(shown), Json::Object(now)) => shown.iter().all(|(name, value)| {
            let counts = !name.contains('@') && name != "lastModifiedDateTime";
            let there = now.iter().find(|(other, _)| other == name).map(|(_, value)| value);
            !counts || there.is_none_or(|there| is_as_shown(value, there))
        }),
        (Json::Array(shown), Json::Array(now)) => shown.len() == now.len() && shown.iter().zip(now).all(|(shown, now)| is_as_shown(shown, now)),
        (shown, now) => shown == now,
    }
}

fn changed_meanwhile() -> Answer {
    Answer::write(
        ToolCallStatus::Error,
        "failed",
        "Nothing was changed: somebody else changed the record after it was shown. Read it again and propose the change anew if it still makes sense.",
    )
}

pub(super) fn refused_as_changed() -> Settled {
    let answer = changed_meanwhile();
    Settled {
        outcome: ChangeOutcome::Failed,
        message: Some("Somebody else changed the record after it was shown. Nothing was changed.".into()),
        key: None,
        after: None,
        correlation_id: None,
        answer,
    }
}

pub(super) fn refused(fault: &BcError) -> Settled {
    let message = match fault {
        BcError::Throttled { .. } => {
            referring("Business Central is too busy just now and refused. Nothing was changed; propose it again later.".to_owned(), fault)
        }
        _ => referring(format!("{fault} Nothing was changed."), fault),
    };
    let code = match fault {
        BcError::Refused { code, .. } => Some(text(code)),
        _ => None,
    };
    let correlation_id = fault.correlation_id().map(text);
    let json = sparse([("status", Some(text("failed"))), ("message", Some(text(&message))), ("code", code), ("correlation_id", correlation_id)]);
    let answer = Answer { status: ToolCallStatus::Error, json };
    Settled {
        outcome: ChangeOutcome::Failed,
        message: Some(message),
        key: None,
        after: None,
        correlation_id: fault.correlation_id().map(str::to_owned),
        answer,
    }
}

/// With what those who look after Business Central can find the failure by.
fn referring(message: String, fault: &BcError) -> String {
    match fault.reference() {
        Some(reference) => format!("{message} {reference}"),
        None => message,
    }
}

/// Where a record stands that was made with the id that it brought along.
fn at_its_own_id(prepared: &Prepared) -> Option<RecordPath> {
    own_ids::place(entity_of(prepared)?, &own_ids::brought(&prepared.planned.request)?)
}

fn entity_of(prepared: &Prepared) -> Option<&'static Entity> {
    Catalogue::get().find(&prepared.planned.preview.entity)
}

/// The server said yes: what stands there now is read and compared with what was sent.
async fn confirmed(client: &Client, prepared: &Prepared, answered: Option<Record>, before: follow_up::Before, cancel: &CancellationToken) -> Settled {
    let set = text(&prepared.planned.preview.entity);
    match &prepared.target {
        Target::Create { set: path, expand, data } => {
            let id = answered.as_ref().and_then(Record::id).map(str::to_owned);
            let read = match id.as_deref().map(|id| RecordPath::of(path.name(), id)) {
                Some(Ok(flat)) if path.names().count() == 1 => fetch(client, &flat, expand, cancel).await.ok(),
                Some(Ok(flat)) => fetch(client, &path.record(flat.id().clone()), expand, cancel).await.ok(),
                Some(Err(_)) | None => None,
            };
            written(prepared, data, id, read, answered)
        }
        Target::Update { record, data } => {
            let read = fetch(client, record, &[], cancel).await.ok();
            written(prepared, data, Some(record.id().to_string()), read, answered)
        }
        Target::Delete { record } => {
            let gone = match fetch(client, record, &[], cancel).await {
                Err(BcError::NotFound { .. }) => "the record is gone",
                Ok(_) => "Business Central confirmed the deletion, but the record can still be read",
                Err(_) => "Business Central confirmed the deletion; it could not be read again",
            };
            let json = object([("status", text("confirmed")), ("entity", set), ("id", text(record.id().as_str())), ("verified", text(gone))]);
            Settled { outcome: ChangeOutcome::Confirmed, message: None, key: None, after: None, correlation_id: None, answer: Answer::ok(json) }
        }
        Target::Action { record, action, .. } => {
            let now = fetch(client, record, &[], cancel).await;
            let (after, note) = match now {
                Ok(now) => (Some(now.json), None),
                Err(BcError::NotFound { .. }) => (None, Some("The document is no longer there: the action used it up.")),
                Err(_) => (None, Some("Business Central confirmed the action; the document could not be read again.")),
            };
            let result = follow_up::result(client, prepared, before, cancel).await;
            let json = sparse([
                ("status", Some(text("confirmed"))),
                ("entity", Some(set)),
                ("id", Some(text(record.id().as_str()))),
                ("action", Some(text(action))),
                ("record", Some(after.clone().unwrap_or(Json::Null))),
                ("result", result),
                ("note", note.map(text)),
            ]);
            Settled { outcome: ChangeOutcome::Confirmed, message: None, key: None, after, correlation_id: None, answer: Answer::ok(json) }
        }
    }
}

/// A record that was created or changed, with what is as it was sent and what isn't.
fn written(prepared: &Prepared, data: &Json, id: Option<String>, read: Option<Record>, answered: Option<Record>) -> Settled {
    let note = read.is_none().then_some("It could not be read back; the values are those of Business Central's answer.");
    let record = read.or(answered).map(|record| record.json);
    let compared = match (entity_of(prepared), &record) {
        (Some(entity), Some(record)) => verify::compare(entity, data, record),
        (None, _) | (_, None) => Vec::new(),
    };
    let (verified, differences) = verify::report(&compared);
    let json = sparse([
        ("status", Some(text("confirmed"))),
        ("entity", Some(text(&prepared.planned.preview.entity))),
        ("id", id.as_deref().map(text)),
        ("record", Some(record.clone().unwrap_or(Json::Null))),
        ("verified", Some(verified)),
        ("differences", Some(differences)),
        ("note", note.map(text)),
    ]);
    let off: Vec<&str> = compared.iter().filter(|c| !c.same).map(|c| c.property.as_str()).collect();
    let message = (!off.is_empty()).then(|| format!("Business Central keeps other values than were sent for: {}.", off.join(", ")));
    Settled { outcome: ChangeOutcome::Confirmed, message, key: id, after: record, correlation_id: None, answer: Answer::ok(json) }
}

/// No usable answer: one look at what stands there now. Only what can't be a coincidence counts as found; a create is never
/// matched by its values, because a lookalike may be somebody else's.
async fn find_out(client: &Client, prepared: &Prepared, fault: &BcError, cancel: &CancellationToken) -> Settled {
    let found = match &prepared.target {
        // By the id that it brought along, and by nothing else.
        Target::Create { expand, data, .. } => match at_its_own_id(prepared) {
            Some(place) => fetch(client, &place, expand, cancel).await.ok().map(|now| written(prepared, data, Some(place.id().to_string()), Some(now), None)),
            None => None,
        },
        Target::Update { record, data } => match fetch(client, record, &[], cancel).await {
            Ok(now) if now.etag != prepared.planned.request.if_match => {
                let all_there = entity_of(prepared).is_some_and(|e| verify::compare(e, data, &now.json).iter().all(|c| c.same));
                all_there.then(|| written(prepared, data, Some(record.id().to_string()), Some(now), None))
            }
            Ok(_) | Err(_) => None,
        },
        Target::Delete { record } => match fetch(client, record, &[], cancel).await {
            Err(BcError::NotFound { .. }) => Some(confirmed(client, prepared, None, follow_up::Before::Nothing, cancel).await),
            Ok(_) | Err(_) => None,
        },
        // Posting and the like: a status that moved on may have been moved by somebody else.
        Target::Action { .. } => None,
    };
    found.unwrap_or_else(|| unknown(fault))
}

pub(super) fn unknown(fault: &BcError) -> Settled {
    let message = format!(
        "{fault} It is not known whether the change was made. It will not be sent again by itself: look in Business Central before you propose it again."
    );
    let message = referring(message, fault);
    let json = sparse([("status", Some(text("unknown"))), ("message", Some(text(&message))), ("correlation_id", fault.correlation_id().map(text))]);
    let answer = Answer { status: ToolCallStatus::Unknown, json };
    Settled { outcome: ChangeOutcome::Unknown, message: Some(message), key: None, after: None, correlation_id: None, answer }
}
