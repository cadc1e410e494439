//! `cargo xtask bindings`: the window's TypeScript types come from crates/protocol.

use std::fs;

use crate::Repository;
use crate::fault::{Fault, Outcome};
use crate::shell;

const FILE: &str = "ui/src/lib/protocol.ts";

/// What is to be done with the file.
enum Mode {
    Write,
    Check,
}

/// The subcommand.
pub fn run(repository: &Repository, arguments: &[String]) -> Outcome {
    match arguments {
        [] => generate(repository, Mode::Write),
        [flag] if flag == "--check" => generate(repository, Mode::Check),
        _ => Err(Fault::usage("Usage: cargo xtask bindings [--check]")),
    }
}

/// Fails when the file is not what crates/protocol says.
pub fn check(repository: &Repository) -> Outcome {
    generate(repository, Mode::Check)
}

fn generate(repository: &Repository, mode: Mode) -> Outcome {
    let path = repository.root.join(FILE);
    let fresh = shell::output(&mut shell::cargo(&repository.root, ["run", "--quiet", "--package", "bca-protocol", "--example", "bindings"]))?;
    let present = fs::read_to_string(&path).unwrap_or_default().replace("\r\n", "\n");
    if present == fresh {
        println!("{FILE} is fresh.");
        return Ok(());
    }
    match mode {
        Mode::Check => Err(Fault::new(format!("{FILE} is not what crates/protocol says now. Run `cargo xtask bindings` and commit the file."))),
        Mode::Write => {
            fs::write(&path, fresh).map_err(|error| Fault::file("write", &path, &error))?;
            println!("{FILE} was written.");
            Ok(())
        }
    }
}
