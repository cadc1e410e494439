//! Starts the demo's servers and the window, and looks through WebDriver.

use std::{
    fs,
    net::TcpListener,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use bca_app::demo::{DemoServers, ServeOptions};
use serde_json::{Value, json};
use tempfile::TempDir;
use thirtyfour::prelude::*;

/// Longest that a test waits for something that must come.
const PATIENCE: Duration = Duration::from_secs(40);

/// How often the page is looked at.
const LOOK: Duration = Duration::from_millis(25);

/// The demo's company and model, in memory.
pub struct Books {
    servers: DemoServers,
    client: reqwest::Client,
}

impl Books {
    pub async fn open() -> Self {
        Self { servers: bca_app::demo::serve(ServeOptions::default()).await.unwrap(), client: reqwest::Client::new() }
    }

    fn url(&self, set: &str) -> String {
        let at = self.servers.addresses();
        format!("{}/companies({})/{set}", at.bc_url, at.company_id)
    }

    pub async fn create(&self, set: &str, record: &Value) {
        let request = self.client.post(self.url(set)).bearer_auth(&self.servers.addresses().bc_token);
        let answer = request.header("content-type", "application/json").body(record.to_string()).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    }

    /// The customers of that name.
    pub async fn customers(&self, name: &str) -> Vec<Value> {
        let url = format!("{}?$filter=displayName%20eq%20'{}'", self.url("customers"), name.replace(' ', "%20"));
        let answer = self.client.get(url).bearer_auth(&self.servers.addresses().bc_token).send().await.unwrap().text().await.unwrap();
        let answer: Value = serde_json::from_str(&answer).unwrap();
        answer["value"].as_array().unwrap_or_else(|| panic!("{answer}")).clone()
    }
}

/// Two windows at once would only make each other slow.
static ONE_AT_A_TIME: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// WebKit's own driver, which starts the app.
struct Driver(Child);

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The app, started on a home of its own, and its page.
pub struct Window {
    page: WebDriver,
    folder: TempDir,
    _driver: Driver,
    _turn: tokio::sync::MutexGuard<'static, ()>,
}

impl Window {
    pub async fn open(books: &Books) -> Self {
        let turn = ONE_AT_A_TIME.lock().await;
        let folder = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let driver = driver(books, &folder, port);
        let mut capabilities = Capabilities::new();
        let home = folder.path().join("home");
        let app = json!({"binary": env!("CARGO_BIN_EXE_bc-agent-desktop"), "args": ["--home", home]});
        capabilities.set("webkitgtk:browserOptions", app).unwrap();
        let since = Instant::now();
        let page = loop {
            match WebDriver::new(format!("http://127.0.0.1:{port}"), capabilities.clone()).await {
                Ok(page) => break page,
                Err(fault) => assert!(since.elapsed() < PATIENCE, "the window did not open: {fault}\n{}", said(&folder)),
            }
            tokio::time::sleep(LOOK).await;
        };
        let window = Self { page, folder, _driver: driver, _turn: turn };
        window.listen_for_complaints().await;
        window.see("composer-input").await;
        window.until("return !document.querySelector('[data-testid=composer-input]').disabled").await;
        window
    }

    /// Collects what the page complains about from now on.
    async fn listen_for_complaints(&self) {
        let collect = "window.complaints = []; const said = console.error; \
            console.error = (...words) => { complaints.push(words.map(String).join(' ')); said(...words); }; \
            for (const kind of ['error', 'unhandledrejection', 'securitypolicyviolation']) \
            addEventListener(kind, (event) => complaints.push(`${kind}: ${event.message ?? event.reason?.message ?? event.violatedDirective}`));";
        self.js(collect).await;
    }

    pub async fn nothing_was_complained_about(&self) {
        assert_eq!(self.js("return window.complaints").await, json!([]));
    }

    /// Runs a script in the page.
    pub async fn js(&self, script: &str) -> Value {
        self.js_with(script, vec![]).await
    }

    pub async fn js_with(&self, script: &str, arguments: Vec<Value>) -> Value {
        self.page.execute(script, arguments).await.unwrap_or_else(|fault| panic!("{script}: {fault}")).json().clone()
    }

    /// Waits until the script answers `true`.
    pub async fn until(&self, script: &str) {
        let since = Instant::now();
        while self.js(script).await != true {
            if since.elapsed() > PATIENCE {
                let body = self.js("return document.body.innerText").await;
                panic!("it did not come: {script}\nthe page says: {}\n{}", body.as_str().unwrap_or_default(), said(&self.folder));
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    pub async fn count(&self, test_id: &str) -> u64 {
        self.js(&format!("return document.querySelectorAll('[data-testid=\"{test_id}\"]').length")).await.as_u64().unwrap()
    }

    pub async fn see(&self, test_id: &str) {
        self.until(&format!("return document.querySelector('[data-testid=\"{test_id}\"]') !== null")).await;
    }

    /// Waits until the agent has answered and nothing is under way.
    pub async fn is_idle(&self) {
        self.until(
            "const has = (id) => document.querySelector(`[data-testid=\"${id}\"]`) !== null; \
             return !has('approval-dialog') && !has('stop') && !has('live-message') && document.querySelectorAll('[data-testid=message]').length > 1",
        )
        .await;
    }

    async fn element(&self, test_id: &str) -> WebElement {
        self.see(test_id).await;
        self.page.find(By::Css(format!("[data-testid=\"{test_id}\"]"))).await.unwrap()
    }

    /// Clicks as a mouse does.
    pub async fn click(&self, test_id: &str) {
        self.element(test_id).await.click().await.unwrap();
    }

    /// Types a message and sends it.
    pub async fn send(&self, text: &str) {
        self.element("composer-input").await.send_keys(text).await.unwrap();
        self.click("composer-send").await;
    }

    /// Lets time go by, as a person does; nothing is waited for here.
    pub async fn pause(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }

    pub async fn reload(&self) {
        self.page.refresh().await.unwrap();
        self.listen_for_complaints().await;
    }

    /// Calls a command as the page does; gives its refusal.
    pub async fn refusal(&self, command: &str, params: &Value) -> Value {
        self.invoke(command, params).await.expect_err("it was not refused")
    }

    /// Calls a command as the page does; gives its answer.
    pub async fn call(&self, command: &str, params: &Value) -> Value {
        self.invoke(command, params).await.expect("it was refused")
    }

    async fn invoke(&self, command: &str, params: &Value) -> Result<Value, Value> {
        let script = "const [command, params, done] = arguments; \
            window.__TAURI_INTERNALS__.invoke(command, { params }).then((ok) => done({ ok: ok ?? null }), (err) => done({ err }))";
        let answer = self.page.execute_async(script, vec![json!(command), params.clone()]).await.unwrap().json().clone();
        if answer["err"].is_null() { Ok(answer["ok"].clone()) } else { Err(answer["err"].clone()) }
    }

    /// Pictures of the page in both themes and two sizes, for people to look at.
    pub async fn screenshots(&self, name: &str) {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("../screenshots");
        fs::create_dir_all(&folder).unwrap();
        for (width, height) in [(1280, 800), (1000, 700)] {
            self.page.set_window_rect(0, 0, width, height).await.unwrap();
            for theme in ["light", "dark"] {
                self.js(&format!("document.documentElement.dataset.theme = '{theme}'")).await;
                self.js("return document.fonts.ready.then(() => null)").await;
                let file = folder.join(format!("{name}-{width}x{height}-{theme}.png"));
                fs::write(file, self.page.screenshot_as_png().await.unwrap()).unwrap();
            }
        }
        self.js("delete document.documentElement.dataset.theme").await;
    }

    pub async fn close(self) {
        self.page.quit().await.unwrap();
    }
}

/// What the driver and the app have said.
fn said(folder: &TempDir) -> String {
    fs::read_to_string(folder.path().join("driver.log")).unwrap_or_default()
}

fn driver(books: &Books, folder: &TempDir, port: u16) -> Driver {
    let log = fs::File::create(folder.path().join("driver.log")).unwrap();
    let at = books.servers.addresses();
    let child = Command::new("WebKitWebDriver")
        .arg(format!("--port={port}"))
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .env("TAURI_WEBVIEW_AUTOMATION", "true")
        .env("XDG_DATA_HOME", folder.path().join("data"))
        .env("XDG_CACHE_HOME", folder.path().join("cache"))
        .env("BC_AGENT_BC_URL", &at.bc_url)
        .env("BC_AGENT_BC_TOKEN", &at.bc_token)
        .env("BC_AGENT_COMPANY", &at.company_id)
        .env("ANTHROPIC_BASE_URL", &at.model_url)
        .env("ANTHROPIC_API_KEY", &at.model_key)
        .env("BC_AGENT_MODEL", "demo")
        .spawn()
        .unwrap();
    Driver(child)
}
