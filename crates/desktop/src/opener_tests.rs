#![allow(clippy::unwrap_used)]

use super::*;

#[test]
fn only_https_without_credentials_is_opened() {
    assert_eq!(check("https://example.com/a?b=c").unwrap().as_str(), "https://example.com/a?b=c");
    let refused = [
        "http://example.com",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "data:text/html,x",
        "bcagent://session/1",
        "https://name:word@example.com",
        "https://name@example.com",
        "--help",
        "//example.com",
        "",
        "https://",
    ];
    for text in refused {
        assert_eq!(check(text).unwrap_err().code, ErrorCode::InvalidInput, "{text}");
    }
}

#[test]
fn the_address_is_one_argument_whatever_is_in_it() {
    let url = check("https://example.com/;touch%20x?$(id)`id`&a='\"").unwrap();
    let command = command(Some("firefox".into()), &url);
    assert_eq!(command.get_program(), "firefox");
    assert_eq!(command.get_args().collect::<Vec<_>>(), [url.as_str()]);
}
