//! HTTP to the sign-in service: no redirects, bounded in time and size, plain http on this machine only.

use std::{pin::Pin, time::Duration};

use oauth2::{AsyncHttpClient, HttpRequest, HttpResponse, http};
use reqwest::header;
use serde::de::DeserializeOwned;
use url::Url;

use crate::{AuthError, Secret};

const CONNECT: Duration = Duration::from_secs(10);
/// From the request to the last byte of the answer.
const TOTAL: Duration = Duration::from_secs(30);
/// Answers are a few kilobytes.
const LARGEST: usize = 1024 * 1024;

/// It is no part of JSON (RFC 8259, section 8.1), but some servers send one.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Why there is no usable answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HttpFault {
    #[error("{0}")]
    Unreachable(String),
    #[error("it answered with status {0}")]
    Status(u16),
    #[error("it answered with a redirect")]
    Redirect,
    #[error("the answer is too long")]
    TooLong,
    #[error("the answer is not JSON")]
    NotJson,
    #[error("the access token was refused")]
    Unauthorized,
}

impl From<HttpFault> for AuthError {
    fn from(fault: HttpFault) -> Self {
        match &fault {
            HttpFault::Unreachable(_) => Self::Unavailable(fault.to_string()),
            HttpFault::Status(status) if *status == 408 || *status == 429 || *status >= 500 => Self::Unavailable(fault.to_string()),
            HttpFault::Status(_) | HttpFault::Redirect | HttpFault::TooLong | HttpFault::NotJson | HttpFault::Unauthorized => Self::Protocol(fault.to_string()),
        }
    }
}

/// A client for the sign-in service and for what it says about a person.
#[derive(Clone)]
pub(crate) struct Http {
    client: reqwest::Client,
}

impl Http {
    /// A client that goes through no proxy where `authority` is on this machine.
    pub(crate) fn new(authority: &Url) -> Result<Self, AuthError> {
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("bc-agent/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .tcp_nodelay(true)
            .connect_timeout(CONNECT)
            .timeout(TOTAL);
        if is_loopback(authority) {
            builder = builder.no_proxy();
            if authority.scheme() == "http" {
                // No TLS will be spoken; the system's certificates need not be read.
                builder = builder.tls_certs_only([]);
            }
        }
        let client =
            builder.build().map_err(|fault| AuthError::Configuration(format!("The connection to the sign-in service could not be set up: {fault}.")))?;
        Ok(Self { client })
    }

    /// Reads a JSON document.
    pub(crate) async fn get<T: DeserializeOwned>(&self, url: &Url, bearer: Option<&Secret<String>>) -> Result<T, HttpFault> {
        let mut request = self.client.get(url.clone()).header(header::ACCEPT, "application/json");
        if let Some(bearer) = bearer {
            request = request.bearer_auth(bearer.expose());
        }
        let answer = self.answer(request.build().map_err(unreachable)?).await?;
        match answer.status().as_u16() {
            200 => serde_json::from_slice(answer.body()).map_err(|_| HttpFault::NotJson),
            401 => Err(HttpFault::Unauthorized),
            status => Err(HttpFault::Status(status)),
        }
    }

    /// Sends a request to the token endpoint. An answer that is no decision of the service's (redirects, 5xx, 429) is a fault.
    async fn token(&self, request: HttpRequest) -> Result<HttpResponse, HttpFault> {
        let request = reqwest::Request::try_from(request).map_err(unreachable)?;
        let answer = self.answer(request).await?;
        match answer.status().as_u16() {
            200 => Ok(answer.map(crate::grant::with_a_usable_life)),
            400..=407 | 409..=428 | 430..=499 => Ok(answer),
            status => Err(HttpFault::Status(status)),
        }
    }

    async fn answer(&self, request: reqwest::Request) -> Result<HttpResponse, HttpFault> {
        let mut response = self.client.execute(request).await.map_err(unreachable)?;
        if response.status().is_redirection() {
            return Err(HttpFault::Redirect);
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
            if body.len() + chunk.len() > LARGEST {
                return Err(HttpFault::TooLong);
            }
            body.extend_from_slice(&chunk);
        }
        if body.starts_with(BYTE_ORDER_MARK) {
            body.drain(..BYTE_ORDER_MARK.len());
        }
        let mut answer = http::Response::new(body);
        *answer.status_mut() = response.status();
        if let Some(kind) = response.headers().get(header::CONTENT_TYPE) {
            answer.headers_mut().insert(header::CONTENT_TYPE, kind.clone());
        }
        Ok(answer)
    }
}

impl<'c> AsyncHttpClient<'c> for Http {
    type Error = HttpFault;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, HttpFault>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.token(request))
    }
}

/// A fault of the network with its causes, without the address.
fn unreachable(fault: reqwest::Error) -> HttpFault {
    let fault = fault.without_url();
    let mut text = fault.to_string();
    let mut source = std::error::Error::source(&fault);
    while let Some(cause) = source {
        let words = cause.to_string();
        if !text.ends_with(&words) {
            text = format!("{text}: {words}");
        }
        source = cause.source();
    }
    HttpFault::Unreachable(text)
}

/// Whether an address is this machine's own.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        Some(url::Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        None => false,
    }
}

/// Takes an address that credentials may go to: https, or http on this machine; without user, password and fragment.
pub(crate) fn safe(text: &str, what: &str) -> Result<Url, AuthError> {
    let refuse = |why: &str| AuthError::Configuration(format!("The address of {what} can't be used: {why}."));
    let url = Url::parse(text.trim()).map_err(|fault| refuse(&fault.to_string()))?;
    if !url.has_host() || !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        return Err(refuse("it should look like https://login.microsoftonline.com/TENANT"));
    }
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_loopback(&url) => Ok(url),
        _ => Err(refuse("only https is allowed, except on this machine")),
    }
}
