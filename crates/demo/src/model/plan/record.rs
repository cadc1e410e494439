//! Plans that make, change and delete single records.

use super::lookup::{Found, Search, Want, find, looks_like_number, pick, queries};
use super::write::{Write, finish, propose, propose_as_set, verified};
use super::{Flow, Replay, Step, Todos, Turn};
use crate::model::answer;
use crate::model::conversation::Call;
use crate::model::facts::Facts;
use crate::model::json::{Json, object};
use crate::model::read::{Create, Decided, Delete, Given, Target, Update, label, literal};

/// The properties of a record that must be looked up before it can be written.
pub(super) fn references(facts: &'static Facts, values: &[Given]) -> Vec<Want> {
    values.iter().filter_map(|given| Want::code(facts.refers_to(&given.property.name)?, &given.words)).collect()
}

/// The data of a record, with what was looked up for its references in the order of the values; beside it, ids and
/// their names for the answer.
pub(super) fn data(replay: &Replay<'_>, facts: &'static Facts, values: &[Given], found: &[Found]) -> Flow<(Json, Vec<(String, String)>)> {
    let mut found = found.iter();
    let mut data: Vec<(String, Json)> = Vec::new();
    let mut names = Vec::new();
    for given in values {
        let value = match facts.refers_to(&given.property.name).and_then(|_| found.next()) {
            Some(found) if given.property.name.ends_with("Id") => {
                names.push((found.id.clone(), found.title()));
                Json::from(found.id.as_str())
            }
            Some(found) => Json::from(found.row.text_at("code")),
            None => literal(given, replay.conversation.today).map_err(|reason| Step::say(format!("{reason} Nothing was changed.")))?,
        };
        match data.iter_mut().find(|(name, _)| *name == given.property.name) {
            Some((_, old)) => *old = value,
            None => data.push((given.property.name.clone(), value)),
        }
    }
    Ok((Json::Object(data), names))
}

/// Makes one or several records of a set.
pub(super) fn create(replay: &mut Replay<'_>, create: &Create) -> Flow<Step> {
    let facts = create.facts;
    let noun = answer::singular(facts);
    let named = ["displayName", "code"].into_iter().find(|name| facts.has(name)).unwrap_or("number");
    let called: Vec<String> =
        create.records.iter().filter_map(|record| record.iter().find(|given| given.property.name == named)).map(|given| given.words.clone()).collect();
    if called.is_empty() || called.len() < create.records.len() {
        return Err(Step::say(format!("What should the new {noun} be called? For example: “Create a {noun} named Harbor Lights Ltd”. Nothing was changed.")));
    }
    if let Some(given) = create.records.iter().flatten().find(|given| given.property.read_only) {
        return Err(Step::say(format!("The {} of a {noun} cannot be set: Business Central works it out. Nothing was changed.", label(&given.property.name))));
    }
    let mut todos = Todos::of([
        format!("Look up what the new {noun} refers to"),
        "Check the change against Business Central's rules".to_owned(),
        format!("Create {noun} {}, once approved", called.join(", ")),
        "Read it back and verify".to_owned(),
    ]);
    let wants: Vec<Want> = create.records.iter().flat_map(|record| references(facts, record)).collect();
    let need: Vec<String> = create
        .records
        .first()
        .into_iter()
        .flatten()
        .filter(|given| facts.refers_to(&given.property.name).is_some())
        .map(|given| format!("{} “{}”", label(&given.property.name), given.words))
        .collect();
    let thinking = if need.is_empty() {
        format!("The person wants a new {noun}: {}. It refers to nothing that must be looked up; I use only what was given.", called.join(", "))
    } else {
        format!("The person wants a new {noun}: {}. I need the records for {} first; I use only what was given.", called.join(", "), need.join(" and "))
    };
    let opening = if need.is_empty() { format!("I'll prepare the new {noun}.") } else { format!("I'll look up the {} first.", need.join(" and ")) };
    let found = find(replay, Some(&mut todos), &wants, Turn::new(thinking).saying(opening))?;
    let mut found = found.as_slice();
    let mut writes = Vec::new();
    let mut names = Vec::new();
    for (record, name) in create.records.iter().zip(&called) {
        let (mine, rest) = found.split_at(references(facts, record).len().min(found.len()));
        found = rest;
        let (data, known) = data(replay, facts, record, mine)?;
        names.extend(known);
        writes.push(Write::create(&facts.set, data, format!("{noun} “{}”", answer::inline(name))));
    }
    let results = match create.decided {
        Decided::AsOneSet if writes.len() > 1 => propose_as_set(replay, &mut todos, 1, &writes, &set_title(&answer::plural(facts), &called))?,
        Decided::AsOneSet | Decided::InOneTurn => propose(replay, &mut todos, 1, &writes, &lead(&noun, &called))?,
    };
    let told: Vec<String> = results.iter().map(|call| format!("The {noun} {} was created.{}", headline(call), verified(call, &names))).collect();
    finish(replay, &mut todos, told.join("\n\n"))
}

/// A title of at most 80 characters.
fn set_title(nouns: &str, called: &[String]) -> String {
    let title = format!("New {nouns}: {}", called.join(", "));
    if title.chars().count() <= 80 { title } else { format!("{} new {nouns}", called.len()) }
}

fn lead(noun: &str, called: &[String]) -> String {
    format!("I propose to create {}.", called.iter().map(|name| format!("the {noun} **{}**", answer::inline(name))).collect::<Vec<_>>().join(" and "))
}

/// "**Harbor Lights Ltd** (C00010)".
fn headline(call: &Call) -> String {
    call.result.get("record").map(answer::bold).filter(|title| !title.is_empty()).unwrap_or_else(|| call.result.text_at("id").to_owned())
}

/// Finds the targets of a change and what its new values refer to.
fn find_targets(
    replay: &mut Replay<'_>,
    todos: &mut Todos,
    sets: &[&'static Facts],
    targets: &[Target],
    references: &[Want],
    thinking: String,
) -> Flow<(Vec<Found>, Vec<Found>)> {
    let targets = joined_name(replay, sets, targets)?;
    let wants: Vec<Want> = targets.iter().map(|target| Want { sets: sets.to_vec(), target: target.clone(), status: None }).collect();
    let all: Vec<Want> = wants.iter().chain(references).cloned().collect();
    let found = find(replay, Some(todos), &all, Turn::new(thinking).saying("I'll find the record first."))?;
    let (records, codes) = found.split_at(wants.len().min(found.len()));
    Ok((records.to_vec(), codes.to_vec()))
}

/// "Smith and Sons" may be two records or one: where a record has the whole name, it is that one.
fn joined_name(replay: &mut Replay<'_>, sets: &[&'static Facts], targets: &[Target]) -> Flow<Vec<Target>> {
    let [Target::Term(one), Target::Term(other)] = targets else { return Ok(targets.to_vec()) };
    if looks_like_number(one) || looks_like_number(other) {
        return Ok(targets.to_vec());
    }
    let whole = format!("{one} and {other}");
    let want = Want { sets: sets.to_vec(), target: Target::Term(whole.clone()), status: None };
    let results = replay.turn(Turn::new("This may be one name with an “and” in it, or two names.").calls(queries(&want)))?;
    Ok(match pick(&whole, &results) {
        Search::One(_) => vec![Target::Term(whole)],
        Search::None | Search::Several(_) => targets.to_vec(),
    })
}

fn list(targets: &[Target]) -> String {
    let name = |target: &Target| match target {
        Target::Term(term) => answer::inline(term),
        Target::Last => "the record we spoke of".to_owned(),
        Target::Row(number) => format!("row {number} of the list"),
    };
    targets.iter().map(name).collect::<Vec<_>>().join(" and ")
}

/// Changes fields of one or several records.
pub(super) fn update(replay: &mut Replay<'_>, update: &Update) -> Flow<Step> {
    let fields = update.values.iter().map(|given| label(&given.property.name)).collect::<Vec<_>>().join(" and ");
    let subject = list(&update.targets);
    let Some(first) = update.sets.first() else { return Ok(super::talk::unknown(&replay.conversation.message)) };
    let mut todos = Todos::of([
        format!("Find {subject}"),
        "Check the change against Business Central's rules".to_owned(),
        format!("Change the {fields} of {subject}, once approved"),
        "Read it back and verify".to_owned(),
    ]);
    let wants = references(first, &update.values);
    let thinking = format!("The person wants to change the {fields} of {subject}. I find the record and what the new values refer to.");
    let (records, codes) = find_targets(replay, &mut todos, &update.sets, &update.targets, &wants, thinking)?;
    let mut writes = Vec::new();
    let mut names = Vec::new();
    for record in &records {
        let values: Vec<Given> = update
            .values
            .iter()
            .filter_map(|given| Some(Given { property: record.facts.property(&given.property.name)?, words: given.words.clone() }))
            .collect();
        let (data, known) = data(replay, record.facts, &values, &codes)?;
        names.extend(known);
        writes.push(Write::update(&record.facts.set, &record.id, data, record.title()));
    }
    let titles: Vec<String> = records.iter().map(|record| answer::bold(&record.row)).collect();
    let lead = format!("I propose to change the {fields} of {}.", titles.join(" and "));
    let results = propose(replay, &mut todos, 1, &writes, &lead)?;
    let told: Vec<String> = results.iter().map(|call| format!("{} was changed.{}", headline(call), verified(call, &names))).collect();
    finish(replay, &mut todos, told.join("\n\n"))
}

/// Deletes one or several records.
pub(super) fn delete(replay: &mut Replay<'_>, delete: &Delete) -> Flow<Step> {
    let subject = list(&delete.targets);
    let mut todos = Todos::of([
        format!("Find {subject}"),
        "Check that it can be deleted".to_owned(),
        format!("Delete {subject}, once approved"),
        "Verify that it is gone".to_owned(),
    ]);
    let thinking = format!("The person wants {subject} deleted. I find exactly that record first.");
    let (records, _) = find_targets(replay, &mut todos, &delete.sets, &delete.targets, &[], thinking)?;
    let writes: Vec<Write> = records.iter().map(|record| Write::delete(&record.facts.set, &record.id, record.title())).collect();
    let titles: Vec<String> = records.iter().map(|record| format!("the {} {}", answer::singular(record.facts), answer::bold(&record.row))).collect();
    let results = propose(replay, &mut todos, 1, &writes, &format!("I propose to delete {}.", titles.join(" and ")))?;
    let told: Vec<String> = titles
        .iter()
        .zip(&results)
        .map(|(title, call)| {
            format!(
                "Deleted: {title}. Verified: {}.",
                if call.result.text_at("verified").is_empty() { "Business Central confirmed it" } else { call.result.text_at("verified") }
            )
        })
        .collect();
    finish(replay, &mut todos, told.join("\n\n"))
}

/// The line items and header of a document as one record with nested lines.
pub(super) fn with_lines(data: Json, lines_name: &str, lines: Vec<Json>) -> Json {
    let Json::Object(mut entries) = data else { return data };
    if !lines.is_empty() {
        entries.push((lines_name.to_owned(), Json::List(lines)));
    }
    Json::Object(entries)
}

/// One line: item, quantity, and the price where one was given.
pub(super) fn line(item: &Found, quantity: &str, price: Option<(&str, &str)>) -> Json {
    let line = object([("itemId", Json::from(item.id.as_str())), ("quantity", Json::Number(quantity.to_owned()))]);
    match (line, price) {
        (Json::Object(mut entries), Some((property, price))) => {
            entries.push((property.to_owned(), Json::Number(price.to_owned())));
            Json::Object(entries)
        }
        (line, _) => line,
    }
}
