//! The writes of a set: one question, then sent as they were approved, edits included.

use std::{collections::HashMap, time::Duration};

use bca_approval::{Authorisation, ChangeSet, PermittedWrite, Waiting};
use bca_protocol::{Block, CallId, Effect, EventKind, FieldChange, Json, RawJson, Role, StopReason, ToolCallStatus, Usage, UserError};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use crate::{
    ApprovedCall, Message, SentTogether, ToolCall, ToolOutput, TurnRecord,
    run::{Run, since},
    tool_call::{Ended, Prepared, refusal, refused, span},
};

const STOPPED: &str = "The person stopped the run before this was sent. Nothing was changed by it.";
const AFTER_A_FAILURE: &str = "An earlier change of the same set was not confirmed, so this one was not sent. Nothing was changed by it.";
const TAKEN_OUT: &str =
    "The person took this change out of the set and approved the others. It was not sent; nothing was changed by it. Do not propose it again unless they ask.";

/// A call with its exact writes, prepared without a model.
pub struct PreparedCall {
    /// As it stands in the history.
    pub call: ToolCall,
    /// What it does to the books.
    pub effect: Effect,
    /// Its writes, prepared by the tools.
    pub writes: Vec<bca_approval::PlannedWrite>,
}

impl Run {
    /// Puts writes that were prepared without a model to a person as one set, sends what is approved, and ends the run. How each call
    /// ended, in their order.
    ///
    /// # Errors
    /// The store failed; what came of a write that was sent is in its intent.
    pub async fn apply(mut self, calls: Vec<PreparedCall>) -> Result<Vec<(ToolCallStatus, RawJson)>, UserError> {
        self.begin_telling();
        let done = self.prepared_calls(calls).await;
        let (stop, error) = match &done {
            Ok(_) if self.cancel.is_cancelled() => (StopReason::Cancelled, None),
            Ok(_) => (StopReason::EndTurn, None),
            Err(error) => {
                self.tell_error(error).await;
                (StopReason::Error, Some(error.message.as_str()))
            }
        };
        self.engine.transcript.end_run(&self.record, stop, error, self.engine.clock.now()).await?;
        self.emitter.emit(EventKind::RunCompleted { stop_reason: stop });
        done
    }

    async fn prepared_calls(&mut self, calls: Vec<PreparedCall>) -> Result<Vec<(ToolCallStatus, RawJson)>, UserError> {
        let asked = |c: &PreparedCall| Block::ToolUse { call_id: c.call.call_id.clone(), tool: c.call.tool.clone(), input: c.call.input.clone() };
        let message = Message::new(Role::Assistant, calls.iter().map(asked).collect());
        let turn = TurnRecord { turn: 1, usage: Usage::default(), first_delta: None, total: Duration::ZERO };
        let stored: Vec<(ToolCall, Effect)> = calls.iter().map(|c| (c.call.clone(), c.effect)).collect();
        let message_id = self.engine.transcript.reply(&self.record, &message, &stored, &turn, self.engine.clock.now()).await?;
        self.emitter.emit(EventKind::MessageCompleted { message_id, role: Role::Assistant, content: message.content() });
        self.announce(&stored.into_iter().map(|(call, effect)| (call, Some(effect))).collect::<Vec<_>>());
        let order: Vec<CallId> = calls.iter().map(|c| c.call.call_id.clone()).collect();
        let mut ended = Vec::with_capacity(order.len());
        self.authorised(None, calls.into_iter().map(|c| Prepared { call: c.call, writes: c.writes }).collect(), &mut ended).await?;
        let result = |id: &CallId| ended.iter().find(|e| e.call_id == *id).map(|e| (e.status, e.output.clone()));
        let results = order.iter().filter_map(result).collect();
        self.store_results(&order, ended).await?;
        Ok(results)
    }

    /// One question for all of them; then what was approved is sent in order, or nothing.
    pub(crate) async fn authorised(&self, title: Option<String>, prepared: Vec<Prepared>, ended: &mut Vec<Ended>) -> Result<(), UserError> {
        let Some(connection) = self.request.connection.clone() else {
            return self.refuse(prepared, refusal(ToolCallStatus::Error, "Nothing was changed: there is no connection.", None), ended).await;
        };
        let writes = prepared.iter().flat_map(|p| p.writes.iter().cloned()).collect();
        let set = ChangeSet { session_id: self.request.session_id, run_id: self.request.run_id, connection, title, writes };
        let emit = |kind| self.emitter.emit(kind);
        match self.engine.gate.authorise(set, &Waiting { emit: &emit, cancel: &self.cancel }).await {
            Authorisation::Permitted(permitted) => self.send(prepared, permitted, ended).await,
            Authorisation::Refused(resolution) => self.refuse(prepared, refused(&resolution), ended).await,
            Authorisation::WouldFail(tried) => self.would_fail(prepared, &tried, ended).await,
            Authorisation::Denied(reason) => self.refuse(prepared, refusal(ToolCallStatus::Error, &reason, None), ended).await,
        }
    }

    async fn refuse(&self, prepared: Vec<Prepared>, output: ToolOutput, ended: &mut Vec<Ended>) -> Result<(), UserError> {
        for Prepared { call, .. } in prepared {
            ended.push(self.unsent(&call, output.clone()).await?);
        }
        Ok(())
    }

    /// As one transaction where that can be, else in order.
    async fn send(&self, prepared: Vec<Prepared>, permitted: Vec<PermittedWrite>, ended: &mut Vec<Ended>) -> Result<(), UserError> {
        let mut by_call: HashMap<CallId, Vec<PermittedWrite>> = HashMap::new();
        for write in permitted {
            by_call.entry(write.permit.call_id().clone()).or_default().push(write);
        }
        let mut approved = Vec::with_capacity(prepared.len());
        for Prepared { call, .. } in prepared {
            match by_call.remove(&call.call_id) {
                Some(writes) => approved.push(ApprovedCall { call, writes }),
                None => ended.push(self.unsent(&call, refusal(ToolCallStatus::Rejected, TAKEN_OUT, None)).await?),
            }
        }
        if approved.len() < 2 || self.cancel.is_cancelled() {
            return self.in_order(approved, ended).await;
        }
        let started = self.engine.clock.monotonic();
        let calls: Vec<(ToolCall, Vec<FieldChange>)> = approved.iter().map(|c| (c.call.clone(), edits(&c.writes))).collect();
        match self.engine.tools.write_together(approved, &self.context(CancellationToken::new())).await {
            SentTogether::InOrder(approved) => self.in_order(approved, ended).await,
            SentTogether::Yes(outputs) => {
                let took = since(&*self.engine.clock, started);
                for ((call, edits), output) in calls.iter().zip(outputs) {
                    ended.push(self.complete(call, told_of_edits(output, edits), took).await?);
                }
                Ok(())
            }
        }
    }

    /// In order; after the first that isn't confirmed, the rest stays unsent, because later writes may build on earlier ones.
    async fn in_order(&self, approved: Vec<ApprovedCall>, ended: &mut Vec<Ended>) -> Result<(), UserError> {
        let mut halted: Option<&str> = None;
        for ApprovedCall { call, writes } in approved {
            if halted.is_none() && self.cancel.is_cancelled() {
                halted = Some(STOPPED);
            }
            if let Some(why) = halted {
                self.give_up(&writes, why).await;
                ended.push(self.unsent(&call, refusal(ToolCallStatus::Aborted, why, None)).await?);
                continue;
            }
            let started = self.engine.clock.monotonic();
            let edits = edits(&writes);
            // A write under way is never cut off: that would turn a known outcome into an unknown one.
            let output = self.engine.tools.write(&call, writes, &self.context(CancellationToken::new())).instrument(span(&call)).await;
            if output.status != ToolCallStatus::Ok {
                halted = Some(AFTER_A_FAILURE);
            }
            ended.push(self.complete(&call, told_of_edits(output, &edits), since(&*self.engine.clock, started)).await?);
        }
        Ok(())
    }

    async fn give_up(&self, writes: &[PermittedWrite], why: &str) {
        for write in writes {
            if let Err(fault) = self.engine.intents.not_sent(write.permit.change_id(), why, self.engine.clock.now()).await {
                tracing::error!(%fault, "an unsent write could not be recorded as such");
            }
        }
    }
}

/// The fields that a person edited.
fn edits(writes: &[PermittedWrite]) -> Vec<FieldChange> {
    writes.iter().flat_map(|write| &write.planned.preview.fields).filter(|field| field.proposed.is_some()).cloned().collect()
}

/// The result with what the person changed before approving, so that the model goes on from what was really sent.
fn told_of_edits(output: ToolOutput, edits: &[FieldChange]) -> ToolOutput {
    if edits.is_empty() {
        return output;
    }
    let text = |text: &Option<String>| text.clone().map_or(Json::Null, Json::String);
    let row = |field: &FieldChange| {
        Json::Object(vec![
            ("property".into(), Json::String(field.name.clone())),
            ("proposed".into(), text(&field.proposed)),
            ("approved".into(), text(&field.after)),
        ])
    };
    let mut members = match output.output.tree() {
        Ok(Json::Object(members)) => members,
        Ok(other) => vec![("result".to_owned(), other)],
        Err(_) => return output,
    };
    members.push(("edited_by_person".to_owned(), Json::Array(edits.iter().map(row).collect())));
    ToolOutput { output: RawJson::from(&Json::Object(members)), ..output }
}

#[cfg(test)]
#[path = "change_set_tests.rs"]
mod tests;
