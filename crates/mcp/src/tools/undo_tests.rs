#![allow(clippy::unwrap_used, clippy::panic)]
use super::*;

fn entity(set: &str) -> &'static Entity {
    Catalogue::get().find(set).unwrap()
}

#[test]
fn only_what_a_person_may_set_counts_as_changed_by_somebody() {
    let json = |text: &str| Json::parse(text).unwrap();
    let left = json(r#"{"displayName":"A","city":"Oslo","creditLimit":10.00,"balanceDue":1,"lastModifiedDateTime":"2026-01-01T00:00:00Z"}"#);
    let now = json(r#"{"displayName":"B","city":"Oslo","creditLimit":10,"balanceDue":2,"lastModifiedDateTime":"2026-01-02T00:00:00Z"}"#);
    let conflicts = changed_since(entity("customers"), &left, &now, |_| true);
    let [only] = &conflicts[..] else { panic!("{conflicts:?}") };
    assert_eq!((only.name.as_str(), only.expected.as_deref(), only.now.as_deref()), ("displayName", Some("A"), Some("B")));
    assert!(changed_since(entity("customers"), &left, &now, |p| p.name == "city").is_empty());
}

#[test]
fn a_created_line_is_found_again() {
    let (order, line) = ("11111111-2222-3333-4444-555555555555", "5d115c9c-44e3-ea11-bb43-000d3a2feca1");
    let path = created_record(entity("salesOrderLines"), &format!("salesOrders({order})/salesOrderLines"), line).unwrap();
    assert!(path.to_string().ends_with(&format!("salesOrderLines({line})")), "{path}");
    assert_eq!(created_record(entity("customers"), "customers", line).unwrap().to_string(), format!("customers({line})"));
}
