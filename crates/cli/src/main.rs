//! BC Agent in a terminal. The engine is the same as the window's; both open the same home.

mod args;
mod args_serve;
mod commands;
mod console;
mod conversation;
mod editing;
mod escape;
mod exit;
mod follow;
mod keyboard;
mod narrator;
mod oversight;
mod paint;
mod question;
mod render;
mod signals;
mod tally;

use std::process::ExitCode;

use bca_app::{Config, Environment, Mode};
use bca_protocol::{ErrorCode, Reviewer, UserError};
use clap::Parser;
use serde::Serialize;

use crate::{
    args::{Cli, Global, Output},
    console::{Console, Form, Loudness},
    exit::{Exit, Failure},
    paint::Style,
    render::words::value,
};

fn main() -> ExitCode {
    keep_files_private();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(refusal) => return refused(&refusal),
    };
    let form = if cli.global.json { Form::Json } else { Form::People };
    let loudness = match (cli.global.quiet, cli.global.verbose) {
        (true, _) => Loudness::Quiet,
        (false, true) => Loudness::Verbose,
        (false, false) => Loudness::Normal,
    };
    let output = cli.command.output();
    let mut console = Console::of_process(form, loudness);
    let exit = match run(cli, &mut console) {
        Ok(exit) => exit,
        Err(failure) => {
            tell(&mut console, &failure, output);
            match failure {
                // The run was stopped because nobody reads it: it did not come to its end.
                Failure::OutputClosed if output == Output::Events => Exit::Failed,
                failure => failure.exit(),
            }
        }
    };
    ExitCode::from(exit.code())
}

/// Help, the version, or wrong usage; the last one for programs too. What stands there can't be taken for a stream.
fn refused(refusal: &clap::Error) -> ExitCode {
    // Nobody there to read it is no reason to fail otherwise.
    let _ = refusal.print();
    let is_wrong = refusal.exit_code() != 0;
    let is_among = |wanted: &[&str]| std::env::args_os().skip(1).any(|argument| wanted.iter().any(|one| argument == *one));
    if is_wrong && is_among(&["--json"]) && !is_among(&["ask", "chat"]) {
        let text = refusal.to_string();
        let sentence = text.lines().next().unwrap_or_default().trim_start_matches("error: ");
        let error = UserError::new(ErrorCode::InvalidInput, sentence);
        let _ = Console::of_process(Form::Json, Loudness::Normal).json(&Told { error: &error });
    }
    ExitCode::from(u8::try_from(refusal.exit_code()).unwrap_or(Exit::Usage.code()))
}

#[derive(Serialize)]
struct Told<'a> {
    error: &'a UserError,
}

fn run(cli: Cli, console: &mut Console) -> Result<Exit, Failure> {
    let config = config(cli.global)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|e| UserError::new(ErrorCode::Internal, format!("The program could not be started: {e}.")))?;
    let ended = runtime.block_on(commands::run(cli.command, config, console));
    // Whatever still blocks (a read of the terminal) must not keep the process from ending.
    runtime.shutdown_background();
    ended
}

fn config(global: Global) -> Result<Config, Failure> {
    if global.home.as_ref().is_some_and(|home| home.as_os_str().is_empty()) {
        return Err(Failure::usage("--home needs a directory."));
    }
    Ok(Config {
        home: global.home,
        mode: if global.demo { Mode::Demo } else { Mode::Own },
        connection: global.connection,
        client: Reviewer::Terminal,
        environment: Environment::read()?,
    })
}

/// An error on both streams, each in its form. A closed output is nobody's concern.
fn tell(console: &mut Console, failure: &Failure, output: Output) {
    let Failure::Error(error) = failure else { return };
    let sign = console.err.paint.text(Style::Bad, "error:");
    console.say(&format!("{sign} {}", value(&error.message)));
    if console.form == Form::Json && output == Output::Object {
        // The exit code tells the same.
        let _ = console.json(&Told { error });
    }
}

/// Files that this process makes are for the person alone: home 0700, files 0600.
#[cfg(unix)]
fn keep_files_private() {
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
}

#[cfg(not(unix))]
const fn keep_files_private() {}
