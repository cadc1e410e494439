//! Measures the engine on this machine, each figure beside a plain loop in the same run. `cargo xtask bench` builds and starts it.
//! Nothing here fails for being slow: figures are read by people, see docs/performance.md.

mod cpu;
mod deltas;
mod engine;
mod figures;
mod model;
mod outcome;
mod plain;
mod search;
mod signin;
mod start;
mod tap;
mod tokens;
mod turns;
mod window;
mod window_dialog;
mod window_screen;

use std::{path::PathBuf, process::ExitCode};

use figures::Figure;
use outcome::{Outcome, fault};

const USAGE: &str =
    "Usage: bca-bench [--json] [--only turns|deltas|start|search|tokens|signin|window|dialog]... --program BC-AGENT --windows DIRECTORY --cache DIRECTORY";

/// What can be measured, in the order of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Turns,
    Deltas,
    Start,
    Search,
    Tokens,
    SignIn,
    Window,
    /// The last figures of `Window` by themselves.
    Dialog,
}

impl Part {
    const ALL: [(&'static str, Self); 8] = [
        ("turns", Self::Turns),
        ("deltas", Self::Deltas),
        ("start", Self::Start),
        ("search", Self::Search),
        ("tokens", Self::Tokens),
        ("signin", Self::SignIn),
        ("window", Self::Window),
        ("dialog", Self::Dialog),
    ];

    async fn measure(self, options: &Options) -> Outcome<Vec<Figure>> {
        match self {
            Self::Turns => turns::measure().await,
            Self::Deltas => deltas::measure().await,
            Self::Start => start::measure(&options.program).await,
            Self::Search => search::measure(&options.cache).await,
            Self::Tokens => tokens::measure().await,
            Self::SignIn => signin::measure().await,
            Self::Window => window::measure(&options.windows).await,
            Self::Dialog => window_dialog::measure(&options.windows).await,
        }
    }
}

/// How the figures are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Table,
    Json,
}

struct Options {
    form: Form,
    only: Vec<Part>,
    /// The `bc-agent` whose start is measured.
    program: PathBuf,
    /// The window, and the bare one beside it.
    windows: window::Programs,
    /// Where what takes long to make is kept.
    cache: PathBuf,
}

fn options(mut arguments: impl Iterator<Item = String>) -> Outcome<Options> {
    let (mut form, mut only, mut program, mut windows, mut cache) = (Form::Table, Vec::new(), None, None, None);
    while let Some(argument) = arguments.next() {
        match (argument.as_str(), if argument == "--json" { None } else { arguments.next() }) {
            ("--json", _) => form = Form::Json,
            ("--only", Some(name)) => match Part::ALL.iter().find(|(part, _)| *part == name) {
                Some((_, part)) => only.push(*part),
                None => return fault(format!("There is nothing called `{name}` to measure. {USAGE}")),
            },
            ("--program", Some(path)) => program = Some(PathBuf::from(path)),
            ("--windows", Some(path)) => windows = Some(PathBuf::from(path)),
            ("--cache", Some(path)) => cache = Some(PathBuf::from(path)),
            _ => return fault(USAGE),
        }
    }
    match (program, windows, cache) {
        (Some(program), Some(windows), Some(cache)) => {
            let built = |name: &str| windows.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
            let windows = window::Programs { app: built("bc-agent-desktop"), bare: built("examples/bare_window") };
            Ok(Options { form, only, program, windows, cache })
        }
        _ => fault(USAGE),
    }
}

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1).peekable();
    let ended = match arguments.peek().map(String::as_str) {
        // What `start` compares with: this program as a plain one.
        Some("plain") => runtime().and_then(|runtime| runtime.block_on(start::plain_once(&arguments.nth(1).unwrap_or_default()))),
        _ => options(arguments).and_then(|options| runtime()?.block_on(measure(&options))),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// The same kind as that of `bc-agent`.
fn runtime() -> Outcome<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}

async fn measure(options: &Options) -> Outcome {
    let mut figures = Vec::new();
    for (name, part) in Part::ALL {
        // The dialog's figures are among the window's.
        if options.only.is_empty() && part != Part::Dialog || options.only.contains(&part) {
            eprintln!("{name} ...");
            figures.extend(part.measure(options).await?);
        }
    }
    match options.form {
        Form::Table => print!("{}", figures::table(&figures)),
        Form::Json => println!("{}", serde_json::to_string_pretty(&figures)?),
    }
    Ok(())
}
