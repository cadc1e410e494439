//! `accounts`: who signed in, and what they can reach. `secrets`: the key under which tokens are stored.

use bca_app::App;
use bca_protocol::{AccountView, EnvironmentView};
use serde::Serialize;

use super::{login::named, sessions::done};
use crate::{
    args::{Accounts, Secrets},
    console::{Console, Form, Loudness},
    exit::{Exit, Failure},
    render::{
        table::{Column, Side, table},
        words::{kind, value},
    },
};

const COLUMNS: [Column; 5] = [("Name", Side::Left), ("Mail", Side::Left), ("Signed in", Side::Left), ("Last sign-in", Side::Left), ("Id", Side::Left)];
const PLACES: [Column; 4] = [("Environment", Side::Left), ("Kind", Side::Left), ("Company", Side::Left), ("Address", Side::Left)];

#[derive(Serialize)]
struct List<'a> {
    accounts: &'a [AccountView],
}

#[derive(Serialize)]
struct Places<'a> {
    environments: &'a [EnvironmentView],
}

#[derive(Serialize)]
struct Removed<'a> {
    account_id: &'a str,
}

#[derive(Serialize)]
struct Rotated {
    resealed: u64,
}

pub(super) async fn run(app: &App, command: Option<Accounts>, console: &mut Console) -> Result<Exit, Failure> {
    match command {
        None | Some(Accounts::List) => list(&app.accounts().await?, console)?,
        Some(Accounts::Environments { account }) => {
            let account = app.find_account(&account).await?;
            environments(&app.environments(&account.account_id).await?, console)?;
        }
        Some(Accounts::Remove { account }) => {
            let account = app.find_account(&account).await?;
            app.remove_account(&account.account_id).await?;
            let sentence = format!("{} is removed with its tokens and connections. What was done stays in the history.", value(&named(&account)));
            done(console, &Removed { account_id: account.account_id.as_str() }, &sentence)?;
        }
    }
    Ok(Exit::Done)
}

pub(super) async fn secrets(app: &App, command: Secrets, console: &mut Console) -> Result<Exit, Failure> {
    match command {
        Secrets::Rotate => {
            let resealed = app.rotate_secret_key().await?;
            done(console, &Rotated { resealed }, &format!("There is a new key; {resealed} stored secrets are under it now. The old key is destroyed."))?;
        }
    }
    Ok(Exit::Done)
}

fn list(accounts: &[AccountView], console: &mut Console) -> Result<(), Failure> {
    match (console.form, console.loudness) {
        (Form::Json, _) => console.json(&List { accounts }),
        (Form::People, Loudness::Quiet) => accounts.iter().try_for_each(|account| console.print(&format!("{}\n", value(account.account_id.as_str())))),
        (Form::People, _) if accounts.is_empty() => {
            console.remark("No accounts yet. `bc-agent login` signs you in.");
            Ok(())
        }
        (Form::People, _) => {
            let row = |account: &AccountView| {
                let state = account.attention.clone().unwrap_or_else(|| "yes".to_owned());
                vec![account.name.clone(), account.mail.clone().unwrap_or_default(), state, account.last_sign_in.to_string(), account.account_id.to_string()]
            };
            let rows: Vec<Vec<String>> = accounts.iter().map(row).collect();
            console.print(&table(&COLUMNS, &rows, console.out.paint))
        }
    }
}

fn environments(environments: &[EnvironmentView], console: &mut Console) -> Result<(), Failure> {
    if console.form == Form::Json {
        return console.json(&Places { environments });
    }
    let mut rows = Vec::new();
    for place in environments {
        let row = |company: &str| vec![place.name.clone(), kind(place.kind).to_owned(), company.to_owned(), place.base_url.clone()];
        match (&place.fault, place.companies.as_slice()) {
            (Some(fault), _) => rows.push(row(&format!("({fault})"))),
            (None, []) => rows.push(row("(none)")),
            (None, companies) => rows.extend(companies.iter().map(|company| row(&company.name))),
        }
    }
    console.print(&table(&PLACES, &rows, console.out.paint))
}
