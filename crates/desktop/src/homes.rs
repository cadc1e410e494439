//! The two homes between which a person can switch: their own books, and the demo's.

use std::path::PathBuf;

use bca_app::{Config, Environment, Mode};
use bca_protocol::{Reviewer, UserError};

/// How the app starts in either mode.
pub struct Homes {
    own: Config,
    demo: Config,
}

impl Homes {
    /// The homes for the one that was asked for. An own home that was named has its demo beside it.
    ///
    /// # Errors
    /// A platform that doesn't say where a person's data goes.
    pub fn new(home: Option<PathBuf>, mode: Mode, environment: Environment) -> Result<Self, UserError> {
        let (own, demo) = match (home, mode) {
            (None, _) => (None, None),
            (Some(home), Mode::Demo) => (None, Some(home)),
            (Some(home), Mode::Own) => {
                let home = std::path::absolute(&home).unwrap_or(home);
                let mut name = home.file_name().unwrap_or_else(|| "bc-agent".as_ref()).to_owned();
                name.push("-demo");
                let demo = home.with_file_name(name);
                (Some(home), Some(demo))
            }
        };
        let homes = Self { own: config(own, Mode::Own, environment.clone()), demo: config(demo, Mode::Demo, environment) };
        homes.config(mode).home()?;
        Ok(homes)
    }

    /// How the app of that mode starts.
    #[must_use]
    pub const fn config(&self, mode: Mode) -> &Config {
        match mode {
            Mode::Own => &self.own,
            Mode::Demo => &self.demo,
        }
    }
}

fn config(home: Option<PathBuf>, mode: Mode, environment: Environment) -> Config {
    Config { home, mode, connection: None, client: Reviewer::Window, environment }
}

#[cfg(test)]
#[path = "homes_tests.rs"]
mod tests;
