//! The audit log of a home. An entry is appended in the transaction of what it tells, so that neither is there without the other
//! and the disk is waited for once.

use std::collections::HashMap;

use bca_auth::Secret;
use bca_protocol::{
    AuditAction, AuditCheckpoint, AuditClient, AuditCursor, AuditEntry, AuditFilter, AuditOutcome, AuditPage, AuditVerdict, RawJson, RunId, SessionId,
};
use jiff::Timestamp;
use rusqlite::Connection;

use crate::{
    AuditKey, Db, StoreError,
    audit_key::{KeyId, Seal, decrypt, details_context, encrypt, mac, random},
    audit_verify,
    db::Durability,
    key_change,
    table::audit::{self, Entry, Gap, Head, Wanted},
};

/// Entries that one pruning removes at most; a commit that takes longer would hold up a write.
const PRUNED_AT_ONCE: usize = 20_000;
/// Entries of one page at most.
const PAGE: usize = 1_000;
/// The account of what is done as nobody in particular: the person who sits at this computer.
pub const LOCAL_ACCOUNT: &str = "local";
/// What an exported checkpoint says it is.
pub(crate) const CHECKPOINT: &str = "bc-agent audit checkpoint 1";

/// Something that was done, to be written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRecord {
    /// As whom; [`LOCAL_ACCOUNT`] where no account is concerned.
    pub account: String,
    /// Through what; absent: through what this process is.
    pub client: Option<AuditClient>,
    /// The connection's name.
    pub connection: Option<String>,
    /// The conversation.
    pub session_id: Option<SessionId>,
    /// The run.
    pub run_id: Option<RunId>,
    /// What Business Central's own log calls the request.
    pub correlation_id: Option<String>,
    /// What was done.
    pub action: AuditAction,
    /// To what: an entity set for writes, else a kind of thing.
    pub resource: String,
    /// Its id.
    pub resource_id: Option<String>,
    /// What came of it.
    pub outcome: AuditOutcome,
    /// More; encrypted under the account's key. No secret belongs in here.
    pub details: Option<RawJson>,
}

impl AuditRecord {
    /// Something that was done, as nobody in particular.
    pub fn new(action: AuditAction, resource: impl Into<String>) -> Self {
        Self {
            account: LOCAL_ACCOUNT.into(),
            client: None,
            connection: None,
            session_id: None,
            run_id: None,
            correlation_id: None,
            action,
            resource: resource.into(),
            resource_id: None,
            outcome: AuditOutcome::Done,
            details: None,
        }
    }

    /// With the id of what it was done to.
    #[must_use]
    pub fn of(self, resource_id: impl Into<String>) -> Self {
        Self { resource_id: Some(resource_id.into()), ..self }
    }

    /// As whom.
    #[must_use]
    pub fn by_account(self, account: impl Into<String>) -> Self {
        Self { account: account.into(), ..self }
    }

    /// On which connection.
    #[must_use]
    pub fn on(self, connection: impl Into<String>) -> Self {
        Self { connection: Some(connection.into()), ..self }
    }

    /// With what came of it.
    #[must_use]
    pub fn with_outcome(self, outcome: AuditOutcome) -> Self {
        Self { outcome, ..self }
    }

    /// With more, as JSON.
    #[must_use]
    pub fn with_details(self, details: RawJson) -> Self {
        Self { details: Some(details), ..self }
    }
}

/// What a process writes its entries with.
#[derive(Clone)]
pub struct AuditIdentity {
    /// Seals the entries.
    pub key: AuditKey,
    /// Through what this process is used.
    pub client: AuditClient,
    /// The program's version.
    pub version: String,
}

impl Default for AuditIdentity {
    fn default() -> Self {
        Self { key: AuditKey::public(), client: AuditClient::Engine, version: env!("CARGO_PKG_VERSION").into() }
    }
}

/// Appends an entry within a transaction that holds the write lock (`BEGIN IMMEDIATE`).
pub(crate) fn append(tx: &Connection, identity: &AuditIdentity, at: Timestamp, record: &AuditRecord) -> Result<(i64, Seal), StoreError> {
    let head = audit::head(tx)?;
    if let Some(head) = head.as_ref().filter(|head| head.key_id != identity.key.id) {
        let change = key_change::record(tx, identity, head)?;
        let (seq, seal) = append_after(tx, identity, at, &change, (head.seq, head.seal))?;
        return append_after(tx, identity, at, record, (seq, seal));
    }
    append_after(tx, identity, at, record, head.map_or((0, Seal::default()), |head| (head.seq, head.seal)))
}

fn append_after(
    tx: &Connection,
    identity: &AuditIdentity,
    at: Timestamp,
    record: &AuditRecord,
    (last, before): (i64, Seal),
) -> Result<(i64, Seal), StoreError> {
    let key = &identity.key;
    let seq = last + 1;
    let (account_ref, commitment) = account(tx, &record.account, at)?;
    let details = match &record.details {
        None => None,
        Some(details) => {
            let account_key = account_key(tx, key, account_ref)?;
            Some(encrypt(account_key.expose(), details.as_str().as_bytes(), &details_context(seq, account_ref, &key.id))?)
        }
    };
    let mut entry = Entry {
        seq,
        at: at.as_microsecond(),
        account_ref,
        client: record.client.unwrap_or(identity.client).as_str().to_owned(),
        version: identity.version.clone(),
        connection: record.connection.clone(),
        session_id: record.session_id.map(|id| id.to_string()),
        run_id: record.run_id.map(|id| id.to_string()),
        correlation_id: record.correlation_id.clone(),
        action: record.action.as_str().to_owned(),
        resource: record.resource.clone(),
        resource_id: record.resource_id.clone(),
        outcome: record.outcome.as_str().to_owned(),
        details,
        evidence: record.action.is_evidence(),
        key_id: key.id,
        seal: Seal::default(),
    };
    entry.seal = key.seal(&before, &entry.content(&commitment));
    audit::insert(tx, &entry)?;
    audit::set_head(tx, &Head { seq, seal: entry.seal, key_id: key.id, mark: key.mark(seq, &entry.seal) })?;
    Ok((seq, entry.seal))
}

/// The account's reference; it is made where the account is new.
fn account(tx: &Connection, name: &str, at: Timestamp) -> Result<(i64, Seal), StoreError> {
    if let Some(found) = audit::account(tx, name)? {
        return Ok(found);
    }
    let salt: [u8; 32] = random()?;
    let commitment = mac(&salt, &[name.as_bytes()]);
    Ok((audit::add_account(tx, name, &salt, &commitment, at)?, commitment))
}

/// The key of the account's details under this key of the log.
fn account_key(tx: &Connection, key: &AuditKey, account_ref: i64) -> Result<Secret<[u8; 32]>, StoreError> {
    if let Some(wrapped) = audit::key(tx, account_ref, &key.id)? {
        let unwrapped = key.unwrap(account_ref, &wrapped);
        return unwrapped.ok_or_else(|| StoreError::Invalid("The key of the audit log's details was changed from outside. Verify the log.".into()));
    }
    let fresh = Secret::new(random()?);
    audit::add_key(tx, account_ref, &key.id, &key.wrap(account_ref, &fresh)?)?;
    Ok(fresh)
}

/// The keys that entries of this home may stand under.
pub(crate) struct Keyring {
    keys: Vec<AuditKey>,
}

impl Keyring {
    pub(crate) fn new(current: &AuditKey) -> Self {
        let public = AuditKey::public();
        let keys = if current.id == public.id { vec![public] } else { vec![current.clone(), public] };
        Self { keys }
    }

    pub(crate) fn get(&self, id: &KeyId) -> Option<&AuditKey> {
        self.keys.iter().find(|key| key.id == *id)
    }

    pub(crate) fn all(&self) -> &[AuditKey] {
        &self.keys
    }
}

/// Reads details, each account's key once.
struct Reader<'a> {
    connection: &'a Connection,
    keyring: &'a Keyring,
    names: HashMap<i64, Option<String>>,
    keys: HashMap<(i64, KeyId), Option<Secret<[u8; 32]>>>,
}

impl<'a> Reader<'a> {
    fn new(connection: &'a Connection, keyring: &'a Keyring) -> Result<Self, StoreError> {
        let names = audit::accounts(connection)?.into_iter().map(|account| (account.reference, account.name)).collect();
        Ok(Self { connection, keyring, names, keys: HashMap::new() })
    }

    /// Whether the details stand under a key of the log that is not here.
    fn is_lost(&self, entry: &Entry) -> bool {
        self.keyring.get(&entry.key_id).is_none()
    }

    fn details(&mut self, entry: &Entry) -> Result<Option<RawJson>, StoreError> {
        let Some(sealed) = &entry.details else { return Ok(None) };
        let place = (entry.account_ref, entry.key_id);
        if !self.keys.contains_key(&place) {
            let wrapped = audit::key(self.connection, entry.account_ref, &entry.key_id)?;
            let key = wrapped.zip(self.keyring.get(&entry.key_id)).and_then(|(wrapped, key)| key.unwrap(entry.account_ref, &wrapped));
            self.keys.insert(place, key);
        }
        let Some(Some(key)) = self.keys.get(&place) else { return Ok(None) };
        let plain = decrypt(key.expose(), sealed, &details_context(entry.seq, entry.account_ref, &entry.key_id));
        Ok(plain.and_then(|plain| String::from_utf8(plain).ok()).and_then(|text| RawJson::parse(text).ok()))
    }

    fn view(&mut self, entry: Entry) -> Result<AuditEntry, StoreError> {
        let details = self.details(&entry)?;
        let (session_id, run_id) = audit::ids(&entry);
        let unknown = |what: &str| StoreError::Invalid(format!("The audit log holds {what} that this version does not know. A newer version can read it."));
        Ok(AuditEntry {
            seq: u64::try_from(entry.seq).unwrap_or(0),
            at: Timestamp::from_microsecond(entry.at).map_err(|_| unknown("a time"))?,
            account: self.names.get(&entry.account_ref).cloned().flatten(),
            client: audit::client(&entry.client),
            action: entry.action().ok_or_else(|| unknown("an action"))?,
            outcome: AuditOutcome::from_word(&entry.outcome).ok_or_else(|| unknown("an outcome"))?,
            details_deleted: entry.details.is_some() && details.is_none() && !self.is_lost(&entry),
            details_lost: entry.details.is_some() && details.is_none() && self.is_lost(&entry),
            details,
            seal: hex::encode(entry.seal),
            session_id,
            run_id,
            version: entry.version,
            connection: entry.connection,
            correlation_id: entry.correlation_id,
            resource: entry.resource,
            resource_id: entry.resource_id,
        })
    }
}

impl Db {
    /// Says as whom this process writes its entries, and under which key. Until then it does as the engine under the key that
    /// everybody knows.
    pub fn audit_as(&self, identity: AuditIdentity) {
        *self.inner.audit.write().unwrap_or_else(std::sync::PoisonError::into_inner) = identity;
    }

    pub(crate) fn audit_identity(&self) -> AuditIdentity {
        self.inner.audit.read().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }

    /// Appends an entry; durable when this returns. Its number.
    ///
    /// # Errors
    /// Faults of the database.
    pub async fn audit(&self, record: AuditRecord) -> Result<u64, StoreError> {
        let (identity, now) = (self.audit_identity(), self.inner.clock.now());
        let (seq, _) = self.write(Durability::Durable, move |tx| append(tx, &identity, now, &record)).await?;
        Ok(u64::try_from(seq).unwrap_or(0))
    }

    /// Sets a setting, or takes it back (`None`), with its entry in the same transaction.
    ///
    /// # Errors
    /// Faults of the database.
    pub async fn change_setting(&self, key: &str, value: Option<&str>, record: AuditRecord) -> Result<(), StoreError> {
        let (identity, now) = (self.audit_identity(), self.inner.clock.now());
        let (key, value) = (key.to_owned(), value.map(str::to_owned));
        self.write(Durability::Durable, move |tx| {
            match &value {
                Some(value) => crate::table::settings::set(tx, &key, value, now)?,
                None => drop(crate::table::settings::unset(tx, &key)?),
            }
            append(tx, &identity, now, &record).map(drop)
        })
        .await
    }

    /// Entries that fit, newest first; at most 1,000. A page is bounded in time: it may hold fewer than asked for and have a next.
    ///
    /// # Errors
    /// Faults of the database.
    pub async fn audit_page(&self, filter: &AuditFilter, cursor: Option<AuditCursor>, limit: usize) -> Result<AuditPage, StoreError> {
        let (filter, keyring, limit) = (filter.clone(), Keyring::new(&self.audit_identity().key), limit.clamp(1, PAGE));
        self.read(move |c| {
            let account_ref = match &filter.account {
                None => None,
                Some(name) => match audit::account(c, name)? {
                    Some((reference, _)) => Some(reference),
                    None => return Ok(AuditPage { entries: Vec::new(), next: None }),
                },
            };
            let (entries, next) = audit::page(c, &Wanted::new(&filter, account_ref), cursor, limit)?;
            let mut reader = Reader::new(c, &keyring)?;
            let entries = entries.into_iter().map(|entry| reader.view(entry)).collect::<Result<_, _>>()?;
            Ok(AuditPage { entries, next })
        })
        .await
    }

    /// Looks at every entry: whether each is as it was written, none is missing and none was put in; and, against a checkpoint
    /// that was exported, whether what stood before it is what stands there now. Takes time with the length of the log.
    ///
    /// # Errors
    /// Faults of the database.
    pub async fn verify_audit(&self, checkpoint: Option<AuditCheckpoint>) -> Result<AuditVerdict, StoreError> {
        let keyring = Keyring::new(&self.audit_identity().key);
        self.read(move |c| audit_verify::verify(c, &keyring, checkpoint.as_ref())).await
    }

    /// A checkpoint to be kept outside of this computer. That it was taken is an entry of its own, the checkpoint's head.
    ///
    /// # Errors
    /// Faults of the database.
    pub async fn audit_checkpoint(&self) -> Result<AuditCheckpoint, StoreError> {
        let (identity, now) = (self.audit_identity(), self.inner.clock.now());
        self.write(Durability::Durable, move |tx| {
            let (seq, seal) = append(tx, &identity, now, &AuditRecord::new(AuditAction::Checkpoint, "audit"))?;
            let mut checkpoint =
                AuditCheckpoint { kind: CHECKPOINT.into(), count: u64::try_from(seq).unwrap_or(0), head: hex::encode(seal), at: now, signature: String::new() };
            checkpoint.signature = hex::encode(identity.key.sign(&signed_text(&checkpoint)));
            Ok(checkpoint)
        })
        .await
    }

    /// Removes entries from before this time that are no evidence about writes. Their places are sealed by an entry of their own,
    /// so that the log still verifies. How many were removed.
    ///
    /// # Errors
    /// Faults of the database.
    pub async fn prune_audit(&self, before: Timestamp) -> Result<u64, StoreError> {
        let mut removed = 0;
        loop {
            let (identity, now) = (self.audit_identity(), self.inner.clock.now());
            let some = self.write(Durability::Durable, move |tx| prune(tx, &identity, before, now)).await?;
            removed += some;
            if usize::try_from(some).unwrap_or(usize::MAX) < PRUNED_AT_ONCE {
                return Ok(removed);
            }
        }
    }

    /// Takes the name of an account and the keys of its details away, for good: its entries stay and can't be read any more.
    /// Whether there was such an account.
    ///
    /// # Errors
    /// Faults of the database.
    pub async fn forget_in_audit(&self, account: &str) -> Result<bool, StoreError> {
        let (identity, now, name) = (self.audit_identity(), self.inner.clock.now(), account.to_owned());
        self.write(Durability::Durable, move |tx| forget(tx, &identity, &name, now)).await
    }

    /// The accounts that the log names.
    ///
    /// # Errors
    /// Faults of the database.
    pub async fn audit_accounts(&self) -> Result<Vec<String>, StoreError> {
        self.read(|c| Ok(audit::accounts(c)?.into_iter().filter_map(|account| account.name).collect())).await
    }
}

/// What the signature of a checkpoint covers.
pub(crate) fn signed_text(checkpoint: &AuditCheckpoint) -> Vec<u8> {
    let AuditCheckpoint { kind, count, head, at, signature: _ } = checkpoint;
    format!("{kind}\n{count}\n{head}\n{at}").into_bytes()
}

/// What the entry of a pruning says of its gaps.
pub(crate) fn gaps_digest<'a>(gaps: impl Iterator<Item = &'a Gap>) -> String {
    let mut bytes = Vec::new();
    for Gap { from, to, seal, by: _ } in gaps {
        bytes.extend_from_slice(&from.to_be_bytes());
        bytes.extend_from_slice(&to.to_be_bytes());
        bytes.extend_from_slice(seal);
    }
    hex::encode(mac(b"bc-agent audit gaps, a digest: 1", &[&bytes]))
}

fn prune(tx: &Connection, identity: &AuditIdentity, before: Timestamp, now: Timestamp) -> Result<u64, StoreError> {
    let mut rows = audit::prunable(tx, before, PRUNED_AT_ONCE)?;
    rows.sort_unstable_by_key(|(seq, _)| *seq);
    let mut gaps: Vec<Gap> = Vec::new();
    for (seq, seal) in &rows {
        match gaps.last_mut() {
            Some(gap) if gap.to + 1 == *seq => (gap.to, gap.seal) = (*seq, *seal),
            Some(_) | None => gaps.push(Gap { from: *seq, to: *seq, seal: *seal, by: 0 }),
        }
    }
    if gaps.is_empty() {
        return Ok(0);
    }
    let details = format!(r#"{{"entries":{},"before":"{before}"}}"#, rows.len());
    let details = RawJson::parse(details).map_err(|e| StoreError::Invalid(e.to_string()))?;
    let record = AuditRecord { client: Some(AuditClient::Engine), ..AuditRecord::new(AuditAction::Pruned, "audit") };
    let (by, _) = append(tx, identity, now, &record.of(gaps_digest(gaps.iter())).with_details(details))?;
    let mut removed = 0;
    for gap in &gaps {
        removed += audit::remove(tx, &Gap { by, ..*gap })?;
    }
    Ok(u64::try_from(removed).unwrap_or(u64::MAX))
}

fn forget(tx: &Connection, identity: &AuditIdentity, name: &str, now: Timestamp) -> Result<bool, StoreError> {
    let Some((reference, _)) = audit::account(tx, name)? else { return Ok(false) };
    audit::forget(tx, reference, now)?;
    let record = AuditRecord::new(AuditAction::Deleted, "audit_account").of(reference.to_string());
    append(tx, identity, now, &record)?;
    Ok(true)
}

#[cfg(test)]
#[path = "audit_tests.rs"]
pub(crate) mod tests;
