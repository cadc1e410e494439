#![allow(clippy::unwrap_used, clippy::panic)]
use std::sync::{Arc, Mutex};

use bca_protocol::{ApprovalRequest, Decision, TriedOutcome, TriedWrite, Undoable};

use super::*;
use crate::gate::tests::{Desk, planned, set};

/// What the server is to be like.
#[derive(Clone)]
enum Server {
    Says(fn(&ChangeSet) -> DryRun),
    Alarms,
    Hangs,
}

struct Rehearsing {
    on: bool,
    server: Server,
    /// How many sets arrived, and what was noted of them.
    arrived: Mutex<u32>,
    noted: Mutex<Vec<Rehearsed>>,
}

impl Rehearsing {
    fn new(server: Server) -> Arc<Self> {
        Arc::new(Self { on: true, server, arrived: Mutex::default(), noted: Mutex::default() })
    }
}

#[async_trait]
impl Rehearsal for Rehearsing {
    async fn is_wanted(&self, _connection: &Connection) -> bool {
        self.on
    }

    async fn rehearse(&self, set: &ChangeSet, permit: DryRunPermit, _cancel: &CancellationToken) -> Rehearsed {
        *self.arrived.lock().unwrap() += 1;
        let requests: Vec<&CanonicalRequest> = set.writes.iter().map(|write| &write.request).collect();
        permit.redeem(&requests).unwrap();
        match &self.server {
            Server::Says(what) => Rehearsed::without_alarm(what(set)),
            Server::Alarms => Rehearsed { dry_run: DryRun::NotKnown { why: "?".into() }, alarm: Some("A customer stayed.".into()) },
            Server::Hangs => std::future::pending().await,
        }
    }

    async fn tried(&self, _set: &ChangeSet, rehearsed: &Rehearsed) {
        self.noted.lock().unwrap().push(rehearsed.clone());
    }
}

fn works(set: &ChangeSet) -> DryRun {
    let one = |write: &PlannedWrite| TriedWrite { change_id: write.change_id(), outcome: TriedOutcome::WouldWork { fills: Vec::new() } };
    DryRun::Tried { writes: set.writes.iter().map(one).collect() }
}

fn fails(set: &ChangeSet) -> DryRun {
    let outcome = TriedOutcome::WouldFail { code: Some("Application_DialogException".into()), message: "The customer is blocked.".into() };
    DryRun::Tried { writes: vec![TriedWrite { change_id: set.writes[0].change_id(), outcome }] }
}

fn desk(rehearsing: &Arc<Rehearsing>) -> Desk {
    let mut desk = Desk::new();
    desk.rehearsal = Some(Arc::clone(rehearsing) as _);
    desk
}

/// Proposes these and approves the question that comes.
async fn approved(desk: &Desk, writes: Vec<PlannedWrite>) -> ApprovalRequest {
    let mut asked = None;
    let answer = desk.once_asked(async |request| {
        desk.answer(&request, Decision::Approved).await;
        asked = Some(request);
    });
    let count = writes.len();
    let (authorisation, ()) = tokio::join!(desk.authorise(writes), answer);
    assert!(matches!(authorisation, Authorisation::Permitted(permits) if permits.len() == count));
    asked.unwrap()
}

fn was_asked(desk: &Desk) -> bool {
    desk.events.lock().unwrap().iter().any(|event| matches!(event, EventKind::ApprovalRequested(_)))
}

#[tokio::test(start_paused = true)]
async fn what_came_of_it_stands_in_the_question_before_anybody_answers() {
    let rehearsing = Rehearsing::new(Server::Says(works));
    let write = planned(r#"{"displayName":"A"}"#);
    let asked = approved(&desk(&rehearsing), vec![write.clone()]).await;
    assert_eq!(asked.dry_run, Some(works(&set(vec![write]))));
    assert_eq!((*rehearsing.arrived.lock().unwrap(), rehearsing.noted.lock().unwrap().len()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn what_would_be_refused_is_not_asked() {
    let desk = desk(&Rehearsing::new(Server::Says(fails)));
    let Authorisation::WouldFail(tried) = desk.authorise(vec![planned("{}")]).await else { panic!("somebody was asked") };
    assert!(matches!(&tried[0].outcome, TriedOutcome::WouldFail { message, .. } if message == "The customer is blocked."));
    assert!(!was_asked(&desk));
}

#[tokio::test(start_paused = true)]
async fn an_alarm_is_told_and_nobody_is_asked() {
    let rehearsing = Rehearsing::new(Server::Alarms);
    let desk = desk(&rehearsing);
    let Authorisation::Denied(why) = desk.authorise(vec![planned("{}")]).await else { panic!("it went on") };
    assert_eq!(why, "A customer stayed.");
    assert!(!was_asked(&desk));
    let told = desk.events.lock().unwrap();
    assert!(matches!(&told[..], [EventKind::Error { code: ErrorCode::OutcomeUnknown, message, .. }] if *message == why), "{told:?}");
    assert_eq!(rehearsing.noted.lock().unwrap()[0].alarm.as_ref(), Some(&why));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_does_not_answer_keeps_no_question_back_for_good() {
    let desk = desk(&Rehearsing::new(Server::Hangs));
    let mut dry_run = None;
    let answer = async {
        // The paused clock goes on while nothing else does.
        tokio::time::sleep(crate::Limits::default().dry_run).await;
        let take = async |request: ApprovalRequest| {
            desk.answer(&request, Decision::Approved).await;
            dry_run = request.dry_run;
        };
        desk.once_asked(take).await;
    };
    let (authorisation, ()) = tokio::join!(desk.authorise(vec![planned("{}")]), answer);
    assert!(matches!(authorisation, Authorisation::Permitted(_)));
    assert!(matches!(dry_run, Some(DryRun::NotKnown { .. })), "{dry_run:?}");
}

#[tokio::test(start_paused = true)]
async fn off_is_off_and_what_has_no_way_back_never_leaves() {
    let off = Arc::new(Rehearsing { on: false, server: Server::Says(works), arrived: Mutex::default(), noted: Mutex::default() });
    let asked = approved(&desk(&off), vec![planned("{}")]).await;
    assert_eq!((asked.dry_run, *off.arrived.lock().unwrap()), (None, 0));

    let action = |mut write: PlannedWrite| {
        write.preview.operation = WriteOperation::Action;
        write
    };
    let final_one = |mut write: PlannedWrite| {
        write.preview.undo = Undoable::No { why: "It is posted.".into() };
        write
    };
    let many = (0..=MOST).map(|_| planned("{}")).collect();
    for writes in [vec![planned("{}"), action(planned("{}"))], vec![final_one(planned("{}"))], many] {
        let rehearsing = Rehearsing::new(Server::Says(works));
        let asked = approved(&desk(&rehearsing), writes).await;
        assert!(matches!(asked.dry_run, Some(DryRun::NotTried { .. })), "{:?}", asked.dry_run);
        assert_eq!(*rehearsing.arrived.lock().unwrap(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn an_edit_that_would_be_refused_is_told_in_a_sentence() {
    let cancel = CancellationToken::new();
    let edited = set(vec![planned("{}")]);
    let gate = |server| desk(&Rehearsing::new(server)).gate();
    assert_eq!(gate(Server::Says(works)).try_again(&edited, &cancel).await, Ok(Some(works(&edited))));
    let refused = gate(Server::Says(fails)).try_again(&edited, &cancel).await.unwrap_err();
    assert_eq!(refused, "Business Central would refuse this: The customer is blocked. Nothing was edited.");
    assert_eq!(gate(Server::Alarms).try_again(&edited, &cancel).await.unwrap_err(), "A customer stayed.");
}

#[test]
fn a_permit_is_for_exactly_its_set_in_its_order() {
    let (one, other) = (planned(r#"{"displayName":"A"}"#), planned(r#"{"displayName":"B"}"#));
    let both = [one.clone(), other.clone()];
    assert_eq!(DryRunPermit::of(&both).redeem(&[&one.request, &other.request]), Ok(()));
    for requests in [&[&other.request, &one.request][..], &[&one.request], &[&one.request, &one.request], &[]] {
        assert_eq!(DryRunPermit::of(&both).redeem(requests), Err(PermitError::OtherRequest));
    }
}
