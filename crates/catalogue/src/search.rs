//! Finds the sets that fit everyday words: "unpaid bills" are purchase invoices.
//!
//! Each set has phrases (its title and the synonyms of `synonyms.json`), and weaker words from its
//! description and properties. Each word of a query takes the best weight that the set gives it;
//! rare words count more than common ones. A score of 1,000 means that every word was understood
//! as a name of the set.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::entity::{Entity, Property};
use crate::text;

/// How well a set fits, in thousandths: 0 (not at all) to 1,000 (it is what the words name).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Score(u16);

impl Score {
    /// Thousandths.
    pub fn permille(self) -> u16 {
        self.0
    }

    fn from_fraction(fraction: f64) -> Score {
        Score((fraction.clamp(0.0, 1.0) * 1000.0).round() as u16)
    }
}

/// As a decimal between 0 and 1 with at most three places: `0.93`.
impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            1000.. => f.write_str("1"),
            0 => f.write_str("0"),
            n => f.write_str(format!("0.{n:03}").trim_end_matches('0')),
        }
    }
}

/// A set that fits the words of a search.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Match<'a> {
    /// The set.
    pub entity: &'a Entity,
    /// How well it fits.
    pub score: Score,
}

/// The parsed `synonyms.json`, by language.
#[derive(Deserialize)]
pub(crate) struct Synonyms {
    en: Language,
}

#[derive(Deserialize)]
struct Language {
    sets: HashMap<String, Vec<String>>,
    properties: HashMap<String, Vec<String>>,
}

/// Position of an entity in the catalogue, with its score.
pub(crate) struct Hit {
    pub(crate) entity: usize,
    pub(crate) score: Score,
}

/// The searchable words of every set.
#[derive(Default)]
pub(crate) struct Index {
    /// Words that people use for a property, by its name.
    properties: HashMap<String, Vec<String>>,
    documents: Vec<Document>,
    /// In how many sets' phrases a word occurs.
    frequency: HashMap<String, usize>,
    /// Every word that any set knows.
    vocabulary: HashSet<String>,
}

#[derive(Default)]
struct Document {
    phrases: Vec<Phrase>,
    described: HashSet<String>,
    properties: HashSet<String>,
    /// What breaks a tie: records that stand on their own before lines and links.
    standing: f64,
}

struct Phrase {
    /// All stems, in order.
    all: Vec<String>,
    /// The stems that carry meaning.
    content: Vec<String>,
}

/// Weight of a word that stands in a fully named phrase, in the order of the phrase.
const NAMED: f64 = 1.0;
/// The same with the words in another order or apart.
const SCATTERED: f64 = 0.9;
/// The same without small words that make the phrase what it is: "our address" is not any address.
const STRIPPED: f64 = 0.6;
/// Weight of a word of a phrase that is only partly there, at most.
const PARTLY: f64 = 0.55;
const DESCRIBED: f64 = 0.35;
const PROPERTY: f64 = 0.3;
/// Weight of a property's word where the set is named too: "phone number of a supplier".
const PROPERTY_OF: f64 = 0.8;
/// What a named phrase adds for each further word of it, and how many count. A phrase that is the
/// whole query adds the most.
const LONGER: f64 = 0.06;
const MOST_LONGER: usize = 2;
/// Share of the whole that a word nobody knows may cost, against a known one.
const UNKNOWN: f64 = 0.25;
/// Words read from a query; the rest of a longer text adds nothing.
const MOST_WORDS: usize = 32;

/// Words that do not say what is looked for.
const FILLERS: &str = "a all an and any are at be by can could did do does for from get give had has have how i in is it \
    its just list me my need of on or our out please see show tell that the their them there these they this to us \
    want was we were what when where which who will with would you your find look today yesterday tomorrow";

impl Index {
    pub(crate) fn new(entities: &[Entity], synonyms: Synonyms) -> Index {
        let mut index = Index::default();
        for entity in entities {
            let document = Document::new(entity, &synonyms.en);
            let named: HashSet<&String> = document.phrases.iter().flat_map(|p| &p.content).collect();
            for word in named {
                *index.frequency.entry(word.clone()).or_insert(0) += 1;
            }
            let phrases = document.phrases.iter().flat_map(|p| &p.content);
            let words = phrases.chain(&document.described).chain(&document.properties);
            index.vocabulary.extend(words.cloned());
            index.documents.push(document);
        }
        index.properties = synonyms.en.properties;
        index
    }

    /// The properties that the words name, best first: by name or caption, by what people call them,
    /// by likeness.
    pub(crate) fn properties<'e>(&self, entity: &'e Entity, words: &str) -> Vec<&'e Property> {
        let wanted: Vec<String> = text::words(words).iter().map(|w| text::stem(w)).collect();
        if wanted.is_empty() || wanted.len() > MOST_WORDS {
            return Vec::new();
        }
        let says = |name: &str| text::words(name).iter().map(|w| text::stem(w)).eq(wanted.iter().cloned());
        let synonyms = |p: &Property| self.properties.get(&p.name).is_some_and(|known| known.iter().any(|s| says(s)));
        let named = entity.properties.iter().filter(|p| says(&p.name) || says(&p.caption));
        let called = entity.properties.iter().filter(|p| synonyms(p));
        let names = entity.properties.iter().map(|p| p.name.as_str());
        let captions = entity.properties.iter().map(|p| p.caption.as_str());
        let near = text::closest(words, names.chain(captions));
        let like = near.iter().filter_map(|n| entity.properties.iter().find(|p| p.name == *n || p.caption == *n));
        let mut found: Vec<&Property> = Vec::new();
        for property in named.chain(called).chain(like) {
            if !found.iter().any(|known| known.name == property.name) {
                found.push(property);
            }
        }
        found
    }

    /// The best hits, best first; sets that have nothing to do with the words are left out.
    pub(crate) fn search(&self, words: &str, limit: usize) -> Vec<Hit> {
        let query = self.understand(words);
        let total: f64 = query.content.iter().map(|word| self.cost(word)).sum();
        if total == 0.0 {
            return Vec::new();
        }
        let mut scored: Vec<(f64, usize)> =
            self.documents.iter().enumerate().map(|(i, document)| (self.score(document, &query, total), i)).filter(|(score, _)| *score >= 0.05).collect();
        scored.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        scored.into_iter().take(limit).map(|(score, entity)| Hit { entity, score: Score::from_fraction(score / (1.0 + 2.0 * LONGER)) }).collect()
    }

    /// Stems of the query, with slips of the pen mended.
    fn understand(&self, words: &str) -> Phrase {
        let start: String = words.chars().take(2_000).collect();
        let mut phrase = Phrase::new(&start);
        phrase.all.truncate(MOST_WORDS);
        phrase.content.truncate(MOST_WORDS);
        for word in phrase.content.iter_mut().chain(phrase.all.iter_mut()) {
            if !self.vocabulary.contains(word)
                && let Some(meant) = self.mend(word)
            {
                *word = meant;
            }
        }
        phrase
    }

    fn mend(&self, word: &str) -> Option<String> {
        if word.len() < 4 || word.len() > 30 || is_filler(word) {
            return None;
        }
        let near = |known: &&String| known.len().abs_diff(word.len()) <= 1 && strsim::damerau_levenshtein(known, word) == 1;
        self.vocabulary.iter().filter(near).min().cloned()
    }

    fn score(&self, document: &Document, query: &Phrase, total: f64) -> f64 {
        let found: Vec<(&Phrase, Named)> = document.phrases.iter().filter_map(|p| Some((p, p.named_in(query)?))).collect();
        let longest = found.iter().map(|(_, named)| named.words).max().unwrap_or(0);
        let property = if longest > 0 { PROPERTY_OF } else { PROPERTY };
        let weight = |word: &String| {
            let named = found.iter().filter(|(phrase, _)| phrase.content.contains(word)).map(|(_, named)| named.weight);
            let described = document.described.contains(word).then_some(DESCRIBED);
            let owned = document.properties.contains(word).then_some(property);
            named.chain(described).chain(owned).fold(0.0, f64::max)
        };
        let reached: f64 = query.content.iter().map(|word| self.cost(word) * weight(word)).sum();
        if reached == 0.0 {
            return 0.0;
        }
        let longer = LONGER * longest.saturating_sub(1).min(MOST_LONGER) as f64;
        reached / total + longer + document.standing
    }

    /// How much a word of the query counts: the rarer, the more; unknown words count little.
    fn cost(&self, word: &str) -> f64 {
        let sets = self.documents.len() as f64;
        match self.frequency.get(word) {
            Some(known) => 1.0 + (1.0 + sets / *known as f64).ln() / 2.0,
            None if self.vocabulary.contains(word) => 1.0,
            None => UNKNOWN,
        }
    }
}

/// How far a query names a phrase.
struct Named {
    /// What each of the phrase's words in the query is worth.
    weight: f64,
    /// Words of the phrase, when all of it is named; 0 otherwise.
    words: usize,
}

impl Phrase {
    fn new(text: &str) -> Phrase {
        // "P&L" and "G/L" are one word each.
        let text = text.replace(['&', '/', '\''], "");
        let words = without_times(text::words(&text));
        let content = words.iter().filter(|w| !is_filler(w));
        Phrase { content: content.map(|w| text::stem(w)).collect(), all: words.iter().map(|w| text::stem(w)).collect() }
    }

    /// How far the query names this phrase; nothing where no word of it is there.
    fn named_in(&self, query: &Phrase) -> Option<Named> {
        let matched = self.content.iter().filter(|w| query.content.contains(w)).count();
        if matched == 0 {
            return None;
        }
        let part = matched as f64 / self.content.len() as f64;
        let stripped = self.content.len() < self.all.len() && !self.all.iter().all(|w| query.all.contains(w));
        Some(if matched < self.content.len() {
            Named { weight: PARTLY * part, words: 0 }
        } else if query.contains(self) {
            let whole = self.all.len() == query.all.len();
            Named { weight: NAMED, words: if whole { MOST_LONGER + 1 } else { self.all.len() } }
        } else if stripped {
            Named { weight: STRIPPED, words: 0 }
        } else {
            Named { weight: SCATTERED, words: self.content.len() }
        })
    }

    /// Whether the other phrase stands in this one word for word.
    fn contains(&self, other: &Phrase) -> bool {
        let length = other.all.len();
        length > 0 && self.all.windows(length).any(|window| window == other.all)
    }
}

/// Leaves out "last month" and the like: they say when, not what.
fn without_times(words: Vec<String>) -> Vec<String> {
    const WHICH: [&str; 6] = ["last", "this", "next", "previous", "past", "current"];
    const SPAN: [&str; 6] = ["day", "week", "month", "quarter", "year", "morning"];
    let time = |at: usize| {
        let word = |i: usize| words.get(i).map_or("", String::as_str);
        WHICH.contains(&word(at)) && SPAN.contains(&word(at + 1))
    };
    let keep = |at: &usize| !time(*at) && !at.checked_sub(1).is_some_and(time);
    (0..words.len()).filter(keep).filter_map(|at| words.get(at).cloned()).collect()
}

fn is_filler(word: &str) -> bool {
    static KNOWN: LazyLock<HashSet<&str>> = LazyLock::new(|| FILLERS.split_whitespace().collect());
    KNOWN.contains(word)
}

impl Document {
    fn new(entity: &Entity, language: &Language) -> Document {
        let synonyms = language.sets.get(&entity.set).into_iter().flatten();
        let names = [&entity.title, &entity.singular, &entity.set, &entity.name];
        let phrases = names.into_iter().chain(synonyms).map(|t| Phrase::new(t));
        let properties = entity.properties.iter().flat_map(|property| {
            let synonyms = language.properties.get(&property.name).into_iter().flatten();
            [&property.name, &property.caption].into_iter().chain(synonyms)
        });
        Document {
            phrases: phrases.filter(|p| !p.content.is_empty()).collect(),
            described: Phrase::new(&entity.description).content.into_iter().collect(),
            properties: properties.flat_map(|t| Phrase::new(t).content).collect(),
            standing: if entity.list_needs_parent { 0.0 } else { 0.005 },
        }
    }
}

#[cfg(test)]
#[path = "search_tests.rs"]
mod tests;
