//! What stands between an app and Business Central: passes requests on, answers in its place, or both.

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, Method, StatusCode, Uri, header},
    response::Response,
};
use tokio::net::TcpListener;

use crate::Books;

/// What a gateway does with one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Passage {
    /// It goes through, and so does the answer.
    Open,
    /// It is answered with this status, and goes no further.
    Refused(u16),
    /// It goes through, and is answered with this status all the same.
    DoneBut(u16),
    /// It is answered with 504 now and is kept: it goes through when [`Gateway::commit`] says so.
    Kept,
}

/// One request as it came.
#[derive(Debug, Clone)]
pub struct Passed {
    /// `GET` and so on.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// What was done with it.
    pub passage: Passage,
    request: (HeaderMap, Bytes),
}

impl Passed {
    /// A header that it came with.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.request.0.get(name)?.to_str().ok()
    }
}

type Rule = dyn Fn(&str, &str) -> Passage + Send + Sync;

struct Inner {
    /// `http://127.0.0.1:PORT` of Business Central.
    behind: String,
    http: reqwest::Client,
    rule: Mutex<Box<Rule>>,
    seen: Mutex<Vec<Passed>>,
}

/// The gateway; it goes when the test does.
pub struct Gateway {
    inner: Arc<Inner>,
    root: String,
}

impl Gateway {
    /// In front of these books; everything goes through.
    pub async fn before(books: &Books) -> Self {
        let url = books.url();
        let (behind, path) = url.strip_prefix("http://").and_then(|rest| rest.split_once('/')).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let root = format!("http://{}/{path}", listener.local_addr().unwrap());
        let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let open: Box<Rule> = Box::new(|_, _| Passage::Open);
        let inner = Arc::new(Inner { behind: format!("http://{behind}"), http, rule: Mutex::new(open), seen: Mutex::default() });
        let router = Router::new().fallback(pass).with_state(Arc::clone(&inner));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { inner, root }
    }

    /// The API root.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.root
    }

    /// From now on each request goes as this says of its method and path.
    pub fn rule(&self, rule: impl Fn(&str, &str) -> Passage + Send + Sync + 'static) {
        *self.inner.rule.lock().unwrap() = Box::new(rule);
    }

    /// The requests that came, in order.
    #[must_use]
    pub fn seen(&self) -> Vec<Passed> {
        self.inner.seen.lock().unwrap().clone()
    }

    /// Those that may change something.
    #[must_use]
    pub fn writes(&self) -> Vec<Passed> {
        self.seen().into_iter().filter(|passed| passed.method != "GET").collect()
    }

    /// Lets a request through that was kept: whoever sent it has given up long ago.
    pub async fn commit(&self, kept: &Passed) {
        let method = kept.method.parse().unwrap();
        let answer = self.inner.forward(method, &kept.path, kept.request.0.clone(), kept.request.1.clone()).await;
        assert!(answer.status().is_success(), "{kept:?}: {}", answer.status());
    }
}

impl Inner {
    async fn forward(&self, method: Method, path: &str, mut headers: HeaderMap, body: Bytes) -> reqwest::Response {
        for hop in [header::HOST, header::CONTENT_LENGTH, header::CONNECTION] {
            headers.remove(hop);
        }
        self.http.request(method, format!("{}{path}", self.behind)).headers(headers).body(body).send().await.unwrap()
    }
}

fn answered(status: u16) -> Response {
    let mut response = Response::builder().status(status).header(header::CONTENT_TYPE, "application/json");
    if matches!(status, 429 | 503) {
        response = response.header(header::RETRY_AFTER, "1");
    }
    let code = if status == 429 { "Application_TooManyRequests" } else { "Unknown" };
    response.body(Body::from(format!(r#"{{"error":{{"code":"{code}","message":"From the gateway."}}}}"#))).unwrap()
}

async fn pass(State(inner): State<Arc<Inner>>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let path = uri.path_and_query().map_or_else(|| uri.path().to_owned(), ToString::to_string);
    let passage = (inner.rule.lock().unwrap())(method.as_str(), &path);
    let passed = Passed { method: method.to_string(), path: path.clone(), passage, request: (headers.clone(), body.clone()) };
    inner.seen.lock().unwrap().push(passed);
    match passage {
        Passage::Refused(status) => answered(status),
        Passage::Kept => answered(504),
        Passage::Open | Passage::DoneBut(_) => {
            let answer = inner.forward(method, &path, headers, body).await;
            if let Passage::DoneBut(status) = passage {
                return answered(status);
            }
            let mut response = Response::builder().status(StatusCode::from_u16(answer.status().as_u16()).unwrap());
            for (name, value) in answer.headers().iter().filter(|(name, _)| **name != header::TRANSFER_ENCODING && **name != header::CONNECTION) {
                response = response.header(name, value);
            }
            response.body(Body::from(answer.bytes().await.unwrap())).unwrap()
        }
    }
}
