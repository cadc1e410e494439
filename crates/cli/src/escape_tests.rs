#![allow(clippy::unwrap_used)]
use proptest::prelude::*;

use super::*;

/// Characters of every dangerous kind, written down apart from the code under test.
const DANGEROUS: [char; 30] = [
    '\0',
    '\u{7}',
    '\u{8}',
    '\r',
    '\u{1b}',
    '\u{7f}',
    '\u{80}',
    '\u{9b}',
    '\u{9d}',
    '\u{ad}',
    '\u{61c}',
    '\u{200b}',
    '\u{200c}',
    '\u{200d}',
    '\u{200e}',
    '\u{200f}',
    '\u{2028}',
    '\u{2029}',
    '\u{202a}',
    '\u{202e}',
    '\u{2060}',
    '\u{2066}',
    '\u{2069}',
    '\u{3164}',
    '\u{feff}',
    '\u{fff9}',
    '\u{e0001}',
    '\u{e0041}',
    '\u{e007f}',
    '\u{e0100}',
];

#[test]
fn ordinary_text_of_many_languages_stays_as_it_is() {
    for text in ["Blåbærsyltetøy 1 250,00 kr", "Žluťoučký kůň", "日本語の顧客", "עברית", "Net 30 days → 14", "✓ ● ○ · “quoted”"]
    {
        assert!(matches!(escape(text, Lines::Escaped), Cow::Borrowed(same) if same == text));
    }
}

#[test]
fn each_dangerous_character_is_written_out() {
    for c in DANGEROUS {
        let expected = format!("a\\u{{{:x}}}b", u32::from(c));
        assert_eq!(escape(&format!("a{c}b"), Lines::Escaped), expected);
        assert_eq!(escape(&format!("a{c}b"), Lines::Kept), expected);
    }
}

#[test]
fn line_breaks_stay_in_running_text_and_are_written_out_in_a_value() {
    assert_eq!(escape("one\n\ttwo", Lines::Kept), "one\n\ttwo");
    assert_eq!(escape("one\n\ttwo", Lines::Escaped), "one\\u{a}\\u{9}two");
}

#[test]
fn json_with_line_breaks_becomes_one_line_of_the_same_value() {
    let pretty = "{\n  \"name\": \"a\\n\u{202e}b\u{e0041}\",\r\n\t\"n\": 1.50\n}";
    let line = one_line_json(pretty);
    assert!(!line.contains('\n') && line.is_ascii());
    assert!(line.contains("1.50"));
    let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
    assert_eq!(value(&line), value(pretty));
}

proptest! {
    #[test]
    fn nothing_dangerous_is_left(text in dangerous_text()) {
        let value = escape(&text, Lines::Escaped);
        prop_assert!(!value.chars().any(|c| c.is_control() || DANGEROUS.contains(&c)));
        let running = escape(&text, Lines::Kept);
        prop_assert!(!running.chars().any(|c| (c.is_control() && c != '\n' && c != '\t') || DANGEROUS.contains(&c)));
    }

    #[test]
    fn what_is_seen_stays(text in dangerous_text()) {
        let seen: String = text.chars().filter(|c| c.is_ascii_alphanumeric() || ('\u{c0}'..='\u{17f}').contains(c)).collect();
        let shown = escape(&text, Lines::Escaped);
        let mut rest = shown.chars();
        prop_assert!(seen.chars().all(|c| rest.any(|other| other == c)));
    }

    #[test]
    fn json_keeps_its_value(text in dangerous_text()) {
        let json = serde_json::to_string(&text).unwrap();
        let line = one_line_json(&json);
        prop_assert!(!line.chars().any(|c| c.is_control() || DANGEROUS.contains(&c)));
        prop_assert_eq!(serde_json::from_str::<String>(&line).unwrap(), text);
    }
}

fn dangerous_text() -> impl Strategy<Value = String> {
    let one = prop_oneof![any::<char>(), proptest::sample::select(DANGEROUS.to_vec()), proptest::char::range('\u{0}', '\u{9f}')];
    proptest::collection::vec(one, 0..60).prop_map(|characters| characters.into_iter().collect())
}
