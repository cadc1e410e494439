//! Trying a set out: what Business Central would make of each write, before a person is asked.

use std::collections::HashSet;

use bca_approval::{CanonicalRequest, ChangeSet, DryRunPermit, Method, PlannedWrite, Rehearsed};
use bca_bc::{ApiName, BcError, Certainty, Stayed, Trial, WriteAnswer, WriteError, references};
use bca_catalogue::{Care, Catalogue, Entity, Property, PropertyKind};
use bca_protocol::{DryRun, FieldChange, Json, TriedOutcome, TriedWrite, WriteOperation};
use tokio_util::sync::CancellationToken;

use super::{
    BusinessCentral, own_ids,
    preview::{field_kind, is_nothing},
    verify,
};

/// Values that are shown of one write; the rest is seen when it is read back.
const MOST_FILLS: usize = 16;

impl BusinessCentral {
    /// Sends the set in a transaction that is made to fail, and says what came of each write. Not for sets that one transaction can't hold,
    /// nor for what posts entries at once.
    pub async fn rehearse(&self, set: &ChangeSet, permit: DryRunPermit, cancel: &CancellationToken) -> (Rehearsed, Left) {
        let Ok(client) = self.client() else { return (not_tried("There is no connection."), Left::Seen) };
        let requests: Vec<&CanonicalRequest> = set.writes.iter().map(|write| &write.request).collect();
        if let Some(why) = client.catalogue().scope(async { unfit(&set.writes) }).await {
            return (not_tried(why), Left::Seen);
        }
        let trial = client.dry_run(permit, &requests, cancel).await;
        let left = Left::of(&trial);
        (client.catalogue().scope(self.told_of_ids(&set.writes, trial)).await, left)
    }
}

/// Whether what a trial left is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Left {
    /// It was looked at, or nothing left.
    Seen,
    /// It has to be looked at again ([`BusinessCentral::look_at_trial`]).
    NotSeen {
        /// The ids that the answer gave to new records, by place in the set.
        answered: Vec<Option<String>>,
    },
}

impl Left {
    fn of(trial: &Trial) -> Self {
        match trial {
            Trial::Open { answered, .. } => Self::NotSeen { answered: answered.iter().map(|id| id.as_ref().map(ToString::to_string)).collect() },
            Trial::Tried(_) | Trial::NotSent(_) | Trial::NotKnown(_) | Trial::Stayed(_) => Self::Seen,
        }
    }
}

impl BusinessCentral {
    /// A trial tells of ids too: what it would refuse because of one is proposed without one the next time.
    async fn told_of_ids(&self, writes: &[PlannedWrite], trial: Trial) -> Rehearsed {
        let refused = match &trial {
            Trial::Tried(outcomes) => self.learn_from_trial(writes, outcomes).await,
            Trial::NotSent(_) | Trial::NotKnown(_) | Trial::Open { .. } | Trial::Stayed(_) => None,
        };
        let mut rehearsed = rehearsed(writes, trial);
        if let (DryRun::Tried { writes }, Some(refused)) = (&mut rehearsed.dry_run, refused)
            && let Some(TriedWrite { outcome: TriedOutcome::WouldFail { message, .. }, .. }) = writes.iter_mut().find(|tried| tried.change_id == refused)
        {
            *message = format!("{message} {}", own_ids::WITHOUT_ID);
        }
        rehearsed
    }
}

fn not_tried(why: &str) -> Rehearsed {
    Rehearsed { dry_run: DryRun::NotTried { why: why.to_owned() }, alarm: None }
}

/// Why these can't be tried out.
fn unfit(writes: &[PlannedWrite]) -> Option<&'static str> {
    let mut records = HashSet::new();
    writes.iter().find_map(|write| {
        let request = &write.request;
        if !references(request).is_empty() {
            return Some("A change that needs the result of another one can't be tried out.");
        }
        if request.method != Method::Post && !records.insert(request.path.as_str()) {
            return Some("Several changes of one record can't be tried out together.");
        }
        if ApiName::split(&request.path).is_some() {
            return Some("Changes of a custom API are not tried out.");
        }
        let body = request.body.as_deref().and_then(|body| Json::parse(body).ok()).unwrap_or(Json::Null);
        let posts = Catalogue::get().care(&write.preview.entity, &body).iter().any(|(_, care)| *care == Care::Posts);
        posts.then_some("What posts entries at once is never tried out.")
    })
}

fn rehearsed(writes: &[PlannedWrite], trial: Trial) -> Rehearsed {
    let dry_run = match trial {
        Trial::Tried(outcomes) => DryRun::Tried { writes: told(writes, outcomes) },
        Trial::NotSent(reason) => DryRun::NotTried { why: format!("It could not be sent: {reason}") },
        Trial::NotKnown(fault) | Trial::Open { error: fault, .. } => DryRun::NotKnown { why: fault.to_string() },
        Trial::Stayed(stayed) => {
            let alarm = trial_alarm(writes, &stayed);
            return Rehearsed { dry_run: DryRun::NotKnown { why: alarm.clone() }, alarm: Some(alarm) };
        }
    };
    Rehearsed { dry_run, alarm: None }
}

/// What a person must know when something stayed.
#[must_use]
pub fn trial_alarm(writes: &[PlannedWrite], stayed: &[Stayed]) -> String {
    let title = |stayed: &Stayed| {
        let title = writes.get(stayed.at).map_or_else(String::new, |write| format!("\"{}\"", write.preview.title));
        match stayed.certainty {
            Certainty::Found => format!("{title} was found in the books"),
            Certainty::Suspected => format!("{title} may stand in the books"),
        }
    };
    let what: Vec<String> = stayed.iter().map(title).collect();
    format!(
        "A set of changes was only to be tried out, but Business Central did not take all of it back: {}. Nobody approved this. Look at it in Business Central \
        and set it right. Trying out is switched off for this connection from now on.",
        what.join("; ")
    )
}

/// The outcomes in people's words. What stands behind the first failure says nothing: the transaction was lost by then.
fn told(writes: &[PlannedWrite], outcomes: Vec<Result<WriteAnswer, WriteError>>) -> Vec<TriedWrite> {
    let mut failed = false;
    let one = |(write, outcome): (&PlannedWrite, Result<WriteAnswer, WriteError>)| {
        let outcome = match outcome {
            _ if failed => TriedOutcome::NotKnown { why: "An earlier change of the set would not go through.".into() },
            Ok(answer) => TriedOutcome::WouldWork { fills: fills(write, answer.record.map(|record| record.json)) },
            Err(fault) => {
                failed = true;
                refused(&fault)
            }
        };
        TriedWrite { change_id: write.change_id(), outcome }
    };
    writes.iter().zip(outcomes).map(one).collect()
}

/// A refusal for certain, or nothing that can be said.
fn refused(fault: &WriteError) -> TriedOutcome {
    let fail = |code: Option<&str>, message: String| TriedOutcome::WouldFail { code: code.map(str::to_owned), message };
    match fault {
        WriteError::Refused(BcError::Refused { code, message, .. }) => fail(Some(code), message.clone()),
        WriteError::Refused(fault @ (BcError::NotFound { .. } | BcError::Forbidden { .. })) => fail(None, fault.to_string()),
        WriteError::Changed(fault) => fail(Some("Request_EntityChanged"), format!("{fault} Read it again and propose the change anew.")),
        WriteError::NotSent(reason) => TriedOutcome::NotKnown { why: reason.to_string() },
        WriteError::Refused(fault) | WriteError::Unknown(fault) => TriedOutcome::NotKnown { why: fault.to_string() },
    }
}

/// Values that Business Central would fill in, or keep otherwise than they are sent.
fn fills(write: &PlannedWrite, answered: Option<Json>) -> Vec<FieldChange> {
    let (Some(entity), Some(answered)) = (Catalogue::get().find(&write.preview.entity), answered) else { return Vec::new() };
    let sent = write.request.body.as_deref().and_then(|body| Json::parse(body).ok()).unwrap_or(Json::Null);
    let before = write.before.as_ref().and_then(|raw| raw.tree().ok()).unwrap_or(Json::Null);
    let mut fills = Vec::new();
    match write.preview.operation {
        WriteOperation::Create | WriteOperation::Update => gather(entity, "", &sent, &before, &answered, &mut fills),
        WriteOperation::Delete | WriteOperation::Action => {}
    }
    fills.truncate(MOST_FILLS);
    fills
}

fn gather(entity: &Entity, prefix: &str, sent: &Json, before: &Json, answered: &Json, out: &mut Vec<FieldChange>) {
    let named = |property: &Property| entity.label.contains(&property.name) || entity.summary.contains(&property.name);
    // Of what a new record gets beside what was sent, only what names it and sums it up.
    let known = |property: &Property| sent.get(&property.name).is_some() || before.get(&property.name).is_some();
    for property in entity.properties.iter().filter(|property| is_told(property) && (named(property) || known(property))) {
        out.extend(fill(property, prefix, sent, before, answered));
    }
    for navigation in &entity.navigation {
        let (Some(Json::Array(sent)), Some(Json::Array(answered))) = (sent.get(&navigation.name), answered.get(&navigation.name)) else { continue };
        let Some(child) = Catalogue::get().find(&navigation.target_set) else { continue };
        for (index, (sent, answered)) in sent.iter().zip(answered).enumerate() {
            gather(child, &format!("{prefix}{}[{index}].", navigation.name), sent, &Json::Null, answered, out);
        }
    }
}

/// Not ids, whose meaning stands beside them, nor times of the change itself.
fn is_told(property: &Property) -> bool {
    !property.key && !property.filter_only && !matches!(property.kind, PropertyKind::Guid | PropertyKind::DateTime | PropertyKind::Stream)
}

fn fill(property: &Property, prefix: &str, sent: &Json, before: &Json, answered: &Json) -> Option<FieldChange> {
    let value = answered.get(&property.name)?;
    let known = sent.get(&property.name).or_else(|| before.get(&property.name));
    let is_new = match known {
        Some(known) => !verify::same(Some(&property.kind), known, value),
        None => says_something(value),
    };
    let shown = |value: &Json| (!is_nothing(value)).then(|| value.display()).flatten().map(|value| bca_bc::decode_member(&value));
    is_new.then(|| FieldChange {
        name: format!("{prefix}{}", property.name),
        caption: property.caption.clone(),
        kind: field_kind(&property.kind),
        before: known.and_then(shown),
        after: Some(shown(value).unwrap_or_default()),
        before_label: None,
        after_label: None,
        editor: None,
        proposed: None,
    })
}

/// Zero, `false` and nothing are what a new record has anyway.
fn says_something(value: &Json) -> bool {
    match value {
        Json::Number(number) => verify::decimal(number).is_none_or(|number| !number.is_zero()),
        Json::Bool(value) => *value,
        Json::Array(_) | Json::Object(_) => false,
        other => !is_nothing(other),
    }
}

#[cfg(test)]
#[path = "dry_run_tests.rs"]
pub(super) mod tests;
