//! One request over HTTP, with every bound: where it may go, how long it may take, how much may come back.

use std::{
    error::Error as _,
    net::IpAddr,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use bca_auth::{Secret, TokenError, TokenSource};
use bca_catalogue::{ApiName, Language};
use bca_protocol::Clock;
use jiff::{SignedDuration, Timestamp, fmt::rfc2822::DateTimeParser};
use reqwest::{
    RequestBuilder, Response, StatusCode,
    header::{ACCEPT_LANGUAGE, AUTHORIZATION, CONTENT_TYPE, DATE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE},
};
use tokio::time::Instant;
use url::{Host, Url};

use crate::{BcError, Limits, pace::Pace};

/// How long a connection may take to stand.
const CONNECT: Duration = Duration::from_secs(15);

/// Dates of HTTP headers; a wrong weekday harms nobody.
static RETRY_DATE: DateTimeParser = DateTimeParser::new().relaxed_weekday(true);

/// The way to one API root: clients, token, pace.
pub(crate) struct Wire {
    pub(crate) root: Url,
    reads: reqwest::Client,
    /// Keeps no idle connections: a connection that the server had closed meanwhile would make a write's outcome unknown for nothing.
    pub(crate) writes: reqwest::Client,
    pub(crate) bearer: Arc<dyn TokenSource>,
    pub(crate) pace: Pace,
    pub(crate) limits: Limits,
    clock: Arc<dyn Clock>,
    /// The person's, where it is known.
    language: OnceLock<Language>,
    /// By how many seconds the server's clock is ahead of ours, as its last answer said.
    ahead: AtomicI64,
}

/// An answer with a status; the body may have broken off.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) retry_after: Option<Duration>,
    /// What a refused token is told to bring (`WWW-Authenticate`, RFC 6750, section 3).
    pub(crate) challenge: String,
    pub(crate) is_json: bool,
    /// What the server calls the request in its own log.
    pub(crate) reference: Option<String>,
    pub(crate) body: Result<String, Fault>,
}

/// No answer, or no whole one.
pub(crate) enum Fault {
    /// The connection never stood: the request can't have left.
    NotConnected(String),
    /// It broke off afterwards.
    Broken(String),
    /// The time was up.
    TimedOut(Duration),
    /// More bytes than the limit.
    TooLarge,
    /// Not text.
    NotText,
}

impl Wire {
    /// The way to the standard API of an environment.
    pub(crate) fn new(root: &str, bearer: Arc<dyn TokenSource>, clock: Arc<dyn Clock>, limits: Limits) -> Result<Self, BcError> {
        let root = checked_root(root)?;
        if !root.path().ends_with("/api/v2.0") {
            return Err(BcError::BadConnection("The address of Business Central must end in /api/v2.0.".into()));
        }
        Self::to(root, bearer, clock, limits)
    }

    /// The way to the service itself, which knows the environments.
    pub(crate) fn to_service(root: &str, bearer: Arc<dyn TokenSource>, clock: Arc<dyn Clock>, limits: Limits) -> Result<Self, BcError> {
        let mut root = checked_root(root)?;
        root.set_path("");
        Self::to(root, bearer, clock, limits)
    }

    fn to(root: Url, bearer: Arc<dyn TokenSource>, clock: Arc<dyn Clock>, limits: Limits) -> Result<Self, BcError> {
        let client = |idle: usize| {
            let builder = reqwest::Client::builder()
                .redirect(reqwest::redirect::Policy::none())
                .retry(reqwest::retry::never())
                .referer(false)
                .connect_timeout(CONNECT)
                .pool_max_idle_per_host(idle)
                .user_agent(concat!("BC-Agent/", env!("CARGO_PKG_VERSION")));
            // Plain http is loopback only: no proxy may see it, and no certificate is needed, so none is loaded.
            let builder = if root.scheme() == "http" { builder.no_proxy().tls_certs_only([]) } else { builder };
            builder.build().map_err(|e| BcError::BadConnection(format!("The network could not be set up: {}.", innermost(&e))))
        };
        let (reads, writes) = (client(limits.at_once)?, client(0)?);
        let pace = Pace::new(limits.at_once, limits.per_minute, Arc::clone(&clock));
        Ok(Self { root, reads, writes, bearer, pace, limits, clock, language: OnceLock::new(), ahead: AtomicI64::new(0) })
    }

    /// The root with this below it. `below` is made of checked names, ids and encoded options only.
    pub(crate) fn address(&self, below: &str) -> Result<Url, BcError> {
        let text = format!("{}/{below}", self.root.as_str().trim_end_matches('/'));
        Url::parse(&text).map_err(|e| BcError::BadQuery(format!("The address of the request is not valid: {e}.")))
    }

    /// The address of something below a company, which is `companies(id)`: of the standard API, or of the custom API that `below` begins with.
    /// `companies` and `subscriptions` stand beside the companies (docs/business-central.md, section 1).
    pub(crate) fn company_address(&self, company: &str, below: &str) -> Result<Url, BcError> {
        let set = below.split(['(', '?', '/']).next().unwrap_or_default();
        match ApiName::split(below) {
            Some((api, rest)) => self.api_address(&api, &format!("{company}/{rest}")),
            None if matches!(set, "companies" | "subscriptions") => self.address(below),
            None => self.address(&format!("{company}/{below}")),
        }
    }

    /// The address of something below the root of a custom API of the same environment.
    pub(crate) fn api_address(&self, api: &ApiName, below: &str) -> Result<Url, BcError> {
        let text = format!("{}{api}/{below}", self.apis());
        Url::parse(&text).map_err(|e| BcError::BadQuery(format!("The address of the request is not valid: {e}.")))
    }

    /// Where all APIs of the environment stand: `…/api/`.
    fn apis(&self) -> &str {
        self.root.as_str().trim_end_matches('/').trim_end_matches("v2.0")
    }

    /// Whether `there` stands below the root of the API that `here` stands below: the token goes nowhere else.
    pub(crate) fn is_same_api(&self, here: &Url, there: &Url) -> bool {
        let path = here.path().to_ascii_lowercase();
        let root = path.split_once("/companies(").map_or_else(|| self.root.path().trim_end_matches('/').to_ascii_lowercase(), |(root, _)| root.to_owned());
        let below = there.path().to_ascii_lowercase().strip_prefix(&root).is_some_and(|below| below.starts_with('/'));
        below && there.origin() == self.root.origin() && there.username().is_empty() && there.password().is_none()
    }

    /// Host and port, for messages.
    fn host(&self) -> String {
        match (self.root.host_str(), self.root.port()) {
            (Some(host), Some(port)) => format!("{host}:{port}"),
            (Some(host), None) => host.to_owned(),
            (None, _) => String::new(),
        }
    }

    pub(crate) fn get(&self, url: Url) -> RequestBuilder {
        self.reads.get(url)
    }

    /// For reads that need a body.
    pub(crate) fn post(&self, url: Url) -> RequestBuilder {
        self.reads.post(url)
    }

    /// The preference for pages of the client's size.
    pub(crate) fn page_size(&self) -> String {
        format!("odata.maxpagesize={}", self.limits.page_rows)
    }

    /// The language that the person reads; the first one that is set stays.
    pub(crate) fn speak(&self, language: Language) {
        let _ = self.language.set(language);
    }

    pub(crate) fn language(&self) -> Option<&Language> {
        self.language.get()
    }

    /// Asks for captions, messages and documents in the person's language (docs/business-central.md, section 9). Not for reads of rows:
    /// numbers that come as text (`trialBalances`) would follow it too.
    pub(crate) fn in_language(&self, request: RequestBuilder) -> RequestBuilder {
        match self.language.get() {
            Some(language) => request.header(ACCEPT_LANGUAGE, language.accepted()),
            None => request,
        }
    }

    /// Sends once. Everything within `timeout`, from the connection to the last byte.
    pub(crate) async fn send(&self, request: RequestBuilder, bearer: HeaderValue, timeout: Duration) -> Result<Answer, Fault> {
        let began = Instant::now();
        let deadline = began + timeout;
        let sent = tokio::time::timeout_at(deadline, request.header(AUTHORIZATION, bearer).send()).await;
        let response = match sent {
            Err(_) => return Err(Fault::TimedOut(timeout)),
            Ok(Err(error)) if error.is_connect() || error.is_builder() => return Err(Fault::NotConnected(reason(&error))),
            Ok(Err(error)) => return Err(Fault::Broken(reason(&error))),
            Ok(Ok(response)) => response,
        };
        self.compare_clocks(&response);
        let status = response.status();
        let retry_after = self.retry_after_of(&response);
        let challenge = challenge_of(&response);
        let reference = reference_of(&response);
        let is_json =
            response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).is_some_and(|value| value.to_ascii_lowercase().contains("json"));
        tracing::debug!(status = status.as_u16(), elapsed_ms = began.elapsed().as_millis() as u64, "Business Central answered");
        let body = match tokio::time::timeout_at(deadline, bounded_text(response, self.limits.max_body_bytes)).await {
            Err(_) => Err(Fault::TimedOut(timeout)),
            Ok(body) => body,
        };
        Ok(Answer { status, retry_after, challenge, is_json, reference, body })
    }

    /// The time as the server tells it (`Date`, RFC 9110 section 6.6.1). That has whole seconds, so a difference of less than two is none.
    pub(crate) fn time_there(&self) -> Timestamp {
        let ahead = SignedDuration::from_secs(self.ahead.load(Ordering::Relaxed));
        self.clock.now().checked_add(ahead).unwrap_or_else(|_| self.clock.now())
    }

    fn compare_clocks(&self, response: &Response) {
        let there = response.headers().get(DATE).and_then(|value| value.to_str().ok()).and_then(|value| RETRY_DATE.parse_timestamp(value).ok());
        if let Some(there) = there {
            let ahead = there.duration_since(self.clock.now()).as_secs();
            self.ahead.store(if ahead.abs() < 2 { 0 } else { ahead }, Ordering::Relaxed);
        }
    }

    /// How long an answer asks to wait.
    pub(crate) fn retry_after_of(&self, response: &Response) -> Option<Duration> {
        response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()).and_then(|value| self.retry_after(value))
    }

    /// `Retry-After` as seconds or as a date (RFC 9110 section 10.2.3).
    pub(crate) fn retry_after(&self, value: &str) -> Option<Duration> {
        if let Ok(seconds) = value.trim().parse::<u64>() {
            return Some(Duration::from_secs(seconds));
        }
        let at = RETRY_DATE.parse_timestamp(value.trim()).ok()?;
        Some(Duration::try_from(at.duration_since(self.clock.now())).unwrap_or_default())
    }

    /// The fault as an error of a read, or of a write that said no for certain.
    pub(crate) fn error(&self, fault: &Fault, status: Option<StatusCode>) -> BcError {
        match fault {
            Fault::NotConnected(reason) | Fault::Broken(reason) => {
                BcError::Unreachable { whom: format!("Business Central at {}", self.host()), reason: reason.clone() }
            }
            Fault::TimedOut(after) => BcError::TimedOut { after: *after },
            Fault::TooLarge => BcError::TooLarge { limit_bytes: self.limits.max_body_bytes },
            Fault::NotText => BcError::Unexpected { status: status.map_or(0, |s| s.as_u16()), reason: "it is not text.".into(), correlation_id: None },
        }
    }
}

/// What a refused token is told to bring; a server may name several schemes in several headers.
pub(crate) fn challenge_of(response: &Response) -> String {
    let challenges: Vec<&str> = response.headers().get_all(WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok()).collect();
    challenges.join(", ")
}

/// What the server calls the request in its own log, as services of Microsoft tell it in a header. Business Central documents only the
/// one in the text of an error (docs/business-central.md, section 7), so nothing depends on it.
fn reference_of(response: &Response) -> Option<String> {
    let plain = |id: &&str| (8..=64).contains(&id.len()) && id.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-');
    let named = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::trim).filter(plain).map(str::to_owned);
    ["x-ms-correlation-id", "request-id", "x-ms-request-id"].into_iter().find_map(named)
}

/// The header that carries the token; it stays out of logs.
pub(crate) fn bearer_header(token: &Secret<String>) -> Result<HeaderValue, BcError> {
    let unfit = |_| BcError::NotSignedIn { reason: "The token has characters that no token has. Enter it again.".into() };
    let mut header = HeaderValue::from_str(&format!("Bearer {}", token.expose())).map_err(unfit)?;
    header.set_sensitive(true);
    Ok(header)
}

/// Why there is no token, as an error of the client.
pub(crate) fn no_token(error: TokenError) -> BcError {
    match error {
        TokenError::SignInNeeded(reason) => BcError::NotSignedIn { reason },
        TokenError::Unavailable(reason) => BcError::Unreachable { whom: "The sign-in service".into(), reason: reason.trim_end_matches('.').to_owned() },
    }
}

/// Only https, or plain http to this machine; nothing in it that could carry a secret or point elsewhere.
fn checked_root(root: &str) -> Result<Url, BcError> {
    let bad = |sentence: &str| Err(BcError::BadConnection(sentence.to_owned()));
    let Ok(url) = Url::parse(root.trim().trim_end_matches('/')) else {
        return bad(
            "The address of Business Central is not a web address. It looks like https://api.businesscentral.dynamics.com/v2.0/TENANT/ENVIRONMENT/api/v2.0.",
        );
    };
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
        return bad("The address of Business Central must not contain a user name, a password, \"?\" or \"#\".");
    }
    match url.scheme() {
        "https" => {}
        "http" if is_loopback(&url) => {}
        "http" => return bad("The address of Business Central must begin with https://. Plain http is accepted only for this machine."),
        _ => return bad("The address of Business Central must begin with https://."),
    }
    Ok(url)
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => IpAddr::V4(ip).is_loopback(),
        Some(Host::Ipv6(ip)) => IpAddr::V6(ip).is_loopback(),
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        None => false,
    }
}

/// The body as text, never more than `limit` bytes of it in memory.
pub(crate) async fn bounded_text(mut response: Response, limit: usize) -> Result<String, Fault> {
    let mut bytes = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if bytes.len() + chunk.len() > limit => return Err(Fault::TooLarge),
            Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
            Ok(None) => break,
            Err(error) => return Err(Fault::Broken(reason(&error))),
        }
    }
    // A byte order mark is no part of JSON, but some proxies add one.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").map(<[u8]>::to_vec).unwrap_or(bytes);
    String::from_utf8(bytes).map_err(|_| Fault::NotText)
}

/// What went wrong, in words, without the address (its options may hold what a person looked for).
pub(crate) fn reason(error: &reqwest::Error) -> String {
    let mut cause = error.source();
    while let Some(inner) = cause {
        if let Some(io) = inner.downcast_ref::<std::io::Error>() {
            match io.kind() {
                std::io::ErrorKind::ConnectionRefused => return "nothing answers there".into(),
                std::io::ErrorKind::ConnectionReset | std::io::ErrorKind::ConnectionAborted | std::io::ErrorKind::UnexpectedEof => {
                    return "the connection broke off".into();
                }
                std::io::ErrorKind::TimedOut => return "the connection took too long".into(),
                std::io::ErrorKind::NetworkUnreachable | std::io::ErrorKind::HostUnreachable => return "there is no network".into(),
                _ => {}
            }
        }
        cause = inner.source();
    }
    if error.is_timeout() {
        return "the connection took too long".into();
    }
    let said = innermost(error);
    if said.contains("dns") || said.contains("lookup address") || said.contains("Name or service") {
        return "the name is not known on the network".into();
    }
    if said.contains("connection closed") || said.contains("IncompleteMessage") || said.contains("error reading a body") {
        return "the connection broke off".into();
    }
    said
}

/// The last cause of the chain, which is the one that says something.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string().trim_end_matches('.').to_owned()
}
