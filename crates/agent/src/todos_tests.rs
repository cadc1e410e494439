#![allow(clippy::unwrap_used)]
use super::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[test]
fn a_numbered_plan_of_three_steps_is_found_in_prose() {
    let text = "Here is my plan:\n\n1. **Find the customer**\n   by name\n2) Check its terms\n3: Propose the change\n\nShall I?";
    assert_eq!(steps(text).unwrap(), ["Find the customer", "Check its terms", "Propose the change"]);
}

#[test]
fn two_numbers_or_numbers_out_of_order_are_no_plan() {
    assert_eq!(steps("1. a\n2. b"), None);
    assert_eq!(steps("1. a\n3. b\n2. c"), None);
    assert_eq!(steps("In 2024. we sold\n10.5 units\n3.14 is pi"), None);
}

#[test]
fn the_model_keeps_ids_and_the_time_of_completion() {
    let mut plan = Plan::default();
    let first = RawJson::parse(r#"{"todos":[{"id":"a","content":"x","status":"completed"},{"content":"y","status":"in_progress"}]}"#.into()).unwrap();
    plan.replace(&first, at("2026-01-01T00:00:00Z")).unwrap();
    let todos = plan.replace(&first, at("2026-01-02T00:00:00Z")).unwrap();
    assert_eq!(todos[0].completed_at, Some(at("2026-01-01T00:00:00Z")));
    assert_eq!(todos[1].id.0, "2");
}

#[test]
fn content_is_clipped_and_nonsense_is_refused_with_a_sentence() {
    let mut plan = Plan::default();
    let long = format!(r#"{{"todos":[{{"content":"{}","status":"pending"}}]}}"#, "å".repeat(600));
    assert_eq!(plan.replace(&RawJson::parse(long).unwrap(), at("2026-01-01T00:00:00Z")).unwrap()[0].content.chars().count(), 500);
    assert!(plan.replace(&RawJson::parse(r#"{"todos":"x"}"#.into()).unwrap(), at("2026-01-01T00:00:00Z")).is_err());
    assert!(plan.replace(&RawJson::parse(r#"{"todos":[{"content":" ","status":"pending"}]}"#.into()).unwrap(), at("2026-01-01T00:00:00Z")).is_err());
}

#[test]
fn a_written_plan_moves_as_turns_succeed_and_is_done_at_a_good_end() {
    let now = at("2026-01-01T00:00:00Z");
    let mut plan = Plan::default();
    assert_eq!(plan.follow("1. a\n2. b\n3. c", now), Moved::Yes);
    plan.worked(true);
    assert_eq!(plan.follow("", now), Moved::Yes);
    assert_eq!(plan.todos.iter().map(|t| t.status).collect::<Vec<_>>(), [TodoStatus::Completed, TodoStatus::InProgress, TodoStatus::Pending]);
    plan.worked(false);
    assert_eq!(plan.follow("", now), Moved::No);
    plan.worked(true);
    assert_eq!(plan.finish(StopReason::Cancelled, now), Moved::No);
    assert_eq!(plan.finish(StopReason::EndTurn, now), Moved::Yes);
    assert!(plan.todos.iter().all(|t| t.completed_at.is_some()));
}
