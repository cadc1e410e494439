#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use bca_agent::{HistoryBlock, Message, ModelProvider, ModelStop};
use bca_protocol::{Block, RawJson, Role};
use serde_json::{Value, json};

use super::*;
use crate::anthropic::{StreamLimits, testing::*};

fn start() -> Value {
    json!({"type": "message_start", "message": {"usage": {"input_tokens": 1, "output_tokens": 1}}})
}

fn open_text() -> Value {
    json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}})
}

fn text(text: &str) -> Value {
    json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}})
}

fn whole(words: &str) -> Vec<u8> {
    let end = [
        json!({"type": "content_block_stop", "index": 0}),
        json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}}),
        json!({"type": "message_stop"}),
    ];
    events(&[vec![start(), open_text(), text(words)], end.to_vec()].concat()).into_bytes()
}

fn told(kind: &str) -> Value {
    json!({"type": "error", "error": {"type": kind, "message": format!("words {KEY}")}})
}

/// Neither people, nor logs, nor `Debug` may see the key.
fn assert_clean(error: &ModelError) {
    assert!(!format!("{error:?}{error}").contains(KEY), "{error:?}");
}

async fn answered(answers: Vec<Script>) -> (Server, Vec<ModelEvent>, Option<ModelError>) {
    let server = serve(answers).await;
    let (found, error) = run(&provider(&server.url, limits()), &hello()).await;
    error.iter().for_each(assert_clean);
    (server, found, error)
}

#[tokio::test]
async fn what_goes_over_the_wire() {
    let (server, found, error) = answered(vec![Script::Bytes(sse(whole("hi")))]).await;
    assert_eq!(error, None);
    assert_eq!(reply(&found).stop, ModelStop::EndTurn);
    let (head, body) = server.requests.lock().unwrap()[0].clone();
    assert!(head.starts_with("POST /v1/messages HTTP/1.1\r\n"), "{head}");
    for line in [&format!("x-api-key: {KEY}"), "anthropic-version: 2023-06-01", "content-type: application/json", "user-agent: test"] {
        assert!(head.lines().any(|found| found.eq_ignore_ascii_case(line)), "{line} in {head}");
    }
    assert_eq!(serde_json::from_str::<Value>(&body).unwrap()["stream"], true);
    assert!(!body.contains(KEY));
}

#[tokio::test]
async fn each_refusal_has_its_sentence() {
    for (status, kind, code, words) in [
        ("400 Bad Request", "invalid_request_error", ErrorCode::ModelRequest, "refused the request: prompt is odd"),
        ("401 Unauthorized", "authentication_error", ErrorCode::ModelAuthentication, "The key was refused by 127.0.0.1"),
        ("403 Forbidden", "permission_error", ErrorCode::ModelAuthentication, "ANTHROPIC_API_KEY"),
        ("404 Not Found", "not_found_error", ErrorCode::ModelNotFound, "\"some-model\""),
        ("413 Payload Too Large", "request_too_large", ErrorCode::ModelRequest, "too large"),
        ("418 Teapot", "new_error", ErrorCode::ModelRequest, "prompt is odd"),
        ("307 Temporary Redirect", "x", ErrorCode::ModelProtocol, "redirect"),
    ] {
        let (server, _, error) = answered(vec![refusal(status, "location: http://127.0.0.1:1/\r\n", kind, &format!("prompt is odd {KEY}"))]).await;
        let error = error.unwrap();
        assert_eq!((error.code, error.retryable), (code, false), "{status}");
        assert!(error.message.contains(words), "{status}: {}", error.message);
        assert!(error.detail.contains("req_9") && error.detail.contains(&status[..3]), "{}", error.detail);
        assert_eq!(server.requests.lock().unwrap().len(), 1, "{status} is sent once");
    }
}

#[tokio::test]
async fn what_passes_is_sent_three_times_at_most() {
    for (status, code) in [
        ("429 Too Many Requests", ErrorCode::ModelRateLimited),
        ("500 Internal Server Error", ErrorCode::ModelUnavailable),
        ("502 Bad Gateway", ErrorCode::ModelUnavailable),
        ("503 Service Unavailable", ErrorCode::ModelUnavailable),
        ("504 Gateway Timeout", ErrorCode::ModelUnavailable),
        ("529 Overloaded", ErrorCode::ModelUnavailable),
    ] {
        let refuse = || refusal(status, "retry-after: 0\r\n", "overloaded_error", KEY);
        let (server, _, error) = answered(vec![refuse(), refuse(), refuse()]).await;
        let error = error.unwrap();
        assert_eq!((error.code, error.retryable), (code, true), "{status}");
        assert_eq!(server.requests.lock().unwrap().len(), 3, "{status}");
        let (_, found, error) = answered(vec![refuse(), refuse(), Script::Bytes(sse(whole("hi")))]).await;
        assert_eq!((found.len(), error), (2, None), "{status}");
    }
}

#[tokio::test]
async fn a_failure_before_the_first_event_is_tried_again_and_one_after_it_is_not() {
    for first in [vec![], b"HTTP/1.1 200 OK\r\n".to_vec(), sse(""), sse(": x\n\n"), sse(events(&[told("overloaded_error")]))] {
        let (server, found, error) = answered(vec![Script::Bytes(first), Script::Bytes(sse(whole("hi")))]).await;
        assert_eq!((found.len(), error), (2, None));
        assert_eq!(server.requests.lock().unwrap().len(), 2);
    }
    for (last, code) in [
        ("overloaded_error", ErrorCode::ModelUnavailable),
        ("rate_limit_error", ErrorCode::ModelRateLimited),
        ("api_error", ErrorCode::ModelUnavailable),
        ("invalid_request_error", ErrorCode::ModelRequest),
        ("authentication_error", ErrorCode::ModelAuthentication),
        ("not_found_error", ErrorCode::ModelNotFound),
    ] {
        let body = events(&[start(), open_text(), text("half"), told(last), text("more")]);
        let (server, found, error) = answered(vec![Script::Bytes(sse(body))]).await;
        assert_eq!(found, [ModelEvent::TextDelta("half".into())], "what came before is given");
        assert_eq!(error.unwrap().code, code, "{last}");
        assert_eq!(server.requests.lock().unwrap().len(), 1);
    }
    let (server, found, error) = answered(vec![Script::Bytes(sse(events(&[start(), open_text(), text("half")])))]).await;
    assert_eq!(found.len(), 1);
    let error = error.unwrap();
    assert_eq!(error.code, ErrorCode::ModelUnavailable);
    assert!(error.message.contains("broke off"));
    assert_eq!(server.requests.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_wait_that_is_too_long_is_told_and_not_waited() {
    let (server, _, error) = answered(vec![refusal("429 Too Many Requests", "retry-after: 3600\r\n", "rate_limit_error", "slow down")]).await;
    assert_eq!(error.unwrap().retry_after, Some(Duration::from_secs(3_600)));
    assert_eq!(server.requests.lock().unwrap().len(), 1);
    for odd in ["-1", "soon", "99999999999999999999999999", "NaN"] {
        let refuse = refusal("429 Too Many Requests", &format!("retry-after: {odd}\r\n"), "rate_limit_error", "slow down");
        let (_, found, _) = answered(vec![refuse, Script::Bytes(sse(whole("hi")))]).await;
        assert_eq!(found.len(), 2, "{odd}");
    }
}

#[tokio::test]
async fn what_is_no_stream() {
    for (headers, body, code) in [
        ("content-type: text/html\r\n", "<html>sign in</html>", ErrorCode::ModelProtocol),
        ("content-type: application/json\r\n", r#"{"type":"error","error":{"type":"authentication_error","message":"x"}}"#, ErrorCode::ModelAuthentication),
        ("content-type: application/json\r\n", r#"{"type":"message"}"#, ErrorCode::ModelProtocol),
        ("content-type: application/json\r\n", "{", ErrorCode::ModelProtocol),
    ] {
        let (server, _, error) = answered(vec![Script::Bytes(http("200 OK", headers, body))]).await;
        assert_eq!(error.unwrap().code, code, "{body}");
        assert_eq!(server.requests.lock().unwrap().len(), 1);
    }
    let (_, found, _) = answered(vec![Script::Bytes(http("200 OK", "", whole("hi")))]).await;
    assert_eq!(found.len(), 2, "a stream that does not say so is one all the same");
}

#[tokio::test]
async fn an_answer_without_end_is_cut() {
    let limits = StreamLimits { max_body: 100_000, max_event: 20_000, ..limits() };
    let many = [events(&[start(), open_text()]), events(&[text("0123456789")]).repeat(5_000)].concat();
    let long = [events(&[start()]), "x".repeat(50_000)].concat();
    for body in [many, long] {
        let server = serve(vec![Script::Bytes(sse(body))]).await;
        let (_, error) = run(&provider(&server.url, limits), &hello()).await;
        let error = error.unwrap();
        assert_eq!((error.code, error.message.contains("too long")), (ErrorCode::ModelProtocol, true));
    }
}

#[tokio::test]
async fn cancelling_closes_the_connection_at_any_point() {
    let half = sse(events(&[start(), open_text(), text("half")]));
    for sent in [Vec::new(), b"HTTP/1.1 200 OK\r\n\r\n".to_vec(), half] {
        let mut server = serve(vec![Script::Hang(sent)]).await;
        let cancel = CancellationToken::new();
        let provider = provider(&server.url, limits());
        let later = async {
            while server.requests.lock().unwrap().is_empty() {
                tokio::task::yield_now().await;
            }
            cancel.cancel();
        };
        let call = async {
            let mut stream = provider.stream(&hello(), &cancel).await?;
            while let Some(event) = stream.next().await {
                event?;
            }
            Ok(())
        };
        let (result, ()): (Result<(), ModelError>, ()) = tokio::join!(call, later);
        assert_eq!(result.unwrap_err().code, ErrorCode::Cancelled);
        server.closed.recv().await.unwrap();
    }
}

#[tokio::test]
async fn dropping_the_stream_closes_the_connection() {
    let mut server = serve(vec![Script::Hang(sse(events(&[start(), open_text(), text("half")])))]).await;
    let provider = provider(&server.url, limits());
    let mut stream = provider.stream(&hello(), &CancellationToken::new()).await.unwrap();
    assert_eq!(stream.next().await, Some(Ok(ModelEvent::TextDelta("half".into()))));
    drop(stream);
    server.closed.recv().await.unwrap();
}

#[tokio::test]
async fn cancelling_ends_the_wait_between_attempts() {
    let server = serve(vec![refusal("429 Too Many Requests", "retry-after: 50\r\n", "rate_limit_error", "slow down")]).await;
    let cancel = CancellationToken::new();
    let provider = provider(&server.url, limits());
    let (wanted, later) = (hello(), async {
        while server.requests.lock().unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
        cancel.cancel();
    });
    let (result, ()) = tokio::join!(provider.stream(&wanted, &cancel), later);
    assert_eq!(result.err().unwrap().code, ErrorCode::Cancelled);
}

#[tokio::test]
async fn silence_fails_and_is_not_tried_again() {
    let limits = StreamLimits { idle: Duration::from_millis(100), ..limits() };
    for sent in [Vec::new(), sse(""), sse(events(&[start(), open_text()]))] {
        let mut server = serve(vec![Script::Hang(sent)]).await;
        let (_, error) = run(&provider(&server.url, limits), &hello()).await;
        let error = error.unwrap();
        assert_eq!((error.code, error.message.contains("sent nothing")), (ErrorCode::ModelUnavailable, true), "{error:?}");
        server.closed.recv().await.unwrap();
        assert_eq!(server.requests.lock().unwrap().len(), 1);
    }
}

#[tokio::test]
async fn a_connection_serves_the_next_call() {
    let body = String::from_utf8(whole("hi")).unwrap();
    let chunked = format!("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
    let server = serve((0..5).map(|_| Script::Stay(chunked.clone().into_bytes())).collect()).await;
    let provider = provider(&server.url, limits());
    for _ in 0..5 {
        assert_eq!(run(&provider, &hello()).await.1, None);
        // The last bytes are read beside us.
        tokio::task::yield_now().await;
    }
    assert_eq!(*server.connections.lock().unwrap(), 1);
}

#[tokio::test]
async fn a_model_that_refuses_a_budget_is_asked_adaptively_from_then_on() {
    let words =
        "\"thinking.type.enabled\" is not supported for this model. Use \"thinking.type.adaptive\" and \"output_config.effort\" to control thinking behavior.";
    let server =
        serve(vec![refusal("400 Bad Request", "", "invalid_request_error", words), Script::Bytes(sse(whole("a"))), Script::Bytes(sse(whole("b")))]).await;
    let provider = provider(&server.url, limits());
    let request = ModelRequest { thinking: Thinking::Budget(2_000), ..hello() };
    for _ in 0..2 {
        assert_eq!(run(&provider, &request).await.1, None);
    }
    let asked: Vec<Value> =
        server.requests.lock().unwrap().iter().map(|(_, body)| serde_json::from_str::<Value>(body).unwrap()["thinking"]["type"].clone()).collect();
    assert_eq!(asked, ["enabled", "adaptive", "adaptive"]);
}

#[tokio::test]
async fn a_session_goes_on_where_its_thinking_is_refused() {
    let words = "messages.1.content.0: Invalid `signature` in `thinking` block";
    let server = serve(vec![refusal("400 Bad Request", "", "invalid_request_error", words), Script::Bytes(sse(whole("a")))]).await;
    let user = |text: &str| Message::new(Role::User, vec![Block::Text { text: text.into() }]);
    let thought = HistoryBlock {
        block: Block::Thinking { text: "hm".into() },
        raw: Some(RawJson::parse(r#"{"type":"thinking","thinking":"hm","signature":"old"}"#.into()).unwrap()),
    };
    let said = HistoryBlock::from(Block::Text { text: "yes".into() });
    let before = Message { role: Role::Assistant, blocks: vec![thought, said], provider: Some("anthropic".into()) };
    let request = ModelRequest { thinking: Thinking::Budget(2_000), ..ask(vec![user("one"), before, user("two")]) };
    assert_eq!(run(&provider(&server.url, limits()), &request).await.1, None);
    let requests = server.requests.lock().unwrap();
    assert!(requests[0].1.contains("\"signature\":\"old\""));
    assert!(!requests[1].1.contains("thinking") && requests[1].1.contains("yes"), "{}", requests[1].1);
}

#[tokio::test]
async fn no_fallback_goes_round_in_circles() {
    let words = "thinking: adaptive signature different conversation";
    let server = serve((0..9).map(|_| refusal("400 Bad Request", "", "invalid_request_error", words)).collect()).await;
    let request = ModelRequest { thinking: Thinking::Budget(2_000), ..hello() };
    assert_eq!(run(&provider(&server.url, limits()), &request).await.1.unwrap().code, ErrorCode::ModelRequest);
    assert_eq!(server.requests.lock().unwrap().len(), 3);
}
