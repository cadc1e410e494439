//! Values that tests of several renderings share.

use bca_protocol::{
    ApprovalId, ApprovalRequest, CallId, ChangeId, ChangePreview, ChangeSetId, Connection, ConnectionKind, Digest, Effect, FieldChange, FieldKind, Note,
    NoteKind, Priority, RunId, SessionId, Undoable, WriteOperation,
};
use jiff::Timestamp;

pub fn connection() -> Connection {
    Connection {
        name: "demo".into(),
        kind: ConnectionKind::Demo,
        tenant: String::new(),
        environment: "demo".into(),
        company: "Nordby AS".into(),
        company_id: "11111111-2222-3333-4444-555555555555".into(),
        account: "demo".into(),
    }
}

pub fn field(caption: &str, kind: FieldKind, before: Option<&str>, after: Option<&str>) -> FieldChange {
    FieldChange {
        name: caption.to_lowercase(),
        caption: caption.into(),
        kind,
        before: before.map(Into::into),
        after: after.map(Into::into),
        before_label: None,
        after_label: None,
        editor: None,
        proposed: None,
    }
}

pub fn update(fields: Vec<FieldChange>) -> ChangePreview {
    ChangePreview {
        change_id: ChangeId::new(),
        call_id: CallId::from_provider("call_1"),
        operation: WriteOperation::Update,
        action: None,
        effect: Effect::Write,
        entity: "customers".into(),
        key: Some("aaaaaaaa-0000-0000-0000-000000000001".into()),
        title: "Change customer 10020 Fjordlys AS".into(),
        fields,
        notes: vec![Note { kind: NoteKind::Warning, text: "Balance due is 48210.00 NOK".into() }],
        undo: Undoable::Yes { how: "The old values are put back.".into() },
        undoes: None,
        undoes_also: Vec::new(),
        conflicts: Vec::new(),
        method: "PATCH".into(),
        path: "customers(aaaaaaaa-0000-0000-0000-000000000001)".into(),
        if_match: Some("W/\"abc\"".into()),
        body: Some("{\"creditLimit\":75000.00}".into()),
        digest: Digest::from_bytes([0x7c; 32]),
    }
}

pub fn request(changes: Vec<ChangePreview>) -> ApprovalRequest {
    let now = Timestamp::UNIX_EPOCH;
    ApprovalRequest {
        approval_id: ApprovalId::new(),
        change_set_id: ChangeSetId::new(),
        session_id: SessionId::new(),
        run_id: RunId::new(),
        digest: Digest::from_bytes([0x1e; 32]),
        priority: Priority::Medium,
        requested_at: now,
        expires_at: now,
        connection: connection(),
        changes,
        left_out: Vec::new(),
        title: None,
        revision: 0,
        typed: None,
        dry_run: None,
    }
}
