#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use super::*;

const ID: &str = "5d115c9c-44e3-ea11-bb43-000d3a2feca1";

#[test]
fn paths_are_made_of_names_and_ids() {
    let order = RecordPath::of("salesOrders", &ID.to_uppercase()).unwrap();
    let lines = SetPath::below(&order, "salesOrderLines").unwrap();
    assert_eq!(lines.to_string(), format!("salesOrders({ID})/salesOrderLines"));
    assert_eq!(lines.record(RecordId::parse(&format!("{{{ID}}}")).unwrap()).to_string(), format!("salesOrders({ID})/salesOrderLines({ID})"));
    assert_eq!(order.action("shipAndInvoice").unwrap(), format!("salesOrders({ID})/Microsoft.NAV.shipAndInvoice"));
}

#[test]
fn nothing_else_gets_into_a_path() {
    for id in
        ["", "1", "10000", "5d115c9c-44e3-ea11-bb43-000d3a2feca1)/x", "5d115c9c44e3ea11bb43000d3a2feca1", "*", "../..", "ａd115c9c-44e3-ea11-bb43-000d3a2feca1"]
    {
        assert!(RecordId::parse(id).is_err(), "{id}");
    }
    for name in ["", "a/b", "a(b)", "..", "$metadata", "customers?x", "æ", "a b", "1a", "a\u{202e}b"] {
        assert!(SetPath::of(name).is_err(), "{name}");
        assert!(RecordPath::of("customers", ID).unwrap().action(name).is_err(), "{name}");
    }
}

#[test]
fn what_is_made_here_is_read_here() {
    let record = RecordPath::of("salesOrders", ID).unwrap();
    assert_eq!(WritePath::parse(&record.to_string()), Ok(WritePath::Record));
    assert_eq!(WritePath::parse(&record.action("post").unwrap()), Ok(WritePath::Action));
    assert_eq!(WritePath::parse(&SetPath::below(&record, "salesOrderLines").unwrap().to_string()), Ok(WritePath::Set));
}

#[test]
fn empty_is_recognised() {
    assert!([EMPTY_ID, EMPTY_DATE, "", " ", "0001-01-01T00:00:00Z"].into_iter().all(is_empty_value));
    assert!(!is_empty_value("0"));
}
