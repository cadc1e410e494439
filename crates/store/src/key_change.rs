//! The audit log goes on under another key: what the first entry under it says of those before, and what a verification makes of that
//! (docs/decisions/lost-audit-key.md).

use std::collections::BTreeMap;

use bca_protocol::{AuditAction, AuditClient, Json, RawJson};
use rusqlite::Connection;

use crate::{
    AuditIdentity, AuditRecord, StoreError,
    audit_key::{KeyId, Protection},
    table::audit::{self, Entry, Head},
};

/// The entry that opens a new key's part: how many entries stand before it, their head's seal, and the name of their key. That is written in the clear
/// (`resource_id`), because it has to be found by whoever has neither key.
pub(crate) fn record(tx: &Connection, identity: &AuditIdentity, head: &Head) -> Result<AuditRecord, StoreError> {
    let protection = match identity.key.protection {
        Protection::Secret => "secret",
        Protection::None => "none",
    };
    let text = |text: String| Json::String(text);
    let checkpoint = audit::last_checkpoint(tx)?
        .map_or(Json::Null, |(seq, seal)| Json::Object(vec![("count".into(), text(seq.to_string())), ("head".into(), text(hex::encode(seal)))]));
    let before = Json::Object(vec![
        ("entries".into(), text(head.seq.to_string())),
        ("head".into(), text(hex::encode(head.seal))),
        ("key".into(), text(hex::encode(head.key_id))),
        ("last_checkpoint".into(), checkpoint),
    ]);
    let details = RawJson::from(&Json::Object(vec![("protection".into(), text(protection.into())), ("before".into(), before)]));
    let record = AuditRecord { client: Some(AuditClient::Engine), ..AuditRecord::new(AuditAction::KeyChanged, "audit") };
    Ok(record.of(Told { entries: head.seq, seal: hex::encode(head.seal), key: head.key_id }.to_string()).with_details(details))
}

/// What such an entry says in the clear: `ENTRIES:HEAD:KEY`.
#[derive(Debug, PartialEq, Eq)]
struct Told {
    entries: i64,
    seal: String,
    key: KeyId,
}

impl std::fmt::Display for Told {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}:{}", self.entries, self.seal, hex::encode(self.key))
    }
}

impl Told {
    fn read(text: &str) -> Option<Self> {
        let (entries, rest) = text.split_once(':')?;
        let (seal, key) = rest.split_once(':')?;
        let key = hex::decode(key).ok().and_then(|bytes| KeyId::try_from(bytes.as_slice()).ok())?;
        Some(Self { entries: entries.parse().ok()?, seal: seal.to_owned(), key })
    }
}

/// An entry that tells of a change of keys.
struct Change {
    /// Its own key.
    under: KeyId,
    /// Whether that one is here, so that the entry was verified.
    is_verified: bool,
    seq: i64,
    told: Told,
}

/// Entries under one key that is not here.
pub(crate) struct Run {
    pub(crate) first: i64,
    pub(crate) last: i64,
    pub(crate) count: u64,
    /// Whether an entry that holds, directly or by others, says that their key was given up after them.
    pub(crate) is_told: bool,
}

/// Entries whose keys are not here, gathered on a walk.
#[derive(Default)]
pub(crate) struct Lost {
    runs: BTreeMap<KeyId, Run>,
    changes: Vec<Change>,
    /// The seal of the entry before, as the walk went over it.
    last: Option<(i64, String)>,
}

impl Lost {
    /// An entry whose key is not here.
    pub(crate) fn entry(&mut self, entry: &Entry) {
        let fresh = || Run { first: entry.seq, last: entry.seq, count: 0, is_told: false };
        let run = self.runs.entry(entry.key_id).or_insert_with(fresh);
        run.last = entry.seq;
        run.count += 1;
        self.last = Some((entry.seq, hex::encode(entry.seal)));
    }

    /// An entry that says that the key was changed. It counts where it tells of the very entry before it.
    pub(crate) fn changed(&mut self, entry: &Entry, is_verified: bool, told: &str) {
        let Some(told) = Told::read(told) else { return };
        let before = self.last.as_ref().filter(|(seq, _)| *seq < entry.seq);
        if told.entries == entry.seq - 1 && before.is_none_or(|(seq, seal)| *seq != told.entries || *seal == told.seal) {
            self.changes.push(Change { under: entry.key_id, is_verified, seq: entry.seq, told });
        }
    }

    /// What is lost, by key. Of what stands before a checkpoint only what was told before it is believed: a key that everybody knows is enough to
    /// tell of a loss, and what was not lost when the checkpoint was made can be verified with it.
    pub(crate) fn runs(mut self, checkpoint: Option<i64>) -> Vec<Run> {
        let (told, told_before) = (self.believed(i64::MAX), checkpoint.map(|count| (count, self.believed(count))));
        for (key, run) in &mut self.runs {
            let told = match &told_before {
                Some((count, told_before)) if run.first <= *count => told_before,
                Some(_) | None => &told,
            };
            run.is_told = told.get(key).is_some_and(|until| run.last <= *until);
        }
        self.runs.into_values().collect()
    }

    /// Up to which entry each key was given up, by the entries up to this one.
    fn believed(&self, up_to: i64) -> BTreeMap<KeyId, i64> {
        // The newest first: what a verified entry tells of may itself tell of an older one.
        let mut believed: BTreeMap<KeyId, i64> = BTreeMap::new();
        for change in self.changes.iter().rev().filter(|change| change.seq <= up_to) {
            let holds = change.is_verified || believed.get(&change.under).is_some_and(|until| change.seq <= *until);
            if holds {
                let until = believed.entry(change.told.key).or_default();
                *until = (*until).max(change.told.entries);
            }
        }
        believed
    }
}

#[cfg(test)]
#[path = "key_change_tests.rs"]
mod tests;
