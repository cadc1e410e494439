//! Where windows are measured: a screen that nobody sees, a session bus, and what a program's processes take of the memory.

use std::{
    collections::HashMap,
    fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use crate::outcome::{Outcome, fault};

/// A process that ends with its owner.
pub struct Owned(pub Child);

impl Drop for Owned {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A screen that nobody sees, and a session bus.
pub struct Screen {
    display: String,
    bus: String,
    _processes: [Owned; 2],
}

impl Screen {
    /// Starts both.
    ///
    /// # Errors
    /// Xvfb or dbus-daemon is not installed.
    pub fn start() -> Outcome<Self> {
        let (screen, number) = started("Xvfb", &["-displayfd", "1", "-screen", "0", "1280x800x24", "-nolisten", "tcp", "-noreset"])?;
        let (daemon, bus) = started("dbus-daemon", &["--session", "--nofork", "--print-address=1"])?;
        Ok(Self { display: format!(":{number}"), bus, _processes: [screen, daemon] })
    }

    /// A window manager on it: who is to be typed to needs the focus.
    ///
    /// # Errors
    /// openbox is not installed.
    pub fn manager(&self) -> Outcome<Owned> {
        let mut command = Command::new("openbox");
        command.env("DISPLAY", &self.display).env("DBUS_SESSION_BUS_ADDRESS", &self.bus).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Ok(Owned(command.spawn().map_err(|error| format!("Nobody can type without openbox: {error}."))?))
    }

    /// Brings the window of this name to the front.
    ///
    /// # Errors
    /// xdotool is not installed, or there is no such window.
    pub fn activate(&self, window: &str) -> Outcome {
        self.xdotool(&["search", "--onlyvisible", "--name", window, "windowactivate", "--sync"])
    }

    /// Presses keys as a keyboard does, for the window that is in front: `key` and names of keys, or `type` and text.
    ///
    /// # Errors
    /// xdotool is not installed.
    pub fn press(&self, what: &[&str]) -> Outcome {
        self.xdotool(what)
    }

    fn xdotool(&self, what: &[&str]) -> Outcome {
        let mut command = Command::new("xdotool");
        command.env("DISPLAY", &self.display).args(what);
        let done = command.stdin(Stdio::null()).output().map_err(|error| format!("Nobody can type without xdotool: {error}."))?;
        if done.status.success() { Ok(()) } else { fault(format!("xdotool: {}", String::from_utf8_lossy(&done.stderr))) }
    }

    /// The program, on this screen, with `folder` for what it keeps.
    pub fn command(&self, program: &Path, folder: &Path) -> Command {
        let mut command = Command::new(program);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.env("DISPLAY", &self.display).env("GDK_BACKEND", "x11").env("DBUS_SESSION_BUS_ADDRESS", &self.bus).env_remove("WAYLAND_DISPLAY");
        for name in ["XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"] {
            command.env(name, folder.join(name));
        }
        command
    }
}

/// Starts a program and reads the first line that it prints.
fn started(program: &str, arguments: &[&str]) -> Outcome<(Owned, String)> {
    let child = Command::new(program).args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
    let mut child = Owned(child.map_err(|error| format!("The window can't be measured without {program}: {error}."))?);
    let Some(stdout) = child.0.stdout.take() else { return fault(format!("{program} says nothing.")) };
    let mut line = String::new();
    BufReader::new(stdout).read_line(&mut line)?;
    Ok((child, line.trim().to_owned()))
}

/// Proportional memory, in MiB, of a process and everything that it has started (proc(5), `smaps_rollup`).
///
/// # Errors
/// `/proc` can't be read.
pub fn memory_below(ancestor: u32) -> Outcome<f64> {
    let mut parents = HashMap::new();
    for entry in fs::read_dir("/proc")?.flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        // A process may end while it is looked at.
        let Ok(stat) = fs::read_to_string(entry.path().join("stat")) else { continue };
        let parent = stat.rsplit_once(") ").and_then(|(_, rest)| rest.split(' ').nth(1)).and_then(|parent| parent.parse::<u32>().ok());
        parents.extend(parent.map(|parent| (pid, parent)));
    }
    let is_below = |pid: u32| std::iter::successors(Some(pid), |pid| parents.get(pid).copied()).any(|pid| pid == ancestor);
    let pss = |pid: u32| {
        let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
        text.lines().find_map(|line| line.strip_prefix("Pss:")).and_then(|rest| rest.trim().trim_end_matches(" kB").trim().parse::<f64>().ok()).unwrap_or(0.0)
    };
    Ok(parents.keys().copied().filter(|pid| is_below(*pid)).map(pss).sum::<f64>() / 1024.0)
}
