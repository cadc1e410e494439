use super::*;

#[test]
fn characters_that_hide_something_are_named() {
    for (text, named) in [
        ("Fjord\u{202e}SA", "U+202E"),
        ("Fjord\u{200b}lys", "U+200B"),
        ("x\u{7}", "U+0007"),
        ("x\u{e0041}", "U+E0041"),
        ("x\u{2066}y\u{2069}", "U+2066, U+2069"),
        ("\u{feff}x", "U+FEFF"),
        ("a\u{ad}b", "U+00AD"),
        ("a\u{2800}b", "U+2800"),
        ("a\u{13430}b", "U+13430"),
    ] {
        let notes = said_of("Name", text);
        assert!(notes.len() == 1 && notes[0].text.contains(named), "{text:?}: {notes:?}");
    }
}

#[test]
fn lookalikes_of_another_alphabet_are_named_and_plain_words_are_not() {
    for text in ["M\u{456}crosoft", "\u{410}BC", "al\u{3b1}"] {
        assert_eq!(said_of("Name", text).len(), 1, "{text}");
    }
    for text in ["Ærlig & Sønn \"AS\"", "Москва Trading", "Αθήνα", "東京 KK", "14 DAYS", "naïve café", "line one\nline two"] {
        assert!(said_of("Name", text).is_empty(), "{text}");
    }
}
