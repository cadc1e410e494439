//! A question at the terminal while it waits: its countdown and what the person types.

use std::time::Instant;

use bca_protocol::{ApprovalRequest, ReviewDecision, ReviewVerdict};
use jiff::Timestamp;

use crate::{
    console::{Console, Motion},
    editing::Edit,
    keyboard::Keyboard,
    paint::Style,
    render::words::{countdown, seconds_left},
};

/// What can be typed.
const HOW: &str = "   Type `approve` (or `a`) and Enter to approve. Enter alone or `r` rejects; words after `r` are the reason.";
const HOW_TO_EDIT: &str = "   `e FIELD = VALUE` changes a value before you approve.";
const HOW_TO_EDIT_SEVERAL: &str = "   `e 2 FIELD = VALUE` changes a value in the second change, `x 2` takes that change out, `x` again puts it back.";

/// From here on the time is short (seconds).
const SHORT: i64 = 60;

/// Moments at which a terminal without cursor movements is told the time (seconds left).
const TOLD: [i64; 3] = [120, 60, 10];

/// Save the cursor, go to the line above, clear it; and back (DECSC, CUU, EL, DECRC).
const TO_COUNTDOWN: &str = "\u{1b}7\u{1b}[1A\r\u{1b}[2K";
const BACK: &str = "\u{1b}8";

/// Clear the line of the prompt and the countdown above it.
const ERASE: &str = "\r\u{1b}[2K\u{1b}[1A\u{1b}[2K";

/// A question that waits for this terminal.
pub struct Question {
    request: ApprovalRequest,
    /// What was typed before is no answer.
    since: Instant,
    shown: i64,
}

impl Question {
    /// Puts the question: what was typed before is forgotten, then the countdown starts.
    pub fn open(console: &mut Console, keyboard: &mut Keyboard, request: ApprovalRequest, now: Timestamp) -> Self {
        say_how(console, &request);
        let since = keyboard.discard();
        let shown = left(&request, now);
        let question = Self { request, since, shown };
        question.prompt(console);
        question
    }

    /// Whether this line was typed after the question was shown.
    #[must_use]
    pub fn is_answered_by(&self, at: Instant) -> bool {
        at >= self.since
    }

    /// The question that is waiting.
    #[must_use]
    pub const fn request(&self) -> &ApprovalRequest {
        &self.request
    }

    /// The answer that a verdict makes: it names the digest of what was shown.
    #[must_use]
    pub const fn decision(&self, verdict: ReviewVerdict, typed: Option<String>) -> ReviewDecision {
        ReviewDecision { approval_id: self.request.approval_id, digest: self.request.digest, verdict, typed }
    }

    /// Says that a line was no answer, and asks again.
    pub fn again(&self, console: &mut Console, why: &str) {
        console.say(why);
        say_how(console, &self.request);
        self.prompt(console);
    }

    /// Moves the countdown on.
    pub fn tick(&mut self, console: &mut Console, now: Timestamp) {
        let seconds = left(&self.request, now);
        if seconds == self.shown {
            return;
        }
        self.shown = seconds;
        match console.err.motion {
            Motion::Cursor => console.aside(&format!("{TO_COUNTDOWN}{}{BACK}", self.countdown(console))),
            Motion::Lines if TOLD.contains(&seconds) => {
                console.aside("\n");
                self.prompt(console);
            }
            Motion::Lines => {}
        }
    }

    /// Takes the prompt off the screen: somebody else answered, or time ran out.
    pub fn withdraw(self, console: &mut Console, keyboard: &mut Keyboard) {
        match console.err.motion {
            Motion::Cursor => console.aside(ERASE),
            Motion::Lines => console.aside("\n"),
        }
        // Half an answer must not become the next message.
        keyboard.discard();
    }

    fn prompt(&self, console: &mut Console) {
        console.aside(&format!("{}\n   reject > ", self.countdown(console)));
    }

    fn countdown(&self, console: &Console) -> String {
        let style = if self.shown <= SHORT { Style::Warning } else { Style::Dim };
        console.err.paint.text(style, &format!("   {} left; silence means no.", countdown(self.shown)))
    }
}

fn left(request: &ApprovalRequest, now: Timestamp) -> i64 {
    seconds_left(request.expires_at, now)
}

fn say_how(console: &mut Console, request: &ApprovalRequest) {
    match &request.typed {
        Some(typed) => console.say(&format!("   Type `approve {typed}` and Enter to approve. Enter alone or `r` rejects; words after `r` are the reason.")),
        None => console.say(HOW),
    }
    if request.changes.len() + request.left_out.len() > 1 {
        console.say(HOW_TO_EDIT_SEVERAL);
    } else if request.changes.iter().flat_map(|change| &change.fields).any(|field| field.editor.is_some()) {
        console.say(HOW_TO_EDIT);
    }
}

/// What a line says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// Yes or no, and what was typed beside a yes.
    Answer(ReviewVerdict, Option<String>),
    /// A value in place of the proposed one.
    Edit(Edit),
    /// This change (1, 2, 3 ...) is taken out, or put back.
    Toggle(usize),
}

/// What a line says; nothing where it says none of that. Enter alone says no.
#[must_use]
pub fn said(line: &str) -> Option<Said> {
    let no = |reason: Option<&str>| Some(Said::Answer(ReviewVerdict::Reject { reason: reason.map(str::to_owned) }, None));
    let trimmed = line.trim();
    let (word, rest) = trimmed.split_once(char::is_whitespace).map_or((trimmed, ""), |(word, rest)| (word, rest.trim()));
    match (word.to_lowercase().as_str(), rest) {
        ("a" | "approve", "") => Some(Said::Answer(ReviewVerdict::Approve, None)),
        ("a" | "approve", typed) if typed.bytes().all(|c| c.is_ascii_digit()) => Some(Said::Answer(ReviewVerdict::Approve, Some(typed.to_owned()))),
        ("", _) | ("r" | "reject", "") => no(None),
        ("r" | "reject", reason) => no(Some(reason)),
        ("e" | "edit", edit) => Edit::parse(edit).map(Said::Edit),
        ("x", number) => number.parse().ok().map(Said::Toggle),
        _ => None,
    }
}

#[cfg(test)]
#[path = "question_tests.rs"]
mod tests;
