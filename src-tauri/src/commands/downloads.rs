//! Files that are given to the person: in the folder where the system keeps what was downloaded. Nothing there is overwritten.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufWriter},
    path::{Path, PathBuf},
};

use bca_protocol::{ErrorCode, UserError};
use tauri::{AppHandle, Manager as _};

/// So many files of one name are enough.
const MOST_OF_A_NAME: u32 = 1_000;

/// A new file `NAME.ENDING`, or `NAME (2).ENDING` where that is taken; readable by its owner only.
///
/// # Errors
/// The folder cannot be found or written.
pub fn new_file(handle: &AppHandle, name: &str, ending: &str) -> Result<(PathBuf, BufWriter<File>), UserError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let (path, file) = first_free(&folder(handle)?, name, &format!(".{ending}"), |path| options.open(path)).map_err(|e| told(&e))?;
    Ok((path, BufWriter::new(file)))
}

/// A new, empty folder of that name.
///
/// # Errors
/// As for [`new_file`].
pub fn new_directory(handle: &AppHandle, name: &str) -> Result<PathBuf, UserError> {
    let (path, ()) = first_free(&folder(handle)?, name, "", |path| fs::create_dir(path)).map_err(|e| told(&e))?;
    Ok(path)
}

fn folder(handle: &AppHandle) -> Result<PathBuf, UserError> {
    let paths = handle.path();
    let found = paths.download_dir().or_else(|_| paths.home_dir());
    found.map_err(|e| UserError::new(ErrorCode::Store, format!("There is no folder to put the file into: {e}.")))
}

/// Tries `NAME`, `NAME (2)`, `NAME (3)` and so on until `make` finds nothing in its way.
fn first_free<T>(folder: &Path, name: &str, ending: &str, make: impl Fn(&Path) -> io::Result<T>) -> io::Result<(PathBuf, T)> {
    fs::create_dir_all(folder)?;
    for number in 1..=MOST_OF_A_NAME {
        let place = if number == 1 { folder.join(format!("{name}{ending}")) } else { folder.join(format!("{name} ({number}){ending}")) };
        match make(&place) {
            Err(fault) if fault.kind() == io::ErrorKind::AlreadyExists => {}
            made => return made.map(|made| (place, made)),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

fn told(fault: &io::Error) -> UserError {
    UserError::new(ErrorCode::Store, format!("The file could not be written: {fault}."))
}

#[cfg(test)]
#[path = "downloads_tests.rs"]
mod tests;
