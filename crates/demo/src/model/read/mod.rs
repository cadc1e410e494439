//! From English to an [`Intent`]. A pure function of the message and the day; it knows no record.

mod change;
mod dates;
mod document;
mod fields;
mod figures;
mod intent;
mod numbers;
mod query;
mod show;
mod vocabulary;
mod words;

use jiff::civil::Date;

pub(crate) use fields::{literal, reference};
pub(crate) use intent::{
    Act, Comparison, Condition, Create, Decided, Delete, Direction, Document, Given, Intent, Line, Literal, Onboard, Query, Schema, Shape, Show, Target, Update,
};
pub(crate) use vocabulary::label;
pub(crate) use words::{Words, stem};

use vocabulary::noun_from;

/// Understands a message, or says with [`Intent::Unknown`] that it does not.
pub(crate) fn read(message: &str, today: Date) -> Intent {
    let words = Words::of(message);
    let start = after_politeness(&words);
    if let Some(intent) = small_talk(&words, start) {
        return intent;
    }
    onboard(&words, start)
        .or_else(|| month_end(&words))
        .or_else(|| schema(&words, start))
        .or_else(|| document::action(&words, start))
        .or_else(|| document::create(&words, start))
        .or_else(|| change::create(&words, start))
        .or_else(|| change::delete(&words, start))
        .or_else(|| change::update(&words, start))
        .or_else(|| show::read(&words, start, today))
        .or_else(|| small_talk(&words, 0))
        .unwrap_or(Intent::Unknown)
}

/// Understands a message that may ask for several things one after the other: "create ..., then make a quote for it".
/// Only where every part is understood on its own is it taken apart.
pub(crate) fn read_all(message: &str, today: Date) -> Vec<Intent> {
    let words = Words::of(message);
    let mut parts = Vec::new();
    let mut start = 0;
    let mut index = 0;
    while index < words.len() {
        let separators: [&[&str]; 5] = [&[",", "and", "then"], &["and", "then"], &[",", "then"], &["then"], &[";"]];
        let sentence = words.is(index, &[".", "!"]) && words.capital(index + 1);
        let used = separators.iter().find(|separator| words.starts_at(index, separator)).map(|separator| separator.len()).or(sentence.then_some(1));
        if let Some(used) = used.filter(|_| index > start) {
            parts.push(words.slice(start, index));
            start = index + used;
            index = start;
        } else {
            index += 1;
        }
    }
    parts.push(words.slice(start, words.len()));
    let intents: Vec<Intent> = parts
        .iter()
        .filter(|part| !part.is_empty())
        .map(|part| read(part, today))
        .filter(|intent| !matches!(intent, Intent::Greeting | Intent::Thanks))
        .collect();
    let each = |intent: &Intent| !matches!(intent, Intent::Unknown | Intent::Help | Intent::Again);
    if intents.len() > 1 && intents.iter().all(each) { intents } else { vec![read(message, today)] }
}

/// The first word that is not a courtesy.
fn after_politeness(words: &Words) -> usize {
    const COURTESIES: &[&[&str]] = &[
        &["please"],
        &["can", "you"],
        &["could", "you"],
        &["would", "you"],
        &["will", "you"],
        &["can", "i"],
        &["i", "want", "you", "to"],
        &["i", "want", "to"],
        &["i", "would", "like", "to"],
        &["i'd", "like", "to"],
        &["i", "need", "to"],
        &["i", "need", "you", "to"],
        &["we", "need", "to"],
        &["let", "us"],
        &["let's"],
        &["help", "me"],
        &["hey"],
        &["hi"],
        &["hello"],
        &["ok"],
        &["okay"],
        &["now"],
        &["then"],
        &["and"],
        &["also"],
        &["so"],
        &["great"],
        &["good", "morning"],
        &["go", "ahead", "and"],
        &[","],
        &["."],
        &["!"],
        &["kindly"],
        &["just"],
        &["yes"],
        &["thanks"],
        &["thank", "you"],
    ];
    let mut index = 0;
    while let Some(courtesy) = COURTESIES.iter().find(|courtesy| words.starts_at(index, courtesy)) {
        if index + courtesy.len() >= words.len() {
            break;
        }
        index += courtesy.len();
    }
    index
}

fn small_talk(words: &Words, start: usize) -> Option<Intent> {
    if words.len() == 0 {
        return Some(Intent::Help);
    }
    let rest: Vec<&str> = (start..words.len()).map(|index| words.low(index)).filter(|word| !matches!(*word, "." | "!" | "?" | ",")).collect();
    let short = rest.len() <= 4;
    Some(match words.low(start) {
        "hi" | "hello" | "hey" | "morning" | "good" if short && noun_from(words, start).is_none() => Intent::Greeting,
        "thanks" | "thank" | "thx" | "cheers" | "great" | "perfect" if short => Intent::Thanks,
        "help" | "examples" if rest.len() <= 2 => Intent::Help,
        "again" | "retry" if rest.len() <= 2 => Intent::Again,
        "try" | "do" if matches!(rest.as_slice(), ["try", "again"] | ["do", "it", "again"] | ["try", "it", "again"] | ["try", "that", "again"]) => {
            Intent::Again
        }
        "what" | "who" | "how"
            if matches!(rest.as_slice(), ["what", "can", ..] | ["who", "are", "you"] | ["what", "are", "you"] | ["how", "do", "you", "work"])
                && noun_from(words, start).is_none() =>
        {
            Intent::Help
        }
        _ => return None,
    })
}

fn onboard(words: &Words, start: usize) -> Option<Intent> {
    let verb = words.is(start, &["onboard", "on-board"]) || words.starts_at(start, &["set", "up", "a", "new", "customer"]);
    verb.then(|| document::onboard(words, start + 1)).flatten()
}

fn month_end(words: &Words) -> Option<Intent> {
    let close = words.find(0, &["month", "end"]).or_else(|| words.find(0, &["month-end"])).or_else(|| words.find(0, &["end", "of", "month"]));
    let closing = words
        .find(0, &["close", "the", "month"])
        .or_else(|| words.find(0, &["closing", "the", "month"]))
        .or_else(|| words.find(0, &["end", "of", "the", "month"]));
    (close.is_some() || closing.is_some()).then_some(Intent::MonthEnd)
}

/// "what fields does a vendor have?", "which actions are there on a sales order?", "where do I find unpaid bills?"
fn schema(words: &Words, start: usize) -> Option<Intent> {
    let about = ["fields", "field", "properties", "columns", "schema", "attributes", "actions"];
    let named = (start..words.len()).any(|index| words.is(index, &about));
    if named && let Some(noun) = noun_from(words, start) {
        return Some(Intent::Schema(Schema::Of(noun.facts)));
    }
    let describes = words.is(start, &["describe", "explain"])
        || words.starts_at(start, &["what", "can", "i", "do", "with"])
        || words.starts_at(start, &["what", "is", "a"])
        || words.starts_at(start, &["what", "is", "an"]);
    if describes && let Some(noun) = noun_from(words, start).filter(|noun| !noun.plural || words.is(start, &["describe", "explain", "what"])) {
        let after_is_end = noun.to >= words.len() || words.is(noun.to, &["?", ".", "!"]);
        return after_is_end.then_some(Intent::Schema(Schema::Of(noun.facts)));
    }
    let searches = words.starts_at(start, &["where"])
        || words.starts_at(start, &["which", "entity"])
        || words.starts_at(start, &["which", "set"])
        || words.starts_at(start, &["which", "entities"]);
    searches.then(|| Intent::Schema(Schema::Search(words.slice(start, words.len()))))
}

#[cfg(test)]
#[path = "read_tests.rs"]
mod tests;
