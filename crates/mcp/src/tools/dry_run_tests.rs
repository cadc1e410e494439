#![allow(clippy::unwrap_used, clippy::panic)]
use bca_bc::Record;
use bca_protocol::{CallId, ChangeId, ChangePreview, Effect, RawJson, Undoable};

use super::*;

pub(in crate::tools) fn write(operation: WriteOperation, entity: &str, before: Option<&str>, body: Option<&str>) -> PlannedWrite {
    let target = bca_approval::Target {
        root: "http://127.0.0.1/api/v2.0".into(),
        tenant: String::new(),
        environment: String::new(),
        company_id: "c".into(),
        account: String::new(),
    };
    let method = if operation == WriteOperation::Create { Method::Post } else { Method::Patch };
    let request = CanonicalRequest { target, method, path: format!("{entity}(1)"), if_match: None, body: body.map(str::to_owned) };
    let preview = ChangePreview {
        change_id: ChangeId::new(),
        call_id: CallId::fresh(),
        operation,
        action: None,
        effect: Effect::Write,
        entity: entity.into(),
        key: None,
        title: format!("Change {entity}"),
        fields: Vec::new(),
        notes: Vec::new(),
        undo: Undoable::Yes { how: String::new() },
        undoes: None,
        undoes_also: Vec::new(),
        conflicts: Vec::new(),
        method: request.method.as_str().into(),
        path: request.path.clone(),
        if_match: None,
        body: request.body.clone(),
        digest: request.digest(),
    };
    PlannedWrite { request, preview, before: before.map(|json| RawJson::parse(json.to_owned()).unwrap()) }
}

fn answer(json: &str) -> Result<WriteAnswer, WriteError> {
    Ok(WriteAnswer { record: Record::from_row(Json::parse(json).unwrap()), status: 200, correlation_id: None })
}

fn filled(fills: &[FieldChange]) -> Vec<(&str, Option<&str>, Option<&str>)> {
    fills.iter().map(|fill| (fill.name.as_str(), fill.before.as_deref(), fill.after.as_deref())).collect()
}

#[test]
fn what_business_central_would_fill_in_is_told_and_what_is_as_it_was_sent_is_not() {
    let sent = r#"{"displayName":"Fjord","city":"OSLO","salesOrderLines":[]}"#;
    let create = write(WriteOperation::Create, "customers", None, Some(sent));
    let record = r#"{"@odata.etag":"W/\"1\"","id":"5d115c9c-44e3-ea11-bb43-000d3a2feca1","number":"C00010","displayName":"Fjord","city":"Oslo","country":"",
        "balanceDue":0,"taxLiable":false,"blocked":"_x0020_","currencyId":"00000000-0000-0000-0000-000000000000","currencyCode":"USD",
        "lastModifiedDateTime":"2026-01-01T00:00:00Z"}"#;
    let told = told(&[create], vec![answer(record)]);
    let TriedOutcome::WouldWork { fills } = &told[0].outcome else { panic!("{told:?}") };
    assert_eq!(filled(fills), [("number", None, Some("C00010")), ("city", Some("OSLO"), Some("Oslo"))]);

    let before = r#"{"displayName":"Fjord","creditLimit":10,"balanceDue":5,"city":"Oslo"}"#;
    let update = write(WriteOperation::Update, "customers", Some(before), Some(r#"{"creditLimit":20.50}"#));
    let told = super::told(&[update], vec![answer(r#"{"id":"x","displayName":"Fjord","creditLimit":20.5,"balanceDue":5,"city":"Bergen"}"#)]);
    let TriedOutcome::WouldWork { fills } = &told[0].outcome else { panic!("{told:?}") };
    assert_eq!(filled(fills), [("city", Some("Oslo"), Some("Bergen"))], "what the change brings along, not what it sets");
}

#[test]
fn only_a_refusal_for_certain_counts_and_nothing_behind_it() {
    let writes = || vec![write(WriteOperation::Create, "customers", None, Some("{}")), write(WriteOperation::Create, "items", None, Some("{}"))];
    let rule = BcError::Refused { code: "Application_DialogException".into(), message: "The customer is blocked.".into(), correlation_id: None };
    let busy = || BcError::Throttled { retry_after: None, correlation_id: None };
    let cases = [
        (WriteError::Refused(rule), true),
        (WriteError::Refused(BcError::Forbidden { message: "No.".into(), correlation_id: None }), true),
        (WriteError::Changed(BcError::Changed { correlation_id: None }), true),
        (WriteError::Refused(busy()), false),
        (WriteError::Unknown(busy()), false),
    ];
    for (fault, fails) in cases {
        let shown = format!("{fault:?}");
        let later = WriteError::Refused(BcError::NotFound { message: "Gone.".into(), correlation_id: None });
        let told = told(&writes(), vec![Err(fault), Err(later)]);
        assert_eq!(told[0].outcome.is_failure(), fails, "{shown}");
        assert!(matches!(told[1].outcome, TriedOutcome::NotKnown { .. }), "{shown}: {told:?}");
    }
}

#[test]
fn what_posts_at_once_and_what_one_transaction_cannot_hold_is_not_tried_out() {
    let update = |entity: &str, body: &str| write(WriteOperation::Update, entity, Some("{}"), Some(body));
    assert_eq!(unfit(&[update("customers", r#"{"city":"Oslo"}"#), update("items", r#"{"unitPrice":1}"#)]), None);
    assert!(unfit(&[update("items", r#"{"inventory":5}"#)]).is_some());
    assert!(unfit(&[update("customers", "{}"), update("customers", "{}")]).is_some());
    let later = format!(r#"{{"customerId":"{{result:{}}}"}}"#, ChangeId::new());
    assert!(unfit(&[update("salesOrders", &later)]).is_some());
}

#[test]
fn an_alarm_names_what_stayed_and_what_to_do() {
    let writes = [write(WriteOperation::Create, "customers", None, None), write(WriteOperation::Create, "items", None, None)];
    let stayed = vec![Stayed { at: 1, certainty: Certainty::Found }];
    let alarm = rehearsed(&writes, Trial::Stayed(stayed)).alarm.unwrap();
    assert!(alarm.contains("\"Change items\" was found in the books") && !alarm.contains("customers"), "{alarm}");
    assert!(alarm.contains("switched off"), "{alarm}");
}
