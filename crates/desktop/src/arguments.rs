//! What may stand on the command line of the desktop app.

use std::path::{Path, PathBuf};

use bca_app::Mode;
use clap::{Parser, builder::TypedValueParser as _};
use sha2::{Digest as _, Sha256};

/// BC Agent: ask for things in Business Central in plain words; approve every change.
#[derive(Debug, Parser)]
#[command(name = "bc-agent-desktop", version, max_term_width = 100)]
pub struct Arguments {
    /// Where the history is kept (else BC_AGENT_HOME, else the platform's data directory).
    #[arg(long, value_name = "DIR", value_parser = clap::builder::OsStringValueParser::new().try_map(directory))]
    pub home: Option<PathBuf>,
    /// The built-in demo company, identity provider and model; its history is kept apart.
    #[arg(long)]
    pub demo: bool,
    /// A link to follow: bcagent://session/ID opens that conversation, anything else is ignored.
    #[arg(value_name = "LINK")]
    pub link: Option<String>,
}

impl Arguments {
    /// Whose books.
    #[must_use]
    pub const fn mode(&self) -> Mode {
        if self.demo { Mode::Demo } else { Mode::Own }
    }
}

fn directory(given: std::ffi::OsString) -> Result<PathBuf, &'static str> {
    if given.is_empty() { Err("a directory is needed") } else { Ok(given.into()) }
}

/// The name under which the app of one home is found on the session bus: one window per home.
#[must_use]
pub fn instance_name(home: &Path) -> String {
    // A home that is not there yet has no canonical path; its absolute one serves until it has.
    let path = std::fs::canonicalize(home).or_else(|_| std::path::absolute(home)).unwrap_or_else(|_| home.to_owned());
    let digest = Sha256::digest(path.as_os_str().as_encoded_bytes());
    let digits: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("app.bcagent.desktop.home{digits}")
}

#[cfg(test)]
#[path = "arguments_tests.rs"]
mod tests;
