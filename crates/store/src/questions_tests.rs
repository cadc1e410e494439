#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use bca_agent::{Message, Transcript};
use bca_approval::{ApprovalLog, IntentLog, Quota, Settlement};
use bca_protocol::{Block, ChangeOutcome, ConnectionKind, Decision, ErrorCode, Role, RunId, StopReason, Todo, TodoId, TodoPriority, TodoStatus};

use super::*;
use crate::{
    approval_log::tests::{answer, question},
    transcript::tests::{new_run, open, turn},
};

fn todo(n: u32) -> Todo {
    Todo {
        id: TodoId(n.to_string()),
        content: format!("Step {n}"),
        description: String::new(),
        priority: TodoPriority::High,
        order: n,
        status: TodoStatus::InProgress,
        completed_at: None,
    }
}

#[tokio::test]
async fn a_conversation_is_rebuilt_whole_and_what_was_approved_outlives_it() {
    let home = tempfile::tempdir().unwrap();
    let db = open(home.path());
    let (mut request, writes) = question(2);
    let mut run = new_run("Create a customer named Harbor Lights Ltd in Bergen with payment terms 14 days, please");
    run.connection = Some(request.connection.clone());
    db.begin_run(&run).await.unwrap();
    (request.session_id, request.run_id) = (run.session_id, run.run_id);
    let reply = Message { provider: Some("anthropic".into()), ..Message::new(Role::Assistant, vec![Block::Text { text: "I will.".into() }]) };
    db.reply(&run, &reply, &[], &turn(), run.at).await.unwrap();
    db.partial(&run, &reply, run.at).await.unwrap();
    db.todos(&run, &[todo(0), todo(1)]).await.unwrap();
    db.todos(&run, &[todo(0)]).await.unwrap();
    db.ask(&request, &writes, Quota::default()).await.unwrap();
    db.resolve(request.approval_id, request.digest, &answer(Decision::Approved, request.requested_at)).await.unwrap();
    let done = writes[0].change_id();
    db.sending(done, request.requested_at).await.unwrap();
    let settlement = Settlement { outcome: ChangeOutcome::Confirmed, message: None, key: None, after: None, correlation_id: None, at: request.requested_at };
    db.settled(done, &settlement).await.unwrap();
    assert!(matches!(db.delete_session(run.session_id).await, Err(StoreError::Conflict(_))), "it is at work");
    db.end_run(&run, StopReason::EndTurn, None, run.at).await.unwrap();

    let detail = db.session_detail(run.session_id).await.unwrap();
    assert_eq!(detail.session.title, "Create a customer named Harbor Lights Ltd in Bergen with…");
    assert_eq!((detail.session.message_count, detail.session.running, detail.session.connection.as_deref()), (3, false, Some("demo")));
    assert_eq!(detail.messages.iter().map(|m| m.partial).collect::<Vec<_>>(), [false, false, true]);
    assert_eq!((detail.runs[0].usage, detail.runs[0].turns, &detail.runs[0].todos), (turn().usage, 1, &vec![todo(0)]));
    assert_eq!((&detail.approvals[0].request, detail.changes.len()), (&request, 2));
    let text = crate::markdown(&detail);
    assert!(text.contains("## You (") && text.contains("### Create customer 0") && text.contains("cut off"), "{text}");
    assert_eq!(db.sessions(None, 10).await.unwrap(), std::slice::from_ref(&detail.session));
    assert_eq!(db.metrics("model.total", 10).await.unwrap()[0].duration, turn().total);

    db.rename_session(run.session_id, " Harbor \n Lights ").await.unwrap();
    assert_eq!(db.session(run.session_id).await.unwrap().unwrap().title, "Harbor Lights");
    db.delete_session(run.session_id).await.unwrap();
    assert!(matches!(db.session_detail(run.session_id).await, Err(StoreError::NotFound(_))));
    assert_eq!(db.approval(request.approval_id).await.unwrap().request, request);
    assert_eq!(db.change(done).await.unwrap().session_id, run.session_id);
    let left: i64 = db
        .read(|c| {
            let tables = ["messages", "agent_executions", "mcp_tool_calls", "todos", "search_queue"];
            let count = |table: &str| c.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get::<_, i64>(0));
            Ok(tables.iter().map(|table| count(table).unwrap()).sum())
        })
        .await
        .unwrap();
    assert_eq!(left, 0);
}

#[tokio::test]
async fn settings_connections_and_errors_are_kept() {
    let home = tempfile::tempdir().unwrap();
    let db = open(home.path());
    db.set_setting("agent.max_turns", "5").await.unwrap();
    db.set_setting("agent.max_turns", "7").await.unwrap();
    assert_eq!(db.setting("agent.max_turns").await.unwrap().as_deref(), Some("7"));
    assert!(db.unset_setting("agent.max_turns").await.unwrap() && db.settings().await.unwrap().is_empty());

    let (request, _) = question(1);
    let other = Connection { name: "live".into(), kind: ConnectionKind::Production, ..request.connection.clone() };
    db.put_connection(&request.connection, "http://127.0.0.1:1/api/v2.0").await.unwrap();
    db.put_connection(&other, "https://example.com/api/v2.0").await.unwrap();
    db.use_connection("demo").await.unwrap();
    assert!(matches!(db.use_connection("nowhere").await, Err(StoreError::NotFound(_))));
    assert_eq!(db.active_connection().await.unwrap().unwrap().connection, request.connection);
    db.use_connection("live").await.unwrap();
    db.put_connection(&other, "https://example.org/api/v2.0").await.unwrap();
    let live = db.connection("live").await.unwrap();
    assert_eq!((live.base_url.as_str(), live.active), ("https://example.org/api/v2.0", true));
    db.remove_connection("live").await.unwrap();
    assert_eq!((db.connections().await.unwrap().len(), db.active_connection().await.unwrap()), (1, None));

    let entry = ErrorEntry {
        at: request.requested_at,
        code: ErrorCode::RecordChanged,
        message: "m".into(),
        detail: "d".into(),
        session_id: Some(request.session_id),
        run_id: Some(RunId::new()),
        correlation_id: Some("c".into()),
    };
    db.error(&entry).await.unwrap();
    assert_eq!(db.errors(5).await.unwrap(), [entry]);
}

#[tokio::test]
async fn pages_of_questions_follow_each_other() {
    let home = tempfile::tempdir().unwrap();
    let db = open(home.path());
    let mut asked = Vec::new();
    for _ in 0..5 {
        let (request, writes) = question(1);
        db.ask(&request, &writes, Quota::default()).await.unwrap();
        asked.insert(0, request);
    }
    let first = db.approvals(None, 3).await.unwrap();
    let rest = db.approvals(Some(first[2].request.approval_id), 3).await.unwrap();
    assert_eq!(first.iter().chain(&rest).map(|view| view.request.clone()).collect::<Vec<_>>(), asked);
    assert_eq!(db.pending_approvals().await.unwrap().len(), 5);
}
