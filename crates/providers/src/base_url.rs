use std::{fmt, str::FromStr};

use url::{Host, Url};

/// Why an address cannot be a provider's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BaseUrlError {
    /// Not a URL at all.
    #[error("The address of the model provider is not a URL. It looks like https://api.anthropic.com.")]
    NotAUrl,
    /// Neither https nor http.
    #[error("The address of the model provider must begin with https://.")]
    Scheme,
    /// Plain http to another machine: the key would travel in clear.
    #[error("The address of the model provider must begin with https://: plain http is accepted only for this computer (127.0.0.1, [::1], localhost).")]
    PlainHttp,
    /// A user name or password in it: addresses are logged, secrets are not.
    #[error("The address of the model provider must not contain a user name or password. Keep the key in the settings or in ANTHROPIC_API_KEY.")]
    Credentials,
    /// A query or a fragment, which would end up in the middle of the path.
    #[error("The address of the model provider must end with its path: leave out everything from ? or # on.")]
    Query,
}

/// Where a provider answers: https, or http on this computer only. Written with or without a slash or `/v1` at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUrl {
    url: Url,
}

impl BaseUrl {
    /// Reads an address.
    ///
    /// # Errors
    /// An address that is no URL, would send the key in clear, or carries credentials, a query or a fragment.
    pub fn parse(text: &str) -> Result<Self, BaseUrlError> {
        let mut url = Url::parse(text.trim()).map_err(|_| BaseUrlError::NotAUrl)?;
        match url.scheme() {
            "https" => {}
            "http" if is_loopback(&url) => {}
            "http" => return Err(BaseUrlError::PlainHttp),
            _ => return Err(BaseUrlError::Scheme),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(BaseUrlError::Credentials);
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(BaseUrlError::Query);
        }
        let path = url.path().trim_end_matches('/');
        let path = path.strip_suffix("/v1").unwrap_or(path).trim_end_matches('/').to_owned();
        url.set_path(&path);
        Ok(Self { url })
    }

    /// Whether it is this computer: 127.0.0.0/8, `[::1]` or `localhost`.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.url)
    }

    /// Whether the connection is without TLS.
    #[must_use]
    pub(crate) fn is_plain(&self) -> bool {
        self.url.scheme() == "http"
    }

    /// The host as people know it, with the port where it is not the usual one.
    #[must_use]
    pub fn host(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        self.url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }

    /// The address of an endpoint, `/v1/messages`.
    #[must_use]
    pub(crate) fn endpoint(&self, path: &str) -> Url {
        let mut url = self.url.clone();
        url.set_path(&format!("{}{path}", self.url.path().trim_end_matches('/')));
        url
    }
}

impl FromStr for BaseUrl {
    type Err = BaseUrlError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl fmt::Display for BaseUrl {
    /// Without a slash at the end.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.url.as_str().trim_end_matches('/'))
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

#[cfg(test)]
#[path = "base_url_tests.rs"]
mod tests;
