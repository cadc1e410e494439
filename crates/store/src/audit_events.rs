//! What the audit log says of questions and writes, appended in the transactions in which they move on.

use bca_approval::{PlannedWrite, Resolution, Settlement};
use bca_protocol::{
    ApprovalId, ApprovalRequest, AuditAction, AuditClient, AuditOutcome, ChangeId, ChangeOutcome, ChangePreview, ChangeView, Connection, Decision, Json,
    RawJson, Reviewer,
};
use rusqlite::Connection as Sqlite;

use crate::{
    AuditIdentity, AuditRecord, Recovery, StoreError,
    audit::append,
    recovery::{SENT, UNSENT},
    table::{approvals, changes},
};

/// Longest image of a record that goes into the log, in bytes; the whole one is with the change.
const LONGEST_IMAGE: usize = 64 * 1024;

/// Through what an answer came.
#[must_use]
pub(crate) const fn client_of(reviewer: Reviewer) -> AuditClient {
    match reviewer {
        Reviewer::Window | Reviewer::Notification => AuditClient::Window,
        Reviewer::Terminal => AuditClient::Terminal,
        Reviewer::CommandLine => AuditClient::CommandLine,
        Reviewer::Automation => AuditClient::Automation,
        Reviewer::Clock | Reviewer::Engine => AuditClient::Engine,
    }
}

/// A question was put.
pub(crate) fn asked(tx: &Sqlite, identity: &AuditIdentity, request: &ApprovalRequest, writes: &[PlannedWrite]) -> Result<(), StoreError> {
    let record = about(request, AuditAction::ApprovalAsked).with_outcome(AuditOutcome::Pending);
    let planned = writes.iter().map(|write| planned(&write.preview)).collect();
    let mut details = vec![
        ("digest", text(request.digest)),
        ("priority", text(priority(request))),
        ("expires_at", text(request.expires_at)),
        ("writes", Json::Array(planned)),
    ];
    details.extend(request.title.as_ref().map(|title| ("title", text(title))));
    append(tx, identity, request.requested_at, &record.with_details(object(details))).map(drop)
}

/// A person edited a question before anybody answered it.
pub(crate) fn edited(tx: &Sqlite, identity: &AuditIdentity, request: &ApprovalRequest, by: Reviewer, at: jiff::Timestamp) -> Result<(), StoreError> {
    let details = object(vec![
        ("digest", text(request.digest)),
        ("revision", text(request.revision)),
        ("writes", Json::Array(request.changes.iter().map(planned).collect())),
        ("left_out", Json::Array(request.left_out.iter().map(planned).collect())),
    ]);
    let record = AuditRecord { client: Some(client_of(by)), ..about(request, AuditAction::ApprovalEdited) };
    append(tx, identity, at, &record.with_details(details)).map(drop)
}

/// A question came to its end.
pub(crate) fn decided(tx: &Sqlite, identity: &AuditIdentity, approval: ApprovalId, resolution: &Resolution) -> Result<(), StoreError> {
    let view = approvals::one(tx, approval)?.ok_or(StoreError::NotFound("approval"))?;
    let outcome = match resolution.decision {
        Decision::Approved => AuditOutcome::Done,
        Decision::Rejected | Decision::Expired | Decision::Aborted => AuditOutcome::Refused,
    };
    let mut details = vec![("decision", text(resolution.decision.as_str())), ("by", text(resolution.by.as_str())), ("digest", text(view.request.digest))];
    details.extend(resolution.reason.as_ref().map(|reason| ("reason", text(reason))));
    let record = AuditRecord { client: Some(client_of(resolution.by)), ..about(&view.request, AuditAction::ApprovalDecided).with_outcome(outcome) };
    append(tx, identity, resolution.at, &record.with_details(object(details))).map(drop)
}

/// A write is about to leave.
pub(crate) fn sent(tx: &Sqlite, identity: &AuditIdentity, change: ChangeId, at: jiff::Timestamp) -> Result<(), StoreError> {
    let view = changes::one(tx, change)?.ok_or(StoreError::NotFound("change"))?;
    let action = if view.preview.undoes.is_some() { AuditAction::UndoSent } else { AuditAction::WriteSent };
    // Until it answers, the request has the name that it left with (`client-request-id`).
    let record = AuditRecord { correlation_id: Some(change.to_string()), ..of_write(&view, action).with_outcome(AuditOutcome::Pending) };
    append(tx, identity, at, &record.with_details(object(write_details(&view)))).map(drop)
}

/// What came of a write is known, or is known to be unknown.
pub(crate) fn settled(tx: &Sqlite, identity: &AuditIdentity, change: ChangeId, settlement: &Settlement) -> Result<(), StoreError> {
    let view = changes::one(tx, change)?.ok_or(StoreError::NotFound("change"))?;
    let action = if view.preview.undoes.is_some() { AuditAction::UndoSettled } else { AuditAction::WriteSettled };
    let outcome = match settlement.outcome {
        ChangeOutcome::Confirmed => AuditOutcome::Done,
        ChangeOutcome::Failed => AuditOutcome::Failed,
        ChangeOutcome::Unknown => AuditOutcome::Unknown,
    };
    let mut details = write_details(&view);
    details.extend(settlement.message.as_ref().map(|message| ("message", text(message))));
    details.extend(view.before.as_ref().map(|before| ("before", image(before))));
    details.extend(settlement.after.as_ref().map(|after| ("after", image(after))));
    let mut record = of_write(&view, action).with_outcome(outcome);
    record.resource_id = settlement.key.clone().or(record.resource_id);
    record.correlation_id = view.correlation_id.clone().or_else(|| Some(change.to_string()));
    append(tx, identity, settlement.at, &record.with_details(object(details))).map(drop)
}

/// An approved write was given up before it left.
pub(crate) fn not_sent(tx: &Sqlite, identity: &AuditIdentity, change: ChangeId, why: &str, at: jiff::Timestamp) -> Result<(), StoreError> {
    let view = changes::one(tx, change)?.ok_or(StoreError::NotFound("change"))?;
    let mut details = write_details(&view);
    details.push(("message", text(why)));
    let record = of_write(&view, AuditAction::WriteNotSent).with_outcome(AuditOutcome::Refused);
    append(tx, identity, at, &record.with_details(object(details))).map(drop)
}

/// What a dead process left open and was ended for it.
pub(crate) fn recovered(tx: &Sqlite, identity: &AuditIdentity, recovery: &Recovery, at: jiff::Timestamp) -> Result<(), StoreError> {
    let identity = AuditIdentity { client: AuditClient::Engine, ..identity.clone() };
    for approval in &recovery.expired_approvals {
        let reason = Some("The process that asked had died.".to_owned());
        decided(tx, &identity, *approval, &Resolution { decision: Decision::Expired, by: Reviewer::Engine, reason, at })?;
    }
    for change in &recovery.unsent_changes {
        not_sent(tx, &identity, *change, UNSENT, at)?;
    }
    for change in &recovery.unknown_changes {
        let message = Some(SENT.to_owned());
        let settlement = Settlement { outcome: ChangeOutcome::Unknown, message, key: None, after: None, correlation_id: None, at };
        settled(tx, &identity, *change, &settlement)?;
    }
    Ok(())
}

fn about(request: &ApprovalRequest, action: AuditAction) -> AuditRecord {
    let ApprovalRequest { approval_id, session_id, run_id, connection, .. } = request;
    let record = place(AuditRecord::new(action, "approval").of(approval_id.to_string()), connection);
    AuditRecord { session_id: Some(*session_id), run_id: Some(*run_id), ..record }
}

fn of_write(view: &ChangeView, action: AuditAction) -> AuditRecord {
    let record = AuditRecord { resource_id: view.preview.key.clone(), ..AuditRecord::new(action, view.preview.entity.clone()) };
    AuditRecord { session_id: Some(view.session_id), run_id: Some(view.run_id), ..place(record, &view.connection) }
}

fn place(record: AuditRecord, connection: &Connection) -> AuditRecord {
    record.by_account(connection.account.clone()).on(connection.name.clone())
}

fn write_details(view: &ChangeView) -> Vec<(&'static str, Json)> {
    let ChangePreview { change_id, operation, action, title, method, path, body, digest, undoes, .. } = &view.preview;
    let mut details = vec![
        ("change_id", text(change_id)),
        ("operation", text(operation.as_str())),
        ("title", text(title)),
        ("company", text(&view.connection.company)),
        ("method", text(method)),
        ("path", text(path)),
        ("digest", text(digest)),
    ];
    details.extend(action.as_ref().map(|action| ("action", text(action))));
    details.extend(body.as_ref().and_then(|body| Json::parse(body).ok()).map(|body| ("body", body)));
    details.extend(undoes.as_ref().map(|change| ("undoes", text(change))));
    details
}

fn planned(preview: &ChangePreview) -> Json {
    let ChangePreview { change_id, operation, entity, key, title, digest, .. } = preview;
    let mut members = vec![
        ("change_id", text(change_id)),
        ("operation", text(operation.as_str())),
        ("entity", text(entity)),
        ("title", text(title)),
        ("digest", text(digest)),
    ];
    members.extend(key.as_ref().map(|key| ("key", text(key))));
    Json::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

fn priority(request: &ApprovalRequest) -> &'static str {
    match request.priority {
        bca_protocol::Priority::Low => "low",
        bca_protocol::Priority::Medium => "medium",
        bca_protocol::Priority::High => "high",
    }
}

/// A record before or after; one that is too long is named by its length.
fn image(record: &RawJson) -> Json {
    let long = || text(format!("{} bytes; see the change", record.as_str().len()));
    if record.as_str().len() > LONGEST_IMAGE { long() } else { Json::parse(record.as_str()).unwrap_or_else(|_| long()) }
}

fn text(value: impl ToString) -> Json {
    Json::String(value.to_string())
}

fn object(members: Vec<(&str, Json)>) -> RawJson {
    RawJson::from(&Json::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()))
}
