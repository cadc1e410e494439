#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use proptest::prelude::*;

use super::*;

/// The same text through the library, value by value.
fn by_library(value: &serde_json::Value, found: &Json) -> bool {
    match (value, found) {
        (serde_json::Value::Null, Json::Null) => true,
        (serde_json::Value::Bool(a), Json::Bool(b)) => a == b,
        (serde_json::Value::Number(_), Json::Number(_)) => true,
        (serde_json::Value::String(a), Json::String(b)) => a == b,
        (serde_json::Value::Array(a), Json::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| by_library(a, b)),
        (serde_json::Value::Object(a), Json::Object(b)) => a.len() == b.len() && a.iter().zip(b).all(|((an, a), (bn, b))| an == bn && by_library(a, b)),
        _ => false,
    }
}

fn same_as_library(text: &str) -> Result<(), TestCaseError> {
    let raw = serde_json::from_str::<&serde_json::value::RawValue>(text);
    match read(text) {
        Ok(found) => {
            prop_assert!(raw.is_ok(), "{text}");
            // Numbers beyond a float are fine here and not there.
            if let Ok(value) = serde_json::from_str::<serde_json::Value>(text) {
                prop_assert!(by_library(&value, &found), "{}", text);
            }
            prop_assert_eq!(read(&found.to_string()), Ok(found));
        }
        Err(JsonError::DuplicateMember(_) | JsonError::TooDeep) => {}
        Err(JsonError::Syntax(_)) => prop_assert!(serde_json::from_str::<serde_json::Value>(text).is_err(), "{}", text),
    }
    Ok(())
}

fn any_json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::Bool),
        "-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?".prop_map(Json::Number),
        any::<String>().prop_map(Json::String),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Json::Array),
            prop::collection::btree_map(any::<String>(), inner, 0..6).prop_map(|members| Json::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_written_reads_back_the_same(value in any_json()) {
        prop_assert_eq!(read(&value.to_string()), Ok(value));
    }

    #[test]
    fn any_text_is_read_as_the_library_reads_it(text in any::<String>()) {
        same_as_library(&text)?;
    }

    #[test]
    fn any_near_miss_is_read_as_the_library_reads_it(parts in prop::collection::vec(prop::sample::select(vec![
        "{", "}", "[", "]", ",", ":", "\"", "\"a\"", "\"b\"", "\\", "\\u", "00e9", "\\ud83d", "\\ude00", "\\n", "0", "-", "1", ".", "e", "E+", "01", "true", "fals", "null", " ", "\t", "é", "\u{1}",
    ]), 0..14)) {
        same_as_library(&parts.concat())?;
    }

    #[test]
    fn any_damage_is_read_as_the_library_reads_it(value in any_json(), at in any::<prop::sample::Index>(), with in "[\\x00-\\x7f]{0,3}") {
        let text = value.to_string();
        let cut: Vec<char> = text.chars().collect();
        let at = at.index(cut.len() + 1);
        let damaged: String = cut[..at].iter().collect::<String>() + &with + &cut[(at + 1).min(cut.len())..].iter().collect::<String>();
        same_as_library(&damaged)?;
    }
}

#[test]
fn what_two_readers_could_see_differently_is_refused() {
    assert_eq!(read(r#"{"a":1,"\u0061":2}"#), Err(JsonError::DuplicateMember("a".into())));
    let many: String = (0..200).map(|n| format!("\"m{n}\":{n},")).collect();
    assert!(read(&format!("{{{many}\"x\":1}}")).is_ok());
    assert_eq!(read(&format!("{{{many}\"m150\":1}}")), Err(JsonError::DuplicateMember("m150".into())));
    assert_eq!(read(&format!("{{{many}\"m3\":1}}")), Err(JsonError::DuplicateMember("m3".into())));
    assert!(read(&format!("{}1{}", "[".repeat(64), "]".repeat(64))).is_ok());
    assert_eq!(read(&format!("{}1{}", "[".repeat(65), "]".repeat(65))), Err(JsonError::TooDeep));
    assert_eq!(read(&"[".repeat(1_000_000)), Err(JsonError::TooDeep), "and the stack stays whole");
}
