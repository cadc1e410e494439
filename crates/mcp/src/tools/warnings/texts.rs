//! Characters in a text that a person can't see, or that look like others.

use bca_catalogue::{Catalogue, Entity};
use bca_protocol::{FieldChange, Json, Note};

use super::{Seen, warning};

/// Warns of texts that a person is shown beside what is set: what stands there now, names behind ids, and the title.
pub(super) fn hidden_in_shown(title: &str, fields: &[FieldChange], told: &[Note]) -> Vec<Note> {
    let mut notes: Vec<Note> = Vec::new();
    for field in fields {
        for text in [&field.before, &field.before_label, &field.after_label].into_iter().flatten() {
            notes.extend(said_of(&field.caption, text));
        }
    }
    if told.is_empty() && notes.is_empty() {
        notes.extend(said_of("Title", title));
    }
    notes.dedup();
    notes
}

/// Warns of every text that is set and holds characters that hide something.
pub(super) fn hidden(seen: &Seen<'_>) -> Vec<Note> {
    let mut notes = Vec::new();
    if let Some(data) = seen.data {
        walk(Some(seen.entity), data, &mut notes);
    }
    notes
}

fn walk(entity: Option<&Entity>, data: &Json, notes: &mut Vec<Note>) {
    for (name, value) in data.members().unwrap_or_default() {
        let child = entity.and_then(|e| e.navigation(name)).and_then(|n| Catalogue::get().find(&n.target_set));
        match value {
            Json::String(text) => {
                let caption = entity.and_then(|e| e.property(name)).map_or(name.as_str(), |p| p.caption.as_str());
                notes.extend(said_of(caption, text));
            }
            Json::Array(items) => items.iter().for_each(|item| walk(child, item, notes)),
            Json::Object(_) => walk(child, value, notes),
            Json::Null | Json::Bool(_) | Json::Number(_) => {}
        }
    }
}

fn said_of(caption: &str, text: &str) -> Vec<Note> {
    let mut found: Vec<String> = text.chars().filter(|c| is_hidden(*c)).map(|c| format!("U+{:04X}", u32::from(c))).collect();
    found.sort();
    found.dedup();
    let mut notes = Vec::new();
    if !found.is_empty() {
        notes.push(warning(format!("{caption}: there are characters in it that can't be seen ({}).", found.join(", "))));
    }
    if let Some(word) = text.split(|c: char| !c.is_alphanumeric()).find(|word| mixes_alphabets(word)) {
        notes.push(warning(format!("{caption}: \"{word}\" mixes letters of several alphabets that look alike.")));
    }
    notes
}

/// Control characters, line and paragraph separators, bidirectional controls, zero-width characters, fillers, variation selectors
/// and tags (Unicode 16, general categories Cc, Cf, Zl, Zp and the default-ignorable code points), and the Braille pattern without dots.
fn is_hidden(c: char) -> bool {
    c.is_control() && !matches!(c, '\n' | '\r' | '\t')
        || matches!(u32::from(c),
            0x00AD | 0x034F | 0x0600..=0x0605 | 0x061C | 0x06DD | 0x070F | 0x0890 | 0x0891 | 0x08E2 | 0x115F | 0x1160 | 0x17B4 | 0x17B5 | 0x180B..=0x180F | 0x200B..=0x200F
            | 0x2028..=0x202E | 0x2060..=0x206F | 0x2800 | 0x3164 | 0xFE00..=0xFE0F | 0xFEFF | 0xFFA0 | 0xFFF0..=0xFFFB | 0x110BD | 0x110CD | 0x13430..=0x1343F | 0x1BCA0..=0x1BCA3 | 0x1D173..=0x1D17A
            | 0xE0000..=0xE0FFF)
}

#[derive(PartialEq, Eq, Clone, Copy)]
enum Alphabet {
    Latin,
    Greek,
    Cyrillic,
    Other,
}

fn alphabet(c: char) -> Alphabet {
    match u32::from(c) {
        0x41..=0x5A | 0x61..=0x7A | 0xC0..=0x24F | 0x1E00..=0x1EFF => Alphabet::Latin,
        0x370..=0x3FF | 0x1F00..=0x1FFF => Alphabet::Greek,
        0x400..=0x52F => Alphabet::Cyrillic,
        _ => Alphabet::Other,
    }
}

/// Latin, Greek and Cyrillic in one word: no language writes so, and many of their letters look the same.
fn mixes_alphabets(word: &str) -> bool {
    let mut seen = word.chars().filter(|c| c.is_alphabetic()).map(alphabet).filter(|a| *a != Alphabet::Other);
    let Some(first) = seen.next() else { return false };
    seen.any(|other| other != first)
}

#[cfg(test)]
#[path = "texts_tests.rs"]
mod tests;
