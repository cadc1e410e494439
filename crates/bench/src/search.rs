//! Full-text search over a million messages, through the store's own question.

use std::{
    path::{Path, PathBuf},
    time::Instant,
};

use bca_store::{Db, OpenOptions};
use rusqlite::{Connection, params};
use uuid::Uuid;

use crate::{
    figures::{Figure, Goal, Unit, percentile},
    outcome::Outcome,
    turns::millis,
};

const PART: &str = "Search over 1,000,000 messages of 200 characters (50 hits asked for)";
const MESSAGES: u64 = 1_000_000;
const SESSIONS: u64 = 10_000;
/// Characters of a message.
const LENGTH: usize = 200;
/// Changes with what is seeded, so that an older database is not taken for this one.
const EDITION: &str = "1";
const HITS: u32 = 50;
const ROUNDS: usize = 40;
const GOAL: Goal = Goal::AtMost(25.0);
const MIGRATIONS: &str = include_str!("../../../migrations/checksums.txt");

/// What is searched for. Every message has `ledger`; words of rank r stand in about one message of r; the last two never meet.
const QUERIES: &[(&str, &[&str])] = &[
    ("word in every message", &["ledger "]),
    ("common words", &["wa ", "we ", "wi ", "wo ", "wu "]),
    ("words in one message of a hundred", &["rida ", "rode ", "rimo ", "rulu ", "rasi "]),
    ("rare words (10 messages)", &["needle7 ", "needle1234 ", "needle77777 "]),
    ("word that is nowhere", &["haystack "]),
    ("two common words", &["ledger wa ", "we wi "]),
    ("common and rare word", &["ledger needle7 ", "wa needle1234 "]),
    ("two words of half the messages, never together", &["debit credit "]),
    ("beginnings of words", &["le", "led", "ledg", "ledge", "w", "wa", "ri", "need", "needle12"]),
];

/// Seeds the database where there is none yet (some minutes), and searches.
pub async fn measure(cache: &Path) -> Outcome<Vec<Figure>> {
    let home = seeded(cache)?;
    let (db, _) = tokio::task::spawn_blocking(move || Db::open(&home, OpenOptions::default())).await??;
    let mut figures = Vec::new();
    let mut all = Vec::new();
    for (what, queries) in QUERIES {
        let mut times = Vec::new();
        for _ in 0..ROUNDS {
            for query in *queries {
                let started = Instant::now();
                db.search(query, HITS).await?;
                times.push(millis(started.elapsed()));
            }
        }
        figures.push(Figure::new(PART, format!("{what}, median"), percentile(&mut times, 50), Unit::Millis));
        figures.push(Figure::new(PART, format!("{what}, 95th percentile"), percentile(&mut times, 95), Unit::Millis).goal(GOAL));
        all.append(&mut times);
    }
    figures.push(Figure::new(PART, "all of them, 95th percentile", percentile(&mut all, 95), Unit::Millis).goal(GOAL));
    Ok(figures)
}

/// A home whose database has the messages; made once for each schema and edition.
fn seeded(cache: &Path) -> Outcome<PathBuf> {
    let schema: String = MIGRATIONS.chars().filter(char::is_ascii_alphanumeric).collect();
    let home = cache.join(format!("search-{EDITION}-{}", schema.get(..24).unwrap_or(&schema)));
    if home.exists() {
        return Ok(home);
    }
    eprintln!("Seeding 1,000,000 messages in {} ...", home.display());
    let unfinished = home.with_extension("unfinished");
    if unfinished.exists() {
        std::fs::remove_dir_all(&unfinished)?;
    }
    // The real schema; closed again before it is filled.
    drop(Db::open(&unfinished, OpenOptions::default())?);
    fill(&mut Connection::open(database(&unfinished)?)?)?;
    std::fs::rename(&unfinished, &home)?;
    Ok(home)
}

/// The one database file in a home.
fn database(home: &Path) -> Outcome<PathBuf> {
    let files = std::fs::read_dir(home)?.collect::<Result<Vec<_>, _>>()?;
    let found = files.into_iter().map(|file| file.path()).find(|path| path.extension().is_some_and(|end| end == "db"));
    found.ok_or_else(|| "the home has no database".into())
}

fn fill(connection: &mut Connection) -> Outcome {
    connection.execute_batch("PRAGMA synchronous = OFF; PRAGMA cache_size = -200000")?;
    let tx = connection.transaction()?;
    {
        let mut session = tx.prepare("INSERT INTO sessions (session_id, title, goal, created_at, updated_at) VALUES (?1, ?2, '', ?3, ?3)")?;
        let mut message =
            tx.prepare("INSERT INTO messages (message_id, session_id, run_id, role, content, words, created_at) VALUES (?1, ?2, ?2, 'user', ?3, ?4, ?5)")?;
        let mut words = Words(0x9E37_79B9_7F4A_7C15);
        let per_session = MESSAGES / SESSIONS;
        for number in 0..SESSIONS {
            let id = Uuid::from_u128(u128::from(number) + 1).to_string();
            session.execute(params![id, format!("Conversation {number}"), at(number * per_session)])?;
            for number in number * per_session..(number + 1) * per_session {
                let text = words.message(number);
                let content = serde_json::json!([{"type": "text", "text": text}]).to_string();
                message.execute(params![Uuid::from_u128(u128::from(number) + 1 + (1 << 64)).to_string(), id, content, text, at(number)])?;
            }
        }
    }
    // Straight into the index, instead of through the queue that the triggers fill.
    tx.execute_batch("DELETE FROM search_queue; INSERT INTO message_search (rowid, words) SELECT id, words FROM messages ORDER BY id")?;
    tx.commit()?;
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    Ok(())
}

/// Microseconds since 1970; one message a minute.
fn at(number: u64) -> i64 {
    1_500_000_000_000_000 + i64::try_from(number).unwrap_or(0) * 60_000_000
}

/// Words as they fall in a language: the n-th most frequent one about once in n.
struct Words(u64);

impl Words {
    /// xorshift64*: the same each time.
    fn next(&mut self, below: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % below
    }

    /// One of about 50,000 words. The rank's logarithm is drawn evenly, so that a rank's frequency falls as 1 / rank.
    fn word(&mut self) -> String {
        const SYLLABLES: [&[u8]; 2] = [b"wrsntmlkdgbpfvhjcz", b"aeiou"];
        let doublings = self.next(16);
        let mut rank = (1 << doublings) - 1 + self.next(1 << doublings);
        let mut word = String::new();
        loop {
            let [consonants, vowels] = SYLLABLES;
            let pair = usize::try_from(rank % 90).unwrap_or(0);
            word.extend([char::from(consonants[pair / 5]), char::from(vowels[pair % 5])]);
            rank /= 90;
            if rank == 0 {
                return word;
            }
        }
    }

    fn message(&mut self, number: u64) -> String {
        let side = if number.is_multiple_of(2) { "debit" } else { "credit" };
        let mut text = format!("ledger {side} needle{} ", number % (MESSAGES / 10));
        while text.len() < LENGTH {
            text.push_str(&self.word());
            text.push(' ');
        }
        text.truncate(LENGTH);
        text
    }
}
