#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use bca_catalogue::Catalogue;
use proptest::prelude::*;

use super::*;

const ID: &str = "5d115c9c-44e3-ea11-bb43-000d3a2feca1";

fn compiled(set: &str, text: &str) -> Result<String, BcError> {
    let entity = Catalogue::get().find(set).unwrap();
    Filter::parse(text)?.checked(entity).map(|filter| filter.to_string())
}

#[test]
fn what_models_write_becomes_what_business_central_takes() {
    let cases = [
        ("customers", "displayName eq 'Adatum'", "displayName eq 'Adatum'"),
        ("customers", "DisplayName EQ 'Adatum' AND (city eq 'Oslo' or city eq 'Bergen')", "displayName eq 'Adatum' and (city eq 'Oslo' or city eq 'Bergen')"),
        ("customers", "((balanceDue gt 1000))", "balanceDue gt 1000"),
        ("customers", "1000.50 lt balanceDue", "balanceDue gt 1000.50"),
        ("customers", "balanceDue gt '1000'", "balanceDue gt 1000"),
        ("customers", "number eq 10000", "number eq '10000'"),
        ("customers", "number in (10000, '20000')", "number in ('10000','20000')"),
        ("customers", "displayName eq ‘O’", "displayName eq 'O'"),
        ("customers", "contains(tolower(displayName), tolower('CHAIR'))", "contains(tolower(displayName),'chair')"),
        ("customers", "contains(displayName,'o') eq true and startswith(city,'B')", "contains(displayName,'o') and startswith(city,'B')"),
        ("customers", "blocked eq ' '", "blocked eq '_x0020_'"),
        ("customers", "blocked ne '_x0020_'", "blocked ne '_x0020_'"),
        ("customers", "blocked eq null", "blocked eq '_x0020_'"),
        ("customers", "taxLiable", "taxLiable eq true"),
        ("customers", "taxLiable and city eq null", "taxLiable eq true and city eq ''"),
        ("customers", "paymentTermsId eq '5D115C9C-44E3-EA11-BB43-000D3A2FECA1'", &format!("paymentTermsId eq {ID}")),
        ("customers", &format!("id eq guid'{ID}'"), &format!("id eq {ID}")),
        ("customers", "paymentTermsId eq null", "paymentTermsId eq 00000000-0000-0000-0000-000000000000"),
        ("customers", "lastModifiedDateTime ge 2026-01-31", "lastModifiedDateTime ge 2026-01-31T00:00:00Z"),
        ("customers", "lastModifiedDateTime ge 2026-01-31T08:00:00+01:00", "lastModifiedDateTime ge 2026-01-31T08:00:00+01:00"),
        ("salesInvoices", "status eq 'open' and dueDate lt '2026-01-31'", "status eq 'Open' and dueDate lt 2026-01-31"),
        ("salesInvoices", "dueDate lt 2026-01-31T00:00:00Z", "dueDate lt 2026-01-31"),
        ("salesOrders", "status eq 'In Review'", "status eq 'In_x0020_Review'"),
    ];
    for (set, text, expected) in cases {
        assert_eq!(compiled(set, text).as_deref(), Ok(expected), "{text}");
    }
}

#[test]
fn not_is_pushed_inwards_to_the_comparisons() {
    let cases = [
        ("not (balanceDue gt 1)", "balanceDue le 1"),
        ("not balanceDue lt 1 and NOT taxLiable", "balanceDue ge 1 and taxLiable ne true"),
        ("not (city eq 'Oslo' or blocked eq 'All')", "city ne 'Oslo' and blocked ne 'All'"),
        ("not (city ne 'Oslo' and balanceDue ge 1)", "city eq 'Oslo' or balanceDue lt 1"),
        ("not (city in ('Oslo','Bergen'))", "city ne 'Oslo' and city ne 'Bergen'"),
        ("not not (tolower(city) eq 'oslo')", "tolower(city) eq 'oslo'"),
    ];
    for (text, expected) in cases {
        assert_eq!(compiled("customers", text).as_deref(), Ok(expected), "{text}");
    }
    assert!(Filter::parse(&format!("{}taxLiable", "not ".repeat(5_000))).is_err(), "no depth of it upsets the reader");
}

#[test]
fn what_is_not_supported_says_what_to_do_instead() {
    let cases = [
        ("", "is empty"),
        ("not contains(displayName,'x')", "\"not\" is not supported before contains"),
        ("not (balanceDue gt 1 or endswith(displayName,'x'))", "\"not\" is not supported before endswith"),
        ("balanceDue eq not 1", "stands before a whole condition"),
        ("lines/any(l: l/quantity gt 1)", "Query the lines themselves"),
        ("customer/displayName eq 'x'", "Filter the other set first"),
        ("year(lastModifiedDateTime) eq 2026", "Give the span as dates"),
        ("balanceDue add 5 gt 10", "cannot calculate"),
        ("balanceDue + 5 gt 10", "cannot calculate"),
        ("blocked has 'All'", "Compare with \"eq\""),
        ("length(displayName) gt 5", "Read the rows"),
        ("substringof('x',displayName)", "Use contains"),
        ("balanceDue > 5", "Write \"gt\""),
        ("city = 'Oslo'", "Write \"eq\""),
        ("city == \"Oslo\"", "Write \"eq\""),
        ("city eq \"Oslo\"", "single quotes"),
        ("city eq Oslo", "write it in single quotes"),
        ("city eq 'Oslo", "no closing quote"),
        ("city eq 'Oslo' or", "ends too early"),
        ("(city eq 'Oslo'", "parenthesis is missing"),
        ("city eq 'Oslo')", "parenthesis too many"),
        ("city like 'O%'", "Use contains"),
        ("city in 'Oslo'", "list in parentheses"),
        ("contains(displayName,'')", "Leave the condition out"),
        ("contains(displayName,'x') eq false", "leave those out"),
        ("balanceDue gt 'much'", "takes a number"),
        ("balanceDue", "takes a number"),
        ("contains(balanceDue,'1')", "is no text"),
        ("tolower(balanceDue) eq '1'", "is no text"),
        ("dueDate eq 2026-02-30", "neither a number"),
        ("balanceDu gt 1", "Did you mean balanceDue?"),
        ("blocked eq 'Everything'", "It takes"),
        ("blocked gt 'All'", "not greater or less"),
        ("number eq '123456789012345678901'", "at most 20 characters"),
        ("id eq 'x'", "takes an id"),
        ("5d115c9c-44e3-ea11-bb43-000d3a2feca1 eq 5", "compares a property with a value"),
    ];
    for (text, part) in cases {
        match compiled("customers", text) {
            Err(BcError::BadQuery(sentence)) => assert!(sentence.contains(part), "{text}: {sentence}"),
            other => panic!("{text}: {other:?}"),
        }
    }
}

#[test]
fn what_stands_in_quotes_of_older_versions_is_an_id_or_a_time_and_nothing_else() {
    for text in ["datetime''", "guid'a b' eq 1", "datetime'null'", "guid'true'", "datetimeoffset'1' eq number"] {
        assert!(Filter::parse(text).is_err(), "{text}");
    }
    let old = Filter::parse("postingDate ge datetime'2026-01-01' and id eq guid'5D115C9C-44E3-EA11-BB43-000D3A2FECA1'").unwrap();
    assert_eq!(Filter::parse("postingDate ge 2026-01-01 and id eq 5d115c9c-44e3-ea11-bb43-000d3a2feca1").unwrap(), old);
}

#[test]
fn an_or_over_properties_is_split_and_one_over_a_single_property_is_not() {
    let split = |text: &str| branches(&Filter::parse(text).unwrap()).map(|all| all.iter().map(Filter::to_string).collect::<Vec<_>>());
    assert_eq!(split("a eq 1 or a eq 2").unwrap(), ["a eq 1 or a eq 2"]);
    assert_eq!(split("(a eq 1 or a eq 2) and b eq 3").unwrap(), ["(a eq 1 or a eq 2) and b eq 3"]);
    assert_eq!(split("a eq 1 or b eq 2 or a eq 3").unwrap(), ["a eq 1 or a eq 3", "b eq 2"]);
    assert_eq!(split("(a eq 1 or b eq 2) and c eq 3").unwrap(), ["a eq 1 and c eq 3", "b eq 2 and c eq 3"]);
    assert_eq!(split("a eq 1 and (b eq 2 or c eq 3 and d eq 4)").unwrap(), ["a eq 1 and b eq 2", "a eq 1 and c eq 3 and d eq 4"]);
    assert!(split("(a eq 1 or b eq 2) and (c eq 1 or d eq 2) and (e eq 1 or f eq 2)").is_err());
}

fn subject() -> impl Strategy<Value = Subject> {
    let names = prop::sample::select(vec!["displayName", "number", "balanceDue", "x_1"]);
    (names, prop::sample::select(vec![Case::Kept, Case::Lower, Case::Upper])).prop_map(|(name, case)| Subject { property: name.into(), case })
}

fn literal() -> impl Strategy<Value = Literal> {
    prop_oneof![
        any::<String>().prop_map(Literal::Text),
        any::<i64>().prop_map(|n| Literal::Number(n.to_string())),
        (any::<i32>(), 0_u32..100_000).prop_map(|(whole, part)| Literal::Number(format!("{whole}.{part}"))),
        Just(Literal::Boolean(Truth::True)),
        Just(Literal::Boolean(Truth::False)),
        Just(Literal::Null),
        Just(Literal::Guid(ID.into())),
        (1_i32..9999, 1_u32..=12, 1_u32..=28).prop_map(|(y, m, d)| Literal::Date(format!("{y:04}-{m:02}-{d:02}"))),
        (1_i32..9999, 0_u32..24).prop_map(|(y, h)| Literal::DateTime(format!("{y:04}-03-01T{h:02}:00:00Z"))),
    ]
}

fn leaf() -> impl Strategy<Value = Filter> {
    let comparison = prop::sample::select(Comparison::ALL.map(|(_, operator)| operator).to_vec());
    let test = prop::sample::select(vec![TextTest::Contains, TextTest::StartsWith, TextTest::EndsWith]);
    prop_oneof![
        (subject(), comparison, literal()).prop_map(|(subject, operator, value)| Filter::Compare { subject, operator, value }),
        (subject(), prop::collection::vec(literal(), 1..4)).prop_map(|(subject, values)| Filter::In { subject, values }),
        (test, subject(), ".+").prop_map(|(test, subject, part)| Filter::Text { test, subject, part }),
    ]
}

fn any_filter() -> impl Strategy<Value = Filter> {
    leaf().prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4).prop_map(|parts| join(parts, Junction::All)),
            prop::collection::vec(inner, 2..4).prop_map(|parts| join(parts, Junction::Any)),
        ]
    })
}

/// Every word of the text outside quotes, for a look at what is used.
fn bare_words(text: &str) -> Vec<String> {
    let outside: String = text.split('\'').step_by(2).collect::<Vec<_>>().join(" ");
    outside.split(|c: char| !(c.is_ascii_alphanumeric() || "_-.:+".contains(c))).filter(|w| !w.is_empty()).map(str::to_owned).collect()
}

proptest! {
    #[test]
    fn what_is_written_reads_back_the_same(filter in any_filter()) {
        prop_assert_eq!(Filter::parse(&filter.to_string()), Ok(filter));
    }

    #[test]
    fn no_text_upsets_the_reader(text in any::<String>()) {
        let _ = Filter::parse(&text);
    }

    #[test]
    fn no_near_miss_upsets_the_reader(words in prop::collection::vec(prop::sample::select(vec![
        "(", ")", ",", "'", "''", "a", "eq", "in", "and", "or", "not", "contains", "tolower", "-", "1", "2026-01-01", "null", "true", "é", "+", "/", "guid'", "’", "\"",
    ]), 0..30)) {
        let _ = Filter::parse(&words.join(" "));
        let _ = Filter::parse(&words.concat());
    }

    #[test]
    fn only_supported_words_are_written(text in "(displayName|city|balanceDue|blocked|number) (eq|ne|gt|in|has|not) ('a'|1|null|\\('a'\\)|add 1)( (and|or) contains\\(city,'x'\\))?") {
        if let Ok(written) = compiled("customers", &text) {
            const SUPPORTED: [&str; 20] = ["eq", "ne", "gt", "ge", "lt", "le", "and", "or", "in", "contains", "startswith", "endswith", "tolower", "toupper",
                "displayName", "city", "balanceDue", "blocked", "number", "1"];
            for word in bare_words(&written) {
                prop_assert!(SUPPORTED.contains(&word.as_str()), "{} in {}", word, written);
            }
        }
    }

    #[test]
    fn branches_are_never_joined_over_properties(filter in any_filter()) {
        if let Ok(all) = branches(&filter) {
            for branch in all {
                prop_assert!(supported(&branch), "{}", branch);
            }
        }
    }
}

/// No `or` over different properties anywhere.
fn supported(filter: &Filter) -> bool {
    fn names<'a>(filter: &'a Filter, into: &mut Vec<&'a str>) {
        match filter {
            Filter::Compare { subject, .. } | Filter::In { subject, .. } | Filter::Text { subject, .. } => into.push(&subject.property),
            Filter::And(parts) | Filter::Or(parts) => parts.iter().for_each(|part| names(part, into)),
        }
    }
    match filter {
        Filter::Compare { .. } | Filter::In { .. } | Filter::Text { .. } => true,
        Filter::And(parts) => parts.iter().all(supported),
        Filter::Or(_) => {
            let mut all = Vec::new();
            names(filter, &mut all);
            all.iter().all(|name| Some(name) == all.first())
        }
    }
}
