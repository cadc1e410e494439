#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use bca_protocol::RawJson;

use super::*;

fn text(role: Role, text: &str) -> Message {
    Message::new(role, vec![Block::Text { text: text.into() }])
}

fn uses(ids: &[&str]) -> Message {
    let block = |id: &&str| Block::ToolUse { call_id: CallId::from_provider(id), tool: "t".into(), input: RawJson::null() };
    Message { provider: Some("anthropic".into()), ..Message::new(Role::Assistant, ids.iter().map(block).collect()) }
}

fn result(id: &str, output: &str) -> Block {
    Block::ToolResult { call_id: CallId::from_provider(id), status: ToolCallStatus::Ok, output: output.into() }
}

fn nothing_ended(_: &CallId) -> Result<Ended, StoreError> {
    Ok(None)
}

fn result_ids(message: &Message) -> Vec<String> {
    let id = |part: &HistoryBlock| match &part.block {
        Block::ToolResult { call_id, .. } => Some(call_id.to_string()),
        Block::Text { .. } | Block::Thinking { .. } | Block::ToolUse { .. } => None,
    };
    message.blocks.iter().filter_map(id).collect()
}

#[test]
fn a_whole_conversation_is_left_as_it_is() {
    let whole = vec![text(Role::User, "hi"), uses(&["a"]), Message::new(Role::User, vec![result("a", "1")]), text(Role::Assistant, "done")];
    assert_eq!(consistent(whole.clone(), nothing_ended).unwrap(), whole);
}

#[test]
fn calls_that_a_kill_left_open_get_results_before_the_next_words() {
    let history = consistent(vec![text(Role::User, "hi"), uses(&["a", "b"]), text(Role::User, "go on")], nothing_ended).unwrap();
    assert_eq!(history.len(), 3);
    assert_eq!(result_ids(&history[2]), ["a", "b"]);
    assert_eq!(history[2].blocks[2].block, Block::Text { text: "go on".into() });
    let Block::ToolResult { output, .. } = &history[2].blocks[0].block else { panic!("a result first") };
    assert!(output.contains("interrupted"), "{output}");
}

#[test]
fn a_call_that_ended_before_the_kill_gets_its_own_result() {
    let ended = |id: &CallId| Ok((id.as_str() == "a").then(|| (ToolCallStatus::Ok, "[42]".to_owned())));
    let history = consistent(vec![text(Role::User, "hi"), uses(&["a", "b"])], ended).unwrap();
    assert_eq!(history[2].blocks[0].block, result("a", "[42]"));
    assert_eq!(result_ids(&history[2]), ["a", "b"]);
}

#[test]
fn results_stand_in_the_order_of_the_calls_and_strays_go() {
    let results = Message::new(Role::User, vec![result("z", "stray"), result("b", "2"), result("a", "1"), result("a", "again")]);
    let history = consistent(vec![text(Role::User, "hi"), uses(&["a", "b"]), results], nothing_ended).unwrap();
    assert_eq!(history[2].blocks.iter().map(|b| b.block.clone()).collect::<Vec<_>>(), vec![result("a", "1"), result("b", "2")]);
}

#[test]
fn runs_that_ended_with_the_persons_words_are_merged_and_empty_text_goes() {
    let stored = vec![text(Role::Assistant, "stray"), text(Role::User, "one"), text(Role::Assistant, " \n"), text(Role::User, "two"), text(Role::User, "")];
    let history = consistent(stored, nothing_ended).unwrap();
    assert_eq!(history, vec![Message::new(Role::User, vec![Block::Text { text: "one".into() }, Block::Text { text: "two".into() }])]);
}

#[test]
fn a_paused_answer_is_one_with_its_continuation() {
    let history = consistent(vec![text(Role::User, "hi"), text(Role::Assistant, "a"), uses(&["x"])], nothing_ended).unwrap();
    assert_eq!(history.iter().map(|m| m.role).collect::<Vec<_>>(), [Role::User, Role::Assistant, Role::Assistant, Role::User]);
    let same = vec![text(Role::User, "hi"), uses(&["x"]), uses(&["y"])];
    let history = consistent(same, nothing_ended).unwrap();
    assert_eq!(history.iter().map(|m| m.role).collect::<Vec<_>>(), [Role::User, Role::Assistant, Role::User, Role::Assistant, Role::User]);
}

#[test]
fn a_supplied_result_is_bounded() {
    let ended = |_: &CallId| Ok(Some((ToolCallStatus::Ok, "ø".repeat(RESULT))));
    let history = consistent(vec![text(Role::User, "hi"), uses(&["a"])], ended).unwrap();
    let Block::ToolResult { output, .. } = &history[2].blocks[0].block else { panic!("a result") };
    assert!(output.len() < RESULT + 100 && output.ends_with("[cut here]"));
}

#[test]
fn an_outcome_that_came_in_a_later_turn_is_told_as_text() {
    let late = Message::new(Role::User, vec![result("b", "2"), result("a", "confirmed"), result("z", "stray")]);
    let whole = vec![text(Role::User, "hi"), uses(&["a"]), Message::new(Role::User, vec![result("a", "collected")]), uses(&["b"]), late];
    let alone = Message::new(Role::User, vec![result("b", "dropped")]);
    let history = consistent([whole, vec![text(Role::Assistant, "Done."), alone, text(Role::User, "thanks")]].concat(), nothing_ended).unwrap();
    let told = |message: &Message| message.blocks.iter().map(|part| part.block.clone()).collect::<Vec<_>>();
    let outcome = |id: &str, output: &str| late_result(&CallId::from_provider(id), ToolCallStatus::Ok, output);
    assert_eq!(told(&history[4]), [result("b", "2"), outcome("a", "confirmed")]);
    assert_eq!(told(&history[6]), [outcome("b", "dropped"), Block::Text { text: "thanks".into() }]);
}
