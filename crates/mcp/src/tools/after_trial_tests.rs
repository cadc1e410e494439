#![allow(clippy::unwrap_used, clippy::panic)]
use bca_bc::Record;

use super::{super::dry_run::tests::write, *};

fn there(json: &str) -> Stands {
    Stands::There(Record::from_row(Json::parse(json).unwrap()).unwrap())
}

#[test]
fn a_change_counts_where_a_value_stands_that_was_sent_and_was_not_there_before() {
    let before = r#"{"displayName":"A","city":"Oslo","phoneNumber":"1"}"#;
    let mut update = write(WriteOperation::Update, "customers", Some(before), Some(r#"{"displayName":"B","city":"Oslo"}"#));
    update.request.if_match = Some("W/\"1\"".into());
    let now = |etag: &str, name: &str| there(&format!(r#"{{"@odata.etag":"W/\"{etag}\"","displayName":"{name}","city":"Oslo","phoneNumber":"2"}}"#));
    assert_eq!(changed(&update, &now("1", "A")), None, "the version that was seen");
    assert_eq!(changed(&update, &now("2", "A")), None, "somebody else changed something else; the city stood there before");
    assert_eq!(changed(&update, &now("2", "B")), Some(Certainty::Suspected));
    assert_eq!(changed(&update, &Stands::Nowhere), None);
    update.before = None;
    assert_eq!(changed(&update, &now("2", "A")), Some(Certainty::Suspected), "nobody can tell");
}

#[test]
fn a_new_record_is_looked_for_by_its_texts_and_only_among_what_came_since() {
    let begun: Timestamp = "2026-05-01T12:00:00Z".parse().unwrap();
    let sent = r#"{"id":"5d115c9c-44e3-ea11-bb43-000d3a2feca1","displayName":"Fjord","city":"","creditLimit":5}"#;
    let mut create = write(WriteOperation::Create, "customers", None, Some(sent));
    create.request.path = "customers?$expand=defaultDimensions".into();
    let query = lookalikes(&create, begun).unwrap();
    let expected = Filter::parse("displayName eq 'Fjord' and lastModifiedDateTime ge 2026-05-01T11:50:00Z").unwrap();
    assert_eq!((query.filter, query.from.to_string()), (Some(expected), "customers".to_owned()));

    let mut bare = write(WriteOperation::Create, "customers", None, Some(r#"{"creditLimit":5}"#));
    bare.request.path = "customers".into();
    assert!(lookalikes(&bare, begun).is_none(), "nothing to look for");
}

#[test]
fn lines_are_looked_for_below_their_document() {
    let id = "5d115c9c-44e3-ea11-bb43-000d3a2feca1";
    assert_eq!(set_of(&format!("salesOrders({id})/salesOrderLines")).unwrap().to_string(), format!("salesOrders({id})/salesOrderLines"));
    assert_eq!(set_of("customers").unwrap().to_string(), "customers");
}
