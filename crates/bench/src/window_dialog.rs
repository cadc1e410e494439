//! From the event of a question to its dialog on the screen, in the real window.
//!
//! A person's keys come from the X server (xdotool): one message, and then a no to each question. When the engine put the question and when
//! the second frame with its dialog was drawn is said by the page, for the log (`dialog_drawn`).

use std::{
    path::Path,
    time::{Duration, Instant},
};

use bca_app::demo::{self, ServeOptions};
use serde_json::json;

use crate::{
    engine,
    figures::{Figure, Goal, Unit, percentile},
    model::{Reply, ScriptedModel},
    outcome::{Outcome, fault},
    window::{PATIENCE, Programs, end, in_log},
    window_screen::{Owned, Screen},
};

const PART: &str = "Question in the real window";
/// Questions in one window.
const QUESTIONS: usize = 40;
/// The first ones fill caches: fonts, the dialog's styles.
const WARMING: usize = 6;
/// How long the model takes for every other answer; quicker than any real one. The others come at once, while the page still draws what the
/// person's answer to the last question changed.
const THINKS: Duration = Duration::from_millis(300);
const GOAL: Goal = Goal::AtMost(50.0);
/// A dialog takes no answer in its first half second; keys only after that.
const LOOKED_AT: Duration = Duration::from_millis(700);

/// Opens one window, and puts one question after the other in it.
pub async fn measure(programs: &Programs) -> Outcome<Vec<Figure>> {
    let screen = Screen::start()?;
    let _manager = screen.manager()?;
    let company = demo::serve(ServeOptions::default()).await?;
    let create = |n: usize| json!({"entity": "customers", "data": {"displayName": format!("Harbor Lights {n} Ltd"), "city": "Bergen", "creditLimit": 50_000}});
    let mut replies: Vec<Reply> =
        (0..QUESTIONS).map(|n| Reply::tool_call(n, "bc_create_entity", &create(n)).after(if n % 2 == 0 { THINKS } else { Duration::ZERO })).collect();
    replies.push(Reply::text(["None of them was wanted."], 1));
    let model = ScriptedModel::serve(replies)?;
    let addresses = company.addresses();
    let mut variables = engine::model_variables(model.url());
    variables.extend([
        ("BC_AGENT_BC_URL", addresses.bc_url.clone()),
        ("BC_AGENT_BC_TOKEN", addresses.bc_token.clone()),
        ("BC_AGENT_COMPANY", addresses.company_id.clone()),
    ]);
    let (home, folder) = (tempfile::tempdir()?, tempfile::tempdir()?);
    // It also sets how many turns a run may have.
    engine::start(home.path(), &variables).await?.stop().await;
    let mut command = screen.command(&programs.app, folder.path());
    command.arg("--home").arg(home.path()).env("BC_AGENT_LOG", "info").envs(variables);
    let window = Owned(command.spawn().map_err(|error| format!("{} could not start: {error}.", programs.app.display()))?);
    drawn(home.path(), "the page is drawn", 1).await?;
    // The page has its answers a moment later; keys that come too early go nowhere.
    tokio::time::sleep(LOOKED_AT).await;
    screen.activate("BC Agent")?;
    screen.press(&["key", "ctrl+l"])?;
    screen.press(&["type", "Set them up"])?;
    tokio::time::sleep(LOOKED_AT).await;
    screen.press(&["key", "Return"])?;
    for number in 1..=QUESTIONS {
        drawn(home.path(), DIALOG, number).await?;
        tokio::time::sleep(LOOKED_AT).await;
        // The focus is on Reject.
        screen.press(&["key", "Return"])?;
    }
    let (put, shown) = (in_log(home.path(), DIALOG, "asked_ms")?, in_log(home.path(), DIALOG, "at_ms")?);
    end(window)?;
    company.stop().await;
    let took: Vec<f64> = put.iter().zip(&shown).skip(WARMING).map(|(put, shown)| shown - put).collect();
    let every_other = |from: usize| took.iter().skip(from).step_by(2).copied().collect::<Vec<f64>>();
    let (mut thought, mut at_once) = (every_other(0), every_other(1));
    let count = thought.len();
    Ok(vec![
        Figure::new(PART, format!("event to second frame of its dialog, median of {count}"), percentile(&mut thought, 50), Unit::Millis).goal(GOAL),
        Figure::new(PART, "event to second frame of its dialog, 95th percentile", percentile(&mut thought, 95), Unit::Millis),
        Figure::new(PART, "the same at once behind an answer, median", percentile(&mut at_once, 50), Unit::Millis).goal(GOAL),
        Figure::new(PART, "the same at once behind an answer, 95th percentile", percentile(&mut at_once, 95), Unit::Millis),
    ])
}

const DIALOG: &str = "the dialog is drawn";

/// Waits until the log tells of so many.
async fn drawn(home: &Path, what: &str, number: usize) -> Outcome {
    let since = Instant::now();
    while in_log(home, what, "at_ms")?.len() < number {
        if since.elapsed() > PATIENCE {
            return fault(format!("`{what}` was not said {number} times."));
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}
