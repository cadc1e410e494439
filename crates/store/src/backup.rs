//! Backups: whole, checked copies of the database in `backups/`.

use std::{fs, io, path::Path};

use bca_protocol::BackupView;
use jiff::Timestamp;
use rusqlite::{Connection, backup::Backup};

use crate::{
    StoreError,
    home::{Home, open_private, sync_directory},
    schema::{self, Depth, Made, Purpose, Version},
};

/// How many are kept, the newest, of each kind (whole copies; damaged files that were replaced).
const KEPT: usize = 7;
const PREFIX: &str = "bc-agent-";
const DAMAGED: &str = "-damaged.db";
/// What SQLite adds to a database's name for its write-ahead log.
const LOG: &str = "-wal";

/// Why a copy is made; stands in its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    /// A person asked for it.
    Asked,
    /// The schema is about to change.
    BeforeMigration,
    /// Another copy is about to take the database's place.
    BeforeRestore,
}

impl Reason {
    const fn suffix(self) -> &'static str {
        match self {
            Self::Asked => "",
            Self::BeforeMigration => "-before-migration",
            Self::BeforeRestore => "-before-restore",
        }
    }
}

/// Copies the database by SQLite's online backup, checks the copy, and only then gives it its name. Others may go on writing.
pub(crate) fn create(home: &Home, reason: Reason) -> Result<BackupView, StoreError> {
    let source = schema::connect(&home.database(), Purpose::Read)?;
    let directory = home.backups();
    let now = Timestamp::now();
    let name = format!("{PREFIX}{}{}.db", now.strftime("%Y%m%dT%H%M%S.%6fZ"), reason.suffix());
    let unfinished = directory.join(format!("{name}.new"));
    let made = copy(&source, &unfinished).and_then(|()| {
        let path = directory.join(&name);
        fs::rename(&unfinished, &path).map_err(|e| StoreError::io(&path, e))?;
        sync_directory(&directory)
    });
    if made.is_err() {
        let _ = fs::remove_file(&unfinished);
    }
    made?;
    prune(home)?;
    view(&directory, &name)?.ok_or_else(|| StoreError::Backup(format!("The backup {name} is gone.")))
}

/// A copy in one file, checked and on the disk.
fn copy(source: &Connection, path: &Path) -> Result<(), StoreError> {
    let file = open_private(path)?;
    let mut target = Connection::open(path)?;
    Backup::new(source, &mut target)?.step(-1)?;
    // The copy carries the source's mark for a write-ahead log; a backup is one file.
    target.query_row("PRAGMA journal_mode = DELETE", [], |_| Ok(()))?;
    schema::check(&target, Depth::Full)
        .map_err(|error| StoreError::Backup(format!("The backup could not be made, because the database is not whole: {error}")))?;
    target.close().map_err(|(_, error)| error)?;
    file.sync_all().map_err(|e| StoreError::io(path, e))
}

/// The backups, newest first.
pub(crate) fn list(home: &Home) -> Result<Vec<BackupView>, StoreError> {
    let directory = home.backups();
    let mut found = Vec::new();
    for entry in fs::read_dir(&directory).map_err(|e| StoreError::io(&directory, e))? {
        let name = entry.map_err(|e| StoreError::io(&directory, e))?.file_name();
        if let Some(name) = name.to_str() {
            found.extend(view(&directory, name)?);
        }
    }
    found.sort_by(|a, b| b.created_at.cmp(&a.created_at).then_with(|| b.name.cmp(&a.name)));
    Ok(found)
}

/// What a file name says; `None` where it is not a backup's.
fn view(directory: &Path, name: &str) -> Result<Option<BackupView>, StoreError> {
    let Some(stamp) = name.strip_prefix(PREFIX).filter(|_| Path::new(name).extension().is_some_and(|e| e == "db")) else { return Ok(None) };
    let stamp = stamp.split_once('Z').map_or("", |(stamp, _)| stamp);
    let Ok(civil) = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%S%.f", stamp) else { return Ok(None) };
    let Ok(zoned) = civil.to_zoned(jiff::tz::TimeZone::UTC) else { return Ok(None) };
    let path = directory.join(name);
    let size = match fs::metadata(&path) {
        Ok(metadata) => metadata.len(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(StoreError::io(path, error)),
    };
    Ok(Some(BackupView { name: name.to_owned(), created_at: zoned.timestamp(), size, verified: !name.ends_with(DAMAGED) }))
}

/// Removes the oldest beyond what is kept.
fn prune(home: &Home) -> Result<(), StoreError> {
    let all = list(home)?;
    let (whole, damaged): (Vec<_>, Vec<_>) = all.into_iter().partition(|backup| backup.verified);
    for backup in whole.iter().skip(KEPT).chain(damaged.iter().skip(KEPT)) {
        let path = home.backups().join(&backup.name);
        fs::remove_file(&path).map_err(|e| StoreError::io(path, e))?;
        // Only a damaged one may have a log beside it.
        let _ = fs::remove_file(home.backups().join(format!("{}{LOG}", backup.name)));
    }
    Ok(())
}

/// Puts a backup in the database's place and keeps what was there. The caller is alone in the home. Returns the name under which
/// the replaced database is kept; `None` where there was none.
pub(crate) fn restore(home: &Home, name: &str) -> Result<Option<String>, StoreError> {
    let chosen = list(home)?.into_iter().find(|backup| backup.name == name).ok_or(StoreError::NotFound("backup"))?;
    let path = home.backups().join(&chosen.name);
    // Checked before anything is touched, in a copy: opening must not change the backup.
    let unfinished = home.unfinished();
    fs::copy(&path, &unfinished).map_err(|e| StoreError::io(&unfinished, e))?;
    let file = open_private(&unfinished)?;
    let replaced = check_copy(&unfinished, name).and_then(|()| {
        file.sync_all().map_err(|e| StoreError::io(&unfinished, e))?;
        let replaced = keep_replaced(home)?;
        for side_file in home.side_files() {
            match fs::remove_file(&side_file) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(StoreError::io(side_file, error)),
                Ok(()) | Err(_) => {}
            }
        }
        schema::put_in_place(home, &unfinished)?;
        Ok(replaced)
    });
    if replaced.is_err() {
        let _ = fs::remove_file(&unfinished);
    }
    replaced
}

fn check_copy(path: &Path, name: &str) -> Result<(), StoreError> {
    let not_whole = |error: StoreError| match error {
        StoreError::Damaged { detail, .. } => StoreError::Backup(format!("The backup {name} is damaged ({detail}). Nothing was changed. Choose another.")),
        other => other,
    };
    let look = || {
        let copy = schema::connect(path, Purpose::Durable)?;
        match schema::compare(&copy)? {
            Version::Ours | Version::Older => {}
        }
        schema::check(&copy, Depth::Full)?;
        schema::write_ahead(&copy)?;
        copy.close().map_err(|(_, error)| StoreError::from(error))
    };
    look().map_err(not_whole)
}

/// Keeps the present database: as a checked copy where it is whole, else file by file as it is.
fn keep_replaced(home: &Home) -> Result<Option<String>, StoreError> {
    let path = home.database();
    if !path.exists() {
        return Ok(None);
    }
    // An emptied file would pass for a whole, empty database: the look at an opening is stricter than a copy's.
    let copied = match schema::inspect(home, Made::Before) {
        Err(error @ StoreError::Damaged { .. }) => Err(error),
        Ok(_) | Err(_) => create(home, Reason::BeforeRestore),
    };
    match copied {
        Ok(backup) => Ok(Some(backup.name)),
        Err(StoreError::Damaged { .. } | StoreError::Backup(_)) => keep_damaged(home, &path).map(Some),
        Err(other) => Err(other),
    }
}

/// Copies a database that is not whole, with its write-ahead log, byte by byte.
fn keep_damaged(home: &Home, path: &Path) -> Result<String, StoreError> {
    let name = format!("{PREFIX}{}{DAMAGED}", Timestamp::now().strftime("%Y%m%dT%H%M%S.%6fZ"));
    let kept = home.backups().join(&name);
    fs::copy(path, &kept).and_then(|_| fs::File::open(&kept)?.sync_all()).map_err(|e| StoreError::io(&kept, e))?;
    let [log, _] = home.side_files();
    if log.exists() {
        let kept_log = home.backups().join(format!("{name}{LOG}"));
        fs::copy(&log, &kept_log).map_err(|e| StoreError::io(&kept_log, e))?;
    }
    prune(home)?;
    Ok(name)
}
