#![allow(clippy::unwrap_used, clippy::panic)]
use bca_catalogue::Catalogue;

use super::*;

fn entity(set: &str) -> &'static Entity {
    Catalogue::get().find(set).unwrap()
}

#[test]
fn a_record_is_created_again_with_what_says_something_and_can_be_set() {
    let id = "5d115c9c-44e3-ea11-bb43-000d3a2feca1";
    let before = format!(
        r#"{{"id":"{id}","number":"10020","displayName":"Fjord","creditLimit":0,"paymentTermsId":"00000000-0000-0000-0000-000000000000",
        "balanceDue":12.5,"blocked":"_x0020_","taxLiable":false,"email":"","lastModifiedDateTime":"2026-01-01T00:00:00Z"}}"#
    );
    let data = Json::Object(worth_creating(entity("customers"), &Json::parse(&before).unwrap(), None));
    assert_eq!(data.to_string(), r#"{"number":"10020","displayName":"Fjord","taxLiable":false}"#);
}

const ORDER: &str = "5d115c9c-44e3-ea11-bb43-000d3a2feca1";
const CUSTOMER: &str = "6d115c9c-44e3-ea11-bb43-000d3a2feca1";
const ITEM: &str = "7d115c9c-44e3-ea11-bb43-000d3a2feca1";

#[test]
fn a_document_comes_with_its_lines_and_nothing_points_to_the_old_one() {
    let before = format!(
        r#"{{"id":"{ORDER}","number":"S-ORD1","customerId":"{CUSTOMER}","customerNumber":"10000","discountAmount":25.5,"fullyShipped":false,
        "totalAmountIncludingTax":100,"status":"Draft",
        "dimensionSetLines":[{{"id":"{ITEM}","code":"AREA","parentId":"{ORDER}","parentType":"Sales Order","valueId":"{CUSTOMER}","valueCode":"30"}}],
        "salesOrderLines":[{{"id":"{ITEM}","documentId":"{ORDER}","sequence":10000,"itemId":"{ITEM}","lineType":"Item","lineObjectNumber":"1896-S",
            "quantity":3,"unitPrice":10,"discountAmount":1.005,"discountPercent":3.35,"netAmount":28.99,"dimensionSetLines":[]}}]}}"#
    );
    let again = again(entity("salesOrders"), &Json::parse(&before).unwrap()).unwrap();
    assert_eq!((again.set.to_string().as_str(), again.is_below_a_parent), ("salesOrders", false));
    assert_eq!(again.expand, ["dimensionSetLines", "salesOrderLines"]);
    assert_eq!(again.read_back, ["dimensionSetLines", "salesOrderLines($expand=dimensionSetLines)"]);
    let body = again.data.to_string();
    assert!(!body.contains(ORDER) && !body.contains("fullyShipped") && !body.contains("customerNumber"), "{body}");
    let line = &again.data.get("salesOrderLines").unwrap().to_string();
    assert!(line.contains(r#""discountAmount":1.005"#) && !line.contains("discountPercent") && !line.contains("netAmount"), "{line}");
    assert_eq!(again.data.get("dimensionSetLines").unwrap().to_string(), r#"[{"code":"AREA","valueCode":"30"}]"#);
    let notes: Vec<&str> = again.notes.iter().map(|note| note.text.as_str()).collect();
    assert!(notes[0].contains("1 dimension set lines, 1 sales order lines"), "{notes:?}");
    assert!(notes.iter().any(|note| note.contains("S-ORD1 does not come back")), "{notes:?}");
    assert!(notes.iter().any(|note| note.contains("25.5")), "{notes:?}");
}

#[test]
fn a_line_is_created_where_it_stood() {
    let line = format!(r#"{{"id":"{ITEM}","journalId":"{ORDER}","journalDisplayName":"DEFAULT","lineNumber":10000,"accountNumber":"8910","amount":12.5}}"#);
    let again = again(entity("journalLines"), &Json::parse(&line).unwrap()).unwrap();
    assert_eq!(again.set.to_string(), format!("journals({ORDER})/journalLines"));
    assert_eq!(again.data.to_string(), r#"{"accountNumber":"8910","amount":12.5}"#);
}
