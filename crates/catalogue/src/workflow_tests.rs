#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use crate::{Catalogue, Operation, Undo, WorkflowCheck};

fn check(workflow: &str, steps: &[&str]) -> WorkflowCheck {
    let steps: Vec<String> = steps.iter().map(|s| (*s).to_owned()).collect();
    Catalogue::get().validate_workflow(workflow, &steps).unwrap()
}

#[test]
fn the_usual_sequences_are_whole() {
    for (workflow, steps) in [
        ("quote_to_order", vec!["create quote", "send quote", "make order"]),
        ("quote_to_cash", vec!["create quote", "convert to order", "ship and invoice", "receive payment", "post payment"]),
        ("order to cash", vec!["create sales order", "add lines", "ship and invoice", "record payment", "post the payment"]),
        ("purchase to pay", vec!["create purchase order", "receive and invoice", "pay supplier", "post payment"]),
        ("new customer", vec!["payment terms", "create customer", "verify"]),
        ("sales_returns", vec!["find invoice", "create credit memo", "post credit memo"]),
        ("quote to order", vec!["draft the quotation for the customer", "turn quote into sales order"]),
        ("order_to_cash", vec!["look up the client", "create a sales order with lines", "ship", "collect payment", "post payment"]),
        ("procure to pay", vec!["create vendor", "create purchase order", "receiveAndInvoice", "create vendorPayments", "post journals"]),
        ("payment run", vec!["find due bills", "enter payments", "post journal"]),
    ] {
        let check = check(workflow, &steps);
        assert!(check.is_valid(), "{workflow}: {check:?}");
        assert!(check.unrecognised.is_empty(), "{workflow}: {:?}", check.unrecognised);
    }
}

#[test]
fn the_operations_themselves_name_steps() {
    let found = check("quote_to_order", &["salesQuotes.create", "salesQuotes.makeOrder"]);
    assert!(found.is_valid(), "{found:?}");
    let found = check("quote_to_order", &["create salesQuotes", "makeOrder"]);
    assert!(found.is_valid(), "{found:?}");
}

#[test]
fn a_vague_word_means_the_next_step_that_it_could_mean() {
    let found = check("order_to_cash", &["create order", "ship and invoice", "receive payment", "post"]);
    assert!(found.is_valid(), "{found:?}");
}

#[test]
fn a_missing_step_is_told() {
    let found = check("quote_to_cash", &["create quote", "ship and invoice", "record payment", "post payment"]);
    assert_eq!(found.missing, ["Turn the quote into an order"]);
    assert!(!found.is_valid());
    let nothing = check("quote_to_order", &[]);
    assert_eq!(nothing.missing.len(), 2);
}

#[test]
fn a_step_before_its_time_is_told() {
    let found = check("quote_to_order", &["make order", "create quote"]);
    assert!(found.missing.is_empty());
    assert_eq!(found.misordered.len(), 1);
    assert_eq!(found.misordered[0].to_string(), "\"Turn the quote into an order\" must come after \"Create the quote\"");
}

#[test]
fn what_cannot_be_undone_and_what_does_not_belong_is_told() {
    let found = check("quote_to_order", &["create quote", "sing a song", "make order"]);
    assert_eq!(found.irreversible, ["Turn the quote into an order"]);
    assert_eq!(found.unrecognised, ["sing a song"]);
    assert!(found.is_valid());
}

#[test]
fn an_unknown_workflow_is_met_with_those_there_are() {
    let error = Catalogue::get().validate_workflow("quote_to_ordr", &[]).unwrap_err();
    assert_eq!(error.known.first().map(String::as_str), Some("quote_to_order"));
    assert_eq!(error.known.len(), 10);
    assert!(error.to_string().contains("purchase_to_pay"));
}

#[test]
fn every_step_is_an_operation_that_there_is_and_agrees_with_the_effects() {
    let catalogue = Catalogue::get();
    for workflow in catalogue.workflows() {
        for step in &workflow.steps {
            let at = format!("{} {}", workflow.name, step.id);
            let entity = catalogue.find(&step.operation.entity).expect(&at);
            assert!(catalogue.offers(&entity.set, &step.operation.operation), "{at}");
            assert!(step.needs.iter().all(|name| entity.property(name).is_some()), "{at}");
            let undo = catalogue.undo(&entity.set, &step.operation.operation);
            if matches!(undo, Undo::Irreversible { .. }) {
                assert!(step.irreversible, "{at}");
            }
            if step.operation.operation == Operation::Read {
                assert!(!step.irreversible, "{at}");
            }
        }
        let titles: Vec<String> = workflow.steps.iter().map(|s| s.title.clone()).collect();
        let found = catalogue.validate_workflow(&workflow.name, &titles).unwrap();
        assert!(found.is_valid() && found.unrecognised.is_empty(), "{}: {found:?}", workflow.name);
    }
}
