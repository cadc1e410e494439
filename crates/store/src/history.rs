//! The history as a model must see it: it starts with a user message, roles alternate, and every tool use has its result in the
//! next message (Anthropic Messages API, "tool use").

use std::collections::{HashMap, HashSet};

use bca_agent::{HistoryBlock, Message, late_result};
use bca_protocol::{Block, CallId, Role, ToolCallStatus};

use crate::StoreError;

/// What is told of a call whose process was killed before it ended.
pub(crate) const INTERRUPTED: &str =
    r#"{"status":"interrupted","message":"The program was closed before this call ended. It is not known to have done anything; look before you repeat it."}"#;

/// Bytes of a supplied result that the model gets.
const RESULT: usize = 64 * 1024;

/// How a call ended and what it returned, where it did.
pub(crate) type Ended = Option<(ToolCallStatus, String)>;

/// Makes stored messages consistent. `ended` is asked for calls that have no result among the messages.
pub(crate) fn consistent(stored: Vec<Message>, mut ended: impl FnMut(&CallId) -> Result<Ended, StoreError>) -> Result<Vec<Message>, StoreError> {
    let mut history: Vec<Message> = Vec::with_capacity(stored.len());
    let mut asked: HashSet<CallId> = HashSet::new();
    for message in stored {
        let Some(mut message) = sendable(message) else { continue };
        // Only an answer leaves calls open, and only the very next message may close them.
        let open = history.last().map(calls).unwrap_or_default();
        match message.role {
            Role::User => {
                asked.extend(open.iter().cloned());
                tell_late(&mut message, &open, &asked);
                close(&mut message, open, &mut ended)?;
                if message.blocks.is_empty() {
                    continue;
                }
            }
            Role::Assistant if history.is_empty() => continue,
            Role::Assistant => {
                if !open.is_empty() {
                    asked.extend(open.iter().cloned());
                    let mut results = Message::new(Role::User, Vec::new());
                    close(&mut results, open, &mut ended)?;
                    history.push(results);
                }
            }
        }
        match history.last_mut() {
            Some(last) if last.role == message.role && last.provider == message.provider => last.blocks.append(&mut message.blocks),
            _ => history.push(message),
        }
    }
    let open = history.last().map(calls).unwrap_or_default();
    if !open.is_empty() {
        let mut results = Message::new(Role::User, Vec::new());
        close(&mut results, open, &mut ended)?;
        history.push(results);
    }
    Ok(history)
}

/// Leaves out what providers refuse: empty text of ours. `None` where nothing is left.
fn sendable(mut message: Message) -> Option<Message> {
    message.blocks.retain(|part| match &part.block {
        Block::Text { text } => part.raw.is_some() || !text.trim().is_empty(),
        Block::Thinking { .. } | Block::ToolUse { .. } | Block::ToolResult { .. } => true,
    });
    (!message.blocks.is_empty()).then_some(message)
}

/// The calls that a message asks for, in order.
fn calls(message: &Message) -> Vec<CallId> {
    let call = |part: &HistoryBlock| match &part.block {
        Block::ToolUse { call_id, .. } => Some(call_id.clone()),
        Block::Text { .. } | Block::Thinking { .. } | Block::ToolResult { .. } => None,
    };
    message.blocks.iter().filter_map(call).collect()
}

/// Outcomes of calls of earlier turns, whose writes were collected and decided later, become text as they did when they were first told.
fn tell_late(message: &mut Message, open: &[CallId], asked: &HashSet<CallId>) {
    for part in &mut message.blocks {
        if let Block::ToolResult { call_id, status, output } = &part.block
            && !open.contains(call_id)
            && asked.contains(call_id)
        {
            *part = late_result(call_id, *status, output).into();
        }
    }
}

/// Puts exactly the results of the open calls first, in the calls' order, and everything else behind them.
fn close(message: &mut Message, open: Vec<CallId>, ended: &mut impl FnMut(&CallId) -> Result<Ended, StoreError>) -> Result<(), StoreError> {
    let mut results: HashMap<CallId, HistoryBlock> = HashMap::new();
    let mut others = Vec::new();
    for part in std::mem::take(&mut message.blocks) {
        match &part.block {
            Block::ToolResult { call_id, .. } => {
                results.entry(call_id.clone()).or_insert(part);
            }
            Block::Text { .. } | Block::Thinking { .. } | Block::ToolUse { .. } => others.push(part),
        }
    }
    for call_id in open {
        let part = match results.remove(&call_id) {
            Some(part) => part,
            None => supplied(&call_id, ended(&call_id)?).into(),
        };
        message.blocks.push(part);
    }
    // A result that nobody asked for would be refused by every provider: it goes.
    message.blocks.append(&mut others);
    Ok(())
}

/// The result of a call whose own never reached a message.
fn supplied(call_id: &CallId, ended: Ended) -> Block {
    let (status, mut output) = ended.unwrap_or_else(|| (ToolCallStatus::Aborted, INTERRUPTED.to_owned()));
    if output.len() > RESULT {
        output.truncate(output.floor_char_boundary(RESULT));
        output.push_str("\n[cut here]");
    }
    Block::ToolResult { call_id: call_id.clone(), status, output }
}

#[cfg(test)]
#[path = "history_tests.rs"]
mod tests;
