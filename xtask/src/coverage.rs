//! How many lines of the engine its own tests run: printed, never a reason to fail.
//!
//! `cargo tarpaulin` reads what the compiler counted without any tool of LLVM's, so it works with the bare toolchain.

use std::collections::BTreeMap;
use std::fs;

use crate::Repository;
use crate::desktop::Desktop;
use crate::fault::{Fault, Outcome};
use crate::steps::Ended;
use crate::{shell, tools};

/// The window's package is left out: its tests start the programs, whose lines are not counted, and cost a second build of Tauri.
const ARGUMENTS: &[&str] = &[
    "tarpaulin",
    "--engine",
    "llvm",
    "--workspace",
    "--exclude",
    "bc-agent-desktop",
    "--exclude",
    "xtask",
    "--exclude-files",
    "*_tests.rs",
    "--exclude-files",
    "crates/*/tests/*",
    "--skip-clean",
    "--no-fail-fast",
    "--timeout",
    "300",
    "--out",
    "Lcov",
];

/// Seconds that counting may take in all: a figure for people must not hold up the checks that count.
const LONGEST: &str = "1200";

/// Lines of one crate.
#[derive(Default)]
struct Lines {
    all: u64,
    run: u64,
}

/// The step.
pub fn step(repository: &Repository, _: &[String]) -> Outcome<Ended> {
    let Some(tarpaulin) = tools::ensure(repository, &tools::CARGO_TARPAULIN) else {
        return Ok(Ended::NotHere("cargo-tarpaulin could not be installed, so no coverage is printed.".into()));
    };
    let folder = repository.root.join("target/xtask/coverage");
    fs::create_dir_all(&folder).map_err(|error| Fault::file("create", &folder, &error))?;
    let log = folder.join("log.txt");
    let written = fs::File::create(&log).map_err(|error| Fault::file("write", &log, &error))?;
    let also_written = written.try_clone().map_err(|error| Fault::file("write", &log, &error))?;

    let desktop = Desktop::start(&repository.root)?;
    let mut inner = shell::command(&repository.root, "timeout", [LONGEST, &tarpaulin.to_string_lossy()]);
    inner.args(ARGUMENTS);
    inner.arg("--target-dir").arg(folder.join("target")).arg("--output-dir").arg(&folder);
    let ran = shell::run(desktop.command(&repository.root, &inner).stdout(written).stderr(also_written));
    match (ran, fs::read_to_string(folder.join("lcov.info"))) {
        (Ok(()), Ok(report)) => {
            print!("{}", table(&by_crate(&report)));
            Ok(Ended::Passed)
        }
        (Err(_), _) | (_, Err(_)) => Ok(Ended::NotHere(format!("Coverage could not be measured: {} says why.", log.display()))),
    }
}

/// Adds up an LCOV report. Its lines: `SF:` names a file, `LF:` counts its lines that can run, `LH:` those that did.
fn by_crate(report: &str) -> BTreeMap<String, Lines> {
    let mut crates: BTreeMap<String, Lines> = BTreeMap::new();
    let mut current = String::new();
    for line in report.lines() {
        let (kind, value) = line.split_once(':').unwrap_or((line, ""));
        let count = || value.parse::<u64>().unwrap_or(0);
        match kind {
            "SF" => current = crate_of(value),
            "LF" => crates.entry(current.clone()).or_default().all += count(),
            "LH" => crates.entry(current.clone()).or_default().run += count(),
            _ => {}
        }
    }
    crates
}

/// `.../crates/approval/src/gate.rs` as `approval`.
fn crate_of(path: &str) -> String {
    let path = path.replace('\\', "/");
    let after = path.rsplit_once("/crates/").map_or(path.as_str(), |(_, after)| after);
    after.split('/').next().unwrap_or(after).to_owned()
}

fn table(crates: &BTreeMap<String, Lines>) -> String {
    let row = |name: &str, lines: &Lines| {
        let percent = (lines.run * 100).checked_div(lines.all).unwrap_or(0);
        format!("{name:12} {:>7} of {:>7} lines  {percent:>3} %\n", lines.run, lines.all)
    };
    let total = crates.values().fold(Lines::default(), |sum, lines| Lines { all: sum.all + lines.all, run: sum.run + lines.run });
    crates.iter().map(|(name, lines)| row(name, lines)).chain([row("all", &total)]).collect()
}

#[cfg(test)]
#[path = "coverage_tests.rs"]
mod tests;
