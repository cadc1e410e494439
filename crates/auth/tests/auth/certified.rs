//! The same against a certified OpenID Connect provider that is not ours: `tests/oidc`.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
};

use bca_auth::{Registration, RegistrationText, SignInHandle, SignInService, SignedIn, TokenSource};
use serde_json::Value;
use url::Url;

use crate::support::{BC, Shifted, http, request, session};

struct Certified {
    child: Child,
    issuer: String,
}

impl Drop for Certified {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Certified {
    fn start() -> Self {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/oidc");
        assert!(directory.join("node_modules").is_dir(), "`cargo xtask test` installs the provider: npm ci in tests/oidc");
        let mut command = Command::new("node");
        command.arg("server.mjs").current_dir(directory).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("node starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let told: Value = serde_json::from_str(&line).unwrap_or_else(|fault| panic!("{fault}: {line}"));
        Self { child, issuer: told["issuer"].as_str().unwrap().to_owned() }
    }

    fn service(&self, clock: Arc<Shifted>) -> Arc<SignInService> {
        let text = RegistrationText { authority: Some(&self.issuer), client_id: Some("bc-agent"), ..RegistrationText::default() };
        Arc::new(SignInService::new(Registration::new(text).unwrap(), clock).unwrap())
    }

    async fn counts(&self) -> (u64, u64) {
        let counts: Value = http().get(format!("{}/counts", self.issuer)).send().await.unwrap().json().await.unwrap();
        (counts["authorization_code"].as_u64().unwrap(), counts["refresh_token"].as_u64().unwrap())
    }
}

/// A browser that keeps cookies, for a provider that asks in several steps.
async fn browse(handle: &SignInHandle) -> reqwest::Response {
    let (client, mut cookies, mut url) = (http(), BTreeMap::new(), handle.url().clone());
    for _ in 0..20 {
        let crumbs: Vec<String> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let response = client.get(url.clone()).header("cookie", crumbs.join("; ")).send().await.unwrap();
        for cookie in response.headers().get_all("set-cookie") {
            let (name, value) = cookie.to_str().unwrap().split(';').next().unwrap().split_once('=').unwrap();
            cookies.insert(name.to_owned(), value.to_owned());
        }
        match response.headers().get("location") {
            Some(next) => url = url.join(next.to_str().unwrap()).unwrap(),
            None => return response,
        }
    }
    panic!("the browser is sent in circles: {url}");
}

async fn signed_in(service: &Arc<SignInService>) -> SignedIn {
    let pending = service.begin(request()).await.unwrap();
    let handle = pending.handle();
    let (finished, page) = tokio::join!(pending.finish(), browse(&handle));
    assert_eq!(page.status(), 200, "{}", Url::as_str(page.url()));
    finished.unwrap_or_else(|fault| panic!("{fault}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_signs_in_at_a_certified_provider() {
    let provider = Certified::start();
    let service = provider.service(Shifted::new());
    let mut signed_in = signed_in(&service).await;
    service.add_profile(&mut signed_in).await.unwrap();
    let identity = &signed_in.identity;
    assert_eq!((identity.tenant_id.as_str(), identity.object_id.as_str()), (provider.issuer.as_str(), "person-1"));
    assert_eq!((identity.person.name.as_str(), identity.person.mail.as_deref()), ("Ada Certified", Some("ada@certified.example")));
    assert_eq!(provider.counts().await, (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_strict_provider_sees_each_refresh_token_once() {
    let (provider, home, clock) = (Certified::start(), tempfile::tempdir().unwrap(), Shifted::new());
    let service = provider.service(clock.clone());
    let first = session(&service, home.path(), clock.clone());
    first.adopt(&signed_in(&service).await, None).await.unwrap();
    let second = session(&provider.service(clock.clone()), home.path(), clock);
    let mut refused = first.tokens(BC).token().await.unwrap();
    for round in 0..10 {
        let calls = (0..40).map(|n| {
            let (tokens, refused) = (if n % 2 == 0 { &first } else { &second }.tokens(BC), refused.clone());
            tokio::spawn(async move { tokens.refresh(&refused).await.unwrap() })
        });
        let mut answers = Vec::new();
        for call in calls.collect::<Vec<_>>() {
            answers.push(call.await.unwrap());
        }
        assert!(answers.iter().all(|token| token.expose() == answers[0].expose()), "round {round}");
        refused = answers.swap_remove(0);
        assert_eq!(provider.counts().await, (1, round + 2), "one renewal a round");
    }
}
