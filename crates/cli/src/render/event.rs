//! Pieces of a run's story that are one text each.

use std::collections::HashMap;

use bca_protocol::{Todo, TodoId, TodoStatus};

use super::words::{brief, counted, value};
use crate::paint::{Paint, Style};

/// The plan: all of it where it is new, else only the steps that moved.
#[must_use]
pub fn plan(before: &[Todo], after: &[Todo], paint: Paint) -> Vec<String> {
    let known: HashMap<&TodoId, &Todo> = before.iter().map(|todo| (&todo.id, todo)).collect();
    let same_steps = before.len() == after.len() && after.iter().all(|todo| known.get(&todo.id).is_some_and(|old| old.content == todo.content));
    let mut steps: Vec<&Todo> = after.iter().collect();
    steps.sort_by_key(|todo| todo.order);
    let line = |todo: &&Todo| {
        let (sign, style) = match todo.status {
            TodoStatus::Pending => ("○", Style::Dim),
            TodoStatus::InProgress => ("●", Style::Bold),
            TodoStatus::Completed => ("✓", Style::Good),
        };
        format!("  {}", paint.text(style, &format!("{sign} {}", value(&todo.content))))
    };
    if same_steps {
        return steps.iter().filter(|todo| known.get(&todo.id).is_some_and(|old| old.status != todo.status)).map(line).collect();
    }
    std::iter::once("  Plan".to_owned()).chain(steps.iter().map(line)).collect()
}

/// What a run took: `3 turns · 5 tools · 12412 tokens (9800 from the cache)`.
#[must_use]
pub fn effort(turns: u32, calls: u64, usage: bca_protocol::Usage) -> String {
    let input = usage.input_tokens.saturating_add(usage.cache_read_tokens).saturating_add(usage.cache_write_tokens);
    let tokens = input.saturating_add(usage.output_tokens);
    let parts = [counted(u64::from(turns), "turn", "turns"), counted(calls, "tool call", "tool calls"), format!("{tokens} tokens")];
    let cached = if usage.cache_read_tokens > 0 { format!(" ({} from the cache)", usage.cache_read_tokens) } else { String::new() };
    format!("{}{cached}", parts.join(" · "))
}

/// JSON for `-v`: harmless and bounded.
#[must_use]
pub fn detail(name: &str, json: &str) -> String {
    format!("    {name}: {}", value(&brief(json, 4_000)))
}

#[cfg(test)]
#[path = "event_tests.rs"]
mod tests;
