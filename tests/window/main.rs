//! The real window: the app is started as a person would start it, and driven from outside through WebDriver. What it wrote is
//! looked up at the demo company over HTTP.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod closing;
mod desk;
mod driver;
mod edits;
mod foreign;
mod notices;
mod signing_in;
mod tray;
mod undo;

use std::{
    io::Read as _,
    net::TcpListener,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use driver::{Books, Window};
use serde_json::{Value, json};

const CREATE: &str = "Create a customer named Harbor Lights Ltd in Bergen with payment terms 14 days";

/// Clicks are ignored for the first half second, so that nobody approves by accident; a person is slower than this.
const A_PERSONS_PAUSE: Duration = Duration::from_millis(600);

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_is_created_once_it_is_approved_and_only_then() {
    let books = Books::open().await;
    let window = Window::open(&books).await;
    window.send(CREATE).await;
    window.see("approval-dialog").await;
    for shown in ["approval-countdown", "todo-list", "connection-badge", "session-list"] {
        window.see(shown).await;
    }
    let focused = window.js("return document.activeElement?.getAttribute('data-testid')").await;
    assert_eq!(focused, "approval-reject", "the safe answer has the focus");
    assert!(books.customers("Harbor Lights Ltd").await.is_empty(), "written before it was approved");
    window.screenshots("approval").await;
    window.pause(A_PERSONS_PAUSE).await;
    window.click("approval-approve").await;
    window.is_idle().await;
    let customers = books.customers("Harbor Lights Ltd").await;
    assert_eq!(customers.len(), 1, "{customers:?}");
    assert_eq!(customers[0]["city"], "Bergen");
    assert!(window.count("session-row").await > 0);
    window.screenshots("created").await;
    window.nothing_was_complained_about().await;
    window.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rejection_changes_nothing() {
    let books = Books::open().await;
    let window = Window::open(&books).await;
    window.send(CREATE).await;
    window.see("approval-dialog").await;
    window.pause(A_PERSONS_PAUSE).await;
    window.click("approval-reject").await;
    // A reason may be asked for; an empty one is as good.
    window.js("document.querySelector('[data-testid=approval-reason]')?.form?.requestSubmit()").await;
    window.is_idle().await;
    assert!(books.customers("Harbor Lights Ltd").await.is_empty());
    window.nothing_was_complained_about().await;
    window.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_is_loaded_again_in_the_middle_of_a_run_loses_nothing() {
    let books = Books::open().await;
    let window = Window::open(&books).await;
    window.send(CREATE).await;
    window.see("approval-dialog").await;
    window.reload().await;
    window.see("approval-dialog").await;
    window.pause(A_PERSONS_PAUSE).await;
    window.click("approval-approve").await;
    window.is_idle().await;
    assert_eq!(books.customers("Harbor Lights Ltd").await.len(), 1);
    let said = window.js("return document.querySelector('[data-testid=message-list]').innerText").await;
    assert!(said.as_str().unwrap().contains(CREATE), "{said}");
    window.nothing_was_complained_about().await;
    window.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_record_says_makes_no_request_and_runs_no_script() {
    let books = Books::open().await;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let trap = format!("http://{}", listener.local_addr().unwrap());
    let requests = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&requests);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            counted.fetch_add(1, Ordering::SeqCst);
            let _ = stream.read(&mut [0; 512]);
        }
    });
    let names = [
        format!("<img src={trap}/a onerror=window.hit=1>"),
        format!("![x]({trap}/b)"),
        format!("<script src={trap}/c></script>"),
        format!("<svg onload=fetch('{trap}/d')>"),
        format!("<iframe src={trap}/e></iframe>"),
    ];
    for name in &names {
        books.create("customers", &json!({"displayName": name})).await;
    }
    let window = Window::open(&books).await;
    window.send("List all customers").await;
    window.is_idle().await;
    let said = window.js("return document.querySelector('[data-testid=message-list]').innerText").await;
    assert!(said.as_str().unwrap().contains("List all customers"), "{said}");
    // And directly, as if a hole had been found: the content security policy is the second wall.
    let markup = names.join("");
    window.js_with("document.body.insertAdjacentHTML('beforeend', arguments[0]); return null", vec![Value::String(markup)]).await;
    window.pause(Duration::from_millis(300)).await;
    assert_eq!(window.js("return window.hit ?? 0").await, 0);
    assert_eq!(requests.load(Ordering::SeqCst), 0, "the page reached out");
    let navigated = window.js(&format!("location.href = '{trap}/f'; return location.protocol")).await;
    assert_eq!(navigated, "tauri:");
    window.pause(Duration::from_millis(300)).await;
    assert_eq!(requests.load(Ordering::SeqCst), 0, "the page was led away");
    window.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_answer_wrong_arguments_and_unknown_ids_in_sentences() {
    let books = Books::open().await;
    let window = Window::open(&books).await;
    let nobody = "0192f3a4-0000-7000-8000-000000000000";
    let asked = [
        ("get_session", json!({"session_id": nobody}), "not_found"),
        ("get_session", json!({"session_id": "x"}), "invalid_input"),
        ("get_session", json!({}), "invalid_input"),
        ("delete_session", json!({"session_id": nobody}), "not_found"),
        ("rename_session", json!({"session_id": nobody, "title": "x"}), "not_found"),
        ("export_session", json!({"session_id": nobody, "format": "md"}), "not_found"),
        ("export_session", json!({"session_id": nobody, "format": "exe"}), "invalid_input"),
        ("cancel_run", json!({"run_id": nobody}), "not_found"),
        ("answer_approval", json!({"approval_id": nobody, "digest": "0".repeat(64), "verdict": "approve"}), "not_found"),
        ("answer_approval", json!({"approval_id": nobody, "digest": "0", "verdict": "approve"}), "invalid_input"),
        ("set_setting", json!({"key": "no.such", "value": "1"}), ""),
        ("restore_backup", json!({"name": "../bc-agent.db"}), ""),
        ("open_link", json!({"url": "http://example.com"}), "invalid_input"),
        ("open_link", json!({"url": "file:///etc/passwd"}), "invalid_input"),
    ];
    for (command, params, code) in asked {
        let fault = window.refusal(command, &params).await;
        assert!(fault["message"].as_str().is_some_and(|text| !text.is_empty()), "{command} {params}: {fault}");
        assert!(code.is_empty() || fault["code"] == code, "{command} {params}: {fault}");
    }
    window.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_is_a_home_of_its_own_and_there_is_a_way_back_but_not_in_the_middle_of_a_run() {
    let books = Books::open().await;
    let window = Window::open(&books).await;
    let info = window.call("switch_home", &json!({"demo": true})).await;
    assert_eq!((&info["demo"], &info["connection"]["kind"]), (&json!(true), &json!("demo")), "{info}");
    assert!(info["home"].as_str().is_some_and(|home| home.ends_with("home-demo")), "{info}");
    assert_eq!(window.call("switch_home", &json!({"demo": false})).await["demo"], false);
    window.send(CREATE).await;
    window.see("approval-dialog").await;
    assert_eq!(window.refusal("switch_home", &json!({"demo": true})).await["code"], "conflict");
    assert_eq!(window.call("list_approvals", &json!({})).await.as_array().map(Vec::len), Some(1), "the question still waits");
    window.close().await;
}
