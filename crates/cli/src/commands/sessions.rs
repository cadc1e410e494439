//! `sessions`: past conversations, without a network.

use bca_app::{App, ExportFormat};
use bca_protocol::SessionSummary;
use serde::Serialize;

use crate::{
    args::{Format, Sessions},
    console::{Console, Form, Loudness},
    exit::{Exit, Failure},
    render::{
        session,
        table::{Column, Side, table},
        words::{brief, moment, running},
    },
};

const COLUMNS: [Column; 6] =
    [("Id", Side::Left), ("Last message", Side::Left), ("Messages", Side::Right), ("Connection", Side::Left), ("Title", Side::Left), ("", Side::Left)];

pub(super) async fn run(app: &App, command: Sessions, console: &mut Console) -> Result<Exit, Failure> {
    match command {
        Sessions::List => list(&app.sessions().await?, console)?,
        Sessions::Show { id } => {
            let detail = app.session(id).await?;
            match console.form {
                Form::Json => console.json(&detail)?,
                Form::People => console.print(&format!("{}\n", session::page(&detail, console.out.paint, console.loudness)))?,
            }
        }
        Sessions::Rename { id, title } => {
            let title = title.join(" ");
            app.rename_session(id, &title).await?;
            done(console, &Renamed { session_id: id.to_string(), title: &title }, "Renamed.")?;
        }
        Sessions::Delete { id } => {
            app.delete_session(id).await?;
            let told = "Deleted. Its approvals and changes stay on record.";
            done(console, &Deleted { session_id: id.to_string(), deleted: true }, told)?;
        }
        Sessions::Export { id, format } => {
            let (format, harmless) = match format {
                Format::Json => (ExportFormat::Json, crate::escape::one_line_json as fn(&str) -> String),
                Format::Md => (ExportFormat::Markdown, running as fn(&str) -> String),
            };
            let text = app.export_session(id, format).await?;
            // A file gets the text as it is; a screen must not be led astray by it.
            let text = if console.out.is_terminal { harmless(&text) } else { text };
            console.print(&format!("{}\n", text.trim_end_matches('\n')))?;
        }
    }
    Ok(Exit::Done)
}

#[derive(Serialize)]
struct List<'a> {
    sessions: &'a [SessionSummary],
}

#[derive(Serialize)]
struct Renamed<'a> {
    session_id: String,
    title: &'a str,
}

#[derive(Serialize)]
struct Deleted {
    session_id: String,
    deleted: bool,
}

fn list(sessions: &[SessionSummary], console: &mut Console) -> Result<(), Failure> {
    match (console.form, console.loudness) {
        (Form::Json, _) => console.json(&List { sessions }),
        (Form::People, Loudness::Quiet) => sessions.iter().try_for_each(|session| console.print(&format!("{}\n", session.session_id))),
        (Form::People, _) if sessions.is_empty() => {
            console.remark("No conversations yet.");
            Ok(())
        }
        (Form::People, _) => {
            let row = |session: &SessionSummary| {
                vec![
                    session.session_id.to_string(),
                    moment(session.updated_at),
                    session.message_count.to_string(),
                    session.connection.clone().unwrap_or_default(),
                    brief(&session.title, 60),
                    if session.running { "running" } else { "" }.to_owned(),
                ]
            };
            let rows: Vec<Vec<String>> = sessions.iter().map(row).collect();
            console.print(&table(&COLUMNS, &rows, console.out.paint))
        }
    }
}

/// What was done: an object for programs, a sentence for people.
pub(super) fn done<T: Serialize>(console: &mut Console, value: &T, sentence: &str) -> Result<(), Failure> {
    match console.form {
        Form::Json => console.json(value),
        Form::People => {
            console.remark(sentence);
            Ok(())
        }
    }
}
