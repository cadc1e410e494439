#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use proptest::prelude::*;

use super::*;

fn checked(set: &str, text: &str) -> Result<String, BcError> {
    let catalogue = Catalogue::get();
    let entity = catalogue.find(set).unwrap();
    let all: Result<Vec<Expand>, BcError> = Expand::parse_list(text)?.into_iter().map(|expand| checked_expand(catalogue, entity, expand, 1)).collect();
    all.map(|all| expand_text(&all))
}

#[test]
fn what_models_write_is_read_checked_and_written_again() {
    for (text, expected) in [
        ("salesOrderLines,customer", "salesOrderLines,customer"),
        (
            "salesOrderLines( $select=quantity, description ; $filter=quantity gt 1 and description eq 'a;b,(c' ;$orderby=sequence desc;$top=3)",
            "salesOrderLines($filter=quantity gt 1 and description eq 'a;b,(c';$select=quantity,description;$orderby=sequence desc;$top=3)",
        ),
        ("salesOrderLines($expand=item($select=number)),currency", "salesOrderLines($expand=item($select=number)),currency"),
    ] {
        assert_eq!(checked("salesOrders", text).unwrap(), expected, "{text}");
    }
}

#[test]
fn what_is_off_gets_a_sentence() {
    for (text, part) in [
        ("salesLines", "no related records"),
        ("salesOrderLines($select=colour)", "no property colour"),
        ("salesOrderLines($count=true)", "not supported"),
        ("salesOrderLines($select=quantity", "parenthesis or quote is missing"),
        ("salesOrderLines)", "too many"),
        ("", "is not the name"),
        ("a/b", "is not the name"),
        ("salesOrderLines($filter=quantity gt 1 or description eq 'x')", "inside related records"),
        ("salesOrderLines($expand=a($expand=b($expand=c($expand=d))))", "nested too deeply"),
    ] {
        let error = checked("salesOrders", text).unwrap_err().to_string();
        assert!(error.contains(part), "{text}: {error}");
    }
}

proptest! {
    #[test]
    fn no_text_upsets_the_reader(text in "[a-z$();,'= æ/]{0,60}") {
        let _ = Expand::parse_list(&text);
    }
}
