//! Prints what an append costs, and how long a search over many messages takes: `store_speed [MESSAGES]`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use std::time::{Duration, Instant};

use bca_agent::{Message, NewRun, ToolCall, ToolCompletion, Transcript, TurnRecord};
use bca_protocol::{Block, CallId, Effect, RawJson, Role, RunId, SessionId, StopReason, ToolCallStatus, Usage};
use bca_store::{Db, OpenOptions};
use jiff::Timestamp;

fn percentile(times: &mut [Duration], percent: usize) -> Duration {
    times.sort();
    times[(times.len() * percent / 100).min(times.len() - 1)]
}

fn text(seed: u64) -> String {
    let rare = ["order", "customer", "invoice", "payment", "vendor", "item", "ledger", "quote", "shipment", "location"];
    let mut state = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
    let mut text = format!("the message w{}", seed % 50_000);
    while text.len() < 200 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let n = (state >> 33) as usize;
        text.push(' ');
        if n.is_multiple_of(3) { text.push_str(rare[n % rare.len()]) } else { text.push_str(&format!("t{}", n % 20_000)) }
    }
    text
}

fn message(role: Role, text: String) -> Message {
    Message::new(role, vec![Block::Text { text }])
}

#[tokio::main]
async fn main() {
    let many: u64 = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(20_000);
    let home = tempfile::tempdir().unwrap();
    let at_open = Instant::now();
    let (db, _) = Db::open(home.path(), OpenOptions::default()).unwrap();
    println!("open a new home: {:?}", at_open.elapsed());
    let mut run = NewRun {
        run_id: RunId::new(),
        session_id: SessionId::new(),
        provider: "anthropic".into(),
        model: "m".into(),
        concurrent_runs: None,
        connection: None,
        message: message(Role::User, "go".into()),
        at: Timestamp::now(),
    };
    db.begin_run(&run).await.unwrap();
    let (mut replies, mut completions, mut results) = (Vec::new(), Vec::new(), Vec::new());
    for n in 0..2_000 {
        let call = ToolCall { call_id: CallId::fresh(), tool: "bc_query_entities".into(), input: RawJson::null() };
        let reply = message(Role::Assistant, text(n));
        let turn = TurnRecord { turn: 1, usage: Usage::default(), first_delta: Some(Duration::ZERO), total: Duration::ZERO };
        let start = Instant::now();
        db.reply(&run, &reply, &[(call.clone(), Effect::Read)], &turn, Timestamp::now()).await.unwrap();
        replies.push(start.elapsed());
        let output = RawJson::from_value(&text(n).repeat(10)).unwrap();
        let end = ToolCompletion { call_id: &call.call_id, status: ToolCallStatus::Ok, output: &output, duration: Duration::ZERO, at: Timestamp::now() };
        let start = Instant::now();
        db.tool_completed(&run, &end).await.unwrap();
        completions.push(start.elapsed());
        let block = Block::ToolResult { call_id: call.call_id.clone(), status: ToolCallStatus::Ok, output: output.as_str().to_owned() };
        let start = Instant::now();
        db.results(&run, None, &Message::new(Role::User, vec![block]), Timestamp::now()).await.unwrap();
        results.push(start.elapsed());
    }
    for (name, times) in [("reply with a call", &mut replies), ("tool call's end, 2 kB", &mut completions), ("results, 2 kB", &mut results)] {
        println!("{name}: p50 {:?} p95 {:?} p99 {:?}", percentile(times, 50), percentile(times, 95), percentile(times, 99));
    }
    let start = Instant::now();
    for n in 0..many {
        if n % 1_000 == 0 {
            db.end_run(&run, StopReason::EndTurn, None, Timestamp::now()).await.unwrap();
            run = NewRun { run_id: RunId::new(), session_id: SessionId::new(), at: Timestamp::now(), ..run };
            db.begin_run(&run).await.unwrap();
        }
        db.results(&run, None, &message(Role::User, text(n)), Timestamp::now()).await.unwrap();
    }
    println!("{many} messages: {:?}", start.elapsed());
    let start = Instant::now();
    db.search("warm", 20).await.unwrap();
    println!("first search, with what was left to index: {:?}", start.elapsed());
    for query in ["the", "order", "t77", "t1", "invo", "inv", "messag", "w12345", "the order invoice", "t19 t18", "nothingatall", "th"] {
        let mut times = Vec::new();
        let mut found = 0;
        for _ in 0..20 {
            let start = Instant::now();
            found = db.search(query, 20).await.unwrap().len();
            times.push(start.elapsed());
        }
        println!("search `{query}`: {found} found, p50 {:?} p95 {:?}", percentile(&mut times, 50), percentile(&mut times, 95));
    }
    drop(db);
    let at_open = Instant::now();
    let (db, _) = Db::open(home.path(), OpenOptions::default()).unwrap();
    let size = std::fs::metadata(home.path().join("bc-agent.db")).unwrap().len();
    println!("open {} MB again: {:?}", size / 1_000_000, at_open.elapsed());
    drop(db);
}
