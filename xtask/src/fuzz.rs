//! The fuzz targets (`fuzz/`), for a bounded time, as a part of `cargo xtask torture`.

use std::process::Stdio;
use std::time::Duration;

use crate::Repository;
use crate::fault::{Fault, Outcome};
use crate::shell;

/// The targets, and what each reads.
const TARGETS: [(&str, &str); 3] = [("filter", "filters"), ("answer", "answers"), ("metadata", "shapes of environments")];

/// The line in which libFuzzer tells how often it called a target.
const EXECUTIONS: &str = "stat::number_of_executed_units:";

/// Runs each target for so long; a line for the page each. Without cargo-fuzz the page says so: nothing is passed over in silence.
///
/// # Errors
/// A target that crashed: what it crashed on is named in its own words, and kept in `fuzz/artifacts`.
pub fn run(repository: &Repository, each: Duration) -> Outcome<Vec<String>> {
    if !shell::exists("cargo-fuzz") {
        return Ok(vec!["28 | parsers under libFuzzer | not run: cargo-fuzz is not installed (`cargo install cargo-fuzz --locked`)".to_owned()]);
    }
    TARGETS.iter().map(|(target, what)| one(repository, target, what, each)).collect()
}

fn one(repository: &Repository, target: &str, what: &str, each: Duration) -> Outcome<String> {
    let seconds = each.as_secs();
    let limit = format!("-max_total_time={seconds}");
    // No sanitizer: the code is safe Rust, so a fault is a panic, and a stable compiler can instrument it where it is let.
    let mut cargo = shell::cargo(&repository.root, ["fuzz", "run", "--sanitizer", "none", target, "--", &limit, "-print_final_stats=1", "-timeout=10"]);
    cargo.env("RUSTC_BOOTSTRAP", "1").stdout(Stdio::null());
    let output = cargo.output().map_err(|e| Fault::new(format!("cargo fuzz could not be started: {e}")))?;
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(Fault::new(format!("the fuzz target {target} failed; docs/reliability.md stays as it was.\n{}", end_of(&said))));
    }
    let executions = executions(&said).ok_or_else(|| Fault::new(format!("the fuzz target {target} told no number of executions.")))?;
    Ok(format!("28 | {what} under libFuzzer: crashes | 0 of {executions} in {seconds} s"))
}

fn executions(said: &str) -> Option<u64> {
    said.lines().find_map(|line| line.trim().strip_prefix(EXECUTIONS)?.trim().parse().ok())
}

/// The last lines, where a crash is told.
fn end_of(said: &str) -> String {
    let lines: Vec<&str> = said.lines().collect();
    lines.get(lines.len().saturating_sub(40)..).unwrap_or_default().join("\n")
}

#[cfg(test)]
#[path = "fuzz_tests.rs"]
mod tests;
