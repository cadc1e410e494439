use std::{
    path::Path,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use bca_auth::{
    Keeper, KeyFile, Leases, Registration, RegistrationText, SealedRows, SecretId, SecretKind, Session, SignInHandle, SignInRequest, SignInService, SignedIn,
    Vault,
};
use bca_demo::identity;
use bca_protocol::Clock;
use bca_store::{Db, OpenOptions};
use jiff::{SignedDuration, Timestamp};
use tokio::net::TcpListener;
use url::Url;

pub const BC: &str = "https://api.businesscentral.dynamics.com/.default";

/// The machine's clock, put forward or back by a test.
pub struct Shifted {
    by: Mutex<SignedDuration>,
    origin: Instant,
}

impl Shifted {
    pub fn new() -> Arc<Self> {
        Arc::new(Self { by: Mutex::new(SignedDuration::ZERO), origin: Instant::now() })
    }

    pub fn shift(&self, by: SignedDuration) {
        let mut now = self.by.lock().unwrap();
        *now = now.checked_add(by).unwrap();
    }
}

impl Clock for Shifted {
    fn now(&self) -> Timestamp {
        Timestamp::now() + *self.by.lock().unwrap()
    }

    fn monotonic(&self) -> Duration {
        // As the wall clock does: time that passes, passes on both.
        self.origin.elapsed() + Duration::try_from(*self.by.lock().unwrap()).unwrap_or_default()
    }
}

pub async fn provider() -> identity::Running {
    provider_with(identity::Options::default()).await
}

pub async fn provider_with(options: identity::Options) -> identity::Running {
    identity::serve(TcpListener::bind("127.0.0.1:0").await.unwrap(), options).await.unwrap()
}

pub fn service(provider: &identity::Running, clock: Arc<dyn Clock>) -> Arc<SignInService> {
    let authority = provider.authority();
    let text = RegistrationText { authority: Some(&authority), client_id: Some(provider.client_id()), ..RegistrationText::default() };
    Arc::new(SignInService::new(Registration::new(text).unwrap(), clock).unwrap())
}

pub fn request() -> SignInRequest {
    let scopes = bca_auth::SIGN_IN_SCOPES.map(str::to_owned).to_vec();
    SignInRequest { scopes, hint: None, claims: None, patience: Duration::from_secs(20) }
}

pub fn http() -> reqwest::Client {
    reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap()
}

/// Where the sign-in service sends the browser.
pub async fn way_back(handle: &SignInHandle) -> Url {
    let page = http().get(handle.url().clone()).send().await.unwrap();
    assert_eq!(page.status(), 302, "{}", page.text().await.unwrap());
    Url::parse(page.headers()["location"].to_str().unwrap()).unwrap()
}

/// A person's browser: goes to the address, and where it is sent from there.
pub async fn browse(handle: &SignInHandle) -> reqwest::Response {
    http().get(way_back(handle).await).send().await.unwrap()
}

pub async fn signed_in(service: &Arc<SignInService>) -> SignedIn {
    let pending = service.begin(request()).await.unwrap();
    let handle = pending.handle();
    let (finished, page) = tokio::join!(pending.finish(), browse(&handle));
    assert_eq!(page.status(), 200);
    finished.unwrap_or_else(|fault| panic!("{fault}"))
}

pub fn open(home: &Path, clock: Arc<dyn Clock>) -> Arc<Db> {
    Arc::new(Db::open(home, OpenOptions { clock }).unwrap().0)
}

pub fn vault(db: &Arc<Db>, key_file: &Path, clock: Arc<dyn Clock>) -> Arc<Vault> {
    let rows: Arc<dyn SealedRows> = Arc::clone(db) as _;
    let leases: Arc<dyn Leases> = Arc::clone(db) as _;
    Arc::new(Vault::new(rows, leases, Arc::new(KeyFile::new(key_file)), clock))
}

/// An account's session as a process of its own would have it.
pub fn session(service: &Arc<SignInService>, home: &Path, clock: Arc<dyn Clock>) -> Arc<Session> {
    let db = open(home, Arc::clone(&clock));
    let keeper = Keeper::Vault(vault(&db, &home.join("keys"), clock));
    Session::new(Arc::clone(service), Arc::new(keeper), db, SecretId::new(SecretKind::Account, "tenant.person"))
}
