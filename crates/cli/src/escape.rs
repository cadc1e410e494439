//! Makes text of strangers harmless on a terminal and honest to the eye: what could move the cursor, turn the reading order
//! round or hide is shown as `\u{..}`.

use std::borrow::Cow;

/// What happens to line breaks and tabs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lines {
    /// They stay: running text.
    Kept,
    /// They are shown as escapes too: one value on one line.
    Escaped,
}

/// The text with every control, format, bidi, zero-width, tag and filler character shown as `\u{..}`.
///
/// ```text
/// "Fjord\u{202e}SA"  ->  Fjord\u{202e}SA, written out
/// ```
#[must_use]
pub fn escape(text: &str, lines: Lines) -> Cow<'_, str> {
    let is_shown = |c: char| match lines {
        // U+FE0F only asks for the coloured form of the symbol before it: models write it all the time, and it can't hide words.
        Lines::Kept => matches!(c, '\n' | '\t' | '\u{fe0f}') || !is_hidden(c),
        Lines::Escaped => !is_hidden(c),
    };
    if text.chars().all(is_shown) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_shown(c) {
            shown.push(c);
        } else {
            shown.push_str(&format!("\\u{{{:x}}}", u32::from(c)));
        }
    }
    Cow::Owned(shown)
}

/// One JSON text on one line, the same value, without any character that [`escape`] would show as an escape.
#[must_use]
pub fn one_line_json(json: &str) -> String {
    let mut line = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            // Between tokens: within a string a control character of ASCII can't stand bare (RFC 8259 section 7).
            '\n' | '\r' | '\t' => line.push(' '),
            c if is_hidden(c) => {
                let mut units = [0; 2];
                for unit in c.encode_utf16(&mut units) {
                    line.push_str(&format!("\\u{unit:04x}"));
                }
            }
            c => line.push(c),
        }
    }
    line
}

/// Characters that act on a terminal, on the reading order, or that nobody sees (Unicode categories Cc, Cf, Zl, Zp, the
/// default-ignorable fillers and the variation selectors).
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}' | '\u{890}'..='\u{891}' | '\u{8e2}'
            | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
            | '\u{110bd}' | '\u{110cd}' | '\u{13430}'..='\u{1343f}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
#[path = "escape_tests.rs"]
mod tests;
