//! CPU that streaming takes: from the bytes of an answer through provider, agent and hub to a front end's sink.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use serde_json::Value;

use crate::{
    cpu,
    engine::{self, Counter},
    figures::{Figure, Goal, Unit, percentile},
    model::{Reply, ScriptedModel},
    outcome::{Outcome, fault},
    plain::{self, Fixed},
};

const PART: &str = "CPU per 1,000 text deltas (all threads but the model server's)";
const DELTAS: usize = 20_000;
const ROUNDS: usize = 7;
/// About what a token is, with the characters that need care in JSON.
const WORDS: [&str; 8] = [" Northwind", " owes", " 1,250.00", " kr", " since", " \"May\"", ",\n", " in Bærum"];

/// Measures with deltas that come many at once, as over a fast line, and one by one, where waking up costs most.
pub async fn measure() -> Outcome<Vec<Figure>> {
    let mut figures = Vec::new();
    for (what, per_piece) in [("100 deltas in one piece", 100), ("each delta by itself", 1)] {
        figures.push(arriving(what, per_piece).await?);
    }
    Ok(figures)
}

async fn arriving(what: &str, per_piece: usize) -> Outcome<Figure> {
    let deltas = || WORDS.iter().copied().cycle().take(DELTAS);
    let expected: usize = deltas().map(str::len).sum();
    let model = ScriptedModel::serve(vec![Reply::text(deltas(), per_piece)])?;
    let home = tempfile::tempdir()?;
    let app = engine::start(home.path(), &engine::model_variables(model.url())).await?;
    let client = reqwest::Client::builder().no_proxy().tcp_nodelay(true).build()?;
    let fixed = Arc::new(Fixed { system: Value::Array(Vec::new()), tools: Value::Array(Vec::new()), tool_result: String::new() });
    let (mut ours, mut plain) = (Vec::new(), Vec::new());
    // The first round warms both up and does not count.
    for round in 0..=ROUNDS {
        let before = Spent::so_far(&model);
        let bytes = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&bytes);
        plain::run(&client, model.url(), &fixed, "Who owes us?", move |text| {
            count.fetch_add(text.len(), Ordering::Relaxed);
        })
        .await?;
        let bytes = bytes.load(Ordering::Relaxed);
        let between = Spent::so_far(&model);
        let counter = Arc::new(Counter::default());
        engine::send(&app, None, "Who owes us?", Arc::clone(&counter) as _).await?;
        let after = Spent::so_far(&model);
        if bytes != expected || counter.text() != expected {
            return fault(format!("{bytes} and {} bytes of text came instead of {expected}", counter.text()));
        }
        if round > 0 {
            plain.push(between.since(&before));
            ours.push(after.since(&between));
        }
    }
    app.stop().await;
    Ok(Figure::new(PART, what, percentile(&mut ours, 50), Unit::Micros).beside(percentile(&mut plain, 50)).goal(Goal::TimesPlain(2.0)))
}

/// CPU of this process without that of the scripted model's threads, in seconds.
struct Spent(f64);

impl Spent {
    fn so_far(model: &ScriptedModel) -> Self {
        Self(cpu::process().as_secs_f64() - model.cpu().as_secs_f64())
    }

    /// Microseconds for 1,000 deltas.
    #[allow(clippy::cast_precision_loss, reason = "a count of some thousands")]
    fn since(&self, before: &Self) -> f64 {
        (self.0 - before.0) * 1e6 / (DELTAS as f64 / 1_000.0)
    }
}
