//! `cargo xtask test`: every check, on a desktop of its own, without asking anybody anything.

use crate::Repository;
use crate::desktop::Desktop;
use crate::fault::{Fault, Outcome};
use crate::run::FEATURES;
use crate::steps::{self, Ended, Step};
use crate::{apt, bindings, bundle, coverage, node, shell, tools};

/// In this order: what needs the least time first, and the window before the Rust code that embeds it.
const STEPS: &[Step] = &[
    Step { name: "packages", run: packages },
    Step { name: "format", run: format },
    Step { name: "bindings", run: |repository, _| bindings::check(repository).map(|()| Ended::Passed) },
    Step { name: "ui-check", run: |repository, _| npm(repository, &["run", "check"]) },
    Step { name: "ui-test", run: |repository, _| npm(repository, &["test"]) },
    Step { name: "ui-build", run: |repository, _| node::ensure_built(repository).map(|()| Ended::Passed) },
    Step { name: "clippy", run: clippy },
    Step { name: "build", run: build },
    Step { name: "bundle", run: |repository, _| bundle::debug_deb(repository).map(|()| Ended::Passed) },
    Step { name: "tests", run: tests },
    Step { name: "deny", run: deny },
    Step { name: "audit", run: audit },
    Step { name: "coverage", run: coverage::step },
];

/// The subcommand.
pub fn run(repository: &Repository, arguments: &[String]) -> Outcome {
    let (only, passed_on) = parse(arguments)?;
    let chosen: Vec<&Step> = STEPS.iter().filter(|step| only.is_empty() || only.contains(&step.name)).collect();
    steps::run(repository, &chosen, passed_on)
}

/// For the help.
pub fn step_names() -> Vec<&'static str> {
    STEPS.iter().map(|step| step.name).collect()
}

/// The steps named by `--only`, and what comes after `--`.
fn parse(arguments: &[String]) -> Outcome<(Vec<&'static str>, &[String])> {
    let mut only = vec![];
    let mut rest = arguments;
    loop {
        match rest {
            [] => return Ok((only, rest)),
            [dashes, passed_on @ ..] if dashes == "--" => return Ok((only, passed_on)),
            [flag, name, others @ ..] if flag == "--only" => {
                let step = STEPS.iter().find(|step| step.name == name);
                only.push(step.ok_or_else(|| Fault::usage(format!("There is no step `{name}`. Steps: {}.", step_names().join(", "))))?.name);
                rest = others;
            }
            _ => return Err(Fault::usage("Usage: cargo xtask test [--only STEP]... [-- ARGS for cargo test...]")),
        }
    }
}

fn packages(repository: &Repository, _: &[String]) -> Outcome<Ended> {
    let needed: Vec<&str> = apt::BUILD.iter().chain(apt::TEST).copied().collect();
    apt::ensure(&repository.root, &needed)?;
    node::ensure_packages(repository)?;
    Ok(Ended::Passed)
}

fn npm(repository: &Repository, arguments: &[&str]) -> Outcome<Ended> {
    shell::run(&mut node::npm(repository, arguments)).map(|()| Ended::Passed)
}

fn cargo(repository: &Repository, arguments: &[&str]) -> Outcome<Ended> {
    shell::run(&mut shell::cargo(&repository.root, arguments)).map(|()| Ended::Passed)
}

fn format(repository: &Repository, _: &[String]) -> Outcome<Ended> {
    cargo(repository, &["fmt", "--all", "--check"])
}

fn clippy(repository: &Repository, _: &[String]) -> Outcome<Ended> {
    cargo(repository, &["clippy", "--workspace", "--all-targets", "--features", FEATURES, "--", "-D", "warnings"])
}

/// All targets at once: the programs that the tests start and the tests themselves then share every crate they can.
fn build(repository: &Repository, _: &[String]) -> Outcome<Ended> {
    cargo(repository, &["build", "--workspace", "--all-targets", "--features", FEATURES])
}

fn tests(repository: &Repository, passed_on: &[String]) -> Outcome<Ended> {
    node::ensure_provider(repository)?;
    let desktop = Desktop::start(&repository.root)?;
    let mut inner = shell::cargo(&repository.root, ["test", "--workspace", "--features", FEATURES]);
    inner.args(passed_on);
    shell::run(&mut desktop.command(&repository.root, &inner))?;
    Ok(Ended::Passed)
}

fn deny(repository: &Repository, _: &[String]) -> Outcome<Ended> {
    let Some(cargo_deny) = tools::ensure(repository, &tools::CARGO_DENY) else {
        return Ok(Ended::NotHere("cargo-deny could not be installed, so licences, bans and sources were not checked.".into()));
    };
    let arguments = ["check", "--hide-inclusion-graph", "bans", "licenses", "sources"];
    shell::run(&mut shell::command(&repository.root, &cargo_deny.to_string_lossy(), arguments)).map(|()| Ended::Passed)
}

/// Fails on a known fault in what is shipped; a registry that does not answer is told and is no failure.
fn audit(repository: &Repository, _: &[String]) -> Outcome<Ended> {
    let arguments = ["audit", "--omit=dev", "--audit-level=high", "--json"];
    let output = node::npm(repository, &arguments).output().map_err(|error| Fault::new(format!("`npm audit` could not start: {error}.")))?;
    let report = String::from_utf8_lossy(&output.stdout);
    if !report.contains("\"auditReportVersion\"") {
        return Ok(Ended::NotHere("`npm audit` could not reach its data, so the window's packages were not checked for known faults.".into()));
    }
    if output.status.success() {
        return Ok(Ended::Passed);
    }
    eprintln!("{report}");
    Err(Fault::new("`npm audit` knows of a grave fault in a package of the window: see above, and `npm audit fix` in ui/."))
}

#[cfg(test)]
#[path = "test_tests.rs"]
mod tests_of_arguments;
