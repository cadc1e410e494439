//! From a sign-in to the books, through the running engine: as an account, without a token in sight.

use std::{
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use bca_app::{AccountConnection, App, Mode, SignInOptions};
use bca_demo::identity::{self, Codes, Misbehaviour};
use bca_protocol::{AccountView, AuditAction, AuditClient, AuditEntry, AuditFilter, AuditOutcome, ErrorCode, StopReason, UserError};
use bca_sim::TokenCheck;
use bca_testkit::{Books, Home, RunningApp, ScriptedModel, Turn};
use serde_json::json;

/// A sign-in service, books that only its tokens open, and a model.
struct World {
    identity: Arc<identity::Running>,
    books: Books,
    model: ScriptedModel,
    home: Home,
}

impl World {
    async fn new(turns: Vec<Turn>) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let identity = Arc::new(identity::serve(listener, identity::Options::default()).await.unwrap());
        let check = identity.token_check();
        let books = Books::with(|mut options| {
            options.token = TokenCheck::Any(check);
            options
        })
        .await;
        Self { identity, books, model: ScriptedModel::serve(turns).await, home: Home::new() }
    }

    async fn start(&self) -> RunningApp {
        let keys = self.home.path().join("keys-elsewhere").display().to_string();
        let variables = [
            ("ANTHROPIC_BASE_URL", self.model.url()),
            ("ANTHROPIC_API_KEY", bca_testkit::MODEL_KEY),
            ("BC_AGENT_BC_URL", &self.books.url()),
            ("BC_AGENT_AUTHORITY", &self.identity.authority()),
            ("BC_AGENT_CLIENT_ID", self.identity.client_id()),
            ("BC_AGENT_KEY_FILE", &keys),
            ("BROWSER", "true"),
        ];
        self.home.start(Mode::Own, &variables).await
    }

    async fn connect(&self, app: &App) -> AccountView {
        let account = app.sign_in(browsing()).await.unwrap();
        let account = app.connect_account(&account.account_id, browsing()).await.unwrap();
        let new = AccountConnection { name: "books".into(), account: account.account_id.clone(), base_url: self.books.url(), company: self.books.company() };
        app.connect_company(new).await.unwrap();
        account
    }
}

/// The model asks for customers, as they are now.
fn read_customers() -> Turn {
    let call = format!("call_{}", uuid::Uuid::new_v4().simple());
    Turn::calls(&[(&call, "bc_query_entities", json!({"entity": "customers", "top": 2, "refresh": true}))])
}

/// A person's browser: goes where it is sent, and from there where it is sent next.
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

/// Every file below a directory, and whether one holds this.
fn holds(directory: &Path, needle: &str) -> bool {
    std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).any(|path| match path.is_dir() {
        true => holds(&path, needle),
        false => std::fs::read(&path).unwrap().windows(needle.len()).any(|window| window == needle.as_bytes()),
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_signs_in_and_reads_their_books_also_after_a_restart() {
    let world = World::new(vec![read_customers(), Turn::text("Done."), read_customers(), Turn::text("Done.")]).await;
    let running = world.start().await;
    assert!(running.app.accounts().await.unwrap().is_empty());
    let account = world.connect(&running.app).await;
    assert!(account.signed_in && account.attention.is_none());
    assert_eq!((account.name.as_str(), account.job_title.as_deref()), ("Kari Demo", Some("Bookkeeper")));
    let places = running.app.environments(&account.account_id).await.unwrap();
    assert_eq!((places.len(), places[0].fault.as_deref()), (1, None));
    assert!(places[0].companies.iter().any(|company| company.name == world.books.company()));
    let (stop, events, _) = running.ask(None, "Customers").await;
    assert_eq!(stop, StopReason::EndTurn);
    let info = running.app.info().await;
    assert_eq!((info.connection.unwrap().account.as_str(), info.account_id), ("kari@demo.example", Some(account.account_id)));
    let told = serde_json::to_string(&events.all()).unwrap();
    running.app.stop().await;
    drop(running);

    let refreshes = world.identity.refreshes();
    let running = world.start().await;
    assert!(running.app.accounts().await.unwrap()[0].signed_in);
    assert_eq!(running.ask(None, "Customers").await.0, StopReason::EndTurn);
    assert_eq!(world.identity.refreshes(), refreshes, "a token that is good is not renewed by a start");
    let results = world.model.last().last_results();
    assert!(!results.is_empty() && results.iter().all(|(_, is_error, text)| !is_error && text.contains("displayName")), "{results:?}");
    for canary in ["demo_access_", "demo_refresh_", "demo_code_"] {
        assert!(!holds(world.home.path(), canary), "{canary} stands in a file");
        assert!(!told.contains(canary), "{canary} stands in an event");
        assert!(world.model.seen().iter().all(|seen| !seen.body.contains(canary)), "{canary} went to the model");
    }
    println!("reliability | 7 | tokens of a whole journey found in files, events or prompts | 0 of 3 kinds");
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_that_end_are_renewed_in_the_middle_of_the_work() {
    let world = World::new(vec![read_customers(), Turn::text("Done."), read_customers(), Turn::text("Done.")]).await;
    let running = world.start().await;
    world.connect(&running.app).await;
    assert_eq!(running.ask(None, "Customers").await.0, StopReason::EndTurn);
    let before = world.identity.refreshes();
    world.identity.end_access();
    assert_eq!(running.ask(None, "Customers").await.0, StopReason::EndTurn);
    assert_eq!(world.identity.refreshes() - before, 1);
    assert!(world.model.last().last_results().iter().all(|(_, is_error, _)| !is_error));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_signs_out_is_out_and_nothing_else_is_lost() {
    let world = World::new(vec![]).await;
    let running = world.start().await;
    let account = world.connect(&running.app).await;
    running.app.test_connection(None).await.unwrap();
    running.app.sign_out(&account.account_id).await.unwrap();
    let view = &running.app.accounts().await.unwrap()[0];
    assert!(!view.signed_in && view.attention.is_some());
    let refused: UserError = running.app.test_connection(None).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::NotSignedIn, "{refused}");
    assert_eq!(running.app.connections().await.unwrap().len(), 1);
    // The same account, the same connection.
    let again = running.app.sign_in(browsing()).await.unwrap();
    assert_eq!(again.account_id, account.account_id);
    running.app.test_connection(None).await.unwrap();
    running.app.remove_account(&account.account_id).await.unwrap();
    assert!(running.app.accounts().await.unwrap().is_empty() && running.app.connections().await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_sign_in_is_told_and_one_visit_of_the_browser_mends_it() {
    let world = World::new(vec![]).await;
    let running = world.start().await;
    let account = world.connect(&running.app).await;
    world.identity.revoke();
    world.identity.end_access();
    let refused = running.app.test_connection(None).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::NotSignedIn, "{refused}");
    let before = world.identity.codes_redeemed();
    running.app.connect_account(&account.account_id, browsing()).await.unwrap();
    assert_eq!(world.identity.codes_redeemed() - before, 1);
    running.app.test_connection(None).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_person_must_do_is_asked_once_and_never_in_a_loop() {
    let world = World::new(vec![]).await;
    let running = world.start().await;
    for (error, suberror, claims) in
        [("invalid_grant", Some("consent_required"), None), ("interaction_required", None, Some("{\"access_token\":{}}")), ("invalid_grant", None, None)]
    {
        let account = running.app.sign_in(browsing()).await.unwrap();
        let text = |text: Option<&str>| text.map(str::to_owned);
        let only_for = "businesscentral".to_owned();
        let refuses = Misbehaviour::Refuses { error: error.into(), suberror: text(suberror), claims: text(claims), only_for, codes: Codes::NotThey };
        world.identity.misbehave(refuses);
        let visits = Arc::new(Mutex::new(Vec::new()));
        let (seen, inner) = (Arc::clone(&visits), browsing().show.unwrap());
        let show = move |address: &str| {
            seen.lock().unwrap().push(address.to_owned());
            inner(address);
        };
        let options = SignInOptions { show: Some(Arc::new(show)), ..browsing() };
        let connected = running.app.connect_account(&account.account_id, options).await;
        let visits = visits.lock().unwrap().clone();
        assert_eq!(visits.len(), 1, "{error}: {visits:?}");
        assert!(connected.is_ok(), "{error}: {connected:?}");
        assert_eq!(visits[0].contains("&claims="), claims.is_some(), "{error}: {visits:?}");
        assert!(visits[0].contains("login_hint=kari"), "{visits:?}");
        world.identity.behave();
        running.app.sign_out(&account.account_id).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_goes_to_no_other_server() {
    let (world, elsewhere) = (World::new(vec![]).await, Books::open().await);
    let running = world.start().await;
    let account = world.connect(&running.app).await;
    let new = AccountConnection { name: "evil".into(), account: account.account_id, base_url: elsewhere.url(), company: elsewhere.company() };
    assert_eq!(running.app.connect_company(new).await.unwrap_err().code, ErrorCode::Configuration);
    assert!(elsewhere.requests().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_is_stopped_replaced_or_ended_by_a_link() {
    let world = World::new(vec![]).await;
    let running = world.start().await;
    let app = running.app.clone();
    assert!(!app.cancel_sign_in() && app.sign_in_address().is_none());
    assert_eq!(app.complete_sign_in("bcagent://auth?code=x&state=y").unwrap_err().code, ErrorCode::NotFound);
    let begin = || {
        let (told, address) = tokio::sync::oneshot::channel();
        let told = Mutex::new(Some(told));
        let show = move |address: &str| drop(told.lock().unwrap().take().unwrap().send(address.to_owned()));
        let app = app.clone();
        let options = SignInOptions { show: Some(Arc::new(show)), timeout: Some(Duration::from_secs(20)), account: None };
        (tokio::spawn(async move { app.sign_in(options).await }), address)
    };
    let (first, address) = begin();
    address.await.unwrap();
    let (second, address) = begin();
    let address = address.await.unwrap();
    assert_eq!(first.await.unwrap().unwrap_err().code, ErrorCode::Cancelled, "a new sign-in ends the one before");
    let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let page = client.get(address).send().await.unwrap();
    let back = page.headers()["location"].to_str().unwrap().split_once('?').unwrap().1.to_owned();
    assert_eq!(app.complete_sign_in("bcagent://auth?code=x&state=y").unwrap_err().code, ErrorCode::NotFound);
    app.complete_sign_in(&format!("bcagent://auth?{back}")).unwrap();
    assert!(second.await.unwrap().unwrap().signed_in);
    let (third, address) = begin();
    address.await.unwrap();
    assert!(app.cancel_sign_in());
    assert_eq!(third.await.unwrap().unwrap_err().code, ErrorCode::Cancelled);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_entered_by_hand_is_kept_where_that_was_asked_for() {
    let (books, model) = (Books::open().await, ScriptedModel::serve(vec![]).await);
    let home = Home::new();
    let keys = home.path().join("keys").display().to_string();
    let start = async || home.start(Mode::Own, &[("ANTHROPIC_BASE_URL", model.url()), ("BC_AGENT_KEY_FILE", &keys)]).await;
    let new = || {
        let token = bca_app::Secret::new(bca_testkit::BC_TOKEN.to_owned());
        bca_app::NewConnection { name: "books".into(), base_url: books.url(), company: books.company(), token }
    };
    let running = start().await;
    running.app.add_connection(new()).await.unwrap();
    running.app.stop().await;
    drop(running);
    let running = start().await;
    assert_eq!(running.app.test_connection(None).await.unwrap_err().code, ErrorCode::NotSignedIn, "nothing is kept unasked");
    running.app.add_connection(new()).await.unwrap();
    running.app.remember_connection_token("books").await.unwrap();
    running.app.remember_model_key(bca_app::Secret::new(bca_testkit::MODEL_KEY.to_owned())).await.unwrap();
    running.app.stop().await;
    drop(running);
    for canary in [bca_testkit::BC_TOKEN, bca_testkit::MODEL_KEY] {
        assert!(!holds(home.path(), canary), "{canary} stands in a file");
    }
    let running = start().await;
    assert!(running.app.remembers_model_key());
    running.app.test_connection(None).await.unwrap();
    assert_eq!(running.ask(None, "Hello").await.0, StopReason::EndTurn);
    assert_eq!(running.app.rotate_secret_key().await.unwrap(), 2);
    running.app.test_connection(None).await.unwrap();
    running.app.forget_model_key().await.unwrap();
    running.app.remove_connection("books").await.unwrap();
    running.app.stop().await;
    drop(running);
    assert!(!start().await.app.remembers_model_key());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_signs_in_the_same_way_and_keeps_no_secret() {
    let home = Home::new();
    // No keyring is asked: a key file that can't be made would be told.
    let running = home.start(Mode::Demo, &[("BROWSER", "true"), ("BC_AGENT_KEY_FILE", "/nowhere/at/all")]).await;
    let account = running.app.sign_in(browsing()).await.unwrap();
    let account = running.app.connect_account(&account.account_id, browsing()).await.unwrap();
    assert_eq!((account.name.as_str(), account.signed_in), ("Kari Demo", true));
    assert!(!running.app.environments(&account.account_id).await.unwrap()[0].companies.is_empty());
    for canary in ["demo_access_", "demo_refresh_"] {
        assert!(!holds(home.path(), canary));
    }
}

async fn entries(running: &RunningApp) -> Vec<AuditEntry> {
    let mut entries = running.app.audit_page(&AuditFilter::default(), None, 1_000).await.unwrap().entries;
    entries.reverse();
    entries
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_done_with_accounts_has_its_one_entry() {
    let world = World::new(vec![]).await;
    let running = world.start().await;
    let app = &running.app;
    let seen = std::cell::Cell::new(0);
    let left = async || {
        let mut all = entries(&running).await;
        let new = all.split_off(seen.get());
        seen.set(all.len() + new.len());
        assert!(new.iter().all(|e| e.client == AuditClient::Window && e.version == env!("CARGO_PKG_VERSION") && !e.resource.is_empty()), "{new:?}");
        new
    };
    let actions = |entries: &[AuditEntry]| entries.iter().map(|entry| (entry.action, entry.outcome)).collect::<Vec<_>>();
    use AuditOutcome::{Done, Failed};

    let account = app.sign_in(browsing()).await.unwrap();
    let signed_in = left().await;
    assert_eq!(actions(&signed_in), [(AuditAction::SignIn, Done)]);
    let who = (Some(account.account_id.as_str()), Some("kari@demo.example"));
    assert_eq!((signed_in[0].resource_id.as_deref(), signed_in[0].account.as_deref()), who);

    for wrong in [Misbehaviour::Denied, Misbehaviour::WrongNonce, Misbehaviour::WrongPerson, Misbehaviour::BrokenToken] {
        world.identity.misbehave(wrong.clone());
        app.sign_in(browsing()).await.unwrap_err();
        world.identity.behave();
        let failed = left().await;
        assert_eq!(actions(&failed), [(AuditAction::SignInFailed, Failed)], "{wrong:?}");
        assert!(failed[0].details.as_ref().unwrap().as_str().contains("reason"));
    }
    app.connect_account(&account.account_id, browsing()).await.unwrap();
    assert_eq!(actions(&left().await), [], "a renewal that goes well is nothing to tell");

    let new = AccountConnection { name: "books".into(), account: account.account_id.clone(), base_url: world.books.url(), company: world.books.company() };
    app.connect_company(new).await.unwrap();
    let connected = left().await;
    assert_eq!(actions(&connected), [(AuditAction::ConnectionAdded, Done), (AuditAction::ConnectionUsed, Done)]);
    assert!(connected.iter().all(|entry| (entry.connection.as_deref(), entry.account.as_deref()) == (Some("books"), who.1)), "{connected:?}");
    app.use_account_for("books", &account.account_id).await.unwrap();
    assert_eq!(actions(&left().await), [(AuditAction::ConnectionAdded, Done)]);

    world.identity.revoke();
    world.identity.end_access();
    app.test_connection(None).await.unwrap_err();
    app.test_connection(None).await.unwrap_err();
    let failed = left().await;
    assert_eq!(failed.iter().filter(|entry| entry.action == AuditAction::RefreshFailed).count(), failed.len(), "{failed:?}");
    assert!(!failed.is_empty() && failed.iter().all(|entry| entry.outcome == Failed && entry.account.as_deref() == who.1), "{failed:?}");

    app.sign_in(browsing()).await.unwrap();
    app.sign_out(&account.account_id).await.unwrap();
    assert_eq!(actions(&left().await), [(AuditAction::SignIn, Done), (AuditAction::SignOut, Done)]);
    app.sign_in(browsing()).await.unwrap();
    left().await;
    app.remove_account(&account.account_id).await.unwrap();
    assert_eq!(actions(&left().await), [(AuditAction::SignOut, Done), (AuditAction::ConnectionRemoved, Done), (AuditAction::AccountRemoved, Done)]);
    assert!(app.verify_audit(None).await.unwrap().intact);
}

/// docs/decisions/lost-audit-key.md
#[tokio::test(flavor = "multi_thread")]
async fn a_lost_key_means_signing_in_again_and_nothing_else() {
    let world = World::new(vec![]).await;
    let running = world.start().await;
    let account = world.connect(&running.app).await;
    let old = entries(&running).await;
    assert!(old.len() >= 3 && old.iter().all(|entry| entry.account.is_some()));
    running.app.stop().await;
    drop(running);
    let (keys, away) = (world.home.path().join("keys-elsewhere"), world.home.path().join("keys-away"));

    // Locked: a file that others can read is refused, as a keyring that does not open is.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let open_to = |mode| std::fs::set_permissions(&keys, std::fs::Permissions::from_mode(mode)).unwrap();
        let bytes = std::fs::read(&keys).unwrap();
        open_to(0o644);
        let running = world.start().await;
        let verified = async {
            while !running.app.notices().iter().any(|notice| notice.text.contains("audit log")) {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(30), verified).await.unwrap();
        assert!(running.app.notices().iter().all(|notice| !notice.text.contains("not as it was written")), "{:?}", running.app.notices());
        assert!(running.app.test_connection(None).await.is_err());
        assert!(running.app.sign_in(browsing()).await.is_err(), "nothing can be kept, so nobody is asked");
        running.app.stop().await;
        drop(running);
        assert_eq!(std::fs::read(&keys).unwrap(), bytes, "no other key was made");
        open_to(0o600);
        let running = world.start().await;
        running.app.test_connection(None).await.unwrap();
        assert!(running.app.verify_audit(None).await.unwrap().intact);
        running.app.stop().await;
    }

    // Away for a while: a start makes no other key, and when it is back, all is as it was.
    std::fs::rename(&keys, &away).unwrap();
    let running = world.start().await;
    assert!(!running.app.accounts().await.unwrap()[0].signed_in);
    running.app.set_setting(bca_app::Key::MaxTurns, Some("9")).await.unwrap();
    assert!(!keys.exists());
    running.app.stop().await;
    drop(running);
    std::fs::rename(&away, &keys).unwrap();
    let running = world.start().await;
    running.app.test_connection(None).await.unwrap();
    let verdict = running.app.verify_audit(None).await.unwrap();
    assert!(verdict.intact && verdict.unverifiable == 0, "{verdict:?}");
    running.app.audit_checkpoint().await.unwrap();
    let before = entries(&running).await;
    assert!(before.iter().all(|entry| entry.details.is_some() || !entry.details_lost));
    running.app.stop().await;
    drop(running);

    // Lost for good.
    std::fs::remove_file(&keys).unwrap();
    let running = world.start().await;
    assert_eq!(running.app.connections().await.unwrap().len(), 1);
    let again = running.app.sign_in(browsing()).await.unwrap();
    assert_eq!(again.account_id, account.account_id);
    running.app.connect_account(&again.account_id, browsing()).await.unwrap();
    running.app.test_connection(None).await.unwrap();
    let verdict = running.app.verify_audit(None).await.unwrap();
    assert!(verdict.intact, "{verdict:?}");
    let until = verdict.unverifiable_until.unwrap();
    assert!(until >= before.len() as u64 && until < verdict.count, "{verdict:?}");
    let now = entries(&running).await;
    assert_eq!(now[..before.len()].iter().map(|entry| &entry.seal).collect::<Vec<_>>(), before.iter().map(|entry| &entry.seal).collect::<Vec<_>>());
    assert!(now.iter().any(|entry| entry.details_lost) && now.iter().all(|entry| !entry.details_deleted));
    let told = now.iter().rfind(|entry| entry.action == AuditAction::KeyChanged).unwrap();
    let details = told.details.as_ref().unwrap().as_str();
    assert!(details.contains("last_checkpoint") && details.contains("\"protection\":\"secret\""), "{details}");
}

/// What is done first thing after a start stands under the log's own key, not under the one that everybody knows.
#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_only_just_started_seals_with_the_key_of_its_log() {
    let world = World::new(vec![]).await;
    let running = world.start().await;
    world.connect(&running.app).await;
    assert!(running.app.delete_data(bca_protocol::DeletionScope::Account { account: "nobody".into() }).await.is_ok());
    let before = running.app.verify_audit(None).await.unwrap().unprotected;
    running.app.stop().await;
    drop(running);
    for _ in 0..4 {
        let running = world.start().await;
        running.app.agree(Some("anthropic")).await.unwrap();
        running.app.stop().await;
    }
    let running = world.start().await;
    running.app.delete_data(bca_protocol::DeletionScope::Everything).await.unwrap();
    let verdict = running.app.verify_audit(None).await.unwrap();
    assert!(verdict.intact, "{verdict:?}");
    assert_eq!(verdict.unprotected, before, "{:?}", entries(&running).await);
}

/// A window that was open before anybody signed in takes the key of the log that another process made.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_the_log_that_another_process_made_is_taken() {
    let world = World::new(vec![]).await;
    let (window, terminal) = (world.start().await, world.start().await);
    window.app.agree(Some("anthropic")).await.unwrap();
    assert!(window.app.verify_audit(None).await.unwrap().intact);
    world.connect(&terminal.app).await;
    let verdict = window.app.verify_audit(None).await.unwrap();
    assert!(verdict.intact && verdict.unverifiable == 0, "{verdict:?}");
    window.app.agree(Some("anthropic")).await.unwrap();
    assert_eq!(window.app.verify_audit(None).await.unwrap().unprotected, verdict.unprotected);
}
