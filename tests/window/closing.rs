//! Closing, quitting and losing the window while work is under way: docs/decisions/closing-the-window.md. Nothing is lost, and
//! nothing is done twice.

use bca_app::Which;
use bca_protocol::{ApprovalState, ChangeState};
use bca_testkit::{Books, End, Part, ScriptedModel, Turn};
use serde_json::json;

use crate::{
    A_PERSONS_PAUSE,
    driver::{Place, Window, wait_for},
    tray::Tray,
};

const NAME: &str = "Harbor Lights Ltd";
const WORDS: &str = "Three customers owe us";

/// A model that creates a customer and then says so.
async fn creating() -> ScriptedModel {
    let input = json!({"entity": "customers", "data": {"displayName": NAME}});
    ScriptedModel::serve(vec![Turn::calls(&[("call_a", "bc_create_entity", input)]), Turn::text("Done.")]).await
}

/// A window in which a run waits for an answer.
async fn asked(books: &Books, model: &ScriptedModel) -> Window {
    let window = Window::open_in(&Place::scripted(books, model).await).await;
    window.send("Create it").await;
    window.see("approval-dialog").await;
    window
}

/// The one question of the home, as it is stored.
async fn question(place: &Place) -> (ApprovalState, Option<ChangeState>) {
    let engine = place.engine().await;
    let asked = engine.app.approvals(Which::All).await.unwrap();
    assert_eq!(asked.len(), 1);
    let changes = engine.app.changes(None).await.unwrap();
    engine.app.stop().await;
    (asked[0].state, changes.first().map(|change| change.state))
}

/// Approves the one question that waits, from another process.
async fn approve_elsewhere(place: &Place) {
    let engine = place.engine().await;
    let waiting = engine.app.approvals(Which::Pending).await.unwrap();
    engine.answer(&waiting[0].request, bca_protocol::ReviewVerdict::Approve).await.unwrap();
    engine.app.stop().await;
}

async fn is_written_once(books: &Books) {
    wait_for("the record", async || books.named("customers", NAME).await > 0).await;
    assert_eq!((books.named("customers", NAME).await, books.writes().len()), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_with_nothing_under_way_ends_the_app() {
    let books = Books::open().await;
    let window = Window::open_in(&Place::scripted(&books, &creating().await).await).await;
    window.place.desk.close_the_window();
    window.ends().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_while_words_come_hides_the_window_and_a_second_start_brings_it_back() {
    let books = Books::open().await;
    let model = ScriptedModel::serve(vec![Turn::Answer(vec![Part::Text(WORDS.into())], End::Stall)]).await;
    let place = Place::scripted(&books, &model).await;
    let tray = Tray::open(&place.desk).await;
    let window = Window::open_in(&place).await;
    assert!(tray.menu().await.contains("Open BC Agent"));
    window.send("Who owes us?").await;
    window.says(WORDS).await;
    place.desk.close_the_window();
    wait_for("a hidden window", async || !place.desk.shows_the_window()).await;
    assert!(window.runs());
    assert!(place.start_again(), "the second start hands over to the first");
    wait_for("the window again", async || place.desk.shows_the_window()).await;
    window.says(WORDS).await;
    window.see("stop").await;
    // Quitting stops the run; what had come is kept.
    window.terminate();
    window.ends().await;
    let engine = place.engine().await;
    let session = engine.app.sessions().await.unwrap()[0].session_id;
    let detail = serde_json::to_string(&engine.app.session(session).await.unwrap()).unwrap();
    assert!(detail.contains(WORDS), "{detail}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_tray_the_window_is_minimised() {
    let books = Books::open().await;
    let window = asked(&books, &creating().await).await;
    let place = window.place.clone();
    place.desk.close_the_window();
    wait_for("a minimised window", async || place.desk.minimised()).await;
    assert!(window.runs());
    assert_eq!(question(&place).await.0, ApprovalState::Pending);
    window.kill();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_outlives_its_window_and_can_be_answered_elsewhere() {
    let books = Books::open().await;
    let window = asked(&books, &creating().await).await;
    let place = window.place.clone();
    place.desk.close_the_window();
    wait_for("a window out of the way", async || place.desk.minimised()).await;
    approve_elsewhere(&place).await;
    is_written_once(&books).await;
    assert!(place.start_again());
    window.is_idle().await;
    assert_eq!(question(&place).await, (ApprovalState::Approved, Some(ChangeState::Confirmed)));
    window.terminate();
    window.ends().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn quitting_with_a_question_open_sends_nothing() {
    let books = Books::open().await;
    let window = asked(&books, &creating().await).await;
    let place = window.place.clone();
    place.desk.press_quit();
    window.ends().await;
    assert_eq!(question(&place).await.0, ApprovalState::Aborted);
    assert!(books.writes().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn quitting_waits_for_a_write_that_has_left() {
    let books = Books::open().await;
    books.fault("customers:POST:1:slow=8000");
    let window = asked(&books, &creating().await).await;
    let place = window.place.clone();
    window.pause(A_PERSONS_PAUSE).await;
    window.click("approval-approve").await;
    wait_for("the write to leave", async || question(&place).await.1 == Some(ChangeState::Sending)).await;
    place.desk.close_the_window();
    wait_for("a window out of the way", async || place.desk.minimised()).await;
    window.terminate();
    window.ends().await;
    assert_eq!(question(&place).await, (ApprovalState::Approved, Some(ChangeState::Confirmed)));
    is_written_once(&books).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_whose_process_is_killed_comes_back_with_its_words_and_its_question() {
    let books = Books::open().await;
    let input = json!({"entity": "customers", "data": {"displayName": NAME}});
    let call = Part::Call { id: "call_a".into(), tool: "bc_create_entity".into(), input: input.to_string() };
    let model = ScriptedModel::serve(vec![Turn::Answer(vec![Part::Text(WORDS.into()), call], End::Stop("tool_use")), Turn::text("Done.")]).await;
    let window = asked(&books, &model).await;
    window.lose_the_page().await;
    assert_eq!(question(&window.place).await.0, ApprovalState::Pending);
    approve_elsewhere(&window.place).await;
    is_written_once(&books).await;
    wait_for("the end of the run", async || model.seen().len() == 2).await;
    model.last().assert_well_formed();
    assert_eq!(question(&window.place).await, (ApprovalState::Approved, Some(ChangeState::Confirmed)));
    window.terminate();
    window.ends().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_lost_or_loaded_again_while_a_write_is_under_way_does_not_repeat_it() {
    for lost in [true, false] {
        let books = Books::open().await;
        books.fault("customers:POST:1:slow=8000");
        let window = asked(&books, &creating().await).await;
        window.pause(A_PERSONS_PAUSE).await;
        window.click("approval-approve").await;
        wait_for("the write to leave", async || question(&window.place).await.1 == Some(ChangeState::Sending)).await;
        if lost {
            window.lose_the_page().await;
        } else {
            window.reload().await;
            window.is_idle().await;
        }
        is_written_once(&books).await;
        wait_for("the record in the store", async || question(&window.place).await.1 == Some(ChangeState::Confirmed)).await;
        window.terminate();
        window.ends().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_app_tells_at_its_next_start_that_its_question_ended_without_a_write() {
    let books = Books::open().await;
    let window = asked(&books, &creating().await).await;
    let place = window.place.clone();
    window.kill();
    window.ends().await;
    drop(window);
    let window = Window::open_in(&place).await;
    window.see("notice").await;
    assert_eq!(window.count("approval-dialog").await, 0);
    assert_eq!(question(&place).await.0, ApprovalState::Expired);
    assert!(books.writes().is_empty());
    window.nothing_was_complained_about().await;
    window.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn words_are_seen_while_they_come_and_before_the_question() {
    let books = Books::open().await;
    let model = ScriptedModel::serve(vec![Turn::Answer(vec![Part::Text(WORDS.into())], End::Stall)]).await;
    let window = Window::open_in(&Place::scripted(&books, &model).await).await;
    window.send("Who owes us?").await;
    // The answer never ends: what is seen was streamed.
    window.says(WORDS).await;
    window.see("live-message").await;
    window.click("stop").await;
    window.until("return document.querySelector('[data-testid=stop]') === null").await;
    window.says(WORDS).await;
    window.close().await;
}
