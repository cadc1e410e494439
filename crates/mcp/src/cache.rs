//! Answers of reads, kept for a few minutes (a plain read asks a model's question twice more often than one would think).
//!
//! Only answers of `bc_query_entities` are in here, never records: what an approval or a check after a write needs is read by
//! [`bca_bc::Client`] itself, which has no cache. Every write empties it, because posting one invoice moves balances, ledger and stock;
//! so does a write of another process of the same home, which the count of writes in the home tells of.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bca_approval::Target;
use bca_protocol::Json;

/// How long an answer stands for a new read.
const FRESH: Duration = Duration::from_secs(5 * 60);

/// How long an answer is kept for times without a network.
const KEPT: Duration = Duration::from_secs(12 * 60 * 60);

/// Answers kept at most, and their bytes altogether.
const MOST: usize = 200;
const MOST_BYTES: usize = 16 * 1024 * 1024;

/// What an answer is kept under: host, tenant, environment, company and account, and the request.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    target: Target,
    request: String,
}

impl Key {
    pub(crate) fn new(target: &Target, request: String) -> Self {
        Self { target: target.clone(), request }
    }
}

/// An answer that was kept, with its age.
pub(crate) struct Kept {
    pub(crate) json: Json,
    pub(crate) age: Duration,
}

impl Kept {
    /// Whether it may stand for a new read.
    pub(crate) fn is_fresh(&self) -> bool {
        self.age < FRESH
    }

    /// `from 2 min ago`
    pub(crate) fn told(&self) -> String {
        let seconds = self.age.as_secs();
        match (seconds / 3_600, seconds / 60) {
            (0, 0) => format!("from {seconds} s ago"),
            (0, minutes) => format!("from {minutes} min ago"),
            (1, _) => "from 1 hour ago".to_owned(),
            (hours, _) => format!("from {hours} hours ago"),
        }
    }
}

/// How many writes there had been when a read began: an answer that a write overtook is not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Generation(u64);

struct Entry {
    json: Json,
    bytes: usize,
    at: Duration,
}

#[derive(Default)]
struct Inner {
    entries: HashMap<Key, Entry>,
    bytes: usize,
    generation: u64,
    /// Writes to the books that the home knew of when these answers were read.
    books: u64,
}

/// The answers of one connection.
#[derive(Default)]
pub(crate) struct ReadCache(Mutex<Inner>);

impl ReadCache {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where a read begins.
    pub(crate) fn begin(&self) -> Generation {
        Generation(self.inner().generation)
    }

    /// Forgets everything where the books were written to since, by whichever process. `books` is the home's count of writes.
    pub(crate) fn follow(&self, books: u64) {
        let mut inner = self.inner();
        if inner.books != books {
            *inner = Inner { generation: inner.generation + 1, books, ..Inner::default() };
        }
    }

    /// The answer to this request, however old. `now` is monotonic time.
    pub(crate) fn get(&self, key: &Key, now: Duration) -> Option<Kept> {
        let inner = self.inner();
        let entry = inner.entries.get(key)?;
        let age = now.saturating_sub(entry.at);
        (age < KEPT).then(|| Kept { json: entry.json.clone(), age })
    }

    /// Keeps an answer, unless something was written since its read began.
    pub(crate) fn put(&self, key: Key, json: &Json, began: Generation, now: Duration) {
        let bytes = json.to_string().len();
        let mut inner = self.inner();
        if inner.generation != began.0 || bytes > MOST_BYTES / 4 {
            return;
        }
        if let Some(before) = inner.entries.insert(key, Entry { json: json.clone(), bytes, at: now }) {
            inner.bytes -= before.bytes;
        }
        inner.bytes += bytes;
        while inner.entries.len() > MOST || inner.bytes > MOST_BYTES {
            let Some(oldest) = inner.entries.iter().min_by_key(|(_, entry)| entry.at).map(|(key, _)| key.clone()) else { return };
            if let Some(gone) = inner.entries.remove(&oldest) {
                inner.bytes -= gone.bytes;
            }
        }
    }

    /// Forgets everything: something is about to be written, or was.
    pub(crate) fn clear(&self) {
        let mut inner = self.inner();
        *inner = Inner { generation: inner.generation + 1, books: inner.books, ..Inner::default() };
    }
}

#[cfg(test)]
#[path = "cache_tests.rs"]
mod tests;
