//! Sealed secrets and the list of their keys. Nothing in here can be read without a key from elsewhere.

use bca_auth::{KeyRow, KeyState, KeyVersion, SealedRow, SecretId, SecretKind, Written};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::{
    StoreError,
    sql::{At, Count, Word, Worded, statements},
};

statements! {
    READ = "SELECT version, key_version, nonce, sealed FROM secrets WHERE kind = ?1 AND owner = ?2";
    VERSION = "SELECT version FROM secrets WHERE kind = ?1 AND owner = ?2";
    /// Writes nothing where the key is not active.
    PUT = "INSERT INTO secrets (kind, owner, version, key_version, nonce, sealed, updated_at)
        SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7 WHERE EXISTS (SELECT 1 FROM secret_keys WHERE key_version = ?4 AND state = 'active')
        ON CONFLICT (kind, owner) DO UPDATE SET version = excluded.version, key_version = excluded.key_version, nonce = excluded.nonce,
            sealed = excluded.sealed, updated_at = excluded.updated_at";
    DELETE = "DELETE FROM secrets WHERE kind = ?1 AND owner = ?2";
    UNDER_OTHERS = "SELECT s.version, s.key_version, s.nonce, s.sealed, s.kind, s.owner
        FROM secret_keys k CROSS JOIN secrets s ON s.key_version = k.key_version WHERE k.key_version <> ?1 LIMIT ?2";
    DROP_LOST = "DELETE FROM secrets WHERE key_version = ?1";
    KEYS = "SELECT key_version, name, mark, state, created_at FROM secret_keys ORDER BY key_version";
    ANNOUNCE = "INSERT INTO secret_keys (key_version, name, mark, state, created_at) VALUES (?1, ?2, ?3, ?4, ?5)";
    SET_STATE = "UPDATE secret_keys SET state = ?2 WHERE key_version = ?1";
    FORGET = "DELETE FROM secret_keys WHERE key_version = ?1";
}

impl Word for SecretKind {
    fn word(self) -> &'static str {
        Self::word(self)
    }
    fn of_word(word: &str) -> Option<Self> {
        Self::of_word(word)
    }
}

impl Word for KeyState {
    fn word(self) -> &'static str {
        match self {
            Self::Making => "making",
            Self::Active => "active",
            Self::Retired => "retired",
        }
    }
    fn of_word(word: &str) -> Option<Self> {
        [Self::Making, Self::Active, Self::Retired].into_iter().find(|state| state.word() == word)
    }
}

pub(crate) fn read(connection: &Connection, id: &SecretId) -> Result<Option<SealedRow>, StoreError> {
    Ok(connection.prepare_cached(READ)?.query_row(params![Worded(id.kind), id.owner], sealed).optional()?)
}

/// Writes a row if its version now is `replaces` and its key is active.
pub(crate) fn write(tx: &Connection, id: &SecretId, row: &SealedRow, replaces: Option<u64>, at: Timestamp) -> Result<Written, StoreError> {
    let now: Option<Count> = tx.prepare_cached(VERSION)?.query_row(params![Worded(id.kind), id.owner], |row| row.get(0)).optional()?;
    if now.map(|Count(version)| version) != replaces {
        return Ok(Written::Changed);
    }
    let values = params![Worded(id.kind), id.owner, Count(row.version), row.key_version.0, row.nonce, row.sealed, At(at)];
    let written = tx.prepare_cached(PUT)?.execute(values)?;
    Ok(if written == 1 { Written::Done } else { Written::KeyRetired })
}

pub(crate) fn delete(tx: &Connection, id: &SecretId) -> Result<bool, StoreError> {
    Ok(tx.prepare_cached(DELETE)?.execute(params![Worded(id.kind), id.owner])? > 0)
}

pub(crate) fn under_others(connection: &Connection, than: KeyVersion, limit: u32) -> Result<Vec<(SecretId, SealedRow)>, StoreError> {
    let with_id = |row: &Row<'_>| Ok((SecretId { kind: row.get::<_, Worded<_>>(4)?.0, owner: row.get(5)? }, sealed(row)?));
    Ok(connection.prepare_cached(UNDER_OTHERS)?.query_map(params![than.0, limit], with_id)?.collect::<Result<_, _>>()?)
}

pub(crate) fn drop_lost(tx: &Connection, key: KeyVersion) -> Result<u64, StoreError> {
    Ok(tx.prepare_cached(DROP_LOST)?.execute([key.0])? as u64)
}

pub(crate) fn keys(connection: &Connection) -> Result<Vec<KeyRow>, StoreError> {
    let key = |row: &Row<'_>| {
        Ok(KeyRow {
            version: KeyVersion(row.get(0)?),
            name: row.get(1)?,
            check: row.get(2)?,
            state: row.get::<_, Worded<_>>(3)?.0,
            created_at: row.get::<_, At>(4)?.0,
        })
    };
    Ok(connection.prepare_cached(KEYS)?.query_map([], key)?.collect::<Result<_, _>>()?)
}

pub(crate) fn announce(tx: &Connection, key: &KeyRow) -> Result<(), StoreError> {
    tx.prepare_cached(ANNOUNCE)?.execute(params![key.version.0, key.name, key.check, Worded(key.state), At(key.created_at)])?;
    Ok(())
}

pub(crate) fn set_state(tx: &Connection, version: KeyVersion, state: KeyState) -> Result<(), StoreError> {
    tx.prepare_cached(SET_STATE)?.execute(params![version.0, Worded(state)])?;
    Ok(())
}

pub(crate) fn forget(tx: &Connection, version: KeyVersion) -> Result<(), StoreError> {
    tx.prepare_cached(FORGET)?.execute([version.0])?;
    Ok(())
}

fn sealed(row: &Row<'_>) -> rusqlite::Result<SealedRow> {
    Ok(SealedRow { version: row.get::<_, Count>(0)?.0, key_version: KeyVersion(row.get(1)?), nonce: row.get(2)?, sealed: row.get(3)? })
}
