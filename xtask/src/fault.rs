//! What can go wrong here: always one sentence for the person at the terminal.

use std::fmt;

/// A failure, told as a sentence that says what to do.
#[derive(Debug)]
pub struct Fault {
    sentence: String,
    exit_code: u8,
}

/// What every task gives back.
pub type Outcome<T = ()> = Result<T, Fault>;

impl Fault {
    /// Something failed: exit code 1.
    pub fn new(sentence: impl Into<String>) -> Self {
        Self { sentence: sentence.into(), exit_code: 1 }
    }

    /// The command line was wrong: exit code 2.
    pub fn usage(sentence: impl Into<String>) -> Self {
        Self { sentence: sentence.into(), exit_code: 2 }
    }

    /// A program that we started ended with this code, which becomes ours.
    pub fn of_program(sentence: impl Into<String>, exit_code: Option<i32>) -> Self {
        let exit_code = exit_code.and_then(|code| u8::try_from(code).ok()).filter(|code| *code != 0).unwrap_or(1);
        Self { sentence: sentence.into(), exit_code }
    }

    /// A file could not be read or written.
    pub fn file(doing: &str, path: &std::path::Path, error: &std::io::Error) -> Self {
        Self::new(format!("Could not {doing} {}: {error}.", path.display()))
    }

    pub fn exit_code(&self) -> u8 {
        self.exit_code
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.sentence)
    }
}
