//! `cargo xtask torture`: the tests of reliability at their full figures, and what they reached.

use std::fmt::Write as _;
use std::process::Stdio;

use crate::Repository;
use crate::fault::{Fault, Outcome};
use crate::shell;

/// The line by which a test tells what it reached.
const MARK: &str = "reliability | ";

/// Which tests tell something, by package, test and filter.
const TESTS: &[[&str; 4]] =
    &[["bca-testkit", "--test", "engine", "races"], ["bc-agent-cli", "--test", "terminal", "kills"], ["bca-bc", "--test", "mutated", "spoilt"]];

/// How much of the figures is tried.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Extent {
    /// All of them; hours if need be.
    Full,
    /// As much as `cargo xtask test` tries.
    Twentieth,
}

/// The subcommand. Writes docs/reliability.md where every test held.
pub fn run(repository: &Repository, arguments: &[String]) -> Outcome {
    let extent = match arguments {
        [] => Extent::Full,
        [only] if only == "--twentieth" => Extent::Twentieth,
        _ => return Err(Fault::usage("torture takes nothing but --twentieth.")),
    };
    let mut reached = Vec::new();
    for [package, kind, name, filter] in TESTS {
        let arguments = ["test", "--package", *package, *kind, *name, "--", *filter, "--nocapture", "--test-threads", "1"];
        let mut cargo = shell::cargo(&repository.root, arguments);
        match extent {
            Extent::Full => cargo.env("BC_AGENT_TORTURE", "1"),
            Extent::Twentieth => cargo.env_remove("BC_AGENT_TORTURE"),
        };
        let output = cargo.stderr(Stdio::inherit()).output().map_err(|e| Fault::new(format!("cargo could not be started: {e}")))?;
        let text = String::from_utf8_lossy(&output.stdout);
        print!("{text}");
        if !output.status.success() {
            return Err(Fault::new(format!("{package} {filter}: a test failed; docs/reliability.md stays as it was.")));
        }
        reached.extend(text.lines().filter_map(|line| line.split_once(MARK)).map(|(_, figure)| figure.to_owned()));
    }
    std::fs::write(repository.root.join("docs/reliability.md"), page(&reached, extent))
        .map_err(|e| Fault::new(format!("docs/reliability.md could not be written: {e}")))?;
    Ok(())
}

const HEAD: &str = "# Reliability, as measured

Written by `cargo xtask torture`: the real engine and the real program against the demo company over HTTP, with fixed seeds.
A test that does not hold leaves this page as it was. ";
const FULL: &str = "These are the full figures; `cargo xtask test` tries a twentieth of each.";
const TWENTIETH: &str = "These are a twentieth of the full figures, as `cargo xtask test` tries them (`--twentieth`).";
const TABLE: &str = "\n\n| threat | what | reached |\n|---|---|---|\n";

/// The page with these figures.
fn page(reached: &[String], extent: Extent) -> String {
    let tried = match extent {
        Extent::Full => FULL,
        Extent::Twentieth => TWENTIETH,
    };
    reached.iter().fold(format!("{HEAD}{tried}{TABLE}"), |mut page, figure| {
        // Writing to a string can't fail.
        let _ = writeln!(page, "| {figure} |");
        page
    })
}

#[cfg(test)]
#[path = "torture_tests.rs"]
mod tests;
