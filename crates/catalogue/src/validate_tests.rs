#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use bca_protocol::{Effect, Json};
use proptest::prelude::*;

use super::{Parented, ProblemCode, Proposal, Validation};
use crate::{Catalogue, Entity, Operation};

const ID: &str = "8f1c2d3e-0000-4000-8000-0123456789ab";

fn check(entity: &str, operation: &Operation, id: Option<&str>, data: Option<&str>) -> Validation {
    let data = data.map(|text| Json::parse(text).unwrap());
    Catalogue::get().validate(&Proposal { entity, operation, id, parented: Parented::No, data: data.as_ref() })
}

fn create(entity: &str, data: &str) -> Validation {
    check(entity, &Operation::Create, None, Some(data))
}

fn update(entity: &str, data: &str) -> Validation {
    check(entity, &Operation::Update, Some(ID), Some(data))
}

fn action(name: &str) -> Operation {
    Operation::Action(name.to_owned())
}

/// Codes with the property that they name.
fn codes(validation: &Validation) -> Vec<(&'static str, &str)> {
    validation.problems.iter().map(|p| (p.code.as_str(), p.property.as_deref().unwrap_or(""))).collect()
}

fn suggestion(validation: &Validation) -> &str {
    validation.problems.first().and_then(|p| p.suggestion.as_deref()).unwrap_or("")
}

#[test]
fn good_proposals_pass() {
    for (entity, data) in [
        ("customers", r#"{"displayName":"Harbor Lights Ltd","city":"Bergen","creditLimit":25000.50,"type":"Company","blocked":"_x0020_"}"#),
        ("customer", r#"{"displayName":"Harbor Lights Ltd","paymentTermsId":"8F1C2D3E-0000-4000-8000-0123456789AB"}"#),
        (
            "salesOrders",
            r#"{"customerNumber":"10000","orderDate":"2026-02-28","salesOrderLines":[{"lineType":"Item","lineObjectNumber":"1896-S","quantity":2,"unitPrice":1000.8}]}"#,
        ),
        ("salesOrders", r#"{"customerId":"8f1c2d3e-0000-4000-8000-0123456789ab"}"#),
        ("salesOrderLines", r#"{"documentId":"8f1c2d3e-0000-4000-8000-0123456789ab","lineType":"Fixed_x0020_Asset","lineObjectNumber":"FA1"}"#),
        ("paymentTerms", r#"{"code":"14 DAYS","dueDateCalculation":"14D","discountPercent":2}"#),
        ("items", r#"{"displayName":"Lamp","type":"Non-Inventory","unitPrice":1e2}"#),
    ] {
        let validation = create(entity, data);
        assert!(validation.is_valid(), "{entity} {data}: {:?}", validation.problems);
        assert_eq!(validation.effect, Effect::Write);
    }
    assert!(update("customers", r#"{"blocked":"All","website":""}"#).is_valid());
    assert!(check("customers", &Operation::Delete, Some(ID), None).is_valid());
    assert!(check("salesQuotes", &action("makeOrder"), Some(ID), Some("{}")).is_valid());
    assert!(check("accounts", &Operation::Read, None, None).is_valid());
}

#[test]
fn wrong_values_are_told_by_property() {
    for (entity, data, expected) in [
        ("customers", r#"{"displayName":"A","nmae":"x"}"#, vec![("unknown_property", "nmae")]),
        ("customers", r#"{"displayName":"A","balanceDue":1}"#, vec![("read_only", "balanceDue")]),
        ("customers", r#"{"displayName":7}"#, vec![("wrong_type", "displayName")]),
        ("customers", r#"{"displayName":"A","creditLimit":"5"}"#, vec![("wrong_type", "creditLimit")]),
        ("customers", r#"{"displayName":"A","taxLiable":"yes"}"#, vec![("wrong_type", "taxLiable")]),
        ("customers", r#"{"displayName":"A","city":null}"#, vec![("wrong_type", "city")]),
        ("customers", r#"{"displayName":"A","number":"123456789012345678901"}"#, vec![("too_long", "number")]),
        ("customers", r#"{"displayName":"A","type":"Robot"}"#, vec![("unknown_member", "type")]),
        ("customers", r#"{"displayName":"A","paymentTermsId":"14 DAYS"}"#, vec![("invalid_guid", "paymentTermsId")]),
        ("customers", r#"{"displayName":"A","creditLimit":0.123456}"#, vec![("too_precise", "creditLimit")]),
        ("customers", r#"{"displayName":"A","creditLimit":1e400}"#, vec![("out_of_range", "creditLimit")]),
        ("customers", r#"{}"#, vec![("required_missing", "displayName")]),
        ("customers", r#"{"displayName":"  "}"#, vec![("required_missing", "displayName")]),
        ("customers", r#"[]"#, vec![("not_an_object", "")]),
        ("salesOrders", r#"{"customerId":"00000000-0000-0000-0000-000000000000"}"#, vec![("required_missing", "customerNumber")]),
        ("salesOrders", r#"{"customerNumber":"1","orderDate":"2026-02-30"}"#, vec![("invalid_date", "orderDate")]),
        ("salesOrders", r#"{"customerNumber":"1","orderDate":"28.02.2026"}"#, vec![("invalid_date", "orderDate")]),
        ("salesQuotes", r#"{"customerNumber":"1","sentDate":"2026-02-28"}"#, vec![("invalid_date", "sentDate")]),
        ("paymentTerms", r#"{"code":"X","discountPercent":101}"#, vec![("out_of_range", "discountPercent")]),
        ("paymentTerms", r#"{"code":""}"#, vec![("blank", "code"), ("required_missing", "code")]),
        ("salesOrderLines", r#"{"quantity":1}"#, vec![("parent_required", "")]),
        ("salesOrderLines", r#"{"documentId":"8f1c2d3e-0000-4000-8000-0123456789ab","sequence":1.5}"#, vec![("wrong_type", "sequence")]),
    ] {
        let validation = create(entity, data);
        assert_eq!(codes(&validation), expected, "{entity} {data}: {:?}", validation.problems);
    }
}

#[test]
fn nested_lines_are_checked_where_they_stand() {
    let lines = format!(r#"[{{"quantity":"two"}},{{"itemId":"{ID}","accountId":"{ID}"}},7]"#);
    let validation = create("salesOrders", &format!(r#"{{"customerNumber":"1","salesOrderLines":{lines}}}"#));
    assert_eq!(
        codes(&validation),
        [("wrong_type", "salesOrderLines[0].quantity"), ("mutually_exclusive", "salesOrderLines[1].itemId"), ("not_an_object", "salesOrderLines[2]")]
    );
    let single = create("salesOrders", r#"{"customerNumber":"1","salesOrderLines":{"quantity":2}}"#);
    assert_eq!(codes(&single), [("wrong_type", "salesOrderLines")]);
    let on_update = update("salesOrders", r#"{"salesOrderLines":[]}"#);
    assert_eq!(codes(&on_update), [("nested_not_allowed", "salesOrderLines")]);
    let read_only_child = create("salesOrders", r#"{"customerNumber":"1","pdfDocument":{}}"#);
    assert_eq!(codes(&read_only_child), [("nested_not_allowed", "pdfDocument")]);
}

#[test]
fn a_suggestion_says_what_to_do() {
    for (entity, data, wanted) in [
        ("customers", r#"{"displayname":"A"}"#, "displayName"),
        ("customers", r#"{"displayName":"A","phone":"1"}"#, "phoneNumber"),
        ("customers", r#"{"displayName":"A","Payment terms":"1"}"#, "paymentTermsId"),
        ("salesOrderLines", r#"{"documentId":"8f1c2d3e-0000-4000-8000-0123456789ab","itemId":"1896-S"}"#, "lineType Item and lineObjectNumber"),
        ("items", r#"{"itemCategoryId":"CHAIR"}"#, "Or give itemCategoryCode"),
        ("customers", r#"{"displayName":"A","currencyId":5}"#, "currencies"),
        ("customers", r#"{"displayName":"A","telephone":"1"}"#, "phoneNumber"),
        ("customers", r#"{"displayName":"A","vat number":"1"}"#, "taxRegistrationNumber"),
        ("salesOrders", r#"{"customerNumber":"1","orderLines":[]}"#, "salesOrderLines"),
        ("items", r#"{"price":1}"#, "unitPrice"),
        ("customers", r#"{"displayName":"A","paymentTerm":"1"}"#, "Set paymentTermsId"),
        ("customers", r#"{"displayName":"A","paymentTermsId":"14 DAYS"}"#, "paymentTerms"),
        ("customers", r#"{"displayName":"A","creditLimit":"5000"}"#, "5000"),
        ("customers", r#"{"displayName":"A","type":"company"}"#, "Company"),
        ("customers", r#"{"displayName":"A","currencyId":"{8f1c2d3e-0000-4000-8000-0123456789ab}"}"#, ID),
        ("salesOrders", r#"{"customerName":"Adatum","customerNumber":"1"}"#, "customerNumber"),
        ("customers", r#"{"displayName":"A","@odata.etag":"x"}"#, "Leave it out"),
    ] {
        let validation = create(entity, data);
        assert!(suggestion(&validation).contains(wanted), "{data}: {:?}", validation.problems);
    }
}

#[test]
fn what_a_set_does_not_offer_is_refused() {
    let accounts = create("accounts", r#"{"number":"1"}"#);
    assert_eq!(codes(&accounts), [("method_not_allowed", "")]);
    assert_eq!(accounts.effect, Effect::Destructive);
    let unknown = create("customerz", "{}");
    assert_eq!(codes(&unknown), [("unknown_entity", "")]);
    assert!(suggestion(&unknown).contains("customers"));
    let action_name = check("salesQuotes", &action("makeOrdr"), Some(ID), None);
    assert_eq!(codes(&action_name), [("unknown_action", "")]);
    assert!(suggestion(&action_name).contains("makeOrder"));
    assert_eq!(codes(&check("customers", &action("post"), Some(ID), None)), [("unknown_action", "")]);
}

#[test]
fn a_record_is_named_by_its_id() {
    assert_eq!(codes(&check("customers", &Operation::Delete, None, None)), [("id_required", "")]);
    assert_eq!(codes(&check("customers", &Operation::Delete, Some("10000"), None)), [("invalid_id", "")]);
    assert_eq!(codes(&check("customers", &Operation::Update, Some(ID), Some("{}"))), [("empty_update", "")]);
    assert_eq!(codes(&check("customers", &Operation::Update, Some(ID), None)), [("empty_update", "")]);
    assert_eq!(codes(&check("salesInvoices", &action("post"), Some(ID), Some(r#"{"a":1}"#))), [("unexpected_data", "")]);
    assert_eq!(codes(&update("customers", r#"{"displayName":""}"#)), [("blank", "displayName")]);
    assert_eq!(codes(&update("paymentTerms", r#"{"code":""}"#)), [("blank", "code")]);
}

#[test]
fn a_line_under_its_order_needs_no_document() {
    let data = Json::parse(r#"{"lineType":"Item","lineObjectNumber":"1","quantity":1}"#).unwrap();
    let proposal = Proposal { entity: "salesOrderLines", operation: &Operation::Create, id: None, parented: Parented::Yes, data: Some(&data) };
    assert!(Catalogue::get().validate(&proposal).is_valid());
}

#[test]
fn what_touches_money_or_stock_is_noted_and_graver() {
    let stock = update("items", r#"{"inventory":10}"#);
    assert!(stock.is_valid());
    assert_eq!(stock.effect, Effect::Destructive);
    assert!(stock.notes.iter().any(|n| n.contains("posts")), "{:?}", stock.notes);
    let bank = update("bankAccounts", r#"{"iban":"NO9386011117947"}"#);
    assert_eq!(bank.effect, Effect::Destructive);
    let code = create("paymentTerms", r#"{"code":"net14"}"#);
    assert!(code.notes.iter().any(|n| n.contains("NET14")), "{:?}", code.notes);
}

#[test]
fn a_flood_of_faults_gives_a_bounded_answer() {
    let members: Vec<(String, Json)> = (0..20_000).map(|i| (format!("x{i}"), Json::Null)).collect();
    let data = Json::Object(members);
    let proposal = Proposal { entity: "customers", operation: &Operation::Create, id: None, parented: Parented::No, data: Some(&data) };
    let validation = Catalogue::get().validate(&proposal);
    assert!(!validation.is_valid());
    assert!(validation.problems.len() <= 51);
    let long = "é".repeat(1_000_000);
    let text = create("customers", &format!(r#"{{"displayName":"{long}","{long}":1}}"#));
    let size: usize = text.problems.iter().map(|p| p.message.len() + p.property.as_deref().map_or(0, str::len)).sum();
    assert!(size < 2_000, "{size}");
    assert!(text.problems.iter().any(|p| p.code == ProblemCode::TooLong));
}

#[test]
fn what_might_not_be_meant_is_noted() {
    let order = create("salesOrders", &format!(r#"{{"customerNumber":"1","customerId":"{ID}"}}"#));
    assert!(order.is_valid());
    assert!(order.notes.iter().any(|n| n.contains("customerId and customerNumber")), "{:?}", order.notes);
    assert!(order.notes.iter().any(|n| n.contains("salesOrderLines")), "{:?}", order.notes);
    let comment = create("salesOrders", r#"{"customerNumber":"1","salesOrderLines":[{"description":"Thank you"}]}"#);
    assert!(comment.notes.iter().any(|n| n.contains("comment")), "{:?}", comment.notes);
    let post = check("salesInvoices", &action("post"), Some(ID), None);
    assert!(post.notes.iter().any(|n| n.contains("cannot be undone") && n.contains("Cancel")), "{:?}", post.notes);
}

#[test]
fn an_action_may_be_named_in_plain_words() {
    assert!(check("salesOrders", &action("ship and invoice"), Some(ID), None).is_valid());
    assert!(check("salesQuotes", &action("make order"), Some(ID), None).is_valid());
}

#[test]
fn a_property_given_twice_is_refused() {
    let pair = |v: &str| ("displayName".to_owned(), Json::String(v.to_owned()));
    let data = Json::Object(vec![pair("A"), pair("B")]);
    let proposal = Proposal { entity: "customers", operation: &Operation::Create, id: None, parented: Parented::No, data: Some(&data) };
    assert_eq!(codes(&Catalogue::get().validate(&proposal)), [("duplicate_property", "displayName")]);
}

fn any_json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::Bool),
        "-?[0-9]{1,30}(\\.[0-9]{1,30})?([eE][+-]?[0-9]{1,4})?".prop_map(Json::Number),
        "\\PC{0,40}".prop_map(Json::String),
        "(_x[0-9a-f_é]{0,6}|[A-Z ]){0,4}".prop_map(Json::String),
        "[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9:.]{0,12}Z?)?".prop_map(Json::String),
        Just(Json::String(ID.to_owned())),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![prop::collection::vec(inner.clone(), 0..5).prop_map(Json::Array), prop::collection::vec((any_name(), inner), 0..6).prop_map(Json::Object),]
    })
}

fn any_name() -> impl Strategy<Value = String> {
    let names: Vec<String> =
        Catalogue::get().entities().flat_map(|e| e.properties.iter().map(|p| p.name.clone()).chain(e.navigation.iter().map(|n| n.name.clone()))).collect();
    prop_oneof![4 => prop::sample::select(names), 1 => "\\PC{0,20}"]
}

fn any_set() -> impl Strategy<Value = &'static Entity> {
    prop::sample::select(Catalogue::get().entities().collect::<Vec<_>>())
}

/// Data of the set's own properties, so that some of it is valid.
fn data_for(entity: &'static Entity) -> impl Strategy<Value = Json> {
    let names: Vec<&'static str> = entity.properties.iter().filter(|p| !p.read_only).map(|p| p.name.as_str()).collect();
    let names = if names.is_empty() { vec!["none"] } else { names };
    let value = prop_oneof!["[A-Za-z ]{0,6}".prop_map(Json::String), Just(Json::String(ID.to_owned())), "[0-9]{1,3}".prop_map(Json::Number)];
    prop::collection::vec((prop::sample::select(names), value), 0..4)
        .prop_map(|pairs| Json::Object(pairs.into_iter().map(|(n, v)| (n.to_owned(), v)).collect()))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_proposal_gets_an_answer(
        set in prop_oneof![3 => any_set().prop_map(|e| e.set.clone()), 1 => "\\PC{0,30}"],
        operation in prop_oneof![
            Just(Operation::Create), Just(Operation::Update), Just(Operation::Delete), Just(Operation::Read),
            "\\PC{0,12}".prop_map(Operation::Action),
        ],
        id in prop::option::of("\\PC{0,40}"),
        data in prop::option::of(any_json()),
    ) {
        let proposal = Proposal { entity: &set, operation: &operation, id: id.as_deref(), parented: Parented::No, data: data.as_ref() };
        let validation = Catalogue::get().validate(&proposal);
        prop_assert!(validation.problems.iter().all(|p| !p.message.is_empty()));
    }

    #[test]
    fn what_passes_for_a_new_record_has_what_is_required(
        (entity, data) in any_set().prop_flat_map(|e| (Just(e), data_for(e))),
    ) {
        let proposal = Proposal { entity: &entity.set, operation: &Operation::Create, id: None, parented: Parented::Yes, data: Some(&data) };
        if Catalogue::get().validate(&proposal).is_valid() {
            for group in &entity.required {
                prop_assert!(group.iter().any(|name| match data.get(name) {
                    Some(Json::String(text)) => !text.trim().is_empty(),
                    Some(Json::Null) | None => false,
                    Some(_) => true,
                }), "{} {data:?}", entity.set);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn searching_and_suggesting_never_fail(words in "\\PC{0,200}") {
        let found = Catalogue::get().search(&words, 5);
        prop_assert!(found.len() <= 5);
        prop_assert!(Catalogue::get().suggest(&words).len() <= 3);
        let steps = vec![words.clone()];
        prop_assert!(Catalogue::get().validate_workflow("month_end", &steps).is_ok());
    }
}
