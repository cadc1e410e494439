//! What a person types, line by line.

use std::{
    io::{BufRead, Read},
    time::Instant,
};

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::exit::Failure;

/// A line, and a prompt on standard input, are at most so long.
pub const MAX_BYTES: u64 = 1024 * 1024;

/// A line with the moment at which it was read.
#[derive(Debug, Clone)]
pub struct Line {
    /// Without its line break.
    pub text: String,
    /// When.
    pub at: Instant,
}

/// Standard input, read by a thread of its own: a blocked read must not keep the process from ending.
#[derive(Default)]
pub struct Keyboard {
    lines: Option<UnboundedReceiver<Line>>,
}

impl Keyboard {
    /// The next line; `None` at the end of input. Cancelling loses nothing.
    pub async fn next(&mut self) -> Option<Line> {
        self.lines.get_or_insert_with(start).recv().await
    }

    /// Forgets what was typed up to now, half a line too, and returns the moment from which on lines count.
    pub fn discard(&mut self) -> Instant {
        terminal::forget_input();
        if let Some(lines) = &mut self.lines {
            while lines.try_recv().is_ok() {}
        }
        Instant::now()
    }
}

fn start() -> UnboundedReceiver<Line> {
    let (sender, receiver) = unbounded_channel();
    // Detached: it ends with the process, or with the end of input.
    std::thread::spawn(move || read_lines(std::io::stdin().lock(), &sender));
    receiver
}

fn read_lines(mut input: impl BufRead, lines: &UnboundedSender<Line>) {
    loop {
        let mut bytes = Vec::new();
        match input.by_ref().take(MAX_BYTES).read_until(b'\n', &mut bytes) {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        let text = String::from_utf8_lossy(&bytes).trim_end_matches(['\r', '\n']).to_owned();
        if lines.send(Line { text, at: Instant::now() }).is_err() {
            return;
        }
    }
}

/// All of standard input, at most [`MAX_BYTES`].
///
/// # Errors
/// More than that, or no UTF-8.
pub fn read_all(what: &str) -> Result<String, Failure> {
    let mut bytes = Vec::new();
    std::io::stdin().lock().take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(|e| Failure::usage(format!("Standard input could not be read: {e}.")))?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(Failure::usage(format!("{what} on standard input is longer than 1 MiB. Nothing was sent.")));
    }
    String::from_utf8(bytes).map_err(|_| Failure::usage(format!("{what} on standard input is not valid UTF-8. Nothing was sent.")))
}

/// One line of standard input that is not shown while it is typed.
///
/// # Errors
/// Input that can't be read.
pub fn read_secret() -> Result<String, Failure> {
    let _hidden = terminal::hide_typing();
    let mut line = String::new();
    let read = std::io::stdin().lock().take(MAX_BYTES).read_line(&mut line);
    read.map_err(|e| Failure::usage(format!("Standard input could not be read: {e}.")))?;
    Ok(line.trim().to_owned())
}

#[cfg(unix)]
mod terminal {
    use rustix::termios::{LocalModes, OptionalActions, QueueSelector, Termios, tcflush, tcgetattr, tcsetattr};

    /// Where standard input is no terminal there is nothing to forget.
    pub(super) fn forget_input() {
        let _ = tcflush(std::io::stdin(), QueueSelector::IFlush);
    }

    /// Shows typing again when it is dropped.
    pub(super) struct Hidden(Termios);

    pub(super) fn hide_typing() -> Option<Hidden> {
        let before = tcgetattr(std::io::stdin()).ok()?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        tcsetattr(std::io::stdin(), OptionalActions::Flush, &silent).ok()?;
        Some(Hidden(before))
    }

    impl Drop for Hidden {
        fn drop(&mut self) {
            let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, &self.0);
        }
    }
}

#[cfg(not(unix))]
mod terminal {
    pub(super) const fn forget_input() {}

    pub(super) const fn hide_typing() -> Option<()> {
        None
    }
}

#[cfg(test)]
#[path = "keyboard_tests.rs"]
mod tests;
