#![allow(clippy::unwrap_used)]
use super::*;

fn json(text: &str) -> RawJson {
    RawJson::parse(text.to_owned()).unwrap()
}

#[test]
fn a_result_is_indented_and_keeps_its_digits() {
    let text = pretty(&json("{\"rows\":[{\"balance\":1250.50,\"name\":\"A\u{202e}\\u001b\"}],\"none\":[]}"));
    let expected = "{\n  \"rows\": [\n    {\n      \"balance\": 1250.50,\n      \"name\": \"A\\u202e\\u001b\"\n    }\n  ],\n  \"none\": []\n}";
    assert_eq!(text, expected);
}

#[test]
fn only_an_object_is_an_input() {
    assert!(parsed("{\"entity\":\"customers\"}".into()).is_ok());
    for wrong in ["", "[]", "3", "{", "{\"a\":1,\"a\":2}"] {
        assert_eq!(parsed(wrong.into()).unwrap_err().exit(), Exit::Usage, "{wrong}");
    }
}

#[test]
fn the_exit_code_tells_how_the_call_ended() {
    let of = |status, output: &str| exit(status, &json(output), Tally::default());
    assert_eq!(of(ToolCallStatus::Ok, "{}"), Exit::Done);
    assert_eq!(of(ToolCallStatus::Error, r#"{"error":{"code":"x"}}"#), Exit::Failed);
    assert_eq!(of(ToolCallStatus::Error, r#"{"error":{"code":"not_connected"}}"#), Exit::NotSignedIn);
    assert_eq!(of(ToolCallStatus::Error, r#"{"error":{"code":"not_signed_in"}}"#), Exit::NotSignedIn);
    assert_eq!(of(ToolCallStatus::Rejected, "{}"), Exit::NotApproved);
    assert_eq!(of(ToolCallStatus::Unknown, "{}"), Exit::Unknown);
}
