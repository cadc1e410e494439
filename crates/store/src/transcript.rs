use async_trait::async_trait;
use bca_agent::{Message, NewRun, ToolCall, ToolCompletion, Transcript, TurnRecord};
use bca_protocol::{Effect, ErrorCode, ErrorEntry, MessageId, RunId, SessionId, StopReason, Todo, UserError};
use jiff::Timestamp;

use crate::{
    Db, StoreError, blocks,
    db::Durability,
    history, recovery,
    table::{
        agent_executions::{self, NewRow},
        error_logs,
        mcp_tool_calls::{self, NewCall},
        messages::{self, NewMessage, Whole},
        performance_metrics::{self, Metric},
        permissions, sessions, todos,
    },
};

impl Db {
    /// Appends one message; what goes with it is written in the same transaction.
    async fn append<F>(&self, run: &NewRun, message: &Message, whole: Whole, at: Timestamp, and: F) -> Result<MessageId, UserError>
    where
        F: FnOnce(&rusqlite::Transaction<'_>, &NewMessage) -> Result<(), StoreError> + Send + 'static,
    {
        let new = new_message(run, message, whole, at)?;
        let message_id = new.message_id;
        self.write(Durability::History, move |tx| {
            messages::append(tx, &new)?;
            and(tx, &new)
        })
        .await?;
        Ok(message_id)
    }

    /// Stores a run with its first message, unless a living process is at work on the session.
    fn begin(&self, row: &NewRow, message: &NewMessage, place: Option<&str>) -> Result<(), StoreError> {
        let inner = &self.inner;
        let others = inner.read_now(|c| agent_executions::running(c, &row.session_id))?;
        if others.is_some_and(|owner| owner != row.instance_id) {
            // Its owner may have died after we started.
            recovery::recover(inner, Some(&self.audit_identity()))?;
        }
        inner.write_now(Durability::History, |tx| {
            if agent_executions::running(tx, &row.session_id)?.is_some() {
                return Err(StoreError::Conflict(
                    "This conversation is still working on its last message. Wait until it is done, or stop it; then send this again.".into(),
                ));
            }
            if let Some(most) = row.most
                && permissions::running(tx)? >= most
            {
                return Err(StoreError::Conflict(format!(
                    "{most} runs are at work already, and that is the limit. Nothing was sent. Wait for one to end, or stop one."
                )));
            }
            let session = row.session_id.parse().map_err(|_| StoreError::NotFound("conversation"))?;
            sessions::ensure(tx, session, &message.columns.words, place, row.at)?;
            agent_executions::insert(tx, row)?;
            messages::append(tx, message)
        })
    }
}

#[async_trait]
impl Transcript for Db {
    async fn begin_run(&self, run: &NewRun) -> Result<MessageId, UserError> {
        let connection = run.connection.as_ref().map(serde_json::to_string).transpose().map_err(|e| internal(&e))?;
        let row = NewRow {
            run_id: run.run_id.to_string(),
            session_id: run.session_id.to_string(),
            instance_id: self.inner.instance.to_string(),
            provider: run.provider.clone(),
            model: run.model.clone(),
            connection,
            most: run.concurrent_runs,
            at: run.at,
        };
        let message = new_message(run, &run.message, Whole::Yes, run.at)?;
        let message_id = message.message_id;
        let place = run.connection.as_ref().map(|c| c.name.clone());
        let db = self.clone();
        self.blocking(move || db.begin(&row, &message, place.as_deref())).await?;
        Ok(message_id)
    }

    async fn history(&self, session_id: SessionId) -> Result<Vec<Message>, UserError> {
        let history = self
            .read(move |c| {
                let stored = messages::history(c, session_id)?;
                history::consistent(stored, |call| mcp_tool_calls::result(c, session_id, call))
            })
            .await?;
        Ok(history)
    }

    async fn reply(&self, run: &NewRun, message: &Message, calls: &[(ToolCall, Effect)], turn: &TurnRecord, at: Timestamp) -> Result<MessageId, UserError> {
        let calls: Vec<NewCall> = calls.iter().map(new_call).collect();
        let (turn, run_id) = (*turn, run.run_id);
        self.append(run, message, Whole::Yes, at, move |tx, message| {
            agent_executions::add_turn(tx, &message.run_id, turn.turn, turn.usage)?;
            for call in &calls {
                mcp_tool_calls::insert(tx, &message.session_id, &message.run_id, call, at)?;
            }
            metrics(run_id, &turn, at).iter().try_for_each(|metric| performance_metrics::insert(tx, metric))
        })
        .await
    }

    async fn partial(&self, run: &NewRun, message: &Message, at: Timestamp) -> Result<MessageId, UserError> {
        self.append(run, message, Whole::No, at, |_, _| Ok(())).await
    }

    async fn tool_completed(&self, run: &NewRun, completion: &ToolCompletion<'_>) -> Result<(), UserError> {
        Ok(self.write(Durability::History, end_of_call(run, completion)).await?)
    }

    async fn results(&self, run: &NewRun, last: Option<&ToolCompletion<'_>>, message: &Message, at: Timestamp) -> Result<MessageId, UserError> {
        let last = last.map(|completion| end_of_call(run, completion));
        self.append(run, message, Whole::Yes, at, |tx, _| last.map_or(Ok(()), |end| end(tx))).await
    }

    async fn todos(&self, run: &NewRun, todos: &[Todo]) -> Result<(), UserError> {
        let (run, todos) = (run.run_id.to_string(), todos.to_vec());
        Ok(self.write(Durability::History, move |tx| todos::replace(tx, &run, &todos)).await?)
    }

    async fn error(&self, entry: &ErrorEntry) -> Result<(), UserError> {
        let entry = entry.clone();
        Ok(self.write(Durability::History, move |tx| error_logs::insert(tx, &entry)).await?)
    }

    async fn end_run(&self, run: &NewRun, stop_reason: StopReason, error: Option<&str>, at: Timestamp) -> Result<(), UserError> {
        let (run, error) = (run.run_id.to_string(), error.map(str::to_owned));
        self.write(Durability::History, move |tx| agent_executions::end(tx, &run, stop_reason, error.as_deref(), at)).await?;
        self.index_later();
        Ok(())
    }
}

fn new_message(run: &NewRun, message: &Message, whole: Whole, at: Timestamp) -> Result<NewMessage, StoreError> {
    Ok(NewMessage {
        message_id: MessageId::new(),
        session_id: run.session_id.to_string(),
        run_id: run.run_id.to_string(),
        role: message.role,
        columns: blocks::columns(message)?,
        whole,
        at,
    })
}

/// What stores the end of a call.
fn end_of_call(run: &NewRun, completion: &ToolCompletion<'_>) -> impl FnOnce(&rusqlite::Transaction<'_>) -> Result<(), StoreError> + Send + 'static {
    let (session, call) = (run.session_id.to_string(), completion.call_id.as_str().to_owned());
    let (status, output, took) = (completion.status, completion.output.clone(), (completion.duration, completion.at));
    move |tx| {
        if mcp_tool_calls::complete(tx, (&session, &call), status, output.as_str(), took)? {
            Ok(())
        } else {
            Err(StoreError::Conflict(format!("The tool call {call} has an end already, or never began.")))
        }
    }
}

fn new_call((call, effect): &(ToolCall, Effect)) -> NewCall {
    let ToolCall { call_id, tool, input } = call;
    NewCall { call_id: call_id.as_str().to_owned(), tool: tool.clone(), effect: *effect, input: input.as_str().to_owned() }
}

fn metrics(run_id: RunId, turn: &TurnRecord, at: Timestamp) -> Vec<Metric> {
    let metric = |name: &str, duration| Metric { at, name: name.to_owned(), run_id: Some(run_id), turn: Some(turn.turn), duration };
    let mut metrics = vec![metric("model.total", turn.total)];
    metrics.extend(turn.first_delta.map(|duration| metric("model.first_delta", duration)));
    metrics
}

fn internal(error: &serde_json::Error) -> UserError {
    UserError::new(ErrorCode::Internal, format!("The message could not be stored: {error}."))
}

#[cfg(test)]
#[path = "transcript_tests.rs"]
pub(crate) mod tests;
