//! A server that wants more proof: its words reach the source of tokens from every kind of request, and no write is sent twice.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bca_approval::Method;
use bca_auth::{Secret, TokenError, TokenSource};
use bca_catalogue::Catalogue;
use tokio_util::sync::CancellationToken;

use crate::{
    BcError, Client, Isolation, MediaBody, MediaPath, Query, RecordPath, SetPath, WriteError,
    script::{ETAG, ID, Intents, Reply, Script, ok, permit},
};

const BODY: &str = r#"{"displayName":"Harbor Lights Ltd"}"#;

/// Two headers, as a server says that takes several kinds of proof; the claims are `{"access_token":{"nbf":{"essential":true}}}`.
const HEADERS: &str = "WWW-Authenticate: Negotiate\r\nWWW-Authenticate: Bearer realm=\"\", error=\"insufficient_claims\", claims=\"eyJhY2Nlc3NfdG9rZW4iOnsibmJmIjp7ImVzc2VudGlhbCI6dHJ1ZX19fQ==\"\r\n";
const HEARD: &str = "Negotiate, Bearer realm=\"\", error=\"insufficient_claims\", claims=\"eyJhY2Nlc3NfdG9rZW4iOnsibmJmIjp7ImVzc2VudGlhbCI6dHJ1ZX19fQ==\"";

fn challenge() -> Reply {
    Reply::Answer(401, HEADERS, String::new())
}

/// Remembers which tokens were refused, and with which words.
#[derive(Default)]
struct Source {
    heard: Mutex<Vec<(String, String)>>,
    fault: Option<TokenError>,
    /// Never comes to an end.
    hangs: bool,
}

#[async_trait]
impl TokenSource for Source {
    async fn token(&self) -> Result<Secret<String>, TokenError> {
        Ok(Secret::new(if self.heard.lock().unwrap().is_empty() { "old" } else { "new" }.into()))
    }

    async fn refresh(&self, _refused: &Secret<String>) -> Result<Secret<String>, TokenError> {
        panic!("the challenge was not passed on")
    }

    async fn challenged(&self, refused: &Secret<String>, www_authenticate: &str) -> Result<Secret<String>, TokenError> {
        self.heard.lock().unwrap().push((refused.expose().clone(), www_authenticate.to_owned()));
        if self.hangs {
            std::future::pending::<()>().await;
        }
        self.fault.clone().map_or_else(|| Ok(Secret::new("new".into())), Err)
    }
}

struct Case {
    script: Script,
    source: Arc<Source>,
    client: Client,
}

impl Case {
    async fn new(replies: impl IntoIterator<Item = Reply>, source: Source) -> Self {
        let (script, source) = (Script::new(replies).await, Arc::new(source));
        let client = script.client_with(Arc::clone(&source) as _, Arc::new(Intents::default()));
        Self { script, source, client }
    }

    /// A write of each kind; what came of it.
    async fn write(&self, kind: Kind, cancel: &CancellationToken) -> WriteError {
        let create = self.script.request(Method::Post, "customers", None, Some(BODY));
        match kind {
            Kind::Alone => self.client.write(permit(&create).await, &create, cancel).await.unwrap_err(),
            Kind::Batch => {
                let writes = vec![(permit(&create).await, &create), (permit(&create).await, &create)];
                let mut outcomes = self.client.write_batch(writes, Isolation::Snapshot, cancel).await;
                assert_eq!(outcomes[0], outcomes[1]);
                outcomes.remove(0).unwrap_err()
            }
            Kind::File => {
                let body = MediaBody::of(b"a picture", "image/png").to_body();
                let request = self.script.request(Method::Patch, &picture().to_string(), Some(ETAG), Some(&body));
                self.client.upload(permit(&request).await, &request, b"a picture".to_vec(), &crate::Earlier::default(), cancel).await.unwrap_err()
            }
        }
    }

    fn bearers(&self) -> Vec<String> {
        self.script.seen().iter().map(|seen| seen.header("authorization").unwrap().to_owned()).collect()
    }

    fn heard(&self) -> Vec<(String, String)> {
        self.source.heard.lock().unwrap().clone()
    }
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Alone,
    Batch,
    File,
}

const KINDS: [Kind; 3] = [Kind::Alone, Kind::Batch, Kind::File];

fn picture() -> MediaPath {
    MediaPath::find(Catalogue::embedded(), &RecordPath::of("customers", ID).unwrap(), "picture").unwrap()
}

fn once() -> Vec<(String, String)> {
    vec![("old".to_owned(), HEARD.to_owned())]
}

#[tokio::test]
async fn a_read_and_a_download_pass_it_on_and_ask_once_more() {
    let never = CancellationToken::new();
    let read = Case::new([challenge(), ok(r#"{"value":[]}"#)], Source::default()).await;
    read.client.query(&Query::of(SetPath::of("customers").unwrap()), &never).await.unwrap();
    let download = Case::new([challenge(), Reply::Answer(200, "Content-Type: image/png\r\n", "a picture".into())], Source::default()).await;
    let mut file = Vec::new();
    download.client.download(&picture(), &mut file, 100, &never).await.unwrap();
    assert_eq!(file, b"a picture");
    for case in [read, download] {
        assert_eq!((case.heard(), case.bearers()), (once(), vec!["Bearer old".to_owned(), "Bearer new".to_owned()]));
    }
}

#[tokio::test]
async fn a_write_passes_it_on_and_is_not_sent_again() {
    for kind in KINDS {
        let case = Case::new([challenge(), Reply::Answer(204, "", String::new())], Source::default()).await;
        let WriteError::Refused(error) = case.write(kind, &CancellationToken::new()).await else { panic!("{kind:?}") };
        assert!(matches!(&error, BcError::NotSignedIn { reason } if reason.contains("renewed") && reason.contains("nothing was changed")), "{kind:?}: {error}");
        assert_eq!((case.heard(), case.bearers()), (once(), vec!["Bearer old".to_owned()]), "{kind:?}");
    }
}

#[tokio::test]
async fn what_comes_of_it_is_told() {
    let needed = "Microsoft wants more proof. Sign in again.";
    for kind in KINDS {
        let source = Source { fault: Some(TokenError::SignInNeeded(needed.into())), ..Source::default() };
        let told = Case::new([challenge()], source).await.write(kind, &CancellationToken::new()).await;
        assert_eq!(told, WriteError::Refused(BcError::NotSignedIn { reason: needed.into() }), "{kind:?}");

        let source = Source { fault: Some(TokenError::Unavailable("There is no network.".into())), ..Source::default() };
        let told = Case::new([challenge()], source).await.write(kind, &CancellationToken::new()).await;
        assert!(matches!(told, WriteError::Refused(BcError::Unreachable { .. })), "{kind:?}: {told}");
    }
}

#[tokio::test]
async fn a_renewal_that_does_not_end_holds_no_write_up() {
    for kind in KINDS {
        // The limit of a write.
        let case = Case::new([challenge()], Source { hangs: true, ..Source::default() }).await;
        let told = case.write(kind, &CancellationToken::new()).await;
        assert!(matches!(told, WriteError::Refused(BcError::NotSignedIn { .. })), "{kind:?}: {told}");
        assert_eq!((case.heard(), case.bearers().len()), (once(), 1), "{kind:?}");
    }
}
