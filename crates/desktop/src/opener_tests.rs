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

#[test]
fn a_browser_gets_no_key_of_ours() {
    for browser in [None, Some("firefox".into())] {
        let command = command(browser, &check("https://example.com").unwrap());
        for secret in ["ANTHROPIC_API_KEY", "BC_AGENT_BC_TOKEN"] {
            assert!(command.get_envs().any(|(name, value)| name == secret && value.is_none()), "{secret}");
        }
    }
    println!("reliability | 7 | keys in the environment of a browser that a link opens | 0 of {}", Environment::SECRETS.len());
}
