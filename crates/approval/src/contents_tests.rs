#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use bca_protocol::{CallId, ChangeId, ChangePreview, Effect, RawJson, Undoable};

use super::*;
use crate::{CanonicalRequest, Method, Target};

fn write(operation: WriteOperation, body: Option<&str>, before: Option<&str>) -> PlannedWrite {
    let text = || "x".to_owned();
    let target = Target { root: text(), tenant: text(), environment: text(), company_id: text(), account: text() };
    let request = CanonicalRequest { target, method: Method::Post, path: "customers".into(), if_match: None, body: body.map(Into::into) };
    let preview = ChangePreview {
        change_id: ChangeId::new(),
        call_id: CallId::fresh(),
        operation,
        action: None,
        effect: Effect::Write,
        entity: "customers".into(),
        key: None,
        title: text(),
        fields: vec![],
        notes: vec![],
        undo: Undoable::No { why: text() },
        undoes: None,
        undoes_also: Vec::new(),
        conflicts: vec![],
        method: "POST".into(),
        path: "customers".into(),
        if_match: None,
        body: request.body.clone(),
        digest: request.digest(),
    };
    PlannedWrite { request, preview, before: before.map(|before| RawJson::parse(before.into()).unwrap()) }
}

fn amount(body: &str) -> Option<String> {
    Contents::of(&write(WriteOperation::Create, Some(body), None)).unwrap().amount.map(|amount| amount.text)
}

#[test]
fn properties_are_found_at_every_level() {
    let body = r#"{"displayName":"A","address":{"iban":"x"},"lines":[{"quantity":1},{"vatNumber":null}]}"#;
    let contents = Contents::of(&write(WriteOperation::Create, Some(body), None)).unwrap();
    assert_eq!(contents.fields, ["displayName", "address", "iban", "lines", "quantity", "vatNumber"]);
    for unreadable in ["[]", "7", "{", r#"{"a":1,"a":2}"#] {
        assert_eq!(Contents::of(&write(WriteOperation::Create, Some(unreadable), None)), None, "{unreadable}");
    }
    assert_eq!(Contents::of(&write(WriteOperation::Delete, None, None)), Some(Contents::default()));
}

#[test]
fn the_largest_amount_counts() {
    assert_eq!(amount(r#"{"creditLimit":10,"unitPrice":250.50,"quantity":3}"#), Some("751.5".into()));
    assert_eq!(amount(r#"{"lines":[{"quantity":2,"unitPrice":10},{"quantity":1,"unitPrice":5.25}]}"#), Some("25.25".into()));
    assert_eq!(amount(r#"{"amount":-1200.00}"#), Some("1200".into()));
    assert_eq!(amount(r#"{"totalAmountIncludingTax":1e3}"#), Some("1000".into()));
    assert_eq!(amount(r#"{"phone":99999}"#), None);
    let huge = "9".repeat(40);
    assert_eq!(amount(&format!(r#"{{"amount":{huge},"unitPrice":1}}"#)), Some(huge));
}

#[test]
fn a_deletion_or_posting_counts_by_its_record() {
    let record = r#"{"number":"1","totalAmountIncludingTax":125000.00}"#;
    for operation in [WriteOperation::Delete, WriteOperation::Action] {
        let contents = Contents::of(&write(operation, None, Some(record))).unwrap();
        assert_eq!(contents.amount.unwrap().text, "125000");
    }
    assert_eq!(Contents::of(&write(WriteOperation::Update, Some(r#"{"city":"X"}"#), Some(record))).unwrap().amount, None);
}
