//! A trial that nobody saw the end of: looked at later, never sent again, and nothing more is tried out until that is known.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use bca_protocol::{
    AccessRole, ApprovalRequest, AuditAction, AuditEntry, AuditFilter, AuditOutcome, DryRun, DryRunSwitch, Permissions, ReviewVerdict, SessionId, TriedOutcome,
};
use bca_sim::Options;
use bca_testkit::{Books, Clocks, Gateway, Home, Passage, Passed, RunningApp, ScriptedModel, Turn};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::support::{CREATE, DELETE, UPDATE, create, rename};

/// An office whose network fails as a test says.
struct Office {
    home: Home,
    books: Books,
    model: ScriptedModel,
    gateway: Gateway,
    clocks: Arc<Clocks>,
}

impl Office {
    /// Where these are proposed, one in each run, and a person lets them be tried out.
    async fn of(books: Books, calls: &[(&str, Value)]) -> (Self, RunningApp) {
        let turns = calls.iter().enumerate().flat_map(|(n, (tool, input))| {
            let id: &'static str = ["call_1", "call_2", "call_3"][n];
            [Turn::calls(&[(id, tool, input.clone())]), Turn::text("So be it.")]
        });
        let model = ScriptedModel::serve(turns.collect()).await;
        let gateway = Gateway::before(&books).await;
        let office = Self { home: Home::new(), books, model, gateway, clocks: Arc::default() };
        let running = office.open().await;
        let permissions = Permissions { dry_run: Some(DryRunSwitch::On), role: AccessRole::Admin, ..Permissions::default() };
        running.app.set_permissions(None, permissions).await.unwrap();
        (office, running)
    }

    async fn open(&self) -> RunningApp {
        self.home.own_at_by(self.clocks.clone(), self.gateway.url(), &self.books.company(), &self.model).await
    }

    /// The next trial is kept on its way, and what it left can't be read.
    fn loses_the_next(&self) {
        let next = AtomicBool::new(true);
        self.gateway.rule(move |_, path| match path.ends_with("$batch") {
            true if next.swap(false, Ordering::SeqCst) => Passage::Kept,
            true => Passage::Refused(403),
            false => Passage::Open,
        });
    }

    /// The trial that was kept, and how many went.
    fn trials(&self) -> Vec<Passed> {
        let of_a_set = |passed: &Passed| passed.path.ends_with("$batch") && passed.header("isolation").is_some();
        self.gateway.seen().into_iter().filter(of_a_set).collect()
    }

    /// Closed, and opened again so many seconds later.
    async fn later(&self, running: RunningApp, seconds: u64) -> RunningApp {
        running.app.stop().await;
        drop(running);
        self.pass(seconds);
        self.open().await
    }

    fn pass(&self, seconds: u64) {
        self.clocks.jump(SignedDuration::from_secs(i64::try_from(seconds).unwrap()));
        self.clocks.pass(Duration::from_secs(seconds));
    }
}

async fn asked(running: &RunningApp, verdict: ReviewVerdict) -> (ApprovalRequest, SessionId) {
    let (run, events) = running.send(None, "Go on").await;
    let question = events.question().await;
    running.answer(&question, verdict).await.unwrap();
    run.done.await.unwrap();
    (question, run.started.session_id)
}

async fn rejected(running: &RunningApp) -> ApprovalRequest {
    asked(running, ReviewVerdict::Reject { reason: None }).await.0
}

/// What the log says of trials, the newest first.
async fn audited(running: &RunningApp) -> Vec<(AuditOutcome, String)> {
    let filter = AuditFilter { action: Some(AuditAction::DryRun), ..AuditFilter::default() };
    let told = |entry: AuditEntry| (entry.outcome, entry.details.unwrap().as_str().to_owned());
    running.app.audit_page(&filter, None, 100).await.unwrap().entries.into_iter().map(told).collect()
}

/// Waits for so many entries about trials.
async fn entries(running: &RunningApp, count: usize) -> Vec<(AuditOutcome, String)> {
    for _ in 0..500 {
        let entries = audited(running).await;
        if entries.len() >= count {
            return entries;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{:?}", audited(running).await)
}

fn noticed(running: &RunningApp, words: &str) -> bool {
    running.app.notices().iter().any(|notice| notice.text.contains(words))
}

async fn noticed_soon(running: &RunningApp, words: &str) {
    for _ in 0..500 {
        if noticed(running, words) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{:?}", running.app.notices())
}

fn not_tried(question: &ApprovalRequest) -> &str {
    let Some(DryRun::NotTried { why }) = &question.dry_run else { panic!("{:?}", question.dry_run) };
    why
}

fn would_work(question: &ApprovalRequest) -> bool {
    matches!(&question.dry_run, Some(DryRun::Tried { writes }) if matches!(writes[0].outcome, TriedOutcome::WouldWork { .. }))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_committed_after_everybody_gave_up_is_found_and_told_and_it_is_off_from_then_on() {
    let books = Books::with(|mut options: Options| {
        options.switches.honours_snapshots = false;
        options
    })
    .await;
    let (changed, deleted) = (books.ids("customers", 1).await.remove(0), books.create("customers", &json!({"displayName": "Goes away"})).await);
    let cases = [
        ("Create customer Stayed\" may stand", "never", (CREATE, create("Stayed"))),
        ("Create customer With an id\" was found", "everywhere", (CREATE, create("With an id"))),
        ("Change customer", "never", (UPDATE, rename(&changed, "Renamed"))),
        ("Delete customer", "never", (DELETE, json!({"entity": "customers", "id": deleted}))),
    ];
    let mut books = Some(books);
    for (name, ids, call) in cases {
        let (office, running) = Office::of(books.take().unwrap(), &[call, (CREATE, create("Asked later"))]).await;
        running.app.set_setting(bca_app::Key::NewIds, Some(ids)).await.unwrap();
        office.loses_the_next();
        let question = rejected(&running).await;
        assert!(matches!(question.dry_run, Some(DryRun::NotKnown { .. })), "{:?}", question.dry_run);
        let kept = office.trials().pop().unwrap();
        office.gateway.rule(|_, _| Passage::Open);
        assert!(not_tried(&rejected(&running).await).contains("not known yet"), "{name}");

        // Business Central had it all the time.
        office.gateway.commit(&kept).await;
        let running = office.later(running, 61).await;
        let entries = entries(&running, 3).await;
        assert!(entries[0].0 == AuditOutcome::Failed && entries[0].1.contains("alarm"), "{entries:?}");
        noticed_soon(&running, "was only to be tried out").await;
        let view = running.app.permissions(None).await.unwrap();
        assert_eq!(view.dry_run, DryRunSwitch::Off);
        let errors = running.app.errors(5).await.unwrap();
        assert!(errors[0].message.contains(name) && errors[0].session_id == Some(question.session_id), "{errors:?}");
        assert_eq!(office.trials().len(), 1, "never sent again");

        let again = office.later(running, 1).await;
        assert!(noticed(&again, "was only to be tried out"), "who comes later is told too");
        again.app.stop().await;
        assert_eq!(audited(&again).await.len(), 3, "it is said once");
        books = Some(office.books);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nothing_came_in_eleven_minutes_it_is_settled_and_sets_are_tried_out_again() {
    let calls = [(CREATE, create("Lost")), (CREATE, create("Between")), (CREATE, create("Tried again"))];
    let (office, running) = Office::of(Books::open().await, &calls).await;
    office.loses_the_next();
    rejected(&running).await;
    office.gateway.rule(|_, _| Passage::Open);
    let running = office.later(running, 61).await;
    assert!(noticed(&running, "it is not sent again"));
    assert!(not_tried(&rejected(&running).await).contains("not known yet"), "it may still come");
    let running = office.later(running, 600).await;
    let entries = entries(&running, 3).await;
    assert!(entries[0].0 == AuditOutcome::Unknown && entries[0].1.contains("nothing of it was found"), "{entries:?}");
    noticed_soon(&running, "nothing of it was found").await;
    assert!(would_work(&rejected(&running).await));
    assert_eq!(running.app.permissions(None).await.unwrap().dry_run, DryRunSwitch::On);
    assert_eq!(office.trials().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_no_look_is_answered_it_stays_open_and_is_said_until_one_is() {
    let books = Books::open().await;
    let id = books.ids("customers", 1).await.remove(0);
    let calls = [(UPDATE, rename(&id, "Lost")), (CREATE, create("Between")), (CREATE, create("Tried again"))];
    let (office, running) = Office::of(books, &calls).await;
    office.loses_the_next();
    rejected(&running).await;
    office.gateway.rule(|_, path| if path.ends_with("$batch") { Passage::Refused(403) } else { Passage::Open });
    let running = office.later(running, 661).await;
    let told = entries(&running, 2).await;
    assert!(told[0].0 == AuditOutcome::Unknown && told[0].1.contains("Nothing more is tried out on this connection until it was"), "{told:?}");
    noticed_soon(&running, "could not be looked at").await;
    assert!(running.app.errors(1).await.unwrap()[0].message.contains("could not be looked at"));

    // The network is back: the next proposal has it looked at, and the one after that is tried out.
    office.gateway.rule(|_, _| Passage::Open);
    assert!(not_tried(&rejected(&running).await).contains("not known yet"));
    let told = entries(&running, 4).await;
    assert!(told.iter().any(|(_, details)| details.contains("nothing of it was found")), "{told:?}");
    assert!(would_work(&rejected(&running).await));
    assert_eq!(office.trials().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_person_approved_after_all_is_no_alarm() {
    for tool in [CREATE, UPDATE] {
        let books = Books::open().await;
        let input = if tool == CREATE { create("Approved") } else { rename(&books.ids("customers", 1).await[0], "Approved") };
        let (office, running) = Office::of(books, &[(tool, input)]).await;
        office.loses_the_next();
        let (run, events) = running.send(None, "Go on").await;
        let question = events.question().await;
        office.gateway.rule(|_, _| Passage::Open);
        running.answer(&question, ReviewVerdict::Approve).await.unwrap();
        run.done.await.unwrap();
        let running = office.later(running, 661).await;
        let told = entries(&running, 2).await;
        assert!(told[0].1.contains("nothing of it was found"), "{told:?}");
        assert_eq!(running.app.permissions(None).await.unwrap().dry_run, DryRunSwitch::On);
        assert_eq!(office.books.named("customers", "Approved").await, 1);
    }
}
