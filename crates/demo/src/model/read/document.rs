//! Quotes, orders and invoices: making them with lines, and what can be done with them.

use super::fields::{self, reference, targets};
use super::intent::{Act, Document, Given, Intent, Line, Onboard, Target};
use super::numbers::{count_at, number_at};
use super::vocabulary::{Noun, noun_at, noun_from};
use super::words::Words;
use crate::model::facts::{self, Facts};

/// "make a sales quote for Fjordlys with 3 PARIS chairs and 2 lamps", "order 10 desks from Nordic Timber".
pub(super) fn create(words: &Words, start: usize) -> Option<Intent> {
    if words.is(start, &["buy", "purchase", "order"])
        && let Some((_, used)) = count_at(words, start + 1)
        && let Some(from) = (start + used..words.len()).find(|index| words.is(*index, &["from"]))
    {
        let party = party_term(words, from + 1, words.len());
        return Some(Intent::Document(Document { facts: facts::of("purchaseOrders")?, party, lines: lines(words, start + 1, from), header: Vec::new() }));
    }
    if words.is(start, &["invoice", "bill"])
        && let Some(at) = (start + 1..words.len()).find(|index| words.is(*index, &["for"]) && count_at(words, index + 1).is_some())
    {
        let party = party_term(words, start + 1, at);
        return Some(Intent::Document(Document { facts: facts::of("salesInvoices")?, party, lines: lines(words, at, words.len()), header: Vec::new() }));
    }
    if !words.is(start, &["create", "make", "add", "new", "write", "prepare", "draft", "raise", "enter", "place", "open", "quote", "issue", "set"]) {
        return None;
    }
    let mut from = start + if words.is(start, &["quote"]) { 0 } else { 1 };
    while words.is(from, &["a", "an", "the", "new", "another", "up", "me", "draft", "first"]) {
        from += 1;
    }
    let noun = document_noun(words, from)?;
    let (party, lines_from, lines_to) = parts(words, noun.to);
    let header_from = header_start(words, lines_from, lines_to);
    let lines = lines(words, lines_from, header_from);
    let header = if header_from < lines_to { header(words, noun.facts, header_from, lines_to) } else { Vec::new() };
    Some(Intent::Document(Document { facts: noun.facts, party, lines, header }))
}

fn document_noun(words: &Words, from: usize) -> Option<Noun> {
    let noun = noun_at(words, from).filter(|noun| !noun.plural)?;
    let vendor = (noun.to..words.len()).any(|index| words.is(index, &["vendor", "supplier"]));
    let set = match (noun.facts.set.as_str(), vendor) {
        ("salesOrders", true) => "purchaseOrders",
        ("salesInvoices", true) => "purchaseInvoices",
        (set, _) => set,
    };
    let facts = facts::of(set).filter(|facts| facts.lines().is_some() && (facts.has("customerId") || facts.has("vendorId")))?;
    Some(Noun { facts, ..noun })
}

/// The party and where the lines stand, in either order: "for X with 3 chairs", "with 3 chairs for X".
fn parts(words: &Words, from: usize) -> (Option<Target>, usize, usize) {
    let end = words.len();
    let for_party =
        (from..end).find(|index| words.is(*index, &["for", "to", "from"]) && count_at(words, index + 1).is_none_or(|_| words.is(index + 1, &["a", "an"])));
    let lines = (from..end)
        .find(|index| words.is(*index, &["with", "of", "containing", ":", "for", ","]) && count_at(words, index + 1).is_some() || starts_line(words, *index));
    match (for_party, lines) {
        (Some(party), Some(lines)) if party < lines => (party_term(words, party + 1, lines), lines, end),
        (Some(party), Some(lines)) => {
            let party_end = header_start(words, party, end);
            if party_end < end {
                // Header fields after the party: the lines end where the party begins, so the fields are read on their own.
                return (party_term(words, party + 1, party_end), lines, party);
            }
            (party_term(words, party + 1, end), lines, party)
        }
        (Some(party), None) => {
            let party_end = header_start(words, party, end);
            (party_term(words, party + 1, party_end), party_end, end)
        }
        (None, Some(lines)) => (None, lines, end),
        (None, None) => (None, end, end),
    }
}

/// A count followed by something that is not a field: the start of a line without "with".
fn starts_line(words: &Words, index: usize) -> bool {
    !words.is(index, &["a", "an", "one"]) && words.is(index.saturating_sub(1), &["with", ":", ","]) && count_at(words, index).is_some()
}

fn party_term(words: &Words, from: usize, to: usize) -> Option<Target> {
    let (mut from, to) = words.trim(from, to);
    if let Some(target) = reference(words, from, to) {
        return Some(target);
    }
    while words.is(from, &["the", "our", "customer", "vendor", "supplier", "client", "number", "no."]) {
        from += 1;
    }
    let term = words.slice(from, to);
    (!term.is_empty()).then_some(Target::Term(term))
}

/// Where fields of the header begin after the lines.
fn header_start(words: &Words, from: usize, to: usize) -> usize {
    let markers: &[&[&str]] = &[
        &["requested", "delivery"],
        &["delivery", "date"],
        &["deliver", "by"],
        &["delivered", "by"],
        &["external", "document"],
        &["reference"],
        &["valid", "until"],
        &["due", "date"],
        &["payment", "terms"],
        &["posting", "date"],
        &["order", "date"],
        &["document", "date"],
        &["invoice", "date"],
        &["their", "reference"],
        &["vendor", "invoice"],
        &["currency"],
    ];
    let at = (from..to).find(|index| markers.iter().any(|marker| words.starts_at(*index, marker)));
    at.map_or(to, |at| if at > from && words.is(at - 1, &["and", "with", ","]) { at - 1 } else { at })
}

fn header(words: &Words, facts: &'static Facts, from: usize, to: usize) -> Vec<Given> {
    let (from, to) = words.trim(from, to);
    if words.is(from, &["deliver", "delivered"]) && words.is(from + 1, &["by", "on"]) {
        let name = ["requestedDeliveryDate", "requestedReceiptDate"].into_iter().find(|name| facts.has(name));
        let property = name.and_then(|name| facts.property(name));
        return property.map(|property| Given { property, words: words.slice(from + 2, to) }).into_iter().collect();
    }
    fields::read(words, facts, from, to)
}

/// "3 PARIS chairs and 2 lamps at 30 each".
pub(super) fn lines(words: &Words, from: usize, to: usize) -> Vec<Line> {
    let (mut from, to) = words.trim(from, to);
    while words.is(from, &["with", "of", "containing", ":", "for", "line", "lines", ","]) && from < to {
        from += 1;
    }
    let mut starts: Vec<(usize, usize, String)> = Vec::new();
    for index in from..to {
        let separated = index == from || words.is(index - 1, &["and", ",", ";", "plus", "with", ":"]);
        if separated
            && let Some((quantity, used)) = count_at(words, index)
            && index + used < to
        {
            starts.push((index, index + used, quantity));
        }
    }
    let mut lines = Vec::new();
    for (at, (_, item_from, quantity)) in starts.iter().enumerate() {
        let end = starts.get(at + 1).map_or(to, |next| next.0);
        lines.extend(line(words, *item_from, end, quantity));
    }
    if lines.is_empty() && from < to && starts.is_empty() {
        lines.extend(line(words, from, to, "1"));
    }
    lines
}

fn line(words: &Words, from: usize, to: usize, quantity: &str) -> Option<Line> {
    let priced = (from..to).find_map(|index| {
        let lead = if words.is(index, &["at", "@"]) {
            1
        } else if words.starts_at(index, &["for", "a", "price", "of"]) {
            4
        } else if words.is(index, &["priced"]) {
            2
        } else {
            return None;
        };
        number_at(words, index + lead).map(|(price, _)| (index, price))
    });
    let end = priced.as_ref().map_or(to, |(index, _)| *index);
    let mut from = from;
    while words.is(from, &["of", "x", "the", "item", "items", "units", "pcs", "number"]) && from < end {
        from += 1;
    }
    let term = words.slice(from, end);
    (!term.is_empty()).then(|| Line { quantity: quantity.to_owned(), item: Target::Term(term), price: priced.map(|(_, price)| price) })
}

/// "post invoice 102001", "turn quote 1001 into an order", "ship and invoice order 101003", "cancel invoice 103002".
pub(super) fn action(words: &Words, start: usize) -> Option<Intent> {
    let verb = words.low(start);
    let (action, usual, after): (&str, &str, usize) = match verb {
        "post" if words.starts_at(start + 1, &["and", "send"]) => ("postAndSend", "salesInvoices", 3),
        "post" | "book" => ("post", "salesInvoices", 1),
        "ship" if words.starts_at(start + 1, &["and", "invoice"]) => ("shipAndInvoice", "salesOrders", 3),
        "ship" => ("shipAndInvoice", "salesOrders", 1),
        "receive" if words.starts_at(start + 1, &["and", "invoice"]) => ("receiveAndInvoice", "purchaseOrders", 3),
        "receive" => ("receiveAndInvoice", "purchaseOrders", 1),
        "cancel" if words.starts_at(start + 1, &["and", "send"]) => ("cancelAndSend", "salesInvoices", 3),
        "cancel" => ("cancel", "salesInvoices", 1),
        "send" | "email" | "e-mail"
            if noun_at(words, skip(words, start + 1)).is_some() || reference(words, start + 1, words.trim(start, words.len()).1).is_some() =>
        {
            ("send", "salesInvoices", 1)
        }
        "credit" | "correct" if noun_from(words, start + 1).is_some_and(|noun| noun.facts.set == "salesInvoices" && noun.from <= start + 3) => {
            ("makeCorrectiveCreditMemo", "salesInvoices", 1)
        }
        "turn" | "convert" | "make" | "change" | "transform" => return conversion(words, start),
        _ => return None,
    };
    let from = skip(words, start + after);
    let to = words.trim(from, words.len()).1;
    let noun = noun_at(words, from).or_else(|| reference(words, start + after, to).and_then(|_| noun_from(words, from)));
    let set = match noun.map(|noun| noun.facts.set.as_str()) {
        None | Some("salesOrders") if action == "receiveAndInvoice" => "purchaseOrders",
        None => usual,
        Some("salesInvoices") if action == "post" && words.find(start, &["purchase"]).is_some() => "purchaseInvoices",
        Some("salesOrders") if action == "post" => return shipping(words, from),
        Some(set) => set,
    };
    let target_from = match reference(words, start + after, to) {
        Some(target) => return Some(act(set, action, vec![target])),
        None => noun.map_or(from, |noun| noun.to),
    };
    Some(act(set, action, targets(words, target_from, to)))
}

fn shipping(words: &Words, from: usize) -> Option<Intent> {
    let noun = noun_at(words, from)?;
    Some(act("salesOrders", "shipAndInvoice", targets(words, noun.to, words.len())))
}

fn conversion(words: &Words, start: usize) -> Option<Intent> {
    let into = (start..words.len())
        .find(|index| words.is(*index, &["into", "to"]) || words.starts_at(*index, &["an", "order"]) || words.starts_at(*index, &["an", "invoice"]))?;
    let from = skip(words, start + 1);
    let quote = noun_at(words, from).filter(|noun| noun.facts.set == "salesQuotes" && noun.from < into);
    let target = noun_from(words, into)?;
    let action = match target.facts.set.as_str() {
        "salesOrders" => "makeOrder",
        "salesInvoices" => "makeInvoice",
        _ => return None,
    };
    if let Some(reference) = reference(words, start + 1, into) {
        return Some(act("salesQuotes", action, vec![reference]));
    }
    let quote = quote?;
    Some(act("salesQuotes", action, targets(words, quote.to, into)))
}

fn skip(words: &Words, mut from: usize) -> usize {
    while words.is(from, &["the", "our", "draft", "all", "open"]) {
        from += 1;
    }
    from
}

fn act(set: &str, action: &'static str, targets: Vec<Target>) -> Intent {
    match facts::of(set) {
        Some(facts) => Intent::Act(Act { facts, action, targets }),
        None => Intent::Unknown,
    }
}

/// "onboard a new customer Harbor Lights Ltd in Bergen with contact Anna Berg and a first quote for 2 desks".
pub(super) fn onboard(words: &Words, start: usize) -> Option<Intent> {
    let mut from = start;
    while words.is(from, &["up", "a", "an", "the", "new", "our", "customer", "client", ":"]) {
        from += 1;
    }
    let end = words.len();
    let contact_at = (from..end).find(|index| words.is(*index, &["contact"]));
    let quote_at = (from..end).find(|index| words.is(*index, &["quote", "quotation", "offer"]));
    let customer_end = contact_at.into_iter().chain(quote_at.map(|at| before_quote(words, at))).min().unwrap_or(end);
    let customer = fields::read(words, facts::of("customers")?, from, customer_end);
    let contact = contact_at.map_or_else(Vec::new, |at| {
        let to = quote_at.filter(|quote| *quote > at).map_or(end, |quote| before_quote(words, quote));
        let at = at + 1 + usize::from(words.is(at + 1, &["person"]));
        facts::of("contacts").map_or_else(Vec::new, |facts| fields::read(words, facts, at, to))
    });
    let lines = quote_at.map_or_else(Vec::new, |at| lines(words, at + 1, contact_at.filter(|contact| *contact > at).unwrap_or(end)));
    (!customer.is_empty()).then_some(Intent::Onboard(Onboard { customer, contact, lines }))
}

fn before_quote(words: &Words, mut at: usize) -> usize {
    while at > 0 && words.is(at - 1, &["a", "first", "sales", "the", "and", "with", "an", ","]) {
        at -= 1;
    }
    at
}
