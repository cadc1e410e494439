#![allow(clippy::unwrap_used)]
use super::*;
use crate::Definitions;

fn language(text: &str) -> Language {
    Language::parse(text).unwrap()
}

#[test]
fn a_system_may_name_its_language_in_many_ways() {
    for (text, tag) in [("da_DK.UTF-8", "da-DK"), ("de", "de"), ("DE-at", "de-AT"), ("zh-Hans-CN", "zh-CN"), ("ca_ES@valencia", "ca-ES"), ("nb_NO", "nb-NO")] {
        assert_eq!(language(text).tag(), tag);
    }
    for nothing in ["", "C", "POSIX", "C.UTF-8", "1030", "d", "../x", "de\r\nX: y"] {
        assert!(Language::parse(nothing).is_none_or(|found| found.tag() == "de"), "{nothing:?}");
    }
    assert_eq!(language("da_DK").accepted(), "da-DK, da;q=0.9, en;q=0.5");
    assert_eq!(language("de").accepted(), "de, en;q=0.5");
    assert_eq!(language("en-GB").accepted(), "en-GB, en;q=0.9");
}

/// The caption that a person of this language gets from captions in these.
fn chosen(language: Option<&str>, codes: &[&str]) -> String {
    let captions: Vec<String> = codes.iter().map(|code| format!(r#"{{"languageCode":{code},"caption":"{}"}}"#, code.trim_matches('"'))).collect();
    let text = format!(r#"{{"value":[{{"entityName":"customer","entityCaptions":[{}]}}]}}"#, captions.join(","));
    let language = language.map(self::language);
    Definitions::read(&text, language.as_ref()).of("customer").entity().unwrap_or_default().to_owned()
}

#[test]
fn the_persons_language_then_its_family_then_english_then_the_first() {
    let all = ["1030", "1033", "2055", "1031", "2057", "1044"];
    for (person, code) in
        [("da-DK", "1030"), ("de-CH", "2055"), ("de-DE", "1031"), ("de-AT", "1031"), ("de", "1031"), ("nb-NO", "1044"), ("nn-NO", "1044"), ("no", "1044")]
    {
        assert_eq!(chosen(Some(person), &all), code, "{person}");
    }
    assert_eq!(chosen(Some("fr-FR"), &all), "1033", "English, where the language is not offered");
    assert_eq!(chosen(Some("en-GB"), &all), "2057");
    assert_eq!(chosen(None, &all), "1033", "English, where the language is not known");
    assert_eq!(chosen(Some("fr-FR"), &["1030", "1031"]), "1030", "the first, where there is no English");
    assert_eq!(chosen(Some("de-DE"), &["\"en-US\"", "\"de-DE\"", "\"da\""]), "de-DE", "tags do as well");
}
