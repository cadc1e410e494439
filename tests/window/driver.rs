//! Starts the demo's servers and the window, and looks through WebDriver.

use std::{
    fs,
    net::TcpListener,
    path::PathBuf,
    process::Command,
    sync::Arc,
    time::{Duration, Instant},
};

use bca_app::{
    App, Config, Environment, Mode,
    demo::{DemoServers, ServeOptions},
};
use bca_protocol::Reviewer;
use bca_testkit::{BC_TOKEN, MODEL_KEY, RunningApp, ScriptedModel};
use serde_json::{Value, json};
use tempfile::TempDir;
use thirtyfour::prelude::*;

use crate::desk::{Desk, Owned};

/// The program under test.
const APP: &str = env!("CARGO_BIN_EXE_bc-agent-desktop");

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

/// Where an app is started, and with what: its desktop, its home, its company and its model.
#[derive(Clone)]
pub struct Place {
    pub desk: Arc<Desk>,
    folder: Arc<TempDir>,
    variables: Vec<(&'static str, String)>,
}

impl Place {
    /// With the demo's company and model.
    pub async fn demo(books: &Books) -> Self {
        let at = books.servers.addresses();
        let key = ("ANTHROPIC_API_KEY", at.model_key.clone());
        let company = [("BC_AGENT_BC_URL", &at.bc_url), ("BC_AGENT_BC_TOKEN", &at.bc_token), ("BC_AGENT_COMPANY", &at.company_id)];
        Self::with(company.map(|(name, value)| (name, value.clone())), [("ANTHROPIC_BASE_URL", at.model_url.clone()), key]).await
    }

    /// With a model that says what a test tells it to say.
    pub async fn scripted(books: &bca_testkit::Books, model: &ScriptedModel) -> Self {
        let company = [("BC_AGENT_BC_URL", books.url()), ("BC_AGENT_BC_TOKEN", BC_TOKEN.to_owned()), ("BC_AGENT_COMPANY", books.company())];
        Self::with(company, [("ANTHROPIC_BASE_URL", model.url().to_owned()), ("ANTHROPIC_API_KEY", MODEL_KEY.to_owned())]).await
    }

    /// With nothing but the demo's sign-in service, its company and its model: nobody has signed in, and no company is chosen. What the app wants the
    /// person's browser to open is noted in the file [`Place::browser`].
    pub async fn unconnected(books: &Books) -> Self {
        let at = books.servers.addresses();
        let variables = [
            ("BC_AGENT_BC_URL", at.bc_url.clone()),
            ("BC_AGENT_AUTHORITY", at.authority.clone()),
            ("BC_AGENT_CLIENT_ID", at.client_id.clone()),
            ("ANTHROPIC_BASE_URL", at.model_url.clone()),
            ("ANTHROPIC_API_KEY", at.model_key.clone()),
            ("BC_AGENT_MODEL", "demo".to_owned()),
        ];
        let mut place = Self { desk: Arc::new(Desk::open().await), folder: Arc::new(tempfile::tempdir().unwrap()), variables: variables.into() };
        let browser = place.folder.path().join("a-browser");
        fs::write(&browser, format!("#!/bin/sh\nprintf '%s\\n' \"$1\" >> '{}'\n", place.browser().display())).unwrap();
        fs::set_permissions(&browser, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let path = |path: PathBuf| path.display().to_string();
        let keys = path(place.folder.path().join("keys"));
        place.variables.extend([("BROWSER", path(browser)), ("BC_AGENT_KEY_FILE", keys)]);
        place
    }

    /// The addresses that the person's browser was sent to, one a line.
    pub fn browser(&self) -> PathBuf {
        self.folder.path().join("addresses")
    }

    async fn with(company: [(&'static str, String); 3], model: [(&'static str, String); 2]) -> Self {
        let variables = company.into_iter().chain(model).chain([("BC_AGENT_MODEL", "demo".to_owned())]).collect();
        Self { desk: Arc::new(Desk::open().await), folder: Arc::new(tempfile::tempdir().unwrap()), variables }
    }

    pub fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// The same engine in the test's own process, on the same home: what it finds is what is stored.
    pub async fn engine(&self) -> RunningApp {
        let variables: Vec<(&str, &str)> = self.variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let lookup = |name: &str| variables.iter().find(|(n, _)| *n == name).map(|(_, value)| value.into());
        let environment = Environment::from(lookup).unwrap();
        let config = Config { home: Some(self.home()), mode: Mode::Own, connection: None, client: Reviewer::Terminal, environment };
        RunningApp { app: App::start(config).await.unwrap() }
    }

    /// `program`, to be started here.
    pub fn command(&self, program: &str) -> Command {
        let mut command = self.desk.command(program);
        command.env("XDG_DATA_HOME", self.folder.path().join("data")).env("XDG_CACHE_HOME", self.folder.path().join("cache"));
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Starts the app once more, as a person does who clicks on its icon again; its end says whether it found the first.
    pub fn start_again(&self) -> bool {
        let mut command = self.command(APP);
        command.arg("--home").arg(self.home()).status().unwrap().success()
    }

    /// What the driver and the app have said.
    fn said(&self) -> String {
        fs::read_to_string(self.folder.path().join("driver.log")).unwrap_or_default()
    }

    /// The lines of the app's log that hold `text`.
    pub fn logged(&self, text: &str) -> usize {
        let files = fs::read_dir(self.home().join("logs")).into_iter().flatten().flatten();
        files.map(|file| fs::read_to_string(file.path()).unwrap_or_default().lines().filter(|line| line.contains(text)).count()).sum()
    }
}

/// Waits until it is so.
pub async fn wait_for(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let since = Instant::now();
    while !is_so().await {
        assert!(since.elapsed() < PATIENCE, "it did not come: {what}");
        tokio::time::sleep(LOOK).await;
    }
}

/// The app, started on a home of its own, and its page.
pub struct Window {
    page: WebDriver,
    pub place: Place,
    driver: Owned,
    _turn: tokio::sync::MutexGuard<'static, ()>,
}

impl Window {
    /// In a place of its own, with the demo's company and model.
    pub async fn open(books: &Books) -> Self {
        Self::open_in(&Place::demo(books).await).await
    }

    pub async fn open_in(place: &Place) -> Self {
        let window = Self::open_on(place, "composer-input").await;
        window.until("return !document.querySelector('[data-testid=composer-input]').disabled").await;
        window
    }

    /// The same, on a page that shows this first.
    pub async fn open_on(place: &Place, test_id: &str) -> Self {
        let turn = ONE_AT_A_TIME.lock().await;
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let driver = driver(place, port);
        let mut capabilities = Capabilities::new();
        let app = json!({"binary": APP, "args": ["--home", place.home()]});
        capabilities.set("webkitgtk:browserOptions", app).unwrap();
        let since = Instant::now();
        let page = loop {
            match WebDriver::new(format!("http://127.0.0.1:{port}"), capabilities.clone()).await {
                Ok(page) => break page,
                Err(fault) => assert!(since.elapsed() < PATIENCE, "the window did not open: {fault}\n{}", place.said()),
            }
            tokio::time::sleep(LOOK).await;
        };
        let window = Self { page, place: place.clone(), driver, _turn: turn };
        window.listen_for_complaints().await;
        window.see(test_id).await;
        window
    }

    /// The processes of the app of that name, as the kernel cuts it.
    fn processes(&self, name: &str) -> Vec<i32> {
        let driver = self.driver.0.id().to_string();
        let children = |of: &str| self.place.desk.tool("pgrep", &["-P", of]);
        let below: Vec<String> =
            children(&driver).lines().flat_map(|app| children(app).lines().map(str::to_owned).chain([app.to_owned()]).collect::<Vec<_>>()).collect();
        let named = |pid: &&String| fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|comm| comm.trim() == name);
        below.iter().filter(named).map(|pid| pid.parse().unwrap()).collect()
    }

    /// Sends a signal to the process of that name.
    fn signal(&self, process: &str, signal: &str) {
        let pids = self.processes(process);
        assert!(!pids.is_empty(), "{process} does not run");
        for pid in pids {
            self.place.desk.tool("kill", &[signal, &pid.to_string()]);
        }
    }

    pub fn runs(&self) -> bool {
        !self.processes("bc-agent-deskto").is_empty()
    }

    pub async fn ends(&self) {
        wait_for("the end of the app", async || !self.runs()).await;
    }

    /// Asks the app to quit, as the end of a desktop session does.
    pub fn terminate(&self) {
        self.signal("bc-agent-deskto", "-TERM");
    }

    /// Ends the app as a power cut does.
    pub fn kill(&self) {
        self.signal("bc-agent-deskto", "-KILL");
    }

    /// Ends the page's process, as a lack of memory does, and waits for the page that takes its place.
    pub async fn lose_the_page(&self) {
        let drawn = self.place.logged("the page is drawn");
        self.signal("WebKitWebProces", "-KILL");
        wait_for("another page", async || self.place.logged("the page is drawn") > drawn).await;
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
                panic!("it did not come: {script}\nthe page says: {}\n{}", body.as_str().unwrap_or_default(), self.place.said());
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

    /// The same, for what a selector finds.
    pub async fn click_at(&self, selector: &str) {
        self.element_at(selector).await.click().await.unwrap();
    }

    /// Types in place of what stands there.
    pub async fn type_at(&self, selector: &str, keys: &str) {
        let field = self.element_at(selector).await;
        // Control and A, let go: what stands there is chosen, and gives way to what is typed.
        field.send_keys("\u{e009}a\u{e000}").await.unwrap();
        field.send_keys(keys).await.unwrap();
    }

    async fn element_at(&self, selector: &str) -> WebElement {
        self.until(&format!("return document.querySelector({}) !== null", json!(selector))).await;
        self.page.find(By::Css(selector)).await.unwrap()
    }

    /// The words in it, as they are seen.
    pub async fn text(&self, test_id: &str) -> String {
        self.text_at(&format!("[data-testid=\"{test_id}\"]")).await
    }

    /// The same, for what a selector finds.
    pub async fn text_at(&self, selector: &str) -> String {
        self.element_at(selector).await;
        let text = self.js(&format!("return document.querySelector({}).innerText", json!(selector))).await;
        text.as_str().unwrap_or_default().to_owned()
    }

    /// Types a message and sends it.
    pub async fn send(&self, text: &str) {
        self.element("composer-input").await.send_keys(text).await.unwrap();
        self.click("composer-send").await;
    }

    /// Types and sends a message in a window that is not in sight, where nothing can be clicked.
    pub async fn send_without_looking(&self, text: &str) {
        let script = "const field = document.querySelector('[data-testid=composer-input]'); \
            Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, 'value').set.call(field, arguments[0]); \
            field.dispatchEvent(new Event('input', { bubbles: true })); \
            return new Promise((sent) => setTimeout(() => sent(document.querySelector('[data-testid=composer-send]').click() ?? null), 50))";
        self.js_with(script, vec![json!(text)]).await;
    }

    /// Waits until the conversation holds these words.
    pub async fn says(&self, words: &str) {
        self.until(&format!("return document.querySelector('[data-testid=message-list]')?.innerText.includes('{words}') === true")).await;
    }

    /// Runs a script that answers through its last argument.
    pub async fn js_async(&self, script: &str, arguments: Vec<Value>) -> Value {
        self.page.execute_async(script, arguments).await.unwrap_or_else(|fault| panic!("{script}: {fault}")).json().clone()
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

    /// Pictures of the page in both themes and three sizes, for people to look at.
    pub async fn screenshots(&self, name: &str) {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("../screenshots");
        fs::create_dir_all(&folder).unwrap();
        // A picture is taken of the next frame, and a page on which nothing moves has none.
        let paint = "const dot = document.body.appendChild(document.createElement('i')); \
            dot.style.cssText = 'position: fixed; right: 0; bottom: 0; width: 1px; height: 1px; background: gray'; \
            const timer = setInterval(() => (dot.style.opacity = dot.style.opacity === '0.01' ? '0.02' : '0.01'), 50); \
            window.stopPainting = () => { clearInterval(timer); dot.remove(); }; return null";
        self.js(paint).await;
        for (width, height) in [(1280, 800), (1000, 700), (900, 600)] {
            self.page.set_window_rect(0, 0, width, height).await.unwrap();
            for theme in ["light", "dark"] {
                self.js(&format!("document.documentElement.dataset.theme = '{theme}'")).await;
                self.js("return document.fonts.ready.then(() => null)").await;
                self.until("return document.getAnimations().every((one) => one.playState !== 'running' || one.effect.getTiming().iterations === Infinity)")
                    .await;
                let file = folder.join(format!("{name}-{width}x{height}-{theme}.png"));
                fs::write(file, self.page.screenshot_as_png().await.unwrap()).unwrap();
            }
        }
        self.page.set_window_rect(0, 0, 1280, 800).await.unwrap();
        self.js("delete document.documentElement.dataset.theme; stopPainting(); return null").await;
    }

    pub async fn close(self) {
        self.page.quit().await.unwrap();
    }
}

fn driver(place: &Place, port: u16) -> Owned {
    let log = fs::File::create(place.folder.path().join("driver.log")).unwrap();
    let mut command = place.command("WebKitWebDriver");
    command.arg(format!("--port={port}")).stdout(log.try_clone().unwrap()).stderr(log).env("TAURI_WEBVIEW_AUTOMATION", "true");
    Owned(command.spawn().unwrap())
}
