//! The language of a person: for captions, and for what Business Central says (docs/business-central.md, sections 1 and 9).

use std::fmt;

/// A language as a person's system names it: `da-DK`, `de`, `nb-NO`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Language {
    family: String,
    region: Option<String>,
}

/// How well a caption's language fits a person's; the smaller, the better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fit {
    Exact,
    /// The same language as another country has it: of several, the one of the smaller Windows id, which is that of the mother country.
    Family(u32),
    English(u32),
    Other,
}

impl Language {
    /// Reads a tag (BCP 47) or a POSIX locale (`de_CH.UTF-8`). Nothing for what names no language: empty, `C`, `POSIX`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bare = text.trim().split(['.', '@']).next().unwrap_or_default();
        let mut parts = bare.split(['-', '_']);
        let family = parts.next().filter(|p| matches!(p.len(), 2 | 3) && p.chars().all(|c| c.is_ascii_alphabetic()))?.to_ascii_lowercase();
        // A script (`zh-Hans-CN`) may stand between the two.
        let region = parts.find(|p| p.len() == 2 && p.chars().all(|c| c.is_ascii_alphabetic())).map(str::to_ascii_uppercase);
        Some(Self { family, region })
    }

    /// The tag (BCP 47): `da-DK`.
    #[must_use]
    pub fn tag(&self) -> String {
        self.to_string()
    }

    /// The value of `Accept-Language` (RFC 9110, section 12.5.4): this language, its family, English.
    #[must_use]
    pub fn accepted(&self) -> String {
        let mut all = vec![self.tag()];
        if self.region.is_some() {
            all.push(format!("{};q=0.9", self.family));
        }
        if !self.is_english() {
            all.push("en;q=0.5".to_owned());
        }
        all.join(", ")
    }

    /// Whether it is English, in which our own captions are.
    #[must_use]
    pub fn is_english(&self) -> bool {
        self.family == "en"
    }

    /// How well a language code of a caption fits: a Windows language id as a number, or a tag.
    pub(crate) fn fit(&self, code: &str) -> Fit {
        let Ok(id) = code.trim().parse::<u32>() else { return self.fit_of_tag(code) };
        let family = family_of(id);
        if family.is_some_and(|family| family == macro_family(&self.family)) {
            let exact = REGIONS.iter().any(|&(known, tag)| known == id && self.region.is_some() && tag == self.to_string());
            return if exact { Fit::Exact } else { Fit::Family(id) };
        }
        if family == Some("en") { Fit::English(id) } else { Fit::Other }
    }

    fn fit_of_tag(&self, code: &str) -> Fit {
        match Self::parse(code) {
            Some(other) if other == *self => Fit::Exact,
            Some(other) if macro_family(&other.family) == macro_family(&self.family) => Fit::Family(0),
            Some(other) if other.is_english() => Fit::English(0),
            Some(_) | None => Fit::Other,
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.region {
            Some(region) => write!(f, "{}-{region}", self.family),
            None => f.write_str(&self.family),
        }
    }
}

/// Bokmål and Nynorsk share a family, as they share their primary id.
fn macro_family(family: &str) -> &str {
    match family {
        "nb" | "nn" => "no",
        other => other,
    }
}

/// The family of a Windows language id: its low ten bits ([MS-LCID], section 2.1).
fn family_of(id: u32) -> Option<&'static str> {
    let primary = id & 0x3ff;
    FAMILIES.iter().find(|(known, _)| *known == primary).map(|(_, family)| *family)
}

/// Primary language ids of Windows ([MS-LCID], section 2.2).
const FAMILIES: [(u32, &str); 40] = [
    (0x01, "ar"),
    (0x02, "bg"),
    (0x03, "ca"),
    (0x04, "zh"),
    (0x05, "cs"),
    (0x06, "da"),
    (0x07, "de"),
    (0x08, "el"),
    (0x09, "en"),
    (0x0a, "es"),
    (0x0b, "fi"),
    (0x0c, "fr"),
    (0x0d, "he"),
    (0x0e, "hu"),
    (0x0f, "is"),
    (0x10, "it"),
    (0x11, "ja"),
    (0x12, "ko"),
    (0x13, "nl"),
    (0x14, "no"),
    (0x15, "pl"),
    (0x16, "pt"),
    (0x18, "ro"),
    (0x19, "ru"),
    (0x1a, "hr"),
    (0x1b, "sk"),
    (0x1c, "sq"),
    (0x1d, "sv"),
    (0x1e, "th"),
    (0x1f, "tr"),
    (0x21, "id"),
    (0x22, "uk"),
    (0x24, "sl"),
    (0x25, "et"),
    (0x26, "lv"),
    (0x27, "lt"),
    (0x2a, "vi"),
    (0x2d, "eu"),
    (0x38, "fo"),
    (0x3e, "ms"),
];

/// Windows language ids of countries that share a language, and of those that have one each ([MS-LCID], section 2.2).
const REGIONS: [(u32, &str); 47] = [
    (1033, "en-US"),
    (2057, "en-GB"),
    (3081, "en-AU"),
    (4105, "en-CA"),
    (5129, "en-NZ"),
    (6153, "en-IE"),
    (7177, "en-ZA"),
    (13_321, "en-PH"),
    (16_393, "en-IN"),
    (1031, "de-DE"),
    (2055, "de-CH"),
    (3079, "de-AT"),
    (4103, "de-LU"),
    (5127, "de-LI"),
    (1036, "fr-FR"),
    (2060, "fr-BE"),
    (3084, "fr-CA"),
    (4108, "fr-CH"),
    (5132, "fr-LU"),
    (1034, "es-ES"),
    (3082, "es-ES"),
    (2058, "es-MX"),
    (9226, "es-CO"),
    (10_250, "es-PE"),
    (1040, "it-IT"),
    (2064, "it-CH"),
    (1043, "nl-NL"),
    (2067, "nl-BE"),
    (1044, "nb-NO"),
    (2068, "nn-NO"),
    (1053, "sv-SE"),
    (2077, "sv-FI"),
    (1030, "da-DK"),
    (1035, "fi-FI"),
    (1039, "is-IS"),
    (1029, "cs-CZ"),
    (1045, "pl-PL"),
    (2070, "pt-PT"),
    (1046, "pt-BR"),
    (1049, "ru-RU"),
    (1055, "tr-TR"),
    (2052, "zh-CN"),
    (1028, "zh-TW"),
    (1041, "ja-JP"),
    (1042, "ko-KR"),
    (1038, "hu-HU"),
    (1061, "et-EE"),
];

#[cfg(test)]
#[path = "language_tests.rs"]
mod tests;
