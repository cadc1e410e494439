//! The real window against a bare one of Tauri: start and memory, through WebKit's own driver on a screen of its own.
//!
//! Both are debug builds, because a released program refuses to be driven. What is compared is nearly all WebKit's either way.

use std::{
    collections::HashMap,
    fs,
    io::{BufRead, BufReader},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use bca_protocol::{Clock as _, SystemClock};
use serde_json::{Value, json};

use crate::{
    engine::{self, Counter},
    figures::{Figure, Goal, Unit, percentile},
    model::{Reply, ScriptedModel},
    outcome::{Outcome, fault},
};

const PART: &str = "Window (debug build) beside a bare window of Tauri";
const ROUNDS: usize = 7;
const MESSAGES: usize = 1_000;
const PATIENCE: Duration = Duration::from_secs(30);
/// Until memory has come to rest.
const REST: Duration = Duration::from_secs(3);
const SECOND_FRAME: &str = "const mark = performance.getEntriesByName('second-frame')[0]; return mark ? performance.timeOrigin + mark.startTime : null";

/// The programs that are compared.
pub struct Programs {
    /// `bc-agent-desktop`
    pub app: PathBuf,
    /// `bare_window`
    pub bare: PathBuf,
}

/// Measures in turns, so that both meet the same machine.
pub async fn measure(programs: &Programs) -> Outcome<Vec<Figure>> {
    let screen = Screen::start()?;
    let model = ScriptedModel::serve(vec![Reply::text(["Three customers owe more than 50,000."], 1)])?;
    let empty = tempfile::tempdir()?;
    let full = tempfile::tempdir()?;
    filled(full.path(), &model).await?;
    let (mut ours, mut bare, mut memory, mut bare_memory, mut full_memory) = (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        let plain = Window::open(&screen, &programs.bare, None, model.url()).await?;
        let app = {
            plain.rest(&mut bare, &mut bare_memory).await?;
            Window::open(&screen, &programs.app, Some(empty.path()), model.url()).await?
        };
        app.rest(&mut ours, &mut memory).await?;
        if round == 0 {
            // The first windows fill the caches of disk and fonts.
            [&mut ours, &mut bare, &mut memory, &mut bare_memory].into_iter().for_each(Vec::clear);
        }
    }
    for _ in 0..3 {
        let app = Window::open(&screen, &programs.app, Some(full.path()), model.url()).await?;
        app.show_conversation().await?;
        app.rest(&mut Vec::new(), &mut full_memory).await?;
    }
    let (start, bare_start) = (percentile(&mut ours, 50), percentile(&mut bare, 50));
    let (idle, bare_idle) = (percentile(&mut memory, 50), percentile(&mut bare_memory, 50));
    Ok(vec![
        Figure::new(PART, "start to second animation frame, median", start, Unit::Millis).beside(bare_start).goal(Goal::AtMost(bare_start + 50.0)),
        Figure::new(PART, "memory of all processes (PSS), idle, median", idle, Unit::Mebibytes).beside(bare_idle).goal(Goal::TimesPlain(1.1)),
        Figure::new(PART, "memory after a conversation of 1,000 messages", percentile(&mut full_memory, 50), Unit::Mebibytes).beside(bare_idle),
    ])
}

/// A home with one long conversation in it.
async fn filled(home: &Path, model: &ScriptedModel) -> Outcome {
    let app = engine::start(home, &engine::model_variables(model.url())).await?;
    let mut session = None;
    for _ in 0..MESSAGES / 2 {
        session = Some(engine::send(&app, session, "Which customers owe us more than 50,000?", std::sync::Arc::new(Counter::default())).await?);
    }
    app.stop().await;
    Ok(())
}

/// A process that ends with its owner.
struct Owned(Child);

impl Drop for Owned {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A screen that nobody sees.
struct Screen {
    display: String,
    _server: Owned,
}

impl Screen {
    fn start() -> Outcome<Self> {
        let server = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", "1280x800x24", "-nolisten", "tcp"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let mut server = Owned(server.map_err(|error| format!("The window can't be measured without Xvfb: {error}."))?);
        let mut number = String::new();
        let Some(stdout) = server.0.stdout.take() else { return fault("Xvfb says nothing.") };
        BufReader::new(stdout).read_line(&mut number)?;
        Ok(Self { display: format!(":{}", number.trim()), _server: server })
    }
}

/// A window under WebKit's driver.
struct Window {
    client: reqwest::Client,
    session: String,
    started: f64,
    driver: Owned,
    _folder: tempfile::TempDir,
}

impl Window {
    async fn open(screen: &Screen, program: &Path, home: Option<&Path>, model: &str) -> Outcome<Self> {
        let folder = tempfile::tempdir()?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut driver = Command::new("WebKitWebDriver");
        driver.arg(format!("--port={port}")).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        driver.env("DISPLAY", &screen.display).env("GDK_BACKEND", "x11").env("TAURI_WEBVIEW_AUTOMATION", "true");
        for name in ["XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"] {
            driver.env(name, folder.path().join(name));
        }
        for (name, value) in engine::model_variables(model) {
            driver.env(name, value);
        }
        let driver = Owned(driver.spawn().map_err(|error| format!("The window can't be measured without WebKitWebDriver: {error}."))?);
        let client = reqwest::Client::builder().no_proxy().build()?;
        let root = format!("http://127.0.0.1:{port}");
        until(async || Ok(client.get(format!("{root}/status")).send().await.is_ok().then_some(()))).await?;
        let arguments = home.map(|home| vec![json!("--home"), json!(home)]).unwrap_or_default();
        let wanted = json!({"capabilities": {"alwaysMatch": {"webkitgtk:browserOptions": {"binary": program, "args": arguments}}}});
        let started = SystemClock::new().now().as_microsecond() as f64 / 1000.0;
        let answer = post(&client, &format!("{root}/session"), &wanted).await?;
        let Some(id) = answer["sessionId"].as_str() else { return fault(format!("The window did not open: {answer}")) };
        Ok(Self { session: format!("{root}/session/{id}"), client, started, driver, _folder: folder })
    }

    async fn script(&self, script: &str) -> Outcome<Value> {
        post(&self.client, &format!("{}/execute/sync", self.session), &json!({"script": script, "args": []})).await
    }

    /// Waits for the second frame, lets memory come to rest, notes both, and closes the window.
    async fn rest(self, starts: &mut Vec<f64>, memory: &mut Vec<f64>) -> Outcome {
        let drawn = until(async || Ok(self.script(SECOND_FRAME).await?.as_f64())).await?;
        starts.push(drawn - self.started);
        tokio::time::sleep(REST).await;
        memory.push(memory_below(self.driver.0.id())?);
        self.client.delete(&self.session).send().await?;
        Ok(())
    }

    /// Opens the newest conversation and waits until its end is there.
    async fn show_conversation(&self) -> Outcome {
        let open = "const row = document.querySelector('[data-testid=session-row]'); \
            (row?.querySelector('button, a') ?? row)?.click(); return document.querySelectorAll('[data-testid=message]').length > 10 || null";
        until(async || Ok(self.script(open).await?.as_bool())).await.map(drop)
    }
}

async fn post(client: &reqwest::Client, url: &str, body: &Value) -> Outcome<Value> {
    let mut answer: Value = client.post(url).json(body).send().await?.json().await?;
    Ok(answer["value"].take())
}

/// Looks again and again until there is something.
async fn until<T>(mut look: impl AsyncFnMut() -> Outcome<Option<T>>) -> Outcome<T> {
    let since = Instant::now();
    loop {
        if let Some(found) = look().await? {
            return Ok(found);
        }
        if since.elapsed() > PATIENCE {
            return fault("The window did not come.");
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Proportional memory, in MiB, of everything that a process has started (proc(5), `smaps_rollup`).
fn memory_below(ancestor: u32) -> Outcome<f64> {
    let mut parents = HashMap::new();
    for entry in fs::read_dir("/proc")?.flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        // A process may end while it is looked at.
        let Ok(stat) = fs::read_to_string(entry.path().join("stat")) else { continue };
        let parent = stat.rsplit_once(") ").and_then(|(_, rest)| rest.split(' ').nth(1)).and_then(|parent| parent.parse::<u32>().ok());
        parents.extend(parent.map(|parent| (pid, parent)));
    }
    let is_below = |pid: u32| std::iter::successors(parents.get(&pid).copied(), |parent| parents.get(parent).copied()).any(|parent| parent == ancestor);
    let pss = |pid: u32| {
        let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
        text.lines().find_map(|line| line.strip_prefix("Pss:")).and_then(|rest| rest.trim().trim_end_matches(" kB").trim().parse::<f64>().ok()).unwrap_or(0.0)
    };
    Ok(parents.keys().copied().filter(|pid| is_below(*pid)).map(pss).sum::<f64>() / 1024.0)
}
