//! What a process is told when it starts: the home, the mode, and the environment, read once.

use std::{collections::HashMap, ffi::OsString, path::PathBuf};

use bca_auth::Secret;
use bca_protocol::{ErrorCode, Reviewer, UserError};

/// Variables that this app reads. Nothing else of the environment is kept.
const VARIABLES: &[&str] = &[
    "BC_AGENT_HOME",
    "BC_AGENT_LOG",
    "ANTHROPIC_API_KEY",
    "ANTHROPIC_BASE_URL",
    "BC_AGENT_PROVIDER",
    "BC_AGENT_MODEL",
    "BC_AGENT_BC_URL",
    "BC_AGENT_ENVIRONMENT",
    "BC_AGENT_TENANT",
    "BC_AGENT_BC_TOKEN",
    "BC_AGENT_COMPANY",
    "BC_AGENT_AUTHORITY",
    "BC_AGENT_CLIENT_ID",
    "BC_AGENT_GRAPH_URL",
    "BC_AGENT_KEY_FILE",
    "BROWSER",
    "LC_ALL",
    "LC_MESSAGES",
    "LANG",
    "HOME",
    "XDG_DATA_HOME",
    "APPDATA",
];

/// Variables that hold a secret: kept apart, never listed.
const SECRETS: [&str; 2] = ["ANTHROPIC_API_KEY", "BC_AGENT_BC_TOKEN"];

/// The environment, read once at start. An empty variable counts as absent.
#[derive(Clone, Default)]
pub struct Environment {
    plain: HashMap<&'static str, String>,
    secret: HashMap<&'static str, Secret<String>>,
}

impl Environment {
    /// The variables that hold a secret: no program that is started from here gets them.
    pub const SECRETS: [&'static str; 2] = SECRETS;

    /// Reads the process's environment.
    ///
    /// # Errors
    /// A variable of ours that is no UTF-8.
    pub fn read() -> Result<Self, UserError> {
        Self::from(|name| std::env::var_os(name))
    }

    /// Reads from anything, for tests.
    ///
    /// # Errors
    /// As [`Environment::read`].
    pub fn from(lookup: impl Fn(&str) -> Option<OsString>) -> Result<Self, UserError> {
        let mut environment = Self::default();
        for &name in VARIABLES {
            let Some(value) = lookup(name) else { continue };
            let value =
                value.into_string().map_err(|_| UserError::new(ErrorCode::Configuration, format!("The environment variable {name} is not valid UTF-8.")))?;
            let value = value.trim().to_owned();
            if value.is_empty() {
                continue;
            }
            if SECRETS.contains(&name) {
                environment.secret.insert(name, Secret::new(value));
            } else {
                environment.plain.insert(name, value);
            }
        }
        Ok(environment)
    }

    /// A variable that is no secret.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.plain.get(name).map(String::as_str)
    }

    /// The language of the person's system: of its messages, as POSIX orders the variables, else what the system itself says.
    #[must_use]
    pub fn language(&self) -> Option<bca_bc::Language> {
        let named = ["LC_ALL", "LC_MESSAGES", "LANG"].iter().find_map(|name| self.get(name)).map(str::to_owned);
        bca_bc::Language::parse(&named.or_else(of_the_system)?)
    }

    /// A variable that is one.
    #[must_use]
    pub fn secret(&self, name: &str) -> Option<&Secret<String>> {
        self.secret.get(name)
    }
}

#[cfg(any(windows, target_os = "macos"))]
fn of_the_system() -> Option<String> {
    sys_locale::get_locale()
}

/// Elsewhere the variables are all there is.
#[cfg(not(any(windows, target_os = "macos")))]
fn of_the_system() -> Option<String> {
    None
}

/// Whose books: the person's own, or the demo company's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mode {
    /// The person's own connections.
    Own,
    /// The embedded demo company, identity provider and model.
    Demo,
}

/// How a process starts.
#[derive(Clone)]
pub struct Config {
    /// The home that was asked for; else that of the environment or the platform.
    pub home: Option<PathBuf>,
    /// Whose books.
    pub mode: Mode,
    /// The connection that was asked for, by name.
    pub connection: Option<String>,
    /// Who answers questions here.
    pub client: Reviewer,
    /// The environment.
    pub environment: Environment,
}

impl Config {
    /// The home's path: as asked for, else `BC_AGENT_HOME`, else the platform's data directory. The demo has a home of its own
    /// beside the person's, unless one is asked for.
    ///
    /// # Errors
    /// A platform that doesn't say where a person's data goes.
    pub fn home(&self) -> Result<PathBuf, UserError> {
        if let Some(home) = &self.home {
            return Ok(home.clone());
        }
        let base = match self.environment.get("BC_AGENT_HOME") {
            Some(home) => PathBuf::from(home),
            None => self.platform_home()?,
        };
        Ok(match self.mode {
            Mode::Own => base,
            Mode::Demo => {
                let name = base.file_name().map_or_else(|| OsString::from("bc-agent"), OsString::from);
                let mut demo = name;
                demo.push("-demo");
                base.with_file_name(demo)
            }
        })
    }

    fn platform_home(&self) -> Result<PathBuf, UserError> {
        let variable = |name: &str| self.environment.get(name).map(PathBuf::from);
        let base = if cfg!(target_os = "windows") {
            variable("APPDATA")
        } else if cfg!(target_os = "macos") {
            variable("HOME").map(|home| home.join("Library").join("Application Support"))
        } else {
            variable("XDG_DATA_HOME").filter(|path| path.is_absolute()).or_else(|| variable("HOME").map(|home| home.join(".local").join("share")))
        };
        base.map(|base| base.join("bc-agent")).ok_or_else(|| {
            UserError::new(ErrorCode::Configuration, "There is no home directory to keep the history in. Name one with --home or BC_AGENT_HOME.")
        })
    }
}
