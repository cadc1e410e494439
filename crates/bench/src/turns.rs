//! What the engine adds to a turn: from the last byte of an answer to the next request, as the model's server sees it.

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};

use crate::{
    engine::{self, Counter},
    figures::{Figure, Goal, Unit, percentile},
    model::{Reply, ScriptedModel, Seen},
    outcome::{Outcome, fault},
    plain::{self, Fixed},
};

const PART: &str = "Overhead per turn (last byte of an answer to next request sent; 50 turns, history in SQLite)";
const TURNS: usize = 50;
/// Each loop runs so often, in turns, so that both meet the same machine.
const ROUNDS: usize = 9;
const MESSAGE: &str = "Which payment terms are there?";

/// Measures with a tool that reads the embedded catalogue, and with the plan alone: neither asks Business Central.
pub async fn measure() -> Outcome<Vec<Figure>> {
    let plan = json!({"todos": [
        {"content": "Look up the payment terms", "status": "completed", "priority": "medium"},
        {"content": "Compare them", "status": "in_progress", "priority": "medium"},
    ]});
    let mut figures = with_tool("bc_get_schema", &json!({"entity": "paymentTerms"})).await?;
    figures.extend(with_tool("todo_write", &plan).await?);
    Ok(figures)
}

async fn with_tool(tool: &str, input: &Value) -> Outcome<Vec<Figure>> {
    let mut replies: Vec<Reply> = (0..TURNS).map(|number| Reply::tool_call(number, tool, input)).collect();
    replies.push(Reply::text(["Done."], 1));
    let model = ScriptedModel::serve(replies)?;
    let home = tempfile::tempdir()?;
    let app = engine::start(home.path(), &engine::model_variables(model.url())).await?;
    engine::send(&app, None, MESSAGE, Arc::new(Counter::default())).await?;
    let fixed = Arc::new(fixed(&model.take_seen())?);
    let client = reqwest::Client::builder().no_proxy().tcp_nodelay(true).build()?;
    let (mut ours, mut plain) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        model.rewind();
        plain::run(&client, model.url(), &fixed, MESSAGE, |_| {}).await?;
        plain.extend(gaps(&model.take_seen())?);
        model.rewind();
        engine::send(&app, None, MESSAGE, Arc::new(Counter::default())).await?;
        ours.extend(gaps(&model.take_seen())?);
    }
    app.stop().await;
    let median = Figure::new(PART, format!("{tool}, median"), percentile(&mut ours, 50), Unit::Micros);
    let late = Figure::new(PART, format!("{tool}, 95th percentile"), percentile(&mut ours, 95), Unit::Micros);
    Ok(vec![median.beside(percentile(&mut plain, 50)).goal(Goal::TimesPlain(3.0)), late.beside(percentile(&mut plain, 95))])
}

/// In microseconds.
fn gaps(seen: &[Seen]) -> Outcome<Vec<f64>> {
    let gaps: Vec<f64> = seen.iter().filter_map(|request| request.since_reply).map(|gap| gap.as_secs_f64() * 1e6).collect();
    if gaps.len() == TURNS { Ok(gaps) } else { fault(format!("{} turns were made instead of {TURNS}", gaps.len())) }
}

/// What the engine's own requests carry, for the plain loop to carry the same.
fn fixed(seen: &[Seen]) -> Outcome<Fixed> {
    let Some(last) = seen.last() else { return fault("the engine sent nothing") };
    let body: Value = serde_json::from_slice(&last.body)?;
    let result = body["messages"].as_array().and_then(|messages| messages.last()).map(|message| &message["content"][0]);
    match result {
        Some(result) if result["is_error"].is_null() => {
            Ok(Fixed { system: body["system"].clone(), tools: body["tools"].clone(), tool_result: result["content"].as_str().unwrap_or_default().to_owned() })
        }
        other => fault(format!("the tool did not answer: {other:?}")),
    }
}

/// In milliseconds.
pub fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
