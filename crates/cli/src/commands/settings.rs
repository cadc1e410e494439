//! `settings`: what can be set.

use bca_app::{App, Key};
use bca_protocol::SettingView;
use serde::Serialize;

use crate::{
    args::Settings,
    console::{Console, Form, Loudness},
    exit::{Exit, Failure},
    render::{
        table::{Column, Side, table},
        words::value,
    },
};

const COLUMNS: [Column; 4] = [("Setting", Side::Left), ("Value", Side::Left), ("From", Side::Left), ("What it does", Side::Left)];

#[derive(Serialize)]
struct List<'a> {
    settings: &'a [SettingView],
}

pub(super) async fn run(app: &App, command: Settings, console: &mut Console) -> Result<Exit, Failure> {
    match command {
        Settings::List => list(&app.settings().await?, console)?,
        Settings::Get { key } => {
            let setting = app.setting(key).await?;
            match console.form {
                Form::Json => console.json(&setting)?,
                Form::People => console.print(&format!("{}\n", value(&setting.value)))?,
            }
        }
        Settings::Set { key, value } => set(app, key, Some(&value), console).await?,
        Settings::Reset { key } => set(app, key, None, console).await?,
    }
    Ok(Exit::Done)
}

async fn set(app: &App, key: Key, text: Option<&str>, console: &mut Console) -> Result<(), Failure> {
    let setting = app.set_setting(key, text).await?;
    match console.form {
        Form::Json => console.json(&setting),
        Form::People => {
            console.remark(&value(&format!("{} is now {} ({}).", setting.key, quoted(&setting.value), setting.source)));
            Ok(())
        }
    }
}

fn list(settings: &[SettingView], console: &mut Console) -> Result<(), Failure> {
    match (console.form, console.loudness) {
        (Form::Json, _) => console.json(&List { settings }),
        (Form::People, Loudness::Quiet) => settings.iter().try_for_each(|setting| console.print(&format!("{}\n", value(&setting.key)))),
        (Form::People, _) => {
            let row = |setting: &SettingView| vec![setting.key.clone(), quoted(&setting.value), setting.source.clone(), setting.description.clone()];
            let rows: Vec<Vec<String>> = settings.iter().map(row).collect();
            console.print(&table(&COLUMNS, &rows, console.out.paint))
        }
    }
}

fn quoted(text: &str) -> String {
    if text.is_empty() { "(nothing)".to_owned() } else { text.to_owned() }
}
