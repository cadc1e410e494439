#![allow(clippy::unwrap_used)]
use bca_catalogue::Catalogue;

use super::*;

#[test]
fn what_is_set_counts_before_what_is_there() {
    let (before, data) = (Json::parse(r#"{"city":"Oslo","email":"a@b.example"}"#).unwrap(), Json::parse(r#"{"city":"Bergen"}"#).unwrap());
    let seen = Seen {
        entity: Catalogue::get().find("customers").unwrap(),
        operation: &Operation::Update,
        key: None,
        before: Some(&before),
        data: Some(&data),
        path: "customers",
    };
    assert_eq!((seen.text("city"), seen.text("email"), seen.set_text("email")), (Some("Bergen"), Some("a@b.example"), None));
}
