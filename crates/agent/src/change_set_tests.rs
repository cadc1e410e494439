#![allow(clippy::unwrap_used)]
use bca_protocol::FieldKind;

use super::*;

#[test]
fn the_model_is_told_what_the_person_changed() {
    let output =
        ToolOutput { status: ToolCallStatus::Ok, output: RawJson::parse("{\"status\":\"confirmed\"}".into()).unwrap(), writes: Vec::new(), fault: None };
    assert_eq!(told_of_edits(output.clone(), &[]), output);
    let edit = FieldChange {
        name: "creditLimit".into(),
        caption: "Credit limit".into(),
        kind: FieldKind::Decimal,
        before: None,
        after: Some("5000.10".into()),
        before_label: None,
        after_label: None,
        editor: None,
        proposed: Some("50000".into()),
    };
    let told = told_of_edits(output, &[edit]);
    assert_eq!(told.output.as_str(), r#"{"status":"confirmed","edited_by_person":[{"property":"creditLimit","proposed":"50000","approved":"5000.10"}]}"#);
}
