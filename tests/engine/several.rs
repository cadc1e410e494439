//! Several processes on one home, and processes that die.

use bca_app::Which;
use bca_protocol::{ApprovalState, ChangeState, Decision, ErrorCode, ReviewVerdict, Reviewer, StopReason};
use bca_testkit::{Events, ScriptedModel, Turn};
use tokio::runtime::Runtime;

use crate::support::{CREATE, Stage, create, stage};

#[tokio::test(flavor = "multi_thread")]
async fn a_question_of_one_app_is_answered_in_another() {
    let stage = stage(vec![Turn::calls(&[("call_a", CREATE, create("Across"))])]).await;
    let (run, _, question) = stage.asked().await;
    let other = stage.home.own(&stage.books, &stage.model).await;
    let waiting = other.app.approvals(Which::Pending).await.unwrap();
    assert_eq!(waiting.iter().map(|a| &a.request).collect::<Vec<_>>(), [&question]);
    let answered = std::time::Instant::now();
    other.answer(&waiting[0].request, ReviewVerdict::Approve).await.unwrap();
    assert_eq!(run.done.await.unwrap(), StopReason::EndTurn);
    assert!(answered.elapsed() < std::time::Duration::from_secs(5), "{:?}", answered.elapsed());
    assert_eq!(stage.books.named("customers", "Across").await, 1);
    let held = other.app.approval(question.approval_id).await.unwrap();
    assert_eq!((held.state, held.by), (ApprovalState::Approved, Some(Reviewer::Window)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_has_one_run_at_a_time() {
    let stage = stage(vec![Turn::calls(&[("call_a", CREATE, create("Busy"))])]).await;
    let (run, _, question) = stage.asked().await;
    let other = stage.home.own(&stage.books, &stage.model).await;
    for app in [&stage.running.app, &other.app] {
        let events = Events::new();
        let fault = app.send(Some(run.started.session_id), "Me too".into(), events.clone()).await.err().unwrap();
        assert_eq!(fault.code, ErrorCode::Conflict);
        assert!(events.all().is_empty());
    }
    stage.running.answer(&question, ReviewVerdict::Reject { reason: None }).await.unwrap();
    run.done.await.unwrap();
    stage.goes_on(run.started.session_id).await;
    assert_eq!(stage.running.app.changes(None).await.unwrap()[0].state, ChangeState::NotSent);
}

/// The app's runtime is torn down under it: no task of it runs on, and nothing says good-bye.
#[test]
fn a_question_whose_app_died_is_closed_and_told() {
    let servers = Runtime::new().unwrap();
    let stage = servers.block_on(stage(vec![]));
    let Stage { running, books, model: _, home } = stage;
    servers.block_on(running.app.stop());
    drop(running);
    let model = servers.block_on(ScriptedModel::serve(vec![Turn::calls(&[("call_a", CREATE, create("Orphan"))])]));

    let doomed = Runtime::new().unwrap();
    let (question, session) = doomed.block_on(async {
        let running = home.own(&books, &model).await;
        let (run, events) = running.send(None, "Go on").await;
        (events.question().await, run.started.session_id)
    });
    doomed.shutdown_timeout(std::time::Duration::from_secs(10));

    servers.block_on(async {
        let running = home.own(&books, &model).await;
        let approval = running.app.approval(question.approval_id).await.unwrap();
        assert_eq!(approval.state, ApprovalState::Expired);
        assert_eq!(running.answer(&question, ReviewVerdict::Approve).await.unwrap(), Decision::Expired);
        assert_eq!(running.app.change(question.changes[0].change_id).await.unwrap().state, ChangeState::NotSent);
        let run = running.app.session(session).await.unwrap().runs.remove(0);
        assert!(run.interrupted && run.completed_at.is_some(), "{run:?}");
        let notices = running.app.info().await.notices;
        assert!(notices.iter().any(|notice| notice.session_id == Some(session)), "{notices:?}");
        assert!(notices.iter().any(|notice| notice.text.contains("Nothing was changed")), "{notices:?}");
        assert!(books.writes().is_empty());
        let (stop, _, _) = running.ask(Some(session), "And now?").await;
        assert_eq!(stop, StopReason::EndTurn);
        model.last().assert_well_formed();
        assert!(books.writes().is_empty());
    });
}
