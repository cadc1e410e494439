//! Where reads and writes can go. No column holds a secret: keys and tokens have their own place.

use bca_protocol::{AccountId, Connection as Place};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::{
    StoreError,
    sql::{At, Worded, statements},
};

statements! {
    PUT = "INSERT INTO connections (name, kind, base_url, tenant, environment, company, company_id, account, created_at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
        ON CONFLICT (name) DO UPDATE SET kind = excluded.kind, base_url = excluded.base_url, tenant = excluded.tenant,
            environment = excluded.environment, company = excluded.company, company_id = excluded.company_id, account = excluded.account";
    SET_ACCOUNT = "UPDATE connections SET account_id = ?2 WHERE name = ?1";
    RELEASE = "UPDATE connections SET active = 0 WHERE active = 1";
    USE = "UPDATE connections SET active = 1 WHERE name = ?1";
    DELETE = "DELETE FROM connections WHERE name = ?1";
    ONE = "SELECT name, kind, tenant, environment, company, company_id, account, base_url, active, created_at, account_id FROM connections WHERE name = ?1";
    ACTIVE = "SELECT name, kind, tenant, environment, company, company_id, account, base_url, active, created_at, account_id FROM connections WHERE active = 1";
    LIST = "SELECT name, kind, tenant, environment, company, company_id, account, base_url, active, created_at, account_id FROM connections ORDER BY name";
}

/// A connection with what is needed to reach it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredConnection {
    /// Name, kind, tenant, environment, company, account.
    pub connection: Place,
    /// API root, ends in `/api/v2.0`.
    pub base_url: String,
    /// Whether it is the one in use.
    pub active: bool,
    /// When it was added (UTC).
    pub created_at: Timestamp,
    /// As whom it is used; absent where a token was entered by hand.
    pub account_id: Option<AccountId>,
}

/// Adds a connection, or changes the one of that name.
pub(crate) fn put(tx: &Connection, place: &Place, base_url: &str, at: Timestamp) -> Result<(), StoreError> {
    let Place { name, kind, tenant, environment, company, company_id, account } = place;
    tx.prepare_cached(PUT)?.execute(params![name, Worded(*kind), base_url, tenant, environment, company, company_id, account, At(at)])?;
    Ok(())
}

/// Says as whom a connection is used.
pub(crate) fn set_account(tx: &Connection, name: &str, account: Option<&AccountId>) -> Result<(), StoreError> {
    tx.prepare_cached(SET_ACCOUNT)?.execute(params![name, account.map(AccountId::as_str)])?;
    Ok(())
}

/// Whether there is one of that name; it is the one in use now.
pub(crate) fn activate(tx: &Connection, name: &str) -> Result<bool, StoreError> {
    tx.prepare_cached(RELEASE)?.execute([])?;
    Ok(tx.prepare_cached(USE)?.execute([name])? > 0)
}

pub(crate) fn delete(tx: &Connection, name: &str) -> Result<bool, StoreError> {
    Ok(tx.prepare_cached(DELETE)?.execute([name])? > 0)
}

pub(crate) fn one(connection: &Connection, name: &str) -> Result<Option<StoredConnection>, StoreError> {
    Ok(connection.prepare_cached(ONE)?.query_row([name], stored).optional()?)
}

pub(crate) fn active(connection: &Connection) -> Result<Option<StoredConnection>, StoreError> {
    Ok(connection.prepare_cached(ACTIVE)?.query_row([], stored).optional()?)
}

pub(crate) fn list(connection: &Connection) -> Result<Vec<StoredConnection>, StoreError> {
    let mut statement = connection.prepare_cached(LIST)?;
    Ok(statement.query_map([], stored)?.collect::<Result<_, _>>()?)
}

fn stored(row: &Row<'_>) -> rusqlite::Result<StoredConnection> {
    Ok(StoredConnection {
        connection: Place {
            name: row.get(0)?,
            kind: row.get::<_, Worded<_>>(1)?.0,
            tenant: row.get(2)?,
            environment: row.get(3)?,
            company: row.get(4)?,
            company_id: row.get(5)?,
            account: row.get(6)?,
        },
        base_url: row.get(7)?,
        active: row.get(8)?,
        created_at: row.get::<_, At>(9)?.0,
        account_id: row.get::<_, Option<String>>(10)?.map(AccountId::stored),
    })
}
