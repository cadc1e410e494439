//! The audit log: entries that only ever come to it, each sealed over all before it.

use bca_protocol::{AuditAction, AuditClient, AuditCursor, AuditFilter, AuditOutcome, RunId, SessionId};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, ToSql, params};

use crate::{
    StoreError,
    audit_key::{KeyId, Seal},
    sql::{At, statements},
};

/// Entries that one page looks at, at most: what is rarer than this comes in pieces.
const LOOKED_AT: usize = 4_000;

macro_rules! entries {
    ($($rest:literal),+) => {
        concat!(
            "SELECT seq, at, account_ref, client, version, connection, session_id, run_id, correlation_id, action, resource, resource_id, outcome,
                details, evidence, key_id, seal FROM audit WHERE ",
            $($rest),+
        )
    };
}

/// Newest first from a cursor (`?1`, `?2`) down to a time (`?3`), walked along one index.
macro_rules! page {
    ($by:literal) => {
        entries!($by, "at <= ?1 AND (at < ?1 OR seq < ?2) AND at >= ?3 ORDER BY at DESC, seq DESC")
    };
}

statements! {
    INSERT = "INSERT INTO audit (seq, at, account_ref, client, version, connection, session_id, run_id, correlation_id, action, resource, resource_id,
            outcome, details, evidence, key_id, seal)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)";
    HEAD = "SELECT seq, seal, key_id, mark FROM audit_head WHERE id = 1";
    SET_HEAD = "INSERT INTO audit_head (id, seq, seal, key_id, mark) VALUES (1, ?1, ?2, ?3, ?4)
        ON CONFLICT (id) DO UPDATE SET seq = excluded.seq, seal = excluded.seal, key_id = excluded.key_id, mark = excluded.mark";
    LAST_OF_ACTION = "SELECT seq, seal FROM audit WHERE action = ?1 ORDER BY at DESC LIMIT 1";
    IN_ORDER = entries!("seq > ?1 ORDER BY seq");
    BY_TIME = page!("");
    BY_ACCOUNT = page!("account_ref = ?4 AND ");
    BY_CLIENT = page!("client = ?4 AND ");
    BY_ACTION = page!("action = ?4 AND ");
    BY_RESOURCE = page!("resource = ?4 AND ");
    BY_RESOURCE_ID = page!("resource_id = ?4 AND ");
    BY_OUTCOME = page!("outcome = ?4 AND ");
    BY_CONNECTION = page!("connection = ?4 AND ");
    BY_SESSION = page!("session_id = ?4 AND ");
    PRUNABLE = "SELECT seq, seal FROM audit WHERE evidence = 0 AND at < ?1 ORDER BY at LIMIT ?2";
    ADD_GAP = "INSERT INTO audit_gaps (from_seq, to_seq, seal, by_seq) VALUES (?1, ?2, ?3, ?4)";
    REMOVE = "DELETE FROM audit WHERE seq BETWEEN ?1 AND ?2";
    GAPS = "SELECT from_seq, to_seq, seal, by_seq FROM audit_gaps WHERE from_seq >= 0 ORDER BY from_seq";
    ACCOUNT = "SELECT account_ref, commitment FROM audit_accounts WHERE account = ?1";
    ADD_ACCOUNT = "INSERT INTO audit_accounts (account, salt, commitment, created_at) VALUES (?1, ?2, ?3, ?4)";
    FORGET_ACCOUNT = "UPDATE audit_accounts SET account = NULL, salt = NULL, deleted_at = ?2 WHERE account_ref = ?1";
    ACCOUNTS = "SELECT account_ref, account, salt, commitment FROM audit_accounts WHERE account_ref >= 0 ORDER BY account_ref";
    KEY = "SELECT wrapped FROM audit_keys WHERE account_ref = ?1 AND key_id = ?2";
    ADD_KEY = "INSERT INTO audit_keys (account_ref, key_id, wrapped) VALUES (?1, ?2, ?3)";
    FORGET_KEYS = "DELETE FROM audit_keys WHERE account_ref = ?1";
}

/// An entry as it stands in its row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) seq: i64,
    /// Microseconds since 1970-01-01 UTC.
    pub(crate) at: i64,
    pub(crate) account_ref: i64,
    pub(crate) client: String,
    pub(crate) version: String,
    pub(crate) connection: Option<String>,
    pub(crate) session_id: Option<String>,
    pub(crate) run_id: Option<String>,
    pub(crate) correlation_id: Option<String>,
    pub(crate) action: String,
    pub(crate) resource: String,
    pub(crate) resource_id: Option<String>,
    pub(crate) outcome: String,
    /// Encrypted.
    pub(crate) details: Option<Vec<u8>>,
    pub(crate) evidence: bool,
    pub(crate) key_id: KeyId,
    pub(crate) seal: Seal,
}

impl Entry {
    /// All that the seal covers, each part with its length before it.
    pub(crate) fn content(&self, commitment: &Seal) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(256);
        for number in [self.seq, self.at, self.account_ref, i64::from(self.evidence)] {
            bytes.extend_from_slice(&number.to_be_bytes());
        }
        bytes.extend_from_slice(commitment);
        bytes.extend_from_slice(&self.key_id);
        for text in [&self.client, &self.version, &self.action, &self.resource, &self.outcome] {
            part(&mut bytes, Some(text.as_bytes()));
        }
        for text in [&self.connection, &self.session_id, &self.run_id, &self.correlation_id, &self.resource_id] {
            part(&mut bytes, text.as_deref().map(str::as_bytes));
        }
        part(&mut bytes, self.details.as_deref());
        bytes
    }

    pub(crate) fn action(&self) -> Option<AuditAction> {
        AuditAction::from_word(&self.action)
    }
}

/// A part that is absent differs from one that is empty.
fn part(bytes: &mut Vec<u8>, part: Option<&[u8]>) {
    match part {
        None => bytes.push(0),
        Some(part) => {
            bytes.push(1);
            bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
            bytes.extend_from_slice(part);
        }
    }
}

/// The newest entry as the log remembers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) seq: i64,
    pub(crate) seal: Seal,
    pub(crate) key_id: KeyId,
    pub(crate) mark: Seal,
}

/// A place of entries that retention removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Gap {
    pub(crate) from: i64,
    pub(crate) to: i64,
    /// The last removed entry's.
    pub(crate) seal: Seal,
    /// The entry that tells of it.
    pub(crate) by: i64,
}

/// Somebody that entries speak of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) reference: i64,
    /// Gone where the data was deleted.
    pub(crate) name: Option<String>,
    pub(crate) salt: Option<Vec<u8>>,
    pub(crate) commitment: Seal,
}

pub(crate) fn insert(tx: &Connection, entry: &Entry) -> Result<(), StoreError> {
    let Entry { seq, at, account_ref, client, version, connection, session_id, run_id, correlation_id, .. } = entry;
    let Entry { action, resource, resource_id, outcome, details, evidence, key_id, seal, .. } = entry;
    tx.prepare_cached(INSERT)?.execute(params![
        seq,
        at,
        account_ref,
        client,
        version,
        connection,
        session_id,
        run_id,
        correlation_id,
        action,
        resource,
        resource_id,
        outcome,
        details,
        evidence,
        key_id,
        seal
    ])?;
    Ok(())
}

pub(crate) fn head(connection: &Connection) -> Result<Option<Head>, StoreError> {
    let row = |row: &Row<'_>| Ok(Head { seq: row.get(0)?, seal: row.get(1)?, key_id: row.get(2)?, mark: row.get(3)? });
    Ok(connection.prepare_cached(HEAD)?.query_row([], row).optional()?)
}

/// Number and seal of the newest checkpoint that was exported.
pub(crate) fn last_checkpoint(connection: &Connection) -> Result<Option<(i64, Seal)>, StoreError> {
    let row = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
    Ok(connection.prepare_cached(LAST_OF_ACTION)?.query_row([bca_protocol::AuditAction::Checkpoint.as_str()], row).optional()?)
}

pub(crate) fn set_head(tx: &Connection, head: &Head) -> Result<(), StoreError> {
    let Head { seq, seal, key_id, mark } = head;
    tx.prepare_cached(SET_HEAD)?.execute(params![seq, seal, key_id, mark])?;
    Ok(())
}

/// Hands every entry over, oldest first.
pub(crate) fn each(connection: &Connection, mut take: impl FnMut(Entry) -> Result<(), StoreError>) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached(IN_ORDER)?;
    let mut rows = statement.query([i64::MIN])?;
    while let Some(row) = rows.next()? {
        take(entry(row)?)?;
    }
    Ok(())
}

fn entry(row: &Row<'_>) -> rusqlite::Result<Entry> {
    Ok(Entry {
        seq: row.get(0)?,
        at: row.get(1)?,
        account_ref: row.get(2)?,
        client: row.get(3)?,
        version: row.get(4)?,
        connection: row.get(5)?,
        session_id: row.get(6)?,
        run_id: row.get(7)?,
        correlation_id: row.get(8)?,
        action: row.get(9)?,
        resource: row.get(10)?,
        resource_id: row.get(11)?,
        outcome: row.get(12)?,
        details: row.get(13)?,
        evidence: row.get(14)?,
        key_id: row.get(15)?,
        seal: row.get(16)?,
    })
}

/// What a page is asked for, in the words of the table.
pub(crate) struct Wanted {
    /// The column of each word in [`entries!`], with the word; the first is walked by its index.
    words: Vec<(usize, &'static str, String)>,
    account_ref: Option<i64>,
    from: i64,
    until: i64,
}

impl Wanted {
    pub(crate) fn new(filter: &AuditFilter, account_ref: Option<i64>) -> Self {
        let AuditFilter { account: _, client, action, resource, resource_id, outcome, connection, session_id, from, until } = filter;
        let word = |column: usize, by: &'static str, value: Option<String>| value.map(|value| (column, by, value));
        // The one that most likely names the fewest entries comes first.
        let (rare, common) = match outcome {
            Some(AuditOutcome::Done) | None => (None, *outcome),
            Some(_) => (*outcome, None),
        };
        let by_outcome = |outcome: Option<AuditOutcome>| word(12, BY_OUTCOME, outcome.map(|o| o.as_str().to_owned()));
        let words = [
            word(11, BY_RESOURCE_ID, resource_id.clone()),
            word(6, BY_SESSION, session_id.as_ref().map(SessionId::to_string)),
            by_outcome(rare),
            word(9, BY_ACTION, action.map(|a| a.as_str().to_owned())),
            word(10, BY_RESOURCE, resource.clone()),
            word(5, BY_CONNECTION, connection.clone()),
            word(3, BY_CLIENT, client.map(|c| c.as_str().to_owned())),
            by_outcome(common),
        ];
        let micros = |at: &Option<Timestamp>, or: i64| at.map_or(or, Timestamp::as_microsecond);
        Self { words: words.into_iter().flatten().collect(), account_ref, from: micros(from, i64::MIN), until: micros(until, i64::MAX) }
    }

    fn fits(&self, row: &Row<'_>) -> rusqlite::Result<bool> {
        if self.account_ref.is_some() && self.account_ref != Some(row.get(2)?) {
            return Ok(false);
        }
        for (column, _, word) in &self.words {
            if row.get_ref(*column)?.as_str_or_null().ok().flatten() != Some(word.as_str()) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// Up to `limit` entries from the cursor on, newest first, and where to go on.
pub(crate) fn page(
    connection: &Connection,
    wanted: &Wanted,
    cursor: Option<AuditCursor>,
    limit: usize,
) -> Result<(Vec<Entry>, Option<AuditCursor>), StoreError> {
    let (at, seq) = match cursor {
        Some(AuditCursor { at, seq }) => (at.min(wanted.until.saturating_sub(1)), i64::try_from(seq).unwrap_or(i64::MAX)),
        None => (wanted.until.saturating_sub(1), i64::MAX),
    };
    let (sql, by): (&str, Option<Box<dyn ToSql>>) = match (wanted.words.first(), wanted.account_ref) {
        (Some((_, sql, word)), _) => (sql, Some(Box::new(word.clone()))),
        (None, Some(account)) => (BY_ACCOUNT, Some(Box::new(account))),
        (None, None) => (BY_TIME, None),
    };
    let mut statement = connection.prepare_cached(sql)?;
    let mut bound: Vec<&dyn ToSql> = vec![&at, &seq, &wanted.from];
    bound.extend(by.as_deref());
    let mut rows = statement.query(bound.as_slice())?;
    let (mut entries, mut looked_at, mut last) = (Vec::new(), 0, None);
    while let Some(row) = rows.next()? {
        if entries.len() >= limit || looked_at >= LOOKED_AT {
            return Ok((entries, last));
        }
        looked_at += 1;
        last = Some(AuditCursor { at: row.get(1)?, seq: u64::try_from(row.get::<_, i64>(0)?).unwrap_or(0) });
        if wanted.fits(row)? {
            entries.push(entry(row)?);
        }
    }
    Ok((entries, None))
}

/// Entries that are no evidence and older than this, oldest first: number and seal.
pub(crate) fn prunable(connection: &Connection, before: Timestamp, limit: usize) -> Result<Vec<(i64, Seal)>, StoreError> {
    let mut statement = connection.prepare_cached(PRUNABLE)?;
    let rows = statement.query_map(params![At(before), i64::try_from(limit).unwrap_or(i64::MAX)], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Seals a gap and removes what stands in it.
pub(crate) fn remove(tx: &Connection, gap: &Gap) -> Result<usize, StoreError> {
    let Gap { from, to, seal, by } = gap;
    tx.prepare_cached(ADD_GAP)?.execute(params![from, to, seal, by])?;
    Ok(tx.prepare_cached(REMOVE)?.execute([from, to])?)
}

pub(crate) fn gaps(connection: &Connection) -> Result<Vec<Gap>, StoreError> {
    let mut statement = connection.prepare_cached(GAPS)?;
    let rows = statement.query_map([], |row| Ok(Gap { from: row.get(0)?, to: row.get(1)?, seal: row.get(2)?, by: row.get(3)? }))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The account's reference and commitment.
pub(crate) fn account(connection: &Connection, name: &str) -> Result<Option<(i64, Seal)>, StoreError> {
    Ok(connection.prepare_cached(ACCOUNT)?.query_row([name], |row| Ok((row.get(0)?, row.get(1)?))).optional()?)
}

pub(crate) fn add_account(tx: &Connection, name: &str, salt: &[u8], commitment: &Seal, at: Timestamp) -> Result<i64, StoreError> {
    tx.prepare_cached(ADD_ACCOUNT)?.execute(params![name, salt, commitment, At(at)])?;
    Ok(tx.last_insert_rowid())
}

/// Takes an account's name and the keys of its details away.
pub(crate) fn forget(tx: &Connection, account_ref: i64, at: Timestamp) -> Result<(), StoreError> {
    tx.prepare_cached(FORGET_ACCOUNT)?.execute(params![account_ref, At(at)])?;
    tx.prepare_cached(FORGET_KEYS)?.execute([account_ref])?;
    Ok(())
}

pub(crate) fn accounts(connection: &Connection) -> Result<Vec<Account>, StoreError> {
    let mut statement = connection.prepare_cached(ACCOUNTS)?;
    let rows = statement.query_map([], |row| Ok(Account { reference: row.get(0)?, name: row.get(1)?, salt: row.get(2)?, commitment: row.get(3)? }))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(crate) fn key(connection: &Connection, account_ref: i64, key: &KeyId) -> Result<Option<Vec<u8>>, StoreError> {
    Ok(connection.prepare_cached(KEY)?.query_row(params![account_ref, key], |row| row.get(0)).optional()?)
}

pub(crate) fn add_key(tx: &Connection, account_ref: i64, key: &KeyId, wrapped: &[u8]) -> Result<(), StoreError> {
    tx.prepare_cached(ADD_KEY)?.execute(params![account_ref, key, wrapped])?;
    Ok(())
}

/// An id in a column, where it is one.
pub(crate) fn id<T: std::str::FromStr>(text: Option<&str>) -> Option<T> {
    text.and_then(|text| text.parse().ok())
}

/// The client of that word; one that this version does not know was the engine of another.
pub(crate) fn client(word: &str) -> AuditClient {
    AuditClient::from_word(word).unwrap_or(AuditClient::Engine)
}

/// For the view: the ids of an entry's conversation and run.
pub(crate) fn ids(entry: &Entry) -> (Option<SessionId>, Option<RunId>) {
    (id(entry.session_id.as_deref()), id(entry.run_id.as_deref()))
}

#[cfg(test)]
#[path = "audit_tests.rs"]
mod tests;
