//! People who signed in. What they may do is a secret and stands elsewhere.

use bca_protocol::AccountId;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::{
    StoreError,
    sql::{At, statements},
};

statements! {
    PUT = "INSERT INTO accounts (account_id, tenant_id, object_id, name, first_name, last_name, mail, user_name, job_title, department,
            last_sign_in, created_at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?11)
        ON CONFLICT (account_id) DO UPDATE SET name = excluded.name, first_name = excluded.first_name, last_name = excluded.last_name,
            mail = excluded.mail, user_name = excluded.user_name, job_title = excluded.job_title, department = excluded.department,
            last_sign_in = excluded.last_sign_in";
    ONE = "SELECT account_id, tenant_id, object_id, name, first_name, last_name, mail, user_name, job_title, department, last_sign_in
        FROM accounts WHERE account_id = ?1";
    LIST = "SELECT account_id, tenant_id, object_id, name, first_name, last_name, mail, user_name, job_title, department, last_sign_in
        FROM accounts ORDER BY account_id";
    DELETE = "DELETE FROM accounts WHERE account_id = ?1";
    DELETE_CONNECTIONS = "DELETE FROM connections WHERE account_id = ?1 RETURNING name";
}

/// A person who signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAccount {
    /// Tenant id and object id.
    pub account_id: AccountId,
    /// The tenant's id.
    pub tenant_id: String,
    /// The person's object id in the tenant.
    pub object_id: String,
    /// For people.
    pub name: String,
    /// Given name.
    pub first_name: Option<String>,
    /// Family name.
    pub last_name: Option<String>,
    /// Mail, else the user principal name.
    pub mail: Option<String>,
    /// User principal name.
    pub user_name: Option<String>,
    /// Job title.
    pub job_title: Option<String>,
    /// Department.
    pub department: Option<String>,
    /// When they last came back from the browser (UTC).
    pub last_sign_in: Timestamp,
}

/// Adds an account, or brings it up to date.
pub(crate) fn put(tx: &Connection, account: &StoredAccount) -> Result<(), StoreError> {
    let StoredAccount { account_id, tenant_id, object_id, name, first_name, last_name, mail, user_name, job_title, department, last_sign_in } = account;
    let values = params![account_id.as_str(), tenant_id, object_id, name, first_name, last_name, mail, user_name, job_title, department, At(*last_sign_in)];
    tx.prepare_cached(PUT)?.execute(values)?;
    Ok(())
}

pub(crate) fn one(connection: &Connection, id: &AccountId) -> Result<Option<StoredAccount>, StoreError> {
    Ok(connection.prepare_cached(ONE)?.query_row([id.as_str()], stored).optional()?)
}

pub(crate) fn list(connection: &Connection) -> Result<Vec<StoredAccount>, StoreError> {
    Ok(connection.prepare_cached(LIST)?.query_map([], stored)?.collect::<Result<_, _>>()?)
}

/// Removes an account with its connections; gives their names, or nothing where there is no such account.
pub(crate) fn delete(tx: &Connection, id: &AccountId) -> Result<Option<Vec<String>>, StoreError> {
    let names = tx.prepare_cached(DELETE_CONNECTIONS)?.query_map([id.as_str()], |row| row.get(0))?.collect::<Result<_, _>>()?;
    Ok((tx.prepare_cached(DELETE)?.execute([id.as_str()])? > 0).then_some(names))
}

fn stored(row: &Row<'_>) -> rusqlite::Result<StoredAccount> {
    Ok(StoredAccount {
        account_id: AccountId::stored(row.get(0)?),
        tenant_id: row.get(1)?,
        object_id: row.get(2)?,
        name: row.get(3)?,
        first_name: row.get(4)?,
        last_name: row.get(5)?,
        mail: row.get(6)?,
        user_name: row.get(7)?,
        job_title: row.get(8)?,
        department: row.get(9)?,
        last_sign_in: row.get::<_, At>(10)?.0,
    })
}
