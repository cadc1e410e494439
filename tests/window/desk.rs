//! A desktop of a test's own: a screen, a session bus, a window manager, and what a test adds to them.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use tempfile::TempDir;

use crate::driver::wait_for;

/// A process that ends with its owner.
pub struct Owned(pub Child);

impl Drop for Owned {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The desktop. Everything on it ends with it.
pub struct Desk {
    display: String,
    pub bus: String,
    folder: TempDir,
    _programs: Vec<Owned>,
}

impl Desk {
    /// A screen, a bus and a window manager: a desktop without tray and notifications, as there are many.
    pub async fn open() -> Self {
        // Without `-noreset` the screen begins anew when a first, short visitor leaves, and throws out who comes just then.
        let (screen, number) = started("Xvfb", &["-displayfd", "1", "-screen", "0", "1280x800x24", "-nolisten", "tcp", "-noreset"]);
        let (daemon, bus) = started("dbus-daemon", &["--session", "--nofork", "--print-address=1"]);
        let mut desk = Self { display: format!(":{number}"), bus, folder: tempfile::tempdir().unwrap(), _programs: vec![] };
        let manager = desk.start("openbox", &[]);
        desk._programs.extend([manager, daemon, screen]);
        wait_for("a window manager", async || desk.tool("xprop", &["-root", "_NET_SUPPORTING_WM_CHECK"]).contains("window id")).await;
        desk
    }

    /// `program`, to be started on this desktop.
    pub fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        command.stdin(Stdio::null()).env("DISPLAY", &self.display).env("DBUS_SESSION_BUS_ADDRESS", &self.bus);
        command.env("GDK_BACKEND", "x11").env_remove("WAYLAND_DISPLAY");
        // The programs of the desktop keep nothing of the computer's owner.
        for name in ["XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"] {
            command.env(name, self.folder.path());
        }
        command
    }

    fn start(&self, program: &str, arguments: &[&str]) -> Owned {
        let log = fs::File::create(self.folder.path().join(format!("{program}.log"))).unwrap();
        let mut command = self.command(program);
        command.args(arguments).stdout(log.try_clone().unwrap()).stderr(log);
        Owned(command.spawn().unwrap_or_else(|fault| panic!("{program}: {fault}")))
    }

    /// What a program prints; nothing where it fails.
    pub fn tool(&self, program: &str, arguments: &[&str]) -> String {
        let output = self.command(program).args(arguments).output().unwrap_or_else(|fault| panic!("{program}: {fault}"));
        String::from_utf8_lossy(if output.status.success() { &output.stdout } else { b"" }).trim().to_owned()
    }

    /// Whether the app's window is on the screen.
    pub fn shows_the_window(&self) -> bool {
        !self.tool("xdotool", &["search", "--onlyvisible", "--name", "BC Agent$"]).is_empty()
    }

    /// Closes the app's window as its button does.
    pub fn close_the_window(&self) {
        self.tool("wmctrl", &["-c", "BC Agent"]);
    }

    /// Whether a taskbar would show the app's window as minimised.
    pub fn minimised(&self) -> bool {
        let ids = self.tool("xdotool", &["search", "--name", "BC Agent$"]);
        ids.lines().any(|id| self.tool("xprop", &["-id", id, "WM_STATE"]).contains("Iconic"))
    }

    /// Presses Ctrl+Q in the app's window.
    pub fn press_quit(&self) {
        self.tool("wmctrl", &["-a", "BC Agent"]);
        self.tool("xdotool", &["key", "ctrl+q"]);
    }

    /// Starts a notification daemon. Whoever opens the menu of a notification there chooses `choice`.
    pub async fn notifications(&self, choice: &str) -> Notifications {
        let offered = self.folder.path().join("offered");
        let menu = self.folder.path().join("menu");
        let said = self.folder.path().join("said");
        let script = self.folder.path().join("script");
        for (program, text) in [(&menu, format!("tee {} | grep -m1 {choice}", offered.display())), (&script, format!("echo \"$@\" >> {}", said.display()))] {
            fs::write(program, format!("#!/bin/sh\n{text}\n")).unwrap();
            fs::set_permissions(program, fs::Permissions::from_mode(0o755)).unwrap();
        }
        let settings = self.folder.path().join("dunstrc");
        fs::write(
            &settings,
            format!("[global]\ndmenu = {}\nidle_threshold = 0\n[urgency_normal]\ntimeout = 0\n[all]\nscript = {}\n", menu.display(), script.display()),
        )
        .unwrap();
        let daemon = self.start("dunst", &["-conf", settings.to_str().unwrap()]);
        wait_for("a notification daemon", async || !self.tool("dunstctl", &["count"]).is_empty()).await;
        Notifications { offered, said, _daemon: daemon }
    }
}

/// A real notification daemon.
pub struct Notifications {
    offered: PathBuf,
    said: PathBuf,
    _daemon: Owned,
}

impl Notifications {
    /// How many are on the screen.
    pub fn shown(&self, desk: &Desk) -> usize {
        desk.tool("dunstctl", &["count", "displayed"]).parse().unwrap_or(0)
    }

    /// Opens the menu of the one on the screen; gives what it offered.
    pub async fn choose(&self, desk: &Desk) -> String {
        let mut looks = 0_u32;
        wait_for("a menu", async || {
            // Asked for in the moment in which the notification is put on the screen, it does not come.
            if looks.is_multiple_of(100) {
                desk.tool("dunstctl", &["context"]);
            }
            looks += 1;
            fs::read_to_string(&self.offered).is_ok_and(|text| !text.is_empty())
        })
        .await;
        fs::read_to_string(&self.offered).unwrap()
    }

    /// The words of all that came.
    pub fn words(&self) -> String {
        fs::read_to_string(&self.said).unwrap_or_default()
    }
}

/// Starts a program and reads the first line that it prints.
fn started(program: &str, arguments: &[&str]) -> (Owned, String) {
    let child = Command::new(program).args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
    let mut child = Owned(child.unwrap_or_else(|fault| panic!("{program}: {fault}")));
    let mut line = String::new();
    BufReader::new(child.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    (child, line.trim().to_owned())
}
