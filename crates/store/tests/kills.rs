//! A process is killed at random points while it asks, approves, sends and settles; what it said it had done is found again.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use std::{
    collections::{HashMap, HashSet},
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Command, Stdio},
};

use bca_agent::{Message, NewRun, Transcript, TurnRecord};
use bca_approval::{ApprovalLog, CanonicalRequest, ChangeSet, IntentLog, Method, PlannedWrite, Quota, Resolution, Settlement, Target, set_digest};
use bca_protocol::{
    ApprovalId, ApprovalRequest, ApprovalState, Block, CallId, ChangeId, ChangeOutcome, ChangePreview, ChangeSetId, ChangeState, Connection, ConnectionKind,
    Decision, Effect, Priority, Reviewer, Role, RunId, SessionId, StopReason, TrialId, Undoable, Usage, WriteOperation,
};
use bca_store::{Db, OpenOptions};
use jiff::{SignedDuration, Timestamp};

const HOME: &str = "BCA_STORE_KILL_HOME";
const TRIALS_HOME: &str = "BCA_STORE_KILL_TRIALS_HOME";

/// How many kills: a twentieth, or all where `BC_AGENT_TORTURE` is set.
fn rounds() -> u64 {
    if std::env::var_os("BC_AGENT_TORTURE").is_some() { 500 } else { 25 }
}

fn planned(n: u64) -> PlannedWrite {
    let target = Target { root: "r".into(), tenant: String::new(), environment: "e".into(), company_id: "c".into(), account: "a".into() };
    let request = CanonicalRequest { target, method: Method::Post, path: "customers".into(), if_match: None, body: Some(format!("{{\"n\":{n}}}")) };
    let preview = ChangePreview {
        change_id: ChangeId::new(),
        call_id: CallId::fresh(),
        operation: WriteOperation::Create,
        action: None,
        effect: Effect::Write,
        entity: "customers".into(),
        key: None,
        title: "Create".into(),
        fields: Vec::new(),
        notes: Vec::new(),
        undo: Undoable::Yes { how: "Delete it.".into() },
        undoes: None,
        undoes_also: Vec::new(),
        conflicts: Vec::new(),
        method: "POST".into(),
        path: request.path.clone(),
        if_match: None,
        body: request.body.clone(),
        digest: request.digest(),
    };
    PlannedWrite { request, preview, before: None }
}

fn connection() -> Connection {
    Connection {
        name: "demo".into(),
        kind: ConnectionKind::Demo,
        tenant: String::new(),
        environment: "e".into(),
        company: "Demo".into(),
        company_id: "c".into(),
        account: "a".into(),
    }
}

fn question(run: &NewRun, writes: &[PlannedWrite]) -> ApprovalRequest {
    let now = Timestamp::now();
    ApprovalRequest {
        approval_id: ApprovalId::new(),
        change_set_id: ChangeSetId::new(),
        session_id: run.session_id,
        run_id: run.run_id,
        digest: set_digest(writes.iter().map(|w| &w.preview.digest)),
        priority: Priority::Medium,
        requested_at: now,
        expires_at: now + SignedDuration::from_secs(300),
        connection: connection(),
        changes: writes.iter().map(|w| w.preview.clone()).collect(),
        left_out: Vec::new(),
        title: None,
        revision: 0,
        typed: None,
        dry_run: None,
    }
}

/// Says something on standard output only after it is stored.
fn say(word: &str, id: impl std::fmt::Display) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{word} {id}").unwrap();
    out.flush().unwrap();
}

/// What the killed process does until it is killed: runs with two writes each, told step by step.
async fn work(home: &Path) {
    let (db, _) = Db::open(home, OpenOptions::default()).unwrap();
    for n in 0.. {
        let run = NewRun {
            run_id: RunId::new(),
            session_id: SessionId::new(),
            provider: "anthropic".into(),
            model: "m".into(),
            connection: None,
            concurrent_runs: None,
            message: Message::new(Role::User, vec![Block::Text { text: format!("message {n}") }]),
            at: Timestamp::now(),
        };
        db.begin_run(&run).await.unwrap();
        say("begun", run.session_id);
        let reply = Message::new(Role::Assistant, vec![Block::Text { text: "words".repeat(50) }]);
        let turn = TurnRecord { turn: 1, usage: Usage::default(), first_delta: None, total: std::time::Duration::ZERO };
        db.reply(&run, &reply, &[], &turn, Timestamp::now()).await.unwrap();
        let writes = [planned(n), planned(n + 1)];
        let request = question(&run, &writes);
        db.ask(&request, &writes, Quota::default()).await.unwrap();
        say("asked", request.approval_id);
        let yes = Resolution { decision: Decision::Approved, by: Reviewer::Window, reason: None, at: Timestamp::now() };
        db.resolve(request.approval_id, request.digest, &yes).await.unwrap();
        for write in &writes {
            say("approved", write.change_id());
        }
        for write in &writes {
            db.sending(write.change_id(), Timestamp::now()).await.unwrap();
            say("sent", write.change_id());
            let done = Settlement { outcome: ChangeOutcome::Confirmed, message: None, key: None, after: None, correlation_id: None, at: Timestamp::now() };
            db.settled(write.change_id(), &done).await.unwrap();
            say("settled", write.change_id());
        }
        db.end_run(&run, StopReason::EndTurn, None, Timestamp::now()).await.unwrap();
        say("ended", run.session_id);
    }
}

/// The last thing that was said about each id.
fn kill_after(home: &Path, (test, variable): (&str, &str), lines: u64) -> Vec<(String, String)> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(variable, home)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut told = Vec::new();
    let words = ["begun", "asked", "approved", "sent", "settled", "ended", "tried", "looked", "unseen"];
    let mut take = |line: std::io::Result<String>| {
        let line = line.unwrap_or_default();
        if let Some((word, id)) = line.split_once(' ')
            && words.contains(&word)
        {
            told.push((word.to_owned(), id.to_owned()));
        }
        told.len() as u64
    };
    for line in output.by_ref() {
        if take(line) >= lines {
            break;
        }
    }
    child.kill().unwrap();
    output.for_each(|line| {
        take(line);
    });
    child.wait().unwrap();
    told
}

async fn judge(home: &Path, told: &[(String, String)]) {
    let (db, recovery) = Db::open(home, OpenOptions::default()).unwrap();
    db.check().await.unwrap();
    let last: HashMap<&str, &str> = told.iter().map(|(word, id)| (id.as_str(), word.as_str())).collect();
    let changes = db.changes(None, 100_000).await.unwrap();
    let stored: HashMap<String, ChangeState> = changes.iter().map(|c| (c.preview.change_id.to_string(), c.state)).collect();
    for (id, word) in &last {
        match *word {
            "begun" | "ended" => {
                let detail = db.session_detail(id.parse().unwrap()).await.unwrap();
                assert!(!detail.session.running && detail.runs[0].completed_at.is_some());
                assert!(*word != "ended" || !detail.runs[0].interrupted);
            }
            "asked" => assert_ne!(db.approval(id.parse().unwrap()).await.unwrap().state, ApprovalState::Pending),
            // It may have got one step further than it said.
            "approved" => assert!(matches!(stored[*id], ChangeState::NotSent | ChangeState::Unknown), "{:?}", stored[*id]),
            "sent" => assert!(matches!(stored[*id], ChangeState::Unknown | ChangeState::Confirmed), "{:?}", stored[*id]),
            "settled" => assert_eq!(stored[*id], ChangeState::Confirmed),
            other => panic!("{other}"),
        }
    }
    let open = [ChangeState::Planned, ChangeState::Approved, ChangeState::Sending];
    assert!(changes.iter().all(|change| !open.contains(&change.state)), "nothing is left that could be sent");
    for change in changes.iter().filter(|change| change.state == ChangeState::NotSent) {
        db.sending(change.preview.change_id, Timestamp::now()).await.unwrap_err();
    }
    let unknown: HashSet<ChangeId> = db.unknown_changes().await.unwrap().iter().map(|c| c.planned.change_id()).collect();
    assert!(recovery.unknown_changes.iter().all(|id| unknown.contains(id)) && recovery.unknown_changes.len() <= 1);
    assert!(recovery.interrupted_runs.len() <= 1);
    assert!(db.pending_approvals().await.unwrap().is_empty());
    assert!(db.recover().await.unwrap().is_empty(), "recovering again finds nothing");
}

#[tokio::test]
async fn a_kill_at_any_point_loses_nothing_that_was_told() {
    if let Some(home) = std::env::var_os(HOME) {
        return work(Path::new(&home)).await;
    }
    let rounds = rounds();
    let mut home = tempfile::tempdir().unwrap();
    // A fixed sequence of odd steps (Knuth's multiplicative hash): each round stops elsewhere in the life of a write.
    for round in 1..=rounds {
        if round.is_multiple_of(50) {
            // Each judgement reads all that was ever said.
            home = tempfile::tempdir().unwrap();
        }
        let lines = round.wrapping_mul(2_654_435_761) % 61;
        let told = kill_after(home.path(), ("a_kill_at_any_point_loses_nothing_that_was_told", HOME), lines);
        judge(home.path(), &told).await;
    }
    println!("reliability | 17 | kill -9 of a process that asks, approves, sends and settles without a pause: steps told and lost | 0 of {rounds} kills");
}

/// What the killed process does until it is killed: tries sets out, of which every third gets no answer.
async fn try_out(home: &Path) {
    let (db, _) = Db::open(home, OpenOptions::default()).unwrap();
    for n in 0.. {
        let (writes, trial) = (vec![planned(n), planned(n + 1)], TrialId::new());
        let connection = connection();
        let set = ChangeSet { session_id: SessionId::new(), run_id: RunId::new(), connection, title: None, writes };
        db.trial_begun(trial, &set, Timestamp::now()).await.unwrap();
        // Here it leaves.
        say("tried", trial);
        if n % 3 == 0 {
            db.trial_open(trial, vec![Some("a".into()), None]).await.unwrap();
            say("unseen", trial);
        } else {
            db.trial_settled(trial).await.unwrap();
            say("looked", trial);
        }
    }
}

async fn judge_trials(home: &Path, told: &[(String, String)]) {
    let (db, recovery) = Db::open(home, OpenOptions::default()).unwrap();
    let open = db.open_trials().await.unwrap();
    let is_open = |id: &str| open.iter().find(|trial| trial.trial_id.to_string() == id);
    let last: HashMap<&str, &str> = told.iter().map(|(word, id)| (id.as_str(), word.as_str())).collect();
    let newest = told.last().map(|(_, id)| id.as_str());
    for (id, word) in &last {
        match *word {
            // It may have got one step further than it said.
            "tried" => assert!(is_open(id).is_some() || newest == Some(id), "{id} is lost"),
            "looked" => assert!(is_open(id).is_none(), "{id} was looked at"),
            "unseen" => assert_eq!(is_open(id).unwrap().answered, [Some("a".to_owned()), None]),
            other => panic!("{other}"),
        }
    }
    assert!(recovery.open_trials.len() <= 1 && recovery.open_trials.iter().all(|id| is_open(&id.to_string()).is_some()));
    for trial in &open {
        let [one, other] = &trial.set.writes[..] else { panic!("a set of two") };
        assert!(one.request.digest() == one.preview.digest && other.request.digest() == other.preview.digest);
        assert!(db.trial_settled(trial.trial_id).await.unwrap());
    }
    assert!(db.recover().await.unwrap().is_empty() && db.open_trials().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_kill_at_any_point_of_a_trial_loses_sight_of_none() {
    if let Some(home) = std::env::var_os(TRIALS_HOME) {
        return try_out(Path::new(&home)).await;
    }
    let (rounds, home) = (rounds(), tempfile::tempdir().unwrap());
    for round in 1..=rounds {
        let lines = round.wrapping_mul(2_654_435_761) % 17;
        let told = kill_after(home.path(), ("a_kill_at_any_point_of_a_trial_loses_sight_of_none", TRIALS_HOME), lines);
        judge_trials(home.path(), &told).await;
    }
    println!("reliability | 17 | kill -9 of a process that tries sets out without a pause: trials that left and that nobody looks at | 0 of {rounds} kills");
}
