//! Notifications of the desktop. One opens the window or rejects; it never approves, since any program on the session bus
//! can pretend that a person has clicked.

use bca_app::App;
use bca_protocol::{ApprovalRequest, ReviewDecision, ReviewVerdict, Reviewer};
use notify_rust::Notification;

/// What a person did with a notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// The window is wanted.
    Open,
    /// No, to the question that it shows.
    Reject,
    /// It was closed, or something that we never offered was said.
    Nothing,
}

impl Answer {
    fn of(action: &str) -> Self {
        match action {
            "open" | "default" => Self::Open,
            "reject" => Self::Reject,
            _ => Self::Nothing,
        }
    }
}

/// Says that a question waits, and what it is about; `answered` is called once, from a thread of its own.
pub fn ask(request: &ApprovalRequest, answered: impl FnOnce(Answer) + Send + 'static) {
    let mut notification = notification("Waiting for your approval", &body(request));
    notification.action("reject", "Reject");
    show(notification, answered);
}

/// Says that work goes on though the window is closed; `answered` is called once, from a thread of its own.
pub fn work_goes_on(answered: impl FnOnce(Answer) + Send + 'static) {
    let body = "The window is closed, a run is still under way. You will be asked before anything is changed. Quit stops it.";
    show(notification("BC Agent goes on working", body), answered);
}

/// Rejects what was asked, as what was shown: the digest of the question is in the answer.
pub async fn reject(app: &App, request: ApprovalRequest) {
    let decision = ReviewDecision { approval_id: request.approval_id, digest: request.digest, verdict: ReviewVerdict::Reject { reason: None }, typed: None };
    if let Err(fault) = app.answer(decision, Reviewer::Notification).await {
        tracing::warn!(%fault, "a rejection from a notification could not be stored");
    }
}

/// How many questions wait, behind the app's name; nothing is added for none.
#[must_use]
pub fn name_with_pending(name: &str, pending: usize) -> String {
    if pending == 0 { name.to_owned() } else { format!("{name} ({pending} waiting for you)") }
}

fn notification(summary: &str, body: &str) -> Notification {
    let mut notification = Notification::new();
    notification.appname("BC Agent").icon("bc-agent-desktop").summary(summary).body(body);
    notification.action("default", "Open").action("open", "Open");
    notification
}

/// What would be changed and where, in at most two lines: the record's own text is data, so markup in it is written out.
fn body(request: &ApprovalRequest) -> String {
    let first = request.changes.first().map_or("A change", |change| change.title.as_str());
    let more = match request.changes.len() {
        0 | 1 => String::new(),
        n => format!(" and {} more", n - 1),
    };
    let place = &request.connection;
    format!("{}{more}\n{}", written_out(first), written_out(place.company.as_str()))
}

fn written_out(text: &str) -> String {
    escaped(&shortened(text))
}

/// Longest text from a record, in characters.
const LONGEST: usize = 160;

fn shortened(text: &str) -> String {
    let visible = text.chars().map(|c| if is_hidden(c) { '\u{fffd}' } else { c });
    let mut short: String = visible.clone().take(LONGEST).collect();
    if visible.count() > LONGEST {
        short.push('…');
    }
    short
}

/// Control characters and those that turn or hide text.
fn is_hidden(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

/// Many desktops read a body as markup.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Shows it from a thread of its own, since waiting for the person blocks. A desktop without notifications is no fault of ours.
fn show(notification: Notification, answered: impl FnOnce(Answer) + Send + 'static) {
    let waiting = std::thread::Builder::new().name("notification".into()).spawn(move || match notification.show() {
        #[cfg(all(unix, not(target_os = "macos")))]
        Ok(shown) => shown.wait_for_action(|action| answered(Answer::of(action))),
        #[cfg(not(all(unix, not(target_os = "macos"))))]
        Ok(_) => answered(Answer::of("")),
        Err(fault) => tracing::warn!(%fault, "the desktop took no notification"),
    });
    if let Err(fault) = waiting {
        tracing::warn!(%fault, "there was no thread for a notification");
    }
}

#[cfg(test)]
#[path = "notice_tests.rs"]
mod tests;
