#![allow(clippy::unwrap_used)]
use super::*;

#[test]
fn a_set_is_read_from_any_write_and_what_is_wrong_is_told() {
    let read = |set: &str| grouping(&format!(r#"{{"entity":"customers","data":{{}},"change_set":{set}}}"#));
    assert_eq!(grouping(r#"{"entity":"customers"}"#).unwrap(), None);
    assert_eq!(read("null").unwrap(), None);
    assert_eq!(grouping("nonsense").unwrap(), None);
    let named = |coming| Some(Grouping::new("Two customers", coming).unwrap());
    assert_eq!(read(r#"{"title":"Two customers"}"#).unwrap(), named(Coming::Nothing));
    assert_eq!(read(r#"{"title":" Two  customers ","more":true}"#).unwrap(), named(Coming::More));
    for wrong in [r#""Two customers""#, "{}", r#"{"title":""}"#, r#"{"title":"x","last":true}"#, r#"{"title":1}"#, "[]"] {
        assert!(read(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn every_write_tool_offers_it_and_no_other() {
    use super::super::{Tool, definition};
    for tool in Tool::ALL {
        let schema = serde_json::to_string(&*definition(tool).input_schema).unwrap();
        assert_eq!(schema.contains("change_set"), tool.usual_effect() > bca_protocol::Effect::Read, "{}: {schema}", tool.name());
    }
}
