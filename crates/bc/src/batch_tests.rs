#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use std::sync::Arc;

use bca_auth::{FixedToken, Secret};
use bca_protocol::SystemClock;

use super::*;
use crate::{
    Filter, SetPath,
    script::{COMPANY, ID, Intents, Reply, Script, limits, ok, refusal},
};

fn rows(filter: &str) -> BatchRead {
    BatchRead::Rows(Query::of(SetPath::of("customers").unwrap()).filtered(Filter::parse(filter).unwrap()))
}

fn one() -> BatchRead {
    BatchRead::One { path: RecordPath::of("customers", ID).unwrap(), select: vec!["number".into()], expand: Vec::new() }
}

fn list(numbers: std::ops::Range<usize>, more: &str) -> String {
    let rows: Vec<String> = numbers.map(|n| format!(r#"{{"id":"{ID}","number":"{n}"}}"#)).collect();
    format!(r#"{{"status":200,"body":{{"value":[{}]{more}}}}}"#, rows.join(","))
}

fn batch(answers: &[String]) -> Reply {
    ok(format!(r#"{{"responses":[{}]}}"#, answers.join(",")))
}

async fn ask(script: &Script, reads: &[BatchRead]) -> Result<Vec<Result<Page, BcError>>, BcError> {
    script.client().batch(reads, &CancellationToken::new()).await
}

#[tokio::test]
async fn reads_go_together_and_each_has_its_own_result() {
    let record = format!(r#"{{"status":200,"body":{{"@odata.etag":"W/\"1\"","id":"{ID}","number":"10000"}}}}"#);
    let missing = r#"{"status":404,"body":{"error":{"code":"BadRequest_ResourceNotFound","message":"Gone."}}}"#.to_owned();
    let script = Script::new([batch(&[list(0..2, ""), record, missing])]).await;
    let results = ask(&script, &[rows("city eq 'Søby'"), one(), one()]).await.unwrap();
    assert_eq!(results[0].as_ref().unwrap().rows.len(), 2);
    assert_eq!(results[1].as_ref().unwrap().rows[0].etag.as_deref(), Some("W/\"1\""));
    assert!(matches!(results[2], Err(BcError::NotFound { .. })));
    let seen = script.seen().remove(0);
    assert_eq!((seen.line.as_str(), seen.header("isolation"), seen.header("data-access-intent")), ("POST /v2.0/demo/api/v2.0/$batch HTTP/1.1", None, None));
    let first = format!(
        r#"{{"requests":[{{"id":"0","method":"GET","url":"companies({COMPANY})/customers?$filter=city%20eq%20%27S%C3%B8by%27","headers":{{"Accept":"application/json","Prefer":"odata.maxpagesize=500","Data-Access-Intent":"ReadOnly"}}}}"#
    );
    assert!(seen.body.starts_with(&first), "{}", seen.body);
    assert!(seen.body.contains(&format!(r#""url":"companies({COMPANY})/customers({ID})?$select=number""#)), "{}", seen.body);
}

#[tokio::test]
async fn only_what_was_busy_is_asked_again() {
    let busy = r#"{"status":429,"headers":{"Retry-After":"0"}}"#.to_owned();
    let script = Script::new([Reply::Drop, batch(&[list(0..1, ""), busy.clone()]), batch(&[busy]), batch(&[list(1..2, "")])]).await;
    let results = ask(&script, &[rows("city eq 'a'"), rows("city eq 'b'")]).await.unwrap();
    let numbers: Vec<&str> = results.iter().map(|page| page.as_ref().unwrap().rows[0].text("number").unwrap()).collect();
    assert_eq!(numbers, ["0", "1"]);
    let counts: Vec<usize> = script.seen().iter().map(|seen| seen.body.matches("\"GET\"").count()).collect();
    assert_eq!(counts, [2, 2, 1, 1]);
}

#[tokio::test]
async fn many_reads_are_split_and_keep_their_order() {
    let twenty = |from: usize| batch(&(from..from + 20).map(|n| list(n..n + 1, "")).collect::<Vec<_>>());
    let script = Script::new([twenty(0), batch(&(20..25).map(|n| list(n..n + 1, "")).collect::<Vec<_>>())]).await;
    let reads: Vec<BatchRead> = (0..25).map(|n| rows(&format!("number eq '{n}'"))).collect();
    // One thing after the other, so that the script's order holds.
    let access = crate::Access { target: script.target(), bearer: Arc::new(FixedToken::new(Secret::new("t".into()))) };
    let limits = crate::Limits { at_once: 1, ..limits() };
    let client = Client::new(access, Arc::new(Intents::default()), Arc::new(SystemClock::new()), limits).unwrap();
    let results = client.batch(&reads, &CancellationToken::new()).await.unwrap();
    let numbers: Vec<String> = results.iter().map(|page| page.as_ref().unwrap().rows[0].text("number").unwrap().to_owned()).collect();
    assert_eq!(numbers, (0..25).map(|n| n.to_string()).collect::<Vec<_>>());
    assert_eq!(script.seen().len(), 2);
    let reads: Vec<BatchRead> = (0..101).map(|_| one()).collect();
    assert!(matches!(client.batch(&reads, &CancellationToken::new()).await, Err(BcError::BadQuery(_))));
}

#[tokio::test]
async fn further_pages_are_followed_and_an_or_over_properties_is_asked_beside() {
    let more = format!(r#","@odata.nextLink":"{{root}}/companies({COMPANY})/customers?$skiptoken=2""#);
    let script = Script::new([batch(&[list(0..2, &more)]), ok(format!(r#"{{"value":[{{"id":"{ID}","number":"2"}}]}}"#))]).await;
    let results = ask(&script, &[rows("city eq 'a'")]).await.unwrap();
    assert_eq!(results[0].as_ref().unwrap().rows.len(), 3);
    assert!(!results[0].as_ref().unwrap().truncated);

    let script = Script::new([ok(format!(r#"{{"value":[{{"id":"{ID}"}}]}}"#))]).await;
    let results = ask(&script, &[rows("city eq 'a' or number eq '1'")]).await.unwrap();
    assert_eq!(results[0].as_ref().unwrap().rows.len(), 1);
    assert!(script.seen().iter().all(|seen| seen.line.starts_with("GET")));
}

#[tokio::test]
async fn a_crooked_read_is_told_before_anything_is_asked_and_a_crooked_answer_is_no_answer() {
    let script = Script::new([ok("[]")]).await;
    assert!(matches!(ask(&script, &[rows("nonsense eq 1")]).await, Err(BcError::BadQuery(_))));
    assert!(script.seen().is_empty());
    assert!(matches!(ask(&script, &[one()]).await, Err(BcError::Unexpected { .. })));
    let script = Script::new([refusal(400, "BadRequest")]).await;
    assert!(matches!(ask(&script, &[one()]).await, Err(BcError::Refused { .. })));
    let script = Script::new([batch(&[list(0..1, "")])]).await;
    let results = ask(&script, &[one(), one()]).await.unwrap();
    assert!(matches!(results[1], Err(BcError::Unexpected { .. })));
}
