//! The demo company as a server of its own, with what it saw.

use bca_sim::{Fault, LoggedRequest, Options, Running};
use serde_json::Value;
use tokio::net::TcpListener;

/// The token that it lets in; tests look for it where it must not be.
pub const BC_TOKEN: &str = "bc-canary-5e1d77a0c4";

/// Names the requests of somebody else.
const SOMEBODY_ELSE: &str = "somebody-else";

/// A company at work in memory.
pub struct Books {
    sim: Running,
    http: reqwest::Client,
}

impl Books {
    /// Opens a company on a free port.
    pub async fn open() -> Self {
        Self::with(|options| options).await
    }

    /// Opens it with other options.
    pub async fn with(change: impl FnOnce(Options) -> Options) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let sim = bca_sim::serve(listener, change(Options::new(BC_TOKEN))).await.unwrap();
        let http = reqwest::Client::builder().user_agent(SOMEBODY_ELSE).no_proxy().build().unwrap();
        Self { sim, http }
    }

    /// The API root.
    #[must_use]
    pub fn url(&self) -> String {
        self.sim.base_url()
    }

    /// The company's name.
    #[must_use]
    pub fn company(&self) -> String {
        self.sim.companies()[0].1.clone()
    }

    /// A fault from now on, as `SET:METHOD:N:FAULT`.
    pub fn fault(&self, spec: &str) {
        self.sim.add_fault(spec.parse::<Fault>().unwrap());
    }

    /// What the app sent that may change something, in order.
    #[must_use]
    pub fn writes(&self) -> Vec<LoggedRequest> {
        self.requests().into_iter().filter(|request| request.method != "GET").collect()
    }

    /// What the app sent.
    #[must_use]
    pub fn requests(&self) -> Vec<LoggedRequest> {
        self.sim.requests().into_iter().filter(|request| request.user_agent.as_deref() != Some(SOMEBODY_ELSE)).collect()
    }

    fn address(&self, path: &str) -> String {
        format!("{}/companies({})/{path}", self.sim.base_url(), self.sim.companies()[0].0)
    }

    /// Reads as somebody else, as text.
    pub async fn read(&self, path: &str) -> String {
        self.http.get(self.address(path)).bearer_auth(BC_TOKEN).send().await.unwrap().text().await.unwrap()
    }

    /// Reads as somebody else, as bytes.
    pub async fn bytes(&self, path: &str) -> Vec<u8> {
        self.http.get(self.address(path)).bearer_auth(BC_TOKEN).send().await.unwrap().bytes().await.unwrap().to_vec()
    }

    /// Changes a record as somebody else.
    pub async fn patch(&self, path: &str, body: &Value) {
        let request = self.http.patch(self.address(path)).bearer_auth(BC_TOKEN).header("If-Match", "*").json(body);
        let answer = request.send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    }

    /// Creates a record as somebody else; its id.
    pub async fn create(&self, set: &str, body: &Value) -> String {
        let answer = self.http.post(self.address(set)).bearer_auth(BC_TOKEN).json(body).send().await.unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert!(status.is_success(), "{text}");
        let record: Value = serde_json::from_str(&text).unwrap();
        record["id"].as_str().unwrap().to_owned()
    }

    /// The ids of the first records of a set.
    pub async fn ids(&self, set: &str, count: usize) -> Vec<String> {
        let page: Value = serde_json::from_str(&self.read(&format!("{set}?$top={count}&$select=id")).await).unwrap();
        page["value"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
    }

    /// A record, as JSON.
    pub async fn record(&self, set: &str, id: &str) -> Value {
        serde_json::from_str(&self.read(&format!("{set}({id})")).await).unwrap()
    }

    /// How many records have this name.
    pub async fn named(&self, set: &str, name: &str) -> usize {
        let page: Value = serde_json::from_str(&self.read(&format!("{set}?$filter=displayName eq '{name}'")).await).unwrap();
        page["value"].as_array().unwrap().len()
    }

    /// Closes it for good.
    pub async fn stop(self) {
        self.sim.stop().await;
    }
}
