#![allow(clippy::unwrap_used, clippy::panic)]
use std::sync::Mutex;

use async_trait::async_trait;
use bca_protocol::{CallId, ChangeId, ChangePreview, ConnectionKind, Digest, Effect, Undoable, WriteOperation};
use tokio::sync::Notify;

use super::*;
use crate::{CanonicalRequest, Method, PermitError, Rules, Standing, Target};

/// What a database does, in memory: compare-and-set on one question.
#[derive(Default)]
pub(crate) struct Log {
    pending: Mutex<Option<(ApprovalRequest, Option<Resolution>)>>,
    writes: Mutex<Vec<PlannedWrite>>,
    changed: Notify,
    broken: Mutex<bool>,
    withdrawn: Mutex<Option<String>>,
}

#[async_trait]
impl ApprovalLog for Log {
    async fn ask(&self, request: &ApprovalRequest, writes: &[PlannedWrite], _quota: Quota) -> Result<(), NotAsked> {
        *self.writes.lock().unwrap() = writes.to_vec();
        *self.pending.lock().unwrap() = Some((request.clone(), None));
        self.changed.notify_waiters();
        Ok(())
    }

    async fn resolve(&self, _id: ApprovalId, digest: Digest, resolution: &Resolution) -> Result<Option<Resolution>, LogError> {
        let mut pending = self.pending.lock().unwrap();
        let Some((request, held)) = pending.as_mut() else { return Ok(None) };
        if resolution.decision == Decision::Approved && request.digest != digest {
            return Ok(None);
        }
        let late = resolution.decision == Decision::Approved && resolution.at >= request.expires_at;
        let resolution = if late { Resolution { decision: Decision::Expired, by: Reviewer::Clock, ..resolution.clone() } } else { resolution.clone() };
        let held = held.get_or_insert(resolution).clone();
        self.changed.notify_waiters();
        Ok(Some(held))
    }

    async fn standing(&self, _id: ApprovalId) -> Result<Standing, LogError> {
        if *self.broken.lock().unwrap() {
            return Err(LogError("the disk is gone".into()));
        }
        let pending = self.pending.lock().unwrap();
        let (request, held) = pending.as_ref().unwrap();
        Ok(Standing { revision: request.revision, resolution: held.clone() })
    }

    async fn question(&self, _id: ApprovalId) -> Result<ApprovalRequest, LogError> {
        Ok(self.pending.lock().unwrap().as_ref().unwrap().0.clone())
    }

    async fn approved(&self, _id: ApprovalId) -> Result<Vec<PlannedWrite>, LogError> {
        Ok(self.writes.lock().unwrap().clone())
    }

    async fn withdraw(&self, _id: ApprovalId, why: &str, _at: Timestamp) -> Result<(), LogError> {
        *self.withdrawn.lock().unwrap() = Some(why.to_owned());
        Ok(())
    }

    async fn changed(&self) {
        self.changed.notified().await;
    }
}

pub(crate) struct Clocks {
    wall: Mutex<Timestamp>,
    steady: Mutex<Duration>,
}

impl Clocks {
    fn new() -> Self {
        Self { wall: Mutex::new("2026-11-21T10:00:00Z".parse().unwrap()), steady: Mutex::default() }
    }

    fn jump_wall(&self, seconds: i64) {
        let mut wall = self.wall.lock().unwrap();
        *wall = wall.checked_add(SignedDuration::from_secs(seconds)).unwrap();
    }

    fn pass(&self, seconds: u64) {
        *self.steady.lock().unwrap() += Duration::from_secs(seconds);
    }
}

impl Clock for Clocks {
    fn now(&self) -> Timestamp {
        *self.wall.lock().unwrap()
    }

    fn monotonic(&self) -> Duration {
        *self.steady.lock().unwrap()
    }
}

fn request(body: &str) -> CanonicalRequest {
    let target = Target { root: "http://127.0.0.1/api/v2.0".into(), tenant: "t".into(), environment: "e".into(), company_id: "c".into(), account: "a".into() };
    CanonicalRequest { target, method: Method::Post, path: "customers".into(), if_match: None, body: Some(body.into()) }
}

pub(crate) fn planned(body: &str) -> PlannedWrite {
    let request = request(body);
    let preview = ChangePreview {
        change_id: ChangeId::new(),
        call_id: CallId::from_provider("call_1"),
        operation: WriteOperation::Create,
        action: None,
        effect: Effect::Write,
        entity: "customers".into(),
        key: None,
        title: "Create customer".into(),
        fields: Vec::new(),
        notes: Vec::new(),
        undo: Undoable::Yes { how: "Delete it.".into() },
        undoes: None,
        undoes_also: Vec::new(),
        conflicts: Vec::new(),
        method: "POST".into(),
        path: "customers".into(),
        if_match: None,
        body: request.body.clone(),
        digest: request.digest(),
    };
    PlannedWrite { request, preview, before: None }
}

pub(crate) fn set(writes: Vec<PlannedWrite>) -> ChangeSet {
    let connection = Connection {
        name: "demo".into(),
        kind: ConnectionKind::Demo,
        tenant: "t".into(),
        environment: "e".into(),
        company: "C".into(),
        company_id: "c".into(),
        account: "a".into(),
    };
    ChangeSet { session_id: SessionId::new(), run_id: RunId::new(), connection, title: Some("A set".into()), writes }
}

pub(crate) struct Desk {
    log: Arc<Log>,
    clocks: Arc<Clocks>,
    cancel: CancellationToken,
    pub(crate) events: Mutex<Vec<EventKind>>,
    pub(crate) rehearsal: Option<Arc<dyn Rehearsal>>,
}

impl Desk {
    pub(crate) fn new() -> Self {
        let log = Arc::default();
        Self { log, clocks: Arc::new(Clocks::new()), cancel: CancellationToken::new(), events: Mutex::default(), rehearsal: None }
    }

    pub(crate) fn gate(&self) -> ApprovalGate {
        let gate = ApprovalGate::new(Arc::clone(&self.log) as _, Arc::clone(&self.clocks) as _, Limits::default(), Rules::default());
        match &self.rehearsal {
            Some(rehearsal) => gate.rehearsing(Arc::clone(rehearsal)),
            None => gate,
        }
    }

    pub(crate) async fn authorise(&self, writes: Vec<PlannedWrite>) -> Authorisation {
        let gate = self.gate();
        let emit = |event| self.events.lock().unwrap().push(event);
        gate.authorise(set(writes), &Waiting { emit: &emit, cancel: &self.cancel }).await
    }

    /// Does something as soon as the question is stored.
    pub(crate) async fn once_asked(&self, then: impl AsyncFnOnce(ApprovalRequest)) {
        let asked = loop {
            if let Some((request, _)) = self.log.pending.lock().unwrap().clone() {
                break request;
            }
            tokio::task::yield_now().await;
        };
        then(asked).await;
    }

    pub(crate) async fn answer(&self, request: &ApprovalRequest, decision: Decision) -> Option<Resolution> {
        let resolution = Resolution { decision, by: Reviewer::Window, reason: None, at: self.clocks.now() };
        self.log.resolve(request.approval_id, request.digest, &resolution).await.unwrap()
    }
}

fn refusal(authorisation: Authorisation) -> Decision {
    match authorisation {
        Authorisation::Refused(resolution) => resolution.decision,
        Authorisation::Permitted(_) => panic!("permitted"),
        Authorisation::WouldFail(tried) => panic!("would fail: {tried:?}"),
        Authorisation::Denied(reason) => panic!("denied: {reason}"),
    }
}

#[tokio::test(start_paused = true)]
async fn an_approval_gives_one_permit_for_each_write_and_for_nothing_else() {
    let desk = Desk::new();
    let (authorisation, ()) = tokio::join!(
        desk.authorise(vec![planned("{\"a\":1}"), planned("{\"a\":2}")]),
        desk.once_asked(async |r| drop(desk.answer(&r, Decision::Approved).await))
    );
    let Authorisation::Permitted(permits) = authorisation else { panic!("not permitted") };
    let [first, second]: [PermittedWrite; 2] = permits.try_into().map_err(|_| "two permits").unwrap();
    assert!(first.permit.redeem(&request("{\"a\":1}")).is_ok());
    assert_eq!(second.permit.redeem(&request("{\"a\":1}")), Err(PermitError::OtherRequest));
    let events = desk.events.lock().unwrap();
    assert!(matches!(&events[..], [EventKind::ApprovalRequested(_), EventKind::ApprovalResolved { decision: Decision::Approved, .. }]));
}

#[tokio::test(start_paused = true)]
async fn silence_is_no_by_the_wall_clock_and_by_the_steady_one() {
    let desk = Desk::new();
    let (authorisation, ()) = tokio::join!(desk.authorise(vec![planned("{}")]), desk.once_asked(async |_| desk.clocks.jump_wall(3600)));
    assert_eq!(refusal(authorisation), Decision::Expired);
    let desk = Desk::new();
    let (authorisation, ()) = tokio::join!(desk.authorise(vec![planned("{}")]), desk.once_asked(async |_| desk.clocks.pass(300)));
    assert_eq!(refusal(authorisation), Decision::Expired);
    let desk = Desk::new();
    let (authorisation, ()) = tokio::join!(desk.authorise(vec![planned("{}")]), desk.once_asked(async |_| desk.clocks.jump_wall(-3600)));
    assert_eq!(refusal(authorisation), Decision::Expired);
}

#[tokio::test(start_paused = true)]
async fn a_late_approval_is_an_expiry() {
    let desk = Desk::new();
    let late = desk.once_asked(async |r| {
        desk.clocks.jump_wall(301);
        assert_eq!(desk.answer(&r, Decision::Approved).await.unwrap().decision, Decision::Expired);
    });
    let (authorisation, ()) = tokio::join!(desk.authorise(vec![planned("{}")]), late);
    assert_eq!(refusal(authorisation), Decision::Expired);
}

#[tokio::test(start_paused = true)]
async fn cancelling_aborts_and_the_first_answer_holds() {
    let desk = Desk::new();
    let (authorisation, ()) = tokio::join!(desk.authorise(vec![planned("{}")]), desk.once_asked(async |_| desk.cancel.cancel()));
    assert_eq!(refusal(authorisation), Decision::Aborted);
    let desk = Desk::new();
    let both = desk.once_asked(async |r| {
        desk.answer(&r, Decision::Rejected).await;
        assert_eq!(desk.answer(&r, Decision::Approved).await.unwrap().decision, Decision::Rejected);
    });
    let (authorisation, ()) = tokio::join!(desk.authorise(vec![planned("{}")]), both);
    assert_eq!(refusal(authorisation), Decision::Rejected);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_names_another_digest_counts_for_nothing() {
    let desk = Desk::new();
    let wrong = desk.once_asked(async |mut r| {
        r.digest = Digest::from_bytes([7; 32]);
        assert_eq!(desk.answer(&r, Decision::Approved).await, None);
        desk.cancel.cancel();
    });
    let (authorisation, ()) = tokio::join!(desk.authorise(vec![planned("{}")]), wrong);
    assert_eq!(refusal(authorisation), Decision::Aborted);
}

#[tokio::test(start_paused = true)]
async fn a_fault_inside_the_gate_is_a_denial() {
    let desk = Desk::new();
    *desk.log.broken.lock().unwrap() = true;
    assert_eq!(refusal(desk.authorise(vec![planned("{}")]).await), Decision::Aborted);
}

#[tokio::test(start_paused = true)]
async fn what_would_be_shown_must_be_what_would_be_sent() {
    let desk = Desk::new();
    let mut lie = planned("{\"amount\":1}");
    lie.preview.body = Some("{\"amount\":1000}".into());
    assert!(matches!(desk.authorise(vec![lie]).await, Authorisation::Denied(_)));
    assert!(matches!(desk.authorise(Vec::new()).await, Authorisation::Denied(_)));
    assert!(matches!(desk.authorise((0..501).map(|_| planned("{}")).collect()).await, Authorisation::Denied(_)));
    assert!(desk.events.lock().unwrap().is_empty());
}

/// What a person makes of the question: these writes in place of the first ones.
fn revise(desk: &Desk, writes: Vec<PlannedWrite>) -> ApprovalRequest {
    let mut pending = desk.log.pending.lock().unwrap();
    let (request, _) = pending.as_mut().unwrap();
    request.revision += 1;
    request.digest = set_digest(writes.iter().map(|write| &write.preview.digest));
    request.changes = writes.iter().map(|write| write.preview.clone()).collect();
    *desk.log.writes.lock().unwrap() = writes;
    desk.log.changed.notify_waiters();
    request.clone()
}

fn with_body(write: &PlannedWrite, body: &str) -> PlannedWrite {
    let mut write = write.clone();
    write.request.body = Some(body.into());
    write.preview.body = Some(body.into());
    write.preview.digest = write.request.digest();
    write
}

#[tokio::test(start_paused = true)]
async fn what_was_edited_is_told_again_and_only_that_is_permitted() {
    let desk = Desk::new();
    let (kept, out) = (planned("{\"a\":1}"), planned("{\"a\":2}"));
    let editing = desk.once_asked(async |first| {
        let second = revise(&desk, vec![with_body(&kept, "{\"a\":3}")]);
        assert_eq!(desk.answer(&first, Decision::Approved).await, None);
        desk.answer(&second, Decision::Approved).await.unwrap();
    });
    let (authorisation, ()) = tokio::join!(desk.authorise(vec![kept.clone(), out]), editing);
    let Authorisation::Permitted(permitted) = authorisation else { panic!("not permitted") };
    let [only]: [PermittedWrite; 1] = permitted.try_into().map_err(|_| "one permit").unwrap();
    assert_eq!(only.planned.request.body.as_deref(), Some("{\"a\":3}"));
    assert!(only.permit.redeem(&request("{\"a\":3}")).is_ok());
    let events = desk.events.lock().unwrap();
    let [EventKind::ApprovalRequested(first), EventKind::ApprovalRequested(second), EventKind::ApprovalResolved { edited: true, .. }] = &events[..] else {
        panic!("{events:?}")
    };
    assert_eq!((first.revision, second.revision, first.approval_id == second.approval_id), (0, 1, true));
    assert_ne!(first.digest, second.digest);
}

#[tokio::test(start_paused = true)]
async fn what_is_stored_as_approved_must_be_what_was_shown_and_go_where_it_was_asked_for() {
    let elsewhere = |write: &PlannedWrite| {
        let mut write = write.clone();
        write.request.target.company_id = "another".into();
        write.preview.digest = write.request.digest();
        write
    };
    let other_path = |write: &PlannedWrite| {
        let mut write = write.clone();
        (write.request.path, write.preview.path) = ("vendors".into(), "vendors".into());
        write.preview.digest = write.request.digest();
        write
    };
    let first = planned("{}");
    for second in [elsewhere(&first), other_path(&first), planned("{}")] {
        let desk = Desk::new();
        let editing = desk.once_asked(async |_| drop(desk.answer(&revise(&desk, vec![second]), Decision::Approved).await));
        let (authorisation, ()) = tokio::join!(desk.authorise(vec![first.clone()]), editing);
        assert!(matches!(authorisation, Authorisation::Denied(_)));
    }
    let desk = Desk::new();
    let swapped = desk.once_asked(async |asked| {
        *desk.log.writes.lock().unwrap() = vec![with_body(&first, "{\"a\":9}")];
        desk.answer(&asked, Decision::Approved).await.unwrap();
    });
    let (authorisation, ()) = tokio::join!(desk.authorise(vec![first.clone()]), swapped);
    assert!(matches!(authorisation, Authorisation::Denied(_)));
}

#[test]
fn a_set_of_more_than_fifty_is_approved_by_typing_its_number() {
    assert_eq!((typed_confirmation(50), typed_confirmation(51)), (None, Some("51".into())));
}

mod digests {
    use proptest::prelude::*;

    use super::*;

    fn any_request() -> impl Strategy<Value = CanonicalRequest> {
        let text = || "[ -~æøå\u{202e}]{0,12}";
        let method = prop_oneof![Just(Method::Post), Just(Method::Patch), Just(Method::Delete)];
        (text(), text(), text(), method, text(), proptest::option::of(text()), proptest::option::of(text())).prop_map(
            |(root, environment, account, method, path, if_match, body)| CanonicalRequest {
                target: Target { root, tenant: "t".into(), environment, company_id: "c".into(), account },
                method,
                path,
                if_match,
                body,
            },
        )
    }

    /// How many requests: a twentieth, or all where `BC_AGENT_TORTURE` is set.
    fn requests() -> u32 {
        if std::env::var_os("BC_AGENT_TORTURE").is_some() { 40_000 } else { 2_000 }
    }

    /// The request with one byte of one of its parts changed, put in or taken out.
    fn spoilt(request: &CanonicalRequest, part: usize, at: prop::sample::Index, kind: usize) -> CanonicalRequest {
        let mut spoilt = request.clone();
        let text = match (part, &mut spoilt.if_match, &mut spoilt.body) {
            (0, _, _) => &mut spoilt.target.root,
            (1, _, _) => &mut spoilt.target.environment,
            (2, Some(version), _) => version,
            (3, _, Some(body)) => body,
            _ => &mut spoilt.path,
        };
        let mut letters: Vec<char> = text.chars().collect();
        let place = at.index(letters.len() + 1);
        match letters.get_mut(place) {
            Some(letter) if kind == 0 => *letter = if *letter == 'x' { 'y' } else { 'x' },
            Some(_) if kind == 1 => drop(letters.remove(place)),
            Some(_) | None => letters.insert(place, 'z'),
        }
        *text = letters.into_iter().collect();
        spoilt
    }

    #[test]
    fn a_permit_opens_nothing_but_the_request_it_was_given_for() {
        let requests = requests();
        let permit = |r: &CanonicalRequest| WritePermit::new(ChangeId::new(), CallId::fresh(), r.digest());
        let change = || (0..5_usize, any::<prop::sample::Index>(), 0..3_usize);
        proptest!(ProptestConfig::with_cases(requests), |(a in any_request(), b in any_request(), (part, at, kind) in change())| {
            prop_assert!(permit(&a).redeem(&a).is_ok());
            prop_assert_eq!(permit(&a).redeem(&b).is_ok(), a == b);
            prop_assert!(permit(&a).redeem(&spoilt(&a, part, at, kind)).is_err());
        });
        println!("reliability | 12 | requests changed by one letter after their approval: let through | 0 of {requests}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn bytes_that_move_between_parts_change_the_digest(left in "[a-z]{1,6}", right in "[a-z]{1,6}") {
            let with = |path: &str, body: &str| CanonicalRequest { path: path.into(), body: Some(body.into()), ..request("") };
            prop_assert_ne!(with(&format!("{left}{right}"), "").digest(), with(&left, &right).digest());
        }
    }
}
