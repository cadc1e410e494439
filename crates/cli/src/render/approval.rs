//! A question to a person: exactly what will happen, readable in five seconds, nothing hidden.

use bca_protocol::{ApprovalRequest, ChangePreview, FieldChange, FieldKind, NoteKind, Priority, Undoable, WriteOperation};
use unicode_width::UnicodeWidthStr;

use super::{
    dry_run,
    table::{Side, pad},
    words::{connection, value},
};
use crate::{
    console::Loudness,
    paint::{Paint, Style},
};

/// Whether a question still waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// For an answer.
    Waits,
    /// It was answered, or time ran out.
    Past,
}

/// A value wider than this does not push the others aside.
const ALIGNED_WIDTH: usize = 64;

/// The whole question without its countdown. `standing` says what is to be said of its writes.
#[must_use]
pub fn question(request: &ApprovalRequest, standing: Standing, paint: Paint, loudness: Loudness) -> String {
    let priority = match request.priority {
        Priority::Low => "low priority",
        Priority::Medium => "medium priority",
        Priority::High => "HIGH PRIORITY",
    };
    let writes = match (request.changes.len(), standing) {
        (1, Standing::Waits) => "1 change waits for your approval".to_owned(),
        (several, Standing::Waits) => format!("{several} changes wait for your approval, all or none"),
        (1, Standing::Past) => "1 change".to_owned(),
        (several, Standing::Past) => format!("{several} changes, decided together"),
    };
    let edited = if request.revision > 0 { " · edited" } else { "" };
    let style = if request.priority == Priority::High { Style::Bad } else { Style::Bold };
    let mut lines = vec![
        paint.text(style, &format!("── {writes} · {priority}{edited}")),
        format!("   {} · as {}", connection(&request.connection, paint), value(&request.connection.account)),
    ];
    // The model's words, so they are marked as such and never stand for what the engine says of the writes.
    lines.extend(request.title.as_ref().map(|title| format!("   the agent's title: {}", value(title))));
    let all = request.changes.len() + request.left_out.len();
    for (i, change) in request.changes.iter().enumerate() {
        lines.push(String::new());
        let number = if all > 1 { format!("{} of {all}  ", i + 1) } else { String::new() };
        lines.push(format!("   {number}{}", paint.text(Style::Bold, &value(&change.title))));
        lines.extend(change_lines(change, paint, loudness).into_iter().map(|line| format!("   {line}")));
        lines.extend(dry_run::of_change(request.dry_run.as_ref(), change, paint).into_iter().map(|line| format!("   {line}")));
    }
    for (i, change) in request.left_out.iter().enumerate() {
        let number = request.changes.len() + i + 1;
        lines.push(String::new());
        lines.push(paint.text(Style::Dim, &format!("   {number} of {all}  taken out, not sent: {}", value(&change.title))));
    }
    lines.extend(dry_run::of_set(request.dry_run.as_ref(), paint).map(|line| format!("\n   {line}")));
    lines.push(String::new());
    lines.push(paint.text(Style::Dim, &format!("   approval {} · digest {}", request.approval_id, request.digest.short())));
    lines.join("\n")
}

/// One write: its fields, remarks, undo, and the request itself.
#[must_use]
pub fn change_lines(change: &ChangePreview, paint: Paint, loudness: Loudness) -> Vec<String> {
    let mut lines = field_lines(change, paint, loudness);
    for conflict in &change.conflicts {
        let quoted = |text: &Option<String>| text.as_ref().map_or_else(empty, |text| value(text));
        let (expected, now) = (quoted(&conflict.expected), quoted(&conflict.now));
        let text = format!("! {} was changed by somebody since: it was left as {expected} and stands at {now} now.", value(&conflict.caption));
        lines.push(format!("  {}", paint.text(Style::Warning, &text)));
    }
    for note in &change.notes {
        let (sign, style) = match note.kind {
            NoteKind::Info => ("i", Style::Dim),
            NoteKind::Warning => ("!", Style::Warning),
        };
        lines.push(format!("  {}", paint.text(style, &format!("{sign} {}", value(&note.text)))));
    }
    lines.push(match &change.undo {
        Undoable::Yes { how } => format!("  ↶ Can be undone: {}", value(how)),
        Undoable::No { why } => format!("  {}", paint.text(Style::Warning, &format!("! Cannot be undone: {}", value(why)))),
    });
    let condition = change.if_match.as_ref().map(|etag| format!("  If-Match {}", value(etag))).unwrap_or_default();
    let request = format!("  {} {}{condition}  digest {}", value(&change.method), value(&change.path), change.digest.short());
    lines.push(paint.text(Style::Dim, &request));
    if let (Loudness::Verbose, Some(body)) = (loudness, &change.body) {
        lines.push(paint.text(Style::Dim, &format!("  {}", value(body))));
    }
    lines
}

/// Captions, values before and values after, each in its column.
fn field_lines(change: &ChangePreview, paint: Paint, loudness: Loudness) -> Vec<String> {
    let rows: Vec<(String, Option<String>, String)> = change
        .fields
        .iter()
        .map(|field| {
            let name = if loudness == Loudness::Verbose { format!(" ({})", value(&field.name)) } else { String::new() };
            let (before, after) = (shown(field, &field.before, &field.before_label), shown(field, &field.after, &field.after_label));
            let caption = format!("{}{}{name}", line_of(&field.name), value(&field.caption));
            match (change.operation, before, after) {
                (WriteOperation::Create | WriteOperation::Action, None, after) => (caption, None, after.unwrap_or_else(empty)),
                (WriteOperation::Delete, before, None) => (caption, None, before.unwrap_or_else(empty)),
                // An action sets no field: what it shows is what names the document.
                (WriteOperation::Action, Some(before), Some(after)) if before == after => (caption, None, after),
                (_, before, after) => (caption, Some(before.unwrap_or_else(empty)), after.unwrap_or_else(empty)),
            }
        })
        .zip(&change.fields)
        .map(|((caption, before, after), field)| (caption, before, with_proposal(after, field)))
        .collect();
    let widest = |texts: &mut dyn Iterator<Item = &String>| texts.map(|text| text.width()).filter(|width| *width <= ALIGNED_WIDTH).max().unwrap_or(0);
    let captions = widest(&mut rows.iter().map(|row| &row.0));
    let befores = widest(&mut rows.iter().filter_map(|row| row.1.as_ref()));
    let line = |(caption, before, after): &(String, Option<String>, String)| {
        let caption = pad(caption, captions, Side::Left);
        match before {
            Some(before) => format!("  {caption}   {}   →   {}", pad(before, befores, Side::Left), paint.text(Style::Bold, after)),
            None => format!("  {caption}   {}", paint.text(Style::Bold, after)),
        }
    };
    rows.iter().map(line).collect()
}

/// A value that a person put there says what it was before their edit.
fn with_proposal(after: String, field: &FieldChange) -> String {
    match &field.proposed {
        Some(proposed) => format!("{after}   (edited; proposed: {})", if proposed.is_empty() { empty() } else { value(proposed) }),
        None => after,
    }
}

/// `Line 2 · ` for a child's property (`salesOrderLines[1].quantity`), so that equal captions can be told apart.
#[must_use]
pub fn line_of(name: &str) -> String {
    let number = name.split_once('[').and_then(|(_, rest)| rest.split_once(']')).and_then(|(index, _)| index.parse::<usize>().ok());
    number.map(|index| format!("Line {} · ", index.saturating_add(1))).unwrap_or_default()
}

/// A value with its meaning beside it; exactly what is sent is always there.
fn shown(field: &FieldChange, text: &Option<String>, label: &Option<String>) -> Option<String> {
    let text = text.as_ref()?;
    let label = label.as_deref().filter(|label| !label.trim().is_empty() && *label != text);
    Some(match (label, field.kind) {
        (None, _) if text.is_empty() => empty(),
        (None, _) => value(text),
        (Some(label), FieldKind::Reference) => format!("{} ({})", value(label), value(text)),
        (Some(label), _) if text.is_empty() => format!("{} · {}", empty(), value(label)),
        // `50 DAYS · Net 50 days` says what `50 DAYS` is; it says nothing of `5`.
        (Some(label), _) if label.strip_prefix(text.as_str()).is_some_and(|rest| rest.starts_with(" · ")) => value(label),
        (Some(label), _) => format!("{} · {}", value(text), value(label)),
    })
}

fn empty() -> String {
    "(empty)".to_owned()
}

#[cfg(test)]
#[path = "approval_tests.rs"]
mod tests;
