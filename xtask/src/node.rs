//! Node.js: the window's packages and its build.

use std::path::Path;
use std::process::Command;

use crate::Repository;
use crate::fault::{Fault, Outcome};
use crate::shell;
use crate::stamp::Stamp;

/// Vite needs at least this one, as (major, minor).
const OLDEST: (u32, u32) = (20, 19);

/// What else lies in `ui/`.
const NOT_SOURCES: &[&str] = &["node_modules", "dist", "dist-sample", "coverage"];

/// `npm` with `arguments`, in `ui/`.
pub fn npm(repository: &Repository, arguments: &[&str]) -> Command {
    let program = if cfg!(windows) { "npm.cmd" } else { "npm" };
    shell::command(&repository.ui(), program, arguments)
}

/// Installs the packages of `ui/package-lock.json`, unless they are there.
pub fn ensure_packages(repository: &Repository) -> Outcome {
    check_version(&repository.root)?;
    let ui = repository.ui();
    let stamp = Stamp::of(&repository.root, "npm-ci", &[ui.join("package-lock.json"), ui.join("package.json")], &[])?;
    if stamp.is_fresh() && ui.join("node_modules").is_dir() {
        return Ok(());
    }
    shell::run(&mut npm(repository, &["ci", "--no-audit", "--no-fund"]))?;
    stamp.set()
}

/// Installs the certified sign-in service of the tests, `tests/oidc`, unless it is there.
pub fn ensure_provider(repository: &Repository) -> Outcome {
    let place = repository.root.join("tests/oidc");
    let stamp = Stamp::of(&repository.root, "npm-ci-oidc", &[place.join("package-lock.json"), place.join("package.json")], &[])?;
    if stamp.is_fresh() && place.join("node_modules").is_dir() {
        return Ok(());
    }
    let program = if cfg!(windows) { "npm.cmd" } else { "npm" };
    shell::run(&mut shell::command(&place, program, ["ci", "--no-audit", "--no-fund"]))?;
    stamp.set()
}

/// Builds `ui/dist`, unless its sources are the ones that it was built from.
pub fn ensure_built(repository: &Repository) -> Outcome {
    let ui = repository.ui();
    let stamp = Stamp::of(&repository.root, "ui-build", std::slice::from_ref(&ui), NOT_SOURCES)?;
    if stamp.is_fresh() && ui.join("dist/index.html").is_file() {
        return Ok(());
    }
    shell::run(&mut npm(repository, &["run", "build"]))?;
    stamp.set()
}

fn check_version(root: &Path) -> Outcome {
    let asked = format!("Install Node.js {}.{} or later with npm.", OLDEST.0, OLDEST.1);
    let printed = shell::output(&mut shell::command(root, "node", ["--version"])).map_err(|fault| Fault::new(format!("{fault} {asked}")))?;
    match version(&printed) {
        Some(found) if found >= OLDEST => Ok(()),
        Some(_) | None => Err(Fault::new(format!("Node.js here is {}, which is too old for the window's build. {asked}", printed.trim()))),
    }
}

/// `v20.20.2` as (20, 20).
fn version(printed: &str) -> Option<(u32, u32)> {
    let mut numbers = printed.trim().strip_prefix('v')?.split('.').map(|number| number.parse().ok());
    Some((numbers.next()??, numbers.next()??))
}

#[cfg(test)]
#[path = "node_tests.rs"]
mod tests;
