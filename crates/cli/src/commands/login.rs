//! `login`: Microsoft sign-in in the person's own browser, then leave to work in Business Central.

use std::{sync::Arc, time::Duration};

use bca_app::{App, SignInOptions};
use bca_protocol::{AccountView, ErrorCode, UserError};

use crate::{
    args::Login,
    console::{Console, Form, Loudness},
    exit::{Exit, Failure},
    render::words::value,
};

pub(super) async fn run(app: &App, login: Login, connection: Option<String>, console: &mut Console) -> Result<Exit, Failure> {
    // Asked for before anybody goes to the browser.
    let account = match &connection {
        Some(name) => app.account_of_connection(name).await?,
        None => None,
    };
    let show = address_shown(console);
    let options = SignInOptions { account, timeout: login.timeout.map(Duration::from_secs), show: Some(show) };
    let account = app.sign_in(options.clone()).await?;
    let account = match app.connect_account(&account.account_id, options).await {
        Ok(connected) => connected,
        Err(fault) => {
            console.remark(&value(&format!("Signed in as {}, but not connected to Business Central.", named(&account))));
            return Err(fault.into());
        }
    };
    if let Some(name) = &connection {
        app.use_account_for(name, &account.account_id).await?;
    }
    match console.form {
        Form::Json => console.json(&account)?,
        Form::People => console.print(&format!("Signed in as {}.\n", value(&named(&account))))?,
    }
    Ok(Exit::Done)
}

/// Tells the address on standard error, for a browser on another screen.
fn address_shown(console: &Console) -> bca_app::ShowAddress {
    let quiet = console.loudness == Loudness::Quiet;
    Arc::new(move |address: &str| {
        if !quiet {
            eprintln!("Sign in with your browser. Where none opens, go to:\n{}", value(address));
        }
    })
}

/// A person with their address.
pub(super) fn named(account: &AccountView) -> String {
    match &account.mail {
        Some(mail) if *mail != account.name => format!("{} ({mail})", account.name),
        Some(_) | None => account.name.clone(),
    }
}

/// Nobody is signed in.
pub(super) fn nobody() -> Failure {
    UserError::new(ErrorCode::NotSignedIn, "Nobody is signed in. `bc-agent login` signs you in.").into()
}
