//! `logout`: forgets tokens on this computer.

use bca_app::App;
use bca_protocol::AccountView;
use serde::Serialize;

use super::{
    login::{named, nobody},
    sessions::done,
};
use crate::{
    args::Logout,
    console::Console,
    exit::{Exit, Failure},
    render::words::value,
};

/// What stays, said each time: signing out here is not signing out there.
const STAYS: &str = "Tokens are gone from this computer. Your browser may still be signed in to Microsoft; its own sign-out ends that.";

#[derive(Serialize)]
struct SignedOut<'a> {
    signed_out: &'a [String],
}

pub(super) async fn run(app: &App, logout: Logout, connection: Option<String>, console: &mut Console) -> Result<Exit, Failure> {
    let leaving = leaving(app, &logout, connection).await?;
    for account in &leaving {
        app.sign_out(&account.account_id).await?;
    }
    let ids: Vec<String> = leaving.iter().map(|account| account.account_id.to_string()).collect();
    let names: Vec<String> = leaving.iter().map(|account| value(&named(account))).collect();
    let sentence = if names.is_empty() { "Nobody was signed in.".to_owned() } else { format!("Signed out: {}. {STAYS}", names.join(", ")) };
    done(console, &SignedOut { signed_out: &ids }, &sentence)?;
    Ok(Exit::Done)
}

async fn leaving(app: &App, logout: &Logout, connection: Option<String>) -> Result<Vec<AccountView>, Failure> {
    let accounts = app.accounts().await?;
    if logout.all {
        return Ok(accounts);
    }
    if let Some(text) = &logout.account {
        return Ok(vec![app.find_account(text).await?]);
    }
    if let Some(name) = connection {
        let id = app.account_of_connection(&name).await?;
        return Ok(accounts.into_iter().filter(|account| Some(&account.account_id) == id.as_ref()).collect());
    }
    let mut signed_in: Vec<AccountView> = accounts.into_iter().filter(|account| account.signed_in).collect();
    match signed_in.len() {
        0 => Err(nobody()),
        1 => Ok(std::mem::take(&mut signed_in)),
        _ => {
            let names: Vec<String> = signed_in.iter().map(|account| value(&named(account))).collect();
            Err(Failure::usage(format!("Several accounts are signed in: {}. Name one, or say --all.", names.join(", "))))
        }
    }
}
