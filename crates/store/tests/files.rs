//! The files of a home: permissions, damage, versions, backups, several processes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use std::{
    fs,
    os::unix::fs::{FileExt, PermissionsExt},
    path::Path,
};

use bca_protocol::{ErrorCode, UserError};
use bca_store::{Db, OpenOptions, StoreError};

fn try_open(home: &Path) -> Result<Db, StoreError> {
    Db::open(home, OpenOptions::default()).map(|(db, _)| db)
}

fn database(home: &Path) -> std::path::PathBuf {
    home.join("bc-agent.db")
}

async fn filled(home: &Path, value: &str) -> Db {
    let db = try_open(home).unwrap();
    for n in 0..200 {
        db.set_setting(&format!("test.{n}"), &value.repeat(50)).await.unwrap();
    }
    db.set_setting("test.value", value).await.unwrap();
    db
}

#[tokio::test]
async fn everything_belongs_to_its_owner_alone() {
    let parent = tempfile::tempdir().unwrap();
    let home = parent.path().join("a/b");
    let db = filled(&home, "x").await;
    db.create_backup().await.unwrap();
    let mut directories = vec![home.clone()];
    while let Some(directory) = directories.pop() {
        assert_eq!(fs::metadata(&directory).unwrap().permissions().mode() & 0o777, 0o700, "{}", directory.display());
        for entry in fs::read_dir(&directory).unwrap().map(Result::unwrap) {
            if entry.file_type().unwrap().is_dir() {
                directories.push(entry.path());
            } else {
                assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{}", entry.path().display());
            }
        }
    }
}

#[tokio::test]
async fn damage_is_told_with_the_backups_and_a_restore_mends_it() {
    let home = tempfile::tempdir().unwrap();
    let db = filled(home.path(), "before").await;
    let backup = db.create_backup().await.unwrap();
    drop(db);
    let whole = fs::read(database(home.path())).unwrap();
    let damage: [&dyn Fn(&fs::File); 4] = [
        &|file| file.write_all_at(&[0xA5; 4096], 0).unwrap(),
        &|file| file.write_all_at(&[0xA5; 3 * 4096], 8 * 4096).unwrap(),
        &|file| file.set_len(whole.len() as u64 / 2).unwrap(),
        &|file| file.set_len(0).unwrap(),
    ];
    for (n, hurt) in damage.iter().enumerate() {
        hurt(&fs::OpenOptions::new().write(true).open(database(home.path())).unwrap());
        let hurt_bytes = fs::read(database(home.path())).unwrap();
        let Err(error) = try_open(home.path()) else { panic!("damage {n} was not seen") };
        let StoreError::Damaged { backups, .. } = &error else { panic!("damage {n}: {error:?}") };
        assert!(backups.contains(&backup), "{backups:?}");
        assert!(fs::read(database(home.path())).unwrap() == hurt_bytes, "damage {n}: it was left as it was");
        let told = UserError::from(error);
        assert!(told.code == ErrorCode::Store && told.message.contains("damaged") && told.message.contains("backup restore"), "{told}");
        let kept = Db::restore(home.path(), &backup.name).unwrap().unwrap();
        assert!(fs::read(home.path().join("backups").join(kept)).unwrap() == hurt_bytes, "damage {n}: it is kept");
        assert_eq!(try_open(home.path()).unwrap().setting("test.value").await.unwrap().as_deref(), Some("before"));
    }
}

#[tokio::test]
async fn a_database_that_is_gone_is_never_replaced_by_an_empty_one() {
    let home = tempfile::tempdir().unwrap();
    let db = filled(home.path(), "x").await;
    let backup = db.create_backup().await.unwrap();
    drop(db);
    fs::remove_file(database(home.path())).unwrap();
    assert!(matches!(try_open(home.path()), Err(StoreError::Missing { backups }) if backups == [backup.clone()]));
    assert!(!database(home.path()).exists());
    assert_eq!(Db::restore(home.path(), &backup.name).unwrap(), None);
    try_open(home.path()).unwrap();
}

#[tokio::test]
async fn a_newer_or_foreign_schema_is_refused_and_left_alone() {
    let home = tempfile::tempdir().unwrap();
    drop(filled(home.path(), "x").await);
    let change = |sql: &str| rusqlite::Connection::open(database(home.path())).unwrap().execute_batch(sql).unwrap();
    change("INSERT INTO refinery_schema_history SELECT 9999, 'later', applied_on, checksum FROM refinery_schema_history WHERE version = 1");
    assert!(matches!(try_open(home.path()), Err(StoreError::Newer { found: 9999, .. })));
    change("DELETE FROM refinery_schema_history WHERE version = 9999; UPDATE refinery_schema_history SET checksum = '1'");
    assert!(matches!(try_open(home.path()), Err(StoreError::Migration(_))));
    let foreign = tempfile::tempdir().unwrap();
    rusqlite::Connection::open(database(foreign.path())).unwrap().execute_batch("CREATE TABLE t (x)").unwrap();
    assert!(matches!(try_open(foreign.path()), Err(StoreError::Damaged { .. })));
}

#[tokio::test]
async fn seven_backups_are_kept_and_a_restore_keeps_what_it_replaces() {
    let home = tempfile::tempdir().unwrap();
    let db = filled(home.path(), "old").await;
    let old = db.create_backup().await.unwrap();
    db.set_setting("test.value", "new").await.unwrap();
    assert!(matches!(Db::restore(home.path(), &old.name), Err(StoreError::InUse(_))));
    drop(db);
    assert!(matches!(Db::restore(home.path(), "../bc-agent.db"), Err(StoreError::NotFound(_))));
    let replaced = Db::restore(home.path(), &old.name).unwrap().unwrap();
    let db = try_open(home.path()).unwrap();
    assert_eq!(db.setting("test.value").await.unwrap().as_deref(), Some("old"));
    drop(db);
    Db::restore(home.path(), &replaced).unwrap();
    let db = try_open(home.path()).unwrap();
    assert_eq!(db.setting("test.value").await.unwrap().as_deref(), Some("new"));
    let mut newest = None;
    for _ in 0..9 {
        newest = Some(db.create_backup().await.unwrap());
    }
    let kept = db.backups().await.unwrap();
    assert_eq!((kept.len(), kept.first().cloned()), (7, newest));
    assert!(kept.iter().all(|backup| backup.verified && backup.size > 0));
}

#[tokio::test]
async fn a_damaged_backup_is_refused_and_nothing_changes() {
    let home = tempfile::tempdir().unwrap();
    let db = filled(home.path(), "x").await;
    let backup = db.create_backup().await.unwrap();
    drop(db);
    let file = fs::OpenOptions::new().write(true).open(home.path().join("backups").join(&backup.name)).unwrap();
    file.write_all_at(&[0xA5; 3 * 4096], 8 * 4096).unwrap();
    assert!(matches!(Db::restore(home.path(), &backup.name), Err(StoreError::Backup(_))));
    assert_eq!(try_open(home.path()).unwrap().setting("test.value").await.unwrap().as_deref(), Some("x"));
}

#[test]
fn many_may_open_a_new_home_at_once() {
    let home = tempfile::tempdir().unwrap();
    let opened: Vec<_> = (0..8)
        .map(|_| {
            let home = home.path().to_owned();
            std::thread::spawn(move || try_open(&home).map(drop))
        })
        .collect();
    for thread in opened {
        thread.join().unwrap().unwrap();
    }
}

#[tokio::test]
async fn a_failed_migration_leaves_the_database_as_it_was_and_a_verified_backup_beside_it() {
    let home = tempfile::tempdir().unwrap();
    drop(filled(home.path(), "x").await);
    let change = |sql: &str| rusqlite::Connection::open(database(home.path())).unwrap().execute_batch(sql).unwrap();
    // Without its history the schema looks outdated, and the first step fails because its tables are there.
    change("CREATE TABLE kept AS SELECT * FROM refinery_schema_history; DELETE FROM refinery_schema_history");
    assert!(matches!(try_open(home.path()), Err(StoreError::Migration(_))));
    let backups = Db::backups_of(home.path()).unwrap();
    assert!(backups.len() == 1 && backups[0].verified && backups[0].name.contains("before-migration"), "{backups:?}");
    change("INSERT INTO refinery_schema_history SELECT * FROM kept");
    assert_eq!(try_open(home.path()).unwrap().setting("test.value").await.unwrap().as_deref(), Some("x"));
}

/// One page after the other is overwritten: damage is told or harmless, and nothing is ever begun anew in its place.
#[tokio::test]
async fn whichever_page_is_damaged_nothing_is_started_empty() {
    const PAGE: u64 = 4096;
    let home = tempfile::tempdir().unwrap();
    drop(filled(home.path(), "kept").await);
    let whole = fs::read(database(home.path())).unwrap();
    let step = if std::env::var_os("BC_AGENT_TORTURE").is_some() { 1 } else { 20 };
    let (mut tried, mut told) = (0, 0);
    for page in (0..whole.len() as u64 / PAGE).step_by(step) {
        fs::write(database(home.path()), &whole).unwrap();
        let file = fs::OpenOptions::new().write(true).open(database(home.path())).unwrap();
        file.write_all_at(&[0xA5; PAGE as usize], page * PAGE).unwrap();
        drop(file);
        tried += 1;
        match try_open(home.path()) {
            Err(StoreError::Damaged { .. }) => told += 1,
            Err(other) => panic!("page {page}: {other:?}"),
            // A page that nobody uses, or one of an index or of text, which is found by reading it.
            Ok(db) => assert!(matches!(db.setting("test.value").await.as_ref().map(Option::as_deref), Ok(Some("kept")) | Err(_)), "page {page}"),
        }
    }
    assert!(told > 0);
    println!("reliability | 24 | databases with a damaged page: started empty | 0 of {tried} ({told} told at the start)");
}
