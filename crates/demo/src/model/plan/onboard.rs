//! Onboarding: a customer and its contact in one set of writes, then a first quote, which needs the customer's id.

use super::document::{lines, listed, told, with_entry, with_found};
use super::lookup::{Found, Want, find};
use super::record::{data, references, with_lines};
use super::write::{Write, finish, propose, verified};
use super::{Flow, Replay, Step, Todos, Turn, talk};
use crate::model::answer;
use crate::model::conversation::Call;
use crate::model::facts::{self, Facts};
use crate::model::json::Json;
use crate::model::read::{Given, Onboard};

/// The sets that onboarding writes to or reads from.
struct Sets {
    customers: &'static Facts,
    contacts: &'static Facts,
    quotes: &'static Facts,
    items: &'static Facts,
}

/// What was found, in the order in which it was asked for.
struct Finds<'a> {
    customer: &'a [Found],
    contact: &'a [Found],
    items: &'a [Found],
}

/// Makes a customer and its contact, then a first quote for it.
pub(super) fn onboard(replay: &mut Replay<'_>, onboard: &Onboard) -> Flow<Step> {
    let Some(sets) = sets() else { return Ok(talk::unknown(&replay.conversation.message)) };
    let Some(name) = name_in(&onboard.customer) else {
        return Err(Step::say(
            "What is the new customer called? For example: “Onboard Harbor Lights Ltd in Bergen with contact Anna Berg and a first quote for 2 desks”. Nothing was changed.",
        ));
    };
    let mut todos = plan(onboard, &answer::inline(name));
    let mut wants = references(sets.customers, &onboard.customer);
    let customer_codes = wants.len();
    wants.extend(references(sets.contacts, &onboard.contact));
    let codes = wants.len();
    wants.extend(onboard.lines.iter().map(|line| Want::one(sets.items, line.item.clone())));
    let thinking =
        format!("A new customer, {name}: first what it refers to, then the customer and its contact together, then the quote, which needs the customer's id.");
    let opening = format!("I'll onboard {} step by step; the plan is at the side.", answer::inline(name));
    let found = find(replay, Some(&mut todos), &wants, Turn::new(thinking).saying(opening))?;
    let part = |from: usize, to: usize| found.get(from..to).unwrap_or_default();
    let finds = Finds { customer: part(0, customer_codes), contact: part(customer_codes, codes), items: part(codes, found.len()) };

    let (created, mut told) = partners(replay, &mut todos, &sets, onboard, &finds)?;
    if !onboard.lines.is_empty() {
        told.push(quote(replay, &mut todos, &sets, onboard, &finds, &created)?);
    }
    finish(replay, &mut todos, told.join("\n\n"))
}

fn sets() -> Option<Sets> {
    Some(Sets { customers: facts::of("customers")?, contacts: facts::of("contacts")?, quotes: facts::of("salesQuotes")?, items: facts::of("items")? })
}

fn name_in(values: &[Given]) -> Option<&str> {
    values.iter().find(|given| given.property.name == "displayName").map(|given| given.words.as_str())
}

fn plan(onboard: &Onboard, shown: &str) -> Todos {
    let and_contact = if name_in(&onboard.contact).is_some() { " and its contact" } else { "" };
    let quote = if onboard.lines.is_empty() { "See that no first quote is asked for" } else { "Create the first quote, once approved" };
    Todos::of([
        "Look up terms, items and codes".to_owned(),
        "Check the new records".to_owned(),
        format!("Create the customer {shown}{and_contact}, once approved"),
        "Verify the customer".to_owned(),
        quote.to_owned(),
        "Verify everything".to_owned(),
    ])
}

/// The customer and its contact, in one set of writes; gives back the customer and what to tell.
fn partners(replay: &mut Replay<'_>, todos: &mut Todos, sets: &Sets, onboard: &Onboard, finds: &Finds<'_>) -> Flow<(Found, Vec<String>)> {
    let name = name_in(&onboard.customer).unwrap_or_default();
    let shown = answer::inline(name);
    let (customer, names) = data(replay, sets.customers, &onboard.customer, finds.customer)?;
    let mut writes = vec![Write::create("customers", customer, format!("customer “{shown}”"))];
    let mut and_contact = "";
    if name_in(&onboard.contact).is_some() {
        let (contact, _) = data(replay, sets.contacts, &onboard.contact, finds.contact)?;
        let of_company = with_entry(("companyName", Json::from(name)), contact);
        writes.push(Write::create("contacts", with_entry(("type", Json::from("Person")), of_company), "contact".to_owned()));
        and_contact = " and its contact";
    }
    let results = propose(replay, todos, 1, &writes, &format!("I propose to create the customer **{shown}**{and_contact}."))?;
    let told = results.iter().map(|call| format!("{} was created.{}", record(call).map(answer::bold).unwrap_or_default(), verified(call, &names)));
    let told = told.collect();
    let customer = results.first().and_then(|call| Found::of("customers", &with_entry(("id", Json::from(call.result.text_at("id"))), record(call)?.clone())));
    customer.map(|customer| (customer, told)).ok_or_else(|| Step::say("The customer was created, but its record was not given back, so I stop here."))
}

fn record(call: &Call) -> Option<&Json> {
    call.result.get("record")
}

/// The first quote for the new customer.
fn quote(replay: &mut Replay<'_>, todos: &mut Todos, sets: &Sets, onboard: &Onboard, finds: &Finds<'_>, customer: &Found) -> Flow<String> {
    let header = with_entry(("customerId", Json::from(customer.id.as_str())), Json::Object(Vec::new()));
    let lines = lines(&sets.quotes.set, &onboard.lines, finds.items);
    let body = with_lines(header, sets.quotes.lines().unwrap_or("salesQuoteLines"), lines);
    let listed = listed(&onboard.lines, finds.items);
    let write = Write::create("salesQuotes", body, format!("first quote for {}", customer.title()));
    let lead = format!("The customer is there. Now I propose its first quote{listed}.");
    let results = propose(replay, todos, 3, &[write], &lead)?;
    let names = with_found(&[], [customer].into_iter().chain(finds.items));
    Ok(results.iter().map(|call| told(call, "sales quote", &customer.row, &listed, &names)).collect::<Vec<_>>().join("\n\n"))
}
