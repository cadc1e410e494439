//! A desktop of its own for the tests: a screen nobody sees, a session bus, an unlocked keyring, folders of its own.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::fault::{Fault, Outcome};
use crate::shell;

/// What property tests draw their cases from.
const PROPTEST_SEED: &str = "1";

/// Starts a keyring that is unlocked with an empty password, then becomes the command in its arguments.
const WITH_KEYRING: &str = r#"printf '\n' | gnome-keyring-daemon --unlock --components=secrets >/dev/null && exec "$@""#;

/// Variables by which this computer's own settings would reach the tests.
const OURS: &[&str] = &[
    "ANTHROPIC_API_KEY",
    "ANTHROPIC_BASE_URL",
    "OPENAI_API_KEY",
    "OPENAI_BASE_URL",
    "BC_AGENT_HOME",
    "BC_AGENT_LOG",
    "BC_AGENT_PROVIDER",
    "BC_AGENT_MODEL",
    "BC_AGENT_BC_URL",
    "BC_AGENT_ENVIRONMENT",
    "BC_AGENT_GRAPH_URL",
    "BC_AGENT_BC_TOKEN",
    "BC_AGENT_COMPANY",
    "BC_AGENT_AUTHORITY",
    "BC_AGENT_CLIENT_ID",
    "BC_AGENT_TENANT",
    "BC_AGENT_KEY_FILE",
    "WAYLAND_DISPLAY",
    "BROWSER",
];

/// It ends, and its folders go, when it is dropped.
pub struct Desktop {
    screen: Child,
    display: String,
    folder: PathBuf,
}

impl Desktop {
    /// Starts the screen on the first display number that is free.
    pub fn start(root: &Path) -> Outcome<Self> {
        let folder = std::env::temp_dir().join(format!("bc-agent-test-{}", std::process::id()));
        for name in ["runtime", "data", "config", "cache", "state"] {
            private_folder(&folder.join(name))?;
        }
        // With -displayfd the server chooses the number itself and writes it once it answers.
        let arguments = ["-displayfd", "1", "-screen", "0", "1280x800x24", "-nolisten", "tcp"];
        let mut screen = shell::command(root, "Xvfb", arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| Fault::new(format!("The tests' own screen, `Xvfb`, could not start: {error}.")))?;
        let mut number = String::new();
        if let Some(stdout) = screen.stdout.take() {
            // An error leaves the number empty, which is what is told.
            let _ = BufReader::new(stdout).read_line(&mut number);
        }
        let desktop = Self { screen, display: format!(":{}", number.trim()), folder };
        if number.trim().is_empty() { Err(Fault::new("The tests' own screen, `Xvfb`, ended before it was ready.")) } else { Ok(desktop) }
    }

    /// `inner`, to be run on this desktop. HOME stays as it is, so that cargo and rustup find what is theirs.
    pub fn command(&self, root: &Path, inner: &Command) -> Command {
        let mut command = shell::command(root, "dbus-run-session", ["--", "bash", "-c", WITH_KEYRING, "bash"]);
        command.arg(inner.get_program()).args(inner.get_args());
        for (name, value) in inner.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        for name in OURS {
            command.env_remove(name);
        }
        command
            .env("DISPLAY", &self.display)
            // The same cases at every run; `PROPTEST_RNG_SEED=... cargo test` looks elsewhere.
            .env("PROPTEST_RNG_SEED", PROPTEST_SEED)
            .env("GDK_BACKEND", "x11")
            .env("XDG_RUNTIME_DIR", self.folder.join("runtime"))
            .env("XDG_DATA_HOME", self.folder.join("data"))
            .env("XDG_CONFIG_HOME", self.folder.join("config"))
            .env("XDG_CACHE_HOME", self.folder.join("cache"))
            .env("XDG_STATE_HOME", self.folder.join("state"));
        command
    }
}

impl Drop for Desktop {
    fn drop(&mut self) {
        // Nothing can be done about a failure here, and the tests' own result must not hang on it.
        let _ = self.screen.kill();
        let _ = self.screen.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn private_folder(path: &Path) -> Outcome {
    fs::create_dir_all(path).map_err(|error| Fault::file("create", path, &error))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(path, fs::Permissions::from_mode(0o700)).map_err(|error| Fault::file("protect", path, &error))?;
    }
    Ok(())
}

#[cfg(test)]
#[path = "desktop_tests.rs"]
mod tests;
