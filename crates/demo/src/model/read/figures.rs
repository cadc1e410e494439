//! Questions about what was sold and bought, and about what runs low: they name no set, or another one than has the answer.

use jiff::civil::Date;

use super::intent::{Comparison, Condition, Direction, Intent, Literal, Query, Shape};
use super::query;
use super::vocabulary::{Noun, noun_from};
use super::words::Words;
use crate::model::facts;

const SOLD: &[&str] = &["sales", "revenue", "turnover", "sell", "sold", "invoiced", "earn", "earned"];
const BOUGHT: &[&str] = &["purchases", "buy", "bought", "spend", "spent", "spending", "purchased"];

/// Words of such a question that state no condition.
const SPENT: &[&str] = &[
    "customers",
    "customer",
    "vendors",
    "vendor",
    "suppliers",
    "supplier",
    "clients",
    "best",
    "selling",
    "money",
    "goods",
    "things",
    "we've",
    "run",
    "running",
];

/// Which side of the books a question is about.
#[derive(Clone, Copy)]
enum Side {
    Sold,
    Bought,
}

/// "top 5 customers by sales this year", "best customers": the posted invoices of the period, by customer.
pub(super) fn ranking(words: &Words, start: usize, today: Date) -> Option<Intent> {
    let noun = noun_from(words, start).filter(|noun| noun.plural)?;
    let side = match noun.facts.set.as_str() {
        "customers" => Side::Sold,
        "vendors" => Side::Bought,
        _ => return None,
    };
    let of_side = match side {
        Side::Sold => SOLD,
        Side::Bought => BOUGHT,
    };
    let named = (start..words.len()).any(|index| words.is(index, of_side));
    let best = (start..noun.from).any(|index| words.is(index, &["best"]));
    let counted = words.starts_at(start, &["how", "many"]);
    if counted || !(named || best) {
        return None;
    }
    turnover(words, start, today, side, By::Party)
}

/// "what did we sell last month?", "sales this year by customer", "how much did we spend in October?".
pub(super) fn total(words: &Words, start: usize, today: Date) -> Option<Intent> {
    let asks = words.is(start, &["what", "how", "what's", "show", "total", "our", "give", "tell"]) || words.is(start, SOLD) || words.is(start, BOUGHT);
    let named = (start..words.len()).find(|index| words.is(*index, SOLD) || words.is(*index, BOUGHT))?;
    // "sales orders" and the like are sets of their own.
    if !asks || noun_from(words, start).is_some_and(|noun| !matches!(noun.facts.set.as_str(), "customers" | "vendors")) {
        return None;
    }
    let side = if words.is(named, SOLD) { Side::Sold } else { Side::Bought };
    let by =
        (start..words.len()).any(|index| words.is(index, &["by", "per"]) && words.is(index + 1, &["customer", "customers", "vendor", "vendors", "supplier"]));
    turnover(words, start, today, side, if by { By::Party } else { By::Nothing })
}

#[derive(Clone, Copy)]
enum By {
    Party,
    Nothing,
}

fn turnover(words: &Words, start: usize, today: Date, side: Side, by: By) -> Option<Intent> {
    let (set, party) = match side {
        Side::Sold => ("salesInvoices", "customerName"),
        Side::Bought => ("purchaseInvoices", "vendorName"),
    };
    let by = match by {
        By::Party => vec![party.to_owned()],
        By::Nothing => Vec::new(),
    };
    let shape = Shape::Aggregate { operation: "sum", property: "totalAmountExcludingTax".to_owned(), by: by.clone() };
    let noun = Noun { facts: facts::of(set)?, plural: true, from: 0, to: 0 };
    let mut query = query::read(words, noun, shape, start, today);
    let known = |word: &str| {
        let low = word.to_lowercase();
        [SOLD, BOUGHT, SPENT].iter().any(|list| list.contains(&low.as_str()))
    };
    query.ignored.retain(|word| !known(word));
    query.given.retain(|given| !known(&given.words) && given.property.name != party);
    query.order = None;
    if let Shape::Aggregate { by: read, .. } = &mut query.shape {
        *read = by;
    }
    query.conditions.retain(|condition| condition.property != "status");
    query.conditions.push(Condition { property: "status".to_owned(), comparison: Comparison::NotEqual, value: Literal::Text("Draft".to_owned()) });
    Some(Intent::Query(query))
}

/// "which items are low on stock?": goods with the least in stock first.
pub(super) fn low_stock(words: &Words, start: usize) -> Option<Intent> {
    let low = (start..words.len()).any(|index| {
        words.starts_at(index, &["low", "on", "stock"])
            || words.starts_at(index, &["low", "stock"])
            || words.starts_at(index, &["low", "in", "stock"])
            || words.is(index, &["reorder", "reordered", "reordering", "restock"])
    });
    let about_items = noun_from(words, start).is_none_or(|noun| noun.facts.set == "items");
    if !low || !about_items || words.is(start, &["create", "make", "change", "set", "delete", "order"]) {
        return None;
    }
    let goods = Condition { property: "type".to_owned(), comparison: Comparison::Equal, value: Literal::Text("Inventory".to_owned()) };
    Some(Intent::Query(Query {
        facts: facts::of("items")?,
        shape: Shape::List,
        conditions: vec![goods],
        place: None,
        party: None,
        given: Vec::new(),
        order: Some(("inventory".to_owned(), Direction::Ascending)),
        top: Some(10),
        ignored: Vec::new(),
    }))
}
