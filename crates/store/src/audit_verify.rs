//! Whether the audit log is as it was written: a walk over all of it.

use std::collections::{BTreeMap, HashMap, HashSet};

use bca_protocol::{AuditAction, AuditCheckpoint, AuditFinding, AuditVerdict};
use rusqlite::Connection;

use crate::{
    StoreError,
    audit::{CHECKPOINT, Keyring, gaps_digest, signed_text},
    audit_key::{AuditKey, KeyId, Protection, Seal, mac},
    key_change,
    table::audit::{self, Account, Entry, Gap},
};

/// Findings that are told; the rest is counted by nobody.
const FINDINGS: usize = 20;

/// The walk: what was seen so far.
struct Walk<'a> {
    keyring: &'a Keyring,
    commitments: HashMap<i64, Seal>,
    gaps: BTreeMap<i64, Gap>,
    /// Keys of details that are there and open.
    open: HashSet<(i64, KeyId)>,
    forgotten: HashSet<i64>,
    /// The seal that the next entry builds on; absent after something was missing.
    before: Option<Seal>,
    next: i64,
    last: Option<(i64, Seal)>,
    /// What prunings said of their gaps.
    prunings: HashMap<i64, String>,
    told_forgotten: HashSet<i64>,
    /// Entries after a checkpoint of a secret key that stand under the one that everybody knows: they excuse nothing before it.
    anybodys: HashSet<i64>,
    lost: key_change::Lost,
    at_checkpoint: Option<Seal>,
    wanted: Option<i64>,
    /// Up to where a checkpoint proves the log that was signed with a secret key.
    proven: Option<i64>,
    verdict: AuditVerdict,
}

/// Walks over the whole log.
pub(crate) fn verify(connection: &Connection, keyring: &Keyring, checkpoint: Option<&AuditCheckpoint>) -> Result<AuditVerdict, StoreError> {
    let accounts = audit::accounts(connection)?;
    let gaps = audit::gaps(connection)?;
    let mut walk = Walk {
        keyring,
        commitments: accounts.iter().map(|account| (account.reference, account.commitment)).collect(),
        gaps: gaps.iter().map(|gap| (gap.from, *gap)).collect(),
        open: HashSet::new(),
        forgotten: accounts.iter().filter(|account| account.name.is_none()).map(|account| account.reference).collect(),
        before: Some(Seal::default()),
        next: 1,
        last: None,
        prunings: HashMap::new(),
        told_forgotten: HashSet::new(),
        anybodys: HashSet::new(),
        lost: key_change::Lost::default(),
        at_checkpoint: None,
        wanted: checkpoint.and_then(|checkpoint| i64::try_from(checkpoint.count).ok()),
        proven: checkpoint
            .filter(|checkpoint| signer(keyring, checkpoint).is_some_and(|key| key.protection == Protection::Secret))
            .and_then(|checkpoint| i64::try_from(checkpoint.count).ok()),
        verdict: AuditVerdict {
            intact: true,
            checked: 0,
            pruned: 0,
            unprotected: 0,
            unverifiable: 0,
            unverifiable_until: None,
            count: 0,
            head: None,
            against_checkpoint: checkpoint.is_some(),
            findings: Vec::new(),
        },
    };
    for account in &accounts {
        walk.account(connection, account)?;
    }
    audit::each(connection, |entry| {
        walk.entry(&entry);
        Ok(())
    })?;
    walk.end(connection, &gaps)?;
    if let Some(checkpoint) = checkpoint {
        walk.against(checkpoint);
    }
    Ok(walk.verdict)
}

impl Walk<'_> {
    fn find(&mut self, seq: Option<i64>, message: impl Into<String>) {
        self.verdict.intact = false;
        if self.verdict.findings.len() < FINDINGS {
            self.verdict.findings.push(AuditFinding { seq: seq.and_then(|seq| u64::try_from(seq).ok()), message: message.into() });
        }
    }

    /// Whether the name is the one that entries were sealed with, and the keys of the details are the account's.
    fn account(&mut self, connection: &Connection, account: &Account) -> Result<(), StoreError> {
        let Account { reference, name, salt, commitment } = account;
        if let (Some(name), Some(salt)) = (name, salt)
            && <&[u8; 32]>::try_from(salt.as_slice()).ok().map(|salt| mac(salt, &[name.as_bytes()])) != Some(*commitment)
        {
            self.find(None, "The name of an account was exchanged.");
        }
        let keyring = self.keyring;
        for key in keyring.all() {
            let wrapped = audit::key(connection, *reference, &key.id)?;
            match wrapped.map(|wrapped| key.unwrap(*reference, &wrapped).is_some()) {
                Some(true) => drop(self.open.insert((*reference, key.id))),
                Some(false) => self.find(None, "The key of an account's details was changed."),
                None => {}
            }
        }
        Ok(())
    }

    fn entry(&mut self, entry: &Entry) {
        self.verdict.checked += 1;
        self.reach(entry.seq);
        self.seal(entry);
        if entry.details.is_some() && self.keyring.get(&entry.key_id).is_some() {
            let is_open = self.open.contains(&(entry.account_ref, entry.key_id));
            if !is_open && !self.forgotten.contains(&entry.account_ref) {
                self.find(Some(entry.seq), format!("The key of the details of entry {} is gone, and nobody asked for it.", entry.seq));
            }
        }
        let is_anybodys = self.is_anybodys(entry);
        match (entry.action(), &entry.resource_id) {
            (Some(AuditAction::KeyChanged), Some(told)) => self.lost.changed(entry, self.keyring.get(&entry.key_id).is_some(), told),
            (Some(AuditAction::Pruned), Some(digest)) => drop(self.prunings.insert(entry.seq, digest.clone())),
            (Some(AuditAction::Deleted), Some(reference)) if entry.resource == "audit_account" && !is_anybodys => {
                self.told_forgotten.extend(reference.parse::<i64>().ok());
            }
            _ => {}
        }
        if is_anybodys {
            self.anybodys.insert(entry.seq);
        }
        if self.wanted == Some(entry.seq) {
            self.at_checkpoint = Some(entry.seal);
        }
        // The stored seal goes on, so that one change is one finding.
        self.before = Some(entry.seal);
        self.next = entry.seq.saturating_add(1);
        self.last = Some((entry.seq, entry.seal));
    }

    /// Whether whoever can write to the file can have written this entry after the checkpoint.
    fn is_anybodys(&self, entry: &Entry) -> bool {
        let is_public = self.keyring.get(&entry.key_id).is_some_and(|key| key.protection == Protection::None);
        is_public && self.proven.is_some_and(|proven| entry.seq > proven)
    }

    /// Goes over sealed gaps up to this number.
    fn reach(&mut self, seq: i64) {
        while self.next < seq {
            match self.gaps.get(&self.next).filter(|gap| gap.to < seq).copied() {
                Some(gap) => {
                    self.verdict.pruned += u64::try_from(gap.to - gap.from + 1).unwrap_or(0);
                    self.before = Some(gap.seal);
                    self.next = gap.to + 1;
                }
                None => {
                    self.find(Some(seq), format!("Entries {} to {} are missing.", self.next, seq - 1));
                    self.before = None;
                    self.next = seq;
                }
            }
        }
    }

    fn seal(&mut self, entry: &Entry) {
        let seq = entry.seq;
        if seq < 1 {
            self.find(None, "An entry has no proper number.");
        }
        let in_gap = self.gaps.range(..=seq).next_back().is_some_and(|(_, gap)| gap.to >= seq);
        if in_gap {
            self.find(Some(seq), format!("Entry {seq} stands where entries were pruned."));
        }
        let Some(key) = self.keyring.get(&entry.key_id) else {
            return self.lost.entry(entry);
        };
        match key.protection {
            Protection::None => self.verdict.unprotected += 1,
            Protection::Secret => {}
        }
        let Some(commitment) = self.commitments.get(&entry.account_ref) else {
            return self.find(Some(seq), format!("The account of entry {seq} is gone."));
        };
        if let Some(before) = self.before
            && key.seal(&before, &entry.content(commitment)) != entry.seal
        {
            self.find(Some(seq), format!("Entry {seq} was changed, or it does not follow what stands before it."));
        }
    }

    fn end(&mut self, connection: &Connection, gaps: &[Gap]) -> Result<(), StoreError> {
        let head = audit::head(connection)?;
        match (head, self.last) {
            (None, None) => {}
            (Some(head), Some((seq, seal))) if head.seq == seq && head.seal == seal => {
                let keyring = self.keyring;
                match keyring.get(&head.key_id) {
                    Some(key) if key.mark(head.seq, &head.seal) == head.mark => {}
                    Some(_) => self.find(Some(seq), "The mark of the newest entry was changed."),
                    None => self.find(Some(seq), "The newest entry stands under a key that is not here."),
                }
            }
            (Some(head), _) => self.find(Some(head.seq), format!("The log does not end with entry {}, as it should.", head.seq)),
            (None, Some((seq, _))) => self.find(Some(seq), "The mark of the newest entry is gone."),
        }
        if let Some((seq, seal)) = self.last {
            self.verdict.count = u64::try_from(seq).unwrap_or(0);
            self.verdict.head = Some(hex::encode(seal));
        }
        self.keys_lost();
        self.gaps_told(gaps);
        let untold: Vec<i64> = self.forgotten.difference(&self.told_forgotten).copied().collect();
        for _ in untold {
            self.find(None, "An account's data was deleted, and no entry tells of it.");
        }
        Ok(())
    }

    /// Entries whose key is not here are lost where an entry after them says so, else they are wrong.
    fn keys_lost(&mut self) {
        for run in std::mem::take(&mut self.lost).runs(self.wanted) {
            if run.is_told {
                self.verdict.unverifiable += run.count;
                self.verdict.unverifiable_until = self.verdict.unverifiable_until.max(u64::try_from(run.last).ok());
            } else {
                let (from, to) = (run.first, run.last);
                self.find(Some(from), format!("Entries {from} to {to} stand under a key that is not here and that no entry after them tells of."));
            }
        }
    }

    /// Whether each gap is one that a pruning told of, and none of those is gone.
    fn gaps_told(&mut self, gaps: &[Gap]) {
        let mut told: BTreeMap<i64, Vec<&Gap>> = BTreeMap::new();
        for gap in gaps {
            told.entry(gap.by).or_default().push(gap);
        }
        let prunings = std::mem::take(&mut self.prunings);
        for (by, gaps) in &told {
            if prunings.get(by) != Some(&gaps_digest(gaps.iter().copied())) {
                self.find(Some(*by), "The places of pruned entries are not those that the pruning told of.");
            } else if self.anybodys.contains(by) && gaps.iter().any(|gap| self.proven.is_some_and(|proven| gap.from <= proven)) {
                self.find(Some(*by), "Entries from before the checkpoint were removed, and no entry under a secret key tells of it.");
            }
        }
        for by in prunings.keys().filter(|by| !told.contains_key(by)) {
            self.find(Some(*by), "The places of pruned entries are gone.");
        }
    }

    fn against(&mut self, checkpoint: &AuditCheckpoint) {
        if checkpoint.kind != CHECKPOINT || signer(self.keyring, checkpoint).is_none() {
            self.find(None, "The checkpoint was not made by this home, or it was changed.");
        }
        let wanted = i64::try_from(checkpoint.count).ok();
        match self.at_checkpoint.map(hex::encode) {
            Some(seal) if seal == checkpoint.head => {}
            Some(_) => self.find(wanted, "What stands before the checkpoint is not what stood there when it was made."),
            None => self.find(wanted, "The entry of the checkpoint is gone: the log was cut before it."),
        }
    }
}

/// The key that signed it; `None` where none of this home's did.
fn signer<'a>(keyring: &'a Keyring, checkpoint: &AuditCheckpoint) -> Option<&'a AuditKey> {
    let text = signed_text(checkpoint);
    keyring.all().iter().find(|key| hex::encode(key.sign(&text)) == checkpoint.signature)
}

#[cfg(test)]
#[path = "audit_verify_tests.rs"]
mod tests;
