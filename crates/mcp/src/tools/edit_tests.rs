#![allow(clippy::unwrap_used, clippy::panic)]
use super::*;

fn property(set: &str, name: &str) -> &'static Property {
    property_at(Catalogue::get().find(set).unwrap(), name).unwrap()
}

#[test]
fn what_is_typed_becomes_what_is_sent_and_nothing_is_guessed() {
    let value = |set, name, typed| value_of(property(set, name), typed).map(|v| v.to_string());
    assert_eq!(value("customers", "creditLimit", Some(" 5000.10 ")).unwrap(), "5000.10");
    assert_eq!(value("items", "unitPrice", Some("12345678901234.56789")).unwrap(), "12345678901234.56789");
    assert_eq!(value("customers", "displayName", Some(" as typed ")).unwrap(), "\" as typed \"");
    assert_eq!(value("customers", "paymentTermsId", None).unwrap(), format!("\"{EMPTY_ID}\""));
    assert_eq!(value("customers", "displayName", None).unwrap(), "\"\"");
    assert_eq!(value("salesOrders", "salesOrderLines[3].quantity", Some("2")).unwrap(), "2");
    for (set, name, typed) in [
        ("customers", "creditLimit", Some("5.000,10")),
        ("customers", "creditLimit", Some("1e")),
        ("customers", "creditLimit", Some("\"5\"")),
        ("customers", "creditLimit", None),
        ("customers", "taxLiable", Some("maybe")),
        ("customers", "blocked", Some("Sometimes")),
    ] {
        assert_eq!(value(set, name, typed).unwrap_err().code, ErrorCode::InvalidInput, "{name} {typed:?}");
    }
    assert_eq!(value("customers", "blocked", None).unwrap(), "\"_x0020_\"");
}

#[test]
fn a_value_is_found_by_its_name_or_not_at_all() {
    let mut data = Json::parse(r#"{"a":1,"lines":[{"b":2},{"b":3}]}"#).unwrap();
    *place_of(&mut data, "lines[1].b").unwrap() = Json::Number("30".into());
    *place_of(&mut data, "a").unwrap() = Json::Number("10".into());
    assert_eq!(data.to_string(), r#"{"a":10,"lines":[{"b":2},{"b":30}]}"#);
    for missing in ["c", "lines[2].b", "lines.b", "lines[x].b", "a[0]", "lines[1].c", ""] {
        assert!(place_of(&mut data, missing).is_none(), "{missing}");
    }
}
