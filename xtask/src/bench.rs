//! `cargo xtask bench`: what the engine costs on this machine, beside a plain loop in the same run.

use crate::Repository;
use crate::fault::Outcome;
use crate::run::FEATURES;
use crate::{node, shell};

/// Speed instead of size, and quicker to build than a release; see Cargo.toml.
const PROFILE: &str = "bench-fast";

/// The subcommand. The arguments go to the program that measures, which says what it takes.
pub fn run(repository: &Repository, arguments: &[String]) -> Outcome {
    shell::run(&mut shell::cargo(&repository.root, ["build", "--profile", PROFILE, "--package", "bca-bench", "--package", "bc-agent-cli"]))?;
    node::ensure_packages(repository)?;
    node::ensure_built(repository)?;
    let windows =
        ["build", "--profile", PROFILE, "--package", "bc-agent-desktop", "--bin", "bc-agent-desktop", "--example", "bare_window", "--features", FEATURES];
    shell::run(&mut shell::cargo(&repository.root, windows))?;
    let built = |name: &str| repository.target().join(PROFILE).join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    let mut bench = shell::command(&repository.root, &built("bca-bench").to_string_lossy(), ["--program"]);
    shell::run(
        bench
            .arg(built("bc-agent"))
            .arg("--windows")
            .arg(repository.target().join(PROFILE))
            .arg("--cache")
            .arg(repository.target().join("bench-data"))
            .args(arguments),
    )
}
