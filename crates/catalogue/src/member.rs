//! The two spellings of an enumeration's member (docs/business-central.md, section 3).

/// The plain spelling: `In_x0020_Review` is `In Review`.
#[must_use]
pub fn decode_member(text: &str) -> String {
    let mut units: Vec<(u16, &str)> = Vec::new();
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, from)) = rest.find("_x").and_then(|at| rest.split_at_checked(at)) {
        if !before.is_empty() {
            flush(&mut units, &mut plain);
            plain.push_str(before);
        }
        let (step, after) = from.split_at_checked(UNIT).filter(|(step, _)| reads_as_unit(step)).unwrap_or_else(|| from.split_at(2));
        match step.get(2..6).and_then(|hex| u16::from_str_radix(hex, 16).ok()) {
            Some(unit) => units.push((unit, step)),
            None => {
                flush(&mut units, &mut plain);
                plain.push_str(step);
            }
        }
        rest = after;
    }
    flush(&mut units, &mut plain);
    plain.push_str(rest);
    plain
}

/// Length of `_xHHHH_`.
const UNIT: usize = 7;

/// Two halves of a character beyond the first plane stand one after the other, so units are gathered before they become text. Half a
/// character stays as it was written.
fn flush(units: &mut Vec<(u16, &str)>, plain: &mut String) {
    let mut written = units.iter().map(|(_, written)| *written);
    for decoded in char::decode_utf16(units.iter().map(|(unit, _)| *unit)) {
        let first = written.next();
        match decoded {
            Ok(c) => {
                plain.push(c);
                if c.len_utf16() == 2 {
                    written.next();
                }
            }
            Err(_) => plain.push_str(first.unwrap_or_default()),
        }
    }
    units.clear();
}

/// The spelling on the wire: everything but letters, digits and underscore becomes `_xHHHH_`, one for each UTF-16 unit; so does an
/// underscore that would be read as the beginning of one.
#[must_use]
pub fn encode_member(plain: &str) -> String {
    let mut wire = String::new();
    for (at, c) in plain.char_indices() {
        let looks_encoded = c == '_' && plain.get(at..).is_some_and(would_read_as_unit);
        if (c.is_ascii_alphanumeric() || c == '_') && !looks_encoded {
            wire.push(c);
        } else {
            let mut units = [0_u16; 2];
            for unit in c.encode_utf16(&mut units) {
                wire.push_str(&format!("_x{unit:04X}_"));
            }
        }
    }
    wire
}

/// `_xHHHH` at the start of a plain text, and behind it an underscore or what is written with one in front.
fn would_read_as_unit(text: &str) -> bool {
    let next = text.get(6..).and_then(|rest| rest.chars().next());
    next.is_some_and(|next| !next.is_ascii_alphanumeric()) && text.get(..6).is_some_and(|start| reads_as_unit(&format!("{start}_")))
}

/// `_xHHHH_` at the start of the text.
fn reads_as_unit(text: &str) -> bool {
    let bytes = text.as_bytes();
    text.starts_with("_x") && bytes.get(6) == Some(&b'_') && bytes.get(2..6).is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit))
}

#[cfg(test)]
#[path = "member_tests.rs"]
mod tests;
