//! The real program is killed at random points around its writes: a twentieth of the figures here, all of them by `cargo xtask torture`.

use std::{
    collections::HashMap,
    process::Stdio,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    process::{Home, run},
    serving::Servers,
};

/// Kills that must have met a running program, and writes that must have been approved.
fn figures() -> (usize, usize) {
    if std::env::var_os("BC_AGENT_TORTURE").is_some() { (500, 200) } else { (25, 10) }
}

/// Homes that are tried beside each other.
const LANES: usize = 2;

/// What one home came to.
struct Tried {
    begun: usize,
    approved: usize,
    killed: usize,
    unknown: usize,
}

/// Chance that is the same at every run (xorshift64, Marsaglia 2003).
fn next(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}

fn call(servers: &Servers, home: &Home, tool: &str, input: &Value) -> Value {
    let ended = servers.run(home, &["tools", "call", tool, &input.to_string(), "--json"]);
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    ended.json()["output"].clone()
}

/// Starts the program again and again, kills it at a random moment each time, and lets every sixth write be.
fn begun_and_killed(servers: &Servers, home: &Home, seed: u64, (kills, least): (usize, usize)) -> (usize, usize, HashMap<String, Option<i32>>) {
    let mut chance = seed;
    // How long an undisturbed write takes on this machine just now: kills fall anywhere within that, and a little beyond.
    let mut begun = Instant::now();
    let first = json!({"entity": "customers", "data": {"displayName": "Killed first"}}).to_string();
    assert_eq!(servers.run(home, &["tools", "call", "bc_create_entity", &first, "--approve", "all"]).code, Some(0));
    let mut usual = begun.elapsed();
    let (mut writes, mut killed, mut told) = (0, 0, HashMap::new());
    while killed < kills || approved(servers, home) < least {
        let name = format!("Killed {writes}");
        let input = json!({"entity": "customers", "data": {"displayName": name}}).to_string();
        let mut command = servers.command(home, &["tools", "call", "bc_create_entity", &input, "--approve", "all", "--json"]);
        writes += 1;
        if writes % 6 == 0 {
            begun = Instant::now();
            told.insert(name, run(command, "").code);
            usual = (usual + begun.elapsed()) / 2;
            continue;
        }
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let after = usual.mul_f64((next(&mut chance) % 1_100) as f64 / 1_000.0);
        let deadline = Instant::now() + after;
        // The point of the kill is what is tried; nothing is waited for.
        while Instant::now() < deadline && child.try_wait().unwrap().is_none() {
            std::thread::park_timeout(Duration::from_micros(200));
        }
        if child.try_wait().unwrap().is_none() {
            killed += 1;
            child.kill().unwrap();
        }
        child.wait().unwrap();
    }
    (writes, killed, told)
}

/// How many writes were approved so far.
fn approved(servers: &Servers, home: &Home) -> usize {
    let asked = servers.run(home, &["approvals", "list", "--json"]).json()["approvals"].as_array().unwrap().clone();
    asked.iter().filter(|approval| approval["state"] == json!("approved")).count()
}

/// How often each name stands in the books.
fn standing(servers: &Servers, home: &Home) -> HashMap<String, usize> {
    let mut standing = HashMap::new();
    for skip in (0..).step_by(500) {
        let input = json!({"entity": "customers", "filter": "startswith(displayName,'Killed ')", "select": ["displayName"], "top": 500, "skip": skip});
        let page = call(servers, home, "bc_query_entities", &input);
        let rows = page["rows"].as_array().unwrap();
        for row in rows {
            *standing.entry(row["displayName"].as_str().unwrap().to_owned()).or_default() += 1;
        }
        if rows.len() < 500 {
            break;
        }
    }
    standing
}

/// One home: what stands in its books is what its store says.
fn around_its_writes(seed: u64, figures: (usize, usize)) -> Tried {
    let (home, servers) = (Home::new(), Servers::start(&[]));
    assert_eq!(servers.run(&home, &["settings", "set", "automation.unattended_approval", "true"]).code, Some(0));
    let (begun, killed, told) = begun_and_killed(&servers, &home, seed, figures);
    let changes = servers.run(&home, &["changes", "list", "--json"]).json()["changes"].as_array().unwrap().clone();
    let standing = standing(&servers, &home);
    let (mut lost, mut twice, mut wrong) = (Vec::new(), Vec::new(), Vec::new());
    let mut tried = Tried { begun, approved: approved(&servers, &home), killed, unknown: 0 };
    let of = |name: &str| changes.iter().filter(|change| change["preview"]["title"] == json!(format!("Create customer {name}"))).cloned().collect::<Vec<_>>();
    for (name, count) in &standing {
        if *count > 1 {
            twice.push(name.clone());
        }
        if !of(name).iter().any(|change| matches!(change["state"].as_str(), Some("confirmed" | "unknown"))) {
            lost.push(name.clone());
        }
    }
    for n in 0..begun {
        let name = format!("Killed {n}");
        let there = standing.contains_key(&name);
        for change in of(&name) {
            match (change["state"].as_str().unwrap(), there) {
                ("confirmed", true) | ("not_sent" | "failed", false) => {}
                ("unknown", _) => tried.unknown += 1,
                (state, there) => wrong.push(format!("{name}: {state}, in the books: {there}")),
            }
        }
        if let Some(code) = told.get(&name) {
            assert_eq!((*code, there), (Some(0), true), "{name}: left alone, it is made");
        }
    }
    assert!(lost.is_empty() && twice.is_empty() && wrong.is_empty(), "lost {lost:?}, twice {twice:?}, wrong {wrong:?}");
    tried
}

#[test]
fn killed_around_its_writes_it_loses_no_intent_and_makes_nothing_twice() {
    let (kills, least) = figures();
    let seeds = [0x9e37_79b9_7f4a_7c15_u64, 0x2545_f491_4f6c_dd1d];
    let lanes = seeds.map(|seed| std::thread::spawn(move || around_its_writes(seed, (kills.div_ceil(LANES), least.div_ceil(LANES)))));
    let mut sum = Tried { begun: 0, approved: 0, killed: 0, unknown: 0 };
    for lane in lanes {
        let Tried { begun, approved, killed, unknown } = lane.join().unwrap();
        sum = Tried { begun: sum.begun + begun, approved: sum.approved + approved, killed: sum.killed + killed, unknown: sum.unknown + unknown };
    }
    let Tried { begun, approved, killed, unknown } = sum;
    assert!(approved >= least && killed >= kills, "{approved} of {begun} writes were approved before {killed} kills");
    println!(
        "reliability | 17 | kill -9 at random points around {approved} approved writes ({begun} begun): intents lost, made twice, told wrongly | 0, 0, 0 of {killed} kills ({unknown} shown as unknown)"
    );
}

/// How many processes are killed around a trial: a twentieth, or all.
fn trials() -> usize {
    if std::env::var_os("BC_AGENT_TORTURE").is_some() { 200 } else { 10 }
}

/// When a process is killed.
enum Moment {
    /// Never; it ends by itself.
    Never,
    After(Duration),
    /// As soon as what it tries out stands in the books.
    Stands,
}

/// One home on a server that keeps what it should take back: whether a trial stood in the books after the kill, and how long its process lived. Where it stood, the
/// alarm was raised by whoever came next.
fn around_a_trial(servers: &Servers, name: &str, moment: &Moment) -> (bool, Duration) {
    let home = Home::new();
    assert_eq!(servers.run(&home, &["settings", "set", "automation.unattended_approval", "true"]).code, Some(0));
    assert_eq!(servers.run(&home, &["permissions", "set", "--dry-run", "on"]).code, Some(0));
    let input = json!({"entity": "customers", "data": {"displayName": name}}).to_string();
    let mut command = servers.command(&home, &["tools", "call", "bc_create_entity", &input, "--approve", "reject"]);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let begun = Instant::now();
    let is_due = || match moment {
        Moment::Never => false,
        Moment::After(after) => begun.elapsed() >= *after,
        Moment::Stands => servers.stands(name),
    };
    while child.try_wait().unwrap().is_none() && !is_due() {
        std::thread::park_timeout(Duration::from_micros(200));
    }
    let _ = child.kill();
    child.wait().unwrap();
    let lived = begun.elapsed();
    let mut told = (false, false);
    // Whoever comes next looks, and the one after that sees what was found.
    for _ in 0..5 {
        let input = json!({"entity": "customers", "filter": format!("displayName eq '{name}'"), "top": 1});
        let stands = !call(servers, &home, "bc_query_entities", &input)["rows"].as_array().unwrap().is_empty();
        let entries = servers.run(&home, &["audit", "list", "--action", "dry_run", "--outcome", "failed", "--json"]).json();
        let alarms = entries["entries"].as_array().unwrap().clone();
        told = (stands, alarms.iter().any(|entry| entry["details"].to_string().contains(name)));
        if told.0 == told.1 {
            break;
        }
    }
    assert_eq!(told.0, told.1, "{name}: in the books, and told");
    let off = servers.run(&home, &["permissions", "show", "--json"]).json()["dry_run"] == json!("off");
    assert_eq!(off, told.0, "{name}: switched off where something stayed, and only there");
    (told.0, lived)
}

#[test]
fn killed_around_a_trial_what_it_left_is_told_by_whoever_comes_next() {
    let servers = Servers::start(&["--switch", "honours-snapshots=false"]);
    let (stands, usual) = around_a_trial(&servers, "TrialFirst", &Moment::Never);
    assert!(stands, "left alone, it is tried out and stays on this server");
    let (mut chance, all) = (0x9e37_79b9_7f4a_7c15_u64, trials());
    // Most of a process's life lies before its trial.
    let mut moment = |n| if n % 2 == 0 { Moment::Stands } else { Moment::After(usual.mul_f64((800 + next(&mut chance) % 400) as f64 / 1_000.0)) };
    let stood = (0..all).filter(|n| around_a_trial(&servers, &format!("Trial{n}"), &moment(*n)).0).count();
    assert!(stood >= all / 2, "{stood} of {all} stood");
    println!(
        "reliability | 17 | kill -9 at random points around {all} trials on a server that takes nothing back: left in the books and not told | 0 of {stood} that stayed"
    );
}
