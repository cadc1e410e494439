//! `changes`: every write, with before and after.

use bca_app::App;
use bca_protocol::ChangeView;
use serde::Serialize;

use super::{evidence, undo};
use crate::{
    args::Changes,
    console::{Console, Form, Loudness},
    exit::{Exit, Failure},
    render::{
        change::page,
        table::{Column, Side, table},
        words::{brief, change_state, moment},
    },
};

const COLUMNS: [Column; 5] = [("Id", Side::Left), ("Proposed", Side::Left), ("State", Side::Left), ("Company", Side::Left), ("What", Side::Left)];

#[derive(Serialize)]
struct List<'a> {
    changes: &'a [ChangeView],
}

pub(super) async fn run(app: &App, command: Changes, console: &mut Console) -> Result<Exit, Failure> {
    match command {
        Changes::List { session } => list(&app.changes(session).await?, console)?,
        Changes::Show { id } => {
            let change = app.change(id).await?;
            match console.form {
                Form::Json => console.json(&change)?,
                Form::People => console.print(&format!("{}\n", page(&change, console.out.paint, console.loudness)))?,
            }
        }
        Changes::Evidence { id, session, out, format } => evidence::run(app, id, session, out.as_deref(), format, console).await?,
        Changes::Undo { id, run, approve } => return undo::run(app, id, run, approve, console).await,
    }
    Ok(Exit::Done)
}

fn list(changes: &[ChangeView], console: &mut Console) -> Result<(), Failure> {
    match (console.form, console.loudness) {
        (Form::Json, _) => console.json(&List { changes }),
        (Form::People, Loudness::Quiet) => changes.iter().try_for_each(|change| console.print(&format!("{}\n", change.preview.change_id))),
        (Form::People, _) if changes.is_empty() => {
            console.remark("No changes.");
            Ok(())
        }
        (Form::People, _) => {
            let row = |change: &ChangeView| {
                let (state, _) = change_state(change.state);
                let title = brief(&change.preview.title, 70);
                vec![change.preview.change_id.to_string(), moment(change.created_at), state.to_owned(), change.connection.company.clone(), title]
            };
            let rows: Vec<Vec<String>> = changes.iter().map(row).collect();
            console.print(&table(&COLUMNS, &rows, console.out.paint))
        }
    }
}
