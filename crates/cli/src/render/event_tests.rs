use bca_protocol::{TodoPriority, Usage};

use super::*;

fn step(id: &str, content: &str, status: TodoStatus) -> Todo {
    let order = id.parse().unwrap_or_default();
    Todo { id: TodoId(id.into()), content: content.into(), description: String::new(), priority: TodoPriority::Medium, order, status, completed_at: None }
}

#[test]
fn a_plan_is_told_whole_once_and_then_only_what_moved() {
    let first = [step("1", "Find customers", TodoStatus::InProgress), step("2", "Check terms", TodoStatus::Pending)];
    assert_eq!(plan(&[], &first, Paint::Plain), ["  Plan", "  ● Find customers", "  ○ Check terms"]);
    let then = [step("1", "Find customers", TodoStatus::Completed), step("2", "Check terms", TodoStatus::Pending)];
    assert_eq!(plan(&first, &then, Paint::Plain), ["  ✓ Find customers"]);
    assert!(plan(&then, &then, Paint::Plain).is_empty());
    let longer = [then[0].clone(), then[1].clone(), step("3", "Write", TodoStatus::Pending)];
    assert_eq!(plan(&then, &longer, Paint::Plain).len(), 4);
}

#[test]
fn effort_counts_every_token_once() {
    let usage = Usage { input_tokens: 100, output_tokens: 20, cache_read_tokens: 900, cache_write_tokens: 0 };
    assert_eq!(effort(1, 2, usage), "1 turn · 2 tool calls · 1020 tokens (900 from the cache)");
}
