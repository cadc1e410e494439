//! What a person decided beforehand, agreements with model providers, and the counts that limits are compared with.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::{
    StoreError,
    sql::{At, statements},
};

statements! {
    GET = "SELECT document FROM permissions WHERE connection = ?1";
    SET = "INSERT INTO permissions (connection, document, updated_at) VALUES (?1, ?2, ?3)
        ON CONFLICT (connection) DO UPDATE SET document = excluded.document, updated_at = excluded.updated_at";
    UNSET = "DELETE FROM permissions WHERE connection = ?1";
    /// What was sent, or may still be.
    WRITES_SINCE = "SELECT count(*) FROM changes WHERE company_id = ?1 AND created_at >= ?2 AND tenant = ?3 AND environment = ?4 AND state <> 'not_sent'";
    RUNNING = "SELECT count(*) FROM agent_executions INDEXED BY agent_executions_open WHERE completed_at IS NULL";
    AGREEMENT = "SELECT provider, version, how, agreed_at, withdrawn_at FROM agreements WHERE provider = ?1";
    AGREEMENTS = "SELECT provider, version, how, agreed_at, withdrawn_at FROM agreements WHERE provider > '' ORDER BY provider";
    AGREE = "INSERT INTO agreements (provider, version, how, agreed_at) VALUES (?1, ?2, ?3, ?4)
        ON CONFLICT (provider) DO UPDATE SET version = excluded.version, how = excluded.how, agreed_at = excluded.agreed_at, withdrawn_at = NULL";
    WITHDRAW = "UPDATE agreements SET withdrawn_at = ?2 WHERE provider = ?1 AND withdrawn_at IS NULL";
}

/// Somebody's agreement that company data goes to a model provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAgreement {
    /// The provider.
    pub provider: String,
    /// The wording's version.
    pub version: u32,
    /// `person` or `environment`.
    pub how: String,
    /// When (UTC).
    pub agreed_at: Timestamp,
    /// When it was taken back (UTC).
    pub withdrawn_at: Option<Timestamp>,
}

pub(crate) fn get(connection: &Connection, name: &str) -> Result<Option<String>, StoreError> {
    Ok(connection.prepare_cached(GET)?.query_row([name], |row| row.get(0)).optional()?)
}

pub(crate) fn set(tx: &Connection, name: &str, document: &str, at: Timestamp) -> Result<(), StoreError> {
    tx.prepare_cached(SET)?.execute(params![name, document, At(at)])?;
    Ok(())
}

pub(crate) fn unset(tx: &Connection, name: &str) -> Result<bool, StoreError> {
    Ok(tx.prepare_cached(UNSET)?.execute([name])? > 0)
}

/// Writes to a company since then that were sent or may still be.
pub(crate) fn writes_since(connection: &Connection, place: &bca_protocol::Connection, since: Timestamp) -> Result<u32, StoreError> {
    let bca_protocol::Connection { tenant, environment, company_id, .. } = place;
    Ok(connection.prepare_cached(WRITES_SINCE)?.query_row(params![company_id, At(since), tenant, environment], |row| row.get(0))?)
}

/// Runs at work in all processes of the home.
pub(crate) fn running(connection: &Connection) -> Result<u32, StoreError> {
    Ok(connection.prepare_cached(RUNNING)?.query_row([], |row| row.get(0))?)
}

pub(crate) fn agreement(connection: &Connection, provider: &str) -> Result<Option<StoredAgreement>, StoreError> {
    Ok(connection.prepare_cached(AGREEMENT)?.query_row([provider], stored).optional()?)
}

pub(crate) fn agreements(connection: &Connection) -> Result<Vec<StoredAgreement>, StoreError> {
    Ok(connection.prepare_cached(AGREEMENTS)?.query_map([], stored)?.collect::<Result<_, _>>()?)
}

pub(crate) fn agree(tx: &Connection, provider: &str, version: u32, how: &str, at: Timestamp) -> Result<(), StoreError> {
    tx.prepare_cached(AGREE)?.execute(params![provider, version, how, At(at)])?;
    Ok(())
}

pub(crate) fn withdraw(tx: &Connection, provider: &str, at: Timestamp) -> Result<bool, StoreError> {
    Ok(tx.prepare_cached(WITHDRAW)?.execute(params![provider, At(at)])? > 0)
}

fn stored(row: &Row<'_>) -> rusqlite::Result<StoredAgreement> {
    Ok(StoredAgreement {
        provider: row.get(0)?,
        version: row.get(1)?,
        how: row.get(2)?,
        agreed_at: row.get::<_, At>(3)?.0,
        withdrawn_at: row.get::<_, Option<At>>(4)?.map(|at| at.0),
    })
}
