//! From the start of `bc-agent ask` to its first request at the model.

use std::{
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
    time::Instant,
};

use bca_app::demo::{self, ServeOptions};

use crate::{
    engine,
    figures::{Figure, Goal, Unit, percentile},
    model::{Reply, ScriptedModel},
    outcome::{Outcome, fault},
    plain::{self, Fixed},
    turns::millis,
};

const PART: &str = "Start of `bc-agent ask` to first request at the model";
const ROUNDS: usize = 25;
const GOAL: Goal = Goal::AtMost(12.0);

/// Starts `program` again and again, on new homes and on one that exists, without a connection and with one that the environment describes.
pub async fn measure(program: &Path) -> Outcome<Vec<Figure>> {
    let model = ScriptedModel::serve(vec![Reply::text(["Hello."], 1)])?;
    let company = demo::serve(ServeOptions::default()).await?;
    let addresses = company.addresses();
    let alone = engine::model_variables(model.url());
    let mut connected = alone.clone();
    connected.extend([
        ("BC_AGENT_BC_URL", addresses.bc_url.clone()),
        ("BC_AGENT_BC_TOKEN", addresses.bc_token.clone()),
        ("BC_AGENT_COMPANY", addresses.company_id.clone()),
    ]);
    let mut figures = Vec::new();
    for (name, variables) in [("no connection", &alone), ("connection from the environment", &connected)] {
        let (mut fresh, mut existing, mut plain) = (Vec::new(), Vec::new(), Vec::new());
        let kept = tempfile::tempdir()?;
        first_request(&model, ask(program, &kept.path().join("home"), variables))?;
        for _ in 0..ROUNDS {
            plain.push(first_request(&model, plain_program(model.url())?)?);
            existing.push(first_request(&model, ask(program, &kept.path().join("home"), variables))?);
            let new = tempfile::tempdir()?;
            fresh.push(first_request(&model, ask(program, &new.path().join("home"), variables))?);
        }
        let base = percentile(&mut plain, 50);
        for (home, mut times) in [("existing home", existing), ("new home", fresh)] {
            figures.push(Figure::new(PART, format!("{home}, {name}, median"), percentile(&mut times, 50), Unit::Millis).beside(base).goal(GOAL));
        }
    }
    company.stop().await;
    Ok(figures)
}

fn ask(program: &Path, home: &Path, variables: &[(&str, String)]) -> Command {
    let mut command = Command::new(program);
    command.arg("--home").arg(home).args(["ask", "Hello"]);
    command.env_clear().envs(variables.iter().map(|(name, value)| (name, value)));
    command
}

fn plain_program(url: &str) -> Outcome<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["plain", url]).env_clear();
    Ok(command)
}

/// In milliseconds.
fn first_request(model: &ScriptedModel, mut command: Command) -> Outcome<f64> {
    model.rewind();
    let started = Instant::now();
    let output = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).output()?;
    match model.take_seen().first() {
        Some(request) if output.status.success() => Ok(millis(request.at.duration_since(started))),
        _ => fault(format!("{command:?} failed: {}", String::from_utf8_lossy(&output.stderr))),
    }
}

/// The plain program: one message, one answer.
pub async fn plain_once(url: &str) -> Outcome {
    let client = reqwest::Client::builder().no_proxy().tcp_nodelay(true).tls_certs_only([]).build()?;
    let fixed = Arc::new(Fixed { system: serde_json::json!([]), tools: serde_json::json!([]), tool_result: String::new() });
    plain::run(&client, url, &fixed, "Hello", |text| print!("{text}")).await
}
