//! Secrets at rest: nothing in clear, nothing moved or changed is opened, and no kill loses anything.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use async_trait::async_trait;
use bca_auth::{
    HolderFault, KeyFile, KeyHolder, KeyRow, KeyVersion, Leases, RowsFault, SealedRow, SealedRows, Secret, SecretId, SecretKind, Vault, VaultError, Written,
};
use bca_store::Db;
use jiff::SignedDuration;

use crate::support::{Shifted, open, vault};

const CANARY: &str = "canary-7d1f0c52a9";

fn id(owner: &str) -> SecretId {
    SecretId::new(SecretKind::ModelKey, owner)
}

fn secret(text: &str) -> Secret<Vec<u8>> {
    Secret::new(text.as_bytes().to_vec())
}

fn text(found: Result<Option<Secret<Vec<u8>>>, VaultError>) -> Option<String> {
    found.unwrap().map(|secret| String::from_utf8(secret.expose().clone()).unwrap())
}

fn contains(directory: &Path, needle: &str) -> bool {
    std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).any(|path| {
        if path.is_dir() {
            return contains(&path, needle);
        }
        std::fs::read(&path).unwrap().windows(needle.len()).any(|window| window == needle.as_bytes())
    })
}

#[tokio::test]
async fn what_is_put_in_comes_out_in_every_process_and_stands_nowhere_in_clear() {
    let (home, clock) = (tempfile::tempdir().unwrap(), Shifted::new());
    let keys = home.path().join("keys");
    let vault_of = || vault(&open(home.path(), clock.clone()), &keys, clock.clone());
    let one = vault_of();
    one.put(&id("a"), &secret(CANARY)).await.unwrap();
    one.put(&id("a"), &secret(&format!("{CANARY} again"))).await.unwrap();
    one.put(&id("b"), &secret("")).await.unwrap();
    let two = vault_of();
    assert_eq!(text(two.get(&id("a")).await).unwrap(), format!("{CANARY} again"));
    assert_eq!(text(two.get(&id("b")).await).as_deref(), Some(""));
    assert_eq!(text(two.get(&id("c")).await), None);
    assert!(two.remove(&id("b")).await.unwrap() && !two.remove(&id("b")).await.unwrap());
    assert_eq!(text(one.get(&id("b")).await), None);
    assert!(!contains(home.path(), CANARY));
}

#[tokio::test]
async fn every_flipped_bit_and_every_swapped_row_is_refused() {
    let (home, clock) = (tempfile::tempdir().unwrap(), Shifted::new());
    let db = open(home.path(), clock.clone());
    let vault = vault(&db, &home.path().join("keys"), clock);
    for owner in ["a", "b"] {
        vault.put(&id(owner), &secret(CANARY)).await.unwrap();
    }
    let rows: &dyn SealedRows = db.as_ref();
    let good = rows.read(&id("a")).await.unwrap().unwrap();
    let put = async |row: SealedRow| {
        let now = rows.read(&id("a")).await.unwrap().unwrap().version;
        assert_eq!(rows.write(&id("a"), row, Some(now)).await.unwrap(), Written::Done);
    };
    let flips = good.sealed.len() * 8 + good.nonce.len() * 8;
    for flip in 0..flips {
        let mut bad = good.clone();
        match flip.checked_sub(good.sealed.len() * 8) {
            None => bad.sealed[flip / 8] ^= 1 << (flip % 8),
            Some(bit) => bad.nonce[bit / 8] ^= 1 << (bit % 8),
        }
        put(bad).await;
        assert_eq!(vault.get(&id("a")).await.err(), Some(VaultError::Damaged), "bit {flip}");
    }
    let cut = SealedRow { sealed: good.sealed[..good.sealed.len() - 1].to_vec(), ..good.clone() };
    let empty = SealedRow { sealed: Vec::new(), ..good.clone() };
    let older = SealedRow { version: good.version + 1, ..good.clone() };
    let others = rows.read(&id("b")).await.unwrap().unwrap();
    for bad in [cut, empty, older, others] {
        put(bad).await;
        assert_eq!(vault.get(&id("a")).await.err(), Some(VaultError::Damaged));
    }
    println!("reliability | 6 | sealed secrets with a bit flipped, cut, emptied, of an older version or another row: opened | 0 of {}", flips + 4);
    put(good).await;
    assert_eq!(text(vault.get(&id("a")).await).as_deref(), Some(CANARY));
}

#[tokio::test]
async fn the_same_secret_is_never_sealed_twice_alike() {
    let (home, clock) = (tempfile::tempdir().unwrap(), Shifted::new());
    let db = open(home.path(), clock.clone());
    let vault = vault(&db, &home.path().join("keys"), clock);
    let mut seen = std::collections::HashSet::new();
    for _ in 0..50 {
        vault.put(&id("a"), &secret(CANARY)).await.unwrap();
        let row = SealedRows::read(db.as_ref(), &id("a")).await.unwrap().unwrap();
        assert!(seen.insert(row.nonce) && row.sealed.len() == CANARY.len() + 16);
    }
    println!("reliability | 6 | the same secret sealed again: nonces used twice | 0 of {}", seen.len());
}

#[tokio::test]
async fn a_new_key_takes_over_and_the_old_one_is_destroyed() {
    let (home, clock) = (tempfile::tempdir().unwrap(), Shifted::new());
    let (db, keys) = (open(home.path(), clock.clone()), home.path().join("keys"));
    let vault_one = vault(&db, &keys, clock.clone());
    for owner in 0..120 {
        vault_one.put(&id(&owner.to_string()), &secret(&format!("secret {owner}"))).await.unwrap();
    }
    let before = std::fs::read_to_string(&keys).unwrap();
    let old = before.lines().last().unwrap().to_owned();
    assert_eq!(vault_one.rotate_if_due().await.unwrap(), None, "a young key stays");
    let rotated = vault_one.rotate().await.unwrap();
    assert_eq!((rotated.version, rotated.resealed, rotated.dropped), (KeyVersion(2), 120, 0));
    let after = std::fs::read_to_string(&keys).unwrap();
    assert!(!after.contains(&old) && after.lines().count() == before.lines().count(), "{} lines", after.lines().count());
    // Another process that had the old key in its memory, reads and writes on.
    let two = vault(&open(home.path(), clock.clone()), &keys, clock.clone());
    for owner in 0..120 {
        assert_eq!(text(two.get(&id(&owner.to_string())).await).unwrap(), format!("secret {owner}"));
    }
    vault_one.rotate().await.unwrap();
    two.put(&id("late"), &secret("late")).await.unwrap();
    assert_eq!(text(vault_one.get(&id("late")).await).as_deref(), Some("late"));
    // And by itself after 90 days.
    clock.shift(SignedDuration::from_hours(90 * 24));
    assert_eq!(vault_one.rotate_if_due().await.unwrap().unwrap().version, KeyVersion(4));
    assert_eq!(vault_one.rotate_if_due().await.unwrap(), None);
    assert_eq!(text(two.get(&id("7")).await).as_deref(), Some("secret 7"));
}

#[tokio::test(flavor = "multi_thread")]
async fn rotations_at_once_in_one_process_and_in_several_lose_nothing() {
    let (home, clock) = (tempfile::tempdir().unwrap(), Shifted::new());
    let keys = home.path().join("keys");
    let vaults: Vec<_> = (0..3).map(|_| vault(&open(home.path(), clock.clone()), &keys, clock.clone())).collect();
    vaults[0].put(&id("a"), &secret("a")).await.unwrap();
    for _ in 0..8 {
        let turns = vaults.iter().flat_map(|vault| {
            let (rotating, tending) = (Arc::clone(vault), Arc::clone(vault));
            [tokio::spawn(async move { rotating.rotate().await.map(drop) }), tokio::spawn(async move { tending.rotate_if_due().await.map(drop) })]
        });
        for turn in turns.collect::<Vec<_>>() {
            turn.await.unwrap().unwrap();
        }
        assert_eq!(text(vaults[1].get(&id("a")).await).as_deref(), Some("a"));
    }
    assert_eq!(open(home.path(), clock).keys().await.unwrap().len(), 1);
}

/// Rows and keys that stop working after so many steps, as they do for a process that is killed.
struct Dying {
    db: Arc<Db>,
    file: KeyFile,
    left: Arc<AtomicI64>,
}

impl Dying {
    fn step(&self) -> Result<(), RowsFault> {
        if self.left.fetch_sub(1, Ordering::SeqCst) > 0 { Ok(()) } else { Err(RowsFault("killed".into())) }
    }
}

#[async_trait]
impl SealedRows for Dying {
    async fn read(&self, id: &SecretId) -> Result<Option<SealedRow>, RowsFault> {
        self.step()?;
        SealedRows::read(self.db.as_ref(), id).await
    }
    async fn write(&self, id: &SecretId, row: SealedRow, replaces: Option<u64>) -> Result<Written, RowsFault> {
        self.step()?;
        SealedRows::write(self.db.as_ref(), id, row, replaces).await
    }
    async fn remove(&self, id: &SecretId) -> Result<bool, RowsFault> {
        self.step()?;
        SealedRows::remove(self.db.as_ref(), id).await
    }
    async fn under_other_keys(&self, than: KeyVersion, limit: u32) -> Result<Vec<(SecretId, SealedRow)>, RowsFault> {
        self.step()?;
        self.db.under_other_keys(than, limit).await
    }
    async fn drop_rows(&self, lost: KeyVersion) -> Result<u64, RowsFault> {
        self.step()?;
        self.db.drop_rows(lost).await
    }
    async fn keys(&self) -> Result<Vec<KeyRow>, RowsFault> {
        self.step()?;
        self.db.keys().await
    }
    async fn announce(&self, key: KeyRow) -> Result<(), RowsFault> {
        self.step()?;
        self.db.announce(key).await
    }
    async fn activate(&self, version: KeyVersion) -> Result<(), RowsFault> {
        self.step()?;
        self.db.activate(version).await
    }
    async fn retire(&self, version: KeyVersion) -> Result<(), RowsFault> {
        self.step()?;
        self.db.retire(version).await
    }
    async fn forget(&self, version: KeyVersion) -> Result<(), RowsFault> {
        self.step()?;
        SealedRows::forget(self.db.as_ref(), version).await
    }
}

impl KeyHolder for Dying {
    fn load(&self, name: &str) -> Result<Option<Secret<[u8; 32]>>, HolderFault> {
        self.step().map_err(|_| HolderFault::Closing)?;
        self.file.load(name)
    }
    fn store(&self, name: &str, key: &Secret<[u8; 32]>) -> Result<(), HolderFault> {
        self.step().map_err(|_| HolderFault::Closing)?;
        self.file.store(name, key)
    }
    fn remove(&self, name: &str) -> Result<(), HolderFault> {
        self.step().map_err(|_| HolderFault::Closing)?;
        self.file.remove(name)
    }
}

#[tokio::test]
async fn a_rotation_that_is_cut_off_at_any_step_loses_nothing_and_is_finished_later() {
    let mut cut_off = 0;
    for steps in 0..60 {
        let (home, clock) = (tempfile::tempdir().unwrap(), Shifted::new());
        let (db, keys) = (open(home.path(), clock.clone()), home.path().join("keys"));
        let vault_of = || vault(&db, &keys, clock.clone());
        for owner in ["a", "b", "c", "d", "e"] {
            vault_of().put(&id(owner), &secret(owner)).await.unwrap();
        }
        let left = Arc::new(AtomicI64::new(steps));
        let dying = || Dying { db: Arc::clone(&db), file: KeyFile::new(&keys), left: Arc::clone(&left) };
        let leases: Arc<dyn Leases> = Arc::clone(&db) as _;
        let doomed = Vault::new(Arc::new(dying()), leases, Arc::new(dying()), clock.clone());
        let done = doomed.rotate().await;
        cut_off += u32::from(done.is_err());
        for owner in ["a", "b", "c", "d", "e"] {
            assert_eq!(text(vault_of().get(&id(owner)).await).as_deref(), Some(owner), "after {steps} steps");
        }
        vault_of().put(&id("f"), &secret("f")).await.unwrap();
        vault_of().rotate_if_due().await.unwrap();
        vault_of().rotate().await.unwrap();
        for owner in ["a", "b", "c", "d", "e", "f"] {
            assert_eq!(text(vault_of().get(&id(owner)).await).as_deref(), Some(owner), "after {steps} steps and another rotation");
        }
        assert_eq!(db.keys().await.unwrap().len(), 1, "after {steps} steps");
        let lines = std::fs::read_to_string(&keys).unwrap().lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!(lines, 1, "after {steps} steps: a key was left behind");
    }
    assert!((20..60).contains(&cut_off), "{cut_off}");
}

#[tokio::test]
async fn a_lost_or_changed_key_means_entering_secrets_again_and_nothing_else() {
    for changed in [false, true] {
        let (home, clock) = (tempfile::tempdir().unwrap(), Shifted::new());
        let (db, keys) = (open(home.path(), clock.clone()), home.path().join("keys"));
        vault(&db, &keys, clock.clone()).put(&id("a"), &secret("old")).await.unwrap();
        db.set_setting("agent.max_turns", "5").await.unwrap();
        if changed {
            let name = db.keys().await.unwrap()[0].name.clone();
            KeyFile::new(&keys).store(&name, &Secret::new([7; 32])).unwrap();
        } else {
            std::fs::remove_file(&keys).unwrap();
        }
        let later = vault(&db, &keys, clock.clone());
        assert_eq!(later.get(&id("a")).await.err(), Some(VaultError::KeyLost));
        later.put(&id("a"), &secret("new")).await.unwrap();
        assert_eq!(text(later.get(&id("a")).await).as_deref(), Some("new"));
        assert_eq!(db.setting("agent.max_turns").await.unwrap().as_deref(), Some("5"));
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_key_file_is_made_for_its_owner_alone_and_refused_where_others_can_read_it() {
    use std::os::unix::fs::PermissionsExt;
    let (home, clock) = (tempfile::tempdir().unwrap(), Shifted::new());
    let (db, keys) = (open(home.path(), clock.clone()), home.path().join("keys"));
    vault(&db, &keys, clock.clone()).put(&id("a"), &secret("a")).await.unwrap();
    let mode = || std::fs::metadata(&keys).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(), 0o600);
    for open_to in [0o640, 0o604, 0o660, 0o644, 0o666] {
        std::fs::set_permissions(&keys, std::fs::Permissions::from_mode(open_to)).unwrap();
        let refused = vault(&db, &keys, clock.clone()).get(&id("a")).await.err();
        assert!(matches!(refused, Some(VaultError::Holder(HolderFault::File { .. }))), "{open_to:o}: {refused:?}");
        assert!(vault(&db, &keys, clock.clone()).put(&id("b"), &secret("b")).await.is_err());
    }
    std::fs::set_permissions(&keys, std::fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(text(vault(&db, &keys, clock).get(&id("a")).await).as_deref(), Some("a"));
}

#[tokio::test]
async fn processes_that_make_their_first_key_at_once_agree_on_one() {
    for _ in 0..10 {
        let (home, clock) = (tempfile::tempdir().unwrap(), Shifted::new());
        let keys = home.path().join("keys");
        let puts: Vec<_> = (0..4)
            .map(|n| {
                let vault = vault(&open(home.path(), clock.clone()), &keys, clock.clone());
                tokio::spawn(async move { vault.put(&id(&n.to_string()), &secret(&n.to_string())).await })
            })
            .collect();
        for put in puts {
            put.await.unwrap().unwrap();
        }
        let db = open(home.path(), clock.clone());
        assert_eq!(db.keys().await.unwrap().len(), 1);
        let reader = vault(&db, &keys, clock.clone());
        for n in 0..4 {
            assert_eq!(text(reader.get(&id(&n.to_string())).await).unwrap(), n.to_string());
        }
    }
}

#[tokio::test]
async fn a_secret_that_several_make_at_once_is_one() {
    for round in 0..10 {
        let (home, clock) = (tempfile::tempdir().unwrap(), Shifted::new());
        let keys = home.path().join("keys");
        let makers: Vec<_> = (0..6)
            .map(|n| {
                let vault = vault(&open(home.path(), clock.clone()), &keys, clock.clone());
                tokio::spawn(async move { vault.get_or_put(&id("one"), &secret(&n.to_string())).await })
            })
            .collect();
        let mut held = std::collections::BTreeSet::new();
        for maker in makers {
            held.insert(text(maker.await.unwrap().map(Some)));
        }
        assert_eq!(held.len(), 1, "round {round}: {held:?}");
        let later = vault(&open(home.path(), clock.clone()), &keys, clock.clone());
        assert_eq!(held.pop_first().unwrap(), text(later.get(&id("one")).await));
        assert_eq!(text(later.get_or_put(&id("one"), &secret("late")).await.map(Some)), text(later.get(&id("one")).await));
        // Where the key is lost, those that come at once agree on another one.
        std::fs::remove_file(&keys).unwrap();
        let makers: Vec<_> = (10..14)
            .map(|n| {
                let vault = vault(&open(home.path(), clock.clone()), &keys, clock.clone());
                tokio::spawn(async move { vault.get_or_put(&id("one"), &secret(&n.to_string())).await })
            })
            .collect();
        let mut anew = std::collections::BTreeSet::new();
        for maker in makers {
            anew.insert(text(maker.await.unwrap().map(Some)));
        }
        assert!(anew.len() == 1 && anew.first().unwrap().as_ref().unwrap().len() == 2, "round {round}: {anew:?}");
    }
}
