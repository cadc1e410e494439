//! What requests weigh, from real ones: the engine, the demo company and the demo model, with a tap on the line to the model.

use std::sync::{Arc, Mutex, PoisonError};

use bca_app::{
    App,
    demo::{self, ServeOptions},
};
use bca_protocol::{AgentEvent, EventKind, EventSink, ReviewDecision, ReviewVerdict, Reviewer, StopReason};
use serde_json::Value;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::{
    engine,
    figures::{Figure, Unit},
    outcome::{Outcome, fault},
    tap::Tap,
};

const PART: &str = "Tokens (bytes / 4) of the engine's requests, all turns of a run together";

/// What is asked, and what of.
const ASKED: &[(&str, &str)] = &[
    ("simple query", "How many customers do we have?"),
    ("query over several sets", "Which customers are overdue?"),
    ("write with its check", "Create a customer named Harbor Lights Ltd in Bergen with payment terms 14 days"),
    ("plan", "Onboard Nordic Oak AS in Oslo with payment terms 14 days, contact Anna Berg (anna@oak.example)"),
];

/// Asks in sessions of their own, approves what is proposed, and weighs what went to the model.
pub async fn measure() -> Outcome<Vec<Figure>> {
    let servers = demo::serve(ServeOptions { pace: std::time::Duration::ZERO, ..ServeOptions::default() }).await?;
    let addresses = servers.addresses();
    let tap = Tap::before(&addresses.model_url)?;
    let variables = [
        ("ANTHROPIC_BASE_URL", tap.url().to_owned()),
        ("BC_AGENT_MODEL", "demo".to_owned()),
        ("ANTHROPIC_API_KEY", addresses.model_key.clone()),
        ("BC_AGENT_BC_URL", addresses.bc_url.clone()),
        ("BC_AGENT_BC_TOKEN", addresses.bc_token.clone()),
        ("BC_AGENT_COMPANY", addresses.company_id.clone()),
    ];
    let home = tempfile::tempdir()?;
    let app = engine::start(home.path(), &variables).await?;
    let mut figures = Vec::new();
    for (what, message) in ASKED {
        ask(&app, message).await?;
        let requests = tap.take_requests()?;
        if figures.is_empty() {
            figures.extend(requests.first().map(fixed));
        }
        figures.extend(weigh(what, &requests)?);
    }
    app.stop().await;
    servers.stop().await;
    Ok(figures)
}

async fn ask(app: &App, message: &str) -> Outcome {
    let (events, mut questions) = Questions::new();
    let mut run = app.send(None, message.to_owned(), events).await?;
    let stop = loop {
        tokio::select! {
            stop = &mut run.done => break stop?,
            Some(decision) = questions.recv() => drop(app.answer(decision, Reviewer::Terminal).await?),
        }
    };
    if stop == StopReason::EndTurn { Ok(()) } else { fault(format!("`{message}` ended with {stop:?}")) }
}

/// Approves whatever is proposed.
struct Questions {
    approve: Mutex<UnboundedSender<ReviewDecision>>,
}

impl Questions {
    fn new() -> (Arc<Self>, UnboundedReceiver<ReviewDecision>) {
        let (approve, questions) = unbounded_channel();
        (Arc::new(Self { approve: Mutex::new(approve) }), questions)
    }
}

impl EventSink for Questions {
    fn emit(&self, event: AgentEvent) {
        match event.kind {
            EventKind::ApprovalRequested(request) => {
                let decision = ReviewDecision { approval_id: request.approval_id, digest: request.digest, verdict: ReviewVerdict::Approve, typed: None };
                // The run may have ended already.
                let _ = self.approve.lock().unwrap_or_else(PoisonError::into_inner).send(decision);
            }
            EventKind::Error { message, .. } => eprintln!("{message}"),
            _ => {}
        }
    }
}

/// What stands before every conversation.
fn fixed(body: &Value) -> Figure {
    let bytes = body["system"].to_string().len() + body["tools"].to_string().len();
    Figure::new(PART, "system prompt and tools, in every request", tokens(bytes), Unit::Tokens)
}

fn weigh(what: &str, requests: &[Value]) -> Outcome<[Figure; 2]> {
    let parts: Vec<Vec<String>> = requests.iter().map(parts).collect();
    let sent: usize = parts.iter().flatten().map(String::len).sum();
    let cached: usize = parts.windows(2).map(|pair| shared(&pair[0], &pair[1])).sum();
    if sent == 0 {
        return fault(format!("{what}: nothing went to the model"));
    }
    #[allow(clippy::cast_precision_loss, reason = "some hundred thousand bytes at most")]
    let share = 100.0 * cached as f64 / sent as f64;
    let turns = requests.len();
    let turns = if turns == 1 { "1 request".to_owned() } else { format!("{turns} requests") };
    Ok([
        Figure::new(PART, format!("{what} ({turns})"), tokens(sent), Unit::Tokens),
        Figure::new(PART, format!("{what}, share that the request before has in common"), share, Unit::Percent),
    ])
}

/// A request as a provider caches it: tools, system, then the blocks of the messages, in order. Cache marks move from turn to
/// turn and are no part of what is cached.
fn parts(body: &Value) -> Vec<String> {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let mut parts = list(&body["tools"]);
    parts.extend(list(&body["system"]));
    for message in list(&body["messages"]) {
        parts.extend(list(&message["content"]));
    }
    let unmarked = |mut part: Value| {
        if let Some(members) = part.as_object_mut() {
            members.shift_remove("cache_control");
        }
        part.to_string()
    };
    parts.into_iter().map(unmarked).collect()
}

/// Bytes of the leading parts that are the same in both.
fn shared(before: &[String], after: &[String]) -> usize {
    before.iter().zip(after).take_while(|(before, after)| before == after).map(|(part, _)| part.len()).sum()
}

#[allow(clippy::cast_precision_loss, reason = "some hundred thousand bytes at most")]
fn tokens(bytes: usize) -> f64 {
    bytes as f64 / 4.0
}
