//! Doing a thing again only when what it was made from has changed.

use std::fs;
use std::hash::{DefaultHasher, Hasher as _};
use std::path::{Path, PathBuf};

use crate::fault::{Fault, Outcome};

/// Remembers, under `target/xtask/`, what the last successful run of something was made from.
pub struct Stamp {
    file: PathBuf,
    contents: String,
}

impl Stamp {
    /// The stamp `name` for the present state of `sources`: files, or folders with all that is in them.
    /// Entries called like one of `ignored` are left out.
    pub fn of(root: &Path, name: &str, sources: &[PathBuf], ignored: &[&str]) -> Outcome<Self> {
        let mut hasher = DefaultHasher::new();
        for source in sources {
            hash(source, ignored, &mut hasher)?;
        }
        Ok(Self { file: root.join("target/xtask").join(name), contents: format!("{:016x}\n", hasher.finish()) })
    }

    /// Whether nothing has changed since [`Stamp::set`].
    pub fn is_fresh(&self) -> bool {
        fs::read_to_string(&self.file).is_ok_and(|last| last == self.contents)
    }

    /// To be called when the work has been done.
    pub fn set(&self) -> Outcome {
        if let Some(directory) = self.file.parent() {
            fs::create_dir_all(directory).map_err(|error| Fault::file("create", directory, &error))?;
        }
        fs::write(&self.file, &self.contents).map_err(|error| Fault::file("write", &self.file, &error))
    }
}

fn hash(path: &Path, ignored: &[&str], hasher: &mut DefaultHasher) -> Outcome {
    let fault = |error: std::io::Error| Fault::file("read", path, &error);
    hasher.write(path.to_string_lossy().as_bytes());
    if !path.is_dir() {
        let contents = fs::read(path).map_err(fault)?;
        hasher.write_usize(contents.len());
        hasher.write(&contents);
        return Ok(());
    }
    let mut entries = fs::read_dir(path).map_err(fault)?.collect::<Result<Vec<_>, _>>().map_err(fault)?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        if !ignored.iter().any(|name| entry.file_name() == *name) {
            hash(&entry.path(), ignored, hasher)?;
        }
    }
    Ok(())
}

#[cfg(test)]
#[path = "stamp_tests.rs"]
mod tests;
