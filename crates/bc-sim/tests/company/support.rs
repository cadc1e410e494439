//! A running demo company and a plain HTTP client for it.

use bca_sim::{Options, Running, serve};
use reqwest::{Method, RequestBuilder, Response};
use serde_json::Value;

pub const TOKEN: &str = "demo-token";

pub struct Company {
    pub running: Running,
    pub client: reqwest::Client,
    /// Root and company: `{root}/companies({id})`.
    pub base: String,
}

/// What came back: status, headers of interest, JSON body (null when empty).
pub struct Reply {
    pub status: u16,
    pub etag: Option<String>,
    pub retry_after: Option<String>,
    pub body: Value,
}

impl Reply {
    pub async fn of(response: Response) -> Reply {
        let status = response.status().as_u16();
        let header = |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        let (etag, retry_after) = (header("etag"), header("retry-after"));
        let text = response.text().await.unwrap();
        let body = if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap_or(Value::String(text)) };
        Reply { status, etag, retry_after, body }
    }

    pub fn code(&self) -> &str {
        self.body["error"]["code"].as_str().unwrap_or_default()
    }

    pub fn message(&self) -> &str {
        self.body["error"]["message"].as_str().unwrap_or_default()
    }

    pub fn rows(&self) -> &Vec<Value> {
        self.body["value"].as_array().unwrap_or_else(|| panic!("no list: {}", self.body))
    }

    pub fn text(&self, name: &str) -> &str {
        self.body[name].as_str().unwrap_or_else(|| panic!("no {name}: {}", self.body))
    }
}

/// A value for a query, percent-encoded.
pub fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

pub fn options() -> Options {
    Options { work_date: Some("2026-06-15".parse().unwrap()), ..Options::new(TOKEN) }
}

pub async fn start(options: Options) -> Company {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let running = serve(listener, options).await.unwrap();
    let base = format!("{}/companies({})", running.base_url(), running.companies()[0].0);
    Company { running, client: reqwest::Client::new(), base }
}

pub async fn company() -> Company {
    start(options()).await
}

impl Company {
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = if path.starts_with("http") { path.to_owned() } else { format!("{}/{path}", self.base) };
        self.client.request(method, url).bearer_auth(TOKEN)
    }

    pub async fn get(&self, path: &str) -> Reply {
        Reply::of(self.request(Method::GET, path).send().await.unwrap()).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Reply {
        Reply::of(self.request(Method::POST, path).json(&body).send().await.unwrap()).await
    }

    pub async fn act(&self, path: &str) -> Reply {
        Reply::of(self.request(Method::POST, path).send().await.unwrap()).await
    }

    pub async fn patch(&self, path: &str, etag: &str, body: Value) -> Reply {
        Reply::of(self.request(Method::PATCH, path).header("if-match", etag).json(&body).send().await.unwrap()).await
    }

    pub async fn delete(&self, path: &str, etag: &str) -> Reply {
        Reply::of(self.request(Method::DELETE, path).header("if-match", etag).send().await.unwrap()).await
    }

    /// The first row of a list.
    pub async fn first(&self, path: &str) -> Value {
        let reply = self.get(path).await;
        reply.rows().first().cloned().unwrap_or_else(|| panic!("nothing at {path}: {}", reply.body))
    }

    /// All rows, page by page.
    pub async fn all(&self, path: &str) -> Vec<Value> {
        let mut rows = Vec::new();
        let mut next = Some(path.to_owned());
        while let Some(url) = next {
            let reply = self.get(&url).await;
            assert_eq!(reply.status, 200, "{url}: {}", reply.body);
            rows.extend(reply.rows().iter().cloned());
            next = reply.body["@odata.nextLink"].as_str().map(str::to_owned);
        }
        rows
    }
}
