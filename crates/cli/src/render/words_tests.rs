#![allow(clippy::unwrap_used)]
use super::*;

#[test]
fn durations_sizes_and_countdowns() {
    assert_eq!([duration(0), duration(84), duration(1_234), duration(125_999)], ["0 ms", "84 ms", "1.2 s", "2 min 05 s"]);
    assert_eq!([size(999), size(1_500), size(12_345_678)], ["999 bytes", "1.5 kB", "12.3 MB"]);
    assert_eq!([countdown(300), countdown(59), countdown(-4)], ["5:00", "0:59", "0:00"]);
    assert_eq!([counted(1, "row", "rows"), counted(0, "row", "rows")], ["1 row", "0 rows"]);
}

#[test]
fn a_begun_second_counts_whole() {
    let until = Timestamp::from_second(10).unwrap();
    let left = |ms| seconds_left(until, Timestamp::from_millisecond(ms).unwrap());
    assert_eq!([left(7_000), left(7_001), left(9_999), left(10_000), left(10_500)], [3, 3, 1, 0, 0]);
}

#[test]
fn a_brief_title_is_one_line_and_no_longer_than_asked() {
    assert_eq!(brief("one\n  two", 20), "one two");
    assert_eq!(brief("abcdefgh", 5), "abcd…");
}

#[test]
fn production_cannot_be_missed_even_without_colour() {
    let production = Connection {
        name: "main".into(),
        kind: ConnectionKind::Production,
        tenant: "contoso".into(),
        environment: "Prod".into(),
        company: "Nordby\u{1b}[2J AS".into(),
        company_id: String::new(),
        account: "kari".into(),
    };
    assert_eq!(connection(&production, Paint::Plain), "Nordby\\u{1b}[2J AS · PRODUCTION Prod");
    assert!(connection(&production, Paint::Colour).starts_with("\u{1b}[1;31m"));
}

#[test]
fn a_question_that_ended_says_how_by_whom_and_why() {
    assert_eq!(resolution(Decision::Approved, Reviewer::Window, None), "Approved in the window.");
    let rejected = resolution(Decision::Rejected, Reviewer::Terminal, Some("wrong\u{202e} customer"));
    assert_eq!(rejected, "Rejected at the terminal. Nothing was changed. Reason: wrong\\u{202e} customer");
    assert!(resolution(Decision::Expired, Reviewer::Clock, None).ends_with("Nothing was changed."));
}
