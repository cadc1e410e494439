#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use std::path::Path;

use bca_auth::Secret;
use bca_protocol::AuditVerdict;

use crate::{
    AuditIdentity, AuditKey, AuditRecord, Db,
    audit::tests::{json, sealed},
};
use bca_protocol::{AuditAction, AuditFilter};

fn key(of: u8) -> AuditKey {
    AuditKey::secret(&Secret::new([of; 32]))
}

/// The home as a process with this key has it.
fn with_key(home: &Path, key: AuditKey) -> Db {
    let db = sealed(home);
    db.audit_as(AuditIdentity { key, ..AuditIdentity::default() });
    db
}

async fn write(db: &Db, entries: usize) {
    for n in 0..entries {
        db.audit(AuditRecord::new(AuditAction::WriteSettled, "customers").of(format!("id{n}")).with_details(json(r#"{"secret":1}"#))).await.unwrap();
    }
}

async fn verdict(db: &Db) -> AuditVerdict {
    db.verify_audit(None).await.unwrap()
}

#[tokio::test]
async fn a_log_whose_key_is_lost_goes_on_and_says_which_part_is_proven() {
    let home = tempfile::tempdir().unwrap();
    let first = with_key(home.path(), key(1));
    write(&first, 6).await;
    let checkpoint = first.audit_checkpoint().await.unwrap();
    write(&first, 3).await;
    drop(first);

    let second = with_key(home.path(), key(2));
    assert!(!verdict(&second).await.intact, "nothing tells of the lost key yet");
    write(&second, 4).await;
    let found = verdict(&second).await;
    assert!(found.intact, "{found:?}");
    assert_eq!((found.checked, found.unverifiable, found.unverifiable_until, found.unprotected), (15, 10, Some(10), 0));
    let page = second.audit_page(&AuditFilter::default(), None, 100).await.unwrap().entries;
    let change = page.iter().find(|entry| entry.action == AuditAction::KeyChanged).unwrap();
    assert_eq!(change.seq, 11);
    let told = change.details.as_ref().unwrap().as_str();
    assert!(told.contains(r#""entries":"10""#) && told.contains(&page[5].seal), "{told}");
    assert!(told.contains(&format!(r#""count":"7","head":"{}""#, checkpoint.head)), "{told}");
    assert!(change.resource_id.as_ref().unwrap().starts_with(&format!("10:{}:", page[5].seal)), "found without any key: {change:?}");
    let (old, new): (Vec<_>, Vec<_>) = page.iter().filter(|e| e.action == AuditAction::WriteSettled).partition(|e| e.seq <= 10);
    assert_eq!((old.len(), new.len()), (9, 4), "nothing is deleted by it");
    assert!(old.iter().all(|entry| entry.details.is_none() && entry.details_lost && !entry.details_deleted));
    assert!(new.iter().all(|entry| entry.details.is_some() && !entry.details_lost));
    // What was exported before is no proof any more, and says so.
    assert!(!second.verify_audit(Some(checkpoint)).await.unwrap().intact);
    // What is exported now proves what stands now.
    let fresh = second.audit_checkpoint().await.unwrap();
    assert!(second.verify_audit(Some(fresh)).await.unwrap().intact);
    drop(second);

    // The key came back: all is as it was.
    let back = with_key(home.path(), key(1));
    let found = verdict(&back).await;
    assert!(!found.intact, "now the other one is not here: {found:?}");
    drop(back);

    // Lost once more: what tells of the first loss is itself told of.
    let third = with_key(home.path(), key(3));
    write(&third, 1).await;
    let found = verdict(&third).await;
    assert!(found.intact, "{found:?}");
    assert_eq!((found.unverifiable, found.unverifiable_until), (16, Some(16)));
}

#[tokio::test]
async fn a_time_without_the_key_loses_nothing() {
    let home = tempfile::tempdir().unwrap();
    let db = with_key(home.path(), key(1));
    write(&db, 3).await;
    db.audit_as(AuditIdentity::default());
    write(&db, 2).await;
    db.audit_as(AuditIdentity { key: key(1), ..AuditIdentity::default() });
    write(&db, 1).await;
    let found = verdict(&db).await;
    assert!(found.intact, "{found:?}");
    assert_eq!((found.checked, found.unverifiable, found.unprotected), (8, 0, 3));
    let page = db.audit_page(&AuditFilter::default(), None, 100).await.unwrap().entries;
    assert!(page.iter().all(|entry| entry.details.is_some()));
}

/// Whoever has no key can't pass off entries as lost that nothing told of.
#[tokio::test]
async fn entries_can_not_be_called_lost_afterwards() {
    for (what, change) in [
        ("one in the middle", "UPDATE audit SET key_id = x'0102030405060708', details = NULL WHERE seq = 3"),
        ("the newest", "UPDATE audit SET key_id = x'0102030405060708' WHERE seq = (SELECT max(seq) FROM audit)"),
        ("one after the loss", "UPDATE audit SET key_id = (SELECT key_id FROM audit WHERE seq = 1) WHERE seq = 8"),
        ("what tells of it", "UPDATE audit SET resource_id = replace(resource_id, '4:', '7:') WHERE seq = 5"),
        ("all that tells of it", "UPDATE audit SET key_id = x'0102030405060708' WHERE seq >= 5"),
    ] {
        let home = tempfile::tempdir().unwrap();
        let db = with_key(home.path(), key(1));
        write(&db, 4).await;
        drop(db);
        let db = with_key(home.path(), key(2));
        write(&db, 5).await;
        assert!(verdict(&db).await.intact);
        let file = rusqlite::Connection::open(home.path().join("bc-agent.db")).unwrap();
        file.execute_batch("DROP TRIGGER audit_no_update").unwrap();
        file.execute(change, []).unwrap();
        let found = verdict(&db).await;
        assert!(!found.intact, "{what}: {found:?}");
    }
}

/// Whoever has no key still has the one that everybody knows: with it nothing can be excused that a checkpoint proves.
#[tokio::test]
async fn nothing_before_a_checkpoint_is_excused_under_the_key_that_everybody_knows() {
    let public = || AuditIdentity { key: AuditKey::public(), ..AuditIdentity::default() };
    let called_lost = |file: &rusqlite::Connection| {
        let changes = "DROP TRIGGER audit_no_update; UPDATE audit SET resource_id = 'another', key_id = x'0102030405060708', details = NULL WHERE seq < 9;
            UPDATE audit SET key_id = x'0102030405060708' WHERE seq >= 9;
            UPDATE audit_head SET key_id = x'0102030405060708'";
        file.execute_batch(changes).unwrap();
    };
    for what in ["called lost", "pruned", "forgotten", "nothing"] {
        let home = tempfile::tempdir().unwrap();
        let db = with_key(home.path(), key(1));
        for n in 0..4 {
            db.audit(AuditRecord::new(AuditAction::SettingChanged, "setting").of(format!("s{n}")).by_account("kari").with_details(json("{}"))).await.unwrap();
        }
        write(&db, 4).await;
        let checkpoint = db.audit_checkpoint().await.unwrap();
        drop(db);

        // Another process of somebody who can write to the file, and has no secret.
        let forger = with_key(home.path(), AuditKey::public());
        let file = rusqlite::Connection::open(home.path().join("bc-agent.db")).unwrap();
        if what == "called lost" {
            called_lost(&file);
        }
        forger.audit_as(public());
        match what {
            "pruned" => assert_eq!(forger.prune_audit(jiff::Timestamp::MAX).await.unwrap(), 4),
            "forgotten" => assert!(forger.forget_in_audit("kari").await.unwrap()),
            _ => write(&forger, 1).await,
        }
        drop(forger);

        let db = with_key(home.path(), key(1));
        let found = db.verify_audit(Some(checkpoint)).await.unwrap();
        assert_eq!(found.intact, what == "nothing", "{what}: {found:?}");
    }
}

/// In a home without any secret key what is removed by the rules stays what it was.
#[tokio::test]
async fn a_home_without_a_secret_key_prunes_and_forgets_after_a_checkpoint() {
    let home = tempfile::tempdir().unwrap();
    let db = with_key(home.path(), AuditKey::public());
    db.audit(AuditRecord::new(AuditAction::SettingChanged, "setting").by_account("kari").with_details(json("{}"))).await.unwrap();
    let checkpoint = db.audit_checkpoint().await.unwrap();
    assert!(db.forget_in_audit("kari").await.unwrap());
    assert_eq!(db.prune_audit(jiff::Timestamp::MAX).await.unwrap(), 1);
    let found = db.verify_audit(Some(checkpoint)).await.unwrap();
    assert!(found.intact, "{found:?}");
}
