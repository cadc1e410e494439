//! Notifications by a real notification daemon, and the number in the tray.

use bca_app::Which;
use bca_protocol::{ApprovalState, Reviewer};
use bca_testkit::{Books, ScriptedModel, Turn};
use serde_json::json;

use crate::{
    desk::Notifications,
    driver::{Place, Window, wait_for},
    tray::Tray,
};

/// A window in the tray, a question that came meanwhile, and the notification of it.
async fn asked_behind_the_window(books: &Books, choice: &str) -> (Window, Tray, Notifications) {
    let input = json!({"entity": "customers", "data": {"displayName": "<b>Harbor</b>"}});
    let model = ScriptedModel::serve(vec![Turn::calls(&[("call_a", "bc_create_entity", input)]), Turn::text("Done.")]).await;
    let place = Place::scripted(books, &model).await;
    let tray = Tray::open(&place.desk).await;
    let notifications = place.desk.notifications(choice).await;
    let window = Window::open_in(&place).await;
    assert!(!tray.menu().await.contains("waiting"), "nothing waits yet");
    // Another program is in front.
    let other = place.desk.tool("xdotool", &["getactivewindow"]);
    place.desk.tool("xdotool", &["windowminimize", &other]);
    wait_for("a window out of the way", async || place.desk.minimised()).await;
    window.send_without_looking("Create it").await;
    wait_for("a notification", async || notifications.shown(&place.desk) == 1).await;
    wait_for("the number in the tray", async || tray.menu().await.contains("1 waiting for you")).await;
    (window, tray, notifications)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_behind_the_window_is_notified_and_can_be_rejected_there_but_not_approved() {
    let books = Books::open().await;
    let (window, tray, notifications) = asked_behind_the_window(&books, "Reject").await;
    let place = window.place.clone();
    let offered = notifications.choose(&place.desk).await;
    assert!(offered.contains("Open") && offered.contains("Reject") && !offered.to_lowercase().contains("approve"), "{offered}");
    let engine = place.engine().await;
    wait_for("the rejection", async || engine.app.approvals(Which::All).await.unwrap()[0].state == ApprovalState::Rejected).await;
    assert_eq!(engine.app.approvals(Which::All).await.unwrap()[0].by, Some(Reviewer::Notification));
    wait_for("a tray without a number", async || !tray.menu().await.contains("waiting")).await;
    assert!(books.writes().is_empty());
    let said = notifications.words();
    assert!(said.contains("Waiting for your approval") && said.contains("&lt;b&gt;"), "the record's own words are no markup: {said}");
    engine.app.stop().await;
    window.terminate();
    window.ends().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notification_opens_the_window_on_its_question() {
    let books = Books::open().await;
    let (window, _tray, notifications) = asked_behind_the_window(&books, "Open").await;
    notifications.choose(&window.place.desk).await;
    wait_for("the window", async || window.place.desk.shows_the_window() && !window.place.desk.minimised()).await;
    window.see("approval-dialog").await;
    assert!(books.writes().is_empty());
    window.terminate();
    window.ends().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_notification_is_shown_to_one_who_is_looking() {
    let books = Books::open().await;
    let input = json!({"entity": "customers", "data": {"displayName": "Harbor"}});
    let model = ScriptedModel::serve(vec![Turn::calls(&[("call_a", "bc_create_entity", input)])]).await;
    let place = Place::scripted(&books, &model).await;
    let notifications = place.desk.notifications("Open").await;
    let window = Window::open_in(&place).await;
    window.send("Create it").await;
    window.see("approval-dialog").await;
    assert_eq!(notifications.shown(&place.desk), 0);
    window.terminate();
    window.ends().await;
}
