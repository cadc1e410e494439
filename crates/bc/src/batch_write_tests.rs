#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use std::sync::Arc;

use bca_approval::Method;
use bca_auth::{FixedToken, Secret};

use super::*;
use crate::{
    Reference,
    script::{COMPANY, ETAG, ID, Intents, Reply, Script, ok, permit, refusal},
};

const BODY: &str = r#"{"displayName":"Harbor Lights Ltd","creditLimit":1000.50}"#;

fn create(script: &Script) -> CanonicalRequest {
    script.request(Method::Post, "customers", None, Some(BODY))
}

fn change(script: &Script) -> CanonicalRequest {
    script.request(Method::Patch, &format!("customers({ID})"), Some(ETAG), Some(BODY))
}

fn post(script: &Script) -> CanonicalRequest {
    script.request(Method::Post, &format!("salesInvoices({ID})/Microsoft.NAV.post"), None, None)
}

async fn send(script: &Script, requests: &[CanonicalRequest], isolation: Isolation) -> Vec<Outcome> {
    let mut writes = Vec::new();
    for request in requests {
        writes.push((permit(request).await, request));
    }
    script.client().write_batch(writes, isolation, &CancellationToken::new()).await
}

/// An answer of a batch: the status, and a record, an error code, or nothing.
fn said(status: u16, what: &str) -> String {
    match what {
        "" => format!(r#"{{"status":{status},"headers":{{}}}}"#),
        "record" => format!(r#"{{"status":{status},"headers":{{}},"body":{{"@odata.etag":"W/\"new\"","id":"{ID}","creditLimit":1000.50}}}}"#),
        code => {
            format!(r#"{{"status":{status},"body":{{"error":{{"code":"{code}","message":"No.  CorrelationId:  7f0a1b2c-0000-1111-2222-333344445555."}}}}}}"#)
        }
    }
}

fn batch(answers: &[String]) -> Reply {
    ok(format!(r#"{{"responses":[{}]}}"#, answers.join(",")))
}

fn words(outcomes: &[Outcome]) -> Vec<&'static str> {
    let word = |outcome: &Outcome| match outcome {
        Ok(_) => "made",
        Err(WriteError::Refused(BcError::Together(Together::RolledBack { .. }))) => "rolled back",
        Err(WriteError::Refused(BcError::Together(Together::NotReached { .. }))) => "not reached",
        Err(WriteError::Refused(BcError::Together(Together::NeverLeft))) => "never left",
        Err(WriteError::Refused(_)) => "refused",
        Err(WriteError::Changed(_)) => "changed",
        Err(WriteError::Unknown(_)) => "unknown",
        Err(WriteError::NotSent(_)) => "not sent",
    };
    outcomes.iter().map(word).collect()
}

#[tokio::test]
async fn a_set_leaves_as_one_request_with_the_approved_bytes() {
    let script = Script::new([batch(&[said(201, "record"), said(200, "record"), said(204, "")])]).await;
    let intents = Arc::new(Intents::default());
    let client = script.client_with(Arc::new(FixedToken::new(Secret::new("t".into()))), Arc::clone(&intents) as _);
    let requests = [create(&script), change(&script), post(&script)];
    let mut writes = Vec::new();
    for request in &requests {
        writes.push((permit(request).await, request));
    }
    let ids: Vec<ChangeId> = writes.iter().map(|(permit, _)| permit.change_id()).collect();
    let outcomes = client.write_batch(writes, Isolation::Snapshot, &CancellationToken::new()).await;
    assert_eq!(words(&outcomes), ["made", "made", "made"]);
    assert_eq!(outcomes[0].as_ref().unwrap().record.as_ref().unwrap().id(), Some(ID));
    assert_eq!(*intents.sending.lock().unwrap(), ids);
    let seen = script.seen();
    assert_eq!(seen.len(), 1, "nothing is read where all went well");
    assert_eq!(seen[0].line, "POST /v2.0/demo/api/v2.0/$batch HTTP/1.1");
    assert_eq!(seen[0].header("isolation"), Some("snapshot"));
    assert_eq!(
        seen[0].body,
        format!(
            r#"{{"requests":[{{"id":"0","method":"POST","url":"companies({COMPANY})/customers","headers":{{"Accept":"application/json","Content-Type":"application/json"}},"body":{BODY}}},{{"id":"1","method":"PATCH","url":"companies({COMPANY})/customers({ID})","headers":{{"Accept":"application/json","Content-Type":"application/json","If-Match":"W/\"JzQ0O0FBPT0nMTsn\""}},"body":{BODY}}},{{"id":"2","method":"POST","url":"companies({COMPANY})/salesInvoices({ID})/Microsoft.NAV.post","headers":{{"Accept":"application/json"}}}}]}}"#
        )
    );

    let script = Script::new([batch(&[said(201, "record")])]).await;
    send(&script, &[create(&script)], Isolation::Separate).await;
    assert_eq!(script.seen()[0].header("isolation"), None);
}

#[tokio::test]
async fn what_a_failed_set_left_is_read_before_anything_is_said() {
    let gone = || refusal(404, "BadRequest_ResourceNotFound");
    let version = |tag: &str| ok(format!(r#"{{"@odata.etag":"{}","id":"{ID}"}}"#, tag.replace('"', "\\\"")));
    let refused = || said(400, "Application_DialogException");
    type Case = (&'static str, Vec<String>, Vec<Reply>, [&'static str; 3]);
    // Each set: a create, a change, a create.
    let cases: Vec<Case> = vec![
        ("all taken back", vec![said(201, "record"), said(200, "record"), refused()], vec![gone(), version(ETAG)], ["rolled back", "rolled back", "refused"]),
        ("the first fails, the rest never ran", vec![refused()], vec![], ["refused", "not reached", "not reached"]),
        (
            "the first fails, the rest ran and were taken back",
            vec![refused(), said(200, "record"), said(201, "record")],
            vec![version(ETAG), gone()],
            ["refused", "rolled back", "rolled back"],
        ),
        (
            "not atomic after all",
            vec![said(201, "record"), said(200, "record"), refused()],
            vec![version("W/\"x\""), version("W/\"new\"")],
            ["made", "made", "refused"],
        ),
        ("in part", vec![said(201, "record"), said(200, "record"), refused()], vec![gone(), version("W/\"new\"")], ["rolled back", "made", "refused"]),
        (
            "changed by somebody else since",
            vec![said(201, "record"), said(200, "record"), refused()],
            vec![gone(), version("W/\"other\"")],
            ["rolled back", "rolled back", "refused"],
        ),
        (
            "cannot be read",
            vec![said(201, "record"), said(200, "record"), refused()],
            vec![refusal(403, "Authorization_RequestDenied")],
            ["unknown", "unknown", "refused"],
        ),
        ("a stale version", vec![said(201, "record"), said(409, "Request_EntityChanged")], vec![gone()], ["rolled back", "changed", "rolled back"]),
        (
            "an unclear failure that was taken back",
            vec![said(201, "record"), said(500, "Internal_ServerError")],
            vec![gone()],
            ["rolled back", "rolled back", "rolled back"],
        ),
        ("an unclear failure alone", vec![said(500, "Internal_ServerError")], vec![], ["unknown", "unknown", "unknown"]),
        ("an answer is missing, nobody failed", vec![said(201, "record"), said(200, "record")], vec![version("W/\"new\"")], ["made", "made", "unknown"]),
    ];
    for (name, answers, reads, expected) in cases {
        let script = Script::new([batch(&answers)].into_iter().chain(reads)).await;
        let requests = [create(&script), change(&script), create(&script)];
        let outcomes = send(&script, &requests, Isolation::Snapshot).await;
        assert_eq!(words(&outcomes), expected, "{name}: {outcomes:?}");
        assert_eq!(script.seen().iter().filter(|seen| seen.line.starts_with("POST")).count(), 1, "{name}");
    }
}

#[tokio::test]
async fn an_action_that_may_have_been_committed_is_never_called_taken_back() {
    let gone = refusal(404, "BadRequest_ResourceNotFound");
    let script = Script::new([batch(&[said(201, "record"), said(204, ""), said(400, "Application_DialogException")]), gone]).await;
    let outcomes = send(&script, &[create(&script), post(&script), create(&script)], Isolation::Snapshot).await;
    assert_eq!(words(&outcomes), ["rolled back", "unknown", "refused"]);
}

#[tokio::test]
async fn without_a_snapshot_each_change_stands_by_itself() {
    let script = Script::new([batch(&[said(201, "record"), said(400, "Application_DialogException"), said(500, "Internal_ServerError")])]).await;
    let outcomes = send(&script, &[create(&script), change(&script), create(&script), create(&script)], Isolation::Separate).await;
    assert_eq!(words(&outcomes), ["made", "refused", "unknown", "unknown"]);
    assert_eq!(script.seen().len(), 1);
}

#[tokio::test]
async fn a_batch_without_a_usable_answer_leaves_every_change_unknown_and_is_not_sent_again() {
    let html = Reply::Answer(200, "Content-Type: text/html\r\n", "<html></html>".into());
    let twice = r#"{"responses":[{"id":"0","status":204},{"id":"0","status":204}]}"#.to_owned();
    let more = batch(&[said(204, ""), said(204, ""), said(204, "")]);
    for reply in [
        Reply::Drop,
        Reply::Hang,
        Reply::Truncate(200),
        html,
        ok("{}"),
        ok(r#"{"responses":{}}"#),
        ok(r#"{"responses":[{"id":"7","status":204}]}"#),
        ok(r#"{"responses":[{"body":{}}]}"#),
        ok(twice),
        more,
        refusal(500, "Internal_ServerError"),
        Reply::Answer(504, "", String::new()),
    ] {
        for isolation in [Isolation::Snapshot, Isolation::Separate] {
            let script = Script::new([reply.clone()]).await;
            let outcomes = send(&script, &[create(&script), change(&script)], isolation).await;
            assert_eq!(words(&outcomes), ["unknown", "unknown"]);
            assert_eq!(script.seen().len(), 1);
        }
    }
    for reply in [refusal(400, "BadRequest"), Reply::Answer(401, "", String::new()), Reply::Answer(429, "Retry-After: 0\r\n", String::new())] {
        let script = Script::new([reply]).await;
        assert_eq!(words(&send(&script, &[create(&script), change(&script)], Isolation::Snapshot).await), ["refused", "refused"]);
        assert_eq!(script.seen().len(), 1);
    }
}

#[tokio::test]
async fn answers_are_told_apart_by_their_ids() {
    let answers = format!(r#"{{"responses":[{{"id":"1","status":204}},{{"id":0,"status":201,"body":{{"id":"{ID}"}}}}]}}"#);
    let script = Script::new([ok(answers)]).await;
    let outcomes = send(&script, &[create(&script), change(&script)], Isolation::Snapshot).await;
    assert_eq!(outcomes.iter().map(|o| o.as_ref().unwrap().status).collect::<Vec<_>>(), [201, 204]);
}

#[tokio::test]
async fn where_one_may_not_go_none_goes() {
    let script = Script::new([batch(&[])]).await;
    let crooked = script.request(Method::Patch, &format!("customers({ID})"), Some("*"), Some(BODY));
    let outcomes = send(&script, &[create(&script), crooked, create(&script)], Isolation::Snapshot).await;
    assert!(matches!(&outcomes[1], Err(WriteError::NotSent(NotSent::Malformed(_)))), "{outcomes:?}");
    assert_eq!(words(&outcomes), ["not sent", "not sent", "not sent"]);

    let reference = script.request(Method::Post, "customers", None, Some(&format!(r#"{{"a":"{}"}}"#, Reference::to(ChangeId::new()))));
    let outcomes = send(&script, &[create(&script), reference], Isolation::Snapshot).await;
    assert!(matches!(&outcomes[1], Err(WriteError::NotSent(NotSent::Unresolved(_)))), "{outcomes:?}");

    let (approved, other) = (create(&script), script.request(Method::Post, "vendors", None, Some(BODY)));
    let outcomes = script.client().write_batch(vec![(permit(&approved).await, &other)], Isolation::Snapshot, &CancellationToken::new()).await;
    assert!(matches!(&outcomes[0], Err(WriteError::NotSent(NotSent::Permit(_)))));

    let many: Vec<CanonicalRequest> = (0..21).map(|_| create(&script)).collect();
    assert!(words(&send(&script, &many, Isolation::Snapshot).await).iter().all(|word| *word == "not sent"));

    let cancel = CancellationToken::new();
    cancel.cancel();
    let outcomes = script.client().write_batch(vec![(permit(&approved).await, &approved)], Isolation::Snapshot, &cancel).await;
    assert_eq!(words(&outcomes), ["not sent"]);

    let broken = script.client_with(Arc::new(FixedToken::new(Secret::new("t".into()))), Arc::new(Intents { broken: true, ..Intents::default() }));
    let outcomes = broken.write_batch(vec![(permit(&approved).await, &approved)], Isolation::Snapshot, &CancellationToken::new()).await;
    assert!(matches!(&outcomes[0], Err(WriteError::NotSent(NotSent::Log(_)))));
    assert!(script.seen().is_empty());
}

#[tokio::test]
async fn a_change_that_needs_an_earlier_result_is_sent_with_it() {
    let script = Script::new([Reply::Answer(201, "", format!(r#"{{"id":"{ID}"}}"#))]).await;
    let earlier_change = ChangeId::new();
    let reference = Reference::to(earlier_change);
    let request = script.request(Method::Post, &format!("salesOrders({reference})/salesOrderLines"), None, Some(r#"{"quantity":2}"#));
    let client = script.client();
    let cancel = CancellationToken::new();
    let without = client.write(permit(&request).await, &request, &cancel).await;
    assert!(matches!(without, Err(WriteError::NotSent(NotSent::Unresolved(_)))), "{without:?}");
    let result = crate::EarlierResult { id: RecordId::parse(ID).unwrap(), etag: None };
    let answer = client.write_after(permit(&request).await, &request, &Earlier::from([(earlier_change, result)]), &cancel).await;
    assert_eq!(answer.unwrap().status, 201);
    assert_eq!(script.seen()[0].line, format!("POST /v2.0/demo/api/v2.0/companies({COMPANY})/salesOrders({ID})/salesOrderLines HTTP/1.1"));
}
