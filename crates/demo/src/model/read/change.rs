//! Making, changing and deleting records.

use super::fields::{self, likely_sets, reference, targets, value_start};
use super::intent::{Create, Decided, Delete, Given, Intent, Target, Update};
use super::vocabulary::{Fields, Noun, noun_at, noun_from};
use super::words::Words;
use crate::model::facts::{self, Facts};

/// "Create a customer named Harbor Lights Ltd in Bergen with payment terms 14 days".
pub(super) fn create(words: &Words, start: usize) -> Option<Intent> {
    let verb = words.is(start, &["create", "add", "make", "register", "enter", "new", "open"]) || words.starts_at(start, &["set", "up"]);
    if !verb {
        return None;
    }
    let mut from = start + if words.starts_at(start, &["set", "up"]) { 2 } else { 1 };
    while words.is(from, &["a", "an", "the", "new", "another", "one", "two", "three", "some", "me", "us", "following", "these"]) {
        from += 1;
    }
    let noun = noun_at(words, from)?;
    let mut after = noun.to;
    while words.is(after, &[":", ",", "record", "card"]) {
        after += 1;
    }
    let (to, decided) = decided(words, after);
    let values = fields::read(words, noun.facts, after, to);
    let records = if noun.plural { split_names(values) } else { vec![values] };
    Some(Intent::Create(Create { facts: noun.facts, records, decided }))
}

/// "… as one change set": where the rest ends, and what was asked for.
fn decided(words: &Words, from: usize) -> (usize, Decided) {
    let Some(set) = words.find(from, &["change", "set"]).filter(|set| words.is(set - 1, &["one", "a", "single"])) else {
        return (words.len(), Decided::InOneTurn);
    };
    let mut to = set;
    while to > from && words.is(to - 1, &["one", "a", "single", "as", "in", "under", "into", ","]) {
        to -= 1;
    }
    (to, Decided::AsOneSet)
}

/// "customers named A and B in Bergen": one record for each name, the other fields for all.
fn split_names(values: Vec<Given>) -> Vec<Vec<Given>> {
    let Some(name) = values.iter().position(|given| matches!(given.property.name.as_str(), "displayName" | "code")) else {
        return vec![values];
    };
    let words = Words::of(&values[name].words);
    let names = targets(&words, 0, words.len());
    let renamed = |term: String| {
        let mut record = values.clone();
        record[name].words = term;
        record
    };
    names.into_iter().filter_map(|target| if let Target::Term(term) = target { Some(renamed(term)) } else { None }).collect()
}

/// "delete customer X", "remove the second one".
pub(super) fn delete(words: &Words, start: usize) -> Option<Intent> {
    if !words.is(start, &["delete", "remove", "erase"]) {
        return None;
    }
    let (mut from, to) = (start + 1, words.trim(start, words.len()).1);
    if let Some(target) = reference(words, from, to) {
        return Some(Intent::Delete(Delete { sets: named_set(words, from), targets: vec![target] }));
    }
    while words.is(from, &["the", "our", "both", "all"]) {
        from += 1;
    }
    let noun = noun_at(words, from);
    let targets = targets(words, noun.map_or(from, |noun| noun.to), to);
    (!targets.is_empty()).then(|| Intent::Delete(Delete { sets: likely_sets(noun, &[]), targets }))
}

/// The set that a reference names ("that customer"); "it" may be of any.
fn named_set(words: &Words, from: usize) -> Vec<&'static Facts> {
    noun_from(words, from).map(|noun| noun.facts).into_iter().collect()
}

/// "change the credit limit of Fjordlys AS to 75,000 and its payment terms to 30 days", "rename customer X to Y",
/// "block customer X", "set Fjordlys's phone to ...".
pub(super) fn update(words: &Words, start: usize) -> Option<Intent> {
    blocking(words, start).or_else(|| rename(words, start)).or_else(|| {
        let start = if words.is(start, &["for"]) {
            start
        } else {
            start
                + usize::from(words.is(
                    start,
                    &[
                        "change", "update", "set", "increase", "decrease", "reduce", "raise", "lower", "edit", "modify", "correct", "give", "adjust", "put",
                        "fix",
                    ],
                ))
        };
        let changes = start > 0
            && words.is(
                start - 1,
                &["change", "update", "set", "increase", "decrease", "reduce", "raise", "lower", "edit", "modify", "correct", "give", "adjust", "put", "fix"],
            );
        let for_first = words.is(start, &["for"]) && (start..words.len()).any(|index| words.is(index, &["set", "change", "update"]));
        (changes || for_first).then(|| assignments(words, start)).flatten()
    })
}

fn blocking(words: &Words, start: usize) -> Option<Intent> {
    let block = match words.low(start) {
        "block" => true,
        "unblock" => false,
        _ => return None,
    };
    let from = start + 1 + usize::from(words.is(start + 1, &["the"]));
    let noun = noun_at(words, from);
    let sets = likely_sets(noun, &["blocked"]);
    let property = sets.first()?.property("blocked")?;
    let value = match (&property.kind, block) {
        (facts::Kind::Bool, true) => "yes",
        (facts::Kind::Bool, false) => "no",
        (_, true) => "All",
        (_, false) => "none",
    };
    let targets = targets(words, noun.map_or(from, |noun| noun.to), words.len());
    let sets = if noun.is_none() { sets.into_iter().filter(|facts| facts.set != "items").collect() } else { sets };
    (!targets.is_empty()).then(|| Intent::Update(Update { sets, targets, values: vec![Given { property, words: value.to_owned() }] }))
}

fn rename(words: &Words, start: usize) -> Option<Intent> {
    if !words.is(start, &["rename"]) {
        return None;
    }
    let from = start + 1 + usize::from(words.is(start + 1, &["the"]));
    let to = (from..words.len()).find(|index| words.is(*index, &["to", "as", "into"]))?;
    let noun = noun_at(words, from);
    let sets = likely_sets(noun, &["displayName"]);
    let property = sets.first()?.property("displayName")?;
    let targets = targets(words, noun.map_or(from, |noun| noun.to), to);
    let value = words.slice(to + 1, words.len());
    (!targets.is_empty() && !value.is_empty()).then(|| Intent::Update(Update { sets, targets, values: vec![Given { property, words: value }] }))
}

/// A field in a sentence: where it is named and where its value may begin.
struct Place {
    property: &'static facts::Property,
    from: usize,
    to: usize,
}

fn assignments(words: &Words, start: usize) -> Option<Intent> {
    let nouns = ["customers", "vendors", "items", "contacts", "salesOrders", "salesInvoices", "salesQuotes", "purchaseOrders", "purchaseInvoices"];
    let noun = singular_noun(words, start);
    let candidates: Vec<&'static Facts> = match noun {
        Some(noun) => vec![noun.facts],
        None => nouns.into_iter().filter_map(facts::of).collect(),
    };
    candidates.into_iter().find_map(|facts| assigned(words, start, facts, noun))
}

/// A noun that names the record rather than a part of a field ("payment terms" is no noun here).
fn singular_noun(words: &Words, start: usize) -> Option<Noun> {
    (start..words.len()).filter_map(|index| noun_at(words, index)).find(|noun| {
        [
            "customers",
            "vendors",
            "items",
            "contacts",
            "salesOrders",
            "salesInvoices",
            "salesQuotes",
            "purchaseOrders",
            "purchaseInvoices",
            "locations",
            "employees",
            "projects",
        ]
        .contains(&noun.facts.set.as_str())
            || noun.from == start && !noun.plural
            || words.is(noun.from.saturating_sub(1), &["of", "for"])
    })
}

fn assigned(words: &Words, start: usize, facts: &'static Facts, noun: Option<Noun>) -> Option<Intent> {
    let places = places(words, start, facts, noun);
    let first = places.first()?;
    let end = words.len();
    let mut target = (0, 0);
    let mut values = Vec::new();
    for (at, place) in places.iter().enumerate() {
        let next = places.get(at + 1).map_or(end, |next| next.from);
        let mut from = place.to;
        if at == 0
            && words.is(from, &["of", "for", "on"])
            && let Some(to) = divider(words, from, next)
        {
            target = (from + 1, to);
            from = to;
        }
        let value = words.slice(value_start(words, from), next);
        if value.is_empty() {
            return None;
        }
        values.push(Given { property: place.property, words: value });
    }
    if target == (0, 0) {
        target = (start, first.from);
    }
    let (mut from, mut to) = target;
    while words.is(from, &["for", "the", "of", "our", "a", "an", "on"]) && !is_reference(words, from, to) {
        from += 1;
    }
    while to > from && words.is(to - 1, &["'s", ",", ":", "set", "change", "update", "the", "a", "an", "with", "to", "have", "and"]) {
        to -= 1;
    }
    let that = words.is(from, &["that", "this"]);
    let from = noun.filter(|noun| !that && noun.from >= from && noun.to <= to && noun.from == from).map_or(from, |noun| noun.to);
    let targets = targets(words, from, to);
    let targets = if targets.is_empty() && words.is(start, &["its", "their"]) { vec![Target::Last] } else { targets };
    let names: Vec<&str> = values.iter().map(|given| given.property.name.as_str()).collect();
    let sets = if noun.is_some() || !facts.has("displayName") { vec![facts] } else { likely_sets(None, &names) };
    (!targets.is_empty()).then_some(Intent::Update(Update { sets, targets, values }))
}

fn is_reference(words: &Words, from: usize, to: usize) -> bool {
    reference(words, from, words.trim(from, to).1).is_some()
}

/// Where the target ends and the value begins: "of X to 75,000", "of X = 5".
fn divider(words: &Words, from: usize, next: usize) -> Option<usize> {
    (from..next).rev().find(|index| words.is(*index, &["to", "=", ":", "as", "at", "is", "be"]))
}

fn places(words: &Words, start: usize, facts: &'static Facts, noun: Option<Noun>) -> Vec<Place> {
    let fields = Fields::of(facts);
    let mut places: Vec<Place> = Vec::new();
    let mut index = start;
    while index < words.len() {
        let in_noun = noun.is_some_and(|noun| (noun.from..noun.to).contains(&index));
        let starts =
            index == start || places.is_empty() || words.is(index - 1, &["and", ",", ";", "its", "their", "the", "with", "to", "set", "change", "'s", "\n"]);
        match fields.at(words, index) {
            Some((property, used)) if !in_noun && starts && (index == start || !words.capital(index)) && !property.read_only && index + used < words.len() => {
                places.push(Place { property, from: index, to: index + used });
                index += used;
            }
            _ => index += 1,
        }
    }
    places
}
