use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use bca_approval::{PermittedWrite, PlannedWrite};
use bca_protocol::{
    Block, CallId, ChangeId, ChangeOutcome, Connection, Effect, ErrorCode, ErrorEntry, MessageId, ModelInfo, RawJson, Role, RunId, SessionId, StopReason, Todo,
    ToolCallStatus, Usage, UserError,
};
use futures::stream::BoxStream;
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::Grouping;

/// A block with the provider's own form of it beside it: thinking must go back to the provider unchanged, signature included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryBlock {
    /// The neutral form.
    pub block: Block,
    /// The provider's form, exactly as received; absent where we made the block.
    pub raw: Option<RawJson>,
}

impl From<Block> for HistoryBlock {
    fn from(block: Block) -> Self {
        Self { block, raw: None }
    }
}

/// One message of the history as models see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Whose.
    pub role: Role,
    /// In order.
    pub blocks: Vec<HistoryBlock>,
    /// The provider whose raw forms stand in the blocks, `anthropic`; absent for messages of ours.
    pub provider: Option<String>,
}

impl Message {
    /// A message without raw forms.
    #[must_use]
    pub fn new(role: Role, blocks: Vec<Block>) -> Self {
        Self { role, blocks: blocks.into_iter().map(HistoryBlock::from).collect(), provider: None }
    }

    /// The neutral blocks.
    #[must_use]
    pub fn content(&self) -> Vec<Block> {
        self.blocks.iter().map(|b| b.block.clone()).collect()
    }
}

/// Whether the model may reason before it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Thinking {
    /// No.
    Off,
    /// Up to so many tokens.
    Budget(u32),
}

/// A tool as the model is told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolSpec {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// JSON Schema of its input.
    pub input_schema: RawJson,
}

/// One call of a model. System and tools are a stable prefix that the provider may cache.
#[derive(Debug, Clone)]
pub struct ModelRequest {
    /// Passed through, never checked against a list.
    pub model: String,
    /// Who the agent is and what it knows.
    pub system: Arc<str>,
    /// What it may call.
    pub tools: Arc<[ToolSpec]>,
    /// Oldest first; starts with a user message; every tool use has its result in the next message.
    pub messages: Vec<Message>,
    /// Upper bound of the answer, in tokens.
    pub max_tokens: u32,
    /// Whether it may reason first.
    pub thinking: Thinking,
}

/// Why the model stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ModelStop {
    /// It is done.
    EndTurn,
    /// It waits for results of tools.
    ToolUse,
    /// The answer was cut at `max_tokens` or at the context window.
    MaxTokens,
    /// It declined.
    Refusal,
    /// It paused a long turn and wants to be called again with what it said.
    Pause,
}

/// A whole answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelReply {
    /// In order. A tool use whose input was no valid JSON carries that text as a JSON string.
    pub blocks: Vec<HistoryBlock>,
    /// Why it stopped.
    pub stop: ModelStop,
    /// Tokens.
    pub usage: Usage,
}

/// A piece of an answer as it streams. `Completed` comes last and once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModelEvent {
    /// More text.
    TextDelta(String),
    /// More reasoning.
    ThinkingDelta(String),
    /// The whole answer.
    Completed(ModelReply),
}

/// A model call that failed. Retries that help are already behind it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ModelError {
    /// For code.
    pub code: ErrorCode,
    /// For people: what happened and what to do.
    pub message: String,
    /// For the error log: status, the provider's own words, its request id. No secret.
    pub detail: String,
    /// Whether trying again later can help.
    pub retryable: bool,
    /// How long the provider asked to wait.
    pub retry_after: Option<Duration>,
}

/// A model behind any protocol.
#[async_trait]
pub trait ModelProvider: Send + Sync {
    /// `anthropic`
    fn name(&self) -> &'static str;

    /// Starts a call and streams the answer. Cancelling or dropping the stream closes the connection. Retries (2, with
    /// `retry-after` honoured) happen only before the first byte of an answer; a stream idle for 60 s fails.
    async fn stream(&self, request: &ModelRequest, cancel: &CancellationToken) -> Result<BoxStream<'static, Result<ModelEvent, ModelError>>, ModelError>;

    /// The models that the provider offers.
    async fn models(&self) -> Result<Vec<ModelInfo>, ModelError>;
}

/// A model's wish to use a tool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolCall {
    /// Unique within the session.
    pub call_id: CallId,
    /// The tool's name as the model wrote it.
    pub tool: String,
    /// Its input as the model wrote it; not an object where the model wrote nonsense.
    pub input: RawJson,
}

/// What a tool's work needs to know.
#[derive(Debug, Clone)]
pub struct ToolContext {
    /// The conversation.
    pub session_id: SessionId,
    /// The run.
    pub run_id: RunId,
    /// Ends the work early.
    pub cancel: CancellationToken,
    /// The writes of the same set that were prepared before, in order: a later one may refer to what an earlier one creates.
    pub earlier: Vec<PlannedWrite>,
    /// How many of these can be meant by their number: a call that was not accepted in the same answer of the model shifts those behind it,
    /// and the model could not know. `None`: all of them.
    pub counted: Option<usize>,
}

/// A call with its writes exactly as they were approved.
pub struct ApprovedCall {
    /// The call.
    pub call: ToolCall,
    /// Its writes.
    pub writes: Vec<PermittedWrite>,
}

/// Whether a set went as one.
pub enum SentTogether {
    /// It did: an output for each call, in order.
    Yes(Vec<ToolOutput>),
    /// It can't: nothing was sent, send them one after the other.
    InOrder(Vec<ApprovedCall>),
}

/// What came of one write of a tool call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WriteResult {
    /// The write.
    pub change_id: ChangeId,
    /// What came of it.
    pub outcome: ChangeOutcome,
    /// Whether an inverse write exists.
    pub undoable: bool,
}

/// A fault behind a tool, for the error log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolFault {
    /// For code.
    pub code: ErrorCode,
    /// For people.
    pub message: String,
    /// Business Central's own number for it.
    pub correlation_id: Option<String>,
}

/// What a tool answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolOutput {
    /// How the call ended.
    pub status: ToolCallStatus,
    /// The whole result, for the person and the store; the model gets a bounded form.
    pub output: RawJson,
    /// The writes that were sent, in order.
    pub writes: Vec<WriteResult>,
    /// What is to be kept in the error log; absent where the call went well or the model just asked wrongly.
    pub fault: Option<ToolFault>,
}

/// The tools. Reading and writing are different calls, and writing takes permits: there is no third way.
#[async_trait]
pub trait ToolExecutor: Send + Sync {
    /// The tools on offer; the order is stable.
    fn specs(&self) -> Vec<ToolSpec>;

    /// What a call would do to the books, from our own table; `None` where there is no such tool.
    fn effect(&self, call: &ToolCall) -> Option<Effect>;

    /// Does a call whose effect is `read`.
    async fn read(&self, call: &ToolCall, context: &ToolContext) -> ToolOutput;

    /// What a call says of the set that its writes belong to; `None` where it names none. An `Err` is the call's result.
    fn grouping(&self, call: &ToolCall) -> Result<Option<Grouping>, ToolOutput>;

    /// Turns a call that writes into the exact requests, reading what is needed for the preview. An `Err` is the call's
    /// result: nobody is asked.
    async fn prepare(&self, call: &ToolCall, context: &ToolContext) -> Result<Vec<PlannedWrite>, ToolOutput>;

    /// Sends the writes of this call exactly as the gate permits them: a person may have edited what was prepared.
    async fn write(&self, call: &ToolCall, writes: Vec<PermittedWrite>, context: &ToolContext) -> ToolOutput;

    /// Sends the writes of several calls in one transaction where they can go so, all or none.
    async fn write_together(&self, calls: Vec<ApprovedCall>, context: &ToolContext) -> SentTogether;

    /// Forgets what was prepared for this call: it was refused, or an earlier write failed.
    async fn discard(&self, call: &ToolCall);
}

/// A run as it begins.
#[derive(Debug, Clone)]
pub struct NewRun {
    /// The run.
    pub run_id: RunId,
    /// The conversation.
    pub session_id: SessionId,
    /// The provider's name.
    pub provider: String,
    /// The model's id.
    pub model: String,
    /// Where reads and writes go.
    pub connection: Option<Connection>,
    /// Runs of the home under way at once, this one included; `None` for any number.
    pub concurrent_runs: Option<u32>,
    /// What the person wrote.
    pub message: Message,
    /// When (UTC).
    pub at: Timestamp,
}

/// One model call, for the books of the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TurnRecord {
    /// 1, 2, 3 ... within the run.
    pub turn: u32,
    /// Tokens.
    pub usage: Usage,
    /// Time to the first piece of the answer.
    pub first_delta: Option<Duration>,
    /// Time to its end.
    pub total: Duration,
}

/// A tool call's end.
#[derive(Debug, Clone)]
pub struct ToolCompletion<'a> {
    /// The call.
    pub call_id: &'a CallId,
    /// How it ended.
    pub status: ToolCallStatus,
    /// The whole result.
    pub output: &'a RawJson,
    /// How long it took, waiting for approval excepted.
    pub duration: Duration,
    /// When (UTC).
    pub at: Timestamp,
}

/// The history of runs. Every method returns after the fact is stored.
#[async_trait]
pub trait Transcript: Send + Sync {
    /// Stores the run and the person's message in one transaction. Fails with [`ErrorCode::Conflict`] while another run of the
    /// session, or as many runs as may be, are under way in living processes.
    async fn begin_run(&self, run: &NewRun) -> Result<MessageId, UserError>;

    /// The session's messages in order, as models see them. Where a killed run left tool uses without results, results that
    /// say `interrupted` are supplied, so that the history is always consistent.
    async fn history(&self, session_id: SessionId) -> Result<Vec<Message>, UserError>;

    /// Stores an answer with the tool calls that begin with it, and the turn's figures, in one transaction.
    async fn reply(&self, run: &NewRun, message: &Message, calls: &[(ToolCall, Effect)], turn: &TurnRecord, at: Timestamp) -> Result<MessageId, UserError>;

    /// Stores what had streamed when an answer was interrupted; shown to people, never sent to a model.
    async fn partial(&self, run: &NewRun, message: &Message, at: Timestamp) -> Result<MessageId, UserError>;

    /// Stores a tool call's end.
    async fn tool_completed(&self, run: &NewRun, completion: &ToolCompletion<'_>) -> Result<(), UserError>;

    /// Stores the message that carries the results, and in the same transaction the end of a call that was not stored before.
    async fn results(&self, run: &NewRun, last: Option<&ToolCompletion<'_>>, message: &Message, at: Timestamp) -> Result<MessageId, UserError>;

    /// Stores the plan, whole.
    async fn todos(&self, run: &NewRun, todos: &[Todo]) -> Result<(), UserError>;

    /// Stores a fault that was met and told.
    async fn error(&self, entry: &ErrorEntry) -> Result<(), UserError>;

    /// Ends the run.
    async fn end_run(&self, run: &NewRun, stop_reason: StopReason, error: Option<&str>, at: Timestamp) -> Result<(), UserError>;
}
