//! The thin line: read, create, change, delete over HTTP.

use crate::support::{Reply, company};
use serde_json::json;

#[tokio::test]
async fn a_customer_is_created_read_changed_and_deleted() {
    let started = std::time::Instant::now();
    let company = company().await;
    eprintln!("ready in {:?}", started.elapsed());
    let terms = company.first("paymentTerms?$filter=code eq '14 DAYS'").await;
    let created = company.post("customers", json!({"displayName": "Harbor Lights Ltd", "city": "Bergen", "paymentTermsId": terms["id"]})).await;
    assert_eq!(created.status, 201, "{}", created.body);
    assert_eq!(created.text("number"), "C00010");
    assert_eq!(created.text("currencyCode"), "NOK");
    assert_eq!(created.text("blocked"), "_x0020_");
    let path = format!("customers({})", created.text("id"));
    let read = company.get(&format!("{path}?$expand=paymentTerm($select=code)")).await;
    assert_eq!(read.body["paymentTerm"]["code"], "14 DAYS");
    let etag = read.etag.clone().unwrap();
    let changed = company.patch(&path, &etag, json!({"creditLimit": 25000.50})).await;
    assert_eq!(changed.status, 200, "{}", changed.body);
    assert_eq!(changed.body["creditLimit"].to_string(), "25000.5");
    let stale = company.patch(&path, &etag, json!({"city": "Oslo"})).await;
    assert_eq!((stale.status, stale.code()), (409, "Request_EntityChanged"));
    let missing = Reply::of(company.request(reqwest::Method::PATCH, &path).json(&json!({"city": "Oslo"})).send().await.unwrap()).await;
    assert_eq!((missing.status, missing.code()), (400, "BadRequest_InvalidToken"));
    let gone = company.delete(&path, changed.body["@odata.etag"].as_str().unwrap()).await;
    assert_eq!(gone.status, 204);
    let after = company.get(&path).await;
    assert_eq!((after.status, after.code()), (404, "BadRequest_ResourceNotFound"));
}

#[tokio::test]
async fn an_order_with_nested_lines_has_computed_totals() {
    let company = company().await;
    let order = company
        .post(
            "salesOrders?$expand=salesOrderLines",
            json!({"customerNumber": "10000", "orderDate": "2026-06-10", "salesOrderLines": [
                {"lineType": "Item", "lineObjectNumber": "1100", "quantity": 2},
                {"lineType": "Item", "lineObjectNumber": "1530", "quantity": 3, "discountPercent": 10},
                {"lineType": "Comment", "description": "Deliver before noon"}
            ]}),
        )
        .await;
    assert_eq!(order.status, 201, "{}", order.body);
    // 2 x 2990 at 25 %, 3 x 749 less 10 % (2022.30) at 15 %.
    assert_eq!(order.body["totalAmountExcludingTax"].to_string(), "8002.3");
    assert_eq!(order.body["totalTaxAmount"].to_string(), "1798.35");
    assert_eq!(order.body["totalAmountIncludingTax"].to_string(), "9800.65");
    assert_eq!(order.body["salesOrderLines"].as_array().unwrap().len(), 3);
    assert_eq!(order.text("customerName"), "Fjordlys AS");
}
