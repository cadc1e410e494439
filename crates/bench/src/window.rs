//! The real window against a bare one of Tauri: start and memory, on a screen and a session bus of their own.
//!
//! Nobody drives the windows: each is started as a person starts it and says itself when its second frame was drawn, the app in its
//! log (`page_drawn`), the bare one on its standard output. So released programs can be measured.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    time::{Duration, Instant},
};

use bca_protocol::{Clock as _, SessionId, SystemClock};
use serde_json::Value;

use crate::{
    engine::{self, Counter},
    figures::{Figure, Goal, Unit, percentile},
    model::{Reply, ScriptedModel},
    outcome::{Outcome, fault},
    window_dialog,
    window_screen::{Owned, Screen, memory_below},
};

const PART: &str = "Window beside a bare window of Tauri";
const ROUNDS: usize = 15;
const FULL_ROUNDS: usize = 5;
const MESSAGES: usize = 1_000;
/// How long something that must come is waited for.
pub const PATIENCE: Duration = Duration::from_secs(30);
/// Until memory has come to rest.
const REST: Duration = Duration::from_secs(3);

/// The programs that are compared.
pub struct Programs {
    /// `bc-agent-desktop`
    pub app: PathBuf,
    /// `bare_window`
    pub bare: PathBuf,
}

/// What one opened window came to.
#[derive(Default)]
struct Windows {
    /// Milliseconds from the start of the program to the second frame.
    starts: Vec<f64>,
    /// MiB, at rest.
    memory: Vec<f64>,
}

/// Measures in turns, so that all meet the same machine.
pub async fn measure(programs: &Programs) -> Outcome<Vec<Figure>> {
    let screen = Screen::start()?;
    let model = ScriptedModel::serve(vec![Reply::text(["Three customers owe more than 50,000."], 1)])?;
    let empty = tempfile::tempdir()?;
    let full = tempfile::tempdir()?;
    let link = format!("bcagent://session/{}", filled(full.path(), &model).await?);
    let (mut bare, mut ours, mut ours_full) = (Windows::default(), Windows::default(), Windows::default());
    for round in 0..=ROUNDS {
        open_bare(&screen, &programs.bare, &mut bare).await?;
        open_app(&screen, programs, empty.path(), &[], &model, &mut ours).await?;
        if round < FULL_ROUNDS {
            open_app(&screen, programs, full.path(), &[&link], &model, &mut ours_full).await?;
        }
        if round == 0 {
            // The first windows fill the caches of disk and fonts.
            (bare, ours, ours_full) = Default::default();
        }
    }
    let (start, bare_start) = (percentile(&mut ours.starts, 50), percentile(&mut bare.starts, 50));
    let (idle, bare_idle) = (percentile(&mut ours.memory, 50), percentile(&mut bare.memory, 50));
    let mut figures = vec![
        Figure::new(PART, "start to second animation frame, median", start, Unit::Millis).beside(bare_start).goal(Goal::AtMost(bare_start + 50.0)),
        Figure::new(PART, "memory of all processes (PSS), idle, median", idle, Unit::Mebibytes).beside(bare_idle).goal(Goal::TimesPlain(1.1)),
        Figure::new(PART, "memory showing a conversation of 1,000 messages", percentile(&mut ours_full.memory, 50), Unit::Mebibytes).beside(bare_idle),
    ];
    figures.extend(window_dialog::measure(programs).await?);
    Ok(figures)
}

/// A home with one long conversation in it.
async fn filled(home: &Path, model: &ScriptedModel) -> Outcome<SessionId> {
    let app = engine::start(home, &engine::model_variables(model.url())).await?;
    let mut session = None;
    for _ in 0..MESSAGES / 2 {
        session = Some(engine::send(&app, session, "Which customers owe us more than 50,000?", Arc::new(Counter::default())).await?);
    }
    app.stop().await;
    session.map_or_else(|| fault("There is no conversation."), Ok)
}

async fn open_bare(screen: &Screen, program: &Path, into: &mut Windows) -> Outcome {
    let folder = tempfile::tempdir()?;
    let said = folder.path().join("said");
    let mut command = screen.command(program, folder.path());
    command.stdout(fs::File::create(&said)?);
    observe(command, into, || Ok(fs::read_to_string(&said)?.lines().find_map(|line| line.trim().parse().ok()))).await
}

async fn open_app(screen: &Screen, programs: &Programs, home: &Path, arguments: &[&str], model: &ScriptedModel, into: &mut Windows) -> Outcome {
    let folder = tempfile::tempdir()?;
    let mut command = screen.command(&programs.app, folder.path());
    command.arg("--home").arg(home).args(arguments).env("BC_AGENT_LOG", "info").envs(engine::model_variables(model.url()));
    let drawn = || in_log(home, "the page is drawn", "at_ms");
    let earlier = drawn()?.len();
    observe(command, into, || Ok(drawn()?.get(earlier).copied())).await
}

/// Starts a window, waits for its second frame, lets memory come to rest, notes both, and ends it.
async fn observe(mut command: Command, into: &mut Windows, drawn: impl Fn() -> Outcome<Option<f64>>) -> Outcome {
    let started = SystemClock::new().now().as_microsecond() as f64 / 1000.0;
    let window = Owned(command.spawn().map_err(|error| format!("{} could not start: {error}.", command.get_program().display()))?);
    let since = Instant::now();
    let drawn = loop {
        if let Some(at) = drawn()? {
            break at;
        }
        if since.elapsed() > PATIENCE {
            return fault("The window did not come.");
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    tokio::time::sleep(REST).await;
    into.starts.push(drawn - started);
    into.memory.push(memory_below(window.0.id())?);
    end(window)
}

/// Asks the program to end, so that it leaves its home in order.
pub fn end(mut window: Owned) -> Outcome {
    if let Ok(pid) = i32::try_from(window.0.id())
        && let Some(pid) = rustix::process::Pid::from_raw(pid)
    {
        rustix::process::kill_process(pid, rustix::process::Signal::TERM)?;
        window.0.wait()?;
    }
    Ok(())
}

/// What every line of the home's log that says `what` has in `field`, a number.
pub fn in_log(home: &Path, what: &str, field: &str) -> Outcome<Vec<f64>> {
    let mut found = Vec::new();
    let Ok(logs) = fs::read_dir(home.join("logs")) else { return Ok(found) };
    let mut files: Vec<PathBuf> = logs.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    files.sort();
    for file in files {
        let text = fs::read_to_string(file)?;
        let lines = text.lines().filter(|line| line.contains(what)).filter_map(|line| serde_json::from_str::<Value>(line).ok());
        found.extend(lines.filter_map(|line| line["fields"][field].as_f64()));
    }
    Ok(found)
}
