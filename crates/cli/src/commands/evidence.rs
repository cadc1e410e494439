//! `changes evidence`: all that is known of a write, as one file.

use std::{fs::OpenOptions, io::Write, path::Path};

use bca_app::{App, EvidenceOf};
use bca_protocol::{ChangeId, ErrorCode, SessionId, UserError};

use crate::{
    args::EvidenceFormat,
    console::{Console, Form},
    exit::Failure,
    render::words::value,
};

pub(super) async fn run(
    app: &App,
    change: Option<ChangeId>,
    session: Option<SessionId>,
    out: Option<&Path>,
    format: EvidenceFormat,
    console: &mut Console,
) -> Result<(), Failure> {
    let of = match (change, session) {
        (Some(change), _) => EvidenceOf::Change(change),
        (None, Some(session)) => EvidenceOf::Session(session),
        (None, None) => return Err(Failure::usage("Say which change, or which conversation with --session.")),
    };
    let evidence = app.evidence(of).await?;
    let text = match (format, console.form) {
        (EvidenceFormat::Json, _) | (EvidenceFormat::Html, Form::Json) => evidence.json()? + "\n",
        (EvidenceFormat::Html, Form::People) => evidence.html(),
    };
    match out {
        None => console.print(&text),
        Some(path) => {
            let failed =
                |e: std::io::Error| UserError::new(ErrorCode::InvalidInput, format!("{} could not be written: {e}.", value(&path.display().to_string())));
            let mut file = OpenOptions::new().write(true).create_new(true).open(path).map_err(failed)?;
            file.write_all(text.as_bytes()).map_err(failed)?;
            console.remark(&format!("Written to {}.", value(&path.display().to_string())));
            Ok(())
        }
    }
}
