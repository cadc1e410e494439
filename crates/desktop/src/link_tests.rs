use bca_protocol::SessionId;
use proptest::prelude::*;

use super::{parse, sign_in};

#[test]
fn a_link_names_a_conversation() {
    let session = SessionId::new();
    assert_eq!(parse(&format!("bcagent://session/{session}")), Some(session));
}

#[test]
fn anything_else_is_ignored() {
    let id = SessionId::new();
    let near = [
        format!("bcagent://session/{id}/"),
        format!("bcagent://session/{id}?approve=1"),
        format!("bcagent://session/{id}#x"),
        format!("bcagent://session/{{{id}}}"),
        format!("bcagent://session/urn:uuid:{id}"),
        format!("bcagent://session/{}", id.to_string().replace('-', "")),
        format!("bcagent://approve/{id}"),
        format!("bcagent:session/{id}"),
        format!(" bcagent://session/{id}"),
        format!("https://session/{id}"),
        "bcagent://session/".into(),
        String::new(),
    ];
    for text in near {
        assert_eq!(parse(&text), None, "{text}");
    }
}

#[test]
fn only_an_answer_of_a_sign_in_is_taken_for_one() {
    let answer = "bcagent://auth?code=a&state=b";
    assert_eq!((sign_in(answer), parse(answer)), (Some(answer), None));
    for other in ["bcagent://auth", "bcagent://auth/?code=a", "bcagent://authority?code=a", "https://auth?code=a", " bcagent://auth?code=a", ""] {
        assert_eq!(sign_in(other), None, "{other}");
    }
    assert_eq!(sign_in(&format!("bcagent://auth?code={}", "a".repeat(20_000))), None);
}

/// How many links: a twentieth, or all where `BC_AGENT_TORTURE` is set.
fn links() -> u32 {
    if std::env::var_os("BC_AGENT_TORTURE").is_some() { 100_000 } else { 5_000 }
}

#[test]
fn whatever_comes_is_a_link_of_ours_or_nothing() {
    let links = links();
    proptest!(ProptestConfig::with_cases(links), |(text in ".*", tail in "[0-9a-fA-F{}:/?#%-]{0,50}")| {
        for text in [text, format!("bcagent://session/{tail}"), format!("bcagent://auth?{tail}"), tail] {
            if let Some(session) = parse(&text) {
                prop_assert_eq!(&format!("bcagent://session/{session}"), &text);
            }
            prop_assert!(sign_in(&text).is_none_or(|answer| answer == text && parse(answer).is_none()));
        }
    });
    println!("reliability | 10 | links of any shape: panics, or anything but a conversation or the end of a sign-in | 0 of {}", links * 4);
}
