//! Answers that race, writers that race, and requests of any shape: a twentieth of each figure here, all of it by `cargo xtask torture`.

use std::{sync::Arc, time::Duration};

use bca_app::{Key, ToolCallResult};
use bca_protocol::{
    ApprovalState, ChangeState, Clock, EventKind, FieldEdit, RawJson, ReviewDecision, ReviewVerdict, Reviewer, Revision, SystemClock, ToolCallStatus,
};
use bca_testkit::{Books, Events, RunningApp, Turn};
use serde_json::{Value, json};

use crate::support::{CREATE, Stage, UPDATE, create, rename, set, stage};

/// How many rounds: a twentieth, or all where `BC_AGENT_TORTURE` is set.
fn rounds(all: usize) -> usize {
    if std::env::var_os("BC_AGENT_TORTURE").is_some() { all } else { all / 20 }
}

/// A line that `cargo xtask torture` puts into docs/reliability.md.
fn reached(row: &str, what: &str, figure: &str) {
    println!("reliability | {row} | {what} | {figure}");
}

/// Chance that is the same at every run (xorshift64, Marsaglia 2003).
struct Chance(u64);

impl Chance {
    fn below(&mut self, most: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % most
    }

    /// Lets others go first, a few times or many.
    async fn dawdle(&mut self) {
        for _ in 0..self.below(400) {
            tokio::task::yield_now().await;
        }
    }
}

/// A write without a model, and its events.
fn called(stage: &Stage, tool: &'static str, input: &Value) -> (impl Future<Output = ToolCallResult> + use<>, Arc<Events>) {
    let (app, events) = (stage.running.app.clone(), Events::new());
    let (input, sink) = (RawJson::parse(input.to_string()).unwrap(), events.clone());
    (async move { app.call_tool(tool, input, sink).await.unwrap() }, events)
}

/// One question with everybody at it at once; how it ended.
async fn race(stage: &Stage, other: &RunningApp, round: usize) -> ApprovalState {
    let mut chance = Chance(0x9e37_79b9_7f4a_7c15 ^ (round as u64 + 1));
    let (call, events) = called(stage, CREATE, &create(&format!("Proposed {round}")));
    let call = tokio::spawn(call);
    let question = events.question().await;
    let decision = |verdict| ReviewDecision { approval_id: question.approval_id, digest: question.digest, verdict, typed: None };
    let (yes, no) = (decision(ReviewVerdict::Approve), decision(ReviewVerdict::Reject { reason: None }));
    let edit = FieldEdit { change_id: question.changes[0].change_id, name: "displayName".into(), value: Some(format!("Edited {round}")) };
    let revision = Revision { approval_id: question.approval_id, digest: question.digest, edits: vec![edit], leave_out: Vec::new() };
    let mut lots = (0..5).map(|_| Chance(chance.below(u64::MAX) | 1)).collect::<Vec<_>>().into_iter();
    let [mut l0, mut l1, mut l2, mut l3, mut l4] = std::array::from_fn(|_| lots.next().unwrap());
    let (here, there) = (&stage.running.app, &other.app);
    let approve = async {
        l0.dawdle().await;
        here.answer(yes.clone(), Reviewer::Window).await.ok()
    };
    let approve_elsewhere = async {
        l1.dawdle().await;
        there.answer(yes.clone(), Reviewer::CommandLine).await.ok()
    };
    let reject = async {
        l2.dawdle().await;
        // In every third round nobody says no.
        if round.is_multiple_of(3) { None } else { here.answer(no.clone(), Reviewer::Terminal).await.ok() }
    };
    let cancel = async {
        l3.dawdle().await;
        round % 4 == 1 && here.cancel(question.run_id)
    };
    let revise = async {
        l4.dawdle().await;
        let revised = if round.is_multiple_of(2) { there.revise(revision.clone(), Reviewer::CommandLine).await.ok() } else { None };
        match revised {
            None => None,
            Some(second) => {
                let yes = ReviewDecision { approval_id: second.approval_id, digest: second.digest, verdict: ReviewVerdict::Approve, typed: None };
                here.answer(yes, Reviewer::Window).await.ok()
            }
        }
    };
    let (a, b, c, _, e) = tokio::join!(approve, approve_elsewhere, reject, cancel, revise);
    if a.is_none() && b.is_none() && c.is_none() && e.is_none() {
        // Everybody spoke of a version that was edited meanwhile: somebody looks again.
        let now = here.approval(question.approval_id).await.unwrap().request;
        let _ = stage.running.answer(&now, ReviewVerdict::Approve).await;
    }
    call.await.unwrap();
    let view = here.approval(question.approval_id).await.unwrap();
    let state = view.state;
    for told in [a, b, c, e].into_iter().flatten() {
        assert_eq!(format!("{told:?}"), format!("{state:?}"), "round {round}: everybody is told the one end");
    }
    let ends = events.all().iter().filter(|event| matches!(event.kind, EventKind::ApprovalResolved { .. })).count();
    assert_eq!(ends, 1, "round {round}");
    let change = here.change(question.changes[0].change_id).await.unwrap();
    let sent: Vec<String> = stage.books.writes().into_iter().map(|write| write.body).filter(|body| body.ends_with(&format!(" {round}\"}}"))).collect();
    match state {
        ApprovalState::Approved => {
            // A stop after the yes and before the request leaves it unsent.
            assert!(matches!(change.state, ChangeState::Confirmed | ChangeState::NotSent), "round {round}: {:?}", change.state);
            let expected: Vec<String> = (change.state == ChangeState::Confirmed).then(|| view.request.changes[0].body.clone().unwrap()).into_iter().collect();
            assert_eq!(sent, expected, "round {round}: what was approved last, once");
        }
        ApprovalState::Rejected | ApprovalState::Aborted | ApprovalState::Expired => {
            assert_eq!((change.state, sent.len()), (ChangeState::NotSent, 0), "round {round}");
        }
        ApprovalState::Pending => panic!("round {round}: no end"),
    }
    state
}

#[tokio::test(flavor = "multi_thread")]
async fn yes_no_edit_stop_and_another_process_race_to_one_end() {
    let all = rounds(1_000);
    let stage = stage(Vec::new()).await;
    let other = stage.home.own(&stage.books, &stage.model).await;
    let mut ends: std::collections::BTreeMap<String, usize> = std::collections::BTreeMap::new();
    for round in 0..all {
        *ends.entry(format!("{:?}", race(&stage, &other, round).await).to_lowercase()).or_default() += 1;
    }
    let told: Vec<String> = ends.iter().map(|(end, count)| format!("{count} {end}")).collect();
    reached("15", "races of yes, no, edit, stop and another process: one end each", &format!("{all} of {all} ({})", told.join(", ")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_writer_is_never_overwritten() {
    let all = rounds(500);
    let books = Books::open().await;
    let id = books.ids("customers", 1).await.remove(0);
    let stage = set(books, Vec::new()).await;
    let mut chance = Chance(0x2545_f491_4f6c_dd1d);
    let (mut refused, mut made) = (0, 0);
    for n in 0..all {
        let (call, events) = called(&stage, UPDATE, &rename(&id, &format!("Mine {n}")));
        let call = tokio::spawn(call);
        let question = events.question().await;
        let (mut theirs, mut ours) = (Chance(chance.below(u64::MAX) | 1), Chance(chance.below(u64::MAX) | 1));
        let patch = json!({"displayName": format!("Theirs {n}")});
        let second = async {
            // The race is with a write on its way: theirs falls anywhere around it.
            tokio::time::sleep(Duration::from_micros(theirs.below(400_000))).await;
            stage.books.patch(&format!("customers({id})"), &patch).await;
        };
        let first = async {
            ours.dawdle().await;
            stage.running.answer(&question, ReviewVerdict::Approve).await.unwrap();
            call.await.unwrap()
        };
        let (ended, ()) = tokio::join!(first, second);
        let name = stage.books.record("customers", &id).await["displayName"].clone();
        // Whoever came last stands there; ours never comes last without having seen theirs.
        assert_eq!(name, json!(format!("Theirs {n}")), "round {n}: overwritten");
        match ended.status {
            ToolCallStatus::Ok => made += 1,
            ToolCallStatus::Error => refused += 1,
            other => panic!("round {n}: {other:?}"),
        }
    }
    reached("20", "interleavings with a second writer: overwrites", &format!("0 of {all} ({made} went first, {refused} were refused as stale)"));
}

/// Any text, also with what can't be seen or what JSON has to escape.
fn some_text(chance: &mut Chance) -> String {
    const PIECES: [&str; 14] = ["Fjord", " ", "Æ", "\"", "\\", "\u{202e}", "'", "東京", "\u{1f600}", "a\u{301}", "/", "</script>", "{result:1}", "0"];
    (0..=chance.below(6)).map(|_| PIECES[usize::try_from(chance.below(14)).unwrap()]).collect::<String>() + "x"
}

fn some_request(chance: &mut Chance, ids: &[String]) -> (&'static str, Value) {
    let mut data = json!({"displayName": some_text(chance)});
    if chance.below(2) == 0 {
        data["city"] = json!(some_text(chance));
    }
    if chance.below(2) == 0 {
        data["creditLimit"] = serde_json::from_str(&format!("{}.{}", chance.below(10_000_000), chance.below(100))).unwrap();
    }
    if chance.below(2) == 0 {
        (CREATE, json!({"entity": "customers", "data": data}))
    } else {
        (UPDATE, json!({"entity": "customers", "id": ids[0], "data": data}))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_shown_is_what_is_sent_whatever_it_is() {
    let all = rounds(10_000);
    let books = Books::open().await;
    let ids = books.ids("customers", 1).await;
    let mut chance = Chance(0x1234_5678_9abc_def1);
    let per_turn = 50;
    let requests: Vec<(&'static str, Value)> = (0..all).map(|_| some_request(&mut chance, &ids)).collect();
    let names: Vec<String> = (0..per_turn).map(|n| format!("call_{n}")).collect();
    let turns: Vec<Turn> = requests
        .chunks(per_turn)
        .flat_map(|chunk| {
            let calls: Vec<(&str, &str, Value)> = names.iter().zip(chunk).map(|(id, (tool, input))| (id.as_str(), *tool, input.clone())).collect();
            [Turn::calls(&calls), Turn::text("Done.")]
        })
        .collect();
    let stage = set(books, turns).await;
    let mut compared = 0;
    for _ in 0..all.div_ceil(per_turn) {
        let before = stage.books.writes().len();
        let (run, _, question) = stage.asked().await;
        stage.running.answer(&question, ReviewVerdict::Approve).await.unwrap();
        run.done.await.unwrap();
        // After the first that fails (a record that was changed twice), the rest is not sent: what left is a beginning of what was shown.
        for (sent, shown) in stage.books.writes()[before..].iter().zip(&question.changes) {
            assert_eq!((Some(&sent.body), sent.if_match.as_ref()), (shown.body.as_ref(), shown.if_match.as_ref()));
            assert_eq!(sent.method, shown.method);
        }
        for shown in &question.changes {
            let body: Value = serde_json::from_str(shown.body.as_ref().unwrap()).unwrap();
            for field in shown.fields.iter().filter(|field| field.after_label.is_none()) {
                let value = &body[&field.name];
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                let number = |text: &str| text.parse::<f64>().ok();
                let after = field.after.as_deref().unwrap();
                assert!(after == text || number(after).is_some() && number(after) == number(&text), "{after} is shown, {text} is sent");
            }
            compared += 1;
        }
    }
    reached("12", "generated requests: shown as sent", &format!("{compared} of {compared}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storm_of_throttling_never_makes_a_write_go_twice() {
    let all = rounds(400);
    let stage = stage(Vec::new()).await;
    let (mut sent, mut made) = (0, 0);
    for n in 0..all {
        stage.books.fault(&format!("customers:POST:1:{}", ["429", "503", "504"][n % 3]));
        let before = stage.books.writes().len();
        let (call, events) = called(&stage, CREATE, &create(&format!("Storm {n}")));
        let call = tokio::spawn(call);
        stage.running.answer(&events.question().await, ReviewVerdict::Approve).await.unwrap();
        let ToolCallResult { status, output } = call.await.unwrap();
        sent += stage.books.writes().len() - before;
        assert!(stage.books.writes().len() - before <= 1, "round {n}");
        let there = stage.books.named("customers", &format!("Storm {n}")).await;
        let is_true = match status {
            ToolCallStatus::Ok => there == 1,
            ToolCallStatus::Error => there == 0,
            ToolCallStatus::Unknown => there <= 1,
            _ => false,
        };
        assert!(is_true, "round {n}: {status:?} {there} {}", output.as_str());
        made += there;
    }
    reached("22", "writes under 429, 503 and 504: sent twice", &format!("0 of {all} ({sent} requests left, {made} records made)"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_yes_at_the_deadline_has_one_end() {
    let all = rounds(200);
    let stage = stage(Vec::new()).await;
    stage.running.app.set_setting(Key::ApprovalTimeout, Some("1")).await.unwrap();
    let (mut yes, mut late) = (0, 0);
    for n in 0..all {
        let (call, events) = called(&stage, CREATE, &create(&format!("Late {n}")));
        let call = tokio::spawn(call);
        let question = events.question().await;
        // The race is with the clock itself: the answer comes around the deadline.
        let left = question.expires_at.duration_since(SystemClock::new().now());
        let until = Duration::try_from(left).unwrap_or_default().saturating_sub(Duration::from_millis((n as u64 % 10) * 30));
        tokio::time::sleep(until).await;
        let told = stage.running.answer(&question, ReviewVerdict::Approve).await.unwrap();
        call.await.unwrap();
        let state = stage.running.app.approval(question.approval_id).await.unwrap().state;
        assert_eq!(format!("{told:?}"), format!("{state:?}"), "round {n}");
        let there = stage.books.named("customers", &format!("Late {n}")).await;
        match state {
            ApprovalState::Approved => {
                assert_eq!(there, 1, "round {n}");
                yes += 1;
            }
            ApprovalState::Expired => {
                assert_eq!(there, 0, "round {n}");
                late += 1;
            }
            other => panic!("round {n}: {other:?}"),
        }
    }
    reached("15", "a yes at the deadline: one end each", &format!("{all} of {all} ({yes} in time, {late} too late)"));
}
