//! A second writer at every moment around a change: what they wrote is never overwritten by somebody who has not seen it.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use bca_app::ToolCallResult;
use bca_protocol::{ApprovalRequest, RawJson, ReviewVerdict, ToolCallStatus};
use bca_testkit::{Books, Chance, Events, reached, rounds};
use serde_json::json;

use crate::support::{DELETE, Stage, UPDATE, rename, set};

/// When the second writer writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Moment {
    /// Before the record is read.
    Before,
    /// Between the answer to the read that gives the version, and the question.
    AfterTheRead,
    /// While the person looks at the question.
    BeforeTheYes,
    /// At any time around the yes and the request.
    AroundTheYes,
    /// When the request has left, and before it is carried out.
    OnItsWay,
    /// When it is done.
    After,
}

const MOMENTS: [Moment; 8] = [
    Moment::AroundTheYes,
    Moment::BeforeTheYes,
    Moment::AfterTheRead,
    Moment::AroundTheYes,
    Moment::OnItsWay,
    Moment::Before,
    Moment::BeforeTheYes,
    Moment::After,
];

fn called(stage: &Stage, tool: &'static str, input: &serde_json::Value) -> (tokio::task::JoinHandle<ToolCallResult>, Arc<Events>) {
    let (app, events) = (stage.running.app.clone(), Events::new());
    let (input, sink) = (RawJson::from_value(input).unwrap(), events.clone());
    (tokio::spawn(async move { app.call_tool(tool, input, sink).await.unwrap() }), events)
}

/// Proposes a change; the question, once it is put.
async fn proposed(stage: &Stage, id: &str, name: &str) -> (tokio::task::JoinHandle<ToolCallResult>, ApprovalRequest) {
    let (call, events) = called(stage, UPDATE, &rename(id, name));
    let question = events.question().await;
    (call, question)
}

async fn approved(stage: &Stage, question: &ApprovalRequest, call: tokio::task::JoinHandle<ToolCallResult>) -> ToolCallStatus {
    stage.running.answer(question, ReviewVerdict::Approve).await.unwrap();
    call.await.unwrap().status
}

/// One change and a second writer; whether it was made.
async fn interleaved(stage: &Stage, id: &str, round: usize) -> (Moment, bool) {
    let (moment, mut chance) = (MOMENTS[round % MOMENTS.len()], Chance::new(0x2545_f491_4f6c_dd1d ^ (round as u64 + 1)));
    let (mine, theirs) = (format!("Mine {round}"), json!({"displayName": format!("Theirs {round}")}));
    let path = format!("customers({id})");
    // What the company's own clock of changes does between two requests is theirs too: somebody touches the record without its name.
    match moment {
        Moment::Before => stage.books.patch(&path, &theirs).await,
        Moment::AfterTheRead => stage.books.fault("customers:GET:1:stale-etag"),
        Moment::OnItsWay => stage.books.fault("customers:PATCH:1:stale-etag"),
        Moment::BeforeTheYes | Moment::AroundTheYes | Moment::After => {}
    }
    let (call, question) = proposed(stage, id, &mine).await;
    if moment == Moment::BeforeTheYes {
        stage.books.patch(&path, &theirs).await;
    }
    let second = async {
        if moment == Moment::AroundTheYes {
            // The race is with a write on its way, which takes some milliseconds.
            tokio::time::sleep(Duration::from_micros(chance.below(50_000))).await;
            stage.books.patch(&path, &theirs).await;
        }
    };
    let (status, ()) = tokio::join!(approved(stage, &question, call), second);
    if moment == Moment::After {
        stage.books.patch(&path, &theirs).await;
    }
    let name = stage.books.record("customers", id).await["displayName"].as_str().unwrap().to_owned();
    let made = match status {
        ToolCallStatus::Ok => true,
        ToolCallStatus::Error => false,
        other => panic!("round {round} {moment:?}: {other:?}"),
    };
    match moment {
        // Theirs was seen, and shown as what stood there.
        Moment::Before => {
            assert!(made && name == mine, "round {round}: {name}");
            assert_eq!(question.changes[0].fields[0].before.as_deref(), theirs["displayName"].as_str(), "round {round}");
        }
        Moment::AfterTheRead | Moment::OnItsWay => assert!(!made && name != mine, "round {round} {moment:?}: overwritten"),
        Moment::BeforeTheYes => assert!(!made && name == theirs["displayName"], "round {round}: overwritten"),
        // Ours never comes last without having seen theirs.
        Moment::AroundTheYes => assert_eq!(name, theirs["displayName"], "round {round}: overwritten"),
        Moment::After => assert!(made && name == theirs["displayName"], "round {round}"),
    }
    if !made && round.is_multiple_of(3) {
        // Proposed anew, it is another question that shows what stands there now, and its yes holds.
        let (call, again) = proposed(stage, id, &mine).await;
        assert!(again.digest != question.digest && again.changes[0].if_match != question.changes[0].if_match, "round {round}");
        assert_eq!(again.changes[0].fields[0].before.as_deref(), Some(name.as_str()), "round {round}");
        assert_eq!(approved(stage, &again, call).await, ToolCallStatus::Ok, "round {round}");
    }
    (moment, made)
}

/// Rounds of one app: it keeps within the requests that Business Central takes from one person in a minute.
const LAP: usize = 40;

#[tokio::test(flavor = "multi_thread")]
async fn a_second_writer_is_never_overwritten_whenever_they_write() {
    let all = rounds(500);
    let (mut refused, mut made, mut moments) = (0, 0, BTreeMap::<Moment, usize>::new());
    for lap in (0..all).collect::<Vec<_>>().chunks(LAP) {
        let books = Books::open().await;
        let id = books.ids("customers", 1).await.remove(0);
        let stage = set(books, Vec::new()).await;
        for round in lap {
            let (moment, done) = interleaved(&stage, &id, *round).await;
            *if done { &mut made } else { &mut refused } += 1;
            *moments.entry(moment).or_default() += usize::from(!done);
        }
        stage.running.app.stop().await;
    }
    assert!(refused * 3 >= all, "{refused} of {all}: most moments must lie between the question and the request");
    let of = |moment| moments.get(&moment).copied().unwrap_or_default();
    let stale = format!(
        "{} between read and question, {} before the yes, {} around it, {} on its way",
        of(Moment::AfterTheRead),
        of(Moment::BeforeTheYes),
        of(Moment::AroundTheYes),
        of(Moment::OnItsWay)
    );
    reached("20", "interleavings of a change with a second writer: overwrites", &format!("0 of {all} ({made} made, {refused} refused as stale: {stale})"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_second_writer_changed_is_not_deleted_unseen() {
    let all = rounds(100);
    let mut stage = set(Books::open().await, Vec::new()).await;
    for round in 0..all {
        if round > 0 && round.is_multiple_of(LAP) {
            stage.running.app.stop().await;
            stage = set(Books::open().await, Vec::new()).await;
        }
        let id = stage.books.create("customers", &json!({"displayName": format!("Short-lived {round}")})).await;
        match round % 3 {
            0 => stage.books.fault("customers:GET:1:stale-etag"),
            1 => stage.books.fault("customers:DELETE:1:stale-etag"),
            _ => {}
        }
        let (call, events) = called(&stage, DELETE, &json!({"entity": "customers", "id": id}));
        let question = events.question().await;
        if round % 3 == 2 {
            stage.books.patch(&format!("customers({id})"), &json!({"city": "Oslo"})).await;
        }
        assert_eq!(approved(&stage, &question, call).await, ToolCallStatus::Error, "round {round}");
        assert_eq!(stage.books.record("customers", &id).await["id"], json!(id), "round {round}");
    }
    reached("20", "deletions of what a second writer changed meanwhile", &format!("0 of {all}"));
}
