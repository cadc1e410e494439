//! Opening the database file: is it whole, is its schema ours, and how it comes to be.

use std::{fs, path::Path, time::Duration};

use rusqlite::{Connection, OpenFlags, OptionalExtension, config::DbConfig};

use crate::{
    StoreError, backup,
    home::{Home, open_private, sync_directory},
};

#[allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]
mod embedded {
    refinery::embed_migrations!("../../migrations");
}

/// How long a connection waits for another process's write.
pub(crate) const BUSY: Duration = Duration::from_secs(5);

/// Up to this size every opening checks every page; beyond, that would be felt at every start.
const CHECKED_AT_OPEN: u64 = 16 * 1024 * 1024;

const HAS_HISTORY: &str = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'refinery_schema_history'";
const HISTORY: &str = "SELECT version, checksum FROM refinery_schema_history";

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Writes history: a commit survives a kill, and reaches the disk at the next checkpoint.
    History,
    /// Writes intents, approvals, settings: a commit is on the disk when it returns.
    Durable,
    /// Reads.
    Read,
}

/// What the file is, where it is nothing to be refused.
pub(crate) enum State {
    /// Whole and up to date, seen by this connection: it reads on, because opening another one takes reading the whole schema again.
    Ready(Connection),
    /// Has to be made or brought up to date; that takes being alone.
    Behind,
}

/// Opens the file with the pragmas of its purpose.
pub(crate) fn connect(path: &Path, purpose: Purpose) -> Result<Connection, StoreError> {
    // No CREATE: a file that is not there is a question to a person, not an empty database.
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(BUSY)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.set_prepared_statement_cache_capacity(128);
    let synchronous = match purpose {
        Purpose::History => "PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 8000",
        Purpose::Durable => "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 8000",
        Purpose::Read => "PRAGMA query_only = ON",
    };
    connection.execute_batch("PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY; PRAGMA secure_delete = ON")?;
    connection.execute_batch(synchronous)?;
    Ok(connection)
}

/// Looks at the file and refuses what must not be touched: damage, a newer schema, a database that is gone. One that this process
/// has just made is not read through once more.
pub(crate) fn inspect(home: &Home, made: Made) -> Result<State, StoreError> {
    let path = home.database();
    let size = match fs::metadata(&path) {
        Ok(metadata) => metadata.len(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let backups = backup::list(home)?;
            let left_over = home.side_files().iter().any(|file| fs::metadata(file).is_ok_and(|m| m.len() > 0));
            return if backups.is_empty() && !left_over { Ok(State::Behind) } else { Err(StoreError::Missing { backups }) };
        }
        Err(error) => return Err(StoreError::io(path, error)),
    };
    if size == 0 {
        // A new database gets its name when it is complete, so an empty file was a database once.
        return Err(damaged("the file is empty"));
    }
    let connection = connect(&path, Purpose::Read)?;
    // The log is used again at once: emptying it would make every start wait for the disk.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    let state = compare(&connection)?;
    if size <= CHECKED_AT_OPEN && made == Made::Before {
        check(&connection, Depth::Quick)?;
    }
    match state {
        Version::Ours => {
            connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)?;
            Ok(State::Ready(connection))
        }
        Version::Older => Ok(State::Behind),
    }
}

fn damaged(detail: &str) -> StoreError {
    StoreError::Damaged { detail: detail.to_owned(), backups: Vec::new() }
}

/// How closely a database is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Depth {
    /// Every page.
    Quick,
    /// Every page, and every index against its table.
    Full,
}

/// SQLite's own check.
pub(crate) fn check(connection: &Connection, depth: Depth) -> Result<(), StoreError> {
    let pragma = match depth {
        Depth::Quick => "PRAGMA quick_check(1)",
        Depth::Full => "PRAGMA integrity_check(1)",
    };
    let found: String = connection.query_row(pragma, [], |row| row.get(0))?;
    if found == "ok" { Ok(()) } else { Err(damaged(&found)) }
}

/// A file's schema beside the embedded one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    /// The same.
    Ours,
    /// Steps are missing.
    Older,
}

/// Compares the file's schema with the embedded one.
pub(crate) fn compare(connection: &Connection) -> Result<Version, StoreError> {
    let has_history: Option<i64> = connection.query_row(HAS_HISTORY, [], |row| row.get(0)).optional()?;
    if has_history.is_none() {
        return Err(damaged("it is not a database of BC Agent"));
    }
    let runner = embedded::migrations::runner();
    let migrations = runner.get_migrations();
    let known = migrations.iter().map(|m| m.version()).max().unwrap_or(0);
    let mut statement = connection.prepare(HISTORY)?;
    let applied: Vec<(i64, String)> = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?;
    let found = applied.iter().map(|(version, _)| *version).max().unwrap_or(0);
    if found > i64::from(known) {
        return Err(StoreError::Newer { found: u32::try_from(found).unwrap_or(u32::MAX), known: u32::try_from(known).unwrap_or(0) });
    }
    for (version, checksum) in &applied {
        let ours = migrations.iter().find(|m| i64::from(m.version()) == *version);
        if ours.is_none_or(|m| m.checksum().to_string() != *checksum) {
            return Err(StoreError::Migration(format!("step {version} of its schema is not the one that this version knows")));
        }
    }
    Ok(if applied.len() == migrations.len() { Version::Ours } else { Version::Older })
}

/// Whether this process made the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Made {
    /// Just now: not all of it has reached the disk yet.
    Now,
    /// It was there before.
    Before,
}

/// Makes the database, or brings it up to date after a verified backup. The caller is alone in the home.
pub(crate) fn bring_up_to_date(home: &Home) -> Result<Made, StoreError> {
    match inspect(home, Made::Before)? {
        State::Ready(_) => Ok(Made::Before),
        State::Behind if home.database().exists() => {
            backup::create(home, backup::Reason::BeforeMigration)?;
            let mut connection = connect(&home.database(), Purpose::Durable)?;
            migrate(&mut connection).map(|()| Made::Before)
        }
        State::Behind => create(home).map(|()| Made::Now),
    }
}

/// Makes a new database beside its place and puts it there whole. The caller sees to it that it reaches the disk ([`sync_new`])
/// before anything that must outlive a loss of power is written to it.
fn create(home: &Home) -> Result<(), StoreError> {
    let unfinished = home.unfinished();
    match fs::remove_file(&unfinished) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(StoreError::io(unfinished, error)),
        Ok(()) | Err(_) => {}
    }
    let file = open_private(&unfinished)?;
    let mut connection = connect(&unfinished, Purpose::History)?;
    connection.execute_batch("PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF")?;
    migrate(&mut connection)?;
    write_ahead(&connection)?;
    connection.close().map_err(|(_, error)| error)?;
    drop(file);
    let path = home.database();
    fs::rename(&unfinished, &path).map_err(|e| StoreError::io(&path, e))
}

/// Waits until a new database, its log and their names are on the disk.
pub(crate) fn sync_new(home: &Home) -> Result<(), StoreError> {
    let path = home.database();
    let [log, _] = home.side_files();
    for file in [&path, &log] {
        match fs::OpenOptions::new().write(true).open(file).and_then(|file| file.sync_all()) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && *file == log => {}
            synced => synced.map_err(|e| StoreError::io(file, e))?,
        }
    }
    path.parent().map_or(Ok(()), sync_directory)
}

/// Turns the write-ahead log on; the file remembers it.
pub(crate) fn write_ahead(connection: &Connection) -> Result<(), StoreError> {
    connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
    Ok(())
}

/// Gives a complete, synced file the database's name.
pub(crate) fn put_in_place(home: &Home, file: &Path) -> Result<(), StoreError> {
    let path = home.database();
    fs::rename(file, &path).map_err(|e| StoreError::io(&path, e))?;
    path.parent().map_or(Ok(()), sync_directory)
}

/// All steps in one transaction: an error leaves the file as it was.
fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    embedded::migrations::runner().set_grouped(true).run(connection).map(|_| ()).map_err(|e| StoreError::Migration(e.to_string()))
}
