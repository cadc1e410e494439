//! Plans that only read.

use super::lookup::{Found, Search, Want, find, looks_like_number, pick, queries, quoted, spellings};
use super::{Flow, Replay, Step, Turn, refer};
use crate::model::answer::{self, columns, plural};
use crate::model::conversation::Call;
use crate::model::facts::{self, Facts};
use crate::model::json::{Json, object};
use crate::model::read::{Comparison, Condition, Direction, Literal, Query, Schema, Shape, Show, Target, label, literal};

/// How many rows a list asks for when the person names no number.
const USUAL_ROWS: u32 = 50;

/// Lists, counts or sums.
pub(super) fn query(replay: &mut Replay<'_>, query: Query) -> Flow<Step> {
    let mut filters: Vec<String> = query.conditions.iter().map(condition).collect();
    let mut told: Vec<String> = query.conditions.iter().map(described).collect();
    filters.extend(looked_up(replay, &query, &mut told)?);
    if let Some(party) = &query.party {
        let (filter, name) = party_filter(replay, query.facts, party)?;
        filters.push(filter);
        told.push(format!("for {name}"));
    }
    let Some(place) = &query.place else {
        let call = ask(replay, &query, &filters)?;
        return Ok(answered(&query, &call, &told));
    };
    // A town or a country: both are asked for at once, and the one that is there answers.
    let town = ["city", "sellToCity", "buyFromCity"].into_iter().find(|name| query.facts.has(name)).unwrap_or("city");
    let mut with_town = filters.clone();
    with_town.push(any_spelling(town, place));
    let country = Want::code("countriesRegions", place);
    let turn = Turn::new(format!("{place} may be a town or a country; I ask for both.")).call("bc_query_entities", input(&query, &with_town));
    let results = replay.turn(turn.calls(country.iter().flat_map(queries)))?;
    let Some((by_town, by_country)) = results.split_first() else { return Ok(Step::say("The query gave no result.")) };
    let nothing = by_town.result.items_at("rows").is_empty()
        && by_town.result.items_at("groups").is_empty()
        && by_town.result.get("count").map(Json::plain).is_none_or(|count| count == "0");
    if let (true, false, Search::One(country)) = (nothing, by_town.failed, pick(place, by_country)) {
        let property = town.replace("City", "Country").replace("city", "country");
        filters.push(format!("{property} eq {}", quoted(country.row.text_at("code"))));
        told.push(format!("in {}", country.title()));
        let call = ask(replay, &query, &filters)?;
        return Ok(answered(&query, &call, &told));
    }
    told.push(format!("in {}", answer::inline(place)));
    Ok(answered(&query, by_town, &told))
}

fn ask(replay: &mut Replay<'_>, query: &Query, filters: &[String]) -> Flow<Call> {
    let mut thinking = format!("A question about {}.", plural(query.facts));
    if !filters.is_empty() {
        thinking.push_str(&format!(" The filter: {}.", filters.join(" and ")));
    }
    let results = replay.turn(Turn::new(thinking).call("bc_query_entities", input(query, filters)))?;
    results.into_iter().next().ok_or_else(|| Step::say("The query gave no result."))
}

/// The tool's input for a question.
fn input(query: &Query, filters: &[String]) -> Json {
    let mut entries = vec![("entity".to_owned(), Json::from(query.facts.set.as_str()))];
    let mut push = |key: &str, value: Json| entries.push((key.to_owned(), value));
    if !filters.is_empty() {
        push("filter", Json::from(filters.join(" and ")));
    }
    match &query.shape {
        Shape::List => {
            push("select", Json::List(columns(query.facts).into_iter().map(Json::from).collect()));
            if let Some((property, direction)) = &query.order {
                let word = if *direction == Direction::Descending { "desc" } else { "asc" };
                push("orderby", Json::from(format!("{property} {word}")));
            }
            push("top", Json::from(query.top.unwrap_or(USUAL_ROWS)));
            push("count", Json::Bool(true));
        }
        Shape::Count => {
            push("select", Json::List(answer::identity(query.facts).into_iter().take(1).map(Json::from).collect()));
            push("count", Json::Bool(true));
            push("top", Json::from(1));
        }
        Shape::Aggregate { operation, property, by } => {
            let mut aggregate = vec![("op".to_owned(), Json::from(*operation))];
            // Rows are counted, not a property of them.
            if *operation != "count" {
                aggregate.push(("property".to_owned(), Json::from(property.as_str())));
            }
            if !by.is_empty() {
                aggregate.push(("by".to_owned(), Json::List(by.iter().map(|name| Json::from(name.as_str())).collect())));
                aggregate.push(("top".to_owned(), Json::from(query.top.unwrap_or(20))));
                aggregate.push(("direction".to_owned(), Json::from("desc")));
            }
            push("aggregate", Json::Object(aggregate));
        }
    }
    Json::Object(entries)
}

fn condition(condition: &Condition) -> String {
    let property = &condition.property;
    let operator = match condition.comparison {
        Comparison::Equal => "eq",
        Comparison::NotEqual => "ne",
        Comparison::Less => "lt",
        Comparison::LessOrEqual => "le",
        Comparison::Greater => "gt",
        Comparison::GreaterOrEqual => "ge",
        Comparison::Contains | Comparison::StartsWith => {
            let Literal::Text(text) = &condition.value else { return String::new() };
            let function = if condition.comparison == Comparison::Contains { "contains" } else { "startswith" };
            let any: Vec<String> = spellings(text).iter().map(|spelling| format!("{function}({property},{})", quoted(spelling))).collect();
            return if any.len() == 1 { any.concat() } else { format!("({})", any.join(" or ")) };
        }
    };
    let value = match &condition.value {
        Literal::Text(text) => quoted(text),
        Literal::Number(digits) => digits.clone(),
        Literal::Date(date) => date.to_string(),
        Literal::Bool(value) => value.to_string(),
    };
    format!("{property} {operator} {value}")
}

fn any_spelling(property: &str, text: &str) -> String {
    let any: Vec<String> = spellings(text).iter().map(|spelling| format!("{property} eq {}", quoted(spelling))).collect();
    if any.len() == 1 { any.concat() } else { format!("({})", any.join(" or ")) }
}

/// A condition in words, for the answer.
fn described(condition: &Condition) -> String {
    let name = label(&condition.property);
    let value = match &condition.value {
        Literal::Text(text) if text == "_x0020_" || text.is_empty() => "empty".to_owned(),
        Literal::Text(text) => answer::inline(text),
        Literal::Number(digits) => digits.clone(),
        Literal::Date(date) => date.to_string(),
        Literal::Bool(value) => if *value { "yes" } else { "no" }.to_owned(),
    };
    let relation = match condition.comparison {
        Comparison::Equal => "is",
        Comparison::NotEqual => "is not",
        Comparison::Less => "below",
        Comparison::LessOrEqual => "at most",
        Comparison::Greater => "above",
        Comparison::GreaterOrEqual => "at least",
        Comparison::Contains => "contains",
        Comparison::StartsWith => "starts with",
    };
    let relation = match (&condition.value, condition.comparison) {
        (Literal::Date(_), Comparison::Less) => "before",
        (Literal::Date(_), Comparison::LessOrEqual) => "until",
        (Literal::Date(_), Comparison::Greater) => "after",
        (Literal::Date(_), Comparison::GreaterOrEqual) => "from",
        _ => relation,
    };
    format!("{name} {relation} {value}")
}

/// Conditions whose value is a record of another set.
fn looked_up(replay: &mut Replay<'_>, query: &Query, told: &mut Vec<String>) -> Flow<Vec<String>> {
    let mut wants = Vec::new();
    for given in &query.given {
        wants.extend(query.facts.refers_to(&given.property.name).and_then(|set| Want::code(set, &given.words)));
    }
    let found = if wants.is_empty() { Vec::new() } else { find(replay, None, &wants, Turn::new("The filter names a code; I look it up first."))? };
    let mut found = found.iter();
    let mut filters = Vec::new();
    for given in &query.given {
        let name = &given.property.name;
        let value = match query.facts.refers_to(name).and_then(|_| found.next()) {
            Some(found) if name.ends_with("Id") => found.id.clone(),
            Some(found) => quoted(found.row.text_at("code")),
            None => match literal(given, replay.conversation.today).map_err(Step::say)? {
                Json::Text(text) => {
                    filters.push(any_spelling(name, &text));
                    told.push(format!("{} is {}", label(name), answer::inline(&text)));
                    continue;
                }
                other => other.to_string(),
            },
        };
        filters.push(format!("{name} eq {value}"));
        told.push(format!("{} is {}", label(name), answer::inline(&given.words)));
    }
    Ok(filters)
}

/// The condition on the customer or vendor of documents.
fn party_filter(replay: &Replay<'_>, facts: &Facts, party: &Target) -> Flow<(String, String)> {
    let (set, number, name) = if facts.has("vendorName") { ("vendors", "vendorNumber", "vendorName") } else { ("customers", "customerNumber", "customerName") };
    Ok(match party {
        Target::Term(term) if looks_like_number(term) => (format!("{number} eq {}", quoted(term)), answer::inline(term)),
        Target::Term(term) => {
            let any: Vec<String> = spellings(term).iter().map(|spelling| format!("contains({name},{})", quoted(spelling))).collect();
            (if any.len() == 1 { any.concat() } else { format!("({})", any.join(" or ")) }, format!("“{}”", answer::inline(term)))
        }
        target => {
            let sets: Vec<&'static Facts> = facts::of(set).into_iter().collect();
            let found = refer::resolve(replay, target, &sets)
                .ok_or_else(|| Step::say("I do not know whom you mean: nothing in this conversation fits. Please give the name or number."))?;
            (format!("{number} eq {}", quoted(found.row.text_at("number"))), found.title())
        }
    })
}

fn answered(query: &Query, call: &Call, told: &[String]) -> Step {
    if call.failed {
        return Step::say(answer::refused(call));
    }
    let conditions = if told.is_empty() { String::new() } else { format!(" ({})", told.join("; ")) };
    let mut text = match &query.shape {
        Shape::Count => {
            let count = call.result.get("count").map(Json::plain).unwrap_or_else(|| call.result.items_at("rows").len().to_string());
            let noun = if count == "1" { answer::singular(query.facts) } else { plural(query.facts) };
            format!("There {} **{count}** {noun}{conditions}.", if count == "1" { "is" } else { "are" })
        }
        Shape::List => list(query, call, &conditions),
        Shape::Aggregate { operation, property, by } => aggregate(query, call, (operation, property, by), &conditions),
    };
    if call.result.get("truncated") == Some(&Json::Bool(true)) {
        text.push_str("\n\nThe result was cut off at the limit for one read, so this is not all.");
    }
    if !query.ignored.is_empty() {
        text.push_str(&format!("\n\nI did not use these words: {}.", answer::inline(&query.ignored.join(", "))));
    }
    Step::say(text)
}

fn list(query: &Query, call: &Call, conditions: &str) -> String {
    let rows = call.result.items_at("rows");
    let order = query.order.as_ref().map(|(property, direction)| format!(", sorted by {}{}", label(property), first(property, *direction))).unwrap_or_default();
    let total: Option<usize> = call.result.get("count").and_then(|count| count.plain().parse().ok());
    let count = answer::counted(rows.len(), query.facts);
    if rows.is_empty() {
        return format!("I found {count}{conditions}.");
    }
    let of = total.filter(|total| *total > rows.len()).map(|total| format!(" of {total}")).unwrap_or_default();
    let mut shown = columns(query.facts);
    if let Some((property, _)) = query.order.as_ref().filter(|(property, _)| !shown.contains(&property.as_str())) {
        shown.push(property);
    }
    let count = if of.is_empty() { count } else { format!("{}{of} {}", rows.len(), plural(query.facts)) };
    format!("{}{count}{order}{conditions}:\n\n{}", "", answer::table(&shown, rows))
}

fn first(property: &str, direction: Direction) -> &'static str {
    match direction {
        Direction::Ascending => "",
        Direction::Descending if property.ends_with("Date") => ", latest first",
        Direction::Descending => ", largest first",
    }
}

fn aggregate(query: &Query, call: &Call, (operation, property, by): (&str, &str, &[String]), conditions: &str) -> String {
    let groups = call.result.items_at("groups");
    let what = match operation {
        "sum" => format!("sum of {}", label(property)),
        "count" => "count".to_owned(),
        "average" => format!("average {}", label(property)),
        "max" => format!("highest {}", label(property)),
        _ => format!("lowest {}", label(property)),
    };
    let read = call.result.get("rows_read").map(|rows| format!(", from {} {}", rows.plain(), plural(query.facts))).unwrap_or_default();
    if groups.is_empty() {
        return format!("I found no {}{conditions}, so there is no {what}.", plural(query.facts));
    }
    if by.is_empty() {
        let value = groups[0].get("value").map(Json::plain).unwrap_or_default();
        let value = if operation != "count" && answer::is_money(property) { answer::amount(&value) } else { value };
        return format!("The {what} is **{}**{conditions}{read}.", answer::inline(&value));
    }
    let rows: Vec<Json> = groups
        .iter()
        .map(|group| {
            let mut cells: Vec<(String, Json)> =
                by.iter().map(|name| (name.clone(), group.get("by").and_then(|by| by.get(name)).cloned().unwrap_or(Json::Null))).collect();
            cells.push((what.clone(), Json::Number(group.get("value").map(Json::plain).unwrap_or_default())));
            cells.push(("rows".to_owned(), group.get("count").cloned().unwrap_or(Json::Null)));
            Json::Object(cells)
        })
        .collect();
    let mut names: Vec<&str> = by.iter().map(String::as_str).collect();
    names.extend([what.as_str(), "rows"]);
    format!("The {what} by {}{conditions}{read}:\n\n{}", by.iter().map(|name| label(name)).collect::<Vec<_>>().join(", "), answer::table(&names, &rows))
}

/// Shows one record, whole or some of its fields.
pub(super) fn show(replay: &mut Replay<'_>, show: &Show) -> Flow<Step> {
    let want = Want { sets: show.sets.clone(), target: show.target.clone(), status: None };
    let found = find(replay, None, &[want], Turn::new("One record is asked for. I find it, then read it."))
        .and_then(|found| found.into_iter().next().ok_or_else(|| Step::say("I do not know which record you mean. Please give its name or number.")))?;
    let call = read_one(replay, &found, &show.wanted)?;
    let Some(row) = call.result.items_at("rows").first().filter(|_| !call.failed) else {
        return Ok(Step::say(if call.failed { answer::refused(&call) } else { format!("{} is not there any more.", found.title()) }));
    };
    let names = referred(replay, &found, row, &show.wanted)?;
    Ok(Step::say(if show.wanted.is_empty() { card(&found, row, &names) } else { some_fields(&found, row, &show.wanted, &names) }))
}

fn read_one(replay: &mut Replay<'_>, found: &Found, wanted: &[String]) -> Flow<Call> {
    let mut input = vec![("entity".to_owned(), Json::from(found.facts.set.as_str())), ("id".to_owned(), Json::from(found.id.as_str()))];
    let fields: Vec<&str> = if wanted.is_empty() { card_columns(found.facts) } else { wanted.iter().map(String::as_str).collect() };
    let mut select = answer::identity(found.facts);
    for field in fields {
        if !select.contains(&field) {
            select.push(field);
        }
    }
    input.push(("select".to_owned(), Json::List(select.into_iter().map(Json::from).collect())));
    if let Some(lines) = found.facts.lines().filter(|_| wanted.is_empty()) {
        input.push(("expand".to_owned(), Json::List(vec![Json::from(lines)])));
    }
    let results = replay.turn(Turn::new(format!("That is {}. Now I read the record.", found.title())).call("bc_query_entities", Json::Object(input)))?;
    results.into_iter().next().ok_or_else(|| Step::say("The query gave no result."))
}

/// The names behind the ids of a record: the payment terms of a customer, for example.
fn referred(replay: &mut Replay<'_>, found: &Found, row: &Json, wanted: &[String]) -> Flow<Vec<(String, String)>> {
    let usual = ["paymentTermsId", "paymentMethodId", "shipmentMethodId"];
    let asked = |name: &str| if wanted.is_empty() { usual.contains(&name) } else { wanted.iter().any(|wanted| wanted == name) };
    let empty = "00000000-0000-0000-0000-000000000000";
    let wants: Vec<(&str, &str)> = found
        .facts
        .references
        .iter()
        .filter(|(property, _)| asked(property))
        .map(|(property, set)| (set.as_str(), row.text_at(property)))
        .filter(|(_, id)| !id.is_empty() && *id != empty)
        .collect();
    if wants.is_empty() {
        return Ok(Vec::new());
    }
    let calls = wants.iter().map(|(set, id)| ("bc_query_entities", object([("entity", Json::from(*set)), ("id", Json::from(*id))])));
    let results = replay.turn(Turn::new("The record refers to others by id; I read their names.").calls(calls))?;
    let name = |(want, call): (&(&str, &str), &Call)| call.result.items_at("rows").first().map(|row| (want.1.to_owned(), answer::title(row)));
    Ok(wants.iter().zip(&results).filter_map(name).collect())
}

fn cell(property: &str, row: &Json, names: &[(String, String)]) -> String {
    let found = row.get(property).cloned().unwrap_or(Json::Null);
    let plain = found.plain();
    names.iter().find(|(id, _)| *id == plain).map(|(_, name)| name.clone()).unwrap_or_else(|| answer::value(&found))
}

fn some_fields(found: &Found, row: &Json, wanted: &[String], names: &[(String, String)]) -> String {
    let told = wanted.iter().map(|property| {
        let value = cell(property, row, names);
        format!("{} **{}**", label(property), if value.is_empty() { "(empty)" } else { &value })
    });
    format!("{}: {}.", answer::bold(&found.row), told.collect::<Vec<_>>().join(", "))
}

/// The properties on a record's card: the columns of its list, and what one looks up on a card.
fn card_columns(facts: &'static Facts) -> Vec<&'static str> {
    let mut shown = columns(facts);
    for extra in [
        "addressLine1",
        "postalCode",
        "website",
        "paymentTermsId",
        "paymentMethodId",
        "shipmentMethodId",
        "blocked",
        "externalDocumentNumber",
        "totalAmountExcludingTax",
        "salesperson",
        "salespersonCode",
    ] {
        if facts.has(extra) && !shown.contains(&extra) {
            shown.push(extra);
        }
    }
    shown
}

fn card(found: &Found, row: &Json, names: &[(String, String)]) -> String {
    let shown = card_columns(found.facts);
    let values = shown.into_iter().map(|property| (property, cell(property, row, names)));
    let lines: Vec<String> = values.filter(|(_, value)| !value.is_empty()).map(|(property, value)| format!("| {} | {value} |", label(property))).collect();
    let mut text = format!("The {} {}:\n\n| field | value |\n|---|---|\n{}", answer::singular(found.facts), answer::bold(row), lines.join("\n"));
    let rows = found.facts.lines().map(|name| row.items_at(name)).unwrap_or_default();
    if !rows.is_empty() {
        let columns = [
            "lineObjectNumber",
            "description",
            "quantity",
            "unitOfMeasureCode",
            "unitPrice",
            "directUnitCost",
            "unitCost",
            "discountPercent",
            "amountIncludingTax",
        ];
        text.push_str(&format!("\n\n{} line(s):\n\n{}", rows.len(), answer::table(&columns, rows)));
    }
    text
}

/// What Business Central has.
pub(super) fn schema(replay: &mut Replay<'_>, schema: &Schema) -> Flow<Step> {
    let input = match schema {
        Schema::Of(facts) => object([("entity", Json::from(facts.set.as_str()))]),
        Schema::Search(words) => object([("search", Json::from(words.as_str()))]),
    };
    let results = replay.turn(Turn::new("A question about what Business Central has. The schema answers it.").call("bc_get_schema", input))?;
    let Some(call) = results.first().filter(|call| !call.failed) else {
        return Ok(Step::say(results.first().map(answer::refused).unwrap_or_default()));
    };
    let matches = call.result.items_at("matches");
    if !matches.is_empty() {
        return Ok(Step::say(format!("These sets fit best:\n\n{}", answer::table(&["entity", "title", "description"], matches))));
    }
    let properties = call.result.items_at("properties");
    let read_only = properties.iter().filter(|property| property.get("read_only") == Some(&Json::Bool(true))).count();
    let actions: Vec<String> = call.result.items_at("actions").iter().map(|action| format!("`{}`", action.text_at("name"))).collect();
    let actions = if actions.is_empty() { "It has no actions.".to_owned() } else { format!("Actions: {}.", actions.join(", ")) };
    let table = answer::table(&["name", "type", "max_length", "read_only", "enum", "description"], properties);
    Ok(Step::say(format!("`{}` has {} fields, {read_only} of them read-only. {actions}\n\n{table}", call.result.text_at("entity"), properties.len())))
}
