#![allow(clippy::unwrap_used)]
use super::*;

#[test]
fn names_come_as_a_list_or_as_one_text() {
    let names = |text: &str| serde_json::from_str::<Names>(text).unwrap().list();
    assert_eq!(names(r#""number, displayName""#), ["number", "displayName"]);
    assert_eq!(names(r#"["number","displayName,city"]"#), ["number", "displayName", "city"]);
}

#[test]
fn a_request_is_the_same_in_any_order_and_refresh_is_no_part_of_it() {
    let key = request_key(r#"{"entity":"customers","top":5}"#);
    assert_eq!(request_key(r#"{"top":5,"refresh":true,"entity":"customers","id":null}"#), key);
    assert_ne!(request_key(r#"{"top":6,"entity":"customers"}"#), key);
    assert_eq!(request_key("nonsense"), None);
}
