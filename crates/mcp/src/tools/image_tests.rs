#![allow(clippy::unwrap_used, clippy::panic)]
use super::*;

fn entity(set: &str) -> &'static Entity {
    Catalogue::get().find(set).unwrap()
}

fn why(set: &str, record: &str) -> Option<String> {
    match way_back(entity(set), &Json::parse(record).unwrap()) {
        Some(Undoable::No { why }) => Some(why),
        Some(Undoable::Yes { .. }) => panic!("a way back needs no words"),
        None => None,
    }
}

#[test]
fn what_belongs_to_a_record_is_what_a_create_can_bring_along() {
    let names = |set: &str| owned(entity(set)).map(|(navigation, _)| navigation.name.clone()).collect::<Vec<_>>();
    assert_eq!(names("salesOrders"), ["dimensionSetLines", "salesOrderLines"]);
    assert_eq!(names("salesOrderLines"), ["dimensionSetLines"]);
    assert_eq!(names("customers"), ["defaultDimensions"]);
    assert_eq!(names("items"), ["defaultDimensions", "itemVariants"]);
    assert_eq!(names("journals"), ["journalLines"]);
    assert!(names("paymentTerms").is_empty());
}

#[test]
fn there_is_a_way_back_only_where_creating_it_again_would_be_right() {
    assert_eq!(why("salesInvoices", r#"{"status":"Draft","dimensionSetLines":[],"salesInvoiceLines":[]}"#), None);
    assert_eq!(why("salesInvoices", r#"{"status":"In_x0020_Review","dimensionSetLines":[],"salesInvoiceLines":[]}"#), None);
    for status in [r#""status":"Open","#, r#""status":"Paid","#, ""] {
        let posted = why("salesInvoices", &format!(r#"{{{status}"dimensionSetLines":[],"salesInvoiceLines":[]}}"#)).unwrap();
        assert!(posted.contains("is posted"), "{posted}");
    }
    assert_eq!(why("salesOrders", r#"{"status":"Open","dimensionSetLines":[],"salesOrderLines":[{"shippedQuantity":0}]}"#), None);
    let shipped = why("salesOrders", r#"{"dimensionSetLines":[],"salesOrderLines":[{"shippedQuantity":0},{"shippedQuantity":1.5}]}"#).unwrap();
    assert!(shipped.contains("delivered or billed"), "{shipped}");
    let half = why("salesOrders", r#"{"dimensionSetLines":[],"salesOrderLines":[],"salesOrderLines@odata.nextLink":"http://x"}"#).unwrap();
    assert!(half.contains("could not be read"), "{half}");
    assert!(why("salesOrders", "{}").is_some());
    let lines = vec!["{}"; MOST_OWNED + 1].join(",");
    assert!(why("journals", &format!(r#"{{"journalLines":[{lines}]}}"#)).unwrap().contains("more than 300"));
    assert_eq!(why("paymentTerms", "{}"), None);
}
