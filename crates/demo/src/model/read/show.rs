//! Questions: one record, some of its fields, lists, counts and sums.

use jiff::civil::Date;

use super::fields::{likely_sets, reference, targets};
use super::figures;
use super::intent::{Comparison, Condition, Intent, Literal, Shape, Show, Target};
use super::query;
use super::vocabulary::{Fields, Noun, noun_at, noun_from};
use super::words::Words;
use crate::model::facts::{self, Facts, Kind};

const VERBS: &[&str] = &[
    "list", "show", "find", "get", "display", "give", "tell", "look", "see", "fetch", "search", "open", "view", "check", "print", "pull", "read", "what",
    "what's", "which", "who", "whose", "how", "is", "are", "do", "does", "count", "sum", "total", "average", "top", "number", "any", "all", "the", "when",
    "where", "need", "details",
];

/// Reads a question.
pub(super) fn read(words: &Words, start: usize, today: Date) -> Option<Intent> {
    let asks = words.is(start, VERBS);
    debtors(words, start, today)
        .or_else(|| is_late(words, start, today))
        .or_else(|| when_due(words, start))
        .or_else(|| owed(words, start))
        .or_else(|| figures::low_stock(words, start))
        .or_else(|| stock(words, start))
        .or_else(|| figures::ranking(words, start, today))
        .or_else(|| sum(words, start, today))
        .or_else(|| figures::total(words, start, today))
        .or_else(|| field_of(words, start))
        .or_else(|| overdue_parties(words, start, today))
        .or_else(|| one(words, start, asks))
        .or_else(|| list(words, start, asks, today))
        .or_else(|| bare_name(words, start, asks))
}

/// "who owes us the most?"
fn debtors(words: &Words, start: usize, today: Date) -> Option<Intent> {
    if !(words.is(start, &["who"]) && words.is(start + 1, &["owes", "owe"])) {
        return None;
    }
    let customers = Noun { facts: facts::of("customers")?, plural: true, from: start, to: start + 1 };
    let mut query = query::read(words, customers, Shape::List, start + 1, today);
    if query.conditions.is_empty() {
        let zero = Literal::Number("0".to_owned());
        query.conditions.push(Condition { property: "balanceDue".to_owned(), comparison: Comparison::Greater, value: zero });
    }
    Some(Intent::Query(query))
}

/// "is Fjordlys overdue?": the overdue invoices of that customer.
fn is_late(words: &Words, start: usize, today: Date) -> Option<Intent> {
    let end = words.trim(start, words.len()).1;
    if !words.is(start, &["is", "are", "does"]) || !words.is(end.checked_sub(1)?, &["overdue", "late"]) || end < start + 3 {
        return None;
    }
    let from = noun_at(words, start + 1).map_or(start + 1, |noun| noun.to);
    let party = targets(words, from, end - 1).into_iter().next()?;
    let late = Noun { facts: facts::of("salesInvoices")?, plural: true, from: start, to: end - 1 };
    let mut query = query::read(words, late, Shape::List, start, today);
    query.party = Some(party);
    Some(Intent::Query(query))
}

/// "when is invoice 103136 due?"
fn when_due(words: &Words, start: usize) -> Option<Intent> {
    let end = words.trim(start, words.len()).1;
    if !words.starts_at(start, &["when", "is"]) || !words.is(end.checked_sub(1)?, &["due"]) {
        return None;
    }
    let noun = noun_from(words, start + 2).filter(|noun| !noun.plural && noun.facts.has("dueDate"))?;
    let target = targets(words, noun.to, end - 1).into_iter().next()?;
    Some(show(vec![noun.facts], target, vec!["dueDate".to_owned()]))
}

/// "how much does Fjordlys owe us", "how much do we owe Nordic Timber", "who owes us the most".
fn owed(words: &Words, start: usize) -> Option<Intent> {
    if !words.starts_at(start, &["how", "much"]) {
        return None;
    }
    let owe = (start..words.len()).find(|index| words.is(*index, &["owe", "owes", "owed"]))?;
    let (set, property, from, to) = if words.starts_at(start + 2, &["do", "we"]) {
        ("vendors", "balance", owe + 1, words.len())
    } else {
        ("customers", "balanceDue", start + 2 + usize::from(words.is(start + 2, &["do", "does", "is"])), owe)
    };
    let from = from + usize::from(words.is(from, &["our", "the", "all"]));
    let noun = noun_at(words, from);
    if noun.is_some_and(|noun| noun.plural) {
        return None;
    }
    let target = targets(words, noun.map_or(from, |noun| noun.to), to).into_iter().next()?;
    Some(show(vec![facts::of(set)?], target, vec![property.to_owned()]))
}

/// "how many PARIS chairs do we have", "is item 1000 in stock".
fn stock(words: &Words, start: usize) -> Option<Intent> {
    let of_stock = words.starts_at(start, &["how", "much", "stock", "of"]);
    if !words.starts_at(start, &["how", "many"]) && !of_stock {
        return None;
    }
    let from = if of_stock { start + 4 } else { start + 2 };
    let end = (from..words.len()).find(|index| {
        words.starts_at(*index, &["do", "we", "have"])
            || words.starts_at(*index, &["are", "in", "stock"])
            || words.starts_at(*index, &["are", "there"])
            || words.starts_at(*index, &["in", "stock"])
    })?;
    if end == from || noun_at(words, from).is_some_and(|noun| noun.plural) || noun_from(words, from).is_some_and(|noun| noun.plural) {
        return None;
    }
    let from = noun_at(words, from).map_or(from, |noun| noun.to);
    Some(show(vec![facts::of("items")?], Target::Term(words.slice(from, end)), vec!["inventory".to_owned()]))
}

/// "total balance of customers", "what is the average price of items", "sum of unpaid invoices by customer".
fn sum(words: &Words, start: usize, today: Date) -> Option<Intent> {
    let operations =
        [("total", "sum"), ("sum", "sum"), ("average", "average"), ("mean", "average"), ("maximum", "max"), ("minimum", "min"), ("altogether", "sum")];
    let operation = (start..words.len()).find_map(|index| operations.iter().find(|(word, _)| words.is(index, &[word])).map(|(_, operation)| *operation));
    let grouped = (start..words.len()).any(|index| words.is(index, &["per"]));
    let how_much = words.starts_at(start, &["how", "much"]);
    if operation.is_none() && !grouped && !how_much {
        return None;
    }
    let counts = words.starts_at(start, &["how", "many"]) || words.is(start, &["count"]) || words.starts_at(start, &["number", "of"]);
    let noun = turnover(words, start).or_else(|| noun_from(words, start)).or_else(|| how_much.then(|| debt_noun(words, start)).flatten())?;
    let fields = Fields::of(noun.facts);
    let usual = ["balanceDue", "balance", "totalAmountIncludingTax", "unitPrice", "debitAmount"];
    let unpaid = (start..words.len()).any(|index| words.is(index, &["unpaid", "overdue", "open", "outstanding", "owe", "owed"]));
    let named = (start..words.len())
        .filter(|index| !(noun.from..noun.to).contains(index) && !words.is(index.saturating_sub(1), &["by", "per"]))
        .filter_map(|index| fields.at(words, index))
        .find(|(property, _)| property.kind == Kind::Number)
        .map(|(property, _)| property.name.as_str());
    let property = named
        .or_else(|| (unpaid && noun.facts.has("remainingAmount")).then_some("remainingAmount"))
        .or_else(|| usual.into_iter().find(|name| noun.facts.has(name)))
        .filter(|name| !(unpaid && *name == "totalAmountIncludingTax" && noun.facts.has("remainingAmount")))
        .or(Some("remainingAmount").filter(|name| noun.facts.has(name)));
    let shape = if counts {
        Shape::Aggregate { operation: "count", property: "id".to_owned(), by: Vec::new() }
    } else {
        Shape::Aggregate { operation: operation.unwrap_or("sum"), property: property?.to_owned(), by: Vec::new() }
    };
    let mut query = query::read(words, noun, shape, start, today);
    if turnover(words, start).is_some() {
        query.conditions.push(Condition { property: "status".to_owned(), comparison: Comparison::NotEqual, value: Literal::Text("Draft".to_owned()) });
    }
    Some(Intent::Query(query))
}

/// "sales per customer", "purchases by vendor": the invoices behind them.
fn turnover(words: &Words, start: usize) -> Option<Noun> {
    let at = (start..words.len()).find(|index| words.is(*index, &["sales", "revenue", "turnover", "purchases"]) && noun_at(words, *index).is_none())?;
    let grouped_only = noun_from(words, start).is_none_or(|noun| words.is(noun.from.saturating_sub(1), &["per", "by"]));
    let set = if words.is(at, &["purchases"]) { "purchaseInvoices" } else { "salesInvoices" };
    grouped_only.then_some(Noun { facts: facts::of(set)?, plural: true, from: at, to: at + 1 })
}

/// "how much do customers owe us", "how much are we owed": the noun may be missing.
fn debt_noun(words: &Words, start: usize) -> Option<Noun> {
    let set = if words.find(start, &["owed"]).is_some() { "customers" } else { "vendors" };
    (start..words.len()).any(|index| words.is(index, &["owe", "owed"])).then_some(Noun { facts: facts::of(set)?, plural: true, from: 0, to: 0 })
}

/// "what are the payment terms of Fjordlys", "Fjordlys's phone number", "email of vendor 20000".
fn field_of(words: &Words, start: usize) -> Option<Intent> {
    let every = ["customers", "vendors", "items", "contacts", "salesOrders", "salesInvoices", "salesQuotes", "purchaseOrders", "purchaseInvoices"];
    let mut from = start;
    while words.is(from, &["what", "what's", "is", "are", "'s", "the", "show", "me", "tell", "give", "which", "get", "find", "check"]) {
        from += 1;
    }
    // The noun tells the set: in "payment terms of customer X" it stands behind the field.
    let (property_at, target_from, target_to, noun) = if let Some(possessive) = words.find(from, &["'s"]) {
        let noun = noun_at(words, from).filter(|noun| noun.to < possessive && !noun.plural);
        (possessive + 1, noun.map_or(from, |noun| noun.to), possessive, noun)
    } else if words.is(from, &["its", "their", "his", "her"]) {
        (from + 1, from, from + 1, None)
    } else {
        let of = (from..words.len()).find(|index| words.is(*index, &["of", "for"]))?;
        let after = of + 1 + usize::from(words.is(of + 1, &["the", "our"]));
        let noun = noun_at(words, after);
        if noun.is_some_and(|noun| noun.plural) {
            return None;
        }
        (from, noun.map_or(after, |noun| noun.to), words.len(), noun)
    };
    let sets: Vec<&'static Facts> = match noun {
        Some(noun) => vec![noun.facts],
        None => every.into_iter().filter_map(facts::of).collect(),
    };
    let mut wanted = Vec::new();
    let mut holders: Vec<&'static Facts> = Vec::new();
    let mut at = property_at;
    while at < words.len() {
        let found = sets.iter().find_map(|facts| Fields::of(facts).at(words, at).map(|found| (*facts, found)));
        let Some((facts, (property, used))) = found else { break };
        wanted.push(property.name.clone());
        if holders.is_empty() {
            holders.push(facts);
        }
        at += used;
        while words.is(at, &["and", ",", "the"]) {
            at += 1;
        }
    }
    if wanted.is_empty() || !(words.is(at, &["of", "for", "?", ".", "!", ""]) || at >= words.len()) {
        return None;
    }
    let whole = reference(words, target_from.saturating_sub(usize::from(noun.is_some()) * 2), target_to);
    let target = match reference(words, target_from, words.trim(target_from, target_to).1).or(whole) {
        Some(target) => target,
        None => targets(words, target_from, target_to).into_iter().next()?,
    };
    let names: Vec<&str> = wanted.iter().map(String::as_str).collect();
    let sets = if noun.is_some() {
        sets
    } else if holders.iter().any(|facts| facts.has("displayName")) {
        likely_sets(None, &names)
    } else {
        holders
    };
    Some(show(sets, target, wanted))
}

/// "overdue customers", "which customers are late": their open invoices, by customer.
fn overdue_parties(words: &Words, start: usize, today: Date) -> Option<Intent> {
    let noun = noun_from(words, start)?;
    let late = (start..words.len()).any(|index| words.is(index, &["overdue", "late"]) || words.starts_at(index, &["past", "due"]));
    let (documents, property, by) = match noun.facts.set.as_str() {
        "customers" => ("salesInvoices", "remainingAmount", "customerName"),
        "vendors" => ("purchaseInvoices", "totalAmountIncludingTax", "vendorName"),
        _ => return None,
    };
    if !late || !noun.plural {
        return None;
    }
    let shape = Shape::Aggregate { operation: "sum", property: property.to_owned(), by: vec![by.to_owned()] };
    let overdue = Noun { facts: facts::of(documents)?, ..noun };
    Some(Intent::Query(query::read(words, overdue, shape, start, today)))
}

/// "show customer 10020", "details of order 101003", "find the vendor Nordic Timber".
fn one(words: &Words, start: usize, asks: bool) -> Option<Intent> {
    let noun = noun_from(words, start).filter(|noun| !noun.plural)?;
    let before = (start..noun.from).all(|index| {
        words.is(index, VERBS)
            || words.is(
                index,
                &[
                    "me", "details", "lines", "of", "for", "up", "at", "about", "card", "page", "that", "this", "same", "first", "second", "third", "fourth",
                    "fifth", "last", "'s", "a", "an", "has", "have",
                ],
            )
    });
    if !before || !(asks || noun.from == start) {
        return None;
    }
    if let Some(target) = reference_before(words, start, noun) {
        return Some(show(vec![noun.facts], target, Vec::new()));
    }
    if words.is(noun.to, &["with", "that", "which", "who", "in", "has", "have", "for", "by", "from", "due", "without", "over", "above", "below", "?", "."]) {
        return None;
    }
    let target = targets(words, noun.to, words.len()).into_iter().next()?;
    Some(show(vec![noun.facts], target, Vec::new()))
}

/// "that customer", "the second order" where the noun closes the reference.
fn reference_before(words: &Words, start: usize, noun: Noun) -> Option<Target> {
    (start..noun.from).find_map(|index| {
        reference(words, index, noun.to).filter(|_| words.is(index, &["that", "this", "first", "second", "third", "fourth", "fifth", "last", "same"]))
    })
}

fn list(words: &Words, start: usize, asks: bool, today: Date) -> Option<Intent> {
    let noun = document_noun(words, start)?;
    let described = (start..noun.from).all(|index| {
        words.is(
            index,
            &[
                "overdue",
                "unpaid",
                "open",
                "draft",
                "drafts",
                "blocked",
                "paid",
                "posted",
                "latest",
                "newest",
                "cheapest",
                "outstanding",
                "our",
                "all",
                "the",
                "late",
                "recent",
                "active",
                "largest",
                "biggest",
                "highest",
                "oldest",
                "lowest",
                "smallest",
                "most",
                "expensive",
                "canceled",
                "cancelled",
                "unposted",
                "its",
                "their",
                "his",
                "her",
                "last",
                "my",
                "5",
                "10",
                "3",
            ],
        )
    });
    if !asks && !described {
        return None;
    }
    let counts = words.starts_at(start, &["how", "many"])
        || words.is(start, &["count"])
        || words.starts_at(start, &["number", "of"])
        || words.find(start, &["the", "number", "of"]).is_some();
    let shape = if counts { Shape::Count } else { Shape::List };
    Some(Intent::Query(query::read(words, noun, shape, start, today)))
}

/// The set a list is of; "invoices from vendor X" are purchase invoices, "orders to vendor X" purchase orders.
fn document_noun(words: &Words, start: usize) -> Option<Noun> {
    let noun = noun_from(words, start)?;
    let vendor = (noun.to..words.len()).any(|index| words.is(index, &["vendor", "supplier"]));
    let set = match (noun.facts.set.as_str(), vendor && noun.to == noun.from + 1) {
        ("salesInvoices", true) => "purchaseInvoices",
        ("salesOrders", true) => "purchaseOrders",
        _ => return Some(noun),
    };
    Some(Noun { facts: facts::of(set)?, ..noun })
}

/// "show me Fjordlys": a name without a set.
fn bare_name(words: &Words, start: usize, asks: bool) -> Option<Intent> {
    let mut from = start;
    while words.is(
        from,
        &[
            "show", "me", "find", "open", "look", "up", "at", "get", "about", "who", "is", "who's", "'s", "lines", "the", "details", "of", "tell", "what",
            "do", "you", "know",
        ],
    ) {
        from += 1;
    }
    let target = match reference(words, from, words.trim(from, words.len()).1) {
        Some(target) => target,
        None if asks && from > start && (words.capital(from) || words.list.get(from).is_some_and(|word| word.text.chars().any(|c| c.is_ascii_digit()))) => {
            let (_, to) = words.trim(from, words.len());
            (to - from <= 6).then(|| Target::Term(words.slice(from, to)))?
        }
        None => return None,
    };
    // "It" may be a record of any set; a name is looked for where names are.
    let sets = match target {
        Target::Term(_) => ["customers", "vendors", "items"].into_iter().filter_map(facts::of).collect(),
        Target::Last | Target::Row(_) => Vec::new(),
    };
    (asks && from > start).then(|| show(sets, target, Vec::new()))
}

fn show(sets: Vec<&'static Facts>, target: Target, wanted: Vec<String>) -> Intent {
    Intent::Show(Show { sets, target, wanted })
}
