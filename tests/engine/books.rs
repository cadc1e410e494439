//! Business Central that fails: the model is told in a plain sentence, and the run goes on.

use bca_protocol::{StopReason, ToolCallStatus};
use bca_testkit::{Books, FAILING_COMPANY, Home, ScriptedModel, Turn, serve_failing};
use serde_json::{Value, json};

use crate::support::{QUERY, ended, set, stage, the_end};

fn look() -> Vec<Turn> {
    vec![Turn::calls(&[("call_a", QUERY, json!({"entity": "customers", "top": 1}))])]
}

fn sentence(output: &str) -> String {
    let said: Value = serde_json::from_str(output).unwrap();
    let message = said["error"]["message"].as_str().unwrap_or_else(|| panic!("{output}")).to_owned();
    assert!(message.ends_with('.') && !message.contains("reqwest") && !message.contains("Error {"), "{message}");
    message
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_token_is_a_sentence_and_the_run_goes_on() {
    let stage = stage(look()).await;
    stage.books.fault("customers:GET:*:401");
    let (stop, events, session) = stage.running.ask(None, "Go on").await;
    let (status, output) = the_end(&events);
    assert_eq!((stop, status), (StopReason::EndTurn, ToolCallStatus::Error));
    sentence(&output);
    assert!(stage.model.last().last_results()[0].1);
    stage.goes_on(session).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_is_not_there_is_a_sentence() {
    let input = json!({"entity": "customers", "id": "11111111-2222-4333-8444-555555555555"});
    let stage = stage(vec![Turn::calls(&[("call_a", QUERY, input)])]).await;
    let (stop, events, _) = stage.running.ask(None, "Go on").await;
    assert_eq!(stop, StopReason::EndTurn);
    sentence(&the_end(&events).1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hiccup_is_read_past() {
    for fault in ["customers:GET:1:drop-before-commit", "customers:GET:1:504"] {
        let stage = stage(look()).await;
        stage.books.fault(fault);
        let (_, events, _) = stage.running.ask(None, "Go on").await;
        assert_eq!(the_end(&events).0, ToolCallStatus::Ok, "{fault}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_network_history_and_search_work() {
    let books = Books::open().await;
    let (url, company) = (books.url(), books.company());
    let anew = Turn::calls(&[("call_c", QUERY, json!({"entity": "vendors", "top": 1}))]);
    let script = [look().remove(0), Turn::text("Tromsø has one."), look().remove(0), Turn::text("As before."), anew];
    let stage = set(books, script.to_vec()).await;
    let (_, events, session) = stage.running.ask(None, "Customers in Tromsø").await;
    assert_eq!(ended(&events)[0].1, ToolCallStatus::Ok);
    stage.books.stop().await;

    // What was read a moment ago is still there, and says how old it is.
    let (stop, events, _) = stage.running.ask(Some(session), "Again").await;
    assert_eq!((stop, the_end(&events).0), (StopReason::EndTurn, ToolCallStatus::Ok));
    assert!(the_end(&events).1.contains("\"age\":\"from "), "{}", the_end(&events).1);
    let (stop, events, _) = stage.running.ask(Some(session), "And the vendors").await;
    assert_eq!(stop, StopReason::EndTurn);
    sentence(&the_end(&events).1);
    stage.running.app.stop().await;

    let model = ScriptedModel::serve(vec![]).await;
    let other = stage.home.own_at(&url, &company, &model).await;
    assert_eq!(other.app.session(session).await.unwrap().messages.len(), 12);
    assert_eq!(other.app.search("Tromsø", 10).await.unwrap()[0].session_id, session);
}

/// A read on a server that always answers this: the sentence that the model is given.
async fn told_of(status: u16, headers: &'static [(&'static str, &'static str)], body: &'static str) -> String {
    let model = ScriptedModel::serve(look()).await;
    let home = Home::new();
    let running = home.own_at(&serve_failing(status, headers, body).await, FAILING_COMPANY, &model).await;
    let (stop, events, session) = running.ask(None, "Go on").await;
    let (call, output) = the_end(&events);
    assert_eq!((stop, call), (StopReason::EndTurn, ToolCallStatus::Error), "{output}");
    let (_, is_error, told) = model.last().last_results().remove(0);
    assert_eq!((is_error, told.as_str()), (true, output.as_str()));
    assert_eq!(running.app.errors(10).await.unwrap().iter().filter(|e| e.session_id == Some(session)).count(), 1, "{output}");
    sentence(&output)
}

const JSON: (&str, &str) = ("content-type", "application/json");
const HTML: (&str, &str) = ("content-type", "text/html");

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_says_that_it_is_one_of_permissions() {
    let body = r#"{"error":{"code":"Internal_EntityWithSameKeyExists","message":"You do not have permission."}}"#;
    let said = told_of(403, &[JSON], body).await;
    assert!(said.contains("permission"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wait_that_is_too_long_is_told_at_once() {
    let begun = std::time::Instant::now();
    told_of(429, &[JSON, ("retry-after", "3600")], r#"{"error":{"code":"TooManyRequests","message":"Wait"}}"#).await;
    assert!(begun.elapsed() < std::time::Duration::from_secs(20), "{:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_of_the_server_is_a_sentence() {
    told_of(500, &[JSON], r#"{"error":{"code":"Internal_ServerError","message":"Something failed."}}"#).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_in_place_of_data_is_a_sentence_and_no_html() {
    for status in [200, 404] {
        let said = told_of(status, &[HTML], "<!doctype html><html><body><h1>Sign in</h1><script>alert(1)</script></body></html>").await;
        assert!(!said.contains('<'), "{said}");
    }
}
