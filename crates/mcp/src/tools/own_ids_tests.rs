#![allow(clippy::unwrap_used)]
use bca_approval::Target;

use super::*;

const SOME: &str = "5f1c3f2e-8a54-4b0e-9d3c-2f7a1c9be001";

fn request(method: Method, path: &str, body: &str) -> CanonicalRequest {
    let target =
        Target { root: "https://bc.example/api/v2.0".into(), tenant: String::new(), environment: String::new(), company_id: "c".into(), account: "a".into() };
    CanonicalRequest { target, method, path: path.into(), if_match: None, body: Some(body.into()) }
}

#[test]
fn an_id_goes_in_last_and_comes_out_again() {
    let data = Json::parse(r#"{"displayName":"Northwind","lines":[{"id":"kept"}]}"#).unwrap();
    let sent = bring(&data, Some(SOME));
    assert_eq!(sent.to_string(), format!(r#"{{"displayName":"Northwind","lines":[{{"id":"kept"}}],"id":"{SOME}"}}"#));
    assert_eq!((without(&sent), bring(&data, None)), (data.clone(), data));
}

#[test]
fn only_a_create_at_the_top_brings_an_id() {
    let body = format!(r#"{{"displayName":"x","id":"{SOME}"}}"#);
    assert_eq!(brought(&request(Method::Post, "customers", &body)).unwrap().as_str(), SOME);
    assert_eq!(brought(&request(Method::Post, "salesOrders?$expand=salesOrderLines", &body)).unwrap().as_str(), SOME);
    assert_eq!(brought(&request(Method::Post, "customers", r#"{"displayName":"x"}"#)), None);
    assert_eq!(brought(&request(Method::Post, "customers", r#"{"id":"no id"}"#)), None);
    assert_eq!(brought(&request(Method::Post, &format!("salesOrders({SOME})/salesOrderLines"), &body)), None);
    assert_eq!(brought(&request(Method::Patch, "customers", &body)), None);
}

#[test]
fn sets_whose_records_have_no_id_of_their_own_bring_none() {
    let has = |set: &str| has_one_id(Catalogue::embedded().find(set).unwrap());
    assert!(has("customers") && has("salesOrders") && has("items") && has("paymentTerms"));
    assert!(!has("companies"));
}

#[test]
fn a_rule_that_says_no_is_not_about_the_id() {
    let answer = |code: &str| Json::parse(&format!(r#"{{"status":"failed","code":"{code}"}}"#)).unwrap();
    assert!(may_be_about_the_id(&answer("BadRequest_InvalidOperation")) && may_be_about_the_id(&answer("BadRequest")));
    assert!(!may_be_about_the_id(&answer("Application_DialogException")) && !may_be_about_the_id(&Json::Null));
}
