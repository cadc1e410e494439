//! Fields and their values in free English: "named Harbor Lights Ltd in Bergen with payment terms 14 days, phone ...".

use jiff::civil::Date;

use super::dates::date_at;
use super::intent::{Given, Target};
use super::numbers::number_at;
use super::vocabulary::{Fields, Noun};
use super::words::Words;
use crate::model::facts::{self, Facts, Kind, Property};
use crate::model::json::Json;

/// A place where a field is named: its property, and where its value may begin.
struct Marker {
    property: &'static Property,
    from: usize,
    value: usize,
}

/// Reads the fields of a record to be made from the words of a range. Words before the first field are its name.
pub(crate) fn read(words: &Words, facts: &'static Facts, from: usize, to: usize) -> Vec<Given> {
    let fields = Fields::of(facts);
    let mut markers: Vec<Marker> = Vec::new();
    let mut index = from;
    while index < to {
        match marker_at(words, facts, &fields, index, from, &markers) {
            Some(marker) => {
                index = marker.value.max(index + 1);
                markers.push(marker);
            }
            None => index += 1,
        }
    }
    let mut given = Vec::new();
    let first = markers.first().map_or(to, |marker| marker.from);
    let lead = words.slice(from, first);
    if !lead.is_empty()
        && let Some(property) = facts.property("displayName").or_else(|| facts.property("code"))
        && !markers.iter().any(|marker| marker.property == property)
    {
        given.push(Given { property, words: lead });
    }
    for (at, marker) in markers.iter().enumerate() {
        let end = markers.get(at + 1).map_or(to, |next| next.from);
        push(&mut given, facts, marker.property, words.slice(marker.value, end));
    }
    given
}

/// Keeps a value; "Bergen, Norway" is a town and a country.
fn push(given: &mut Vec<Given>, facts: &'static Facts, property: &'static Property, value: String) {
    if value.is_empty() {
        return;
    }
    if property.name == "city"
        && let Some((city, country)) = value.split_once(',')
        && let Some(country_property) = facts.property("country")
    {
        given.push(Given { property, words: city.trim().to_owned() });
        given.push(Given { property: country_property, words: country.trim().to_owned() });
        return;
    }
    given.push(Given { property, words: value });
}

fn marker_at(words: &Words, facts: &'static Facts, fields: &Fields, index: usize, from: usize, before: &[Marker]) -> Option<Marker> {
    let marker = |property: &'static Property, value: usize| Some(Marker { property, from: index, value });
    if words.is(index, &["named", "called"]) {
        return marker(facts.property("displayName")?, index + 1);
    }
    let after_separator = index == from
        || words.is(index - 1, &[",", ";", "and", "with", "its", "their", "the", "a", "an", "has", "is", "to", "(", "\n", ".", "of"])
        || before.iter().any(|marker| marker.value == index);
    if let Some((property, used)) = fields.at(words, index) {
        let colon = words.is(index + used, &[":", "="]);
        // A capital inside a name ("Price Brothers") is part of the name, not a field.
        if (!words.capital(index) || after_separator || colon) && (index != from || colon || has_value_word(words, index + used)) {
            return marker(property, value_start(words, index + used));
        }
    }
    // An address in the middle of a list of fields needs no name.
    if after_separator && words.list[index].text.contains('@') && words.list[index].text.contains('.') {
        return marker(facts.property("email")?, index);
    }
    // Written without capitals, "harbor lights ltd in bergen" is still a name and a town.
    let small_letters = index > from && words.is(index, &["in", "from"]) && !words.capital(index - 1) && !words.is(index - 1, &["named", "called"]);
    let before_place = words.is(index, &["in", "from", "at"]) && words.capital(index + 1) || small_letters && index + 1 < words.len();
    let located = before_place || words.is(index, &["located", "based"]) && words.is(index + 1, &["in", "at"]);
    if located && !before.iter().any(|marker| marker.property.name == "city") {
        let value = if words.is(index, &["in", "from", "at"]) { index + 1 } else { index + 2 };
        return marker(facts.property("city")?, value);
    }
    None
}

fn has_value_word(words: &Words, index: usize) -> bool {
    index < words.len() && !words.is(index, &["and", ",", "."])
}

/// The first word of a value, after "of", "is", "to", ":".
pub(crate) fn value_start(words: &Words, mut index: usize) -> usize {
    while words.is(index, &["of", "is", "are", "to", "=", ":", "as", "at", "be", "becomes", "into"]) {
        index += 1;
    }
    index
}

/// A value as Business Central wants it, where no look-up is needed; `Err` says why it cannot be one.
pub(crate) fn literal(given: &Given, today: Date) -> Result<Json, String> {
    let words = Words::of(&given.words);
    let unfit = |what: &str| format!("I could not read “{}” as {what} for the {}.", given.words, super::vocabulary::label(&given.property.name));
    match &given.property.kind {
        Kind::Number => number_at(&words, 0).map(|(digits, _)| Json::Number(digits)).ok_or_else(|| unfit("a number")),
        Kind::Date | Kind::DateTime => date_at(&words, 0, today).map(|(date, _)| Json::from(date.to_string())).ok_or_else(|| unfit("a date")),
        Kind::Bool => match words.low(0) {
            "yes" | "true" | "on" => Ok(Json::Bool(true)),
            "no" | "false" | "off" => Ok(Json::Bool(false)),
            _ => Err(unfit("yes or no")),
        },
        Kind::Choice(members) => {
            let wanted = if words.is(0, &["none", "no", "nothing"]) { " ".to_owned() } else { given.words.to_lowercase() };
            let member = members.iter().find(|member| member.to_lowercase() == wanted || member.to_lowercase() == wanted.trim_end());
            member.map(|member| Json::from(member.as_str())).ok_or_else(|| {
                let choices: Vec<&str> = members.iter().map(|member| member.trim()).filter(|member| !member.is_empty()).collect();
                format!("“{}” is no {}: it can be {}.", given.words, super::vocabulary::label(&given.property.name), choices.join(", "))
            })
        }
        Kind::Text | Kind::Guid | Kind::Other => Ok(Json::from(given.words.as_str())),
    }
}

/// The records that a range names: "Fjordlys and Nordlys", "10020, 10030", "it", "the second one". A name with an
/// "and" in it is given whole first, then in its parts: the look-up decides.
pub(crate) fn targets(words: &Words, from: usize, to: usize) -> Vec<Target> {
    let (mut from, to) = words.trim(from, to);
    while from < to && words.is(from, &["of", "for", "on", "both", "all", "no", "no.", "number", "named", "called", "#"]) {
        from += 1;
    }
    if from >= to {
        return Vec::new();
    }
    if let Some(target) = reference(words, from, to) {
        return vec![target];
    }
    let mut parts = Vec::new();
    let mut start = from;
    for index in from..=to {
        if index == to || words.is(index, &["and", ",", ";"]) {
            let term = words.slice(start, index);
            if !term.is_empty() {
                parts.push(Target::Term(term));
            }
            start = index + 1;
        }
    }
    parts
}

/// "it", "that customer", "the second one", "the last one".
pub(crate) fn reference(words: &Words, from: usize, to: usize) -> Option<Target> {
    let mut at = from;
    if words.is(at, &["it", "him", "her", "them", "its", "their", "this", "that", "these", "those"]) {
        let word = words.low(at);
        let pronoun = matches!(word, "it" | "him" | "her" | "them" | "its" | "their");
        let noun = words.is(at + 1, &["one"]) || super::vocabulary::noun_at(words, at + 1).is_some();
        return (to - from == 1 || !pronoun && noun).then_some(Target::Last);
    }
    if words.is(at, &["the"]) {
        at += 1;
    }
    let row = match words.low(at) {
        "first" | "1st" => 1,
        "second" | "2nd" => 2,
        "third" | "3rd" => 3,
        "fourth" | "4th" => 4,
        "fifth" | "5th" => 5,
        "last" => 0,
        "same" => return (to <= at + 2).then_some(Target::Last),
        _ => return None,
    };
    let rest = at + 1;
    let ends = rest >= to || words.is(rest, &["one"]) && rest + 1 >= to || super::vocabulary::noun_at(words, rest).is_some_and(|noun| noun.to >= to);
    ends.then_some(Target::Row(row))
}

/// The sets in which a record with these properties may be when no set was named.
pub(crate) fn likely_sets(noun: Option<Noun>, properties: &[&str]) -> Vec<&'static Facts> {
    if let Some(noun) = noun {
        return vec![noun.facts];
    }
    let having = |sets: &[&str]| -> Vec<&'static Facts> {
        sets.iter().filter_map(|set| facts::of(set)).filter(|facts| properties.iter().all(|name| facts.has(name))).collect()
    };
    // Every customer has a contact of the same name: contacts are meant only where nothing else can be.
    let parties = having(&["customers", "vendors", "items"]);
    if parties.is_empty() { having(&["contacts"]) } else { parties }
}
