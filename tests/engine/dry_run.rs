//! Trying a set out before anybody is asked: business rules run, nothing stays, and a server that keeps something is found out.

use bca_protocol::{
    ApprovalRequest, AuditAction, AuditEntry, AuditFilter, AuditOutcome, ConnectionKind, DryRun, DryRunSwitch, ErrorCode, FieldChange, FieldEdit, Permissions,
    ReviewVerdict, Reviewer, Revision, StopReason, ToolCallStatus, TriedOutcome,
};
use bca_sim::{Options, TakenNumbers};
use bca_testkit::{Books, Home, Turn};
use serde_json::{Value, json};

use crate::support::{CREATE, DELETE, Stage, UPDATE, create, error, questions, rename, set, statuses, the_end};

const BATCH: &str = "$batch";

/// Books on whose connection a person lets sets be tried out.
async fn tried(books: Books, turns: Vec<Turn>) -> Stage {
    let stage = set(books, turns).await;
    switch(&stage, DryRunSwitch::On).await;
    stage
}

async fn switch(stage: &Stage, to: DryRunSwitch) {
    let permissions = Permissions { dry_run: Some(to), ..Permissions::default() };
    assert_eq!(stage.running.app.set_permissions(None, permissions).await.unwrap().dry_run, to);
}

fn outcomes(question: &ApprovalRequest) -> Vec<&TriedOutcome> {
    let Some(DryRun::Tried { writes }) = &question.dry_run else { panic!("{:?}", question.dry_run) };
    let order: Vec<_> = writes.iter().map(|write| write.change_id).collect();
    assert_eq!(order, question.changes.iter().map(|change| change.change_id).collect::<Vec<_>>());
    writes.iter().map(|write| &write.outcome).collect()
}

fn fills(outcome: &TriedOutcome) -> &[FieldChange] {
    let TriedOutcome::WouldWork { fills } = outcome else { panic!("{outcome:?}") };
    fills
}

fn not_tried(question: &ApprovalRequest) -> &str {
    let Some(DryRun::NotTried { why }) = &question.dry_run else { panic!("{:?}", question.dry_run) };
    why
}

/// How many batches went with `Isolation: snapshot`.
fn snapshots(stage: &Stage) -> usize {
    stage.books.requests().iter().filter(|request| request.isolation.is_some()).count()
}

async fn audited(stage: &Stage) -> Vec<AuditEntry> {
    let filter = AuditFilter { action: Some(AuditAction::DryRun), ..AuditFilter::default() };
    stage.running.app.audit_page(&filter, None, 100).await.unwrap().entries
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_off_everywhere_but_in_the_demo_until_a_person_turns_it_on() {
    let stage = set(Books::open().await, vec![Turn::calls(&[("call_a", CREATE, create("Untried"))])]).await;
    let view = stage.running.app.permissions(None).await.unwrap();
    assert_eq!((view.dry_run, view.permissions.dry_run), (DryRunSwitch::Off, None));
    assert!(view.dry_run_leaks.contains("number series") && view.dry_run_leaks.contains("mails"), "{}", view.dry_run_leaks);
    let (run, _, question) = stage.asked().await;
    assert_eq!(question.dry_run, None);
    assert_eq!(stage.books.writes().len(), 0);
    stage.running.answer(&question, ReviewVerdict::Approve).await.unwrap();
    run.done.await.unwrap();
    assert!(audited(&stage).await.is_empty());

    let home = Home::new();
    let demo = home.demo().await;
    let view = demo.app.permissions(None).await.unwrap();
    assert_eq!((view.connection.as_str(), view.dry_run), ("demo", DryRunSwitch::On));
    let (run, events) = demo.send(None, "Create a customer named Tried Out Ltd in Bergen with payment terms 14 days").await;
    let question = events.question().await;
    assert_eq!(question.connection.kind, ConnectionKind::Demo);
    assert!(fills(outcomes(&question)[0]).iter().any(|fill| fill.name == "number"), "{:?}", question.dry_run);
    demo.answer(&question, ReviewVerdict::Reject { reason: None }).await.unwrap();
    run.done.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_would_be_filled_in_is_shown_before_the_answer_and_nothing_is_there_until_then() {
    for taken_numbers in [TakenNumbers::GivenBack, TakenNumbers::UsedUp] {
        let books = Books::with(|mut options: Options| {
            options.switches.taken_numbers = taken_numbers;
            options
        })
        .await;
        let stage = tried(books, vec![Turn::calls(&[("call_a", CREATE, create("Tried Out"))])]).await;
        let (run, _, question) = stage.asked().await;
        let number = fills(outcomes(&question)[0]).iter().find(|fill| fill.name == "number").unwrap().clone();
        assert_eq!(stage.books.named("customers", "Tried Out").await, 0);
        let [trial] = &stage.books.writes().into_iter().filter(|request| request.isolation.is_some()).collect::<Vec<_>>()[..] else { panic!("one trial") };
        assert!(trial.path.ends_with(BATCH) && trial.body.contains(question.changes[0].body.as_ref().unwrap()), "{}", trial.body);
        stage.running.answer(&question, ReviewVerdict::Approve).await.unwrap();
        assert_eq!(run.done.await.unwrap(), StopReason::EndTurn);
        let page: Value = serde_json::from_str(&stage.books.read("customers?$filter=displayName eq 'Tried Out'").await).unwrap();
        assert_eq!(page["value"].as_array().unwrap().len(), 1, "written once");
        let is_the_same = page["value"][0]["number"].as_str() == number.after.as_deref();
        assert_eq!(is_the_same, taken_numbers == TakenNumbers::GivenBack, "{number:?} {}", page["value"][0]["number"]);
        let entries = audited(&stage).await;
        assert_eq!((entries.len(), entries[0].outcome), (1, AuditOutcome::Done));
        let details = entries[0].details.as_ref().unwrap().as_str();
        assert!(details.contains("would_work") && details.contains(&question.changes[0].digest.to_string()), "{details}");
        stage.goes_on(stage.running.app.change(question.changes[0].change_id).await.unwrap().session_id).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_set_is_tried_out_as_one_and_each_write_has_its_own_outcome() {
    let books = Books::open().await;
    let id = books.ids("customers", 1).await.remove(0);
    let gone = books.create("customers", &json!({"displayName": "Goes away"})).await;
    let item = books.ids("items", 1).await.remove(0);
    let order = json!({"entity": "salesOrders", "data": {"customerId": id, "salesOrderLines": [{"lineType": "Item", "itemId": item, "quantity": 2}]}});
    let calls = [
        ("call_1", CREATE, create("Set One")),
        ("call_2", UPDATE, rename(&id, "Set Two")),
        ("call_3", DELETE, json!({"entity": "customers", "id": gone})),
        ("call_4", CREATE, order),
    ];
    let before = books.record("customers", &id).await;
    let stage = tried(books, vec![Turn::calls(&calls)]).await;
    let (run, events, question) = stage.asked().await;
    let outcomes = outcomes(&question);
    assert!(fills(outcomes[3]).iter().any(|fill| fill.name == "salesOrderLines[0].unitPrice"), "{:?}", outcomes[3]);
    assert!(outcomes.iter().all(|outcome| matches!(outcome, TriedOutcome::WouldWork { .. })));
    assert_eq!(stage.books.record("customers", &id).await, before, "the same version as before");
    assert_eq!((stage.books.named("customers", "Set One").await, stage.books.named("customers", "Goes away").await), (0, 1));
    stage.running.answer(&question, ReviewVerdict::Approve).await.unwrap();
    run.done.await.unwrap();
    assert!(statuses(&events).iter().all(|(_, status)| *status == ToolCallStatus::Ok), "{:?}", statuses(&events));
    assert_eq!(stage.books.record("customers", &id).await["displayName"], "Set Two");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_would_be_refused_is_not_asked_and_the_model_gets_the_servers_words_and_corrects_it() {
    let books = Books::open().await;
    let taken = books.record("customers", &books.ids("customers", 1).await[0]).await["number"].as_str().unwrap().to_owned();
    let double = json!({"entity": "customers", "data": {"displayName": "Twice", "number": taken}});
    let turns =
        vec![Turn::calls(&[("call_1", CREATE, create("Beside it")), ("call_2", CREATE, double)]), Turn::calls(&[("call_3", CREATE, create("Corrected"))])];
    let stage = tried(books, turns).await;
    let (run, events, question) = stage.asked().await;
    assert_eq!(question.changes[0].title, "Create customer Corrected", "only the second turn asks");
    let told = stage.model.seen()[1].last_results();
    let of = |id: &str| told.iter().find(|(call, _, _)| call == id).unwrap().2.clone();
    assert!(of("call_2").contains("already exists") && of("call_2").contains("Nobody was asked"), "{}", of("call_2"));
    assert!(of("call_1").contains("another change of the same set would be refused"), "{}", of("call_1"));
    stage.running.answer(&question, ReviewVerdict::Approve).await.unwrap();
    run.done.await.unwrap();
    assert_eq!(questions(&events), 1);
    assert_eq!((stage.books.named("customers", "Beside it").await, stage.books.named("customers", "Corrected").await), (0, 1));
    let entries = audited(&stage).await;
    assert_eq!(entries.iter().map(|entry| entry.outcome).collect::<Vec<_>>(), [AuditOutcome::Done, AuditOutcome::Refused]);
    let details = entries[1].details.as_ref().unwrap().as_str();
    assert!(details.contains("would_fail") && details.contains("already exists"), "{details}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_keeps_something_is_an_alarm_and_it_is_off_from_then_on() {
    let books = Books::with(|mut options: Options| {
        options.switches.honours_snapshots = false;
        options
    })
    .await;
    let stage =
        tried(books, vec![Turn::calls(&[("call_a", CREATE, create("Stayed"))]), Turn::text("Oh."), Turn::calls(&[("call_b", CREATE, create("Asked"))])]).await;
    let (_, events, session) = stage.running.ask(None, "Go on").await;
    assert_eq!(questions(&events), 0);
    let (code, message) = error(&events).unwrap();
    assert_eq!(code, ErrorCode::OutcomeUnknown);
    assert!(message.contains("\"Create customer Stayed\" was found in the books") && message.contains("switched off"), "{message}");
    let (status, said) = the_end(&events);
    assert!(status == ToolCallStatus::Error && said.contains("Stayed"), "{said}");
    assert_eq!(stage.books.named("customers", "Stayed").await, 1, "this server can't take anything back");
    let view = stage.running.app.permissions(None).await.unwrap();
    assert_eq!((view.dry_run, view.permissions.dry_run), (DryRunSwitch::Off, Some(DryRunSwitch::Off)));
    let entries = audited(&stage).await;
    assert_eq!((entries.len(), entries[0].outcome), (1, AuditOutcome::Failed));
    assert!(entries[0].details.as_ref().unwrap().as_str().contains("alarm"));

    let before = snapshots(&stage);
    let (run, events) = stage.running.send(Some(session), "Again").await;
    assert_eq!(events.question().await.dry_run, None);
    stage.running.answer(&events.question().await, ReviewVerdict::Reject { reason: None }).await.unwrap();
    run.done.await.unwrap();
    assert_eq!(snapshots(&stage), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_no_way_back_or_needs_another_result_is_not_tried() {
    let lines = |item: &str| json!([{"lineType": "Item", "itemId": item, "quantity": 1}]);
    for (case, why) in ["result of another", "Actions", "posts entries"].into_iter().enumerate() {
        let books = Books::open().await;
        let (customer, item) = (books.ids("customers", 1).await.remove(0), books.ids("items", 1).await.remove(0));
        let invoice = books.create("salesInvoices", &json!({"customerId": customer, "salesInvoiceLines": lines(&item)})).await;
        let order = json!({"entity": "salesOrders", "data": {"customerId": "{result:1}", "salesOrderLines": lines(&item)}});
        let calls = match case {
            0 => vec![("call_1", CREATE, create("Referred to")), ("call_2", CREATE, order)],
            1 => vec![
                ("call_1", CREATE, create("Beside it")),
                ("call_2", "bc_invoke_action", json!({"entity": "salesInvoices", "id": invoice, "action": "post"})),
            ],
            _ => vec![("call_1", UPDATE, json!({"entity": "items", "id": item, "data": {"inventory": 5000}}))],
        };
        let stage = tried(books, vec![Turn::calls(&calls)]).await;
        let (run, _, question) = stage.asked().await;
        assert!(not_tried(&question).contains(why), "{}", not_tried(&question));
        assert_eq!(stage.books.writes().len(), 0);
        stage.running.answer(&question, ReviewVerdict::Reject { reason: None }).await.unwrap();
        run.done.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_does_not_come_keeps_no_question_back() {
    let stage = tried(Books::open().await, vec![Turn::calls(&[("call_a", CREATE, create("Asked all the same"))])]).await;
    stage.books.fault("*:POST:1:drop-before-commit");
    let (run, _, question) = stage.asked().await;
    assert!(matches!(question.dry_run, Some(DryRun::NotKnown { .. })), "{:?}", question.dry_run);
    stage.running.answer(&question, ReviewVerdict::Approve).await.unwrap();
    run.done.await.unwrap();
    assert_eq!(stage.books.named("customers", "Asked all the same").await, 1);
    assert_eq!(audited(&stage).await[0].outcome, AuditOutcome::Unknown);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_way_back_that_would_be_refused_is_told_in_place_of_a_question() {
    let books = Books::open().await;
    let id = books.create("customers", &json!({"displayName": "Goes away", "number": "MINE1"})).await;
    let stage = tried(books, vec![Turn::calls(&[("call_a", DELETE, json!({"entity": "customers", "id": id}))])]).await;
    let (run, _, question) = stage.asked().await;
    assert!(matches!(outcomes(&question)[..], [TriedOutcome::WouldWork { .. }]));
    stage.running.answer(&question, ReviewVerdict::Approve).await.unwrap();
    assert_eq!(run.done.await.unwrap(), StopReason::EndTurn);
    stage.books.create("customers", &json!({"displayName": "Took its number", "number": "MINE1"})).await;
    let events = bca_testkit::Events::new();
    let undo = stage.running.app.undo(question.changes[0].change_id, events.clone()).await.unwrap();
    assert_eq!(undo.done.await.unwrap(), StopReason::Error);
    assert_eq!(questions(&events), 0);
    let (status, said) = the_end(&events);
    assert!(status == ToolCallStatus::Error && said.contains("already exists") && said.contains("nothing was changed"), "{said}");
    assert_eq!((stage.books.named("customers", "Goes away").await, stage.books.named("customers", "Took its number").await), (0, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_is_tried_out_anew_and_one_that_would_be_refused_is_told() {
    let books = Books::open().await;
    let taken = books.record("customers", &books.ids("customers", 1).await[0]).await["number"].as_str().unwrap().to_owned();
    let input = json!({"entity": "customers", "data": {"displayName": "Edited", "number": "FREE1"}});
    let stage = tried(books, vec![Turn::calls(&[("call_a", CREATE, input)])]).await;
    let (run, _, first) = stage.asked().await;
    let edit = |name: &str, value: &str| Revision {
        approval_id: first.approval_id,
        digest: first.digest,
        edits: vec![FieldEdit { change_id: first.changes[0].change_id, name: name.into(), value: Some(value.into()) }],
        leave_out: Vec::new(),
    };
    let refused = stage.running.app.revise(edit("number", &taken), Reviewer::Window).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::InvalidInput);
    assert!(refused.message.contains("Business Central would refuse this") && refused.message.contains("already exists"), "{}", refused.message);
    let standing = stage.running.app.approval(first.approval_id).await.unwrap();
    assert_eq!(standing.request, first, "the question stands as it was, also as it is stored");
    let second = stage.running.app.revise(edit("number", "free2"), Reviewer::Window).await.unwrap();
    let number = fills(outcomes(&second)[0]).iter().find(|fill| fill.name == "number");
    assert_eq!(number, None, "{:?}", second.dry_run);
    assert_eq!(stage.running.app.approval(first.approval_id).await.unwrap().request, second);
    stage.running.answer(&second, ReviewVerdict::Approve).await.unwrap();
    run.done.await.unwrap();
    assert_eq!(audited(&stage).await.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_evidence_tells_what_was_tried_out_as_a_person_reads_it() {
    let books = Books::open().await;
    let taken = books.record("customers", &books.ids("customers", 1).await[0]).await["number"].as_str().unwrap().to_owned();
    let double = json!({"entity": "customers", "data": {"displayName": "<i>Twice</i>", "number": taken}});
    let stage = tried(books, vec![Turn::calls(&[("call_1", CREATE, double)]), Turn::calls(&[("call_2", CREATE, create("Corrected"))])]).await;
    let (run, _, question) = stage.asked().await;
    stage.running.answer(&question, ReviewVerdict::Approve).await.unwrap();
    run.done.await.unwrap();
    let number = fills(outcomes(&question)[0]).iter().find(|fill| fill.name == "number").unwrap().after.clone().unwrap();
    let trials = audited(&stage).await;

    let whole = stage.running.app.evidence(bca_app::EvidenceOf::Session(question.session_id)).await.unwrap();
    let html = whole.html();
    assert!(html.contains("Would be refused:") && html.contains("already exists") && html.contains(&trials[1].at.to_string()), "{html}");
    assert!(html.contains("&lt;i&gt;Twice&lt;/i&gt;") && !html.contains("<i>Twice"), "{html}");
    assert!(html.contains("<td>Would work</td>") && html.contains(&format!("No.: {number}")), "{html}");
    assert!(html.contains(&format!("made to fail, {}", trials[0].at)), "{html}");
    assert_eq!(whole.audit.iter().filter(|entry| entry.action == AuditAction::DryRun).count(), 2);

    let one = stage.running.app.evidence(bca_app::EvidenceOf::Change(question.changes[0].change_id)).await.unwrap();
    let told: Vec<u64> = one.audit.iter().filter(|entry| entry.action == AuditAction::DryRun).map(|entry| entry.seq).collect();
    assert_eq!(told, [trials[0].seq], "another set's trial is none of its evidence");
    assert!(one.html().contains("<td>Would work</td>"));
}
