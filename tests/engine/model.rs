//! A model that fails in every way there is: the person is told clearly, nothing is lost, and the next message works.

use bca_app::Key;
use bca_protocol::{Block, ErrorCode, StopReason, ToolCallStatus};
use bca_testkit::{BC_TOKEN, End, MODEL_KEY, Part, Turn};

use crate::support::{CREATE, create, ended, error, stage};

fn cut(end: End) -> Turn {
    Turn::Answer(vec![Part::Thinking("Let me see".into()), Part::Text("The answer is".into())], end)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_breaks_off_is_kept_and_told() {
    for end in [End::Drop, End::Error("overloaded_error"), End::Error("api_error")] {
        let stage = stage(vec![cut(end.clone())]).await;
        let (stop, events, session) = stage.running.ask(None, "Go on").await;
        assert_eq!(stop, StopReason::Error, "{end:?}");
        let (code, message) = error(&events).unwrap();
        assert_eq!(code, ErrorCode::ModelUnavailable, "{end:?}: {message}");
        let logged = stage.running.app.errors(10).await.unwrap();
        assert_eq!(logged.iter().map(|e| (e.code, e.message.clone(), e.session_id)).collect::<Vec<_>>(), [(code, message, Some(session))]);
        let detail = stage.running.app.session(session).await.unwrap();
        let last = detail.messages.last().unwrap();
        assert!(last.partial && last.content.contains(&Block::Text { text: "The answer is".into() }), "{last:?}");
        stage.goes_on(session).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_of_the_provider_are_told_by_their_cause() {
    let cases = [
        (529, "overloaded_error", ErrorCode::ModelUnavailable, 3),
        (401, "authentication_error", ErrorCode::ModelAuthentication, 1),
        (404, "not_found_error", ErrorCode::ModelNotFound, 1),
        (400, "invalid_request_error", ErrorCode::ModelRequest, 1),
    ];
    for (status, kind, code, attempts) in cases {
        let stage = stage(vec![Turn::Refuse(status, kind); attempts]).await;
        let (stop, events, session) = stage.running.ask(None, "Go on").await;
        assert_eq!((stop, error(&events).unwrap().0), (StopReason::Error, code), "{status}");
        assert_eq!(stage.model.seen().len(), attempts, "{status}");
        assert_eq!(stage.running.app.errors(10).await.unwrap().len(), 1);
        stage.goes_on(session).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_was_cut_is_never_carried_out() {
    for (stop, reason) in [("max_tokens", StopReason::MaxTokens), ("refusal", StopReason::Refusal)] {
        let call = Part::Call { id: "call_a".into(), tool: CREATE.into(), input: create("Cut").to_string() };
        let stage = stage(vec![Turn::Answer(vec![Part::Text("Here".into()), call], End::Stop(stop))]).await;
        let (ended, events, session) = stage.running.ask(None, "Go on").await;
        assert_eq!((ended, crate::support::questions(&events)), (reason, 0));
        assert!(stage.books.writes().is_empty());
        stage.goes_on(session).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_input_of_a_tool_is_an_error_for_the_model() {
    for input in ["{\"entity\": \"customers\", \"da", "[]", "nonsense", "{\"entity\":\"customers\",\"data\":{\"displayName\":\"x\"}} trailing"] {
        let stage = stage(vec![Turn::raw_call("call_a", CREATE, input)]).await;
        let (stop, events, session) = stage.running.ask(None, "Go on").await;
        assert_eq!(stop, StopReason::EndTurn, "{input}: {:?}", error(&events));
        assert_eq!(ended(&events).iter().map(|(_, status, _)| *status).collect::<Vec<_>>(), [ToolCallStatus::Error], "{input}");
        assert!(stage.books.writes().is_empty());
        stage.goes_on(session).await;
    }
}

/// Every file below a directory.
fn files(directory: &std::path::Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_left_anywhere() {
    let turns = vec![Turn::calls(&[("call_a", CREATE, create("Fails"))]), cut(End::Error("api_error")), Turn::Refuse(401, "authentication_error")];
    let stage = stage(turns).await;
    stage.running.app.set_setting(Key::LogLevel, Some("trace")).await.unwrap();
    let guard = bca_app::start_log(stage.home.path(), "trace").unwrap();
    stage.books.fault("customers:POST:1:drop-before-commit");
    let (stop, events) = stage.approved().await;
    assert_eq!(stop, StopReason::Error);
    let (_, more, session) = stage.running.ask(None, "Again").await;
    assert!(error(&more).is_some());
    stage.running.app.create_backup().await.unwrap();
    let told: String = events.all().iter().chain(&more.all()).map(|e| serde_json::to_string(e).unwrap()).collect();
    let exported = stage.running.app.export_session(session, bca_app::ExportFormat::Json).await.unwrap();
    stage.running.app.stop().await;
    drop(guard);
    let mut found = Vec::new();
    files(stage.home.path(), &mut found);
    assert!(found.iter().any(|f| f.starts_with(stage.home.path().join("logs"))) && found.len() > 2, "{found:?}");
    let holds = |file: &std::path::PathBuf, text: &str| std::fs::read(file).unwrap().windows(text.len()).any(|window| window == text.as_bytes());
    assert!(found.iter().any(|file| holds(file, "Fails")), "the search finds what is there");
    for secret in [BC_TOKEN, MODEL_KEY] {
        assert!(!told.contains(secret) && !exported.contains(secret));
        for file in &found {
            assert!(!holds(file, secret), "{secret} in {}", file.display());
        }
    }
}
