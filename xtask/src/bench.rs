//! `cargo xtask bench`: what the engine costs on this machine, beside a plain loop in the same run.

use crate::Repository;
use crate::fault::{Fault, Outcome};
use crate::run::FEATURES;
use crate::{node, shell};

/// Speed instead of size, and quicker to build than a release; see Cargo.toml.
const PROFILE: &str = "bench-fast";

/// The part that a program of the client's own measures, because its memory is that of the whole process.
const CLIENT: &str = "client";

/// The subcommand. The arguments go to the program that measures, which says what it takes; `--only client` is answered by the client's own.
pub fn run(repository: &Repository, arguments: &[String]) -> Outcome {
    let plan = Plan::of(arguments)?;
    if let Some(arguments) = &plan.engine {
        engine(repository, arguments)?;
    }
    if plan.client {
        let program = ["run", "--profile", PROFILE, "--package", "bca-bc", "--example", "client_speed"];
        shell::run(&mut shell::cargo(&repository.root, program))?;
    }
    Ok(())
}

/// Which programs measure.
#[derive(Debug, PartialEq, Eq)]
struct Plan {
    /// What the engine's bench is given; `None` where nobody asked for it.
    engine: Option<Vec<String>>,
    /// Whether the client's bench runs. It speaks in sentences only, so a whole run with `--json` goes without.
    client: bool,
}

impl Plan {
    fn of(arguments: &[String]) -> Outcome<Self> {
        let (mut engine, mut client, mut others) = (Vec::new(), false, false);
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            match (argument.as_str(), if argument == "--only" { rest.next() } else { None }) {
                ("--only", Some(part)) if part == CLIENT => client = true,
                ("--only", part) => {
                    others = true;
                    engine.push(argument.clone());
                    engine.extend(part.cloned());
                }
                _ => engine.push(argument.clone()),
            }
        }
        let json = engine.iter().any(|argument| argument == "--json");
        match (client, others) {
            (true, _) if json => Err(Fault::usage("The client's figures come without --json.")),
            (true, false) if !engine.is_empty() => Err(Fault::usage(format!("`{}` means nothing with `--only {CLIENT}`.", engine.join(" ")))),
            (true, false) => Ok(Self { engine: None, client }),
            (true, true) => Ok(Self { engine: Some(engine), client }),
            (false, _) => Ok(Self { client: !others && !json, engine: Some(engine) }),
        }
    }
}

fn engine(repository: &Repository, arguments: &[String]) -> Outcome {
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

#[cfg(test)]
#[path = "bench_tests.rs"]
mod tests;
