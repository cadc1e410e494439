//! `backup`: copies of the database.

use bca_app::{App, Config};
use bca_protocol::BackupView;
use serde::Serialize;

use super::sessions::done;
use crate::{
    args::Backup,
    console::{Console, Form, Loudness},
    exit::{Exit, Failure},
    render::{
        table::{Column, Side, table},
        words::{moment, size, value},
    },
};

const COLUMNS: [Column; 4] = [("Name", Side::Left), ("Made", Side::Left), ("Size", Side::Right), ("Checked", Side::Left)];

#[derive(Serialize)]
struct List<'a> {
    backups: &'a [BackupView],
}

#[derive(Serialize)]
struct Restored<'a> {
    name: &'a str,
    restored: bool,
}

pub(super) async fn run(app: &App, command: Backup, console: &mut Console) -> Result<Exit, Failure> {
    match command {
        Backup::Create => {
            let backup = app.create_backup().await?;
            match console.form {
                Form::Json => console.json(&backup)?,
                Form::People => console.print(&format!("{}\n", value(&backup.name)))?,
            }
        }
        Backup::List => list(&app.backups().await?, console)?,
        // Done without a running app.
        Backup::Restore { .. } => {}
    }
    Ok(Exit::Done)
}

pub(super) async fn restore(config: Config, name: &str, console: &mut Console) -> Result<Exit, Failure> {
    App::restore_backup(config, name).await?;
    done(console, &Restored { name, restored: true }, "Restored. The database that was there is kept among the backups.")?;
    Ok(Exit::Done)
}

fn list(backups: &[BackupView], console: &mut Console) -> Result<(), Failure> {
    match (console.form, console.loudness) {
        (Form::Json, _) => console.json(&List { backups }),
        (Form::People, Loudness::Quiet) => backups.iter().try_for_each(|backup| console.print(&format!("{}\n", value(&backup.name)))),
        (Form::People, _) if backups.is_empty() => {
            console.remark("No backups yet. `bc-agent backup create` makes one.");
            Ok(())
        }
        (Form::People, _) => {
            let row = |backup: &BackupView| {
                let checked = if backup.verified { "in order" } else { "not checked" };
                vec![backup.name.clone(), moment(backup.created_at), size(backup.size), checked.to_owned()]
            };
            let rows: Vec<Vec<String>> = backups.iter().map(row).collect();
            console.print(&table(&COLUMNS, &rows, console.out.paint))
        }
    }
}
