#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bca_approval::{ApprovalGate, ApprovalLog, ChangeSet, LogError, NotAsked, PlannedWrite, Quota, Rehearsal, Rehearsed, Resolution, Rules, Standing, Waiting};
use bca_auth::{FixedToken, Secret};
use bca_protocol::{
    ApprovalId, ApprovalRequest, CallId, ChangeId, ChangePreview, Connection, ConnectionKind, Digest, DryRun, Effect, RunId, SessionId, SystemClock, Undoable,
    WriteOperation,
};
use jiff::Timestamp;

use super::*;
use crate::script::{COMPANY, ETAG, ID, Intents, Reply, Script, ok, refusal};

const BODY: &str = r#"{"displayName":"Harbor Lights Ltd"}"#;

/// Takes the permit that the gate gives, and nothing else.
#[derive(Default)]
struct Catch(Mutex<Option<DryRunPermit>>);

#[async_trait]
impl Rehearsal for Catch {
    async fn is_wanted(&self, _connection: &Connection) -> bool {
        true
    }

    async fn rehearse(&self, _set: &ChangeSet, permit: DryRunPermit, _cancel: &CancellationToken) -> Rehearsed {
        *self.0.lock().unwrap() = Some(permit);
        Rehearsed { dry_run: DryRun::NotKnown { why: String::new() }, alarm: None }
    }

    async fn tried(&self, _set: &ChangeSet, _rehearsed: &Rehearsed) {}
}

/// Nobody is ever asked.
struct Nowhere;

#[async_trait]
impl ApprovalLog for Nowhere {
    async fn ask(&self, _request: &ApprovalRequest, _writes: &[PlannedWrite], _quota: Quota) -> Result<(), NotAsked> {
        Err(NotAsked::UsedUp("Nobody is asked here.".into()))
    }

    async fn resolve(&self, _id: ApprovalId, _digest: Digest, _resolution: &Resolution) -> Result<Option<Resolution>, LogError> {
        Ok(None)
    }

    async fn standing(&self, _id: ApprovalId) -> Result<Standing, LogError> {
        Err(LogError("nobody was asked".into()))
    }

    async fn question(&self, _id: ApprovalId) -> Result<ApprovalRequest, LogError> {
        Err(LogError("nobody was asked".into()))
    }

    async fn approved(&self, _id: ApprovalId) -> Result<Vec<PlannedWrite>, LogError> {
        Ok(Vec::new())
    }

    async fn withdraw(&self, _id: ApprovalId, _why: &str, _at: Timestamp) -> Result<(), LogError> {
        Ok(())
    }

    async fn changed(&self) {
        std::future::pending().await
    }
}

fn planned(request: &CanonicalRequest) -> PlannedWrite {
    let preview = ChangePreview {
        change_id: ChangeId::new(),
        call_id: CallId::fresh(),
        operation: WriteOperation::Create,
        action: None,
        effect: Effect::Write,
        entity: "customers".into(),
        key: None,
        title: "A customer".into(),
        fields: Vec::new(),
        notes: Vec::new(),
        undo: Undoable::Yes { how: "Delete it.".into() },
        undoes: None,
        undoes_also: Vec::new(),
        conflicts: Vec::new(),
        method: request.method.as_str().into(),
        path: request.path.clone(),
        if_match: request.if_match.clone(),
        body: request.body.clone(),
        digest: request.digest(),
    };
    PlannedWrite { request: request.clone(), preview, before: None }
}

/// A permit from the real gate for these requests.
async fn permit(requests: &[CanonicalRequest]) -> DryRunPermit {
    let connection = Connection {
        name: "demo".into(),
        kind: ConnectionKind::Demo,
        tenant: String::new(),
        environment: String::new(),
        company: String::new(),
        company_id: COMPANY.into(),
        account: String::new(),
    };
    let set = ChangeSet { session_id: SessionId::new(), run_id: RunId::new(), connection, title: None, writes: requests.iter().map(planned).collect() };
    let catch = Arc::new(Catch::default());
    let gate = ApprovalGate::new(Arc::new(Nowhere), Arc::new(SystemClock::new()), bca_approval::Limits::default(), Rules::default());
    let (emit, cancel) = (|_| {}, CancellationToken::new());
    gate.rehearsing(Arc::clone(&catch) as _).authorise(set, &Waiting { emit: &emit, cancel: &cancel }).await;
    catch.0.lock().unwrap().take().expect("the gate gave no permit")
}

fn create(script: &Script) -> CanonicalRequest {
    script.request(Method::Post, "customers?$expand=defaultDimensions", None, Some(BODY))
}

/// With an id of its own choice.
fn create_as(script: &Script) -> CanonicalRequest {
    script.request(Method::Post, "customers", None, Some(&format!(r#"{{"id":"{ID}","displayName":"Harbor Lights Ltd"}}"#)))
}

fn change(script: &Script) -> CanonicalRequest {
    script.request(Method::Patch, &format!("customers({ID})"), Some(ETAG), Some(BODY))
}

fn delete(script: &Script) -> CanonicalRequest {
    script.request(Method::Delete, &format!("customers({ID})"), Some(ETAG), None)
}

async fn tried(script: &Script, requests: &[CanonicalRequest]) -> Trial {
    let requests_of: Vec<&CanonicalRequest> = requests.iter().collect();
    script.client().dry_run(permit(requests).await, &requests_of, &CancellationToken::new()).await
}

/// An answer of a batch: the status, and a record in this version, an error code, or nothing.
fn said(status: u16, what: &str) -> String {
    match what {
        "" => format!(r#"{{"status":{status},"headers":{{}}}}"#),
        tag if tag.starts_with("W/") => {
            format!(r#"{{"status":{status},"headers":{{}},"body":{{"@odata.etag":"{}","id":"{ID}"}}}}"#, tag.replace('"', "\\\""))
        }
        code => {
            format!(r#"{{"status":{status},"body":{{"error":{{"code":"{code}","message":"No.  CorrelationId:  7f0a1b2c-0000-1111-2222-333344445555."}}}}}}"#)
        }
    }
}

fn batch(answers: &[String]) -> Reply {
    ok(format!(r#"{{"responses":[{}]}}"#, answers.join(",")))
}

const NEW: &str = "W/\"new\"";

fn gone() -> String {
    said(404, "BadRequest_ResourceNotFound")
}

#[tokio::test]
async fn the_set_leaves_in_a_snapshot_with_an_operation_that_can_only_fail_behind_it() {
    let script = Script::new([batch(&[said(201, NEW), said(200, NEW), gone()]), batch(&[gone(), said(200, ETAG)])]).await;
    let intents = Arc::new(Intents::default());
    let client = script.client_with(Arc::new(FixedToken::new(Secret::new("t".into()))), Arc::clone(&intents) as _);
    let requests = [create(&script), change(&script)];
    let trial = client.dry_run(permit(&requests).await, &[&requests[0], &requests[1]], &CancellationToken::new()).await;
    let Trial::Tried(outcomes) = trial else { panic!("{trial:?}") };
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    assert!(intents.sending.lock().unwrap().is_empty(), "nothing counts as sent");

    let seen = script.seen();
    assert_eq!(seen[0].line, "POST /v2.0/demo/api/v2.0/$batch HTTP/1.1");
    assert_eq!(seen[0].header("isolation"), Some("snapshot"));
    let (before, last) = seen[0].body.rsplit_once(r#",{"id":"2","#).unwrap();
    assert!(before.contains(BODY) && before.matches("\"method\"").count() == 2, "{before}");
    let (start, end) = last.split_once("/customers(").unwrap();
    assert_eq!(start, format!(r#""method":"PATCH","url":"companies({COMPANY})"#));
    let (id, end) = end.split_once(')').unwrap();
    assert!(RecordId::parse(id).is_ok() && id != ID && id.as_bytes()[14] == b'4', "{id}");
    assert!(end.contains("If-Match") && end.contains(r#""body":{}"#), "{end}");
    assert!(seen[1].body.contains(&format!("customers({ID})\"")) && !seen[1].body.contains("expand"), "{}", seen[1].body);
    assert_eq!(seen[1].header("isolation"), None);

    let script = Script::new([batch(&[said(201, NEW), gone()]), batch(&[gone()])]).await;
    tried(&script, &[create(&script)]).await;
    assert!(!script.seen()[0].body.contains(id), "another id each time");
}

#[tokio::test]
async fn what_stayed_is_seen_and_what_is_as_it_was_is_not_called_so() {
    let found = |at| Trial::Stayed(vec![Stayed { at, certainty: Certainty::Found }]);
    let suspected = |at| Trial::Stayed(vec![Stayed { at, certainty: Certainty::Suspected }]);
    let rule = || said(400, "Application_DialogException");
    type Request = fn(&Script) -> CanonicalRequest;
    let cases: Vec<(&str, Request, Vec<Reply>, Option<Trial>)> = vec![
        ("a record that was created is there", create, vec![batch(&[said(201, NEW), gone()]), batch(&[said(200, NEW)])], Some(found(0))),
        ("a change is there", change, vec![batch(&[said(200, NEW), gone()]), batch(&[said(200, NEW)])], Some(found(0))),
        ("somebody else changed it since", change, vec![batch(&[said(200, NEW), gone()]), batch(&[said(200, "W/\"x\"")])], None),
        ("a change without a version", change, vec![batch(&[said(204, ""), gone()]), batch(&[said(200, "W/\"x\"")])], Some(suspected(0))),
        ("a deleted record is gone", delete, vec![batch(&[said(204, ""), gone()]), batch(&[gone()])], Some(found(0))),
        ("a deleted record is there", delete, vec![batch(&[said(204, ""), gone()]), batch(&[said(200, ETAG)])], None),
        ("the last did not fail", create, vec![batch(&[said(201, NEW), said(200, NEW)]), batch(&[gone()])], Some(suspected(0))),
        ("the last did not fail, and nothing can be read", create, vec![batch(&[said(201, NEW), said(200, NEW)]), refusal(403, "x_y")], Some(suspected(0))),
        ("refused, and nothing to look at", create, vec![batch(&[rule(), gone()])], None),
        ("refused, the server stops there", create, vec![batch(&[rule()])], None),
        ("half an answer, and what has none is there", change, vec![batch(&[]), batch(&[said(200, NEW)])], Some(suspected(0))),
        ("no answer, and the record was changed", change, vec![Reply::Drop, batch(&[said(200, NEW)])], Some(suspected(0))),
        ("no answer, and what was to be created is there", create_as, vec![Reply::Drop, batch(&[said(200, NEW)])], Some(found(0))),
        ("no answer, and the record is gone", delete, vec![Reply::Drop, batch(&[gone()])], Some(suspected(0))),
    ];
    for (name, request, replies, expected) in cases {
        let script = Script::new(replies).await;
        let trial = tried(&script, &[request(&script)]).await;
        match expected {
            Some(expected) => assert_eq!(trial, expected, "{name}"),
            None => assert!(matches!(trial, Trial::Tried(_)), "{name}: {trial:?}"),
        }
    }
}

#[tokio::test]
async fn where_nothing_can_be_said_nothing_is_said() {
    type Request = fn(&Script) -> CanonicalRequest;
    let cases: Vec<(&str, Request, Vec<Reply>, Left)> = vec![
        ("it never answers", create, vec![Reply::Hang], Left::NotSeen(None)),
        ("it broke off", change, vec![Reply::Truncate(200), batch(&[said(200, ETAG)])], Left::NotSeen(None)),
        ("too busy", change, vec![refusal(429, "Application_TooManyRequests")], Left::Nothing),
        ("no snapshots here", create, vec![refusal(400, "BadRequest")], Left::Nothing),
        ("what it left can't be read", create, vec![batch(&[said(201, NEW), gone()]), refusal(403, "Authorization_RequestDenied")], Left::NotSeen(Some(ID))),
        ("what it left is hidden", create, vec![batch(&[said(201, NEW), gone()]), batch(&[r#"{"status":404}"#.to_owned()])], Left::NotSeen(Some(ID))),
        ("the last has no answer", create, vec![batch(&[said(201, NEW)]), batch(&[gone()])], Left::Nothing),
        ("no batch of answers", create, vec![ok("{}")], Left::NotSeen(None)),
    ];
    for (name, request, replies, left) in cases {
        let script = Script::new(replies).await;
        let trial = tried(&script, &[request(&script)]).await;
        match (&trial, left) {
            (Trial::NotKnown(_), Left::Nothing) => {}
            (Trial::Open { answered, .. }, Left::NotSeen(id)) => {
                assert_eq!(answered.iter().map(|id| id.as_ref().map(RecordId::as_str)).collect::<Vec<_>>(), [id], "{name}");
            }
            (other, _) => panic!("{name}: {other:?}"),
        }
        assert!(script.seen().iter().filter(|seen| seen.header("isolation").is_some()).count() == 1, "{name}: sent again");
    }
}

/// What is known of what a trial left.
enum Left {
    Nothing,
    /// Nobody saw it; the id that its answer gave.
    NotSeen(Option<&'static str>),
}

#[tokio::test]
async fn a_later_look_reads_what_has_an_id_and_says_of_what_none_is_known() {
    let script = Script::new([batch(&[gone(), said(200, NEW), said(200, ETAG)])]).await;
    let requests = [create(&script), create_as(&script), create(&script), change(&script)];
    let answered = [None, None, Some(RecordId::parse(ID).unwrap()), None];
    let stands = script.client().stands_after(&requests.iter().collect::<Vec<_>>(), &answered).await.unwrap();
    let etag = |stands: &Stands| match stands {
        Stands::There(record) => record.etag.clone(),
        Stands::Nowhere | Stands::NoId => None,
    };
    assert_eq!((&stands[0], &stands[1]), (&Stands::NoId, &Stands::Nowhere));
    assert_eq!((etag(&stands[2]).as_deref(), etag(&stands[3]).as_deref()), (Some(NEW), Some(ETAG)));
    let [seen] = &script.seen()[..] else { panic!("one round trip") };
    assert!(seen.body.matches("\"method\":\"GET\"").count() == 3 && seen.header("isolation").is_none(), "{}", seen.body);

    for reply in [refusal(403, "Authorization_RequestDenied"), batch(&[r#"{"status":404}"#.to_owned()])] {
        let script = Script::new([reply]).await;
        script.client().stands_after(&[&change(&script)], &[]).await.unwrap_err();
    }
}

#[tokio::test]
async fn what_may_not_be_tried_out_never_leaves() {
    let script = Script::new([ok("{}")]).await;
    let action = script.request(Method::Post, &format!("salesInvoices({ID})/Microsoft.NAV.post"), None, None);
    let custom = script.request(Method::Post, "contoso/loyalty/v1.0/loyaltyCards", None, Some(BODY));
    let later = script.request(Method::Post, "salesOrders", None, Some(&format!(r#"{{"customerId":"{{result:{}}}"}}"#, ChangeId::new())));
    let mut elsewhere = create(&script);
    elsewhere.target.company_id = ID.into();
    for request in [action, custom, later, elsewhere] {
        let trial = tried(&script, std::slice::from_ref(&request)).await;
        assert!(matches!(trial, Trial::NotSent(_)), "{}: {trial:?}", request.path);
    }
    let (one, other) = (create(&script), change(&script));
    let trial = script.client().dry_run(permit(&[one]).await, &[&other], &CancellationToken::new()).await;
    assert!(matches!(trial, Trial::NotSent(NotSent::Permit(_))), "{trial:?}");
    assert!(script.seen().is_empty());
}

#[tokio::test]
async fn refusals_come_as_the_server_says_them() {
    let script = Script::new([batch(&[said(400, "Application_DialogException"), said(409, "Request_EntityChanged"), gone()])]).await;
    let Trial::Tried(outcomes) = tried(&script, &[create(&script), change(&script)]).await else { panic!("not tried") };
    assert!(
        matches!(&outcomes[..], [Err(WriteError::Refused(BcError::Refused { code, message, .. })), Err(WriteError::Changed(_))]
        if code == "Application_DialogException" && message == "No."),
        "{outcomes:?}"
    );
}
