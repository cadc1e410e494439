#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use super::*;
use crate::RecordPath;

const ID: &str = "5d115c9c-44e3-ea11-bb43-000d3a2feca1";

fn address(query: Query) -> Result<String, BcError> {
    let query = query.checked(Catalogue::get())?;
    query.address(query.filter.as_ref())
}

fn of(set: &str) -> Query {
    Query::of(SetPath::of(set).unwrap())
}

#[test]
fn the_newer_schema_is_asked_for_only_where_it_is_needed() {
    let with = |filter: &str| address(of("customers").filtered(Filter::parse(filter).unwrap())).unwrap();
    assert_eq!(with("city eq 'Oslo'"), "customers?$filter=city%20eq%20%27Oslo%27");
    assert_eq!(with("city in ('Oslo')"), "customers?$schemaversion=2.1&$filter=city%20in%20(%27Oslo%27)");
    assert_eq!(with("contains(tolower(city),'o')"), "customers?$schemaversion=2.1&$filter=contains(tolower(city),%27o%27)");
    assert_eq!(with("contains(city,'o')"), "customers?$filter=contains(city,%27o%27)");
}

#[test]
fn nothing_in_a_text_ends_the_option_or_the_address() {
    let filter = Filter::equals("displayName", "a&$top=0#x?y%26+\u{0}\"<>\\");
    let address = address(of("customers").filtered(filter)).unwrap();
    let (_, option) = address.split_once("?$filter=").unwrap();
    assert!(option.bytes().all(|c| c.is_ascii_alphanumeric() || b"%-_.~(),$=;:".contains(&c)), "{option}");
    assert!(!option.contains(['&', '#', '+', '?']));
    let url = url::Url::parse(&format!("http://localhost/{address}")).unwrap();
    let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    assert_eq!(pairs, [("$filter".to_owned(), "displayName eq 'a&$top=0#x?y%26+\u{0}\"<>\\'".to_owned())]);
}

#[test]
fn records_below_a_record_are_asked_under_it() {
    let order = RecordPath::of("salesOrders", ID).unwrap();
    let lines = SetPath::below(&order, "salesOrderLines").unwrap();
    assert_eq!(address(Query { top: Some(5), skip: Some(2), ..Query::of(lines) }).unwrap(), format!("salesOrders({ID})/salesOrderLines?$top=5&$skip=2"));
    let wrong = SetPath::below(&order, "customers").unwrap();
    assert!(address(Query::of(wrong)).unwrap_err().to_string().contains("has no related records customers"));
}

#[test]
fn an_address_that_is_too_long_is_refused_here() {
    let filter = Filter::equals("displayName", &"é".repeat(100));
    assert!(address(of("customers").filtered(filter)).is_ok());
    let many: Vec<String> = (0..500).map(|n| format!("'{n:020}'")).collect();
    let filter = Filter::parse(&format!("number in ({})", many.join(","))).unwrap();
    assert!(address(of("customers").filtered(filter)).unwrap_err().to_string().contains("too long"));
}

#[test]
fn the_order_is_read_from_text() {
    let keys = OrderBy::parse_list(" balanceDue DESC , number").unwrap();
    assert_eq!(order_text(&keys), "balanceDue desc,number");
    for wrong in ["", "a b", "a asc desc", "a,,b"] {
        assert!(OrderBy::parse_list(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn what_rows_do_not_show_cannot_be_selected() {
    let filter_only = Catalogue::get().entities().find_map(|e| e.properties.iter().find(|p| p.filter_only).map(|p| (e.set.clone(), p.name.clone()))).unwrap();
    let mut query = of(&filter_only.0);
    query.select = vec![filter_only.1];
    assert!(address(query).unwrap_err().to_string().contains("rows do not show it"));
}
