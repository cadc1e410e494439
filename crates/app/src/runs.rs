//! Sending a message: from what a person wrote to a run under way.

use std::sync::Arc;

use bca_agent::{Engine, Limits, ModelProvider, Run, RunRequest, ToolCall, ToolContext, ToolExecutor, prompt};
use bca_approval::{ApprovalGate, Limits as GateLimits};
use bca_protocol::{
    CallId, Connection, Effect, ErrorCode, ErrorEntry, EventSink, RawJson, RunId, SessionId, SessionSummary, StartedRun, StopReason, ToolCallStatus, ToolView,
    UserError,
};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use crate::{App, Key, models::NoModel, permissions::HomeRules, workbench::Workbench};

/// Longest message, in bytes.
const MAX_MESSAGE: usize = 1024 * 1024;

/// A run that was started.
pub struct ActiveRun {
    /// Its ids.
    pub started: StartedRun,
    /// Tells how it ended.
    pub done: oneshot::Receiver<StopReason>,
}

/// What a tool answered that was called without a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolCallResult {
    /// How the call ended.
    pub status: ToolCallStatus,
    /// The whole result.
    pub output: RawJson,
}

impl App {
    /// Sends a message. The run goes on by itself; its events go to the sink.
    ///
    /// # Errors
    /// Before any event: nothing to send or too much, no key for the model, no such session, a session that is busy. Each is in the error log.
    pub async fn send(&self, session: Option<SessionId>, text: String, sink: Arc<dyn EventSink>) -> Result<ActiveRun, UserError> {
        let started = self.start_run(session, text, sink).await;
        if let Err(fault) = &started {
            self.log_fault(fault, session).await;
        }
        started
    }

    async fn start_run(&self, session: Option<SessionId>, text: String, sink: Arc<dyn EventSink>) -> Result<ActiveRun, UserError> {
        check_message(&text)?;
        let provider = self.provider().await?;
        let pinned = match session {
            Some(id) => self.summary(id).await?.connection,
            None => None,
        };
        let bench = self.workbench(pinned.as_deref()).await?;
        self.audit_key_ready().await;
        self.may_send_data().await?;
        let concurrent_runs = self.may_run(bench.connection.as_ref()).await?;
        let session_id = session.unwrap_or_default();
        let mut engine = self.engine(provider, &bench);
        engine.limits.concurrent_runs = concurrent_runs;
        let engine = Arc::new(engine);
        let request = RunRequest {
            run_id: RunId::new(),
            session_id,
            text,
            model: self.model(),
            thinking: self.thinking(),
            system: self.system(bench.connection.as_ref()).await,
            connection: bench.connection.clone(),
        };
        let run_id = request.run_id;
        let (channel, cancel) = self.inner.hub.open(run_id, session_id, sink);
        let run = match Run::begin(engine, request, channel, cancel).await {
            Ok(run) => run,
            Err(fault) => {
                self.inner.hub.close(run_id);
                return Err(fault);
            }
        };
        let (tell, done) = oneshot::channel();
        let app = self.clone();
        tokio::spawn(async move {
            let stop = run.drive().instrument(tracing::info_span!("run", %run_id, %session_id)).await;
            app.inner.hub.close(run_id);
            app.settle_after(run_id).await;
            // Nobody may be listening for the end any more.
            let _ = tell.send(stop);
        });
        Ok(ActiveRun { started: StartedRun { session_id, run_id }, done })
    }

    async fn summary(&self, id: SessionId) -> Result<SessionSummary, UserError> {
        let found = self.inner.db.session(id).await?;
        found.ok_or_else(|| UserError::new(ErrorCode::NotFound, "There is no such conversation. It may have been deleted."))
    }

    pub(crate) fn engine(&self, provider: Arc<dyn ModelProvider>, bench: &Workbench) -> Engine {
        let settings = self.settings_now();
        let limits = Limits {
            max_turns: u32::try_from(settings.number(Key::MaxTurns)).unwrap_or(u32::MAX),
            max_tokens: u32::try_from(settings.number(Key::MaxTokens)).unwrap_or(u32::MAX),
            ..Limits::default()
        };
        let tools: Arc<dyn ToolExecutor> = self.permitted(Arc::clone(&bench.tools) as _, bench.connection.as_ref());
        Engine {
            provider,
            tools,
            transcript: Arc::new(self.inner.db.clone()),
            gate: Arc::new(self.gate().rehearsing(self.rehearsal(bench))),
            intents: Arc::new(self.inner.db.clone()),
            clock: Arc::clone(&self.inner.clock),
            limits,
        }
    }

    pub(crate) fn gate(&self) -> ApprovalGate {
        let settings = self.settings_now();
        let limits = GateLimits { expires_after: std::time::Duration::from_secs(settings.number(Key::ApprovalTimeout)), ..GateLimits::default() };
        ApprovalGate::new(Arc::new(self.inner.db.clone()), Arc::clone(&self.inner.clock), limits, HomeRules(self.clone()))
    }

    async fn system(&self, connection: Option<&Connection>) -> Arc<str> {
        let today = self.inner.clock.now().to_zoned(time_zone()).date();
        let role = self.role_sentence(connection).await;
        prompt::system(&prompt::Facts { connection, today, role })
    }

    /// Asks a run to stop. `false` where it isn't under way here.
    #[must_use]
    pub fn cancel(&self, run: RunId) -> bool {
        self.inner.hub.cancel(run)
    }

    /// Sends a run's events after `after_seq` and from now on to another listener. `false` where it isn't under way here.
    #[must_use]
    pub fn watch(&self, run: RunId, after_seq: u64, sink: Arc<dyn EventSink>) -> bool {
        self.inner.hub.watch(run, after_seq, sink)
    }

    /// Runs under way in this process.
    #[must_use]
    pub fn running(&self) -> Vec<(RunId, SessionId)> {
        self.inner.hub.running()
    }

    /// The tools that the agent has.
    pub async fn tools(&self) -> Result<Vec<ToolView>, UserError> {
        // Descriptions need no connection, and one that can't be used must not hide them.
        let bench = match self.workbench(None).await {
            Ok(bench) => bench,
            Err(_) => self.offline_bench().await?,
        };
        let view = |spec: bca_agent::ToolSpec| {
            let effect = bca_mcp::Toolset::usual_effect(&spec.name).unwrap_or(Effect::Read);
            ToolView { name: spec.name, description: spec.description, effect, input_schema: spec.input_schema }
        };
        Ok(bench.tools.specs().into_iter().chain([bca_agent::todos::spec()]).map(view).collect())
    }

    /// Calls one tool without a model. A read answers; a write goes through the same orchestrator and gate as the agent's, in a
    /// session of its own.
    pub async fn call_tool(&self, name: &str, input: RawJson, sink: Arc<dyn EventSink>) -> Result<ToolCallResult, UserError> {
        let bench = self.workbench(None).await?;
        let call = ToolCall { call_id: CallId::fresh(), tool: name.to_owned(), input };
        let effect = bench.tools.effect(&call).ok_or_else(|| {
            let names: Vec<String> = bench.tools.specs().into_iter().map(|spec| spec.name).collect();
            UserError::new(ErrorCode::NotFound, format!("There is no tool `{name}`. The tools are: {}.", names.join(", ")))
        })?;
        if effect == Effect::Read {
            let context =
                ToolContext { session_id: SessionId::new(), run_id: RunId::new(), cancel: CancellationToken::new(), earlier: Vec::new(), counted: None };
            let tools = self.permitted(Arc::clone(&bench.tools) as _, bench.connection.as_ref());
            let output = tools.read(&call, &context).await;
            return Ok(ToolCallResult { status: output.status, output: output.output });
        }
        let session_id = SessionId::new();
        let request = RunRequest {
            run_id: RunId::new(),
            session_id,
            text: format!("{name} {}", call.input.as_str()),
            model: "none".into(),
            thinking: bca_agent::Thinking::Off,
            system: "".into(),
            connection: bench.connection.clone(),
        };
        let run_id = request.run_id;
        let engine = Arc::new(self.engine(Arc::new(NoModel), &bench));
        let (channel, cancel) = self.inner.hub.open(run_id, session_id, sink);
        let ended = match Run::begin(engine, request, channel, cancel).await {
            Ok(run) => run.call(call).instrument(tracing::info_span!("run", %run_id, %session_id)).await,
            Err(fault) => Err(fault),
        };
        self.inner.hub.close(run_id);
        ended.map(|(status, output)| ToolCallResult { status, output })
    }

    /// A fault that was told before a run existed.
    pub(crate) async fn log_fault(&self, fault: &UserError, session_id: Option<SessionId>) {
        let entry = ErrorEntry {
            at: self.inner.clock.now(),
            code: fault.code,
            message: fault.message.clone(),
            detail: String::new(),
            session_id,
            run_id: None,
            correlation_id: None,
        };
        if let Err(unwritten) = bca_agent::Transcript::error(&self.inner.db, &entry).await {
            tracing::error!(%unwritten, "an error could not be stored");
        }
    }
}

/// The time zone of this computer. It is read from the system's own file: finding its name walks through all zones there are,
/// which takes longer than much else of a start.
fn time_zone() -> jiff::tz::TimeZone {
    let named = std::env::var_os("TZ").is_some();
    let file = if named { None } else { std::fs::read("/etc/localtime").ok() };
    file.and_then(|data| jiff::tz::TimeZone::tzif("local", &data).ok()).unwrap_or_else(jiff::tz::TimeZone::system)
}

fn check_message(text: &str) -> Result<(), UserError> {
    if text.trim().is_empty() {
        return Err(UserError::new(ErrorCode::InvalidInput, "There is nothing to send."));
    }
    if text.len() > MAX_MESSAGE {
        return Err(UserError::new(
            ErrorCode::InvalidInput,
            format!("The message has {} bytes; at most {MAX_MESSAGE} can be sent. Nothing was sent. Shorten it, or send it in parts.", text.len()),
        ));
    }
    Ok(())
}

#[cfg(test)]
#[path = "runs_tests.rs"]
mod tests;
