#![allow(clippy::unwrap_used)]
use super::*;

#[test]
fn numbers_and_order_survive() {
    let text = r#"{"b":12345678901234567.890,"a":[1e2,-0.10,true,null,"æ\n"],"c":{}}"#;
    assert_eq!(Json::parse(text).unwrap().to_string(), text);
}

#[test]
fn white_space_between_tokens_goes() {
    assert_eq!(Json::parse(" { \"a\" : [ 1 , 2 ] } ").unwrap().to_string(), r#"{"a":[1,2]}"#);
}

#[test]
fn a_member_given_twice_is_refused_however_it_is_written() {
    assert_eq!(Json::parse(r#"{"a":1,"\u0061":2}"#), Err(JsonError::DuplicateMember("a".into())));
    assert!(serde_json::from_str::<Json>(r#"{"x":{"a":1,"a":1}}"#).is_err());
}

#[test]
fn deep_nesting_is_refused_and_never_overflows_the_stack() {
    let deep = format!("{}1{}", "[".repeat(100), "]".repeat(100));
    assert_eq!(Json::parse(&deep), Err(JsonError::TooDeep));
    let deeper = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(Json::parse(&deeper).is_err());
}

#[test]
fn control_characters_are_escaped_again() {
    let tree = Json::String("a\u{1}\"\\\t".into());
    assert_eq!(Json::parse(&tree.to_string()).unwrap(), tree);
}
