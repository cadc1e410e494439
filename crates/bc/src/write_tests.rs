#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use std::sync::Arc;

use bca_auth::{FixedToken, Secret};
use bca_protocol::{ErrorCode, UserError};

use super::*;
use crate::script::{COMPANY, ETAG, ID, Intents, Reply, Script, permit, refusal, try_permit};

const BODY: &str = r#"{"displayName":"Harbor Lights Ltd","creditLimit":1000.50}"#;

fn created() -> Reply {
    Reply::Answer(201, "", format!(r#"{{"@odata.etag":"W/\"1\"","id":"{ID}","creditLimit":1000.50}}"#))
}

async fn create(reply: Reply) -> (Result<WriteAnswer, WriteError>, usize) {
    let script = Script::new([reply]).await;
    let request = script.request(Method::Post, "customers", None, Some(BODY));
    let answer = script.client().write(permit(&request).await, &request, &CancellationToken::new()).await;
    (answer, script.seen().len())
}

#[tokio::test]
async fn a_create_sends_the_approved_bytes_and_gives_the_record() {
    let script = Script::new([created()]).await;
    let request = script.request(Method::Post, "customers", None, Some(BODY));
    let intents = Arc::new(Intents::default());
    let client = script.client_with(Arc::new(FixedToken::new(Secret::new("t".into()))), Arc::clone(&intents) as _);
    let permit = permit(&request).await;
    let change = permit.change_id();
    let answer = client.write(permit, &request, &CancellationToken::new()).await.unwrap();
    assert_eq!(answer.status, 201);
    assert_eq!(answer.record.unwrap().id(), Some(ID));
    let seen = script.seen().remove(0);
    assert_eq!(seen.line, format!("POST /v2.0/demo/api/v2.0/companies({COMPANY})/customers HTTP/1.1"));
    assert_eq!((seen.body.as_str(), seen.header("content-type"), seen.header("data-access-intent")), (BODY, Some("application/json"), None));
    assert_eq!(*intents.sending.lock().unwrap(), [change]);
}

#[tokio::test]
async fn change_deletion_and_action_have_their_shapes() {
    let record = format!("customers({ID})");
    let post = format!("salesInvoices({ID})/Microsoft.NAV.post");
    let line = format!("salesOrders({ID})/salesOrderLines({ID})");
    for (method, path, tag, body, expect) in [
        (Method::Patch, record.as_str(), Some(ETAG), Some(BODY), BODY),
        (Method::Delete, line.as_str(), Some(ETAG), None, ""),
        (Method::Post, post.as_str(), None, None, ""),
        (Method::Post, "salesOrders?$expand=salesOrderLines", None, Some(BODY), BODY),
    ] {
        let script = Script::new([Reply::Answer(204, "", String::new())]).await;
        let request = script.request(method, path, tag, body);
        let answer = script.client().write(permit(&request).await, &request, &CancellationToken::new()).await.unwrap();
        assert_eq!((answer.record, answer.status), (None, 204));
        let seen = script.seen().remove(0);
        assert_eq!(seen.line, format!("{} /v2.0/demo/api/v2.0/companies({COMPANY})/{path} HTTP/1.1", method.as_str()));
        assert_eq!((seen.header("if-match"), seen.body.as_str()), (tag, expect));
        if body.is_none() {
            assert_eq!(seen.header("content-length"), Some("0"));
            assert_eq!(seen.head.to_ascii_lowercase().matches("content-length").count(), 1);
        }
    }
}

#[tokio::test]
async fn every_outcome_is_judged_as_the_table_says_and_nothing_is_sent_twice() {
    #[derive(Debug, PartialEq)]
    enum Outcome {
        Made,
        Refused,
        Changed,
        Unknown,
    }
    let html = || Reply::Answer(200, "Content-Type: text/html\r\n", "<html></html>".into());
    let bare = |status| Reply::Answer(status, "", String::new());
    let cases = vec![
        (created(), Outcome::Made),
        (bare(204), Outcome::Made),
        (html(), Outcome::Unknown),
        (Reply::Answer(201, "", "{\"id\":".into()), Outcome::Unknown),
        (Reply::Truncate(201), Outcome::Unknown),
        (Reply::Drop, Outcome::Unknown),
        (Reply::Hang, Outcome::Unknown),
        (refusal(400, "Application_DialogException"), Outcome::Refused),
        (refusal(400, "Internal_ServerError"), Outcome::Refused),
        (refusal(404, "BadRequest_ResourceNotFound"), Outcome::Refused),
        (refusal(409, "Internal_EntityWithSameKeyExists"), Outcome::Refused),
        (refusal(409, "Request_EntityChanged"), Outcome::Changed),
        (refusal(400, "Request_EntityChanged"), Outcome::Changed),
        (refusal(412, "Unknown"), Outcome::Changed),
        (bare(412), Outcome::Changed),
        (bare(409), Outcome::Unknown),
        (bare(400), Outcome::Unknown),
        (bare(404), Outcome::Unknown),
        (bare(401), Outcome::Refused),
        (refusal(401, "Authentication_InvalidCredentials"), Outcome::Refused),
        (refusal(403, "Authorization_RequestDenied"), Outcome::Refused),
        (bare(405), Outcome::Refused),
        (bare(413), Outcome::Refused),
        (bare(429), Outcome::Refused),
        (Reply::Answer(429, "Retry-After: 1\r\n", String::new()), Outcome::Refused),
        (refusal(429, "Application_TooManyRequests"), Outcome::Refused),
        (bare(408), Outcome::Unknown),
        (refusal(408, "Internal_ServerError"), Outcome::Unknown),
        (bare(500), Outcome::Unknown),
        (refusal(500, "Internal_ServerError"), Outcome::Unknown),
        (refusal(500, "Application_DialogException"), Outcome::Refused),
        (refusal(501, "BadRequest_MethodNotImplemented"), Outcome::Refused),
        (bare(502), Outcome::Unknown),
        (refusal(503, "Internal_TenantUnavailable"), Outcome::Unknown),
        (bare(503), Outcome::Unknown),
        (bare(504), Outcome::Unknown),
        (Reply::Answer(307, "Location: http://127.0.0.1:1/\r\n", String::new()), Outcome::Unknown),
    ];
    for (at, (reply, expected)) in cases.into_iter().enumerate() {
        let (answer, sent) = create(reply).await;
        let outcome = match &answer {
            Ok(_) => Outcome::Made,
            Err(WriteError::Refused(_)) => Outcome::Refused,
            Err(WriteError::Changed(_)) => Outcome::Changed,
            Err(WriteError::Unknown(_)) => Outcome::Unknown,
            Err(WriteError::NotSent(reason)) => panic!("case {at}: {reason}"),
        };
        assert_eq!(outcome, expected, "case {at}: {answer:?}");
        assert_eq!(sent, 1, "case {at}");
        if let Err(error) = answer {
            let told = UserError::from(&error);
            assert!(!told.retryable, "a write is never simply repeated: {told}");
            assert_eq!(told.message.contains("Nothing was changed."), expected != Outcome::Unknown, "{told}");
            assert_eq!(told.code == ErrorCode::OutcomeUnknown, expected == Outcome::Unknown, "{told}");
        }
    }
}

#[tokio::test]
async fn a_connection_that_died_meanwhile_does_not_blur_a_write() {
    let script = Script::new([Reply::AnswerAndClose(format!(r#"{{"id":"{ID}"}}"#)), created()]).await;
    let (client, cancel) = (script.client(), CancellationToken::new());
    client.get(&crate::RecordPath::of("customers", ID).unwrap(), &[], &[], &cancel).await.unwrap();
    let request = script.request(Method::Post, "customers", None, Some(BODY));
    assert_eq!(client.write(permit(&request).await, &request, &cancel).await.unwrap().status, 201);
}

#[tokio::test]
async fn a_token_that_cannot_be_sent_stops_before_the_intent() {
    let script = Script::new([created()]).await;
    let intents = Arc::new(Intents::default());
    let client = script.client_with(Arc::new(FixedToken::new(Secret::new("a\r\nX: y".into()))), Arc::clone(&intents) as _);
    let request = script.request(Method::Post, "customers", None, Some(BODY));
    let answer = client.write(permit(&request).await, &request, &CancellationToken::new()).await;
    assert!(matches!(answer, Err(WriteError::NotSent(NotSent::Before(BcError::NotSignedIn { .. })))), "{answer:?}");
    assert!(intents.sending.lock().unwrap().is_empty() && script.seen().is_empty());
}

#[tokio::test]
async fn nobody_there_means_nothing_was_changed() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut script = Script::new([created()]).await;
    script.root = format!("http://{}/api/v2.0", listener.local_addr().unwrap());
    drop(listener);
    let request = script.request(Method::Post, "customers", None, Some(BODY));
    let error = script.client().write(permit(&request).await, &request, &CancellationToken::new()).await.unwrap_err();
    assert!(matches!(error, WriteError::Refused(BcError::Unreachable { .. })), "{error:?}");
}

#[tokio::test]
async fn what_was_not_approved_is_not_sent() {
    let script = Script::new([created()]).await;
    let client = script.client();
    let cancel = CancellationToken::new();
    let approved = script.request(Method::Post, "customers", None, Some(BODY));

    let mut other = approved.clone();
    other.body = Some(BODY.replace("1000.50", "1000.5"));
    let answer = client.write(permit(&approved).await, &other, &cancel).await;
    assert!(matches!(answer, Err(WriteError::NotSent(NotSent::Permit(_)))));

    let mut elsewhere = approved.clone();
    elsewhere.target.account = "robin".into();
    let answer = client.write(permit(&elsewhere).await, &elsewhere, &cancel).await;
    assert_eq!(answer, Err(WriteError::NotSent(NotSent::OtherTarget)));

    let broken = script.client_with(Arc::new(FixedToken::new(Secret::new("t".into()))), Arc::new(Intents { broken: true, ..Intents::default() }));
    let answer = broken.write(permit(&approved).await, &approved, &cancel).await;
    assert!(matches!(answer, Err(WriteError::NotSent(NotSent::Log(_)))));

    cancel.cancel();
    let answer = client.write(permit(&approved).await, &approved, &cancel).await;
    assert_eq!(answer, Err(WriteError::NotSent(NotSent::Before(BcError::Cancelled))));
    assert!(script.seen().is_empty());
}

#[tokio::test]
async fn a_write_without_a_real_version_or_with_a_crooked_path_is_not_sent() {
    let script = Script::new([created()]).await;
    let record = format!("customers({ID})");
    let crooked = [
        (Method::Patch, record.as_str(), None, Some(BODY)),
        (Method::Patch, record.as_str(), Some("*"), Some(BODY)),
        (Method::Patch, record.as_str(), Some("W/\"a\", *"), Some(BODY)),
        (Method::Patch, record.as_str(), Some("\"a\",\"b\""), Some(BODY)),
        (Method::Patch, record.as_str(), Some("W/\"\""), Some(BODY)),
        (Method::Patch, record.as_str(), Some("W/\"a\r\nX: y\""), Some(BODY)),
        (Method::Patch, "customers", Some(ETAG), Some(BODY)),
        (Method::Delete, record.as_str(), None, None),
        (Method::Delete, record.as_str(), Some("*"), None),
        (Method::Delete, record.as_str(), Some(ETAG), Some(BODY)),
        (Method::Post, record.as_str(), None, Some(BODY)),
        (Method::Post, "customers", None, None),
        (Method::Post, "customers", None, Some("[1]")),
        (Method::Post, "customers", None, Some(r#"{"a":1,"a":2}"#)),
        (Method::Post, "../companies", None, Some(BODY)),
        (Method::Post, "customers?$filter=x", None, Some(BODY)),
        (Method::Post, "customers#x", None, Some(BODY)),
        (Method::Post, "customers/../vendors", None, Some(BODY)),
        (Method::Post, "%2e%2e/x", None, Some(BODY)),
        (Method::Post, "", None, Some(BODY)),
        (Method::Post, "Microsoft.NAV.post", None, None),
        (Method::Delete, "customers(1)", Some(ETAG), None),
    ];
    for (method, path, tag, body) in crooked {
        let request = script.request(method, path, tag, body);
        // The gate permits nothing whose body it can't read.
        let Some(permit) = try_permit(&request).await else {
            assert!(body.is_some_and(|body| body == "[1]" || body.contains("\"a\":1,\"a\"")), "{path} {tag:?}");
            continue;
        };
        let answer = script.client().write(permit, &request, &CancellationToken::new()).await;
        assert!(matches!(answer, Err(WriteError::NotSent(NotSent::Malformed(_)))), "{path} {tag:?}: {answer:?}");
    }
    assert!(script.seen().is_empty());
}

#[tokio::test]
async fn stopping_after_the_request_left_leaves_the_outcome_unknown() {
    let script = Script::new([Reply::Hang]).await;
    let request = script.request(Method::Post, "customers", None, Some(BODY));
    let (client, cancel, permit) = (script.client(), CancellationToken::new(), permit(&request).await);
    let (answer, ()) = tokio::join!(client.write(permit, &request, &cancel), async {
        script.arrival().await;
        cancel.cancel();
    });
    assert_eq!(answer, Err(WriteError::Unknown(BcError::Cancelled)));
}

const REFERENCE: &str = "0b7c2d31-5a6e-4f00-9d1b-2c3d4e5f6a7b";

/// A write leaves under its own id, and what Business Central calls it comes back, whatever came of it.
#[tokio::test]
async fn what_the_server_calls_the_request_is_kept() {
    let header = "x-ms-correlation-id: 0b7c2d31-5a6e-4f00-9d1b-2c3d4e5f6a7b\r\n";
    let body = format!(r#"{{"@odata.etag":"W/\"1\"","id":"{ID}"}}"#);
    for (status, body, own) in [
        (201, body.as_str(), false),
        (200, "<html>", false),
        (400, r#"{"error":{"code":"Application_Rule","message":"No.  CorrelationId:  7f0a1b2c-0000-1111-2222-333344445555."}}"#, true),
        (400, r#"{"error":{"code":"Application_Rule","message":"No."}}"#, false),
        (409, r#"{"error":{"code":"Request_EntityChanged","message":"No."}}"#, false),
        (429, r#"{"error":{"code":"Application_TooManyRequests","message":"No."}}"#, false),
        (503, "", false),
        (500, "", false),
    ] {
        let script = Script::new([Reply::Answer(status, header, body.to_owned())]).await;
        let request = script.request(Method::Post, "customers", None, Some(BODY));
        let permit = permit(&request).await;
        let change = permit.change_id();
        let answer = script.client().write(permit, &request, &CancellationToken::new()).await;
        let found = match &answer {
            Ok(answer) => answer.correlation_id.as_deref(),
            Err(error) => error.correlation_id(),
        };
        let expected = if own { "7f0a1b2c-0000-1111-2222-333344445555" } else { REFERENCE };
        assert_eq!(found, Some(expected), "{status} {body}: {answer:?}");
        assert_eq!(script.seen()[0].header("client-request-id"), Some(change.to_string().as_str()));
    }
    for odd in ["x-ms-correlation-id: <b>\r\n", "request-id: \r\n", "request-id: a b c d e f g h\r\n"] {
        let script = Script::new([Reply::Answer(500, odd, String::new())]).await;
        let request = script.request(Method::Post, "customers", None, Some(BODY));
        let error = script.client().write(permit(&request).await, &request, &CancellationToken::new()).await.unwrap_err();
        assert_eq!(error.correlation_id(), None, "{odd}");
    }
}
