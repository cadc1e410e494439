//! A conversation as it reads afterwards.

use std::collections::HashMap;

use bca_protocol::{Block, CallId, ChangeView, MessageView, RawJson, Role, RunView, SessionDetail, ToolCallStatus, ToolCallView};

use super::{
    change::{Undo, outcome},
    tool::{self, Ended},
    words::{counted, moment, running, stopped, value},
};
use crate::{
    console::Loudness,
    paint::{Paint, Style},
};

/// The whole conversation, oldest first.
#[must_use]
pub fn page(detail: &SessionDetail, paint: Paint, loudness: Loudness) -> String {
    let session = &detail.session;
    let connection = session.connection.as_deref().map(|name| format!(" · {}", value(name))).unwrap_or_default();
    let mut lines = vec![
        paint.text(Style::Bold, &value(&session.title)),
        paint.text(
            Style::Dim,
            &format!("{}{connection} · {} · {}", session.session_id, moment(session.created_at), counted(session.message_count, "message", "messages")),
        ),
    ];
    let pieces = Pieces { calls: detail.tool_calls.iter().map(|call| (&call.call_id, call)).collect(), changes: &detail.changes, paint, loudness };
    for (i, message) in detail.messages.iter().enumerate() {
        lines.extend(pieces.message(message));
        let is_last = detail.messages.get(i + 1).is_none_or(|next| next.run_id != message.run_id);
        if let (true, Some(run)) = (is_last, detail.runs.iter().find(|run| run.run_id == message.run_id)) {
            lines.extend(end_of(run).map(|text| format!("  {}", paint.text(Style::Warning, &text))));
        }
    }
    lines.join("\n")
}

fn end_of(run: &RunView) -> Option<String> {
    if run.interrupted {
        return Some("The app ended in the middle of this run.".to_owned());
    }
    run.error.as_deref().map(value).or_else(|| run.stop_reason.and_then(stopped).map(str::to_owned))
}

struct Pieces<'a> {
    calls: HashMap<&'a CallId, &'a ToolCallView>,
    changes: &'a [ChangeView],
    paint: Paint,
    loudness: Loudness,
}

impl Pieces<'_> {
    fn message(&self, message: &MessageView) -> Vec<String> {
        let body: Vec<String> = message.content.iter().flat_map(|block| self.block(block)).collect();
        if body.is_empty() {
            return body;
        }
        let who = match message.role {
            Role::User => "You",
            Role::Assistant => "BC Agent",
        };
        let cut = if message.partial { " (cut off)" } else { "" };
        let head = format!("{} {}", self.paint.text(Style::Bold, who), self.paint.text(Style::Dim, &format!("{}{cut}", moment(message.created_at))));
        [String::new(), head].into_iter().chain(body).collect()
    }

    fn block(&self, block: &Block) -> Vec<String> {
        match block {
            Block::Text { text } => indented(&running(text)),
            Block::Thinking { text } if self.loudness == Loudness::Verbose && !text.is_empty() => {
                indented(&running(text)).into_iter().map(|line| self.paint.text(Style::Dim, &line)).collect()
            }
            // The plan is a means, and the last one stands in the run.
            Block::ToolUse { tool, .. } if tool == "todo_write" && self.loudness < Loudness::Verbose => Vec::new(),
            Block::ToolUse { call_id, tool, input } => self.call(call_id, tool, input),
            // Results stand with their calls.
            Block::Thinking { .. } | Block::ToolResult { .. } => Vec::new(),
        }
    }

    fn call(&self, call_id: &CallId, tool: &str, input: &RawJson) -> Vec<String> {
        let nothing = RawJson::null();
        let told = match self.calls.get(call_id) {
            Some(ToolCallView { status: Some(status), output, duration_ms, .. }) => {
                let output = output.as_ref().unwrap_or(&nothing);
                tool::line(&Ended { tool, input, status: *status, output, duration_ms: duration_ms.unwrap_or_default() })
            }
            Some(_) => value(&format!("{} · not finished", tool::subject(tool, input))),
            None => value(&format!("{} · {}", tool::subject(tool, input), ToolCallStatus::Aborted.as_str())),
        };
        let made = self.changes.iter().filter(|change| change.preview.call_id == *call_id);
        let made = made.map(|change| format!("  {}", outcome(&change.preview.title, change.state, Undo::from(&change.preview.undo), self.paint)));
        std::iter::once(format!("  {}", self.paint.text(Style::Dim, &format!("• {told}")))).chain(made).collect()
    }
}

fn indented(text: &str) -> Vec<String> {
    text.trim_end().lines().map(|line| format!("  {line}").trim_end().to_owned()).collect()
}
