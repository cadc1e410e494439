#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use super::*;

#[test]
fn the_documented_body_comes_apart() {
    let text = r#"{"error":{"code":"Application_DialogException","message":"You must assign a number series.  CorrelationId:  7f0a1b2c-0000-1111-2222-333344445555."}}"#;
    let body = ErrorBody::parse(text).unwrap();
    assert_eq!(body.code, "Application_DialogException");
    assert_eq!(body.message, "You must assign a number series.");
    assert_eq!(body.correlation_id.as_deref(), Some("7f0a1b2c-0000-1111-2222-333344445555"));
}

#[test]
fn hostile_bodies_do_no_harm() {
    for text in [
        "",
        "null",
        "{}",
        r#"{"error":1}"#,
        r#"{"error":{"code":1}}"#,
        r#"{"error":{"message":"x"}}"#,
        "<html>",
        "\u{0}",
        "{\"error\":{\"code\":\"x\",\"code\":\"y\"}}",
    ] {
        assert_eq!(ErrorBody::parse(text), None, "{text}");
    }
    let long = format!(r#"{{"error":{{"code":"X","message":"{} CorrelationId: CorrelationId: zz"}}}}"#, "é".repeat(50_000));
    let body = ErrorBody::parse(&long).unwrap();
    assert_eq!((body.message.chars().count(), body.correlation_id), (LONGEST_MESSAGE, None));
    // Cutting the start of a page in the middle of a character.
    assert!(matches!(meaning(StatusCode::INTERNAL_SERVER_ERROR, None, &"é".repeat(300)), BcError::Unexpected { status: 500, .. }));
}
