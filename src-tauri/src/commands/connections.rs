//! Whose books: connections to companies.

use bca_app::{CompanyChoice, Secret};
use bca_protocol::{Connection, UserError};
use serde::Deserialize;
use tauri::State;

use crate::{app::Shell, gate::Params};

#[tauri::command]
pub async fn list_connections(shell: State<'_, Shell>) -> Result<Vec<Connection>, UserError> {
    shell.app().await?.connections().await
}

#[derive(Deserialize)]
pub struct NewConnection {
    name: String,
    base_url: String,
    company: String,
    token: String,
}

#[tauri::command]
pub async fn add_connection(params: Params<NewConnection>, shell: State<'_, Shell>) -> Result<Connection, UserError> {
    let Params(NewConnection { name, base_url, company, token }) = params;
    let new = bca_app::NewConnection { name, base_url, company, token: Secret::new(token) };
    shell.app().await?.add_connection(new).await
}

#[derive(Deserialize)]
pub struct ListCompanies {
    base_url: String,
    token: String,
}

#[tauri::command]
pub async fn list_companies(params: Params<ListCompanies>, shell: State<'_, Shell>) -> Result<Vec<CompanyChoice>, UserError> {
    let Params(ListCompanies { base_url, token }) = params;
    shell.app().await?.companies(&base_url, Secret::new(token)).await
}

#[derive(Deserialize)]
pub struct Named {
    name: String,
}

#[tauri::command]
pub async fn use_connection(params: Params<Named>, shell: State<'_, Shell>) -> Result<(), UserError> {
    shell.app().await?.use_connection(&params.0.name).await
}

#[tauri::command]
pub async fn remove_connection(params: Params<Named>, shell: State<'_, Shell>) -> Result<(), UserError> {
    shell.app().await?.remove_connection(&params.0.name).await
}
