//! Filters against an evaluation of their own: random filters over random records give the rows that the test finds itself.

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::support::{Company, company, encoded};

const CASES: usize = 600;
const RECORDS: usize = 60;

/// A property to filter by.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Text,
    /// Upper-cased in the record and in the literal.
    Code,
    Decimal,
    Date,
    Time,
    Flag,
    Member(&'static [&'static str]),
    Guid,
}

type Field = (&'static str, Kind);

const ITEMS: &[Field] = &[
    ("displayName", Kind::Text),
    ("displayName2", Kind::Text),
    ("number", Kind::Code),
    ("gtin", Kind::Code),
    ("unitPrice", Kind::Decimal),
    ("unitCost", Kind::Decimal),
    ("blocked", Kind::Flag),
    ("type", Kind::Member(&["Inventory", "Service", "Non-Inventory"])),
    ("itemCategoryId", Kind::Guid),
    ("lastModifiedDateTime", Kind::Time),
];

const EMPLOYEES: &[Field] = &[
    ("surname", Kind::Text),
    ("number", Kind::Code),
    ("birthDate", Kind::Date),
    ("employmentDate", Kind::Date),
    ("status", Kind::Member(&["Active", "Inactive", "Terminated"])),
    ("id", Kind::Guid),
];

const INVOICES: &[Field] = &[
    ("customerName", Kind::Text),
    ("customerNumber", Kind::Code),
    ("invoiceDate", Kind::Date),
    ("dueDate", Kind::Date),
    ("totalAmountIncludingTax", Kind::Decimal),
    ("remainingAmount", Kind::Decimal),
    ("pricesIncludeTax", Kind::Flag),
    ("status", Kind::Member(&["Draft", "In Review", "Open", "Paid", "Canceled", "Corrective"])),
    ("currencyId", Kind::Guid),
];

#[derive(Clone, Debug)]
enum Filter {
    And(Vec<Filter>),
    Or(Vec<Filter>),
    /// A property and an operator; the literal may stand first.
    Compare {
        field: Field,
        folded: Fold,
        operator: &'static str,
        literal: String,
        mirrored: Side,
    },
    Function {
        field: Field,
        folded: Fold,
        name: &'static str,
        text: String,
    },
    Part {
        field: Field,
        from: usize,
        length: Option<usize>,
        text: String,
    },
    List(Field, Vec<String>),
    Null(Field, &'static str),
    Bare(Field),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Fold {
    Not,
    Lower,
    Upper,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Side {
    Right,
    Left,
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn member_name(member: &str) -> String {
    member.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c.to_string() } else { format!("_x{:04X}_", u32::from(c)) }).collect()
}

impl Filter {
    fn render(&self) -> String {
        match self {
            Filter::And(terms) => terms
                .iter()
                .map(|term| if matches!(term, Filter::Or(_)) { format!("({})", term.render()) } else { term.render() })
                .collect::<Vec<_>>()
                .join(" and "),
            Filter::Or(terms) => terms.iter().map(Filter::render).collect::<Vec<_>>().join("  or "),
            Filter::Compare { field, folded, operator, literal, mirrored } => {
                let name = wrapped(field.0, *folded);
                let literal = match field.1 {
                    Kind::Text | Kind::Code => quoted(literal),
                    Kind::Member(_) => quoted(&member_name(literal)),
                    _ => literal.clone(),
                };
                let turned = match *operator {
                    "gt" => "lt",
                    "lt" => "gt",
                    "ge" => "le",
                    "le" => "ge",
                    same => same,
                };
                if *mirrored == Side::Left { format!("{literal} {turned} {name}") } else { format!("{name} {operator} {literal}") }
            }
            Filter::Function { field, folded, name, text } => format!("{name}({},{})", wrapped(field.0, *folded), quoted(text)),
            Filter::Part { field, from, length, text } => {
                let length = length.map(|length| format!(", {length}")).unwrap_or_default();
                format!("substring({},{from}{length}) eq {}", field.0, quoted(text))
            }
            Filter::List(field, literals) => {
                let quote = |literal: &String| match field.1 {
                    Kind::Text | Kind::Code => quoted(literal),
                    Kind::Member(_) => quoted(&member_name(literal)),
                    _ => literal.clone(),
                };
                format!("{} in ({})", field.0, literals.iter().map(quote).collect::<Vec<_>>().join(", "))
            }
            Filter::Null(field, operator) => format!("{} {operator} null", field.0),
            Filter::Bare(field) => field.0.to_owned(),
        }
    }

    fn holds(&self, row: &Value) -> bool {
        match self {
            Filter::And(terms) => terms.iter().all(|term| term.holds(row)),
            Filter::Or(terms) => terms.iter().any(|term| term.holds(row)),
            Filter::Compare { field, folded, operator, literal, .. } => {
                let order = match field.1 {
                    Kind::Text | Kind::Code => fold(text(row, *field), *folded).cmp(&fold(&cased(*field, literal), *folded)),
                    Kind::Decimal => decimal(&row[field.0].to_string()).cmp(&decimal(literal)),
                    Kind::Flag => row[field.0].to_string().cmp(literal),
                    Kind::Member(_) => text(row, *field).cmp(&member_name(literal)),
                    Kind::Time => text(row, *field).parse::<jiff::Timestamp>().unwrap().cmp(&literal.parse().unwrap()),
                    Kind::Date | Kind::Guid => text(row, *field).cmp(literal),
                };
                match *operator {
                    "eq" => order.is_eq(),
                    "ne" => order.is_ne(),
                    "gt" => order.is_gt(),
                    "ge" => order.is_ge(),
                    "lt" => order.is_lt(),
                    _ => order.is_le(),
                }
            }
            Filter::Function { field, folded, name, text: sought } => {
                let (whole, sought) = (fold(text(row, *field), *folded), fold(&cased(*field, sought), *folded));
                match *name {
                    "contains" => whole.contains(&sought),
                    "startswith" => whole.starts_with(&sought),
                    _ => whole.ends_with(&sought),
                }
            }
            Filter::Part { field, from, length, text: sought } => {
                let part: String = text(row, *field).chars().skip(*from).take(length.unwrap_or(usize::MAX)).collect();
                part == cased(*field, sought)
            }
            Filter::List(field, literals) => literals.iter().any(|literal| {
                let literal = if matches!(field.1, Kind::Member(_)) { member_name(literal) } else { cased(*field, literal) };
                text(row, *field) == literal
            }),
            Filter::Null(field, operator) => {
                let blank = match field.1 {
                    Kind::Text | Kind::Code => text(row, *field).is_empty(),
                    Kind::Decimal => decimal(&row[field.0].to_string()).is_zero(),
                    Kind::Date => text(row, *field) == "0001-01-01",
                    Kind::Guid => text(row, *field) == "00000000-0000-0000-0000-000000000000",
                    Kind::Flag => row[field.0] == false,
                    Kind::Member(_) | Kind::Time => unreachable!("no null is made for it"),
                };
                blank == (*operator == "eq")
            }
            Filter::Bare(field) => row[field.0] == true,
        }
    }
}

fn wrapped(name: &str, folded: Fold) -> String {
    match folded {
        Fold::Not => name.to_owned(),
        Fold::Lower => format!("tolower({name})"),
        Fold::Upper => format!("toupper({name})"),
    }
}

fn fold(text: &str, folded: Fold) -> String {
    if folded == Fold::Not { text.to_owned() } else { text.to_lowercase() }
}

fn cased(field: Field, text: &str) -> String {
    if field.1 == Kind::Code { text.to_uppercase() } else { text.to_owned() }
}

fn decimal(text: &str) -> Decimal {
    text.parse().or_else(|_| Decimal::from_scientific(text)).unwrap()
}

fn text(row: &Value, field: Field) -> &str {
    row[field.0].as_str().unwrap_or_else(|| panic!("{} of {row}", field.0))
}

/// A literal: often one that a record has.
fn literal(field: Field, rows: &[Value]) -> BoxedStrategy<String> {
    let held: Vec<String> = rows.iter().map(|row| row[field.0].as_str().map_or_else(|| row[field.0].to_string(), str::to_owned)).collect();
    let held = proptest::sample::select(held);
    match field.1 {
        Kind::Text => prop_oneof![3 => held, 1 => NAME].boxed(),
        Kind::Code => prop_oneof![3 => held, 1 => "[0-9a-zA-Z]{0,6}"].boxed(),
        Kind::Decimal => {
            prop_oneof![2 => held, 1 => (-100_000i64..10_000_000, 0u32..8).prop_map(|(digits, scale)| Decimal::new(digits, scale).to_string())].boxed()
        }
        Kind::Date => prop_oneof![2 => held, 1 => (1950i16..2030, 1i8..13, 1i8..29).prop_map(|(y, m, d)| jiff::civil::date(y, m, d).to_string())].boxed(),
        Kind::Time => prop_oneof![2 => held, 1 => Just("2026-01-01T00:00:00Z".to_owned()), 1 => Just("2026-02-03T12:30:00.5+02:00".to_owned())].boxed(),
        Kind::Flag => proptest::sample::select(vec!["true".to_owned(), "false".to_owned()]).boxed(),
        Kind::Member(members) => proptest::sample::select(members.iter().map(|member| (*member).to_owned()).collect::<Vec<_>>()).boxed(),
        Kind::Guid => prop_oneof![3 => held, 1 => Just("00000000-0000-0000-0000-000000000000".to_owned())].boxed(),
    }
}

const NAME: &str = "[ a-zA-Z'øÅß,()&%+#/?=\u{3b1}\u{4e2d}\u{1f600}-]{0,9}";

/// One test of one property.
fn test(field: Field, rows: Vec<Value>) -> BoxedStrategy<Filter> {
    let operators: &'static [&'static str] = match field.1 {
        Kind::Flag | Kind::Member(_) | Kind::Guid => &["eq", "ne"],
        _ => &["eq", "ne", "gt", "ge", "lt", "le"],
    };
    let folds = if matches!(field.1, Kind::Text) { vec![Fold::Not, Fold::Not, Fold::Lower, Fold::Upper] } else { vec![Fold::Not] };
    let side = prop_oneof![4 => Just(Side::Right), 1 => Just(Side::Left)];
    let compare = (literal(field, &rows), proptest::sample::select(operators), proptest::sample::select(folds.clone()), side)
        .prop_map(move |(literal, operator, folded, mirrored)| Filter::Compare { field, folded, operator, literal, mirrored })
        .boxed();
    let mut kinds = vec![(4, compare)];
    if matches!(field.1, Kind::Text | Kind::Code) {
        let cut = (literal(field, &rows), 0usize..6, 0usize..5)
            .prop_map(|(text, from, length)| (text.chars().skip(from).take(length).collect::<String>(), from, length));
        let function = (cut.clone(), proptest::sample::select(vec!["contains", "startswith", "endswith"]), proptest::sample::select(folds))
            .prop_map(move |((text, ..), name, folded)| Filter::Function { field, folded, name, text });
        let part = (cut, any::<bool>()).prop_map(move |((text, from, length), open)| Filter::Part { field, from, length: (!open).then_some(length), text });
        kinds.push((2, function.boxed()));
        kinds.push((1, part.boxed()));
    }
    if !matches!(field.1, Kind::Decimal | Kind::Flag | Kind::Time) {
        kinds.push((1, proptest::collection::vec(literal(field, &rows), 1..5).prop_map(move |literals| Filter::List(field, literals)).boxed()));
    }
    if !matches!(field.1, Kind::Member(_) | Kind::Time) {
        kinds.push((1, proptest::sample::select(vec!["eq", "ne"]).prop_map(move |operator| Filter::Null(field, operator)).boxed()));
    }
    if field.1 == Kind::Flag {
        kinds.push((1, Just(Filter::Bare(field)).boxed()));
    }
    proptest::strategy::Union::new_weighted(kinds).boxed()
}

/// Alternatives about one property, some of them conjunctions.
fn about_one(field: Field, rows: Vec<Value>) -> BoxedStrategy<Filter> {
    let one = test(field, rows);
    let both = proptest::collection::vec(one.clone(), 2..4).prop_map(Filter::And);
    let either = proptest::collection::vec(prop_oneof![3 => one.clone(), 1 => both.clone()], 2..4).prop_map(Filter::Or);
    prop_oneof![3 => one, 1 => both, 2 => either].boxed()
}

fn filters(fields: &'static [Field], rows: Vec<Value>) -> BoxedStrategy<Filter> {
    let one = proptest::sample::select(fields).prop_flat_map(move |field| about_one(field, rows.clone())).boxed();
    prop_oneof![2 => one.clone(), 3 => proptest::collection::vec(one, 2..4).prop_map(Filter::And)].boxed()
}

/// Sixty items and employees with names and amounts of all kinds.
async fn fill(company: &Company, runner: &mut TestRunner) {
    let categories = company.get("itemCategories").await.rows().clone();
    let item = (NAME, NAME, "[0-9a-z]{0,5}", -1_000_000i64..9_000_000, 0u32..6, any::<bool>(), 0usize..3, 0usize..categories.len());
    let person = (NAME, 1950i16..2009, 1i8..13, 0usize..3, any::<bool>());
    let (kinds, statuses) = (["Inventory", "Service", "Non-Inventory"], ["Active", "Inactive", "Terminated"]);
    for index in 0..RECORDS {
        let (name, second, code, price, scale, blocked, kind, category) = item.new_tree(runner).unwrap().current();
        let price: Value = serde_json::from_str(&Decimal::new(price, scale).to_string()).unwrap();
        let body = json!({"number": format!("r{index}{code}"), "displayName": name, "displayName2": second, "gtin": code, "unitPrice": price, "blocked": blocked,
            "type": kinds[kind], "itemCategoryId": categories[category]["id"]});
        let made = company.post("items", body.clone()).await;
        assert_eq!(made.status, 201, "{body}: {}", made.body);
        let (surname, year, month, status, born) = person.new_tree(runner).unwrap().current();
        let mut body = json!({"surname": surname, "status": statuses[status], "employmentDate": format!("{}-{month:02}-01", year + 18)});
        if born {
            body["birthDate"] = json!(format!("{year}-{month:02}-17"));
        }
        let made = company.post("employees", body.clone()).await;
        assert_eq!(made.status, 201, "{body}: {}", made.body);
    }
}

#[tokio::test]
async fn random_filters_find_what_an_evaluation_of_their_own_finds() {
    let company = company().await;
    let mut runner = TestRunner::deterministic();
    fill(&company, &mut runner).await;
    let mut found_some = 0;
    for (set, fields) in [("items", ITEMS), ("employees", EMPLOYEES), ("salesInvoices", INVOICES)] {
        let rows = company.all(set).await;
        let strategy = filters(fields, rows.clone());
        for _ in 0..CASES / 3 {
            let filter = strategy.new_tree(&mut runner).unwrap().current();
            let text = filter.render();
            let reply = company.get(&format!("{set}?$filter={}&$schemaversion=2.1&$select=number&$count=true", encoded(&text))).await;
            assert_eq!(reply.status, 200, "{set}: {text}: {}", reply.body);
            let expected: Vec<&Value> = rows.iter().filter(|row| filter.holds(row)).map(|row| &row["number"]).collect();
            let found: Vec<&Value> = reply.rows().iter().map(|row| &row["number"]).collect();
            assert_eq!(found, expected, "{set}: {text}");
            assert_eq!(reply.body["@odata.count"], expected.len(), "{set}: {text}");
            found_some += usize::from(!expected.is_empty() && expected.len() < rows.len());
        }
    }
    assert!(found_some > CASES / 4, "only {found_some} filters told rows apart");
}

#[tokio::test]
async fn alternatives_over_two_properties_are_refused() {
    let company = company().await;
    let mut runner = TestRunner::deterministic();
    let rows = company.all("salesInvoices").await;
    let two = (about_one(INVOICES[0], rows.clone()), about_one(INVOICES[3], rows));
    for _ in 0..60 {
        let (one, other) = two.new_tree(&mut runner).unwrap().current();
        let text = format!("({}) or ({})", one.render(), other.render());
        let reply = company.get(&format!("salesInvoices?$filter={}&$schemaversion=2.1", encoded(&text))).await;
        assert_eq!((reply.status, reply.code()), (501, "BadRequest_MethodNotImplemented"), "{text}");
    }
}
