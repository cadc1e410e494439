use super::*;

/// Whatever an action is called, the most that comes of it is a no: [`Answer`] has no yes.
#[test]
fn nothing_that_a_notification_says_approves() {
    let torture = std::env::var_os("BC_AGENT_TORTURE").is_some();
    let cases: u32 = if torture { 20_000 } else { 1_000 };
    proptest::proptest!(proptest::prelude::ProptestConfig::with_cases(cases), |(action in ".{0,20}|approve.{0,5}|.{0,5}yes|reject|default")| {
        let answer = Answer::of(&action);
        proptest::prop_assert_eq!(answer == Answer::Reject, action == "reject");
        proptest::prop_assert_eq!(answer == Answer::Open, action == "default");
    });
    println!("reliability | 16 | actions of a notification, of any name: approvals | 0 of {cases}");
}

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
