//! Files that a person attached: copied into the home when they were chosen, so that what is shown, approved and sent is one and the same.
//! A model names them and never sees what is in them; it can't name any other file.

use std::{
    io,
    path::{Path, PathBuf},
};

use bca_bc::{LARGEST_UPLOAD, MediaBody};
use bca_protocol::{AttachedFile, AttachmentId};
use tokio::{fs, io::AsyncWriteExt as _};

use crate::files::{create_private, make_private};

/// The folder of attached files below that of attachments: one folder for each, with the file in it.
const FOLDER: &str = "attached";

/// Longest name of a file, in characters.
const LONGEST_NAME: usize = 120;

/// Why a file can't be attached or found.
#[derive(Debug, thiserror::Error)]
pub enum NotAttached {
    /// Too large to be sent up.
    #[error("The file has {bytes} bytes; at most {LARGEST_UPLOAD} can be sent to Business Central.")]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// Nothing in it.
    #[error("The file is empty.")]
    Empty,
    /// No attached file of that name or id.
    #[error("No file \"{0}\" is attached. Only files that the person attached to a message can be sent: ask for it.")]
    Unknown(String),
    /// Several of that name.
    #[error("Several attached files are called \"{0}\". Name the one that is meant by its id.")]
    Ambiguous(String),
    /// The disk.
    #[error("The file could not be kept or read: {0}.")]
    Io(#[from] io::Error),
}

/// Keeps a copy of a file. `folder` is that of attachments.
///
/// # Errors
/// [`NotAttached`].
pub async fn attach(folder: &Path, name: &str, content: &[u8]) -> Result<AttachedFile, NotAttached> {
    if content.is_empty() {
        return Err(NotAttached::Empty);
    }
    if content.len() > LARGEST_UPLOAD {
        return Err(NotAttached::TooLarge { bytes: content.len() });
    }
    let (id, name) = (AttachmentId::new(), plain(name));
    let all = folder.join(FOLDER);
    // Written beside its place and moved there whole: nobody finds half of it.
    let part = all.join(format!("{id}.part"));
    make_private(&part).await?;
    let mut file = create_private(&part.join(&name)).await?;
    file.write_all(content).await?;
    file.sync_all().await?;
    drop(file);
    fs::rename(&part, all.join(id.to_string())).await?;
    Ok(told(id, name, content))
}

/// The attached file of this id, or of this name where only one has it, with its bytes.
///
/// # Errors
/// [`NotAttached`].
pub async fn find(folder: &Path, reference: &str) -> Result<(AttachedFile, Vec<u8>), NotAttached> {
    let all = folder.join(FOLDER);
    let unknown = || NotAttached::Unknown(reference.chars().take(120).collect());
    let (id, path) = match reference.trim().parse::<AttachmentId>() {
        Ok(id) => (id, only_file(&all.join(id.to_string())).await?.ok_or_else(unknown)?),
        Err(_) => {
            let mut named = named(&all, reference.trim()).await?;
            match (named.pop(), named.is_empty()) {
                (Some(found), true) => found,
                (Some(_), false) => return Err(NotAttached::Ambiguous(reference.to_owned())),
                (None, _) => return Err(unknown()),
            }
        }
    };
    if fs::metadata(&path).await?.len() > LARGEST_UPLOAD as u64 {
        return Err(unknown());
    }
    let content = fs::read(&path).await?;
    let name = path.file_name().and_then(|name| name.to_str()).ok_or_else(unknown)?.to_owned();
    Ok((told(id, name, &content), content))
}

fn told(id: AttachmentId, name: String, content: &[u8]) -> AttachedFile {
    let content_type = content_type(&name);
    let MediaBody { sha256, .. } = MediaBody::of(content, content_type);
    AttachedFile { id, name, bytes: content.len() as u64, content_type: content_type.to_owned(), sha256 }
}

/// The file in a folder of one; never what a link in it points to.
async fn only_file(folder: &Path) -> io::Result<Option<PathBuf>> {
    let mut entries = match fs::read_dir(folder).await {
        Ok(entries) => entries,
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(fault) => return Err(fault),
    };
    while let Some(entry) = entries.next_entry().await? {
        if entry.file_type().await?.is_file() {
            return Ok(Some(entry.path()));
        }
    }
    Ok(None)
}

async fn named(all: &Path, name: &str) -> io::Result<Vec<(AttachmentId, PathBuf)>> {
    let mut found = Vec::new();
    let mut entries = match fs::read_dir(all).await {
        Ok(entries) => entries,
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => return Ok(found),
        Err(fault) => return Err(fault),
    };
    while let Some(entry) = entries.next_entry().await? {
        let Some(id) = entry.file_name().to_str().and_then(|id| id.parse().ok()) else { continue };
        if let Some(path) = only_file(&entry.path()).await?
            && path.file_name().and_then(|file| file.to_str()) == Some(name)
        {
            found.push((id, path));
        }
    }
    Ok(found)
}

/// A name that is one on every system and leads nowhere else; its ending stays.
fn plain(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let kept: String = last.chars().map(|c| if c.is_alphanumeric() || " -_.,()+&@".contains(c) { c } else { '-' }).collect();
    let kept = kept.trim_matches([' ', '.']);
    let start = kept.chars().count().saturating_sub(LONGEST_NAME);
    let kept: String = kept.chars().skip(start).collect();
    let stem = kept.split('.').next().unwrap_or_default().to_ascii_uppercase();
    // Names of devices on Windows, whatever their ending.
    let device = matches!(stem.as_str(), "CON" | "PRN" | "AUX" | "NUL") || (stem.len() == 4 && (stem.starts_with("COM") || stem.starts_with("LPT")));
    match kept.as_str() {
        "" => "file".to_owned(),
        _ if device => format!("file {kept}"),
        _ => kept,
    }
}

/// The type of files of a name's ending, as Business Central and mail programs call it.
fn content_type(name: &str) -> &'static str {
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase()).unwrap_or_default();
    match ending.as_str() {
        "pdf" => "application/pdf",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "bmp" => "image/bmp",
        "tif" | "tiff" => "image/tiff",
        "txt" => "text/plain",
        "csv" => "text/csv",
        "xml" => "application/xml",
        "json" => "application/json",
        "html" | "htm" => "text/html",
        "zip" => "application/zip",
        "doc" => "application/msword",
        "docx" => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "xls" => "application/vnd.ms-excel",
        "xlsx" => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "pptx" => "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "eml" => "message/rfc822",
        "msg" => "application/vnd.ms-outlook",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
#[path = "attached_tests.rs"]
mod tests;
