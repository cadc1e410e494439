#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use bca_agent::{Message, NewRun, ToolCall, ToolCompletion, Transcript};
use bca_protocol::{Block, CallId, Effect, RawJson, Role, StopReason, ToolCallStatus};
use proptest::prelude::*;

use crate::{
    Db,
    transcript::tests::{new_run, open, turn},
};

async fn say(db: &Db, text: &str) -> NewRun {
    let run = new_run(text);
    db.begin_run(&run).await.unwrap();
    let call = ToolCall { call_id: CallId::from_provider("c1"), tool: "bc_query_entities".into(), input: RawJson::null() };
    let use_it = Block::ToolUse { call_id: call.call_id.clone(), tool: call.tool.clone(), input: RawJson::null() };
    db.reply(&run, &Message::new(Role::Assistant, vec![use_it]), &[(call.clone(), Effect::Read)], &turn(), run.at).await.unwrap();
    let output = RawJson::parse(r#"[{"displayName":"Fjordlys Ærø AS","number":"10020"}]"#.into()).unwrap();
    let end = ToolCompletion { call_id: &call.call_id, status: ToolCallStatus::Ok, output: &output, duration: std::time::Duration::ZERO, at: run.at };
    db.tool_completed(&run, &end).await.unwrap();
    db.end_run(&run, StopReason::EndTurn, None, run.at).await.unwrap();
    run
}

#[tokio::test]
async fn words_are_found_whole_half_typed_and_without_their_accents() {
    let home = tempfile::tempdir().unwrap();
    let db = open(home.path());
    let run = say(&db, "Which customers in Tromsø owe us more than 1900-A?").await;
    for query in ["customers", "CUSTOMERS owe", "custom", "tromsø", "1900-A", "owe \"us\" more", "cus"] {
        let hits = db.search(query, 10).await.unwrap();
        assert_eq!(hits.len(), 1, "{query}");
        assert_eq!(hits[0].session_id, run.session_id);
        assert!(hits[0].message_id.is_some() && hits[0].snippet.contains('\u{2}') && hits[0].snippet.contains('\u{3}'), "{:?}", hits[0]);
    }
    let hits = db.search("fjordlys", 10).await.unwrap();
    assert_eq!(hits[0].call_id, Some(CallId::from_provider("c1")));
    assert_eq!(db.search("custom ", 10).await.unwrap(), [], "white space ends the word");
    assert_eq!(db.search("customers nowhere", 10).await.unwrap(), []);
    assert_eq!(db.search("  --- \"\" ** ", 10).await.unwrap(), []);
}

#[tokio::test]
async fn the_newest_come_first_and_the_limit_holds() {
    let home = tempfile::tempdir().unwrap();
    let db = open(home.path());
    for n in 0..5 {
        say(&db, &format!("invoice number {n}")).await;
    }
    let hits = db.search("invoice", 3).await.unwrap();
    let snippets: Vec<&str> = hits.iter().map(|hit| hit.snippet.as_str()).collect();
    assert_eq!(snippets, ["\u{2}invoice\u{3} number 4", "\u{2}invoice\u{3} number 3", "\u{2}invoice\u{3} number 2"]);
}

#[tokio::test]
async fn a_deleted_conversation_is_not_found_whether_it_was_indexed_or_not() {
    let home = tempfile::tempdir().unwrap();
    let db = open(home.path());
    let indexed = say(&db, "zebra one").await;
    assert_eq!(db.search("zebra", 10).await.unwrap().len(), 1);
    db.delete_session(indexed.session_id).await.unwrap();
    let queued = new_run("zebra two");
    db.begin_run(&queued).await.unwrap();
    db.end_run(&queued, StopReason::EndTurn, None, queued.at).await.unwrap();
    db.delete_session(queued.session_id).await.unwrap();
    assert_eq!(db.search("zebra", 10).await.unwrap(), []);
    assert_eq!(db.search("fjordlys", 10).await.unwrap(), []);
    db.check().await.unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn no_query_is_an_error(queries in proptest::collection::vec("\\PC{0,40}|[\"*^:(){}+\\-\u{0}\u{1}a-cANDORNEAT ]{0,40}", 8)) {
        thread_local! {
            static HOME: (tempfile::TempDir, Db, tokio::runtime::Runtime) = {
                let home = tempfile::tempdir().unwrap();
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                let db = open(home.path());
                runtime.block_on(say(&db, "a b c and or not near"));
                (home, db, runtime)
            };
        }
        HOME.with(|(_, db, runtime)| for query in &queries {
            runtime.block_on(db.search(query, 5)).unwrap_or_else(|e| panic!("{query:?}: {e}"));
        });
    }
}
