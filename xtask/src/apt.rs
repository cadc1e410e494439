//! Debian packages: which are needed, which are missing, and how they come.

use std::io::IsTerminal as _;
use std::path::Path;
use std::process::Stdio;

use crate::fault::{Fault, Outcome};
use crate::shell;

/// To build and run the window.
pub const BUILD: &[&str] = &[
    "libwebkit2gtk-4.1-dev",
    "build-essential",
    "pkg-config",
    "libssl-dev",
    "libdbus-1-dev",
    "librsvg2-dev",
    "libayatana-appindicator3-dev",
    "xdg-utils",
    "desktop-file-utils",
    "file",
];

/// To run the tests and to make packages, beside [`BUILD`].
pub const TEST: &[&str] = &[
    "webkit2gtk-driver",
    "xvfb",
    "xauth",
    "dbus-x11",
    "gnome-keyring",
    "libsecret-tools",
    "dunst",
    "openbox",
    "wmctrl",
    "libnotify-bin",
    "imagemagick",
    "x11-utils",
    "xdotool",
    "fonts-dejavu-core",
    "rpm",
    "procps",
];

/// Installs those of `packages` that are missing. On a system without Debian's package tools it says what is needed and goes on.
pub fn ensure(root: &Path, packages: &[&str]) -> Outcome {
    if std::env::consts::OS != "linux" {
        eprintln!("{}", needed_elsewhere(std::env::consts::OS));
        return Ok(());
    }
    if !shell::exists("dpkg-query") || !shell::exists("apt-get") {
        eprintln!("This Linux does not use Debian's packages, so nothing is installed. Needed are its counterparts of: {}.", packages.join(" "));
        return Ok(());
    }
    let missing = missing(root, packages)?;
    if missing.is_empty() {
        return Ok(());
    }
    eprintln!("Installing {} Debian packages that are missing: {}", missing.len(), missing.join(" "));
    let prefix = privilege(root, &missing)?;
    apt_get(root, &prefix, &["update"])?;
    let mut install = vec!["install", "-y", "--no-install-recommends"];
    install.extend(&missing);
    apt_get(root, &prefix, &install)
}

fn needed_elsewhere(os: &str) -> &'static str {
    match os {
        "macos" => "On macOS nothing is installed for you. Needed are the Xcode command line tools (`xcode-select --install`) and Node.js 20 or later.",
        "windows" => {
            "On Windows nothing is installed for you. Needed are the Visual Studio C++ build tools, the WebView2 runtime (part of Windows 11) and Node.js 20 or later."
        }
        _ => {
            "On this system nothing is installed for you. Needed are WebKitGTK 4.1 with its development files, a C compiler, pkg-config and Node.js 20 or later."
        }
    }
}

fn missing<'a>(root: &Path, packages: &[&'a str]) -> Outcome<Vec<&'a str>> {
    let mut query = shell::command(root, "dpkg-query", ["--show", "--showformat=${Package} ${db:Status-Status}\n"]);
    // It fails where one package is unknown, and still prints the others: what it printed is what counts.
    let output = query.args(packages).output().map_err(|error| Fault::new(format!("`dpkg-query` could not start: {error}.")))?;
    Ok(not_installed(packages, &String::from_utf8_lossy(&output.stdout)))
}

fn not_installed<'a>(packages: &[&'a str], listing: &str) -> Vec<&'a str> {
    packages.iter().copied().filter(|package| !listing.lines().any(|line| line == format!("{package} installed"))).collect()
}

/// What stands before `apt-get`: nothing for root, `sudo` for others.
fn privilege(root: &Path, missing: &[&str]) -> Outcome<Vec<&'static str>> {
    let user = shell::output(&mut shell::command(root, "id", ["-u"]))?;
    if user.trim() == "0" {
        return Ok(vec![]);
    }
    if !shell::exists("sudo") {
        let command = format!("apt-get update && apt-get install -y --no-install-recommends {}", missing.join(" "));
        return Err(Fault::new(format!("These packages must be installed by root, and there is no sudo here. As root, run:\n  {command}")));
    }
    // Without a terminal nobody can type a password: sudo must not wait for one.
    Ok(if std::io::stdin().is_terminal() { vec!["sudo"] } else { vec!["sudo", "-n"] })
}

fn apt_get(root: &Path, prefix: &[&str], arguments: &[&str]) -> Outcome {
    let words: Vec<&str> = prefix.iter().chain(&["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]).chain(arguments).copied().collect();
    let Some((program, rest)) = words.split_first() else { return Ok(()) };
    let mut command = shell::command(root, program, rest);
    if !prefix.is_empty() && std::io::stdin().is_terminal() {
        command.stdin(Stdio::inherit());
    }
    shell::run(&mut command)
}

#[cfg(test)]
#[path = "apt_tests.rs"]
mod tests;
