//! Finding the records that a person means by a number, a code or a name.

use std::collections::BTreeSet;

use super::{Flow, Replay, Step, Todos, Turn, refer};
use crate::model::answer;
use crate::model::conversation::Call;
use crate::model::facts::{self, Facts};
use crate::model::json::{Json, object};
use crate::model::read::{Target, Words, reference, stem};

/// The question that ends an answer when a name fits several records.
pub(crate) const WHICH: &str = "Which one do you mean?";

/// A record that was found.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub(crate) facts: &'static Facts,
    pub(crate) id: String,
    pub(crate) row: Json,
}

impl Found {
    /// A row of a set; `None` when the row has no id or the set is unknown.
    pub(crate) fn of(set: &str, row: &Json) -> Option<Self> {
        let id = row.text_at("id");
        Some(Self { facts: facts::of(set)?, id: id.to_owned(), row: row.clone() }).filter(|_| !id.is_empty())
    }

    /// "Fjordlys AS (10020)" or what there is.
    pub(crate) fn title(&self) -> String {
        answer::title(&self.row)
    }
}

/// Something to find: the sets where it may be, and what the person called it.
#[derive(Debug, Clone)]
pub(crate) struct Want {
    pub(crate) sets: Vec<&'static Facts>,
    pub(crate) target: Target,
    /// Only documents with this status, where they are found by a name.
    pub(crate) status: Option<&'static str>,
}

impl Want {
    pub(crate) fn one(facts: &'static Facts, target: Target) -> Self {
        Self { sets: vec![facts], target, status: None }
    }

    /// A row of a code table by the words for it.
    pub(crate) fn code(set: &str, words: &str) -> Option<Self> {
        Some(Self::one(facts::of(set)?, Target::Term(words.to_owned())))
    }
}

/// Sets so small that they are read whole and compared here.
const SMALL: &[&str] = &["paymentTerms", "paymentMethods", "shipmentMethods", "itemCategories", "unitsOfMeasure", "locations", "salespeoplePurchasers"];

/// The reads that find what is wanted, to be sent in one turn.
pub(crate) fn queries(want: &Want) -> Vec<(&'static str, Json)> {
    let Target::Term(term) = &want.target else { return Vec::new() };
    want.sets.iter().map(|facts| ("bc_query_entities", query(facts, term, want.status))).collect()
}

fn query(facts: &Facts, term: &str, status: Option<&str>) -> Json {
    let mut entries = vec![("entity".to_owned(), Json::from(facts.set.as_str()))];
    if !SMALL.contains(&facts.set.as_str()) {
        let mut filter = filter(facts, term);
        if let Some(status) = status.filter(|_| !looks_like_number(term) && facts.has("status")) {
            filter = format!("({filter}) and status eq {}", quoted(status));
        }
        entries.push(("filter".to_owned(), Json::from(filter)));
    }
    entries.push(("select".to_owned(), Json::List(answer::identity(facts).into_iter().map(Json::from).collect())));
    entries.push(("top".to_owned(), Json::from(if SMALL.contains(&facts.set.as_str()) { 200 } else { 50 })));
    Json::Object(entries)
}

/// By number where the term looks like one, else by the name, written in the ways people write it: Business Central
/// compares with case, and joins only conditions on one property by "or".
fn filter(facts: &Facts, term: &str) -> String {
    let key = if facts.has("number") { "number" } else { "code" };
    let name = ["displayName", "customerName", "vendorName", "description"].into_iter().find(|name| facts.has(name));
    let codes = facts.has("code") && term.len() <= 3;
    match name {
        Some(name) if !(looks_like_number(term) || codes) => {
            let wanted = if facts.set == "items" { distinctive(term) } else { term.to_owned() };
            let any = spellings(&wanted).into_iter().map(|spelling| format!("contains({name},{})", quoted(&spelling)));
            any.collect::<Vec<_>>().join(" or ")
        }
        // People leave out the prefix of a document's number: "order 101003" for S-ORD101003.
        _ if facts.lines().is_some() && term.chars().all(|c| c.is_ascii_digit()) => {
            format!("{key} eq {} or endswith({key},{})", quoted(term), quoted(term))
        }
        _ => format!("{key} eq {}", quoted(&term.to_uppercase())),
    }
}

/// A literal of a filter.
pub(crate) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A number of a record: digits without a blank, alone, with capitals ("1900-S"), or after a prefix ("s-ord101003").
pub(crate) fn looks_like_number(term: &str) -> bool {
    let digits = term.chars().rev().take_while(char::is_ascii_digit).count();
    let capitals = !term.chars().any(char::is_lowercase);
    !term.contains(char::is_whitespace) && term.contains(|c: char| c.is_ascii_digit()) && (capitals || digits >= 4)
}

/// The word of an item's name that says most: one in capitals, else the longest, without a plural ending.
fn distinctive(term: &str) -> String {
    let words: Vec<&str> = term.split_whitespace().collect();
    let capitals = words.iter().find(|word| word.len() > 2 && word.chars().all(|c| c.is_uppercase() || !c.is_alphabetic()));
    let longest = words.iter().rev().max_by_key(|word| word.len());
    let word = capitals.or(longest).copied().unwrap_or(term);
    let cut = stem(word);
    word.get(..cut.len()).filter(|start| start.to_lowercase() == cut).unwrap_or(word).to_owned()
}

/// As written, in lower case, with capitals at each word, all in capitals.
pub(crate) fn spellings(text: &str) -> Vec<String> {
    let capitalised = |word: &str| {
        let mut chars = word.chars();
        chars.next().map(|first| first.to_uppercase().collect::<String>() + chars.as_str()).unwrap_or_default()
    };
    let titled = text.to_lowercase().split(' ').map(capitalised).collect::<Vec<_>>().join(" ");
    let mut seen = BTreeSet::new();
    let all = [text.to_owned(), text.to_lowercase(), titled, text.to_uppercase()];
    all.into_iter().filter(|spelling| seen.insert(spelling.clone())).collect()
}

/// What a search gave.
#[derive(Debug)]
pub(crate) enum Search {
    One(Box<Found>),
    None,
    Several(Vec<Found>),
}

/// Picks the best match among the rows that came back for one want.
pub(crate) fn pick(term: &str, results: &[Call]) -> Search {
    let mut scored: Vec<(u32, Found)> = Vec::new();
    for call in results {
        let set = call.input.text_at("entity");
        let rows = call.result.items_at("rows");
        scored.extend(rows.iter().filter_map(|row| Some((score(term, row), Found::of(set, row)?))).filter(|(score, _)| *score > 0));
    }
    let best = scored.iter().map(|(score, _)| *score).max().unwrap_or(0);
    let mut found: Vec<Found> = scored.into_iter().filter(|(score, _)| *score == best).map(|(_, found)| found).collect();
    match found.len() {
        0 => Search::None,
        1 => Search::One(Box::new(found.remove(0))),
        _ => Search::Several(found),
    }
}

/// How well a row fits the words for it: 0 not at all.
fn score(term: &str, row: &Json) -> u32 {
    let names: Vec<String> =
        ["number", "code", "displayName", "customerName", "vendorName", "description"].iter().map(|key| row.text_at(key).to_lowercase()).collect();
    let term = term.to_lowercase();
    if names.contains(&term) {
        return 100;
    }
    let stems = |text: &str| text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(stem).collect::<BTreeSet<_>>();
    let wanted = stems(&term);
    let have = stems(&names.join(" "));
    let whole = names.iter().any(|name| stems(name) == wanted);
    let starts = names.iter().any(|name| !name.is_empty() && name.starts_with(&term));
    let covers = names.iter().any(|name| !name.is_empty() && !stems(name).is_empty() && stems(name).is_subset(&wanted));
    match () {
        () if wanted.is_empty() => 0,
        () if whole => 90,
        () if wanted.is_subset(&have) => {
            if starts {
                70
            } else {
                60
            }
        }
        () if formula(&term).is_some_and(|formula| row.text_at("dueDateCalculation").eq_ignore_ascii_case(&formula)) => 80,
        () if starts => 50,
        () if names.iter().any(|name| name.contains(&term)) => 40,
        () if covers => 30,
        () => 0,
    }
}

/// "14 days" as Business Central writes it in a due date formula: "14D".
fn formula(term: &str) -> Option<String> {
    let words: Vec<&str> = term.split_whitespace().filter(|word| *word != "net").collect();
    let [count, unit] = words.as_slice() else { return None };
    let unit = ["day", "week", "month", "year"].into_iter().find(|name| stem(unit) == *name)?;
    let _: u32 = count.parse().ok()?;
    Some(format!("{count}{}", unit.get(..1)?))
}

/// Finds everything that is wanted, with the first reads of the given turn; ends the run with a question or an
/// explanation where something is not there or not clear.
pub(crate) fn find(replay: &mut Replay<'_>, mut todos: Option<&mut Todos>, wants: &[Want], mut turn: Turn) -> Flow<Vec<Found>> {
    if wants.is_empty() && todos.is_none() {
        return Ok(Vec::new());
    }
    if let Some(todos) = todos.as_deref_mut() {
        let (tool, input) = todos.at(0);
        turn = turn.call(tool, input);
    }
    let closing = if todos.is_some() { " Nothing was changed." } else { "" };
    let skipped = turn.calls.len();
    let turn = turn.calls(wants.iter().flat_map(queries));
    let results = replay.turn(turn)?;
    let mut rest = &results[skipped..];
    let mut found: Vec<Option<Found>> = Vec::new();
    let mut second = Vec::new();
    for (at, want) in wants.iter().enumerate() {
        let (mine, others) = rest.split_at(queries(want).len());
        rest = others;
        if let Some(refused) = mine.iter().find(|call| call.failed) {
            return Err(Step::say(answer::refused(refused)));
        }
        match &want.target {
            Target::Term(term) => match chosen(replay, pick(term, mine)) {
                Search::One(one) => found.push(Some(*one)),
                // A name may look like a number ("3M"), a number like a name: the other way round before giving up.
                Search::None if looks_like_number(term) && want.sets.iter().any(|facts| facts.has("displayName") && !SMALL.contains(&facts.set.as_str())) => {
                    found.push(None);
                    second.push(at);
                }
                Search::None => return Err(absent(want, term, closing)),
                Search::Several(several) => return Err(which(term, &several, closing)),
            },
            target => match refer::resolve(replay, target, &want.sets) {
                Some(one) => found.push(Some(one)),
                None => return Err(Step::say("I do not know which record you mean: nothing in this conversation fits. Please give its name or number.")),
            },
        }
    }
    if !second.is_empty() {
        by_name(replay, wants, &second, &mut found, closing)?;
    }
    Ok(found.into_iter().flatten().collect())
}

fn by_name(replay: &mut Replay<'_>, wants: &[Want], second: &[usize], found: &mut [Option<Found>], closing: &str) -> Flow<()> {
    for at in second {
        let Target::Term(term) = &wants[*at].target else { continue };
        let named = wants[*at].sets.iter().filter(|facts| facts.has("displayName"));
        let turn = named.fold(Turn::new(format!("No record has the number {term}; it may be part of a name.")), |turn, facts| {
            let filter = Json::from(format!("contains(displayName,{})", quoted(term)));
            let select = Json::List(answer::identity(facts).into_iter().map(Json::from).collect());
            turn.call(
                "bc_query_entities",
                object([("entity", Json::from(facts.set.as_str())), ("filter", filter), ("select", select), ("top", Json::from(50))]),
            )
        });
        let results = replay.turn(turn)?;
        match chosen(replay, pick(term, &results)) {
            Search::One(one) => found[*at] = Some(*one),
            Search::None => return Err(absent(&wants[*at], term, closing)),
            Search::Several(several) => return Err(which(term, &several, closing)),
        }
    }
    Ok(())
}

/// Narrows several matches down by what the person chose when this was asked.
fn chosen(replay: &mut Replay<'_>, search: Search) -> Search {
    let Search::Several(several) = &search else { return search };
    let Some(choice) = replay.choices.next() else { return search };
    let words = Words::of(&choice);
    let picked = match reference(&words, 0, words.trim(0, words.len()).1) {
        Some(Target::Row(0)) => several.last(),
        Some(Target::Row(number)) => several.get(number - 1),
        _ => several.iter().find(|found| score(choice.trim().trim_end_matches('.'), &found.row) >= 60),
    };
    match picked.cloned() {
        Some(found) => Search::One(Box::new(found)),
        None => search,
    }
}

/// Whether a message only picks from what was offered: a number, a name of a few words, "the second one".
pub(crate) fn is_choice(message: &str) -> bool {
    let words = Words::of(message);
    let (from, to) = words.trim(0, words.len());
    reference(&words, from, to).is_some_and(|target| matches!(target, Target::Row(_)))
        || looks_like_number(message.trim())
        || to - from <= 5 && words.capital(from) && !message.contains('?') && !verb(words.low(from))
}

fn verb(word: &str) -> bool {
    [
        "show", "list", "create", "add", "make", "delete", "remove", "change", "set", "update", "post", "what", "how", "who", "which", "turn", "cancel",
        "ship", "onboard", "help", "thanks", "hello", "hi", "rename", "find", "count", "send", "block", "top", "no", "never",
    ]
    .contains(&word)
}

fn absent(want: &Want, term: &str, closing: &str) -> Step {
    let sets: Vec<String> = want.sets.iter().map(|facts| answer::singular(facts)).collect();
    Step::say(format!("I found no {} “{}”.{closing}", sets.join(" or "), answer::inline(term)))
}

fn which(term: &str, several: &[Found], closing: &str) -> Step {
    let shown = &several[..several.len().min(10)];
    let rows: Vec<Json> = shown.iter().map(with_kind).collect();
    let mut columns: Vec<&str> = Vec::new();
    if shown.iter().any(|found| found.facts.set != shown[0].facts.set) {
        columns.push("kind");
    }
    columns.extend(shown.first().map(|first| answer::identity(first.facts)).unwrap_or_default());
    let table = answer::table(&columns, &rows);
    let more = if several.len() > shown.len() { format!("\n\n… and {} more.", several.len() - shown.len()) } else { String::new() };
    Step::say(format!("{} records fit “{}”:\n\n{table}{more}\n\n{WHICH}{closing}", several.len(), answer::inline(term)))
}

fn with_kind(found: &Found) -> Json {
    let Json::Object(entries) = &found.row else { return found.row.clone() };
    let kind = ("kind".to_owned(), Json::from(answer::singular(found.facts)));
    Json::Object([kind].into_iter().chain(entries.iter().cloned()).collect())
}
