//! A person corrects a value before approving: what arrives is theirs.

use serde_json::json;

use crate::{
    A_PERSONS_PAUSE, CREATE,
    driver::{Books, Window},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_was_corrected_in_the_dialog_is_what_arrives() {
    let books = Books::open().await;
    let window = Window::open(&books).await;
    let view = window.call("set_permissions", &json!({"connection": null, "permissions": {"dry_run": "on"}})).await;
    assert_eq!(view["dry_run"], "on");
    window.send(CREATE).await;
    window.see("approval-dialog").await;
    assert_eq!(window.text("dry-run").await.lines().next(), Some("Tried out. Business Central would take it, and fill in:"));
    window.screenshots("tried-out").await;
    let first = window.text("approval-digest").await;
    window.click_at("[data-field=city] [data-testid=field-edit]").await;
    window.type_at("[data-testid=editor-input]", "Tromsø\u{e007}").await;
    window.see("field-edited").await;
    window.see("dry-run").await;
    let shown = window.text_at("[data-testid=approval-dialog] [data-field=city]").await;
    assert!(shown.contains("Bergen") && shown.contains("Tromsø") && shown.contains("edited"), "{shown}");
    assert_ne!(window.text("approval-digest").await, first, "what is approved is another request");
    window.screenshots("edited").await;
    // Esc leaves a value as it was.
    window.click_at("[data-field=displayName] [data-testid=field-edit]").await;
    window.screenshots("editing").await;
    window.type_at("[data-testid=editor-input]", "Another\u{e00c}").await;
    window.until("return document.querySelector('[data-testid=field-editor]') === null").await;
    window.pause(A_PERSONS_PAUSE).await;
    window.click("approval-approve").await;
    window.is_idle().await;
    let customers = books.customers("Harbor Lights Ltd").await;
    assert_eq!(customers.len(), 1, "{customers:?}");
    assert_eq!(customers[0]["city"], "Tromsø");
    window.nothing_was_complained_about().await;
    window.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ctrl_and_enter_where_one_has_written_why_not_rejects() {
    let books = Books::open().await;
    let window = Window::open(&books).await;
    window.send(CREATE).await;
    window.see("approval-dialog").await;
    window.pause(A_PERSONS_PAUSE).await;
    window.click("approval-why").await;
    window.until("return document.activeElement?.getAttribute('data-testid') === 'approval-reason'").await;
    window.type_at("[data-testid=approval-reason]", "Not this month\u{e009}\u{e007}\u{e000}").await;
    window.is_idle().await;
    window.says("Not this month").await;
    assert!(books.customers("Harbor Lights Ltd").await.is_empty(), "a reason for rejecting was taken for an approval");
    window.until("return document.activeElement?.getAttribute('data-testid') === 'composer-input'").await;
    window.nothing_was_complained_about().await;
    window.close().await;
}
