#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::HashSet;

use crate::{Catalogue, Entity, Method, NavigationKind, Operation, PropertyKind};

fn catalogue() -> &'static Catalogue {
    Catalogue::get()
}

fn operations(entity: &Entity) -> Vec<Operation> {
    let methods = entity.methods.iter().map(|method| match method {
        Method::Get => Operation::Read,
        Method::Post => Operation::Create,
        Method::Patch => Operation::Update,
        Method::Delete => Operation::Delete,
    });
    let actions = entity.actions.iter().map(|a| Operation::Action(a.name.clone()));
    methods.chain(actions).collect()
}

#[test]
fn everything_that_the_api_has_is_loaded() {
    let catalogue = catalogue();
    assert_eq!(catalogue.entities().count(), 90);
    assert_eq!(catalogue.entities().map(|e| e.properties.len()).sum::<usize>(), 1462);
    assert_eq!(catalogue.entities().map(|e| e.actions.len()).sum::<usize>(), 21);
    assert_eq!(catalogue.entities().map(Entity::endpoints).sum::<usize>(), 355);
}

#[test]
fn every_embedded_file_can_be_read() {
    assert_eq!(Catalogue::load().expect("every file parses").entities().count(), 90);
}

#[test]
fn every_operation_has_an_effect_and_a_way_back_or_a_reason() {
    let catalogue = catalogue();
    let mut offered = HashSet::new();
    for entity in catalogue.entities() {
        for operation in operations(entity) {
            assert!(catalogue.knows_effect(&entity.set, &operation), "{} {operation}", entity.set);
            offered.insert((entity.set.clone(), operation.to_string()));
        }
    }
    for (set, operation) in catalogue.effects().all() {
        assert!(offered.contains(&(set.to_owned(), operation.to_owned())), "{set} {operation} is not offered");
    }
}

#[test]
fn every_set_says_what_it_is_in_its_own_words() {
    let catalogue = catalogue();
    for entity in catalogue.entities() {
        assert!(entity.description.len() > 20, "{}", entity.set);
        assert!(!entity.title.is_empty() && !entity.singular.is_empty(), "{}", entity.set);
        assert!(!entity.label.is_empty() && entity.label.len() <= 2, "{}", entity.set);
        assert!(entity.summary.len() <= 12, "{}", entity.set);
        assert!(entity.actions.iter().all(|a| a.description.len() > 20), "{}", entity.set);
        for name in entity.label.iter().chain(&entity.summary) {
            assert!(entity.property(name).is_some(), "{}.{name}", entity.set);
        }
    }
}

#[test]
fn every_navigation_leads_to_a_set_and_every_reference_to_a_set() {
    let catalogue = catalogue();
    for entity in catalogue.entities() {
        for navigation in &entity.navigation {
            assert!(catalogue.find(&navigation.target_set).is_some(), "{}.{}", entity.set, navigation.name);
        }
        for property in &entity.properties {
            if let Some(relation) = &property.relation {
                let target = catalogue.find(&relation.set).map(|e| e.set.as_str());
                assert_eq!(target, Some(relation.set.as_str()), "{}.{}", entity.set, property.name);
            }
        }
        for group in entity.required.iter().chain(&entity.exclusive) {
            assert!(group.iter().all(|name| entity.property(name).is_some()), "{}", entity.set);
        }
    }
}

#[test]
fn a_set_is_found_by_either_name_in_any_writing() {
    let catalogue = catalogue();
    for (given, set) in [
        ("customers", "customers"),
        ("customer", "customers"),
        ("CUSTOMERS", "customers"),
        ("Sales Invoices", "salesInvoices"),
        ("sales-order", "salesOrders"),
        ("companyInformation", "companyInformation"),
        ("countryRegion", "countriesRegions"),
    ] {
        assert_eq!(catalogue.find(given).map(|e| e.set.as_str()), Some(set), "{given}");
    }
    assert!(catalogue.find("customerz").is_none());
    assert!(catalogue.find("").is_none());
}

#[test]
fn a_wrong_name_is_met_with_the_likely_ones() {
    let catalogue = catalogue();
    assert_eq!(catalogue.suggest("customerz").first(), Some(&"customers"));
    assert_eq!(catalogue.suggest("suppliers").first(), Some(&"vendors"));
    assert_eq!(catalogue.suggest("saleInvoice").first(), Some(&"salesInvoices"));
    assert!(catalogue.suggest("xyzzyqwrtp").is_empty());
    assert!(catalogue.suggest(&"x".repeat(1_000_000)).is_empty());
}

#[test]
fn a_property_is_found_by_what_people_call_it() {
    let catalogue = catalogue();
    for (set, words, name) in [
        ("customers", "phoneNumber", "phoneNumber"),
        ("customers", "Payment terms", "paymentTermsId"),
        ("customers", "telephone", "phoneNumber"),
        ("customers", "zip code", "postalCode"),
        ("items", "price", "unitPrice"),
        ("items", "barcode", "gtin"),
        ("salesInvoices", "due", "dueDate"),
        ("customers", "balnceDue", "balanceDue"),
    ] {
        let found = catalogue.properties_named(set, words);
        assert_eq!(found.first().map(|p| p.name.as_str()), Some(name), "{set} {words}");
    }
    assert!(catalogue.properties_named("customers", "xyzzy").is_empty());
    assert!(catalogue.properties_named("nothings", "name").is_empty());
}

#[test]
fn a_property_knows_its_kind_length_caption_and_target() {
    let catalogue = catalogue();
    let customers = catalogue.find("customers").unwrap();
    let terms = customers.property("paymentTermsId").unwrap();
    assert_eq!(terms.caption, "Payment terms");
    assert_eq!(terms.kind, PropertyKind::Guid);
    let relation = terms.relation.as_ref().unwrap();
    assert_eq!((relation.set.as_str(), relation.navigation.as_deref()), ("paymentTerms", Some("paymentTerm")));
    let number = customers.property("number").unwrap();
    assert_eq!((&number.kind, number.max_length), (&PropertyKind::Code, Some(20)));
    assert!(customers.property("balanceDue").unwrap().read_only);
    assert!(customers.property("balanceDue").unwrap().computed);
    let discount = catalogue.find("paymentTerms").unwrap().property("discountPercent").unwrap();
    assert_eq!((discount.minimum.as_deref(), discount.maximum.as_deref()), (Some("0"), Some("100")));
    let blocked = &customers.property("blocked").unwrap().kind;
    assert!(matches!(blocked, PropertyKind::Enum(members) if members == &[" ", "Ship", "Invoice", "All"]));
}

#[test]
fn a_line_knows_its_document() {
    let catalogue = catalogue();
    let lines = catalogue.find("salesOrderLines").unwrap();
    assert_eq!(lines.parents.len(), 1);
    assert_eq!(lines.parents[0].set, "salesOrders");
    assert_eq!(lines.parents[0].navigation, "salesOrderLines");
    let order = catalogue.find("salesOrders").unwrap();
    assert_eq!(order.navigation("salesOrderLines").unwrap().kind, NavigationKind::Child);
    assert_eq!(order.navigation("paymentTerms").unwrap().name, "paymentTerm");
}

/// Words of a description that carry meaning and are not words of the name.
fn own_words(name: &str, description: &str) -> usize {
    const FILLERS: [&str; 17] = ["a", "an", "and", "as", "at", "by", "for", "from", "in", "is", "it", "of", "on", "or", "the", "to", "with"];
    let named: HashSet<String> = crate::text::words(name).iter().map(|w| crate::text::stem(w)).collect();
    let words = crate::text::words(description);
    words.iter().filter(|w| !FILLERS.contains(&w.as_str()) && !named.contains(&crate::text::stem(w))).count()
}

#[test]
fn every_property_is_described_in_other_words_than_its_name() {
    for entity in catalogue().entities() {
        for property in &entity.properties {
            let at = format!("{}.{}: {}", entity.set, property.name, property.description);
            assert!(own_words(&property.name, &property.description) >= 2, "{at}");
            assert!(property.description.ends_with('.'), "{at}");
            assert!(!property.caption.is_empty(), "{at}");
        }
    }
}

#[test]
fn parents_are_sets_whose_children_they_are() {
    let catalogue = catalogue();
    for entity in catalogue.entities() {
        for parent in &entity.parents {
            let container = catalogue.find(&parent.set).unwrap();
            let navigation = container.navigation(&parent.navigation).unwrap();
            assert_eq!(navigation.target_set, entity.set);
        }
        if entity.list_needs_parent {
            assert!(!entity.parents.is_empty(), "{}", entity.set);
        }
    }
}

#[test]
fn no_two_properties_of_a_set_have_the_same_caption() {
    for entity in catalogue().entities() {
        let mut seen = HashSet::new();
        for property in &entity.properties {
            assert!(seen.insert(property.caption.clone()), "{}.{}: {}", entity.set, property.name, property.caption);
        }
    }
}
