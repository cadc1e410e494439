//! The one orchestrator of tool calls: classify, authorise, execute, verify, record. Reads first, concurrently; then all writes
//! of the turn as one change set, in order, with those that earlier turns collected for it.

use std::{collections::HashMap, time::Duration};

use bca_approval::{PlannedWrite, Resolution};
use bca_protocol::{Block, CallId, ChangeOutcome, Decision, Effect, EventKind, Json, RawJson, Role, ToolCallStatus, UserError};
use futures::{StreamExt, stream};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use crate::{Coming, Grouping, Message, ToolCall, ToolCompletion, ToolContext, ToolOutput, run::Run, run::since, todos};

/// A call that ended, for the message that carries the results.
pub(crate) struct Ended {
    pub(crate) call_id: CallId,
    pub(crate) status: ToolCallStatus,
    pub(crate) output: RawJson,
}

/// A call whose writes are prepared.
pub(crate) struct Prepared {
    pub(crate) call: ToolCall,
    pub(crate) writes: Vec<PlannedWrite>,
}

impl Run {
    /// Carries out the calls of one turn and stores the message with their results: one for each call, in the calls' order, and behind
    /// them the outcomes of writes that earlier turns collected, where their set was decided.
    pub(crate) async fn carry_out(&mut self, calls: Vec<(ToolCall, Option<Effect>)>) -> Result<Message, UserError> {
        self.announce(&calls);
        if self.open.waiting().is_empty()
            && let [(call, Some(Effect::Read))] = calls.as_slice()
            && call.tool != todos::TOOL
        {
            return self.only_read(call).await;
        }
        let mut order: Vec<CallId> = calls.iter().map(|(call, _)| call.call_id.clone()).collect();
        order.extend(self.open.waiting());
        let mut ended = Vec::with_capacity(calls.len());
        let (mut reads, mut writes) = (Vec::new(), Vec::new());
        let mut counted = None;
        for (index, (call, effect)) in calls.into_iter().enumerate() {
            if index >= self.engine.limits.max_calls_per_turn {
                ended.push(self.complete(&call, too_many(self.engine.limits.max_calls_per_turn), Duration::ZERO).await?);
                continue;
            }
            match effect {
                None => {
                    // It may have been meant as a write of the set.
                    counted = Some(self.open.planned().len());
                    ended.push(self.complete(&call, self.no_such_tool(&call.tool), Duration::ZERO).await?);
                }
                Some(Effect::Read) if call.tool == todos::TOOL => ended.push(self.write_todos(&call).await?),
                Some(Effect::Read) => reads.push(call),
                Some(Effect::Write | Effect::Destructive) => writes.push(call),
            }
        }
        self.reads(reads, &mut ended).await?;
        self.writes(writes, counted, &mut ended).await?;
        self.plan.worked(ended.iter().all(|e| e.status == ToolCallStatus::Ok));
        self.store_results(&order, ended).await
    }

    /// A turn that is one read, as most are: the call's end and the message with its result are stored together.
    async fn only_read(&mut self, call: &ToolCall) -> Result<Message, UserError> {
        let (output, took) = self.read(call, &self.context(self.cancel.clone())).await;
        let message = Message::new(Role::User, vec![self.result(&call.call_id, output.status, &output.output)]);
        let at = self.engine.clock.now();
        let completion = ToolCompletion { call_id: &call.call_id, status: output.status, output: &output.output, duration: took, at };
        let message_id = self.engine.transcript.results(&self.record, Some(&completion), &message, at).await?;
        self.plan.worked(output.status == ToolCallStatus::Ok);
        self.tell_end(call, output, took).await;
        self.emitter.emit(EventKind::MessageCompleted { message_id, role: Role::User, content: message.content() });
        Ok(message)
    }

    /// Gives every call the same error as its result.
    pub(crate) async fn decline(&mut self, calls: &[(ToolCall, Option<Effect>)], why: &str) -> Result<Message, UserError> {
        self.announce(calls);
        let mut ended = Vec::with_capacity(calls.len());
        for (call, _) in calls {
            ended.push(self.complete(call, refusal(ToolCallStatus::Aborted, why, None), Duration::ZERO).await?);
        }
        let order: Vec<CallId> = calls.iter().map(|(call, _)| call.call_id.clone()).collect();
        self.store_results(&order, ended).await
    }

    pub(crate) fn announce(&self, calls: &[(ToolCall, Option<Effect>)]) {
        for (call, effect) in calls {
            self.emitter.emit(EventKind::ToolCallStarted {
                call_id: call.call_id.clone(),
                tool: call.tool.clone(),
                effect: effect.unwrap_or(Effect::Destructive),
                input: call.input.clone(),
            });
        }
    }

    pub(crate) async fn store_results(&self, order: &[CallId], ended: Vec<Ended>) -> Result<Message, UserError> {
        let mut by_call: HashMap<CallId, Ended> = ended.into_iter().map(|e| (e.call_id.clone(), e)).collect();
        let blocks = order.iter().filter_map(|id| by_call.remove(id)).map(|e| self.result(&e.call_id, e.status, &e.output)).collect();
        let message = Message::new(Role::User, blocks);
        let message_id = self.engine.transcript.results(&self.record, None, &message, self.engine.clock.now()).await?;
        self.emitter.emit(EventKind::MessageCompleted { message_id, role: Role::User, content: message.content() });
        Ok(message)
    }

    async fn reads(&self, calls: Vec<ToolCall>, ended: &mut Vec<Ended>) -> Result<(), UserError> {
        let context = self.context(self.cancel.clone());
        let context = &context;
        let mut running = stream::iter(calls.into_iter().map(|call| async move {
            let (output, took) = self.read(&call, context).await;
            (call, output, took)
        }))
        .buffer_unordered(self.engine.limits.concurrent_reads);
        while let Some((call, output, took)) = running.next().await {
            ended.push(self.complete(&call, output, took).await?);
        }
        Ok(())
    }

    /// One read, and how long it took.
    async fn read(&self, call: &ToolCall, context: &ToolContext) -> (ToolOutput, Duration) {
        let started = self.engine.clock.monotonic();
        let output = tokio::select! {
            biased;
            () = self.cancel.cancelled() => stopped(),
            output = self.engine.tools.read(call, context).instrument(span(call)) => output,
        };
        (output, since(&*self.engine.clock, started))
    }

    /// A call's result as the model sees it.
    fn result(&self, call_id: &CallId, status: ToolCallStatus, output: &RawJson) -> Block {
        Block::ToolResult { call_id: call_id.clone(), status, output: bounded(output.as_str(), self.engine.limits.max_result_bytes) }
    }

    /// Prepares the writes of a turn. They are put to a person with its end, unless all of them say that more of their set will come.
    /// `counted`: [`ToolContext::counted`].
    async fn writes(&mut self, calls: Vec<ToolCall>, counted: Option<usize>, ended: &mut Vec<Ended>) -> Result<(), UserError> {
        let mut context = self.context(self.cancel.clone());
        context.earlier = self.open.planned();
        context.counted = counted;
        let mut complete = false;
        for call in calls {
            if self.cancel.is_cancelled() {
                ended.push(self.complete(&call, stopped(), Duration::ZERO).await?);
                continue;
            }
            let started = self.engine.clock.monotonic();
            match self.prepared(&call, &context).await {
                Ok((writes, grouping)) => {
                    complete |= grouping.as_ref().is_none_or(|grouping| grouping.coming == Coming::Nothing);
                    context.earlier.extend(writes.iter().cloned());
                    self.open.take(Prepared { call, writes }, grouping);
                }
                Err(output) => {
                    context.counted = context.counted.or(Some(context.earlier.len()));
                    ended.push(self.complete(&call, output, since(&*self.engine.clock, started)).await?);
                }
            }
        }
        if self.cancel.is_cancelled() {
            for Prepared { call, .. } in self.open.of_this_turn() {
                ended.push(self.unsent(&call, stopped()).await?);
            }
        } else if complete {
            self.ask_open(ended).await?;
        } else {
            ended.extend(self.open.wait());
        }
        Ok(())
    }

    /// The exact writes of a call, and what it says of their set.
    async fn prepared(&self, call: &ToolCall, context: &ToolContext) -> Result<(Vec<PlannedWrite>, Option<Grouping>), ToolOutput> {
        let grouping = self.grouping(call)?;
        let writes = tokio::select! {
            biased;
            () = self.cancel.cancelled() => return Err(stopped()),
            writes = self.engine.tools.prepare(call, context).instrument(span(call)) => writes?,
        };
        Ok((writes, grouping))
    }

    /// Stores a call's end, then tells of it.
    pub(crate) async fn complete(&self, call: &ToolCall, output: ToolOutput, took: Duration) -> Result<Ended, UserError> {
        let completion = ToolCompletion { call_id: &call.call_id, status: output.status, output: &output.output, duration: took, at: self.engine.clock.now() };
        self.engine.transcript.tool_completed(&self.record, &completion).await?;
        Ok(self.tell_end(call, output, took).await)
    }

    /// Tells of a call's end that is stored.
    async fn tell_end(&self, call: &ToolCall, output: ToolOutput, took: Duration) -> Ended {
        tracing::info!(call_id = %call.call_id, tool = %call.tool, status = output.status.as_str(), duration_ms = took.as_millis(), "a tool call ended");
        if let Some(fault) = &output.fault {
            self.log_fault(&UserError::new(fault.code, &fault.message), &call.tool, fault.correlation_id.as_deref()).await;
        }
        for write in &output.writes {
            self.emitter.emit(EventKind::ChangeRecorded {
                change_id: write.change_id,
                call_id: call.call_id.clone(),
                outcome: write.outcome,
                undoable: write.undoable && write.outcome == ChangeOutcome::Confirmed,
            });
        }
        self.emitter.emit(EventKind::ToolCallCompleted {
            call_id: call.call_id.clone(),
            status: output.status,
            output: output.output.clone(),
            duration_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        });
        Ended { call_id: call.call_id.clone(), status: output.status, output: output.output }
    }

    async fn write_todos(&mut self, call: &ToolCall) -> Result<Ended, UserError> {
        let output = match self.plan.replace(&call.input, self.engine.clock.now()) {
            Ok(todos) => {
                let output = Json::Object(vec![("todos".into(), todos::outline(todos))]);
                self.publish_plan().await?;
                ToolOutput { status: ToolCallStatus::Ok, output: RawJson::from(&output), writes: Vec::new(), fault: None }
            }
            Err(message) => refusal(ToolCallStatus::Error, &message, None),
        };
        self.complete(call, output, Duration::ZERO).await
    }

    pub(crate) fn context(&self, cancel: CancellationToken) -> ToolContext {
        ToolContext { session_id: self.request.session_id, run_id: self.request.run_id, cancel, earlier: Vec::new(), counted: None }
    }

    fn no_such_tool(&self, name: &str) -> ToolOutput {
        let names: Vec<&str> = self.specs.iter().map(|spec| spec.name.as_str()).collect();
        let shown: String = name.chars().take(80).collect();
        refusal(ToolCallStatus::Error, &format!("There is no tool `{shown}`. The tools are: {}.", names.join(", ")), None)
    }
}

/// The call's id on every line that is logged within it.
pub(crate) fn span(call: &ToolCall) -> tracing::Span {
    tracing::info_span!("call", call_id = %call.call_id, tool = %call.tool)
}

/// A result that says that nothing was done, and why, in the words meant for the model.
pub(crate) fn refusal(status: ToolCallStatus, message: &str, reason: Option<&str>) -> ToolOutput {
    let text = |s: &str| Json::String(s.to_owned());
    let mut members = vec![("status".to_owned(), text(status.as_str())), ("message".to_owned(), text(message))];
    if let Some(reason) = reason {
        members.push(("reason".to_owned(), text(reason)));
    }
    ToolOutput { status, output: RawJson::from(&Json::Object(members)), writes: Vec::new(), fault: None }
}

fn stopped() -> ToolOutput {
    refusal(ToolCallStatus::Aborted, "The person stopped the run. Nothing was changed by this call.", None)
}

fn too_many(most: usize) -> ToolOutput {
    refusal(ToolCallStatus::Error, &format!("Not done: a turn may hold at most {most} tool calls."), None)
}

/// Rejection, expiry and abortion are different things, and the model is told which.
pub(crate) fn refused(resolution: &Resolution) -> ToolOutput {
    let reason = resolution.reason.as_deref();
    match resolution.decision {
        Decision::Rejected => refusal(
            ToolCallStatus::Rejected,
            "The person rejected this change. Nothing was changed. Do not propose it again unless they ask; take their reason into account.",
            reason,
        ),
        Decision::Expired => refusal(
            ToolCallStatus::Expired,
            "Nobody answered in time, so this change expired. Nothing was changed. Say so; propose it again only when asked.",
            reason,
        ),
        // An approval never comes here; taken as a no, whatever it says.
        Decision::Aborted | Decision::Approved => {
            refusal(ToolCallStatus::Aborted, "The run was stopped while this change waited for approval. Nothing was changed.", reason)
        }
    }
}

/// The result as the model sees it: cut at a character's border where it is too long, and saying so.
fn bounded(text: &str, limit: usize) -> String {
    if text.len() <= limit {
        return text.to_owned();
    }
    let cut = text.floor_char_boundary(limit);
    let all = text.len();
    format!("{}\n[cut here: the first {cut} of {all} bytes; the person sees the whole result. Ask for fewer rows or columns.]", &text[..cut])
}

#[cfg(test)]
#[path = "tool_call_tests.rs"]
mod tests;
