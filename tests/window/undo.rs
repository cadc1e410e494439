//! A person takes a change back from the list of what was written.

use bca_testkit::{ScriptedModel, Turn};
use serde_json::{Value, json};

use crate::{
    A_PERSONS_PAUSE, CREATE,
    driver::{Books, Place, Window},
};

/// The button beside a change in the list of what was written.
const UNDO: &str = ".written [data-testid=undo-change]";

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_taken_back_from_the_list_once_that_is_approved_too() {
    let books = Books::open().await;
    let window = Window::open(&books).await;
    window.send(CREATE).await;
    window.see("approval-dialog").await;
    window.pause(A_PERSONS_PAUSE).await;
    window.click("approval-approve").await;
    window.is_idle().await;
    assert_eq!(books.customers("Harbor Lights Ltd").await.len(), 1);
    window.screenshots("written").await;
    window.click_at(UNDO).await;
    window.see("approval-dialog").await;
    let asked = window.text("approval-dialog").await;
    assert!(asked.contains("Undo: delete customer") && asked.contains("takes back what was written"), "{asked}");
    assert_eq!(books.customers("Harbor Lights Ltd").await.len(), 1, "taken back before it was approved");
    window.screenshots("undo").await;
    window.pause(A_PERSONS_PAUSE).await;
    window.click("approval-approve").await;
    window.until("return document.querySelector('[data-testid=undone]') !== null && document.querySelector('[data-testid=approval-dialog]') === null").await;
    assert!(books.customers("Harbor Lights Ltd").await.is_empty());
    window.nothing_was_complained_about().await;
    window.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_document_comes_back_with_its_lines() {
    let books = bca_testkit::Books::open().await;
    let (customer, items) = (books.ids("customers", 1).await.remove(0), books.ids("items", 2).await);
    let lines = json!([{"lineType": "Item", "itemId": items[0], "quantity": 3}, {"lineType": "Item", "itemId": items[1], "quantity": 1}]);
    let order = books.create("salesOrders", &json!({"customerId": customer, "externalDocumentNumber": "BACK-1", "salesOrderLines": lines})).await;
    let call = json!({"entity": "salesOrders", "id": order});
    let model = ScriptedModel::serve(vec![Turn::calls(&[("call_a", "bc_delete_entity", call)]), Turn::text("It is deleted.")]).await;
    let window = Window::open_in(&Place::scripted(&books, &model).await).await;
    window.send("Delete the order").await;
    window.see("approval-dialog").await;
    let asked = window.text("approval-dialog").await;
    assert!(asked.contains("Can be undone") && asked.contains("Sales order lines · 2"), "{asked}");
    window.screenshots("delete").await;
    window.pause(A_PERSONS_PAUSE).await;
    window.click("approval-approve").await;
    window.is_idle().await;
    window.click_at(UNDO).await;
    window.see("approval-dialog").await;
    let asked = window.text("approval-dialog").await;
    assert!(asked.contains("does not come back") && asked.contains("2 sales order lines"), "{asked}");
    let (lines, head) = (asked.find("Sales order lines · 2").unwrap(), asked.find("Sell-to city").unwrap());
    assert!(lines < head, "the lines stand before a long head: {asked}");
    window.screenshots("undo-deletion").await;
    window.pause(A_PERSONS_PAUSE).await;
    window.click("approval-approve").await;
    window.until("return document.querySelector('[data-testid=undone]') !== null && document.querySelector('[data-testid=approval-dialog]') === null").await;
    let page: Value = serde_json::from_str(&books.read("salesOrders?$filter=externalDocumentNumber eq 'BACK-1'&$expand=salesOrderLines").await).unwrap();
    assert_eq!(page["value"][0]["salesOrderLines"].as_array().map(Vec::len), Some(2), "{page}");
    window.nothing_was_complained_about().await;
    window.close().await;
}
