//! A company file that another version of this program made can't be read by this one. It is kept under another name, and a new
//! company takes its place: the demo must start after an update.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};

use crate::error::SimError;

/// Held while one process replaces the file, so that a second one finds the new company and doesn't move that away too.
pub(crate) struct Turn {
    _lock: File,
}

impl Turn {
    /// Waits for it. The lock ends with the value, or with the process.
    pub(crate) fn wait(company: &Path) -> Result<Self, SimError> {
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(beside(company, ".lock"))?;
        lock.lock()?;
        Ok(Self { _lock: lock })
    }

    /// Gives the file another name, and what SQLite keeps beside it; the new name.
    pub(crate) fn move_away(&self, company: &Path) -> Result<PathBuf, SimError> {
        let free = |n: u32| Some(beside(company, &format!(".old{n}"))).filter(|name| !name.exists());
        let kept = (1..).find_map(free).ok_or(SimError::OtherVersion)?;
        // What isn't in the file yet lies in the log beside it, which SQLite finds by its name.
        for suffix in ["-wal", "-shm"] {
            let from = beside(company, suffix);
            if from.exists() {
                std::fs::rename(from, beside(&kept, suffix))?;
            }
        }
        std::fs::rename(company, &kept)?;
        Ok(kept)
    }
}

/// The file of this name with something at its end.
fn beside(company: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(company);
    name.push(suffix);
    PathBuf::from(name)
}
