#![allow(clippy::unwrap_used)]
use bca_protocol::{ChangeId, FieldEditor, FieldKind};

use super::*;
use crate::render::samples::{field, request, update};

fn of_two() -> ApprovalRequest {
    let mut line = field("Quantity", FieldKind::Decimal, None, Some("2"));
    line.name = "salesOrderLines[1].quantity".into();
    line.editor = Some(FieldEditor::default());
    let mut changes = vec![update(vec![field("City", FieldKind::Text, Some("Oslo"), Some("Bergen"))]), update(vec![line])];
    changes[0].fields[0].name = "city".into();
    changes[1].change_id = ChangeId::new();
    request(changes)
}

#[test]
fn a_field_is_named_by_property_caption_or_line() {
    let request = of_two();
    for name in ["salesOrderLines[1].quantity", "Line 2 Quantity", "line 2 · quantity"] {
        let mut revision = standing(&request);
        edit(&request, &mut revision, &Edit { number: 2, field: name.into(), value: "7".into() }).unwrap();
        assert_eq!(
            revision.edits,
            [FieldEdit { change_id: request.changes[1].change_id, name: "salesOrderLines[1].quantity".into(), value: Some("7".into()) }]
        );
    }
    let mut revision = standing(&request);
    assert!(edit(&request, &mut revision, &Edit { number: 2, field: "quantity of".into(), value: "7".into() }).is_err());
    assert!(edit(&request, &mut revision, &Edit { number: 3, field: "city".into(), value: "7".into() }).is_err());
}

#[test]
fn earlier_edits_stay_and_what_was_taken_out_can_be_put_back() {
    let mut request = of_two();
    request.changes[0].fields[0].proposed = Some("Stavanger".into());
    let out = request.changes.pop().unwrap();
    request.left_out.push(out.clone());
    let mut revision = standing(&request);
    assert_eq!((revision.edits[0].value.as_deref(), &revision.leave_out), (Some("Bergen"), &vec![out.change_id]));
    edit(&request, &mut revision, &Edit { number: 1, field: "City".into(), value: String::new() }).unwrap();
    assert_eq!(revision.edits, [FieldEdit { change_id: request.changes[0].change_id, name: "city".into(), value: None }]);
    toggle(&request, &mut revision, 2).unwrap();
    assert!(revision.leave_out.is_empty());
    toggle(&request, &mut revision, 1).unwrap();
    assert_eq!(revision.leave_out, [request.changes[0].change_id]);
}
