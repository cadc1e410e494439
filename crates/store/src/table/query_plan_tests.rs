#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use rusqlite::Connection;

use crate::{Db, OpenOptions};

/// Read whole by design, because they hold a handful of rows: `settings LIST`, `connections LIST`, the living instances, trials until they were looked at.
const SMALL: &[&str] = &["settings", "connections", "instances", "search_queue", "accounts", "secret_keys", "trials", "k"];

fn plan(connection: &Connection, sql: &str) -> Vec<String> {
    let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap_or_else(|e| panic!("{sql}: {e}"));
    let mut rows = statement.raw_query();
    let mut steps = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        steps.push(row.get::<_, String>(3).unwrap());
    }
    steps
}

/// Why a step of a plan would grow with the history; `None` where it does not.
fn grows(step: &str) -> Option<&'static str> {
    if step.contains("TEMP B-TREE FOR ORDER BY") {
        return Some("sorts what an index should give in order");
    }
    let table = step.strip_prefix("SCAN ")?.split(' ').next()?;
    let bounded = SMALL.contains(&table)
        || step.contains("VIRTUAL TABLE INDEX")
        || step.contains("CONSTANT ROW")
        // Partial indexes hold only what is open now; the others are walked in order under a LIMIT.
        || ["_open", "_pending", "_running", "_active"].iter().any(|kind| step.ends_with(kind));
    (!bounded).then_some("reads the whole table")
}

#[test]
fn every_statement_finds_its_rows_by_an_index() {
    let home = tempfile::tempdir().unwrap();
    let (db, _) = Db::open(home.path(), OpenOptions::default()).unwrap();
    let bad: Vec<String> = db
        .inner
        .read_now(|c| {
            let judge = |(name, sql): (&str, &str)| {
                plan(c, sql).into_iter().filter_map(|step| grows(&step).map(|why| format!("{name}: {why}: {step}"))).collect::<Vec<_>>()
            };
            Ok(super::statements().into_iter().flat_map(judge).collect())
        })
        .unwrap();
    assert!(bad.is_empty(), "{}", bad.join("\n"));
    assert!(super::statements().len() > 50);
}

#[test]
fn the_judge_sees_a_scan() {
    let home = tempfile::tempdir().unwrap();
    let (db, _) = Db::open(home.path(), OpenOptions::default()).unwrap();
    let steps = db.inner.read_now(|c| Ok(plan(c, "SELECT * FROM messages WHERE provider = 'x'"))).unwrap();
    assert!(steps.iter().any(|step| grows(step).is_some()), "{steps:?}");
}
