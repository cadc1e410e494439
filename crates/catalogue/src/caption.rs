//! Business captions: `paymentTermsId` is "Payment terms" to a person.

use std::collections::HashMap;

use serde::Deserialize;

/// Captions by language; only names whose caption is not what their words say are listed.
#[derive(Deserialize)]
pub(crate) struct Captions {
    en: HashMap<String, String>,
}

impl Captions {
    /// The caption of a property or set.
    pub(crate) fn of(&self, name: &str) -> String {
        self.en.get(name).cloned().unwrap_or_else(|| derive(name))
    }
}

/// Splits the name at its capitals, drops a trailing "Id" and writes it as a sentence would.
pub(crate) fn derive(name: &str) -> String {
    let mut words = split(name);
    if words.len() > 1 && words.last().is_some_and(|w| w == "Id") {
        words.pop();
    }
    let mut caption = String::new();
    for (i, word) in words.iter().enumerate() {
        let acronym = word.len() > 1 && word.chars().all(|c| c.is_ascii_uppercase());
        if i > 0 {
            caption.push(' ');
        }
        match (i, acronym) {
            (_, true) => caption.push_str(word),
            (0, false) => {
                let mut chars = word.chars();
                caption.extend(chars.next().map(|c| c.to_ascii_uppercase()));
                caption.push_str(chars.as_str());
            }
            (_, false) => caption.push_str(&word.to_ascii_lowercase()),
        }
    }
    caption
}

/// `lastModifiedDateTime` -> last, Modified, Date, Time; `amountLCY` -> amount, LCY.
pub(crate) fn split(name: &str) -> Vec<String> {
    let chars: Vec<char> = name.chars().collect();
    let mut words: Vec<String> = Vec::new();
    for (i, &c) in chars.iter().enumerate() {
        let before = i.checked_sub(1).and_then(|b| chars.get(b)).copied();
        let after = chars.get(i + 1).copied();
        let starts = match before {
            None => true,
            Some('_') => true,
            Some(b) => {
                (c.is_ascii_uppercase() && (!b.is_ascii_uppercase() || after.is_some_and(|a| a.is_ascii_lowercase())))
                    || (c.is_ascii_digit() && !b.is_ascii_digit())
                    || (!c.is_ascii_digit() && b.is_ascii_digit())
            }
        };
        if c == '_' {
            continue;
        }
        match words.last_mut() {
            Some(word) if !starts => word.push(c),
            _ => words.push(c.to_string()),
        }
    }
    words
}

#[cfg(test)]
#[path = "caption_tests.rs"]
mod tests;
