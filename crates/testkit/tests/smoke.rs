//! Whole journeys through a running engine: demo company and demo model over real HTTP, the store on disk.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use bca_protocol::{ReviewVerdict, StopReason};
use bca_testkit::Home;

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_is_created_after_approval_and_read_back() {
    let home = Home::new();
    let running = home.demo().await;
    let text = "Create a customer named Harbor Lights Ltd in Bergen with payment terms 14 days";
    let (stop, events) = running.send_and_answer(text, ReviewVerdict::Approve).await;
    for e in events.all() { println!("{}", serde_json::to_string(&e).unwrap().chars().take(600).collect::<String>()); }
    assert_eq!(stop, StopReason::EndTurn);
    running.app.stop().await;
}
