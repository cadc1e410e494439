use super::*;

#[test]
fn no_action_approves() {
    for action in ["approve", "Approve", "__closed", "", "yes"] {
        assert_eq!(Answer::of(action), Answer::Nothing);
    }
    assert_eq!(Answer::of("reject"), Answer::Reject);
    assert_eq!(Answer::of("default"), Answer::Open);
}

#[test]
fn text_of_records_is_written_out_not_obeyed() {
    assert_eq!(written_out("<b>A</b> & \u{202e}B\n"), "&lt;b&gt;A&lt;/b&gt; &amp; \u{fffd}B\u{fffd}");
    assert_eq!(shortened(&"x".repeat(500)).chars().count(), LONGEST + 1);
}
