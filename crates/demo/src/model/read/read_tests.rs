//! English in, intent out: one line for each phrasing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use jiff::civil::date;

use super::*;

/// An intent as one line.
fn tell(message: &str) -> String {
    match read(message, date(2026, 11, 21)) {
        Intent::Greeting => "greeting".to_owned(),
        Intent::Thanks => "thanks".to_owned(),
        Intent::Help => "help".to_owned(),
        Intent::MonthEnd => "month end".to_owned(),
        Intent::Again => "again".to_owned(),
        Intent::Unknown => "unknown".to_owned(),
        Intent::Schema(Schema::Of(facts)) => format!("schema {}", facts.set),
        Intent::Schema(Schema::Search(words)) => format!("search {words}"),
        Intent::Query(query) => told_query(&query),
        Intent::Show(show) => format!("show {} {} [{}]", sets(&show.sets), target(&show.target), show.wanted.join(",")),
        Intent::Create(create) => format!(
            "create {} {}{}",
            create.facts.set,
            create.records.iter().map(|record| values(record)).collect::<Vec<_>>().join(" + "),
            if create.decided == Decided::AsOneSet { " as one set" } else { "" }
        ),
        Intent::Update(update) => format!("update {} {} {}", sets(&update.sets), targets(&update.targets), values(&update.values)),
        Intent::Delete(delete) => format!("delete {} {}", sets(&delete.sets), targets(&delete.targets)),
        Intent::Document(document) => format!(
            "document {} for {} {}{}",
            document.facts.set,
            document.party.as_ref().map(target).unwrap_or_default(),
            lines(&document.lines),
            if document.header.is_empty() { String::new() } else { format!(" {}", values(&document.header)) }
        ),
        Intent::Act(act) => format!("{} {} {}", act.action, act.facts.set, targets(&act.targets)),
        Intent::Onboard(onboard) => format!("onboard {} contact {} quote {}", values(&onboard.customer), values(&onboard.contact), lines(&onboard.lines)),
    }
}

fn told_query(query: &Query) -> String {
    let mut told = match &query.shape {
        Shape::List => format!("list {}", query.facts.set),
        Shape::Count => format!("count {}", query.facts.set),
        Shape::Aggregate { operation, property, by } if by.is_empty() => format!("{operation} {property} {}", query.facts.set),
        Shape::Aggregate { operation, property, by } => format!("{operation} {property} {} by {}", query.facts.set, by.join(",")),
    };
    for condition in &query.conditions {
        let sign = match condition.comparison {
            Comparison::Equal => "=",
            Comparison::NotEqual => "!=",
            Comparison::Less => "<",
            Comparison::LessOrEqual => "<=",
            Comparison::Greater => ">",
            Comparison::GreaterOrEqual => ">=",
            Comparison::Contains => "~",
            Comparison::StartsWith => "^",
        };
        let value = match &condition.value {
            Literal::Text(text) => format!("'{text}'"),
            Literal::Number(digits) => digits.clone(),
            Literal::Date(date) => date.to_string(),
            Literal::Bool(value) => value.to_string(),
        };
        told.push_str(&format!(" {}{sign}{value}", condition.property));
    }
    told.extend(query.place.as_ref().map(|place| format!(" in {place}")));
    told.extend(query.party.as_ref().map(|party| format!(" for {}", target(party))));
    if !query.given.is_empty() {
        told.push_str(&format!(" {}", values(&query.given)));
    }
    if let Some((property, direction)) = &query.order {
        told.push_str(&format!(" order {property} {}", if *direction == Direction::Descending { "desc" } else { "asc" }));
    }
    told.extend(query.top.map(|top| format!(" top {top}")));
    if !query.ignored.is_empty() {
        told.push_str(&format!(" ignored {}", query.ignored.join(" ")));
    }
    told
}

fn sets(sets: &[&'static crate::model::facts::Facts]) -> String {
    sets.iter().map(|facts| facts.set.as_str()).collect::<Vec<_>>().join("/")
}

fn target(target: &Target) -> String {
    match target {
        Target::Term(term) => format!("<{term}>"),
        Target::Last => "<it>".to_owned(),
        Target::Row(row) => format!("<row {row}>"),
    }
}

fn targets(all: &[Target]) -> String {
    all.iter().map(target).collect::<Vec<_>>().join("+")
}

fn values(values: &[Given]) -> String {
    format!("{{{}}}", values.iter().map(|given| format!("{}: {}", given.property.name, given.words)).collect::<Vec<_>>().join("; "))
}

fn lines(lines: &[Line]) -> String {
    let each = lines
        .iter()
        .map(|line| format!("{} x {}{}", line.quantity, target(&line.item), line.price.as_ref().map(|price| format!(" @ {price}")).unwrap_or_default()));
    format!("[{}]", each.collect::<Vec<_>>().join(", "))
}

#[test]
fn phrasings() {
    let table = include_str!("phrasings.txt");
    let mut wrong = Vec::new();
    let mut count = 0;
    for block in table.split("\n\n") {
        let Some((message, expected)) = block.trim().split_once("\n  ") else { continue };
        count += 1;
        let told = tell(message.trim());
        if told != expected.trim() {
            wrong.push(format!("{message}\n  expected {}\n  told     {told}", expected.trim()));
        }
    }
    assert!(count >= 60, "{count}");
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
}

/// Words that steer the rules, in any order, must never break them: what cannot be read is unknown, not a crash.
#[test]
fn no_order_of_words_breaks_the_reader() {
    let vocabulary = "create change delete post turn onboard show list top 5 how many much customer customers item sales quote order invoice vendor of for to in with and , : . ? ! ( ' \" “ ” 's named \
        credit limit payment terms 14 days price at each balance over below between 10 1,000 1.5k 50.000,00 2026-11-01 December 1 last month this year due before the a an its it that second one one owe \
        Bergen Fjordlys AS PARIS chairs € kr @ x ø 日本 🙂 = > < by per sorted total average into";
    let words: Vec<&str> = vocabulary.split_whitespace().collect();
    let mut state: u64 = 42;
    let mut draw = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % below
    };
    for _ in 0..6_000 {
        let length = 1 + draw(12);
        let message: Vec<&str> = (0..length).map(|_| words[draw(words.len())]).collect();
        let joint = if draw(4) == 0 { "" } else { " " };
        read(&message.join(joint), date(2026, 11, 21));
    }
}

#[test]
fn several_requests_in_one_message() {
    let kinds = |message: &str| read_all(message, date(2026, 11, 21)).len();
    assert_eq!(kinds("Create a customer named Alfa AS in Oslo, then make a quote for it with 2 lamps"), 2);
    assert_eq!(kinds("Show customer 10020. Thanks!"), 1);
    assert_eq!(kinds("Create a vendor named Oak Inc. with phone 123"), 1);
    assert_eq!(kinds("Post invoice 102001 and then show customer 10020; list vendors"), 3);
}
