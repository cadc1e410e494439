//! Full-text search over messages and tool results: newest first, so that the work is bounded for any word.

use std::sync::Arc;

use bca_protocol::SearchHit;

use crate::{
    Db, StoreError,
    db::{Durability, Inner},
    table,
};

/// Words of a query that count; the rest is left out.
const WORDS: usize = 24;
/// Places in one answer.
const MOST: u32 = 500;
/// The shortest beginning of a word that is searched as one.
const PREFIX: usize = 2;

impl Db {
    /// The newest places where all the words stand; the last word may be unfinished unless white space follows it. No query is an
    /// error: whatever has no letter and no digit is left out.
    ///
    /// # Errors
    /// Faults of the database.
    pub async fn search(&self, query: &str, limit: u32) -> Result<Vec<SearchHit>, StoreError> {
        let Some(expressions) = Expressions::of(query) else { return Ok(Vec::new()) };
        let limit = limit.min(MOST);
        let inner = Arc::clone(&self.inner);
        self.blocking(move || {
            if let Err(fault) = catch_up(&inner) {
                // What is indexed can still be searched.
                tracing::warn!(%fault, "the newest messages could not be indexed for the search");
            }
            inner.read_now(|c| {
                let hits = find(c, &expressions.whole, limit)?;
                match &expressions.unfinished {
                    Some(unfinished) if hits.len() < limit as usize => find(c, unfinished, limit),
                    Some(_) | None => Ok(hits),
                }
            })
        })
        .await
    }

    /// Indexes what is queued in the background, in steps that let other writers in between. Ends when the database is closed.
    pub(crate) fn index_later(&self) {
        let database = Arc::downgrade(&self.inner);
        tokio::spawn(async move {
            while let Some(inner) = database.upgrade() {
                let step = move || inner.write_now(Durability::History, |tx| table::search::index_some(tx));
                match tokio::task::spawn_blocking(step).await {
                    Ok(Ok(true)) => {}
                    Ok(Ok(false)) | Err(_) => return,
                    Ok(Err(fault)) => {
                        tracing::warn!(%fault, "messages could not be indexed for the search; the next search tries again");
                        return;
                    }
                }
            }
        });
    }
}

fn catch_up(inner: &Inner) -> Result<(), StoreError> {
    if !inner.read_now(table::search::any_queued)? {
        return Ok(());
    }
    while inner.write_now(Durability::History, |tx| table::search::index_some(tx))? {}
    Ok(())
}

fn find(connection: &rusqlite::Connection, expression: &str, limit: u32) -> Result<Vec<SearchHit>, StoreError> {
    let mut hits = table::search::messages(connection, expression, limit)?;
    hits.extend(table::search::tool_calls(connection, expression, limit)?);
    hits.sort_by_key(|hit| std::cmp::Reverse(hit.at));
    hits.truncate(limit as usize);
    Ok(hits)
}

/// A person's words as FTS5 expressions (sqlite.org/fts5.html, section 3). Every word is quoted, so none of it is syntax.
struct Expressions {
    /// All words as they stand.
    whole: String,
    /// The last word as the beginning of one.
    unfinished: Option<String>,
}

impl Expressions {
    /// `None` where nothing in it can be searched.
    fn of(query: &str) -> Option<Self> {
        // A NUL would end the expression for SQLite, in the middle of a quoted word.
        let cleaned: String = query.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let words: Vec<&str> = cleaned.split_whitespace().filter(|word| word.chars().any(char::is_alphanumeric)).take(WORDS).collect();
        let last = words.last()?;
        let whole = words.iter().map(|word| format!("\"{}\"", word.replace('"', "\"\""))).collect::<Vec<_>>().join(" ");
        let open = cleaned.ends_with(last) && last.chars().count() >= PREFIX;
        let unfinished = open.then(|| format!("{whole}*"));
        Some(Self { whole, unfinished })
    }
}

#[cfg(test)]
#[path = "search_tests.rs"]
mod tests;
