//! Files of records, saved for the person: a model is told their names, never their contents.

use std::{
    io,
    path::{Path, PathBuf},
};

use bca_bc::{BcError, Client, MediaPath};
use tokio::fs::{File, OpenOptions};
use tokio_util::sync::CancellationToken;

/// Largest file that is saved.
const LARGEST: u64 = 100 * 1024 * 1024;

/// Names that are tried before giving up.
const MOST_NAMES: usize = 1_000;

/// A file that was saved.
pub(crate) struct Saved {
    /// Name below the folder of attachments.
    pub(crate) name: String,
    pub(crate) bytes: u64,
    pub(crate) content_type: String,
}

/// Saves the file of a record below `folder`, under a name made of `stem`. Nothing is left where it can't be had whole.
pub(crate) async fn save(client: &Client, path: &MediaPath, folder: &Path, stem: &str, cancel: &CancellationToken) -> Result<Saved, BcError> {
    let unwritten = |fault: io::Error| BcError::BadQuery(format!("The file could not be saved: {fault}."));
    make_private(folder).await.map_err(unwritten)?;
    let (part, mut file) = create(folder, stem, "part").await.map_err(unwritten)?;
    let done = async {
        let done = client.download(path, &mut file, LARGEST, cancel).await?;
        file.sync_all().await.map_err(unwritten)?;
        let (name, placeholder) = create(folder, stem, extension(&done.content_type)).await.map_err(unwritten)?;
        drop(placeholder);
        tokio::fs::rename(folder.join(&part), folder.join(&name)).await.map_err(unwritten)?;
        Ok(Saved { name, bytes: done.bytes, content_type: done.content_type })
    };
    let done = done.await;
    if done.is_err() {
        // What came is no whole file; that it may stay is told by its name.
        let _ = tokio::fs::remove_file(folder.join(&part)).await;
    }
    done
}

/// A folder for its owner only, as the rest of the home.
pub(crate) async fn make_private(folder: &Path) -> io::Result<()> {
    let mut builder = tokio::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    builder.mode(0o700);
    builder.create(folder).await
}

/// A new file of that name, or with a number where there is one; never one that is there.
async fn create(folder: &Path, stem: &str, extension: &str) -> io::Result<(String, File)> {
    let stem = plain(stem);
    for n in 1..=MOST_NAMES {
        let name = if n == 1 { format!("{stem}.{extension}") } else { format!("{stem} ({n}).{extension}") };
        match create_private(&PathBuf::from(folder).join(&name)).await {
            Ok(file) => return Ok((name, file)),
            Err(fault) if fault.kind() == io::ErrorKind::AlreadyExists => {}
            Err(fault) => return Err(fault),
        }
    }
    Err(io::Error::new(io::ErrorKind::AlreadyExists, "there are too many files of that name"))
}

/// A new file for its owner only.
pub(crate) async fn create_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    options.mode(0o600);
    options.open(path).await
}

/// Letters, digits, blanks and hyphens: a name that is a name on every system and leads nowhere else.
fn plain(stem: &str) -> String {
    let kept: String = stem.chars().map(|c| if c.is_alphanumeric() || c == '-' || c == ' ' { c } else { '-' }).take(80).collect();
    let kept = kept.trim().to_owned();
    if kept.is_empty() { "file".to_owned() } else { kept }
}

/// The usual ending of a type's files. Types that a system might run are saved as what they are not.
fn extension(content_type: &str) -> &'static str {
    match content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
        "application/pdf" => "pdf",
        "image/png" => "png",
        "image/jpeg" => "jpg",
        "image/gif" => "gif",
        "image/webp" => "webp",
        "image/bmp" => "bmp",
        "text/plain" => "txt",
        "text/csv" => "csv",
        "application/xml" | "text/xml" => "xml",
        "application/json" => "json",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" => "xlsx",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document" => "docx",
        _ => "bin",
    }
}

#[cfg(test)]
#[path = "files_tests.rs"]
mod tests;
