#![allow(clippy::unwrap_used)]
use bca_approval::{CanonicalRequest, Method, Target};
use bca_protocol::{CallId, ChangeId, ChangePreview, Effect, Undoable};

use super::*;

const ORDER: &str = "11111111-2222-3333-4444-555555555555";
const LINE: &str = "5d115c9c-44e3-ea11-bb43-000d3a2feca1";

fn deletion(path: &str) -> PlannedWrite {
    let target =
        Target { root: "https://api.example/api/v2.0".into(), tenant: "t".into(), environment: "e".into(), company_id: ORDER.into(), account: "a".into() };
    let request = CanonicalRequest { target, method: Method::Delete, path: path.into(), if_match: Some("W/\"1\"".into()), body: None };
    let preview = ChangePreview {
        change_id: ChangeId::new(),
        call_id: CallId::fresh(),
        operation: WriteOperation::Delete,
        action: None,
        effect: Effect::Destructive,
        entity: "salesOrderLines".into(),
        key: Some(LINE.into()),
        title: "Delete".into(),
        fields: Vec::new(),
        notes: Vec::new(),
        undo: Undoable::Yes { how: String::new() },
        undoes: None,
        undoes_also: Vec::new(),
        conflicts: Vec::new(),
        method: "DELETE".into(),
        path: request.path.clone(),
        if_match: request.if_match.clone(),
        body: None,
        digest: request.digest(),
    };
    PlannedWrite { request, preview, before: None }
}

#[test]
fn a_record_is_looked_for_where_it_was_written_to() {
    for path in [format!("salesOrderLines({LINE})"), format!("salesOrders({ORDER})/salesOrderLines({LINE})")] {
        assert_eq!(record_path(&deletion(&path)).unwrap().to_string(), path);
    }
    assert!(record_path(&deletion("salesOrders(nonsense)/salesOrderLines()")).is_none(), "nothing is read in its place");
}
