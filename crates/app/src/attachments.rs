//! Files that a person attaches to a message.

use std::path::Path;

use base64::Engine as _;
use bca_protocol::{AttachedFile, AttachmentId, ErrorCode, UserError};

use crate::App;

/// Files of one message.
const MOST: usize = 20;

impl App {
    /// Keeps a copy of a file that the person chose.
    ///
    /// # Errors
    /// [`ErrorCode::InvalidInput`] with a sentence: it can't be read, is empty, or is too large to be sent.
    pub async fn attach_path(&self, path: &Path) -> Result<AttachedFile, UserError> {
        let shown = path.display();
        let unreadable = |fault: std::io::Error| UserError::new(ErrorCode::InvalidInput, format!("{shown} can't be attached: {fault}."));
        let meta = tokio::fs::metadata(path).await.map_err(unreadable)?;
        if !meta.is_file() {
            return Err(UserError::new(ErrorCode::InvalidInput, format!("{shown} can't be attached: it is no file.")));
        }
        if meta.len() > bca_bc::LARGEST_UPLOAD as u64 {
            let most = bca_bc::LARGEST_UPLOAD;
            return Err(UserError::new(
                ErrorCode::InvalidInput,
                format!("{shown} can't be attached: it has {} bytes, and at most {most} can be sent.", meta.len()),
            ));
        }
        let content = tokio::fs::read(path).await.map_err(unreadable)?;
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        self.attach(&name, &content).await
    }

    /// Keeps a copy of a file that the person chose, dropped or pasted.
    ///
    /// # Errors
    /// As [`App::attach_path`].
    pub async fn attach(&self, name: &str, content: &[u8]) -> Result<AttachedFile, UserError> {
        let kept = bca_mcp::attach(&self.home().join("attachments"), name, content).await;
        kept.map_err(|fault| UserError::new(ErrorCode::InvalidInput, fault.to_string()))
    }

    /// Files that were attached before, by their ids.
    ///
    /// # Errors
    /// [`ErrorCode::NotFound`] where one is not there any more.
    pub async fn attached(&self, ids: &[AttachmentId]) -> Result<Vec<AttachedFile>, UserError> {
        let folder = self.home().join("attachments");
        let mut files = Vec::with_capacity(ids.len());
        for id in ids.iter().take(MOST + 1) {
            let found = bca_mcp::find_attached(&folder, &id.to_string()).await;
            files.push(found.map_err(|fault| UserError::new(ErrorCode::NotFound, fault.to_string()))?.0);
        }
        Ok(files)
    }

    /// The same for a front end that has the file as text (base64, RFC 4648 section 4).
    ///
    /// # Errors
    /// As [`App::attach_path`].
    pub async fn attach_encoded(&self, name: &str, content: &str) -> Result<AttachedFile, UserError> {
        let unreadable = |_| UserError::new(ErrorCode::InvalidInput, "The file came garbled. Attach it again.");
        self.attach(name, &base64::engine::general_purpose::STANDARD.decode(content).map_err(unreadable)?).await
    }
}

/// The message with a line for each file below it.
///
/// # Errors
/// [`ErrorCode::InvalidInput`] for too many files.
pub fn with_files(text: &str, files: &[AttachedFile]) -> Result<String, UserError> {
    if files.len() > MOST {
        return Err(UserError::new(ErrorCode::InvalidInput, format!("At most {MOST} files go with one message. Nothing was sent.")));
    }
    let mut whole = text.trim_end().to_owned();
    for (at, file) in files.iter().enumerate() {
        whole.push_str(if at == 0 && !whole.is_empty() { "\n\n" } else { "\n" });
        whole.push_str(&file.line());
    }
    Ok(whole.trim_start().to_owned())
}
