#![allow(clippy::unwrap_used)]
use super::*;

fn json(text: &str) -> Json {
    Json::parse(text).unwrap()
}

fn differences(set: &str, sent: &str, found: &str) -> Vec<String> {
    let entity = Catalogue::get().find(set).unwrap();
    compare(entity, &json(sent), &json(found)).into_iter().filter(|c| !c.same).map(|c| c.property).collect()
}

#[test]
fn values_that_business_central_writes_its_own_way_are_the_same() {
    let sent = r#"{"displayName":"A ","creditLimit":50000.10,"paymentTermsId":"ABCDEF01-0000-0000-0000-000000000000","country":"no","blocked":"_x0020_","taxRegistrationNumber":null}"#;
    let found = r#"{"displayName":"A","creditLimit":50000.1,"paymentTermsId":"abcdef01-0000-0000-0000-000000000000","country":"NO","blocked":" ","taxRegistrationNumber":""}"#;
    assert_eq!(differences("customers", sent, found), Vec::<String>::new());
}

#[test]
fn what_the_server_changed_ignored_or_lost_is_a_difference() {
    assert_eq!(
        differences("customers", r#"{"displayName":"A","city":"Bergen","creditLimit":1.10}"#, r#"{"displayName":"B","creditLimit":1.11}"#),
        ["displayName", "city", "creditLimit"]
    );
}

#[test]
fn large_amounts_are_compared_exactly() {
    assert_eq!(differences("customers", r#"{"creditLimit":90071992547409.93}"#, r#"{"creditLimit":90071992547409.94}"#), ["creditLimit"]);
}

#[test]
fn children_are_compared_line_by_line() {
    let sent = r#"{"salesOrderLines":[{"quantity":2},{"quantity":3}]}"#;
    assert_eq!(differences("salesOrders", sent, r#"{"salesOrderLines":[{"quantity":2.0},{"quantity":4}]}"#), ["salesOrderLines[1].quantity"]);
    assert_eq!(differences("salesOrders", sent, r#"{"salesOrderLines":[{"quantity":2}]}"#), ["salesOrderLines[1].quantity"]);
}
