//! `audit`: what was done, by whom, and what came of it.

use std::{fs, path::Path};

use bca_app::App;
use bca_protocol::{AuditCheckpoint, AuditCursor, AuditEntry, AuditFilter, AuditFormat, AuditPage, AuditVerdict, ErrorCode, UserError};
use serde::Serialize;

use super::sessions::done;
use crate::{
    console::{Console, Form, Loudness},
    exit::{Exit, Failure},
    oversight::{Audit, AuditForm},
    render::{
        table::{Column, Side, table},
        words::{counted, moment, value},
    },
};

const COLUMNS: [Column; 8] = [
    ("Nr", Side::Right),
    ("When", Side::Left),
    ("Account", Side::Left),
    ("Through", Side::Left),
    ("What", Side::Left),
    ("To", Side::Left),
    ("Id", Side::Left),
    ("Outcome", Side::Left),
];

#[derive(Serialize)]
struct Written<'a> {
    file: &'a str,
    entries: u64,
}

pub(super) async fn run(app: &App, command: Audit, console: &mut Console) -> Result<Exit, Failure> {
    match command {
        Audit::List { which, limit, after } => {
            let page = page(app, &which.into(), after, usize::from(limit)).await?;
            list(&page, console)?;
        }
        Audit::Verify { checkpoint } => {
            let checkpoint = checkpoint.as_deref().map(read_checkpoint).transpose()?;
            return verdict(&app.verify_audit(checkpoint).await?, console);
        }
        Audit::Export { which, format, to } => export(app, &which.into(), format, to.as_deref(), console).await?,
        Audit::Checkpoint { to } => {
            let checkpoint = app.audit_checkpoint().await?;
            match to {
                None => console.json(&checkpoint)?,
                Some(file) => {
                    let text = serde_json::to_string(&checkpoint).map_err(|e| UserError::new(ErrorCode::Internal, e.to_string()))?;
                    fs::write(&file, text).map_err(|e| unwritten(&file, &e))?;
                    done(console, &checkpoint, &format!("Written to {}. Keep it on another computer.", value(&file.display().to_string())))?;
                }
            }
        }
    }
    Ok(Exit::Done)
}

/// As many as were asked for: a search for something rare comes in pieces.
async fn page(app: &App, filter: &AuditFilter, after: Option<AuditCursor>, limit: usize) -> Result<AuditPage, Failure> {
    let mut page = app.audit_page(filter, after, limit).await?;
    while let Some(next) = page.next.filter(|_| page.entries.len() < limit) {
        let more = app.audit_page(filter, Some(next), limit - page.entries.len()).await?;
        page.entries.extend(more.entries);
        page.next = more.next;
    }
    Ok(page)
}

fn list(page: &AuditPage, console: &mut Console) -> Result<(), Failure> {
    match (console.form, console.loudness) {
        (Form::Json, _) => console.json(page),
        (Form::People, Loudness::Quiet) => page.entries.iter().try_for_each(|entry| console.print(&format!("{}\n", entry.seq))),
        (Form::People, _) if page.entries.is_empty() => {
            console.remark("No such entries.");
            Ok(())
        }
        (Form::People, loudness) => {
            let row = |entry: &AuditEntry| {
                vec![
                    entry.seq.to_string(),
                    moment(entry.at),
                    entry.account.clone().unwrap_or_else(|| "(deleted)".into()),
                    entry.client.as_str().to_owned(),
                    entry.action.as_str().to_owned(),
                    entry.resource.clone(),
                    entry.resource_id.clone().unwrap_or_default(),
                    entry.outcome.as_str().to_owned(),
                ]
            };
            let rows: Vec<Vec<String>> = page.entries.iter().map(row).collect();
            console.print(&table(&COLUMNS, &rows, console.out.paint))?;
            if loudness == Loudness::Verbose {
                for entry in &page.entries {
                    let details = entry.details.as_ref().map_or("", |details| details.as_str());
                    console.print(&format!("{}  {}\n", entry.seq, value(details)))?;
                }
            }
            if let Some(AuditCursor { at, seq }) = page.next {
                console.remark(&format!("There are more: --after={at}:{seq}"));
            }
            Ok(())
        }
    }
}

fn verdict(verdict: &AuditVerdict, console: &mut Console) -> Result<Exit, Failure> {
    match console.form {
        Form::Json => console.json(verdict)?,
        Form::People => console.print(&told(verdict))?,
    }
    Ok(if verdict.intact { Exit::Done } else { Exit::Failed })
}

fn told(verdict: &AuditVerdict) -> String {
    let AuditVerdict { intact, checked, pruned, unprotected, unverifiable, unverifiable_until, against_checkpoint, findings, .. } = verdict;
    let mut lines = vec![format!("{} checked.", counted(*checked, "entry", "entries"))];
    if let (true, Some(until)) = (*intact, unverifiable_until) {
        let lost = counted(*unverifiable, "entry stands", "entries stand");
        lines.push(format!("From entry {} on, the log is as it was written.", until.saturating_add(1)));
        lines.push(format!("{lost} up to entry {until} under a key that was lost: nobody can tell any more whether they are as they were written."));
    } else if *intact {
        lines.push("The log is as it was written.".to_owned());
    } else {
        lines.push("The log can't be shown to be as it was written:".to_owned());
        lines.extend(findings.iter().map(|finding| format!("  {}", value(&finding.message))));
    }
    if *pruned > 0 {
        lines.push(format!("{} removed by the retention; their places are sealed.", counted(*pruned, "entry was", "entries were")));
    }
    if *unprotected > 0 {
        lines.push(format!(
            "{} under no secret key: whoever can write to the file could have rewritten them.",
            counted(*unprotected, "entry stands", "entries stand")
        ));
    }
    if !against_checkpoint {
        lines.push("Without a checkpoint, a holder of this home's key could still have rewritten it: see `audit checkpoint`.".to_owned());
    }
    lines.push(String::new());
    lines.join("\n")
}

async fn export(app: &App, filter: &AuditFilter, form: AuditForm, to: Option<&Path>, console: &mut Console) -> Result<(), Failure> {
    let format = match form {
        AuditForm::Csv => AuditFormat::Csv,
        AuditForm::Jsonl => AuditFormat::JsonLines,
    };
    let Some(path) = to else {
        app.export_audit(format, filter, &mut *console.out.sink).await?;
        return Ok(());
    };
    let file = fs::File::create(path).map_err(|e| unwritten(path, &e))?;
    let entries = app.export_audit(format, filter, &mut std::io::BufWriter::new(file)).await?;
    let shown = path.display().to_string();
    done(console, &Written { file: &shown, entries }, &format!("{} written to {}.", counted(entries, "entry", "entries"), value(&shown)))
}

fn read_checkpoint(file: &Path) -> Result<AuditCheckpoint, Failure> {
    let text = fs::read_to_string(file).map_err(|e| Failure::usage(format!("{} could not be read: {e}.", file.display())))?;
    serde_json::from_str(&text).map_err(|e| Failure::usage(format!("{} is no checkpoint: {e}.", file.display())))
}

fn unwritten(file: &Path, fault: &std::io::Error) -> UserError {
    UserError::new(ErrorCode::Store, format!("{} could not be written: {fault}.", file.display()))
}
