//! Stream properties: bytes beside a record, read and written by themselves (docs/business-central.md, section 10).

use rusqlite::{OptionalExtension, params};

use crate::data::facts::EntitySet;
use crate::data::row::Row;
use crate::data::session::Session;
use crate::error::{Answer, ApiError};
use crate::more::pdf;

/// The content of a stream.
pub(crate) struct Content {
    pub kind: String,
    pub bytes: Vec<u8>,
}

/// Reads a stream; `None` when it has never been written or is empty.
pub(crate) fn read(session: &Session, set: &EntitySet, row: &Row, property: &str, language: Option<&str>) -> Answer<Option<Content>> {
    match (set.name.as_str(), property) {
        ("pdfDocument", _) => return pdf::print(session, row, language).map(|bytes| Some(Content { kind: "application/pdf".to_owned(), bytes })),
        ("jobQueueLogEntries", "errorCallStack") => return Ok(call_stack(row)),
        ("workflowResponseOptions", _) => return Ok(None),
        _ => {}
    }
    let sql = "SELECT content_type, bytes FROM _streams WHERE company = ? AND owner = ? AND property = ? AND length(bytes) > 0";
    let found = session
        .connection
        .prepare_cached(sql)?
        .query_row(params![session.company.get(), row.id(), property], |row| Ok(Content { kind: row.get(0)?, bytes: row.get(1)? }))
        .optional()?;
    Ok(found)
}

fn call_stack(row: &Row) -> Option<Content> {
    let message = row.text("errorMessage");
    if message.is_empty() {
        return None;
    }
    let text = format!("{} line 12\n{message}\n", row.text("description"));
    Some(Content { kind: "text/plain; charset=utf-8".to_owned(), bytes: text.into_bytes() })
}

/// Writes a stream and gives its record a new version.
pub(crate) fn write(session: &Session, set: &EntitySet, mut row: Row, property: &str, kind: Option<&str>, bytes: &[u8]) -> Answer<()> {
    let picture = set.name == "pictures" || property == "picture";
    let image = image(bytes);
    if picture && image.is_none() && !bytes.is_empty() {
        return Err(ApiError::rule("The picture cannot be read: send a PNG, JPEG, GIF or BMP image."));
    }
    let (found, width, height) = image.unwrap_or(("application/octet-stream", 0, 0));
    let kind = match kind.map(|kind| kind.split(';').next().unwrap_or_default().trim()) {
        _ if picture => found,
        Some(kind) if !kind.is_empty() && kind != "application/octet-stream" => kind,
        _ => found,
    };
    let version = session.next_version();
    session
        .connection
        .prepare_cached(
            "INSERT INTO _streams (company, owner, property, _rv, content_type, width, height, bytes) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) \
             ON CONFLICT (company, owner, property) DO UPDATE SET _rv = ?4, content_type = ?5, width = ?6, height = ?7, bytes = ?8",
        )?
        .execute(params![session.company.get(), row.id(), property, version, kind, width, height, bytes])?;
    if set.name == "pictures" {
        return Ok(()); // its version is the stream's
    }
    row.put("byteSize", i64::try_from(bytes.len()).unwrap_or(i64::MAX));
    session.save(&mut row)
}

/// Empties a picture.
pub(crate) fn clear(session: &Session, owner: &str, property: &str) -> Answer<()> {
    let sql = "UPDATE _streams SET _rv = ?, content_type = '', width = 0, height = 0, bytes = x'' WHERE company = ? AND owner = ? AND property = ?";
    session.connection.prepare_cached(sql)?.execute(params![session.next_version(), session.company.get(), owner, property])?;
    Ok(())
}

/// Media type, width and height of an image, from its first bytes.
pub(crate) fn image(bytes: &[u8]) -> Option<(&'static str, u32, u32)> {
    let big = |at: usize| bytes.get(at..at + 4).and_then(|part| part.try_into().ok()).map(u32::from_be_bytes);
    let little16 = |at: usize| bytes.get(at..at + 2).and_then(|part| part.try_into().ok()).map(u16::from_le_bytes).map(u32::from);
    let little32 = |at: usize| bytes.get(at..at + 4).and_then(|part| part.try_into().ok()).map(u32::from_le_bytes);
    if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        return Some(("image/png", big(16)?, big(20)?));
    }
    if bytes.starts_with(b"GIF8") {
        return Some(("image/gif", little16(6)?, little16(8)?));
    }
    if bytes.starts_with(b"BM") {
        return Some(("image/bmp", little32(18)?, little32(22)?));
    }
    if bytes.starts_with(&[0xff, 0xd8]) { jpeg(bytes) } else { None }
}

/// A JPEG's size stands in its start-of-frame segment (ITU-T T.81, B.2.2).
fn jpeg(bytes: &[u8]) -> Option<(&'static str, u32, u32)> {
    let mut at = 2;
    loop {
        let marker = *bytes.get(at + 1)?;
        let length = usize::from(u16::from_be_bytes(bytes.get(at + 2..at + 4)?.try_into().ok()?));
        if *bytes.get(at)? != 0xff || length < 2 {
            return None;
        }
        if (0xc0..=0xcf).contains(&marker) && ![0xc4, 0xc8, 0xcc].contains(&marker) {
            let number = |from: usize| bytes.get(from..from + 2).and_then(|part| part.try_into().ok()).map(u16::from_be_bytes).map(u32::from);
            return Some(("image/jpeg", number(at + 7)?, number(at + 5)?));
        }
        at += 2 + length;
    }
}
