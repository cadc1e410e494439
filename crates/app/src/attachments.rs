//! Files that a person attaches to a message.

use std::path::Path;

use bca_protocol::{AttachedFile, ErrorCode, UserError};

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
