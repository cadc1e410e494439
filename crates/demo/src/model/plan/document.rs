//! Plans that make documents with lines.

use super::lookup::{Found, Want, find};
use super::record::{data, line, references, with_lines};
use super::write::{Write, finish, propose, verified};
use super::{Flow, Replay, Step, Todos, Turn};
use crate::model::answer;
use crate::model::conversation::Call;
use crate::model::facts::{self, Facts};
use crate::model::json::Json;
use crate::model::read::{Document, Line};

/// The property for a price on a line of this kind of document.
fn price_property(set: &str) -> &'static str {
    match set {
        "purchaseOrders" => "directUnitCost",
        "purchaseInvoices" => "unitCost",
        _ => "unitPrice",
    }
}

fn party_of(facts: &Facts) -> (&'static str, &'static str, &'static str) {
    if facts.has("vendorId") { ("vendors", "vendorId", "vendor") } else { ("customers", "customerId", "customer") }
}

/// Makes a quote, an order or an invoice.
pub(super) fn create(replay: &mut Replay<'_>, document: &Document) -> Flow<Step> {
    let noun = answer::singular(document.facts);
    let (set, id_property, party_noun) = party_of(document.facts);
    let (Some(party), Some(lines_name), Some(parties), Some(items)) = (&document.party, document.facts.lines(), facts::of(set), facts::of("items")) else {
        return Err(Step::say(format!("Which {party_noun} is the {noun} for? For example: “Make a {noun} for Fjordlys with 3 chairs”. Nothing was changed.")));
    };
    let mut todos = Todos::of([
        format!("Find the {party_noun} and the items"),
        format!("Check the {noun} against Business Central's rules"),
        format!("Create the {noun}, once approved"),
        "Read it back and verify".to_owned(),
    ]);
    let mut wants = vec![Want::one(parties, party.clone())];
    wants.extend(document.lines.iter().map(|line| Want::one(items, line.item.clone())));
    wants.extend(references(document.facts, &document.header));
    let thinking = format!("The person wants a {noun} with {} line(s). I find the {party_noun} and each item before I propose anything.", document.lines.len());
    let found = find(replay, Some(&mut todos), &wants, Turn::new(thinking).saying(format!("I'll find the {party_noun} and the items first.")))?;
    let (Some(party), rest) = (found.first(), found.get(1..).unwrap_or_default()) else {
        return Ok(super::talk::unknown(&replay.conversation.message));
    };
    let (items, codes) = rest.split_at(document.lines.len().min(rest.len()));
    let (header, names) = data(replay, document.facts, &document.header, codes)?;
    let header = with_entry((id_property, Json::from(party.id.as_str())), header);
    let body = with_lines(header, lines_name, lines(&document.facts.set, &document.lines, items));
    let write = Write::create(&document.facts.set, body, format!("{noun} for {}", party.title()));
    let listed = listed(&document.lines, items);
    let lead = format!("I propose a {noun} for {}{listed}.", answer::bold(&party.row));
    let results = propose(replay, &mut todos, 1, &[write], &lead)?;
    let told = results
        .iter()
        .map(|call| told(call, &noun, &party.row, &listed, &with_found(&names, [party].into_iter().chain(items))))
        .collect::<Vec<_>>()
        .join("\n\n");
    finish(replay, &mut todos, told)
}

/// The names behind ids, with those of these records.
pub(super) fn with_found<'a>(names: &[(String, String)], found: impl Iterator<Item = &'a Found>) -> Vec<(String, String)> {
    names.iter().cloned().chain(found.map(|found| (found.id.clone(), found.title()))).collect()
}

pub(super) fn with_entry(entry: (&str, Json), data: Json) -> Json {
    let mut entries = vec![(entry.0.to_owned(), entry.1)];
    if let Json::Object(rest) = data {
        entries.extend(rest);
    }
    Json::Object(entries)
}

pub(super) fn lines(set: &str, wanted: &[Line], items: &[Found]) -> Vec<Json> {
    let property = price_property(set);
    wanted.iter().zip(items).map(|(wanted, item)| line(item, &wanted.quantity, wanted.price.as_deref().map(|price| (property, price)))).collect()
}

pub(super) fn listed(lines: &[Line], items: &[Found]) -> String {
    let each: Vec<String> =
        lines.iter().zip(items).map(|(line, item)| format!("{} × {}", line.quantity, answer::inline(item.row.text_at("displayName")))).collect();
    if each.is_empty() { " without lines".to_owned() } else { format!(" with {}", each.join(" and ")) }
}

pub(super) fn told(call: &Call, noun: &str, party: &Json, listed: &str, names: &[(String, String)]) -> String {
    let record = call.result.get("record").cloned().unwrap_or(Json::Null);
    let total = record
        .get("totalAmountIncludingTax")
        .map(|total| format!(" Total including tax: {} {}.", total.plain(), record.text_at("currencyCode")).replace(" .", "."))
        .unwrap_or_default();
    format!("The {noun} **{}** for {}{listed} was created.{total}{}", answer::inline(record.text_at("number")), answer::bold(party), verified(call, names))
}
