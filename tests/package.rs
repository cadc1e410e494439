//! The .deb: what is in it, and that it installs, starts and goes again.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

/// The package that `cargo xtask test` has made of the programs under test.
fn package() -> PathBuf {
    let programs = Path::new(env!("CARGO_BIN_EXE_bc-agent-desktop")).parent().unwrap();
    let folder = programs.join("bundle/deb");
    let version = concat!("_", env!("CARGO_PKG_VERSION"), "_");
    let mut found = fs::read_dir(&folder).into_iter().flatten().map(|entry| entry.unwrap().path());
    let package = found.find(|path| path.to_str().is_some_and(|path| path.contains(version) && path.ends_with(".deb")));
    package.unwrap_or_else(|| panic!("there is no .deb in {}: run `cargo xtask test --only build --only bundle`", folder.display()))
}

fn output(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().unwrap_or_else(|error| panic!("{program}: {error}"));
    let (printed, said) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{program} {arguments:?}: {printed}{said}");
    printed.into_owned()
}

/// A root folder with a package database of its own, into which dpkg installs as into a computer.
struct Computer {
    root: tempfile::TempDir,
}

impl Computer {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        for folder in ["info", "updates", "triggers"] {
            fs::create_dir_all(root.path().join("var/lib/dpkg").join(folder)).unwrap();
        }
        for file in ["status", "available"] {
            fs::write(root.path().join("var/lib/dpkg").join(file), "").unwrap();
        }
        Self { root }
    }

    /// The libraries are those of this computer, so the new one's empty database must not ask for them.
    fn dpkg(&self, arguments: &[&str]) -> String {
        let root = format!("--root={}", self.root.path().display());
        let log = format!("--log={}", self.root.path().join("dpkg.log").display());
        output("dpkg", &[&[&root, &log, "--force-not-root", "--force-depends"], arguments].concat())
    }

    fn path(&self, installed: &str) -> PathBuf {
        self.root.path().join(installed)
    }
}

/// A started program; it ends when the test does.
struct Started(Child);

impl Drop for Started {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn it_says_what_it_needs_and_opens_our_links() {
    let package = package();
    let path = package.to_str().unwrap();
    let needed = output("dpkg-deb", &["--field", path, "Depends"]);
    for library in needed.trim().split(", ") {
        let status = output("dpkg-query", &["--show", "--showformat=${db:Status-Status}", library]);
        assert_eq!(status, "installed", "{library}");
    }
    assert_eq!(output("dpkg-deb", &["--field", path, "Package"]).trim(), "bc-agent");

    let computer = Computer::new();
    output("dpkg-deb", &["--extract", path, computer.root.path().to_str().unwrap()]);
    let entry = computer.path("usr/share/applications/BC Agent.desktop");
    output("desktop-file-validate", &[entry.to_str().unwrap()]);
    let entry = fs::read_to_string(entry).unwrap();
    assert!(entry.contains("\nExec=bc-agent-desktop %u\n"), "{entry}");
    assert!(entry.contains("\nMimeType=x-scheme-handler/bcagent;\n"), "{entry}");
}

#[test]
fn it_installs_starts_and_goes_without_a_trace() {
    let package = package();
    let computer = Computer::new();
    computer.dpkg(&["--install", package.to_str().unwrap()]);
    let (window, terminal) = (computer.path("usr/bin/bc-agent-desktop"), computer.path("usr/bin/bc-agent"));

    let help = output(terminal.to_str().unwrap(), &["help"]);
    assert!(help.contains("ask"), "{help}");

    let home = tempfile::tempdir().unwrap();
    let started = Started(Command::new(&window).arg("--demo").arg("--home").arg(home.path()).spawn().unwrap());
    let process = started.0.id().to_string();
    output("timeout", &["60", "xdotool", "search", "--sync", "--onlyvisible", "--all", "--pid", &process, "--name", "BC Agent"]);
    drop(started);

    computer.dpkg(&["--remove", "bc-agent"]);
    assert!(!window.exists() && !terminal.exists());
    assert!(!computer.path("usr/share/applications/BC Agent.desktop").exists());
}
