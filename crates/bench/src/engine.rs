//! The engine as a front end drives it: the whole of `bca-app`, on a home in a temporary directory.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use bca_app::{App, Config, Environment, Key, Mode};
use bca_protocol::{AgentEvent, EventKind, EventSink, Reviewer, SessionId, StopReason};

use crate::outcome::{Outcome, fault};

/// Turns that a run may have here; fifty and the last one must fit.
const MAX_TURNS: &str = "100";

/// Starts the engine on this home, with these variables as its environment.
pub async fn start(home: &Path, variables: &[(&str, String)]) -> Outcome<App> {
    let lookup = |name: &str| variables.iter().find(|(n, _)| *n == name).map(|(_, value)| value.into());
    let environment = Environment::from(lookup)?;
    let app = App::start(Config { home: Some(home.to_owned()), mode: Mode::Own, connection: None, client: Reviewer::Automation, environment }).await?;
    app.set_setting(Key::MaxTurns, Some(MAX_TURNS)).await?;
    Ok(app)
}

/// What the engine needs to reach a model.
pub fn model_variables(url: &str) -> Vec<(&'static str, String)> {
    vec![("ANTHROPIC_BASE_URL", url.to_owned()), ("ANTHROPIC_API_KEY", "bench".to_owned())]
}

/// Takes events as a front end would, and counts the bytes of text.
#[derive(Default)]
pub struct Counter {
    text: AtomicUsize,
}

impl Counter {
    /// Bytes of text so far.
    pub fn text(&self) -> usize {
        self.text.load(Ordering::Relaxed)
    }
}

impl EventSink for Counter {
    fn emit(&self, event: AgentEvent) {
        if let EventKind::TextDelta { text } = event.kind {
            self.text.fetch_add(text.len(), Ordering::Relaxed);
        }
    }
}

/// Sends a message and waits until the run has ended well.
pub async fn send(app: &App, session: Option<SessionId>, text: &str, sink: Arc<dyn EventSink>) -> Outcome<SessionId> {
    let run = app.send(session, text.to_owned(), sink).await?;
    match run.done.await? {
        StopReason::EndTurn => Ok(run.started.session_id),
        other => fault(format!("a run ended with {other:?}")),
    }
}
