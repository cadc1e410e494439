//! The two streams of the process. Standard output carries the answer, standard error everything else.

use std::io::{IsTerminal, Write};

use serde::Serialize;

use crate::{
    escape::one_line_json,
    exit::Failure,
    paint::{Paint, Style},
};

/// For whom standard output is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A person.
    People,
    /// A program: JSON.
    Json,
}

/// How much is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Loudness {
    /// `-q`: the answer, errors and questions.
    Quiet,
    /// As usual.
    Normal,
    /// `-v`: details too.
    Verbose,
}

/// Whether the cursor may be moved on a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Motion {
    /// A terminal that understands cursor movements.
    Cursor,
    /// Lines only.
    Lines,
}

/// One stream with what is known of its other end.
pub struct Stream {
    /// Where the bytes go.
    pub sink: Box<dyn Write + Send>,
    /// Whether a person sees it as it comes.
    pub is_terminal: bool,
    /// Whether it takes colour.
    pub paint: Paint,
    /// Whether the cursor may be moved.
    pub motion: Motion,
}

/// Both streams and how to use them.
pub struct Console {
    /// Standard output.
    pub out: Stream,
    /// Standard error.
    pub err: Stream,
    /// Whether standard input is a terminal.
    pub keys: bool,
    /// For whom standard output is.
    pub form: Form,
    /// How much is said.
    pub loudness: Loudness,
}

impl Console {
    /// The process's own streams. NO_COLOR (any value but an empty one) and TERM=dumb are honoured.
    #[must_use]
    pub fn of_process(form: Form, loudness: Loudness) -> Self {
        let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let no_colour = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let stream = |sink: Box<dyn Write + Send>, is_terminal: bool| Stream {
            sink,
            is_terminal,
            paint: if is_terminal && !is_dumb && !no_colour { Paint::Colour } else { Paint::Plain },
            motion: if is_terminal && !is_dumb { Motion::Cursor } else { Motion::Lines },
        };
        let (out, err) = (std::io::stdout(), std::io::stderr());
        let (out_terminal, err_terminal) = (out.is_terminal(), err.is_terminal());
        Self { out: stream(Box::new(out), out_terminal), err: stream(Box::new(err), err_terminal), keys: std::io::stdin().is_terminal(), form, loudness }
    }

    /// Whether a person can be asked: standard input and standard error are a terminal.
    #[must_use]
    pub fn can_ask(&self) -> bool {
        self.keys && self.err.is_terminal
    }

    /// Writes to standard output at once.
    ///
    /// # Errors
    /// [`Failure::OutputClosed`] where nobody reads any more; a sentence where it can't be written.
    pub fn print(&mut self, text: &str) -> Result<(), Failure> {
        self.out.sink.write_all(text.as_bytes())?;
        self.out.sink.flush()?;
        Ok(())
    }

    /// Writes one value as one line of JSON to standard output at once.
    ///
    /// # Errors
    /// As [`Console::print`].
    pub fn json<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Failure> {
        let json = serde_json::to_string(value).map_err(std::io::Error::other)?;
        let mut line = one_line_json(&json);
        line.push('\n');
        self.print(&line)
    }

    /// Writes to standard error at once. Nobody there to read it is no reason to stop.
    pub fn aside(&mut self, text: &str) {
        let _ = self.err.sink.write_all(text.as_bytes()).and_then(|()| self.err.sink.flush());
    }

    /// Writes a line to standard error.
    pub fn say(&mut self, line: &str) {
        self.aside(&format!("{line}\n"));
    }

    /// Writes a line to standard error unless `-q`.
    pub fn remark(&mut self, line: &str) {
        if self.loudness > Loudness::Quiet {
            let dim = self.err.paint.text(Style::Dim, line);
            self.say(&dim);
        }
    }
}
