//! Plans that make documents with lines, and the onboarding of a customer.

use super::lookup::{Found, Want, find};
use super::record::{data, line, references, with_lines};
use super::write::{Write, finish, propose, verified};
use super::{Flow, Replay, Step, Todos, Turn};
use crate::model::answer;
use crate::model::conversation::Call;
use crate::model::facts::{self, Facts};
use crate::model::json::Json;
use crate::model::read::{Document, Line, Onboard, Target};

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
    let body = with_lines(header, lines_name, lines(document, items));
    let write = Write::create(&document.facts.set, body, format!("{noun} for {}", party.title()));
    let listed = listed(&document.lines, items);
    let lead = format!("I propose a {noun} for {}{listed}.", answer::bold(&party.row));
    let results = propose(replay, &mut todos, 1, &[write], &lead)?;
    let told = results.iter().map(|call| told(call, &noun, &party.row, &listed, &with_party(&names, party))).collect::<Vec<_>>().join("\n\n");
    finish(replay, &mut todos, told)
}

fn with_party(names: &[(String, String)], party: &Found) -> Vec<(String, String)> {
    names.iter().cloned().chain([(party.id.clone(), party.title())]).collect()
}

fn with_entry(entry: (&str, Json), data: Json) -> Json {
    let mut entries = vec![(entry.0.to_owned(), entry.1)];
    if let Json::Object(rest) = data {
        entries.extend(rest);
    }
    Json::Object(entries)
}

fn lines(document: &Document, items: &[Found]) -> Vec<Json> {
    let property = price_property(&document.facts.set);
    document.lines.iter().zip(items).map(|(wanted, item)| line(item, &wanted.quantity, wanted.price.as_deref().map(|price| (property, price)))).collect()
}

fn listed(lines: &[Line], items: &[Found]) -> String {
    let each: Vec<String> =
        lines.iter().zip(items).map(|(line, item)| format!("{} × {}", line.quantity, answer::inline(item.row.text_at("displayName")))).collect();
    if each.is_empty() { " without lines".to_owned() } else { format!(" with {}", each.join(" and ")) }
}

fn told(call: &Call, noun: &str, party: &Json, listed: &str, names: &[(String, String)]) -> String {
    let record = call.result.get("record").cloned().unwrap_or(Json::Null);
    let total = record
        .get("totalAmountIncludingTax")
        .map(|total| format!(" Total including tax: {} {}.", total.plain(), record.text_at("currencyCode")).replace(" .", "."))
        .unwrap_or_default();
    format!("The {noun} **{}** for {}{listed} was created.{total}{}", answer::inline(record.text_at("number")), answer::bold(party), verified(call, names))
}

/// Makes a customer and its contact, then a first quote for it.
pub(super) fn onboard(replay: &mut Replay<'_>, onboard: &Onboard) -> Flow<Step> {
    let (Some(customers), Some(contacts), Some(quotes), Some(items)) =
        (facts::of("customers"), facts::of("contacts"), facts::of("salesQuotes"), facts::of("items"))
    else {
        return Ok(super::talk::unknown(&replay.conversation.message));
    };
    let Some(name) = onboard.customer.iter().find(|given| given.property.name == "displayName").map(|given| given.words.clone()) else {
        return Err(Step::say(
            "What is the new customer called? For example: “Onboard Harbor Lights Ltd in Bergen with contact Anna Berg and a first quote for 2 desks”. Nothing was changed.",
        ));
    };
    let contact = onboard.contact.iter().any(|given| given.property.name == "displayName");
    let quote = !onboard.lines.is_empty();
    let shown = answer::inline(&name);
    let mut todos = Todos::of([
        "Look up terms, items and codes".to_owned(),
        "Check the new records".to_owned(),
        if contact { format!("Create the customer {shown} and its contact, once approved") } else { format!("Create the customer {shown}, once approved") },
        "Verify the customer".to_owned(),
        if quote { "Create the first quote, once approved".to_owned() } else { "See whether a first quote is wanted".to_owned() },
        "Verify everything".to_owned(),
    ]);
    let mut wants = references(customers, &onboard.customer);
    let codes = wants.len();
    let contact_wants = references(contacts, &onboard.contact);
    let contact_codes = contact_wants.len();
    wants.extend(contact_wants);
    wants.extend(onboard.lines.iter().map(|line| Want::one(items, line.item.clone())));
    let thinking =
        format!("A new customer, {name}: first what it refers to, then the customer and its contact together, then the quote, which needs the customer's id.");
    let found = find(replay, Some(&mut todos), &wants, Turn::new(thinking).saying(format!("I'll onboard {shown} step by step; the plan is at the side.")))?;
    let (customer_data, names) = data(replay, customers, &onboard.customer, found.get(..codes).unwrap_or_default())?;
    let mut writes = vec![Write::create("customers", customer_data, format!("customer “{shown}”"))];
    if contact {
        let (contact_data, _) = data(replay, contacts, &onboard.contact, found.get(codes..codes + contact_codes).unwrap_or_default())?;
        let contact_data = with_entry(("type", Json::from("Person")), with_entry(("companyName", Json::from(name.as_str())), contact_data));
        let contact_data = without_read_only(contacts, contact_data);
        writes.push(Write::create("contacts", contact_data, "contact".to_owned()));
    }
    let lead = format!("I propose to create the customer **{shown}**{}.", if contact { " and its contact" } else { "" });
    let results = propose(replay, &mut todos, 1, &writes, &lead)?;
    let Some(customer) = results.first().and_then(|call| call.result.get("record")).cloned() else {
        return Ok(Step::say("The customer was created, but its record was not given back, so I stop here."));
    };
    let mut told: Vec<String> = results
        .iter()
        .map(|call| format!("{} was created.{}", call.result.get("record").map(answer::bold).unwrap_or_default(), verified(call, &names)))
        .collect();
    if quote {
        let items = found.get(codes + contact_codes..).unwrap_or_default();
        let document = Document { facts: quotes, party: Some(Target::Last), lines: onboard.lines.clone(), header: Vec::new() };
        let id = results.first().map(|call| call.result.text_at("id")).filter(|id| !id.is_empty()).unwrap_or(customer.text_at("id"));
        let header = with_entry(("customerId", Json::from(id)), Json::Object(Vec::new()));
        let body = with_lines(header, quotes.lines().unwrap_or("salesQuoteLines"), lines(&document, items));
        let listed = listed(&onboard.lines, items);
        let write = Write::create("salesQuotes", body, format!("first quote for {shown}"));
        let results = propose(
            replay,
            &mut todos,
            3,
            &[write],
            &format!("{} Now I propose its first quote{listed}.", told.first().map(|_| "The customer is there.").unwrap_or_default()),
        )?;
        told.extend(results.iter().map(|call| self::told(call, "sales quote", &customer, &listed, &[])));
    }
    finish(replay, &mut todos, told.join("\n\n"))
}

fn without_read_only(facts: &Facts, data: Json) -> Json {
    let Json::Object(entries) = data else { return data };
    Json::Object(entries.into_iter().filter(|(key, _)| facts.property(key).is_some_and(|property| !property.read_only)).collect())
}
