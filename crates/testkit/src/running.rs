use std::{path::Path, sync::Arc};

use bca_app::{ActiveRun, App, Config, Environment, Mode};
use bca_protocol::{ApprovalRequest, Clock, Decision, ReviewDecision, ReviewVerdict, Reviewer, SessionId, StopReason, SystemClock, UserError};
use tempfile::TempDir;

use crate::{BC_TOKEN, Books, Events, ScriptedModel};

/// The model's key; tests look for it where it must not be.
pub const MODEL_KEY: &str = "sk-canary-91bd3f6c2e";

/// A home in a temporary directory.
pub struct Home(TempDir);

impl Home {
    /// A new one.
    #[must_use]
    pub fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// The app on this home, on the demo company and model.
    pub async fn demo(&self) -> RunningApp {
        self.start(Mode::Demo, &[]).await
    }

    /// The app on this home, with a company and a model of the test's own.
    pub async fn own(&self, books: &Books, model: &ScriptedModel) -> RunningApp {
        self.own_at(&books.url(), &books.company(), model).await
    }

    /// The same, with Business Central at this address.
    pub async fn own_at(&self, url: &str, company: &str, model: &ScriptedModel) -> RunningApp {
        self.start(Mode::Own, &own(url, company, model)).await
    }

    /// The same as [`Home::own`], by these clocks.
    pub async fn own_by(&self, clock: Arc<dyn Clock>, books: &Books, model: &ScriptedModel) -> RunningApp {
        self.own_at_by(clock, &books.url(), &books.company(), model).await
    }

    /// The same as [`Home::own_at`], by these clocks.
    pub async fn own_at_by(&self, clock: Arc<dyn Clock>, url: &str, company: &str, model: &ScriptedModel) -> RunningApp {
        self.start_by(clock, Mode::Own, &own(url, company, model)).await
    }

    /// The app on this home with these environment variables.
    pub async fn start(&self, mode: Mode, variables: &[(&str, &str)]) -> RunningApp {
        self.start_by(Arc::new(SystemClock::new()), mode, variables).await
    }

    async fn start_by(&self, clock: Arc<dyn Clock>, mode: Mode, variables: &[(&str, &str)]) -> RunningApp {
        let lookup = |name: &str| variables.iter().find(|(n, _)| *n == name).map(|(_, value)| value.into());
        let environment = Environment::from(lookup).unwrap();
        let config = Config { home: Some(self.path().to_owned()), mode, connection: None, client: Reviewer::Window, environment };
        RunningApp { app: App::start_by(config, clock).await.unwrap() }
    }
}

/// The environment of an app on a company and a model of the test's own.
fn own<'a>(url: &'a str, company: &'a str, model: &'a ScriptedModel) -> [(&'static str, &'a str); 5] {
    [
        ("ANTHROPIC_BASE_URL", model.url()),
        ("ANTHROPIC_API_KEY", MODEL_KEY),
        ("BC_AGENT_BC_URL", url),
        ("BC_AGENT_COMPANY", company),
        ("BC_AGENT_BC_TOKEN", BC_TOKEN),
    ]
}

impl Default for Home {
    fn default() -> Self {
        Self::new()
    }
}

/// An app that runs.
pub struct RunningApp {
    /// The app.
    pub app: App,
}

impl RunningApp {
    /// Sends a message.
    pub async fn send(&self, session: Option<SessionId>, text: &str) -> (ActiveRun, Arc<Events>) {
        let events = Events::new();
        let run = self.app.send(session, text.to_owned(), events.clone()).await.unwrap();
        (run, events)
    }

    /// Answers a question.
    pub async fn answer(&self, question: &ApprovalRequest, verdict: ReviewVerdict) -> Result<Decision, UserError> {
        let decision = ReviewDecision { approval_id: question.approval_id, digest: question.digest, verdict, typed: question.typed.clone() };
        self.app.answer(decision, Reviewer::Window).await
    }

    /// Sends a message and waits for the end; nobody answers a question.
    pub async fn ask(&self, session: Option<SessionId>, text: &str) -> (StopReason, Arc<Events>, SessionId) {
        let (run, events) = self.send(session, text).await;
        (run.done.await.unwrap(), events, run.started.session_id)
    }

    /// Sends a message, answers its first question, and waits for the end.
    pub async fn send_and_answer(&self, text: &str, verdict: ReviewVerdict) -> (StopReason, Arc<Events>) {
        let (run, events) = self.send(None, text).await;
        let question = events.question().await;
        self.answer(&question, verdict).await.unwrap();
        (run.done.await.unwrap(), events)
    }
}
