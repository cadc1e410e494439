use super::*;

#[test]
fn only_the_whole_word_approves_and_enter_alone_rejects() {
    for line in ["a", " A ", "approve", "APPROVE\t"] {
        assert_eq!(verdict(line), Some(ReviewVerdict::Approve), "{line}");
    }
    for line in ["", "  ", "r", "reject", "R "] {
        assert_eq!(verdict(line), Some(ReviewVerdict::Reject { reason: None }), "{line}");
    }
    for line in ["y", "yes", "ok", "approve it", "a b", "approved", "rr", "no"] {
        assert_eq!(verdict(line), None, "{line}");
    }
}

#[test]
fn words_after_r_are_the_reason() {
    assert_eq!(verdict("r  wrong customer "), Some(ReviewVerdict::Reject { reason: Some("wrong customer".into()) }));
    assert_eq!(verdict("reject not now"), Some(ReviewVerdict::Reject { reason: Some("not now".into()) }));
}
