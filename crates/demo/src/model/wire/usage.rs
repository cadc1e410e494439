//! Tokens, by the rule of thumb of four bytes each, and a prompt cache that behaves as the real one does: what stood
//! before a mark in an earlier request is read at the next one, as long as every byte before it is the same.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use serde_json::Value;
use sha2::{Digest, Sha256};

/// How long an entry lives after its last use.
const LIFETIME: Duration = Duration::from_secs(300);
/// How many blocks before a mark are looked at for an earlier entry.
const LOOKBACK: usize = 20;
/// Above this many entries the oldest are dropped.
const MOST_ENTRIES: usize = 4_096;

/// The input side of a request's usage, in tokens.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Usage {
    pub(super) input: usize,
    pub(super) cache_read: usize,
    pub(super) cache_write: usize,
}

/// The prefixes that were marked in earlier requests.
#[derive(Debug, Default)]
pub(super) struct Cache {
    entries: HashMap<[u8; 32], Instant>,
}

/// One block of the prompt: its bytes without marks, and whether a mark stands on it.
struct Piece {
    bytes: String,
    marked: bool,
}

/// All input tokens of a request.
pub(super) fn tokens_of(request: &Value) -> usize {
    pieces(request).iter().map(|piece| piece.bytes.len()).sum::<usize>().div_ceil(4)
}

impl Cache {
    /// What a request reads from the cache, writes to it, and sends without it.
    pub(super) fn account(&mut self, request: &Value) -> Usage {
        let now = Instant::now();
        self.entries.retain(|_, used| now.duration_since(*used) < LIFETIME);
        let mut hash = Sha256::new();
        let mut length = 0;
        let prefixes: Vec<([u8; 32], usize, bool)> = pieces(request)
            .iter()
            .map(|piece| {
                hash.update((piece.bytes.len() as u64).to_le_bytes());
                hash.update(piece.bytes.as_bytes());
                length += piece.bytes.len();
                (hash.clone().finalize().into(), length, piece.marked)
            })
            .collect();
        let total = length.div_ceil(4);
        let marks: Vec<usize> = prefixes.iter().enumerate().filter(|(_, prefix)| prefix.2).map(|(at, _)| at).collect();
        let Some(last) = marks.last() else { return Usage { input: total, ..Usage::default() } };
        let known = |at: usize| prefixes.get(at).is_some_and(|prefix| self.entries.contains_key(&prefix.0));
        let hit = marks.iter().rev().find_map(|mark| (mark.saturating_sub(LOOKBACK)..=*mark).rev().find(|at| known(*at)));
        let read = hit.map_or(0, |at| prefixes[at].1 / 4);
        let stable = prefixes[*last].1 / 4;
        for at in marks.iter().copied().chain(hit) {
            self.entries.insert(prefixes[at].0, now);
        }
        self.shrink();
        Usage { input: total - stable.max(read), cache_read: read, cache_write: stable.saturating_sub(read) }
    }

    fn shrink(&mut self) {
        while self.entries.len() > MOST_ENTRIES {
            let oldest = self.entries.iter().min_by_key(|(_, used)| **used).map(|(hash, _)| *hash);
            match oldest {
                Some(hash) => self.entries.remove(&hash),
                None => return,
            };
        }
    }
}

/// The blocks of a request in the order in which they are cached: tools, system, messages.
fn pieces(request: &Value) -> Vec<Piece> {
    let mut pieces = Vec::new();
    pieces.extend(request["tools"].as_array().into_iter().flatten().map(|tool| piece("tool", tool)));
    match &request["system"] {
        Value::Array(blocks) => pieces.extend(blocks.iter().map(|block| piece("system", block))),
        Value::String(text) => pieces.push(Piece { bytes: text.clone(), marked: false }),
        _ => {}
    }
    for message in request["messages"].as_array().into_iter().flatten() {
        let role = message["role"].as_str().unwrap_or_default();
        match &message["content"] {
            Value::Array(blocks) => pieces.extend(blocks.iter().map(|block| piece(role, block))),
            // A text stands for one text block, and hashes as one.
            Value::String(text) => pieces.push(piece(role, &serde_json::json!({"type": "text", "text": text}))),
            _ => {}
        }
    }
    pieces
}

fn piece(place: &str, block: &Value) -> Piece {
    let mut block = block.clone();
    let marked = block.as_object_mut().and_then(|entries| entries.shift_remove("cache_control")).is_some_and(|mark| !mark.is_null());
    Piece { bytes: format!("{place}:{block}"), marked }
}
