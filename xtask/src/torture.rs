//! `cargo xtask torture`: the tests of reliability at their full figures, and what they reached.

use std::fmt::Write as _;
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::Repository;
use crate::fault::{Fault, Outcome};
use crate::{fuzz, node, shell};

/// The line by which a test tells what it reached.
const MARK: &str = "reliability | ";

/// Which tests tell something: by package, the target that holds them, and their names or beginnings of them.
const TESTS: &[(&str, &[&str], &[&str])] = &[
    ("bca-auth", &["--test", "auth"], &["a_thousand_forged", "a_hundred_refused", "every_flipped_bit", "never_sealed_twice"]),
    ("bca-testkit", &["--test", "engine"], &["races::"]),
    ("bca-testkit", &["--test", "engine"], &["generated::", "interleaved::", "storms::"]),
    ("bca-testkit", &["--test", "engine"], &["late::", "places::", "obedient::", "a_person_signs_in"]),
    ("bca-approval", &["--lib"], &["a_permit_opens_nothing"]),
    ("bca-store", &["--test", "kills"], &["a_kill_at_any_point"]),
    ("bca-store", &["--test", "files"], &["whichever_page_is_damaged"]),
    ("bca-store", &["--lib"], &["whatever_is_changed_before_a_checkpoint"]),
    ("bc-agent-cli", &["--test", "terminal"], &["failing_io::", "a_sign_in_outlives"]),
    ("bc-agent-cli", &["--test", "terminal"], &["kills::", "is_killed"]),
    ("bca-desktop", &["--lib"], &["whatever_comes_is_a_link", "nothing_that_a_notification_says", "a_browser_gets_no_key"]),
    ("bca-providers", &["--lib"], &["where_the_bytes_are_cut"]),
    ("bca-bc", &["--test", "mutated"], &["spoilt"]),
];

/// The same of the window.
const PAGES: &[&str] = &["src/lib/markdown/render.test.ts", "src/lib/stores/session.test.ts"];

/// Commands that run beside each other: most of them wait more than they work, for a disk, a clock or a process that they kill.
const BESIDE: usize = 3;

/// How much of the figures is tried.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Extent {
    /// All of them; hours if need be.
    Full,
    /// As much as `cargo xtask test` tries.
    Twentieth,
}

impl Extent {
    /// How long each fuzz target runs.
    fn of_fuzzing(self) -> Duration {
        match self {
            Self::Full => Duration::from_secs(300),
            Self::Twentieth => Duration::from_secs(30),
        }
    }
}

/// The subcommand. Writes docs/reliability.md where every test held.
pub fn run(repository: &Repository, arguments: &[String]) -> Outcome {
    let extent = match arguments {
        [] => Extent::Full,
        [only] if only == "--twentieth" => Extent::Twentieth,
        _ => return Err(Fault::usage("torture takes nothing but --twentieth.")),
    };
    let begun = Instant::now();
    node::ensure_packages(repository)?;
    let mut commands: Vec<(&str, Command)> = TESTS.iter().map(|(package, target, names)| (*package, cargo(repository, package, target, names))).collect();
    let mut pages = node::npm(repository, &["test", "--"]);
    pages.args(PAGES);
    commands.push(("the window", pages));
    let (told, fuzzed) = std::thread::scope(|scope| {
        let fuzzing = scope.spawn(|| fuzz::run(repository, extent.of_fuzzing()));
        (beside_each_other(commands, extent), fuzzing.join())
    });
    let mut reached = told?;
    reached.extend(fuzzed.map_err(|_| Fault::new("the fuzzing broke off."))??);
    reached.sort_by_key(|figure| threat(figure));
    std::fs::write(repository.root.join("docs/reliability.md"), page(&reached, extent, begun.elapsed()))
        .map_err(|e| Fault::new(format!("docs/reliability.md could not be written: {e}")))?;
    Ok(())
}

/// The command that builds and runs these tests.
fn cargo(repository: &Repository, package: &str, target: &[&str], names: &[&str]) -> Command {
    let mut cargo = shell::cargo(&repository.root, ["test", "--package", package]);
    cargo.args(target).arg("--").args(names).args(["--nocapture", "--test-threads", "1"]);
    cargo
}

/// Runs them all, some at a time; what they told. After one that fails no other is begun.
fn beside_each_other(commands: Vec<(&str, Command)>, extent: Extent) -> Outcome<Vec<String>> {
    let waiting = Mutex::new(commands.into_iter());
    let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).next();
    let work = || {
        let mut reached = Vec::new();
        while let Some((of, mut command)) = next() {
            match figures(of, &mut command, extent) {
                Ok(more) => reached.extend(more),
                Err(fault) => {
                    while next().is_some() {}
                    return Err(fault);
                }
            }
        }
        Ok(reached)
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..BESIDE).map(|_| scope.spawn(work)).collect();
        let mut reached = Vec::new();
        for worker in workers {
            reached.extend(worker.join().map_err(|_| Fault::new("a worker of the tests broke off."))??);
        }
        Ok(reached)
    })
}

/// What the tests of a command told; each that takes long says how long on standard error.
fn figures(of: &str, command: &mut Command, extent: Extent) -> Outcome<Vec<String>> {
    match extent {
        Extent::Full => command.env("BC_AGENT_TORTURE", "1"),
        Extent::Twentieth => command.env_remove("BC_AGENT_TORTURE"),
    };
    let begun = Instant::now();
    let output = command.stderr(Stdio::inherit()).output().map_err(|e| Fault::new(format!("the tests of {of} could not be started: {e}")))?;
    let text = String::from_utf8_lossy(&output.stdout);
    print!("{text}");
    eprintln!("{of}: {} s", begun.elapsed().as_secs());
    if !output.status.success() {
        return Err(Fault::new(format!("{of}: a test failed; docs/reliability.md stays as it was.")));
    }
    Ok(told(&text))
}

/// The figures in what tests print.
fn told(text: &str) -> Vec<String> {
    text.lines().filter_map(|line| line.split_once(MARK)).map(|(_, figure)| figure.to_owned()).collect()
}

/// The number of the threat that a figure is about.
fn threat(figure: &str) -> u32 {
    figure.split_once(' ').and_then(|(number, _)| number.parse().ok()).unwrap_or(u32::MAX)
}

const HEAD: &str = "# Reliability, as measured

Written by `cargo xtask torture`: the real engine and the real program against the demo company over HTTP, with fixed seeds.
A test that does not hold leaves this page as it was. ";
const FULL: &str = "These are the full figures; `cargo xtask test` tries a twentieth of each.";
const TWENTIETH: &str = "These are a twentieth of the full figures, as `cargo xtask test` tries them (`--twentieth`).";
const TABLE: &str = "\n\n| threat | what | reached |\n|---|---|---|\n";

/// What has no figure here: there is nothing to count, or one case of each kind is all there is.
const OTHERS: &str = "
## Held without a figure

| threat | what | test |
|---|---|---|
| 3 | consent, a second factor, a revoked grant and a challenge each end in one sentence, and never in a loop | `crates/auth/tests/auth/refusals.rs`, `tokens.rs`, `tests/engine/sign_in.rs` |
| 4 | another account, tenant, environment or company while a question waits: nothing is sent | `tests/engine/bound.rs` |
| 5 | the real keyring, from one process to the next; none, a locked one, a lost key | `crates/cli/tests/terminal/signing_in.rs`, `crates/auth/tests/auth/vault.rs` |
| 8 | every command from a foreign page or frame | `tests/window/foreign.rs`, `tests/architecture/security.rs` |
| 9 | the content security policy, as it was agreed | `tests/architecture/security.rs` |
| 14 | the first half second, the focus on Reject | `ui/src/components/approval/ApprovalDialog.test.ts` |
| 15 | a closed window with a question open, the real one | `tests/window/closing.rs` |
| 24 | a failed migration, backups, a database that is gone | `crates/store/tests/files.rs` |
";

/// The page with these figures.
fn page(reached: &[String], extent: Extent, took: Duration) -> String {
    let tried = match extent {
        Extent::Full => FULL,
        Extent::Twentieth => TWENTIETH,
    };
    let minutes = took.as_secs().div_ceil(60);
    let mut page = format!("{HEAD}{tried} It took {minutes} minutes.{TABLE}");
    for figure in reached {
        // Writing to a string can't fail.
        let _ = writeln!(page, "| {figure} |");
    }
    page + OTHERS
}

#[cfg(test)]
#[path = "torture_tests.rs"]
mod tests;
