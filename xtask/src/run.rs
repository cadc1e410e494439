//! `cargo xtask run`: from a fresh clone to the app on the demo company.

use std::process::Stdio;

use crate::Repository;
use crate::fault::{Fault, Outcome};
use crate::{apt, node, shell};

/// Tauri embeds the built window only with this feature. It is on everywhere, so that nothing is built twice.
pub const FEATURES: &str = "bc-agent-desktop/custom-protocol";

/// The subcommand.
pub fn run(repository: &Repository, arguments: &[String]) -> Outcome {
    let passed_on = match arguments.split_first() {
        None => arguments,
        Some((dashes, rest)) if dashes == "--" => rest,
        Some((other, _)) => return Err(Fault::usage(format!("`run` does not know `{other}`. Arguments for the app come after `--`."))),
    };
    if has_display() { window(repository, passed_on) } else { terminal(repository, passed_on) }
}

fn has_display() -> bool {
    let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    cfg!(any(target_os = "macos", target_os = "windows")) || set("DISPLAY") || set("WAYLAND_DISPLAY")
}

fn window(repository: &Repository, passed_on: &[String]) -> Outcome {
    apt::ensure(&repository.root, apt::BUILD)?;
    node::ensure_packages(repository)?;
    node::ensure_built(repository)?;
    build(repository, "bc-agent-desktop")?;
    start(repository, "bc-agent-desktop", &["--demo"], passed_on)
}

fn terminal(repository: &Repository, passed_on: &[String]) -> Outcome {
    eprintln!("There is no display here (DISPLAY and WAYLAND_DISPLAY are not set), so BC Agent opens in the terminal.");
    build(repository, "bc-agent")?;
    start(repository, "bc-agent", &["chat", "--demo"], passed_on)
}

/// One program, with what is chosen for the whole workspace as `cargo xtask test` does: cargo then finds what that has built, and
/// nothing is built twice with features that differ a little.
fn build(repository: &Repository, program: &str) -> Outcome {
    shell::run(&mut shell::cargo(&repository.root, ["build", "--workspace", "--bin", program, "--features", FEATURES]))
}

/// Starts a built program with the terminal as its own and waits for its end.
fn start(repository: &Repository, name: &str, arguments: &[&str], passed_on: &[String]) -> Outcome {
    let program = repository.debug_binary(name);
    let mut command = shell::command(&repository.root, &program.to_string_lossy(), arguments);
    shell::run(command.args(passed_on).stdin(Stdio::inherit()))
}
