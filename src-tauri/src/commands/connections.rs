//! Whose books: connections to companies.

use bca_app::{CompanyChoice, NewConnection, Secret};
use bca_protocol::Connection;

use crate::gate::commands;

commands! {
    async fn list_connections(ask) -> Vec<Connection> {
        ask.app().await?.connections().await?
    }

    async fn add_connection(ask, { name: String, base_url: String, company: String, token: String }) -> Connection {
        let token = Secret::new(token);
        ask.app().await?.add_connection(NewConnection { name, base_url, company, token }).await?
    }

    async fn list_companies(ask, { base_url: String, token: String }) -> Vec<CompanyChoice> {
        let token = Secret::new(token);
        ask.app().await?.companies(&base_url, token).await?
    }

    async fn use_connection(ask, { name: String }) -> () {
        ask.app().await?.use_connection(&name).await?
    }

    async fn remove_connection(ask, { name: String }) -> () {
        ask.app().await?.remove_connection(&name).await?
    }
}
