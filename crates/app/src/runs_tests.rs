#![allow(clippy::unwrap_used)]
use super::*;

#[test]
fn nothing_and_too_much_are_refused_with_a_sentence() {
    assert_eq!(check_message(" \n").unwrap_err().code, ErrorCode::InvalidInput);
    assert!(check_message(&"a".repeat(MAX_MESSAGE)).is_ok());
    assert!(check_message(&"a".repeat(MAX_MESSAGE + 1)).unwrap_err().message.contains("Nothing was sent"));
}
