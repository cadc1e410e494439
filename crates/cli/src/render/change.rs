//! A write with everything that is known of it.

use bca_protocol::{ChangeState, ChangeView, RawJson, Undoable};

use super::{
    approval::change_lines,
    words::{change_state, connection, moment, value},
};
use crate::{
    console::Loudness,
    paint::{Paint, Style},
};

/// `✓ Create customer Harbor Lights Ltd: confirmed. Can be undone.`
#[must_use]
pub fn outcome(title: &str, state: ChangeState, undo: Undo, paint: Paint) -> String {
    let (word, style) = change_state(state);
    let sign = match state {
        ChangeState::Confirmed => "✓",
        ChangeState::Failed => "✗",
        ChangeState::Unknown => "?",
        ChangeState::Planned | ChangeState::Approved | ChangeState::Sending | ChangeState::NotSent => "·",
    };
    let more = match (state, undo) {
        (ChangeState::Confirmed, Undo::Possible) => " Can be undone.",
        (ChangeState::Confirmed, Undo::Impossible) => " Cannot be undone.",
        (ChangeState::Failed | ChangeState::NotSent, _) => " Nothing was changed.",
        (ChangeState::Unknown, _) => " It is not known whether it was made: look in Business Central before proposing it again.",
        (ChangeState::Planned | ChangeState::Approved | ChangeState::Sending, _) => "",
    };
    format!("{} {}: {word}.{more}", paint.text(style, sign), value(title))
}

/// Whether an inverse write exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undo {
    /// It does.
    Possible,
    /// It doesn't.
    Impossible,
}

impl From<&Undoable> for Undo {
    fn from(undoable: &Undoable) -> Self {
        match undoable {
            Undoable::Yes { .. } => Self::Possible,
            Undoable::No { .. } => Self::Impossible,
        }
    }
}

/// Everything about one write.
#[must_use]
pub fn page(change: &ChangeView, paint: Paint, loudness: Loudness) -> String {
    let preview = &change.preview;
    let mut lines = vec![
        outcome(&preview.title, change.state, Undo::from(&preview.undo), paint),
        format!("  {} · as {}", connection(&change.connection, paint), value(&change.connection.account)),
    ];
    lines.extend(change.message.as_ref().map(|message| format!("  {}", value(message))));
    lines.extend(preview.undoes.map(|change| format!("  Takes back change {change}.")));
    lines.extend(change.undone_by.map(|by| format!("  Taken back by change {by}.")));
    lines.extend(change.correlation_id.as_ref().map(|id| format!("  Reference in Business Central's log: {}.", value(id))));
    lines.push(String::new());
    lines.extend(change_lines(preview, paint, loudness));
    lines.push(String::new());
    lines.push(format!("  Proposed   {}", moment(change.created_at)));
    lines.extend(change.sent_at.map(|at| format!("  Sent       {}", moment(at))));
    lines.extend(change.settled_at.map(|at| format!("  Settled    {}", moment(at))));
    lines.push(paint.text(Style::Dim, &format!("  change {} · conversation {} · set {}", preview.change_id, change.session_id, change.change_set_id)));
    if loudness == Loudness::Verbose {
        let record = |name: &str, json: &Option<RawJson>| json.as_ref().map(|json| format!("  {name}   {}", value(json.as_str())));
        lines.extend(record("Before", &change.before));
        lines.extend(record("After ", &change.after));
    }
    lines.join("\n")
}
