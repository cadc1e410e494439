#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use std::time::Duration;

use bca_protocol::{Block, CallId, RawJson, Role, ToolCallStatus, Usage};

use super::*;
use crate::OpenOptions;

pub(crate) fn open(home: &std::path::Path) -> Db {
    Db::open(home, OpenOptions::default()).unwrap().0
}

pub(crate) fn new_run(text: &str) -> NewRun {
    NewRun {
        run_id: RunId::new(),
        session_id: SessionId::new(),
        provider: "anthropic".into(),
        model: "model-1".into(),
        concurrent_runs: None,
        connection: None,
        message: Message::new(Role::User, vec![Block::Text { text: text.into() }]),
        at: Timestamp::now(),
    }
}

pub(crate) fn turn() -> TurnRecord {
    let usage = Usage { input_tokens: 1, output_tokens: 2, cache_read_tokens: 3, cache_write_tokens: 4 };
    TurnRecord { turn: 1, usage, first_delta: Some(Duration::from_millis(3)), total: Duration::from_millis(9) }
}

#[tokio::test]
async fn a_run_is_stored_and_its_history_comes_back_block_by_block() {
    let home = tempfile::tempdir().unwrap();
    let db = open(home.path());
    let run = new_run("Show the customers");
    db.begin_run(&run).await.unwrap();
    let call =
        ToolCall { call_id: CallId::from_provider("toolu_1"), tool: "bc_query_entities".into(), input: RawJson::parse(r#"{"top": 1.50}"#.into()).unwrap() };
    let raw = RawJson::parse(r#"{"type":"thinking","thinking":"hm","signature":"s=="}"#.into()).unwrap();
    let reply = Message {
        role: Role::Assistant,
        blocks: vec![
            bca_agent::HistoryBlock { block: Block::Thinking { text: "hm \u{0} \"ø\"".into() }, raw: Some(raw) },
            Block::ToolUse { call_id: call.call_id.clone(), tool: call.tool.clone(), input: call.input.clone() }.into(),
        ],
        provider: Some("anthropic".into()),
    };
    db.reply(&run, &reply, &[(call.clone(), Effect::Read)], &turn(), run.at).await.unwrap();
    let output = RawJson::parse("[1]".into()).unwrap();
    let end = ToolCompletion { call_id: &call.call_id, status: ToolCallStatus::Ok, output: &output, duration: Duration::from_millis(2), at: run.at };
    db.tool_completed(&run, &end).await.unwrap();
    let results = Message::new(Role::User, vec![Block::ToolResult { call_id: call.call_id.clone(), status: ToolCallStatus::Ok, output: "[1]".into() }]);
    db.results(&run, None, &results, run.at).await.unwrap();
    db.end_run(&run, StopReason::EndTurn, None, run.at).await.unwrap();
    assert_eq!(db.history(run.session_id).await.unwrap(), vec![run.message.clone(), reply, results]);
}

#[tokio::test]
async fn one_run_at_a_time_per_session_also_from_another_handle() {
    let home = tempfile::tempdir().unwrap();
    let (one, other) = (open(home.path()), open(home.path()));
    let run = new_run("first");
    one.begin_run(&run).await.unwrap();
    let second = NewRun { run_id: RunId::new(), ..run.clone() };
    for db in [&one, &other] {
        assert_eq!(db.begin_run(&second).await.unwrap_err().code, ErrorCode::Conflict);
    }
    one.end_run(&run, StopReason::EndTurn, None, run.at).await.unwrap();
    other.begin_run(&second).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn runs_that_begin_at_once_are_never_more_than_may_be() {
    let home = tempfile::tempdir().unwrap();
    let handles = [open(home.path()), open(home.path()), open(home.path())];
    let starts: Vec<_> = (0..12)
        .map(|n: usize| {
            let db = handles[n % handles.len()].clone();
            let run = NewRun { concurrent_runs: Some(3), ..new_run("at once") };
            tokio::spawn(async move { db.begin_run(&run).await.map_err(|fault| fault.code) })
        })
        .collect();
    let mut begun = 0;
    for start in starts {
        match start.await.unwrap() {
            Ok(_) => begun += 1,
            Err(code) => assert_eq!(code, ErrorCode::Conflict),
        }
    }
    assert_eq!(begun, 3);
    assert_eq!(handles[0].running().await.unwrap(), 3);
}

#[tokio::test]
async fn the_end_of_a_call_and_the_message_with_its_result_are_stored_together() {
    let home = tempfile::tempdir().unwrap();
    let db = open(home.path());
    let run = new_run("first");
    db.begin_run(&run).await.unwrap();
    let output = RawJson::parse("{}".to_owned()).unwrap();
    let call_id = CallId::fresh();
    let completion =
        bca_agent::ToolCompletion { call_id: &call_id, status: ToolCallStatus::Ok, output: &output, duration: std::time::Duration::ZERO, at: run.at };
    let block = Block::ToolResult { call_id: call_id.clone(), status: ToolCallStatus::Ok, output: "{}".into() };
    let refused = db.results(&run, Some(&completion), &Message::new(Role::User, vec![block]), run.at).await;
    assert_eq!(refused.unwrap_err().code, ErrorCode::Conflict, "this call never began");
    assert_eq!(db.history(run.session_id).await.unwrap().len(), 1, "so its message isn't there either");
}

#[tokio::test]
async fn a_run_of_a_handle_that_is_gone_is_taken_over() {
    let home = tempfile::tempdir().unwrap();
    let (one, other) = (open(home.path()), open(home.path()));
    let run = new_run("first");
    one.begin_run(&run).await.unwrap();
    drop(one);
    let second = NewRun { run_id: RunId::new(), ..run.clone() };
    other.begin_run(&second).await.unwrap();
    assert_eq!(other.history(run.session_id).await.unwrap().len(), 1, "two messages of the person are one for a model");
}
