//! Single values as people read them.

use bca_protocol::{ChangeState, Connection, ConnectionKind, Decision, Reviewer, StopReason};
use jiff::{Timestamp, tz::TimeZone};

use crate::{
    escape::{Lines, escape},
    paint::{Paint, Style},
};

/// A value of a record or a model on one line, harmless.
#[must_use]
pub fn value(text: &str) -> String {
    escape(text, Lines::Escaped).into_owned()
}

/// Running text of a record or a model, harmless.
#[must_use]
pub fn running(text: &str) -> String {
    escape(text, Lines::Kept).into_owned()
}

/// A title for a list: one line, at most `width` characters.
#[must_use]
pub fn brief(text: &str, width: usize) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= width { line } else { line.chars().take(width.saturating_sub(1)).chain(['…']).collect() }
}

/// `2026-11-21 07:30` where the person is.
#[must_use]
pub fn moment(at: Timestamp) -> String {
    at.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M").to_string()
}

/// `84 ms`, `1.2 s`, `2 min 05 s`
#[must_use]
pub fn duration(ms: u64) -> String {
    match ms {
        0..1_000 => format!("{ms} ms"),
        1_000..60_000 => format!("{}.{} s", ms / 1_000, ms % 1_000 / 100),
        _ => format!("{} min {:02} s", ms / 60_000, ms % 60_000 / 1_000),
    }
}

/// `12.3 MB`
#[must_use]
pub fn size(bytes: u64) -> String {
    let tenths = |unit: u64| format!("{}.{}", bytes / unit, bytes % unit * 10 / unit);
    match bytes {
        0..1_000 => format!("{bytes} bytes"),
        1_000..1_000_000 => format!("{} kB", tenths(1_000)),
        1_000_000..1_000_000_000 => format!("{} MB", tenths(1_000_000)),
        _ => format!("{} GB", tenths(1_000_000_000)),
    }
}

/// `1 row`, `12 rows`
#[must_use]
pub fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// Seconds until then, a begun one counted whole: zero means that the time is over.
#[must_use]
pub fn seconds_left(until: Timestamp, now: Timestamp) -> i64 {
    let left = until.duration_since(now);
    left.as_secs() + i64::from(left.subsec_nanos() > 0)
}

/// `4:12`; `0:00` where the time is over.
#[must_use]
pub fn countdown(seconds: i64) -> String {
    let left = seconds.max(0);
    format!("{}:{:02}", left / 60, left % 60)
}

/// `Nordby AS · demo company`, in the colour of its kind: production must never be taken for anything else.
#[must_use]
pub fn connection(connection: &Connection, paint: Paint) -> String {
    let environment = value(&connection.environment);
    let (style, place) = match (connection.kind, environment.as_str()) {
        (ConnectionKind::Demo, _) => (Style::Demo, "demo company".to_owned()),
        (ConnectionKind::Sandbox, "") => (Style::Warning, "sandbox".to_owned()),
        (ConnectionKind::Sandbox, environment) => (Style::Warning, format!("sandbox {environment}")),
        (ConnectionKind::Production, "") => (Style::Bad, "PRODUCTION".to_owned()),
        (ConnectionKind::Production, environment) => (Style::Bad, format!("PRODUCTION {environment}")),
        (ConnectionKind::OnPremises, "") => (Style::Warning, "own server".to_owned()),
        (ConnectionKind::OnPremises, environment) => (Style::Warning, format!("own server {environment}")),
    };
    paint.text(style, &format!("{} · {place}", value(&connection.company)))
}

/// The word for a kind of connection.
#[must_use]
pub const fn kind(kind: ConnectionKind) -> &'static str {
    match kind {
        ConnectionKind::Demo => "demo",
        ConnectionKind::Sandbox => "sandbox",
        ConnectionKind::Production => "production",
        ConnectionKind::OnPremises => "on premises",
    }
}

/// Who answered, as the end of a sentence.
#[must_use]
pub const fn reviewer(by: Reviewer) -> &'static str {
    match by {
        Reviewer::Window => "in the window",
        Reviewer::Terminal => "at the terminal",
        Reviewer::CommandLine => "with `bc-agent approvals`",
        Reviewer::Notification => "from a notification",
        Reviewer::Automation => "automatically, without a person",
        Reviewer::Clock => "by the clock",
        Reviewer::Engine => "by the engine",
    }
}

/// How a question ended, as a sentence.
#[must_use]
pub fn resolution(decision: Decision, by: Reviewer, reason: Option<&str>) -> String {
    let sentence = match decision {
        Decision::Approved => return format!("Approved {}.", reviewer(by)),
        Decision::Rejected => format!("Rejected {}. Nothing was changed.", reviewer(by)),
        Decision::Expired => "Expired: nobody answered in time. Nothing was changed.".to_owned(),
        Decision::Aborted => "Withdrawn: the run was stopped. Nothing was changed.".to_owned(),
    };
    match reason {
        Some(reason) if !reason.trim().is_empty() => format!("{sentence} Reason: {}", value(reason)),
        Some(_) | None => sentence,
    }
}

/// Where a write stands, in a word or two, with the style that goes with it.
#[must_use]
pub const fn change_state(state: ChangeState) -> (&'static str, Style) {
    match state {
        ChangeState::Planned => ("waiting", Style::Warning),
        ChangeState::Approved => ("approved", Style::Warning),
        ChangeState::Sending => ("on its way", Style::Warning),
        ChangeState::Confirmed => ("confirmed", Style::Good),
        ChangeState::Failed => ("failed", Style::Bad),
        ChangeState::Unknown => ("unknown", Style::Bad),
        ChangeState::NotSent => ("not sent", Style::Dim),
    }
}

/// Why a run ended before its time, as a sentence; nothing where it came to its end.
#[must_use]
pub const fn stopped(reason: StopReason) -> Option<&'static str> {
    match reason {
        StopReason::EndTurn => None,
        StopReason::MaxTurns => Some("Stopped: the run reached its limit of turns (setting agent.max_turns). Write `go on` to continue."),
        StopReason::Cancelled => Some("Stopped."),
        StopReason::Error => Some("The run ended with an error. What was done before it is kept."),
        StopReason::Refusal => Some("The model declined to answer."),
        StopReason::MaxTokens => Some("The answer was cut off at its limit of length (setting model.max_tokens)."),
    }
}

#[cfg(test)]
#[path = "words_tests.rs"]
mod tests;
