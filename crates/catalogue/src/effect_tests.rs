#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use bca_protocol::{Effect, Json};

use crate::{Catalogue, Operation, Undo};

fn action(name: &str) -> Operation {
    Operation::Action(name.to_owned())
}

#[test]
fn reading_changes_nothing_and_keeping_records_can_be_undone() {
    let catalogue = Catalogue::get();
    assert_eq!(catalogue.effect("customers", &Operation::Read), Effect::Read);
    assert_eq!(catalogue.undo("customers", &Operation::Read), Undo::NothingToUndo);
    assert_eq!(catalogue.effect("customer", &Operation::Create), Effect::Write);
    assert!(matches!(catalogue.undo("customers", &Operation::Create), Undo::Reversible { by: Operation::Delete, .. }));
    assert!(matches!(catalogue.undo("customers", &Operation::Update), Undo::Reversible { by: Operation::Update, .. }));
}

#[test]
fn deleting_and_every_action_is_destructive() {
    let catalogue = Catalogue::get();
    for entity in catalogue.entities() {
        assert_eq!(catalogue.effect(&entity.set, &Operation::Delete), Effect::Destructive);
        for name in &entity.actions {
            let operation = action(&name.name);
            assert_eq!(catalogue.effect(&entity.set, &operation), Effect::Destructive);
            assert_eq!(catalogue.undo(&entity.set, &operation).word(), "irreversible", "{} {}", entity.set, name.name);
        }
    }
}

#[test]
fn posting_names_the_document_that_sets_it_right() {
    let catalogue = Catalogue::get();
    for (set, name, word) in [
        ("salesInvoices", "post", "Cancel"),
        ("purchaseInvoices", "post", "credit memo"),
        ("salesOrders", "shipAndInvoice", "credit memo"),
        ("salesQuotes", "makeOrder", "Delete the order"),
    ] {
        match catalogue.undo(set, &action(name)) {
            Undo::Irreversible { instead: Some(instead), .. } => assert!(instead.contains(word), "{instead}"),
            other => panic!("{set}.{name}: {other:?}"),
        }
    }
}

#[test]
fn what_is_unknown_is_destructive_and_final() {
    let catalogue = Catalogue::get();
    for (set, operation) in [("nothings", Operation::Read), ("customers", action("post")), ("accounts", Operation::Create), ("", Operation::Update)] {
        assert_eq!(catalogue.effect(set, &operation), Effect::Destructive, "{set}");
        assert_eq!(catalogue.undo(set, &operation).word(), "irreversible", "{set}");
    }
}

#[test]
fn bank_data_and_stock_raise_the_effect() {
    let catalogue = Catalogue::get();
    let data = |name: &str| Json::Object(vec![(name.to_owned(), Json::String("x".to_owned()))]);
    for (set, property, effect) in [
        ("bankAccounts", "iban", Effect::Destructive),
        ("bankAccounts", "displayName", Effect::Write),
        ("items", "inventory", Effect::Destructive),
        ("items", "unitPrice", Effect::Write),
        ("employees", "bankAccountNumber", Effect::Destructive),
    ] {
        assert_eq!(catalogue.effect_of(set, &Operation::Update, &data(property)), effect, "{set}.{property}");
    }
}

#[test]
fn an_operation_is_written_and_read_alike() {
    for operation in [Operation::Read, Operation::Create, Operation::Update, Operation::Delete, action("post")] {
        assert_eq!(operation.to_string().parse(), Ok(operation));
    }
    assert!("explode".parse::<Operation>().is_err());
    assert!("action:".parse::<Operation>().is_err());
}
