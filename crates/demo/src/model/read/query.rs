//! Questions for lists, counts and sums: "unpaid sales invoices due before 1 December", "top 5 customers by balance".

use jiff::civil::Date;

use super::dates::{Period, date_at, period_at};
use super::fields::{reference, value_start};
use super::intent::{Comparison, Condition, Direction, Given, Literal, Query, Shape, Target};
use super::numbers::number_at;
use super::vocabulary::{Fields, Noun};
use super::words::Words;
use crate::model::facts::{Kind, Property};

/// Words that carry no condition of their own.
const SILENT: &[&str] = &[
    "the",
    "all",
    "of",
    "our",
    "my",
    "me",
    "with",
    "that",
    "which",
    "have",
    "has",
    "had",
    "are",
    "is",
    "was",
    "were",
    "whose",
    "who",
    "and",
    "a",
    "an",
    "any",
    "there",
    "we",
    "us",
    "do",
    "does",
    "please",
    "their",
    "its",
    "be",
    "been",
    "so",
    "to",
    ",",
    ".",
    "?",
    "!",
    "what",
    "list",
    "show",
    "find",
    "get",
    "give",
    "display",
    "many",
    "how",
    "much",
    "count",
    "number",
    "currently",
    "still",
    "now",
    "right",
    "i",
    "see",
    "you",
    "can",
    "tell",
    "need",
    "want",
    "every",
    "each",
    "both",
    "ones",
    "must",
    "in",
    "total",
    "sum",
    "average",
    "it",
    "at",
    "look",
    "up",
    "search",
    "for",
    "having",
    "than",
    "by",
    "where",
    "it's",
    "'s",
    "fetch",
    "pull",
    "on",
    "sorted",
    "ordered",
    "sort",
    "order",
    "owe",
    "owes",
    "only",
    "did",
    "as",
    "just",
    "also",
    "them",
    "they",
    "would",
    "like",
    "overview",
    "report",
    "value",
    "say",
    "say,",
    "let",
    "could",
    "most",
    "top",
    "first",
    "from",
    "(",
    ")",
    ":",
];

/// The state while a question is read from left to right.
struct Reader<'a> {
    words: &'a Words,
    noun: Noun,
    fields: Fields,
    today: Date,
    query: Query,
    /// The field that was named last and still waits for its comparison.
    pending: Option<&'static Property>,
}

/// Reads the conditions of a question about a set.
pub(crate) fn read(words: &Words, noun: Noun, shape: Shape, from: usize, today: Date) -> Query {
    let query =
        Query { facts: noun.facts, shape, conditions: Vec::new(), place: None, party: None, given: Vec::new(), order: None, top: None, ignored: Vec::new() };
    let mut reader = Reader { words, noun, fields: Fields::of(noun.facts), today, query, pending: None };
    let mut index = from;
    while index < words.len() {
        index += if index >= noun.from && index < noun.to { noun.to - index } else { reader.step(index) };
    }
    reader.query
}

impl Reader<'_> {
    /// Reads at one place and says how many words were used.
    fn step(&mut self, index: usize) -> usize {
        let used = self
            .period(index)
            .or_else(|| self.ordering(index))
            .or_else(|| self.adjective(index))
            .or_else(|| self.comparison(index))
            .or_else(|| self.naming(index))
            .or_else(|| self.party(index))
            .or_else(|| self.place(index))
            .or_else(|| self.field(index));
        if let Some(used) = used {
            return used.max(1);
        }
        if !SILENT.contains(&self.words.low(index)) {
            let word = &self.words.list[index];
            self.query.ignored.push(word.text.clone());
        }
        1
    }

    fn add(&mut self, property: &str, comparison: Comparison, value: Literal) {
        let condition = Condition { property: property.to_owned(), comparison, value };
        if !self.query.conditions.contains(&condition) {
            self.query.conditions.push(condition);
        }
    }

    fn has(&self, property: &str) -> bool {
        self.noun.facts.has(property)
    }

    /// The first of these properties that the set has.
    fn first_of(&self, names: &[&'static str]) -> Option<&'static str> {
        names.iter().copied().find(|name| self.has(name))
    }

    fn date_property(&self) -> Option<&'static str> {
        match self.pending {
            Some(property) if matches!(property.kind, Kind::Date | Kind::DateTime) => Some(&property.name),
            _ => self.first_of(&["postingDate", "orderDate", "invoiceDate", "documentDate"]),
        }
    }

    /// "posted this month", "due before 1 December", "since 1 May".
    fn period(&mut self, index: usize) -> Option<usize> {
        let comparison = match self.words.low(index) {
            "before" => Some(Comparison::Less),
            "after" => Some(Comparison::Greater),
            "since" => Some(Comparison::GreaterOrEqual),
            "until" | "till" | "by" => Some(Comparison::LessOrEqual),
            "on" => Some(Comparison::Equal),
            _ => None,
        };
        if let Some(comparison) = comparison
            && let Some((date, used)) = date_at(self.words, index + 1, self.today)
        {
            let property = self.date_property()?;
            self.add(property, comparison, Literal::Date(date));
            return Some(used + 1);
        }
        if self.words.is(index, &["between", "from"])
            && let Some((first, used)) = date_at(self.words, index + 1, self.today)
            && self.words.is(index + 1 + used, &["and", "to", "until"])
            && let Some((last, more)) = date_at(self.words, index + 2 + used, self.today)
        {
            let property = self.date_property()?;
            self.range(property, Period { first, last });
            return Some(used + more + 2);
        }
        let (period, used) = period_at(self.words, index, self.today)?;
        let property = self.date_property()?;
        self.range(property, period);
        Some(used)
    }

    fn range(&mut self, property: &str, period: Period) {
        if period.first == period.last {
            return self.add(property, Comparison::Equal, Literal::Date(period.first));
        }
        self.add(property, Comparison::GreaterOrEqual, Literal::Date(period.first));
        self.add(property, Comparison::LessOrEqual, Literal::Date(period.last));
    }

    /// "top 5", "the 3 largest", "by balance", "sorted by name descending", "per customer".
    fn ordering(&mut self, index: usize) -> Option<usize> {
        let words = self.words;
        if words.is(index, &["per", "grouped"]) || words.is(index, &["by"]) && matches!(self.query.shape, Shape::Aggregate { .. }) {
            let at = if words.starts_at(index, &["grouped", "by"]) { index + 2 } else { index + 1 };
            let (property, used) = self.fields.at(words, at)?;
            if let Shape::Aggregate { by, .. } = &mut self.query.shape {
                by.push(property.name.clone());
                return Some(at - index + used);
            }
            return None;
        }
        if words.is(index, &["by"]) {
            let (property, used) = self.fields.at(words, index + 1)?;
            let numeric = matches!(property.kind, Kind::Number);
            let end = index + 1 + used;
            let (direction, more) = match words.low(end) {
                "descending" | "desc" => (Direction::Descending, 1),
                "ascending" | "asc" => (Direction::Ascending, 1),
                _ if self.query.top.is_some() || numeric => (self.direction().unwrap_or(Direction::Descending), 0),
                _ => (Direction::Ascending, 0),
            };
            self.query.order = Some((property.name.clone(), direction));
            return Some(1 + used + more);
        }
        if words.is(index, &["top", "first", "best"])
            && let Some((count, used)) = small_number(words, index + 1)
        {
            self.query.top = Some(count);
            self.rank(Direction::Descending, None);
            return Some(1 + used);
        }
        if let Some((count, used)) = small_number(words, index)
            && (superlative(words, index + used).is_some() || index + used == self.noun.from)
        {
            self.query.top = Some(count);
            return Some(used);
        }
        self.superlative(index)
    }

    fn direction(&self) -> Option<Direction> {
        self.query.order.as_ref().map(|(_, direction)| *direction)
    }

    fn superlative(&mut self, index: usize) -> Option<usize> {
        let (direction, by_date, mut used) = superlative(self.words, index)?;
        if let Some((count, more)) = small_number(self.words, index + used) {
            self.query.top = Some(count);
            used += more;
        }
        let in_noun = (self.noun.from..self.noun.to).contains(&(index + used));
        let named = self.fields.at(self.words, index + used).filter(|(property, _)| !in_noun && property.kind == Kind::Number);
        if !self.noun.plural && self.query.top.is_none() && index < self.noun.to {
            self.query.top = Some(1);
        }
        if let Some((property, more)) = named {
            self.query.order = Some((property.name.clone(), direction));
            if self.query.top.is_none() {
                self.query.top = Some(if self.noun.plural { 5 } else { 1 });
            }
            return Some(used + more);
        }
        let date = by_date.then(|| self.first_of(&["postingDate", "orderDate", "invoiceDate", "documentDate", "lastModifiedDateTime"])).flatten();
        self.rank(direction, date);
        if self.query.top.is_none() {
            self.query.top = Some(5);
        }
        Some(used)
    }

    fn rank(&mut self, direction: Direction, property: Option<&str>) {
        let usual = self.first_of(&["balanceDue", "balance", "totalAmountIncludingTax", "unitPrice", "netChange", "debitAmount"]);
        if let Some(property) = property.or(usual)
            && (self.query.order.is_none() || direction == Direction::Ascending)
        {
            self.query.order = Some((property.to_owned(), direction));
        }
    }

    /// "overdue", "unpaid", "draft", "blocked", "out of stock".
    fn adjective(&mut self, index: usize) -> Option<usize> {
        use Comparison::{Equal, Greater, Less, LessOrEqual, NotEqual};
        let text = |text: &str| Literal::Text(text.to_owned());
        let words = self.words;
        if words.starts_at(index, &["out", "of", "stock"]) && self.has("inventory") {
            self.add("inventory", LessOrEqual, Literal::Number("0".to_owned()));
            return Some(3);
        }
        if words.starts_at(index, &["not", "paid"]) || words.starts_at(index, &["not", "yet", "paid"]) {
            self.add("status", Equal, text("Open"));
            return Some(if words.low(index + 1) == "yet" { 3 } else { 2 });
        }
        if words.is(index, &["without", "no", "missing"])
            && let Some((property, used)) = self.fields.at(words, index + 1)
        {
            match property.kind {
                Kind::Text => self.add(&property.name, Equal, text("")),
                Kind::Number => self.add(&property.name, Equal, Literal::Number("0".to_owned())),
                _ => return None,
            }
            return Some(1 + used);
        }
        let status = self.has("status");
        let today = self.today;
        match words.low(index) {
            "overdue" | "late" if self.has("dueDate") => {
                self.add("dueDate", Less, Literal::Date(today));
                self.add("status", Equal, text("Open"));
            }
            "past" if words.is(index + 1, &["due"]) && self.has("dueDate") => {
                self.add("dueDate", Less, Literal::Date(today));
                self.add("status", Equal, text("Open"));
                return Some(2);
            }
            "unpaid" | "outstanding" if status => self.add("status", Equal, text("Open")),
            "open" if status => self.add("status", Equal, text("Open")),
            "paid" if status => self.add("status", Equal, text("Paid")),
            "draft" | "drafts" | "unposted" if status => self.add("status", Equal, text("Draft")),
            "sent" | "accepted" if self.noun.facts.set == "salesQuotes" => {
                self.add("status", Equal, text(if words.low(index) == "sent" { "Sent" } else { "Accepted" }));
            }
            "canceled" | "cancelled" if status => self.add("status", Equal, text("Canceled")),
            "posted" => {
                self.pending = self.noun.facts.property("postingDate");
                if self.noun.facts.set.ends_with("Invoices") {
                    self.add("status", NotEqual, text("Draft"));
                }
            }
            "dated" | "created" | "ordered" if self.date_property().is_some() => {}
            "blocked" => match self.noun.facts.property("blocked")?.kind {
                Kind::Bool => self.add("blocked", Equal, Literal::Bool(true)),
                _ => self.add("blocked", NotEqual, text("_x0020_")),
            },
            "unblocked" | "active" => match self.noun.facts.property("blocked")?.kind {
                Kind::Bool => self.add("blocked", Equal, Literal::Bool(false)),
                _ => self.add("blocked", Equal, text("_x0020_")),
            },
            "owe" | "owes" | "owing" => self.pending = self.fields.at(&Words::of("balance"), 0).map(|(property, _)| property),
            "priced" | "costing" => self.pending = self.noun.facts.property("unitPrice"),
            "cheaper" if words.is(index + 1, &["than"]) => {
                let (value, used) = number_at(words, index + 2)?;
                self.add("unitPrice", Less, Literal::Number(value));
                return Some(used + 2);
            }
            "in" if words.is(index + 1, &["stock"]) && self.pending.is_none() && self.has("inventory") => {
                if !self.query.conditions.iter().any(|condition| condition.property == "inventory") {
                    self.add("inventory", Greater, Literal::Number("0".to_owned()));
                }
                return Some(2);
            }
            _ => return None,
        }
        Some(1)
    }

    /// "over 10,000", "below 20 in stock", "between 5 and 10".
    fn comparison(&mut self, index: usize) -> Option<usize> {
        let words = self.words;
        if words.is(index, &["between"])
            && let Some((low, used)) = number_at(words, index + 1)
            && words.is(index + 1 + used, &["and"])
            && let Some((high, more)) = number_at(words, index + 2 + used)
        {
            let end = index + 2 + used + more;
            let (property, named) = self.numeric(end)?;
            self.add(&property, Comparison::GreaterOrEqual, Literal::Number(low));
            self.add(&property, Comparison::LessOrEqual, Literal::Number(high));
            return Some(end - index + named);
        }
        let (comparison, used) = comparison_at(words, index)?;
        let (value, more) = number_at(words, index + used)?;
        let end = index + used + more;
        let (property, named) = self.numeric(end)?;
        self.add(&property, comparison, Literal::Number(value));
        Some(end - index + named)
    }

    /// The number property that a comparison is about: the one named before it, the one after it, or the usual one.
    fn numeric(&mut self, after: usize) -> Option<(String, usize)> {
        if let Some(property) = self.pending.filter(|property| property.kind == Kind::Number) {
            self.pending = None;
            return Some((property.name.clone(), 0));
        }
        let skip = usize::from(self.words.is(after, &["of", "left", "pieces", "pcs", "units"]));
        if let Some((property, used)) = self.fields.at(self.words, after + skip).filter(|(property, _)| property.kind == Kind::Number) {
            return Some((property.name.clone(), used + skip));
        }
        let usual = self.first_of(&["balanceDue", "balance", "totalAmountIncludingTax", "unitPrice", "netChange", "debitAmount"])?;
        Some((usual.to_owned(), 0))
    }

    /// "named Nord", "starting with A", "containing desk".
    fn naming(&mut self, index: usize) -> Option<usize> {
        let words = self.words;
        let (comparison, from) = if words.is(index, &["named", "called", "containing", "contains", "like", "matching"]) {
            (Comparison::Contains, index + 1)
        } else if words.is(index, &["starting", "starts", "beginning", "begins", "start", "begin"]) && words.is(index + 1, &["with"]) {
            (Comparison::StartsWith, index + 2)
        } else {
            return None;
        };
        let property = match self.pending.take() {
            Some(property) if property.kind == Kind::Text => property.name.as_str(),
            _ => self.first_of(&["displayName", "customerName", "vendorName", "description"])?,
        };
        let end = self.value_end(from);
        let value = words.slice(from, end);
        if value.is_empty() {
            return None;
        }
        self.add(property, comparison, Literal::Text(value));
        Some(end - index)
    }

    /// "orders for Fjordlys", "invoices from vendor Nordic Timber", "of customer 10020", "its orders".
    fn party(&mut self, index: usize) -> Option<usize> {
        let words = self.words;
        if self.has("companyName") && words.is(index, &["for", "at", "of", "from"]) && words.capital(index + 1) {
            let end = self.value_end(index + 1);
            self.add("companyName", Comparison::Contains, Literal::Text(words.slice(index + 1, end)));
            return Some(end - index);
        }
        self.first_of(&["customerName", "vendorName"])?;
        if words.is(index, &["its", "their", "his", "her"]) && self.query.party.is_none() {
            self.query.party = Some(Target::Last);
            return Some(1);
        }
        let possessive = words.is(index + 1, &["'s"]) && index + 2 == self.noun.from;
        if possessive && words.capital(index) {
            self.query.party = Some(Target::Term(words.slice(index, index + 1)));
            return Some(2);
        }
        if !words.is(index, &["for", "from", "of", "to", "by", "with"]) {
            return None;
        }
        let mut from = index + 1;
        while words.is(from, &["the", "our", "customer", "vendor", "supplier", "client"]) {
            from += 1;
        }
        let noun_named = words.is(from - 1, &["customer", "vendor", "supplier", "client"]);
        let end = self.value_end(from);
        let target = reference(words, if noun_named && words.is(from - 2, &["that", "this"]) { from - 2 } else { from }, end);
        let number = words.list.get(from).is_some_and(|word| word.text.chars().any(|c| c.is_ascii_digit()));
        if target.is_none() && !noun_named && !words.capital(from) && !number {
            let lower_name = words.is(index, &["for"]) && !SILENT.contains(&words.low(from)) && self.fields.at(words, from).is_none() && end > from;
            if !lower_name {
                return None;
            }
        }
        let term = words.slice(from, end);
        self.query.party = Some(target.or_else(|| (!term.is_empty()).then_some(Target::Term(term)))?);
        Some(end - index)
    }

    /// "in Bergen", "from Norway".
    fn place(&mut self, index: usize) -> Option<usize> {
        let words = self.words;
        self.first_of(&["city", "sellToCity", "buyFromCity"])?;
        let from = if words.is(index, &["located", "based"]) && words.is(index + 1, &["in"]) { index + 2 } else { index + 1 };
        if from == index + 1 && !words.is(index, &["in", "from", "near"]) {
            return None;
        }
        let end = self.value_end(from);
        let place = words.slice(from, end);
        if words.is(from, &["total", "all", "sum", "full", "general", "the"]) || place.is_empty() || self.fields.at(words, from).is_some() {
            return None;
        }
        self.query.place = Some(place);
        Some(end - index)
    }

    /// A field by its name, with a value after it or a comparison to come.
    fn field(&mut self, index: usize) -> Option<usize> {
        let words = self.words;
        let (property, used) = self.fields.at(words, index)?;
        let aggregated = matches!(&self.query.shape, Shape::Aggregate { property: of, .. } if *of == property.name);
        let after = value_start(words, index + used);
        if aggregated
            || comparison_at(words, after).is_some_and(|(_, more)| number_at(words, after + more).is_some())
            || words.is(after, &["between", "before", "after", "starting", "starts", "containing", "contains", "like"])
        {
            self.pending = Some(property);
            return Some(after - index);
        }
        if matches!(property.kind, Kind::Number)
            && let Some((value, more)) = number_at(words, after)
        {
            self.add(&property.name, Comparison::Equal, Literal::Number(value));
            return Some(after + more - index);
        }
        let end = self.value_end(after);
        if !matches!(property.kind, Kind::Text | Kind::Guid | Kind::Choice(_)) || end == after || words.is(after, SILENT) || after > words.len() {
            self.pending = Some(property);
            return Some(used);
        }
        self.query.given.push(Given { property, words: words.slice(after, end) });
        Some(end - index)
    }

    /// Where a free value ends: at punctuation, or where another condition begins.
    fn value_end(&self, from: usize) -> usize {
        let words = self.words;
        let mut end = from;
        while end < words.len() {
            let stops = words.is(
                end,
                &[
                    ",", ".", "?", "!", ";", "with", "that", "which", "whose", "who", "sorted", "ordered", "by", "due", "posted", "over", "above", "below",
                    "under", "more", "less", "per", "in", "from", "for", "since", "before", "after", "between", "this", "last", "where", "have", "has", "on",
                ],
            ) || end > from && words.is(end, &["and", "by", "of"]) && !words.capital(end + 1)
                || end > from && words.is(end, &["and"]) && (self.fields.at(words, end + 1).is_some())
                || end >= self.noun.from && end < self.noun.to;
            if stops && end >= from {
                break;
            }
            end += 1;
        }
        end
    }
}

/// A comparison in words or signs, with the count of words.
fn comparison_at(words: &Words, index: usize) -> Option<(Comparison, usize)> {
    use Comparison::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual};
    let lead = usize::from(words.is(index, &["is", "are", "of"]));
    let at = index + lead;
    let (comparison, used) = match (words.low(at), words.low(at + 1)) {
        (">" | "<", "=") => (if words.low(at) == ">" { GreaterOrEqual } else { LessOrEqual }, 2),
        ("at", "least") => (GreaterOrEqual, 2),
        ("at", "most") => (LessOrEqual, 2),
        ("more" | "greater" | "higher" | "larger" | "bigger", "than") => (Greater, 2),
        ("less" | "fewer" | "lower" | "smaller", "than") => (Less, 2),
        ("over" | "above" | "exceeding" | ">" | "exceeds", _) => (Greater, 1),
        ("below" | "under" | "<", _) => (Less, 1),
        ("exactly" | "equals" | "=", _) => (Equal, 1),
        _ => return None,
    };
    Some((comparison, used + lead))
}

/// Largest or smallest, whether by date, and the count of words.
fn superlative(words: &Words, index: usize) -> Option<(Direction, bool, usize)> {
    use Direction::{Ascending, Descending};
    Some(match (words.low(index), words.low(index + 1)) {
        ("most", "expensive") => (Descending, false, 2),
        ("least", "expensive") => (Ascending, false, 2),
        ("most" | "least", "recent") => (Descending, true, 2),
        ("largest" | "biggest" | "highest" | "most" | "greatest", _) => (Descending, false, 1),
        ("cheapest" | "lowest" | "smallest" | "least", _) => (Ascending, false, 1),
        ("newest" | "latest", _) => (Descending, true, 1),
        ("last", next) if next.parse::<u32>().is_ok() => (Descending, true, 1),
        ("oldest", _) => (Ascending, true, 1),
        _ => return None,
    })
}

fn small_number(words: &Words, index: usize) -> Option<(u32, usize)> {
    let names = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];
    let word = words.low(index);
    let named = names.iter().position(|name| *name == word).and_then(|at| u32::try_from(at + 1).ok());
    named.or_else(|| word.parse().ok()).filter(|count| (1..=1_000).contains(count)).map(|count| (count, 1))
}
