//! What came of trying a set out, before anybody answers.

use bca_protocol::{ChangePreview, DryRun, TriedOutcome};

use super::{approval::line_of, words::value};
use crate::paint::{Paint, Style};

/// What Business Central made of one write, and the values that it would fill in.
pub(super) fn of_change(dry_run: Option<&DryRun>, change: &ChangePreview, paint: Paint) -> Vec<String> {
    let warning = |text: String| vec![format!("  {}", paint.text(Style::Warning, &text))];
    match dry_run.and_then(|dry_run| dry_run.of(change.change_id)) {
        None => Vec::new(),
        Some(TriedOutcome::NotKnown { why }) => warning(format!("! Tried out, and nothing can be said: {}", value(why))),
        Some(TriedOutcome::WouldFail { message, .. }) => warning(format!("! Business Central would refuse it: {}", value(message))),
        Some(TriedOutcome::WouldWork { fills }) => {
            let mut lines = vec![paint.text(Style::Dim, "  ✓ Tried out: Business Central would take it.")];
            lines.extend(fills.iter().map(|fill| {
                let shown = |text: &str| if text.is_empty() { "(empty)".to_owned() } else { value(text) };
                let before = fill.before.as_deref().map(|before| format!("{} → ", shown(before))).unwrap_or_default();
                let caption = format!("{}{}", line_of(&fill.name), value(&fill.caption));
                paint.text(Style::Dim, &format!("    fills in  {caption}  {before}{}", shown(fill.after.as_deref().unwrap_or_default())))
            }));
            lines
        }
    }
}

/// Why nothing can be said of the whole set; nothing where it was tried out, or where that is off.
pub(super) fn of_set(dry_run: Option<&DryRun>, paint: Paint) -> Option<String> {
    match dry_run? {
        DryRun::Tried { .. } => None,
        DryRun::NotTried { why } => Some(paint.text(Style::Dim, &format!("i Not tried out: {}", value(why)))),
        DryRun::NotKnown { why } => Some(paint.text(Style::Warning, &format!("! Tried out, and nothing can be said: {}", value(why)))),
    }
}
