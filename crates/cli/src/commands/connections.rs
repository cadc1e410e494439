//! `connections`: where reads and writes go.

use bca_app::{AccountConnection, App, NewConnection, Secret};
use bca_protocol::{Connection, EnvironmentView, ErrorCode, UserError};
use serde::Serialize;

use super::sessions::done;
use crate::{
    args::Connections,
    console::{Console, Form, Loudness},
    exit::{Exit, Failure},
    keyboard::read_secret,
    render::{
        table::{Column, Side, table},
        words::{connection, kind, value},
    },
};

const COLUMNS: [Column; 6] =
    [("", Side::Left), ("Name", Side::Left), ("Kind", Side::Left), ("Company", Side::Left), ("Environment", Side::Left), ("Account", Side::Left)];

/// What the environment says about Business Central, read once at start.
pub(super) struct FromEnvironment {
    pub(super) token: Option<Secret<String>>,
    pub(super) base_url: Option<String>,
    pub(super) company: Option<String>,
}

#[derive(Serialize)]
struct List<'a> {
    connections: &'a [Connection],
    active: Option<&'a str>,
}

#[derive(Serialize)]
struct Named<'a> {
    name: &'a str,
}

pub(super) async fn run(app: &App, command: Connections, environment: FromEnvironment, console: &mut Console) -> Result<Exit, Failure> {
    match command {
        Connections::List => list(app, console).await?,
        Connections::Add { name, base_url, account: Some(account), environment: place, company } => {
            let wanted = Wanted { name, base_url, company: company.or(environment.company) };
            add_for_account(app, wanted, &account, place.as_deref(), console).await?;
        }
        Connections::Add { name, base_url, account: None, environment: _, company } => {
            let wanted = Wanted { name, base_url: base_url.or(environment.base_url), company: company.or(environment.company) };
            add(app, wanted, environment.token, console).await?;
        }
        Connections::Use { name } => {
            app.use_connection(&name).await?;
            done(console, &Named { name: &name }, &format!("{} is the active connection now.", value(&name)))?;
        }
        Connections::Remove { name } => {
            app.remove_connection(&name).await?;
            done(console, &Named { name: &name }, &format!("{} is taken out. Its history stays.", value(&name)))?;
        }
        Connections::Test { name } => {
            let found = app.test_connection(name.as_deref()).await?;
            match console.form {
                Form::Json => console.json(&found)?,
                Form::People => console.print(&format!("{} answers.\n", connection(&found, console.out.paint)))?,
            }
        }
    }
    Ok(Exit::Done)
}

async fn list(app: &App, console: &mut Console) -> Result<(), Failure> {
    let connections = app.connections().await?;
    let active = app.info().await.connection.map(|connection| connection.name);
    match (console.form, console.loudness) {
        (Form::Json, _) => console.json(&List { connections: &connections, active: active.as_deref() }),
        (Form::People, Loudness::Quiet) => connections.iter().try_for_each(|connection| console.print(&format!("{}\n", value(&connection.name)))),
        (Form::People, _) if connections.is_empty() => {
            console.remark("No connections yet. `bc-agent connections add` makes one; --demo needs none.");
            Ok(())
        }
        (Form::People, _) => {
            let row = |c: &Connection| {
                let mark = if active.as_deref() == Some(c.name.as_str()) { "*" } else { "" };
                vec![mark.to_owned(), c.name.clone(), kind(c.kind).to_owned(), c.company.clone(), c.environment.clone(), c.account.clone()]
            };
            let rows: Vec<Vec<String>> = connections.iter().map(row).collect();
            console.print(&table(&COLUMNS, &rows, console.out.paint))
        }
    }
}

struct Wanted {
    name: String,
    base_url: Option<String>,
    company: Option<String>,
}

async fn add(app: &App, wanted: Wanted, token: Option<Secret<String>>, console: &mut Console) -> Result<(), Failure> {
    let base_url = wanted.base_url.ok_or_else(|| Failure::usage("Name the API's root with --base-url, or set BC_AGENT_BC_URL."))?;
    let token = match token {
        Some(token) => token,
        None => typed_token(console)?,
    };
    let company = match wanted.company {
        Some(company) => company,
        None => only_company(app, &base_url, &token).await?,
    };
    let added = app.add_connection(NewConnection { name: wanted.name, base_url, company, token }).await?;
    match console.form {
        Form::Json => console.json(&added)?,
        Form::People => console.print(&format!("{} is the active connection now.\n", connection(&added, console.out.paint)))?,
    }
    let name = value(&added.name);
    console.remark(&format!("The token is not stored: set BC_AGENT_BC_TOKEN for each command and name the connection (--connection {name})."));
    Ok(())
}

/// For an account, whose tokens are kept and renewed.
async fn add_for_account(app: &App, wanted: Wanted, account: &str, place: Option<&str>, console: &mut Console) -> Result<(), Failure> {
    let account = app.find_account(account).await?.account_id;
    let places = app.environments(&account).await?;
    let asked = |found: &&EnvironmentView| match (&wanted.base_url, place) {
        (Some(address), _) => found.base_url.trim_end_matches("/api/v2.0") == address.trim_end_matches('/').trim_end_matches("/api/v2.0"),
        (None, Some(name)) => found.name.eq_ignore_ascii_case(name),
        (None, None) => true,
    };
    let found: Vec<&EnvironmentView> = places.iter().filter(asked).collect();
    let names: Vec<String> = places.iter().map(|place| value(&place.name)).collect();
    let [place] = found.as_slice() else {
        return Err(Failure::usage(format!("Choose an environment with --environment: {}.", names.join(", "))));
    };
    if let Some(fault) = &place.fault {
        return Err(UserError::new(ErrorCode::BusinessCentralRefused, fault.clone()).into());
    }
    let company = match (wanted.company, place.companies.as_slice()) {
        (Some(company), _) => company,
        (None, [only]) => only.id.clone(),
        (None, []) => return Err(Failure::usage("Business Central shows no company to this account.")),
        (None, several) => {
            let names: Vec<String> = several.iter().map(|company| value(&company.name)).collect();
            return Err(Failure::usage(format!("Choose a company with --company: {}.", names.join(", "))));
        }
    };
    let new = AccountConnection { name: wanted.name, account, base_url: place.base_url.clone(), company };
    let added = app.connect_company(new).await?;
    match console.form {
        Form::Json => console.json(&added),
        Form::People => console.print(&format!("{} is the active connection now.\n", connection(&added, console.out.paint))),
    }
}

/// Never from the arguments: other users of the machine can read those.
fn typed_token(console: &mut Console) -> Result<Secret<String>, Failure> {
    if console.can_ask() {
        console.aside("Bearer token (not shown, not stored): ");
    }
    let token = Secret::new(read_secret()?);
    if console.can_ask() {
        console.aside("\n");
    }
    if token.expose().is_empty() {
        return Err(Failure::usage("There is no token. Write it to standard input, or set BC_AGENT_BC_TOKEN."));
    }
    Ok(token)
}

async fn only_company(app: &App, base_url: &str, token: &Secret<String>) -> Result<String, Failure> {
    let companies = app.companies(base_url, token.clone()).await?;
    match companies.as_slice() {
        [only] => Ok(only.id.clone()),
        [] => Err(Failure::usage("Business Central shows no company to this token.")),
        several => {
            let names: Vec<String> = several.iter().map(|company| value(&company.name)).collect();
            Err(Failure::usage(format!("Choose a company with --company: {}.", names.join(", "))))
        }
    }
}
