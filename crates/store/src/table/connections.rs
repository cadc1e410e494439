//! Where reads and writes can go. No column holds a secret: keys and tokens have their own place.

use bca_protocol::Connection as Place;
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
    RELEASE = "UPDATE connections SET active = 0 WHERE active = 1";
    USE = "UPDATE connections SET active = 1 WHERE name = ?1";
    DELETE = "DELETE FROM connections WHERE name = ?1";
    ONE = "SELECT name, kind, tenant, environment, company, company_id, account, base_url, active, created_at FROM connections WHERE name = ?1";
    ACTIVE = "SELECT name, kind, tenant, environment, company, company_id, account, base_url, active, created_at FROM connections WHERE active = 1";
    LIST = "SELECT name, kind, tenant, environment, company, company_id, account, base_url, active, created_at FROM connections ORDER BY name";
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
}

/// Adds a connection, or changes the one of that name.
pub(crate) fn put(tx: &Connection, place: &Place, base_url: &str, at: Timestamp) -> Result<(), StoreError> {
    let Place { name, kind, tenant, environment, company, company_id, account } = place;
    tx.prepare_cached(PUT)?.execute(params![name, Worded(*kind), base_url, tenant, environment, company, company_id, account, At(at)])?;
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
    })
}
