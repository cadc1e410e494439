//! Each call by which the program writes to its home fails once, and once with all that follow: what has no durable intent is not sent,
//! what is told is true, and the next start is a clean one.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::{Value, json};

use crate::{
    process::{Ended, Home, run},
    serving::Servers,
};

/// Of so many calls one is tried: all where `BC_AGENT_TORTURE` is set.
fn every() -> usize {
    if std::env::var_os("BC_AGENT_TORTURE").is_some() { 1 } else { 20 }
}

/// More calls than one write of a home that exists makes.
const MOST: usize = 5_000;

/// How a call fails (errno(3)).
#[derive(Debug, Clone, Copy)]
enum Way {
    /// This one, by a full disk.
    Full,
    /// This one and all that follow, by a disk that stays full.
    StaysFull,
    /// This one, by a disk that is broken.
    Broken,
}

/// The library that is put before the C library, built beside the home.
fn library(folder: &Path) -> PathBuf {
    let library = folder.join("failing_io.so");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/terminal/failing_io.c");
    let built = Command::new("cc").args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).args([source, "-ldl"]).status().unwrap();
    assert!(built.success());
    library
}

struct Desk {
    home: Home,
    servers: Servers,
    folder: tempfile::TempDir,
    library: PathBuf,
}

impl Desk {
    fn new() -> Self {
        let (home, servers, folder) = (Home::new(), Servers::start(&[]), tempfile::tempdir().unwrap());
        let library = library(folder.path());
        let desk = Self { home, servers, folder, library };
        assert_eq!(desk.servers.run(&desk.home, &["settings", "set", "automation.unattended_approval", "true"]).code, Some(0));
        desk
    }

    /// One write while its `at`th call fails; what failed, or nothing where there are fewer calls.
    fn write(&self, name: &str, way: Way, at: usize) -> (Ended, Option<String>) {
        let input = json!({"entity": "customers", "data": {"displayName": name}}).to_string();
        let mut command = self.servers.command(&self.home, &["tools", "call", "bc_create_entity", &input, "--approve", "all", "--json"]);
        let told = self.folder.path().join(name);
        command.env("LD_PRELOAD", &self.library).env("FAIL_BELOW", self.home.path()).env("FAIL_AT", at.to_string()).env("FAIL_TOLD", &told);
        match way {
            Way::Full => command.env("FAIL_WITH", "28"),
            Way::StaysFull => command.env("FAIL_WITH", "28").env("FAIL_ON", "1"),
            Way::Broken => command.env("FAIL_WITH", "5"),
        };
        let ended = run(command, "");
        (ended, std::fs::read_to_string(told).ok())
    }

    fn list(&self, what: &str) -> Vec<Value> {
        // A start without any fault: it must be a clean one, whatever the last one left.
        let listed = self.servers.run(&self.home, &[what, "list", "--json"]);
        assert_eq!(listed.code, Some(0), "{}{}", listed.out, listed.err);
        listed.json()[what].as_array().unwrap().clone()
    }

    /// How often each name stands in the books.
    fn standing(&self) -> HashMap<String, usize> {
        let mut standing = HashMap::new();
        for skip in (0..).step_by(500) {
            let input = json!({"entity": "customers", "filter": "startswith(displayName,'Fails ')", "select": ["displayName"], "top": 500, "skip": skip});
            let page = self.servers.run(&self.home, &["tools", "call", "bc_query_entities", &input.to_string(), "--json"]);
            let rows = page.json()["output"]["rows"].as_array().unwrap().clone();
            for row in &rows {
                *standing.entry(row["displayName"].as_str().unwrap().to_owned()).or_default() += 1;
            }
            if rows.len() < 500 {
                break;
            }
        }
        standing
    }
}

/// All calls of one write, one failing after the other; how many there were, and how many writes went through all the same.
fn one_after_the_other(way: Way) -> (usize, usize) {
    let (desk, mut codes) = (Desk::new(), HashMap::new());
    for at in (1..MOST).step_by(every()) {
        let name = format!("Fails {way:?} {at}");
        let (ended, failed) = desk.write(&name, way, at);
        let Some(failed) = failed else {
            assert_eq!(ended.code, Some(0), "{}", ended.err);
            break;
        };
        assert!(!ended.err.contains("panicked"), "{name} ({failed}): {}", ended.err);
        let changes = desk.list("changes");
        let newest = changes.iter().find(|change| change["preview"]["title"] == json!(format!("Create customer {name}")));
        let state = newest.map(|change| change["state"].as_str().unwrap().to_owned());
        codes.insert(name, (ended.code, failed, state));
    }
    let standing = desk.standing();
    for (name, (code, failed, state)) in &codes {
        let there = standing.get(name).copied().unwrap_or_default();
        let what = format!("{name} ({failed}): exit code {code:?}, {state:?}, {there} in the books");
        assert!(there <= 1, "{what}");
        match (state.as_deref(), there) {
            (Some("confirmed"), 1) | (Some("unknown"), _) | (Some("failed" | "not_sent") | None, 0) => {}
            _ => panic!("{what}"),
        }
        // Who is told that it is done can rely on it.
        assert!(*code != Some(0) || there == 1, "{what}");
    }
    (codes.len(), codes.keys().filter(|name| standing.contains_key(*name)).count())
}

#[test]
fn whichever_call_fails_nothing_is_sent_without_an_intent_and_the_next_start_is_clean() {
    let ways = [Way::Full, Way::StaysFull, Way::Broken].map(|way| std::thread::spawn(move || one_after_the_other(way)));
    let (mut calls, mut made) = (0, 0);
    for way in ways {
        let (tried, through) = way.join().unwrap();
        calls += tried;
        made += through;
    }
    assert!(calls > 0);
    println!(
        "reliability | 23 | calls by which a write's process writes to its home, each failing once (disk full, staying full, broken): sent without an intent, told wrongly, starts that were not clean | 0, 0, 0 of {calls} ({made} of the writes were made all the same)"
    );
}
