//! The only build scripts of this repository: `cargo xtask help`.
//!
//! It must build in seconds on a machine that has Rust and a C compiler and nothing else, so it depends on no crate.

mod apt;
mod bench;
mod bindings;
mod bundle;
mod coverage;
mod desktop;
mod fault;
mod fuzz;
mod node;
mod run;
mod shell;
mod stamp;
mod steps;
mod test;
mod tools;
mod torture;

use std::path::PathBuf;
use std::process::ExitCode;

use fault::{Fault, Outcome};

/// One subcommand. To add one, write its module and put it in [`COMMANDS`].
struct Command {
    name: &'static str,
    usage: &'static str,
    about: &'static str,
    run: fn(&Repository, &[String]) -> Outcome,
}

const COMMANDS: &[Command] = &[
    Command {
        name: "run",
        usage: "run [-- ARGS...]",
        about: "installs what is missing, builds, and opens BC Agent on the demo company; ARGS go to the app",
        run: run::run,
    },
    Command {
        name: "test",
        usage: "test [--only STEP]... [-- ARGS...]",
        about: "installs what the tests need and runs every check; ARGS go to `cargo test`",
        run: test::run,
    },
    Command { name: "bench", usage: "bench [--json] [--only PART]...", about: "measures the engine on this machine, beside a plain loop", run: bench::run },
    Command {
        name: "bindings",
        usage: "bindings [--check]",
        about: "writes the window's TypeScript types from crates/protocol, or checks that they are fresh",
        run: bindings::run,
    },
    Command {
        name: "torture",
        usage: "torture [--twentieth]",
        about: "the tests of reliability at their full figures (hours); writes docs/reliability.md",
        run: torture::run,
    },
    Command { name: "bundle", usage: "bundle [--debug]", about: "builds the .deb and .rpm packages", run: bundle::run },
];

/// The checkout that `cargo xtask` works on.
struct Repository {
    root: PathBuf,
}

impl Repository {
    /// The one this program was compiled from.
    fn here() -> Outcome<Self> {
        let manifest = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
        match manifest.parent() {
            Some(root) => Ok(Self { root: root.to_path_buf() }),
            None => Err(Fault::new("xtask was built outside the repository. Run `cargo xtask` from a checkout.")),
        }
    }

    fn ui(&self) -> PathBuf {
        self.root.join("ui")
    }

    /// Where cargo puts what it builds.
    fn target(&self) -> PathBuf {
        match std::env::var_os("CARGO_TARGET_DIR") {
            Some(dir) => self.root.join(dir),
            None => self.root.join("target"),
        }
    }

    /// A program built with the debug profile.
    fn debug_binary(&self, name: &str) -> PathBuf {
        self.target().join("debug").join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("\nxtask: {fault}");
            ExitCode::from(fault.exit_code())
        }
    }
}

fn dispatch(arguments: &[String]) -> Outcome {
    let (name, rest) = match arguments.split_first() {
        Some((name, rest)) => (name.as_str(), rest),
        None => ("help", arguments),
    };
    if matches!(name, "help" | "-h" | "--help") {
        print!("{}", help());
        return Ok(());
    }
    match COMMANDS.iter().find(|command| command.name == name) {
        Some(command) => (command.run)(&Repository::here()?, rest),
        None => Err(Fault::usage(format!("There is no command `{name}`. `cargo xtask help` lists them."))),
    }
}

fn help() -> String {
    let width = COMMANDS.iter().map(|command| command.usage.len()).max().unwrap_or(0);
    let lines: String = COMMANDS.iter().map(|command| format!("  cargo xtask {:width$}  {}\n", command.usage, command.about)).collect();
    format!("{lines}\nSteps of test: {}\n", test::step_names().join(", "))
}
