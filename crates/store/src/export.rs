//! A conversation as Markdown, to be read by people.

use std::fmt::Write;

use bca_protocol::{Block, ChangeView, FieldChange, MessageView, Role, SessionDetail, ToolCallView};

/// The conversation as Markdown: what was said, which tools were used, and every change with its fields. The JSON form is the
/// [`SessionDetail`] itself.
#[must_use]
pub fn markdown(detail: &SessionDetail) -> String {
    let mut out = String::new();
    // Writing to a string can't fail.
    let _ = writeln!(out, "# {}\n", line(&detail.session.title));
    let _ = writeln!(out, "Begun {}, last message {}.", detail.session.created_at.strftime("%F %R UTC"), detail.session.updated_at.strftime("%F %R UTC"));
    for message in &detail.messages {
        write_message(&mut out, message, &detail.tool_calls);
    }
    if !detail.changes.is_empty() {
        out.push_str("\n## Changes\n");
        detail.changes.iter().for_each(|change| write_change(&mut out, change));
    }
    out
}

fn write_message(out: &mut String, message: &MessageView, calls: &[ToolCallView]) {
    let mut heading = Some(match message.role {
        Role::User => "You",
        Role::Assistant => "BC Agent",
    });
    for block in &message.content {
        let text = match block {
            Block::Text { text } => text.trim().to_owned(),
            Block::ToolUse { call_id, tool, .. } => {
                let status = calls.iter().find(|call| call.call_id == *call_id).and_then(|call| call.status);
                format!("*Used `{}`: {}.*", tool.replace('`', "'"), status.map_or("no end", |s| s.as_str()))
            }
            // Reasoning is not part of what was said; results stand with their calls.
            Block::Thinking { .. } | Block::ToolResult { .. } => continue,
        };
        if let Some(who) = heading.take() {
            let cut = if message.partial { ", cut off" } else { "" };
            let _ = writeln!(out, "\n## {who} ({}{cut})", message.created_at.strftime("%F %R UTC"));
        }
        let _ = writeln!(out, "\n{text}");
    }
}

fn write_change(out: &mut String, change: &ChangeView) {
    let _ = writeln!(out, "\n### {}\n", line(&change.preview.title));
    let _ = writeln!(out, "{} in {}, {}.", change.state.as_str().replace('_', " "), line(&change.connection.company), line(&change.connection.name));
    if let Some(message) = &change.message {
        let _ = writeln!(out, "{}", line(message));
    }
    if change.preview.fields.is_empty() {
        return;
    }
    out.push_str("\n| Field | Before | After |\n|---|---|---|\n");
    for FieldChange { caption, before, after, .. } in &change.preview.fields {
        let _ = writeln!(out, "| {} | {} | {} |", cell(Some(caption)), cell(before.as_ref()), cell(after.as_ref()));
    }
}

/// Text that must stay on its line.
fn line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn cell(text: Option<&String>) -> String {
    text.map(|text| line(text).replace('|', "\\|")).unwrap_or_default()
}
