use std::{collections::HashSet, sync::Arc, time::Duration};

use bca_approval::{ApprovalGate, IntentLog};
use bca_protocol::{
    Block, CallId, Clock, Connection, Effect, ErrorCode, ErrorEntry, EventKind, EventSink, MessageId, RawJson, Role, RunId, SessionId, StopReason,
    ToolCallStatus, Usage, UserError,
};
use tokio_util::sync::CancellationToken;

use crate::{
    Message, ModelError, ModelProvider, ModelReply, ModelStop, NewRun, Thinking, ToolCall, ToolExecutor, ToolSpec, Transcript, TurnRecord,
    emitter::Emitter,
    grouping::{OpenSet, as_told},
    todos::Plan,
    turn::TurnEnd,
};

/// Bounds of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Model calls in a run.
    pub max_turns: u32,
    /// Upper bound of one answer, in tokens.
    pub max_tokens: u32,
    /// Bytes of one tool result that the model sees; the store keeps all.
    pub max_result_bytes: usize,
    /// Tool calls of one turn that are carried out; further ones get an error as their result.
    pub max_calls_per_turn: usize,
    /// Reads of one turn under way at once.
    pub concurrent_reads: usize,
    /// Runs of the home under way at once, this one included; `None` for any number.
    pub concurrent_runs: Option<u32>,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_turns: 20, max_tokens: 16_000, max_result_bytes: 256 * 1024, max_calls_per_turn: 512, concurrent_reads: 8, concurrent_runs: None }
    }
}

/// Everything a run works with.
pub struct Engine {
    /// The model.
    pub provider: Arc<dyn ModelProvider>,
    /// The tools.
    pub tools: Arc<dyn ToolExecutor>,
    /// The history.
    pub transcript: Arc<dyn Transcript>,
    /// The one gate.
    pub gate: Arc<ApprovalGate>,
    /// The life of writes.
    pub intents: Arc<dyn IntentLog>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Bounds.
    pub limits: Limits,
}

/// What a person asks, and of whom.
#[derive(Debug, Clone)]
pub struct RunRequest {
    /// The run's id.
    pub run_id: RunId,
    /// The conversation.
    pub session_id: SessionId,
    /// What the person wrote.
    pub text: String,
    /// The model's id.
    pub model: String,
    /// Whether the model may reason first.
    pub thinking: Thinking,
    /// Who the agent is and what it knows ([`crate::prompt::system`]).
    pub system: Arc<str>,
    /// Where reads and writes go.
    pub connection: Option<Connection>,
}

/// A run that is stored and can be driven to its end.
pub struct Run {
    pub(crate) engine: Arc<Engine>,
    pub(crate) request: RunRequest,
    pub(crate) record: NewRun,
    pub(crate) emitter: Emitter,
    pub(crate) cancel: CancellationToken,
    pub(crate) specs: Arc<[ToolSpec]>,
    pub(crate) plan: Plan,
    /// The writes that wait for the rest of their set.
    pub(crate) open: OpenSet,
    message_id: MessageId,
    seen_calls: HashSet<CallId>,
}

impl Run {
    /// Stores the person's message and the run. Nothing is emitted yet.
    ///
    /// # Errors
    /// [`ErrorCode::Conflict`] while another run of the session, or as many as may be, are under way; [`ErrorCode::Store`].
    pub async fn begin(engine: Arc<Engine>, request: RunRequest, sink: Arc<dyn EventSink>, cancel: CancellationToken) -> Result<Self, UserError> {
        let record = NewRun {
            run_id: request.run_id,
            session_id: request.session_id,
            provider: engine.provider.name().to_owned(),
            model: request.model.clone(),
            connection: request.connection.clone(),
            concurrent_runs: engine.limits.concurrent_runs,
            message: Message::new(Role::User, vec![Block::Text { text: request.text.clone() }]),
            at: engine.clock.now(),
        };
        let message_id = engine.transcript.begin_run(&record).await?;
        let emitter = Emitter::new(request.run_id, request.session_id, Arc::clone(&engine.clock), sink);
        let mut specs = engine.tools.specs();
        specs.push(crate::todos::spec());
        Ok(Self {
            engine,
            request,
            record,
            emitter,
            cancel,
            specs: specs.into(),
            plan: Plan::default(),
            open: OpenSet::default(),
            message_id,
            seen_calls: HashSet::new(),
        })
    }

    /// Think, act, verify, until the model is done, a limit is reached, the person stops it, or an error ends it.
    pub async fn drive(mut self) -> StopReason {
        tracing::info!(model = %self.request.model, "a run begins");
        self.begin_telling();
        let (stop, error) = match self.turns().await {
            Ok(stop) => (stop, None),
            Err(fault) => {
                self.tell(&fault).await;
                (StopReason::Error, Some(fault.error.message))
            }
        };
        self.drop_open(stop).await;
        self.settle_plan(stop).await;
        if let Err(fault) = self.engine.transcript.end_run(&self.record, stop, error.as_deref(), self.engine.clock.now()).await {
            tracing::error!(%fault, "the end of a run could not be stored");
        }
        self.emitter.emit(EventKind::RunCompleted { stop_reason: stop });
        tracing::info!(stop = stop.as_str(), "the run is over");
        stop
    }

    /// Carries out one call that a person made without a model, through the same orchestrator and gate, and ends the run.
    ///
    /// # Errors
    /// The store failed; what came of a write that was sent is in its intent.
    pub async fn call(mut self, call: ToolCall) -> Result<(ToolCallStatus, RawJson), UserError> {
        self.begin_telling();
        let done = self.one_call(call).await;
        let (stop, error) = match &done {
            Ok(_) => (StopReason::EndTurn, None),
            Err(error) => {
                self.tell(&Fault::from(error.clone())).await;
                (StopReason::Error, Some(error.message.as_str()))
            }
        };
        self.drop_open(stop).await;
        self.engine.transcript.end_run(&self.record, stop, error, self.engine.clock.now()).await?;
        self.emitter.emit(EventKind::RunCompleted { stop_reason: stop });
        done
    }

    /// The first events of a run.
    pub(crate) fn begin_telling(&self) {
        self.emitter.emit(EventKind::RunStarted { model: self.request.model.clone(), connection: self.request.connection.clone() });
        self.emitter.emit(EventKind::MessageCompleted { message_id: self.message_id, role: Role::User, content: self.record.message.content() });
    }

    /// Tells and logs what ended a run.
    pub(crate) async fn tell_error(&self, error: &UserError) {
        self.tell(&Fault::from(error.clone())).await;
    }

    async fn one_call(&mut self, call: ToolCall) -> Result<(ToolCallStatus, RawJson), UserError> {
        let effect = self.effect(&call);
        let asked = Block::ToolUse { call_id: call.call_id.clone(), tool: call.tool.clone(), input: call.input.clone() };
        let message = Message::new(Role::Assistant, vec![asked]);
        let turn = TurnRecord { turn: 1, usage: Usage::default(), first_delta: None, total: Duration::ZERO };
        let calls = [(call.clone(), effect.unwrap_or(Effect::Destructive))];
        self.engine.transcript.reply(&self.record, &message, &calls, &turn, self.engine.clock.now()).await?;
        let results = self.carry_out(vec![(call, effect)]).await?;
        // There is no later turn that could bring more of a set.
        let results = self.ask_what_is_left().await?.unwrap_or(results);
        let ended = results.blocks.into_iter().find_map(|part| match part.block {
            Block::ToolResult { status, output, .. } => Some((status, RawJson::parse(output).unwrap_or_else(|_| RawJson::null()))),
            Block::Text { .. } | Block::Thinking { .. } | Block::ToolUse { .. } => None,
        });
        ended.ok_or_else(|| internal("The tool gave no result."))
    }

    async fn turns(&mut self) -> Result<StopReason, Fault> {
        let mut messages = self.engine.transcript.history(self.request.session_id).await?;
        self.seen_calls = messages.iter().flat_map(|m| &m.blocks).filter_map(|b| call_id_of(&b.block)).cloned().collect();
        for turn in 1..=self.engine.limits.max_turns {
            if self.cancel.is_cancelled() {
                return Ok(StopReason::Cancelled);
            }
            self.emitter.emit(EventKind::TurnStarted { turn });
            let (reply, mut record) = match self.model_call(&mut messages).await? {
                TurnEnd::Reply(reply, record) => (reply, record),
                TurnEnd::Cancelled => return Ok(StopReason::Cancelled),
            };
            record.turn = turn;
            let stop = reply.stop;
            let (message, calls) = self.store_reply(reply, &record).await?;
            messages.push(message);
            self.follow_written_plan(&messages).await?;
            if calls.is_empty() && matches!(stop, ModelStop::EndTurn | ModelStop::ToolUse) {
                if self.cancel.is_cancelled() && self.open.is_waiting() {
                    return Ok(StopReason::Cancelled);
                }
                let Some(outcomes) = self.ask_what_is_left().await? else { return Ok(StopReason::EndTurn) };
                take_up(&mut messages, as_told(outcomes, &[]));
                continue;
            }
            if !calls.is_empty() {
                let asked: Vec<CallId> = calls.iter().map(|(call, _)| call.call_id.clone()).collect();
                // A call of an answer that was cut may itself be cut: none of them is carried out.
                let results = match stop {
                    ModelStop::MaxTokens | ModelStop::Refusal => {
                        self.decline(&calls, "The answer was cut off before it was complete; nothing was done.").await?
                    }
                    ModelStop::EndTurn | ModelStop::ToolUse | ModelStop::Pause => self.carry_out(calls).await?,
                };
                messages.push(as_told(results, &asked));
            }
            match stop {
                ModelStop::MaxTokens => return Ok(StopReason::MaxTokens),
                ModelStop::Refusal => return Ok(StopReason::Refusal),
                ModelStop::EndTurn | ModelStop::ToolUse | ModelStop::Pause => {}
            }
        }
        Ok(if self.cancel.is_cancelled() { StopReason::Cancelled } else { StopReason::MaxTurns })
    }

    /// Makes call ids unique within the session, stores the answer with its calls, and tells of it.
    async fn store_reply(&mut self, mut reply: ModelReply, record: &TurnRecord) -> Result<(Message, Vec<(ToolCall, Option<Effect>)>), UserError> {
        let mut calls = Vec::new();
        for part in &mut reply.blocks {
            if let Block::ToolUse { call_id, tool, input } = &mut part.block {
                if !self.seen_calls.insert(call_id.clone()) {
                    *call_id = CallId::fresh();
                    part.raw = None;
                    self.seen_calls.insert(call_id.clone());
                }
                let call = ToolCall { call_id: call_id.clone(), tool: tool.clone(), input: input.clone() };
                let effect = self.effect(&call);
                calls.push((call, effect));
            }
        }
        let message = Message { role: Role::Assistant, blocks: reply.blocks, provider: Some(self.engine.provider.name().to_owned()) };
        let stored: Vec<(ToolCall, Effect)> = calls.iter().map(|(call, effect)| (call.clone(), effect.unwrap_or(Effect::Destructive))).collect();
        let message_id = self.engine.transcript.reply(&self.record, &message, &stored, record, self.engine.clock.now()).await?;
        let Usage { input_tokens, output_tokens, cache_read_tokens, cache_write_tokens } = reply.usage;
        tracing::info!(
            turn = record.turn,
            input_tokens,
            output_tokens,
            cache_read_tokens,
            cache_write_tokens,
            total_ms = record.total.as_millis(),
            calls = calls.len(),
            "the model answered"
        );
        self.emitter.emit(EventKind::Usage(reply.usage));
        self.emitter.emit(EventKind::MessageCompleted { message_id, role: Role::Assistant, content: message.content() });
        Ok((message, calls))
    }

    fn effect(&self, call: &ToolCall) -> Option<Effect> {
        if call.tool == crate::todos::TOOL { Some(Effect::Read) } else { self.engine.tools.effect(call) }
    }

    /// A fault as an event and as an entry of the error log.
    async fn tell(&self, fault: &Fault) {
        let Fault { error, detail } = fault;
        self.log_fault(error, detail, None).await;
        self.emitter.emit(EventKind::Error { code: error.code, message: error.message.clone(), retryable: error.retryable });
    }

    /// An entry of the error log.
    pub(crate) async fn log_fault(&self, error: &UserError, detail: &str, correlation_id: Option<&str>) {
        let entry = ErrorEntry {
            at: self.engine.clock.now(),
            code: error.code,
            message: error.message.clone(),
            detail: detail.to_owned(),
            session_id: Some(self.request.session_id),
            run_id: Some(self.request.run_id),
            correlation_id: correlation_id.map(str::to_owned),
        };
        if let Err(fault) = self.engine.transcript.error(&entry).await {
            tracing::error!(%fault, message = %error.message, "an error could not be stored");
        }
    }
}

/// What ends a run: the sentence for people, and what only the error log gets.
pub(crate) struct Fault {
    error: UserError,
    detail: String,
}

impl From<UserError> for Fault {
    fn from(error: UserError) -> Self {
        Self { error, detail: String::new() }
    }
}

impl From<ModelError> for Fault {
    fn from(error: ModelError) -> Self {
        let detail = error.detail.clone();
        Self { error: error.into(), detail }
    }
}

fn call_id_of(block: &Block) -> Option<&CallId> {
    match block {
        Block::ToolUse { call_id, .. } => Some(call_id),
        Block::Text { .. } | Block::Thinking { .. } | Block::ToolResult { .. } => None,
    }
}

impl From<ModelError> for UserError {
    fn from(error: ModelError) -> Self {
        Self { code: error.code, message: error.message, retryable: error.retryable }
    }
}

/// Adds what the model is told behind its last answer; an answer without anything in it would be refused by every provider.
fn take_up(messages: &mut Vec<Message>, told: Message) {
    messages.pop_if(|last| last.role == Role::Assistant && last.blocks.is_empty());
    match messages.last_mut() {
        Some(last) if last.role == Role::User => last.blocks.extend(told.blocks),
        Some(_) | None => messages.push(told),
    }
}

/// How long something took by the run's clock.
pub(crate) fn since(clock: &dyn Clock, start: Duration) -> Duration {
    clock.monotonic().saturating_sub(start)
}

/// A fault of the engine itself, told without inner words.
pub(crate) fn internal(message: &str) -> UserError {
    UserError::new(ErrorCode::Internal, message)
}
