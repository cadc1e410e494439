#![allow(clippy::unwrap_used, clippy::panic)]
use super::*;

#[test]
fn only_earlier_creates_can_be_referred_to() {
    let input = r#"{"entity":"salesOrders","data":{"customerId":"{result:1}"}}"#;
    assert!(named(input, &[], None).is_err());
    let plain = r#"{"entity":"salesOrders","data":{"customerId":"x"}}"#;
    assert_eq!(named(plain, &[], None).unwrap(), plain);
    // What is no reference is data.
    let text = r#"{"entity":"customers","data":{"displayName":"{result:one} and {result:1} more"}}"#;
    assert_eq!(named(text, &[], None).unwrap(), text);
}

#[test]
fn checks_of_form_see_an_id_where_one_will_stand() {
    let reference = Reference::to(bca_protocol::ChangeId::new()).to_string();
    let data = Json::parse(&format!(r#"{{"customerId":"{reference}","lines":[{{"itemId":"{reference}","description":"{{result:1}}"}}]}}"#)).unwrap();
    assert_eq!(filled(&data).to_string(), format!(r#"{{"customerId":"{SOME_ID}","lines":[{{"itemId":"{SOME_ID}","description":"{{result:1}}"}}]}}"#));
}
