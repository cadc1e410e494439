//! An approval is bound to account, tenant, environment and company: what is switched while a question waits is not written to, and neither is
//! what was there before (docs/permissions.md).

use std::{sync::Arc, time::Duration};

use bca_app::{AccountConnection, App, Mode, NewConnection, Secret, SignInOptions, Which};
use bca_demo::identity::{self, Person};
use bca_protocol::{
    AccessRole, ApprovalRequest, AuditAction, AuditFilter, AuditOutcome, ChangeState, Decision, Permissions, ReviewDecision, ReviewVerdict, Reviewer,
    StopReason, ToolCallStatus,
};
use bca_sim::TokenCheck;
use bca_testkit::{BC_TOKEN, Books, Events, Home, RunningApp, ScriptedModel, Turn};

use crate::support::{CREATE, create, the_end};

/// Two companies on two servers, a home that is connected to the first, and a second process that has it open too.
struct World {
    here: Books,
    elsewhere: Books,
    running: RunningApp,
    other: RunningApp,
    home: Home,
}

/// What is done to the connection `books` between the question and the answer.
#[derive(Debug, Clone, Copy)]
enum Switch {
    Company,
    Environment,
    Tenant,
    Server,
    Removed,
    LeftForAnother,
}

impl Switch {
    const ALL: [Self; 6] = [Self::Company, Self::Environment, Self::Tenant, Self::Server, Self::Removed, Self::LeftForAnother];

    /// What the person is told.
    const fn told(self) -> &'static str {
        match self {
            Self::Company => "another company",
            Self::Environment => "another environment",
            Self::Tenant => "another tenant",
            Self::Server => "another address",
            Self::Removed => "was removed",
            Self::LeftForAnother => "another connection was put in the place of books",
        }
    }
}

fn connection(name: &str, url: &str, company: &str) -> NewConnection {
    NewConnection { name: name.into(), base_url: url.into(), company: company.into(), token: Secret::new(BC_TOKEN.into()) }
}

/// One more way to the same server, as another environment or tenant would look.
fn at(books: &Books, place: &str) -> String {
    let url = books.url();
    let (server, _) = url.split_once("/v2.0").unwrap();
    format!("{server}/{place}/api/v2.0")
}

async fn world(turns: Vec<Turn>) -> World {
    let (here, elsewhere) = (Books::open().await, Books::open().await);
    let (model, home) = (ScriptedModel::serve(turns).await, Home::new());
    let variables = [("ANTHROPIC_BASE_URL", model.url()), ("ANTHROPIC_API_KEY", bca_testkit::MODEL_KEY)];
    let running = home.start(Mode::Own, &variables).await;
    running.app.add_connection(connection("books", &here.url(), &here.company())).await.unwrap();
    let other = home.start(Mode::Own, &variables).await;
    World { here, elsewhere, running, other, home }
}

impl World {
    async fn switch(&self, app: &App, switch: Switch) {
        let put = async |url: &str, company: &str| drop(app.add_connection(connection("books", url, company)).await.unwrap());
        match switch {
            Switch::Company => {
                let companies = app.companies(&self.here.url(), Secret::new(BC_TOKEN.into())).await.unwrap();
                let second = companies.into_iter().find(|company| company.name != self.here.company()).unwrap();
                put(&self.here.url(), &second.id).await;
            }
            Switch::Environment => put(&at(&self.here, "v2.0/de300000-0000-4000-8000-000000000001/Elsewhere"), &self.here.company()).await,
            Switch::Tenant => put(&at(&self.here, "v2.0/other/Production"), &self.here.company()).await,
            Switch::Server => put(&self.elsewhere.url(), &self.elsewhere.company()).await,
            Switch::Removed => app.remove_connection("books").await.unwrap(),
            Switch::LeftForAnother => {
                app.add_connection(connection("others", &self.elsewhere.url(), &self.elsewhere.company())).await.unwrap();
            }
        }
    }

    /// A run that waits for the answer to its question.
    async fn asked(&self) -> (bca_app::ActiveRun, Arc<Events>, ApprovalRequest) {
        let (run, events) = self.running.send(None, "Go on").await;
        let question = events.question().await;
        (run, events, question)
    }

    /// Nothing was written anywhere, the write is over and done with, and everybody was told why.
    async fn nothing_was_sent(&self, events: &Events, question: &ApprovalRequest, told: &str) {
        assert!(self.here.writes().is_empty() && self.elsewhere.writes().is_empty(), "{told}: {:?}", self.here.writes());
        let (status, said) = the_end(events);
        assert_eq!(status, ToolCallStatus::Error, "{told}");
        assert!(said.contains("Nothing was changed") && said.contains(told), "{told}: {said}");
        let change = self.other.app.change(question.changes[0].change_id).await.unwrap();
        assert_eq!(change.state, ChangeState::NotSent, "{told}");
        assert!(change.message.as_ref().is_some_and(|message| message.contains(told)), "{told}: {:?}", change.message);
        let filter = AuditFilter { session_id: Some(question.session_id), ..AuditFilter::default() };
        let trail = self.other.app.audit_page(&filter, None, 100).await.unwrap().entries;
        let given_up: Vec<_> = trail.iter().filter(|entry| entry.action == AuditAction::WriteNotSent).collect();
        assert_eq!(given_up.len(), 1, "{told}: {trail:?}");
        assert_eq!(given_up[0].outcome, AuditOutcome::Refused);
        assert!(given_up[0].details.as_ref().unwrap().as_str().contains(told), "{told}: {:?}", given_up[0].details);
        assert!(!trail.iter().any(|entry| entry.action == AuditAction::WriteSent), "{told}");
        assert!(self.other.app.approvals(Which::Pending).await.unwrap().is_empty());
    }
}

async fn approve(app: &App, question: &ApprovalRequest) -> Decision {
    let decision =
        ReviewDecision { approval_id: question.approval_id, digest: question.digest, verdict: ReviewVerdict::Approve, typed: question.typed.clone() };
    app.answer(decision, Reviewer::Window).await.unwrap()
}

fn one_write() -> Vec<Turn> {
    vec![Turn::calls(&[("call_a", CREATE, create("Bound"))])]
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_switched_in_the_window_while_a_question_waits_is_not_written_to() {
    for switch in Switch::ALL {
        let world = world(one_write()).await;
        let (run, events, question) = world.asked().await;
        world.switch(&world.running.app, switch).await;
        assert_eq!(approve(&world.running.app, &question).await, Decision::Approved);
        assert_eq!(run.done.await.unwrap(), StopReason::EndTurn, "{switch:?}");
        world.nothing_was_sent(&events, &question, switch.told()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_process_switches_counts_as_much() {
    for switch in Switch::ALL {
        let world = world(one_write()).await;
        let (run, events, question) = world.asked().await;
        world.switch(&world.other.app, switch).await;
        assert_eq!(approve(&world.other.app, &question).await, Decision::Approved);
        assert_eq!(run.done.await.unwrap(), StopReason::EndTurn, "{switch:?}");
        world.nothing_was_sent(&events, &question, switch.told()).await;
    }
}

/// A session is pinned to its connection: what is in use elsewhere meanwhile does not carry its next question away.
#[tokio::test(flavor = "multi_thread")]
async fn a_session_goes_on_where_it_began() {
    let again = || Turn::calls(&[("call_b", CREATE, create("Pinned"))]);
    let world = world(vec![Turn::text("Hello."), again(), Turn::text("Done.")]).await;
    let (_, _, session) = world.running.ask(None, "Hello").await;
    world.switch(&world.running.app, Switch::LeftForAnother).await;
    let (run, events) = world.running.send(Some(session), "Go on").await;
    let question = events.question().await;
    assert_eq!(question.connection.name, "books");
    approve(&world.running.app, &question).await;
    assert_eq!(run.done.await.unwrap(), StopReason::EndTurn);
    assert_eq!((world.here.writes().len(), world.elsewhere.writes().len()), (1, 0));
    assert_eq!(world.here.named("customers", "Pinned").await, 1);
}

/// The next proposal after a switch goes to the new place, with the new place on the question.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_proposed_anew_goes_to_the_new_place() {
    let world = world(vec![Turn::calls(&[("call_a", CREATE, create("Old"))]), Turn::text("Oh."), Turn::calls(&[("call_b", CREATE, create("New"))])]).await;
    let (run, _, question) = world.asked().await;
    // Another process gives the connection another server, of the same company by the same name.
    world.switch(&world.other.app, Switch::Server).await;
    approve(&world.running.app, &question).await;
    run.done.await.unwrap();
    let app = &world.running.app;
    app.add_connection(connection("books", &world.elsewhere.url(), &world.elsewhere.company())).await.unwrap();
    let (run, events) = world.running.send(None, "Again").await;
    approve(app, &events.question().await).await;
    assert_eq!(run.done.await.unwrap(), StopReason::EndTurn);
    assert_eq!((world.here.writes().len(), world.elsewhere.writes().len()), (0, 1));
    drop(world.home);
}

/// What the rules say between the yes and the sending holds, and leaves nothing standing as approved.
#[tokio::test(flavor = "multi_thread")]
async fn a_yes_that_the_rules_take_back_is_settled_at_once() {
    let world = world(one_write()).await;
    let (run, events, question) = world.asked().await;
    let viewer = Permissions { role: AccessRole::Viewer, ..Permissions::default() };
    world.other.app.set_permissions(Some("books"), viewer).await.unwrap();
    assert_eq!(approve(&world.other.app, &question).await, Decision::Approved);
    assert_eq!(run.done.await.unwrap(), StopReason::EndTurn);
    world.nothing_was_sent(&events, &question, "not allowed any more").await;
}

/// Signed in as somebody, at books that only the provider's tokens open.
struct SignedIn {
    identity: Arc<identity::Running>,
    books: Books,
    running: RunningApp,
    other: RunningApp,
    _home: Home,
}

fn browsing() -> SignInOptions {
    let show = |address: &str| {
        let address = address.to_owned();
        tokio::spawn(async move {
            let client = reqwest::Client::builder().no_proxy().build().unwrap();
            // Whoever does not come back, does not.
            let _ = client.get(address).send().await;
        });
    };
    SignInOptions { timeout: Some(Duration::from_secs(20)), show: Some(Arc::new(show)), account: None }
}

async fn signed_in() -> SignedIn {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let identity = Arc::new(identity::serve(listener, identity::Options::default()).await.unwrap());
    let check = identity.token_check();
    let books = Books::with(|mut options| {
        options.token = TokenCheck::Any(check);
        options
    })
    .await;
    let (model, home) = (ScriptedModel::serve(one_write()).await, Home::new());
    let keys = home.path().join("keys-elsewhere").display().to_string();
    let variables = [
        ("ANTHROPIC_BASE_URL", model.url()),
        ("ANTHROPIC_API_KEY", bca_testkit::MODEL_KEY),
        ("BC_AGENT_BC_URL", &books.url()),
        ("BC_AGENT_AUTHORITY", &identity.authority()),
        ("BC_AGENT_CLIENT_ID", identity.client_id()),
        ("BC_AGENT_KEY_FILE", &keys),
        ("BROWSER", "true"),
    ];
    let running = home.start(Mode::Own, &variables).await;
    let account = running.app.sign_in(browsing()).await.unwrap();
    running.app.connect_account(&account.account_id, browsing()).await.unwrap();
    let new = AccountConnection { name: "books".into(), account: account.account_id, base_url: books.url(), company: books.company() };
    running.app.connect_company(new).await.unwrap();
    let other = home.start(Mode::Own, &variables).await;
    SignedIn { identity, books, running, other, _home: home }
}

/// What is done to the account between the question and the answer.
#[derive(Debug, Clone, Copy)]
enum Whom {
    SignedOut,
    Removed,
    GivenToAnother,
}

impl SignedIn {
    async fn switch(&self, app: &App, what: Whom) {
        let account = app.accounts().await.unwrap().remove(0).account_id;
        match what {
            Whom::SignedOut => app.sign_out(&account).await.unwrap(),
            Whom::Removed => app.remove_account(&account).await.unwrap(),
            Whom::GivenToAnother => {
                // Of the same name and mail address: only the ids tell them apart.
                self.identity.seat(Person { id: "2f0e0a3c-5b1d-4a77-9f0c-1c4ee0a7d5b9".into(), ..identity::Options::default().person });
                let second = app.sign_in(browsing()).await.unwrap();
                assert_ne!(second.account_id, account);
                app.connect_account(&second.account_id, browsing()).await.unwrap();
                app.use_account_for("books", &second.account_id).await.unwrap();
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_leaves_only_as_whom_it_was_approved() {
    let told = |what| match what {
        Whom::SignedOut => "signed out",
        Whom::Removed => "was removed",
        Whom::GivenToAnother => "another account",
    };
    for (what, here) in [Whom::SignedOut, Whom::Removed, Whom::GivenToAnother].into_iter().flat_map(|what| [(what, true), (what, false)]) {
        let world = signed_in().await;
        let (run, events) = world.running.send(None, "Go on").await;
        let question = events.question().await;
        let app = if here { &world.running.app } else { &world.other.app };
        world.switch(app, what).await;
        assert_eq!(approve(app, &question).await, Decision::Approved);
        assert_eq!(run.done.await.unwrap(), StopReason::EndTurn, "{what:?}");
        assert!(world.books.writes().is_empty(), "{what:?}, here: {here}");
        let (status, said) = the_end(&events);
        assert_eq!(status, ToolCallStatus::Error);
        // Without tokens it does not even come to the comparison.
        let says_why = said.contains(told(what)) || (!matches!(what, Whom::GivenToAnother) && said.contains("Sign in again"));
        assert!(said.contains("Nothing was changed") && says_why, "{what:?}: {said}");
        let change = world.other.app.change(question.changes[0].change_id).await.unwrap();
        assert_eq!(change.state, ChangeState::NotSent, "{what:?}");
    }
}

/// Who signs out and in again as the same person is the person who approved.
#[tokio::test(flavor = "multi_thread")]
async fn the_same_account_may_come_back() {
    let world = signed_in().await;
    let (run, events) = world.running.send(None, "Go on").await;
    let question = events.question().await;
    let app = &world.running.app;
    let account = app.accounts().await.unwrap().remove(0).account_id;
    app.sign_out(&account).await.unwrap();
    let again = app.sign_in(browsing()).await.unwrap();
    app.connect_account(&again.account_id, browsing()).await.unwrap();
    approve(app, &question).await;
    assert_eq!(run.done.await.unwrap(), StopReason::EndTurn);
    assert_eq!(the_end(&events).0, ToolCallStatus::Ok);
    assert_eq!(world.books.writes().len(), 1);
}
