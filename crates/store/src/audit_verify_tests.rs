#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use std::path::Path;

use bca_protocol::{AuditAction, AuditCheckpoint};
use rusqlite::{Connection, Transaction, params};

use super::*;
use crate::{
    AuditKey, AuditRecord,
    audit::tests::{json, sealed, secret},
};

/// Attempts: a twentieth, or all where `BC_AGENT_TORTURE` is set.
fn attempts() -> u64 {
    if std::env::var_os("BC_AGENT_TORTURE").is_some() { 10_000 } else { 500 }
}

/// Entries before the checkpoint.
const ENTRIES: i64 = 40;

/// Reproducible chance (SplitMix64).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: i64) -> i64 {
        i64::try_from(self.next() % u64::try_from(end).unwrap()).unwrap()
    }

    fn seq(&mut self) -> i64 {
        1 + self.below(ENTRIES)
    }
}

async fn home(path: &Path) -> AuditCheckpoint {
    let db = sealed(path);
    for n in 0..ENTRIES {
        let action = if n % 4 == 0 { AuditAction::WriteSettled } else { AuditAction::SettingChanged };
        let record = AuditRecord::new(action, "customers").of(format!("id{n}")).on("demo").by_account(if n % 2 == 0 { "kari" } else { "ola" });
        db.audit(record.with_details(json(&format!(r#"{{"n":{n}}}"#)))).await.unwrap();
    }
    let checkpoint = db.audit_checkpoint().await.unwrap();
    for n in 0..5 {
        db.audit(AuditRecord::new(AuditAction::SettingChanged, "setting").of(format!("later{n}"))).await.unwrap();
    }
    checkpoint
}

/// Somebody who may write to the file as they like.
fn attacker(path: &Path) -> Connection {
    let connection = Connection::open(path.join("bc-agent.db")).unwrap();
    let triggers = "DROP TRIGGER audit_no_update; DROP TRIGGER audit_no_delete; DROP TRIGGER audit_at_the_end; DROP TRIGGER audit_gaps_no_update; DROP TRIGGER audit_gaps_no_delete;
        DROP TRIGGER audit_head_no_delete; DROP TRIGGER audit_accounts_no_delete; PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON";
    connection.execute_batch(triggers).unwrap();
    connection
}

fn seal_at(tx: &Connection, seq: i64) -> Seal {
    tx.query_row("SELECT seal FROM audit WHERE seq = ?1", [seq], |row| row.get(0)).unwrap()
}

/// Makes the newest entry the head, with the right mark where the attacker has the key.
fn rehead(tx: &Connection, key: Option<&AuditKey>) {
    let (seq, seal): (i64, Seal) = tx.query_row("SELECT seq, seal FROM audit ORDER BY seq DESC LIMIT 1", [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    let mark = key.map_or([9; 32], |key| key.mark(seq, &seal));
    tx.execute("UPDATE audit_head SET seq = ?1, seal = ?2, mark = ?3", params![seq, seal, mark]).unwrap();
}

/// Seals everything anew, as somebody who has stolen the key would.
fn restamp(tx: &Connection) {
    let key = secret();
    let commitments: HashMap<i64, Seal> = audit::accounts(tx).unwrap().into_iter().map(|a| (a.reference, a.commitment)).collect();
    let mut entries = Vec::new();
    audit::each(tx, |entry| {
        entries.push(entry);
        Ok(())
    })
    .unwrap();
    let mut before = Seal::default();
    for entry in entries {
        before = key.seal(&before, &entry.content(&commitments[&entry.account_ref]));
        tx.execute("UPDATE audit SET seal = ?2 WHERE seq = ?1", params![entry.seq, before]).unwrap();
    }
    rehead(tx, Some(&key));
}

/// A value that differs from what stands there.
fn edit(tx: &Connection, chance: &mut Chance) -> String {
    let seq = chance.seq();
    let columns = [
        ("at", "at + 1"),
        ("at", "at - 86400000000"),
        ("account_ref", "3 - account_ref"),
        ("client", "'window'"),
        ("version", "version || '1'"),
        ("connection", "NULL"),
        ("connection", "'other'"),
        ("session_id", "'s'"),
        ("run_id", "''"),
        ("correlation_id", "'c'"),
        ("action", "CASE action WHEN 'sign_in' THEN 'sign_out' ELSE 'sign_in' END"),
        ("resource", "'vendors'"),
        ("resource_id", "resource_id || ' '"),
        ("resource_id", "NULL"),
        ("outcome", "'refused'"),
        ("details", "NULL"),
        ("details", "zeroblob(40)"),
        ("details", "(SELECT details FROM audit WHERE seq = 1 + audit.seq % 40)"),
        ("evidence", "1 - evidence"),
        ("key_id", "zeroblob(8)"),
        ("seal", "randomblob(32)"),
        ("seq", "-seq"),
        ("seq", "seq + 1000000"),
    ];
    let (column, value) = columns[usize::try_from(chance.below(columns.len() as i64)).unwrap()];
    tx.execute(&format!("UPDATE audit SET {column} = {value} WHERE seq = ?1"), [seq]).unwrap();
    format!("{column} = {value} of {seq}")
}

/// One attempt on the log before the checkpoint; what was done, for the message of a failure.
fn tamper(tx: &Transaction<'_>, chance: &mut Chance) -> String {
    let seq = chance.seq();
    match chance.below(12) {
        0..=2 => edit(tx, chance),
        3 => {
            let done = edit(tx, chance);
            // These would be put right by sealing anew.
            if done.starts_with("seal") || done.starts_with("seq = -seq") { done } else { restamp_or_head(tx, chance, done) }
        }
        4 => {
            tx.execute("DELETE FROM audit WHERE seq = ?1", [seq]).unwrap();
            format!("deleted {seq}")
        }
        5 => {
            let to = seq + chance.below(5);
            tx.execute("DELETE FROM audit WHERE seq BETWEEN ?1 AND ?2", [seq, to]).unwrap();
            tx.execute("UPDATE audit SET seq = seq - ?1 WHERE seq > ?2", [to - seq + 1, to]).unwrap();
            rehead(tx, None);
            format!("deleted {seq} to {to} and closed the ranks")
        }
        6 => {
            let other = 1 + (seq + chance.below(ENTRIES - 1)) % ENTRIES;
            let swap = "UPDATE audit SET seq = CASE seq WHEN ?1 THEN -?2 ELSE -?1 END WHERE seq IN (?1, ?2)";
            tx.execute(swap, [seq, other]).unwrap();
            tx.execute("UPDATE audit SET seq = -seq WHERE seq < 0", []).unwrap();
            format!("exchanged {seq} and {other}")
        }
        7 => {
            tx.execute("DELETE FROM audit WHERE seq > ?1", [seq]).unwrap();
            let key = (chance.below(2) == 0).then(secret);
            rehead(tx, key.as_ref());
            format!("cut after {seq}, with the key: {}", key.is_some())
        }
        8 => {
            let copy = "INSERT INTO audit SELECT 0, at, account_ref, client, version, connection, session_id, run_id, correlation_id, action, 'forged',
                resource_id, outcome, details, evidence, key_id, seal FROM audit WHERE seq = ?1";
            tx.execute(copy, [seq]).unwrap();
            tx.execute("UPDATE audit SET seq = -seq - 1 WHERE seq >= ?1", [seq]).unwrap();
            tx.execute("UPDATE audit SET seq = CASE seq WHEN 0 THEN ?1 ELSE -seq END WHERE seq <= 0", [seq]).unwrap();
            rehead(tx, None);
            restamp_or_head(tx, chance, format!("put one in before {seq}"))
        }
        9 => {
            let seal = seal_at(tx, seq);
            tx.execute("DELETE FROM audit WHERE seq = ?1", [seq]).unwrap();
            tx.execute("INSERT INTO audit_gaps VALUES (?1, ?1, ?2, ?3)", params![seq, seal, chance.seq()]).unwrap();
            format!("deleted {seq} and called it pruned")
        }
        10 => {
            let done = [
                "UPDATE audit_accounts SET account = CASE account WHEN 'kari' THEN 'per' ELSE account || '2' END",
                "UPDATE audit_accounts SET commitment = randomblob(32)",
                "UPDATE audit_accounts SET account = NULL, salt = NULL, deleted_at = 1 WHERE account = 'kari'",
                "DELETE FROM audit_accounts WHERE account = 'ola'",
                "DELETE FROM audit_keys",
                "UPDATE audit_keys SET wrapped = randomblob(60)",
                "UPDATE audit_head SET mark = randomblob(32)",
                "DELETE FROM audit_head",
                "UPDATE audit_head SET seq = seq + 1",
                "DELETE FROM audit",
            ][usize::try_from(chance.below(10)).unwrap()];
            tx.execute(done, []).unwrap();
            done.to_owned()
        }
        _ => {
            let done = format!("UPDATE audit SET resource = 'restamped' WHERE seq = {seq}");
            tx.execute(&done, []).unwrap();
            restamp(tx);
            format!("{done}, sealed anew with the key")
        }
    }
}

fn restamp_or_head(tx: &Connection, chance: &mut Chance, done: String) -> String {
    // Names of keys and accounts that don't exist can't be sealed anew.
    let is_sane: bool = tx.query_row("SELECT count(*) = 0 FROM audit WHERE seq < 1 OR account_ref NOT IN (1, 2, 3)", [], |row| row.get(0)).unwrap();
    if is_sane && chance.below(2) == 0 {
        restamp(tx);
        return format!("{done}, sealed anew with the key");
    }
    done
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_changed_before_a_checkpoint_is_found() {
    let attempts = attempts();
    let directory = tempfile::tempdir().unwrap();
    let checkpoint = home(directory.path()).await;
    let mut connection = attacker(directory.path());
    let keyring = Keyring::new(&secret());
    assert!(verify(&connection, &keyring, Some(&checkpoint)).unwrap().intact);
    let mut missed = Vec::new();
    for attempt in 0..attempts {
        let mut chance = Chance(attempt);
        let tx = connection.transaction().unwrap();
        let done = tamper(&tx, &mut chance);
        if verify(&tx, &keyring, Some(&checkpoint)).is_ok_and(|verdict| verdict.intact) {
            missed.push(format!("{attempt}: {done}"));
        }
        tx.rollback().unwrap();
    }
    assert!(missed.is_empty(), "{} of {attempts} were not found:\n{}", missed.len(), missed.join("\n"));
    println!("reliability | 25 | audit log edited, cut, reordered or sealed anew before a checkpoint, also with the key: found | {attempts} of {attempts}");
    assert!(verify(&connection, &keyring, Some(&checkpoint)).unwrap().intact);
}

#[tokio::test]
async fn a_checkpoint_of_another_home_or_with_a_bit_changed_is_none() {
    let directory = tempfile::tempdir().unwrap();
    let checkpoint = home(directory.path()).await;
    let connection = attacker(directory.path());
    let keyring = Keyring::new(&secret());
    let is_intact = |checkpoint: &AuditCheckpoint| verify(&connection, &keyring, Some(checkpoint)).unwrap().intact;
    assert!(is_intact(&checkpoint));
    let changes: [fn(&mut AuditCheckpoint); 5] =
        [|c| c.count -= 1, |c| c.head = c.head.chars().rev().collect(), |c| c.at = jiff::Timestamp::UNIX_EPOCH, |c| c.signature.clear(), |c| c.kind.push('0')];
    for change in changes {
        let mut changed = checkpoint.clone();
        change(&mut changed);
        assert!(!is_intact(&changed), "{changed:?}");
    }
}
