use std::time::Duration;

use crate::BaseUrl;

/// How long a connection may take to stand.
const CONNECT: Duration = Duration::from_secs(15);

/// The HTTP client could not be made.
#[derive(Debug, thiserror::Error)]
#[error("The connection to the model provider could not be set up: {0}")]
pub struct HttpClientError(String);

/// A client for one provider.
///
/// It never follows a redirect (`x-api-key` would travel along), takes its proxy from `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and
/// `NO_PROXY` but never goes through one to this computer, trusts the system's certificate store, and has no limit on an
/// answer's total time: answers stream, and the stream has limits of its own.
///
/// # Errors
/// A user agent that is no header value, or a certificate store that cannot be read.
pub fn http_client(user_agent: &str, base_url: &BaseUrl) -> Result<reqwest::Client, HttpClientError> {
    let mut builder = reqwest::Client::builder()
        .user_agent(user_agent)
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .tcp_nodelay(true)
        .tcp_keepalive(Duration::from_secs(30))
        .connect_timeout(CONNECT);
    if base_url.is_loopback() {
        builder = builder.no_proxy();
    }
    if base_url.is_plain() {
        // No TLS will be spoken, and reading the system's store would cost more than the whole first request.
        builder = builder.tls_certs_only([]);
    }
    builder.build().map_err(|error| HttpClientError(chain(&error)))
}

/// An error with its causes. The address is left out by the callers (`without_url`).
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let words = cause.to_string();
        if !text.ends_with(&words) {
            text.push_str(": ");
            text.push_str(&words);
        }
        source = cause.source();
    }
    text
}
