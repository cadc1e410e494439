//! Who signed in, and what they can reach.

use bca_app::{AccountConnection, SignInOptions};
use bca_protocol::{AccountId, AccountView, Connection, EnvironmentView};

use crate::gate::commands;

commands! {
    async fn list_accounts(ask) -> Vec<AccountView> {
        ask.app().await?.accounts().await?
    }

    // With a connection: only its own account will do.
    async fn sign_in(ask, { connection: Option<String> }) -> AccountView {
        let app = ask.app().await?;
        let account = match connection {
            Some(name) => app.account_of_connection(&name).await?,
            None => None,
        };
        app.sign_in(SignInOptions { account, ..SignInOptions::default() }).await?
    }

    async fn connect_account(ask, { account_id: AccountId }) -> AccountView {
        ask.app().await?.connect_account(&account_id, SignInOptions::default()).await?
    }

    async fn cancel_sign_in(ask) -> bool {
        ask.app().await?.cancel_sign_in()
    }

    async fn sign_out(ask, { account_id: AccountId }) -> () {
        ask.app().await?.sign_out(&account_id).await?
    }

    async fn remove_account(ask, { account_id: AccountId }) -> () {
        ask.app().await?.remove_account(&account_id).await?
    }

    async fn list_environments(ask, { account_id: AccountId }) -> Vec<EnvironmentView> {
        ask.app().await?.environments(&account_id).await?
    }

    async fn connect_company(ask, { name: String, account_id: AccountId, base_url: String, company: String }) -> Connection {
        ask.app().await?.connect_company(AccountConnection { name, account: account_id, base_url, company }).await?
    }
}
