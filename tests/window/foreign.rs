//! Pages from elsewhere: they are not loaded, and those that are there all the same may ask for nothing.

use std::{
    fs,
    sync::{Arc, Mutex},
};

use bca_testkit::{Books, ScriptedModel, Turn};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use crate::driver::{Place, Window};

/// A page that would do harm, at an origin that is not ours, and what was asked of it.
async fn elsewhere() -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let requests = Arc::<Mutex<Vec<String>>>::default();
    let counted = Arc::clone(&requests);
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut request = [0; 4096];
            let length = socket.read(&mut request).await.unwrap_or(0);
            if length > 0 {
                counted.lock().unwrap().push(String::from_utf8_lossy(&request[..length]).into_owned());
            }
            let page = "<!doctype html><title>elsewhere</title><script>window.parent.hit = 1</script>";
            let head = format!("HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", page.len());
            let _ = socket.write_all(format!("{head}{page}").as_bytes()).await;
        }
    });
    (url, requests)
}

/// Every command, as the permission file lists them.
fn commands() -> Vec<String> {
    let file = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/src-tauri/permissions/commands.toml")).unwrap();
    let names = file.lines().filter_map(|line| line.trim().strip_prefix('"')?.strip_suffix("\",")).map(str::to_owned);
    names.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_page_from_elsewhere_is_loaded_in_the_window_in_a_frame_or_in_another_window() {
    let books = Books::open().await;
    let window = Window::open_in(&Place::scripted(&books, &ScriptedModel::serve(vec![]).await).await).await;
    let (url, requests) = elsewhere().await;
    for attempt in [
        format!("location.href = '{url}/a'"),
        format!("location.assign('{url}/b')"),
        format!("window.open('{url}/c')"),
        format!("window.open('{url}/d', '_self')"),
        format!("document.body.insertAdjacentHTML('beforeend', '<iframe src=\"{url}/e\"></iframe>')"),
        "document.body.insertAdjacentHTML('beforeend', '<iframe srcdoc=\"<script>parent.hit = 1</script>\"></iframe>')".to_owned(),
        format!(
            "document.body.insertAdjacentHTML('beforeend', '<form method=post action=\"{url}/f\"></form>'); document.querySelector('form[method=post]').submit()"
        ),
        format!("document.head.insertAdjacentHTML('beforeend', '<meta http-equiv=refresh content=\"0;url={url}/g\">')"),
        format!("const a = Object.assign(document.createElement('a'), {{ href: '{url}/h', target: '_blank' }}); document.body.append(a); a.click()"),
        "location.href = 'data:text/html,<script>hit = 1</script>'".to_owned(),
        "location.href = 'file:///etc/passwd'".to_owned(),
        format!("fetch('{url}/i').catch(() => null)"),
        format!("navigator.sendBeacon('{url}/j')"),
        format!("new WebSocket('{}/k')", url.replace("http:", "ws:")),
    ] {
        window.js(&format!("try {{ {attempt} }} catch {{}} return null")).await;
        window.pause(std::time::Duration::from_millis(100)).await;
        let at = window.js("return [location.protocol, location.host, window.hit ?? null]").await;
        assert_eq!(at, json!(["tauri:", "localhost", null]), "{attempt}");
    }
    assert_eq!(*requests.lock().unwrap(), Vec::<String>::new());
    window.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_is_refused_to_every_other_origin() {
    let books = Books::open().await;
    let window = Window::open_in(&Place::scripted(&books, &ScriptedModel::serve(vec![]).await).await).await;
    let commands = commands();
    assert!(commands.len() >= 29, "{commands:?}");
    // As a page from elsewhere would that got hold of the bridge: by its protocol, without the key that only our page is given.
    let ask = "const [commands, done] = arguments; \
        const one = (name) => fetch(`ipc://localhost/${name}`, { method: 'POST', body: '{}', headers: { 'Content-Type': 'application/json', \
            'Tauri-Callback': '1', 'Tauri-Error': '2', 'Tauri-Invoke-Key': 'guessed' } }).then((answer) => answer.ok, () => false); \
        const patience = new Promise((never) => setTimeout(() => never('no answer'), 1000)); \
        Promise.all(commands.map((name) => Promise.race([one(name), patience]))).then(done)";
    let answered = window.js_async(ask, vec![json!(commands)]).await;
    let answers = answered.as_array().unwrap();
    assert_eq!(answers.len(), commands.len());
    assert!(answers.iter().all(|answer| *answer == false || *answer == "no answer"), "without the page's own key: {answered}");
    // In a frame of another origin, which only a hole in the policy could bring: it has no bridge at all.
    let frame = "const [done] = arguments; const frame = document.createElement('iframe'); frame.sandbox = 'allow-scripts allow-same-origin'; \
        frame.src = 'about:blank'; document.body.append(frame); \
        done([typeof frame.contentWindow?.__TAURI_INTERNALS__?.invoke, typeof frame.contentWindow?.ipc])";
    let found = window.js_async(frame, vec![]).await;
    assert_ne!(found[0], "function", "a frame is not given the bridge");
    window.close().await;
}

/// A twentieth of the hostile texts that the window's own tests know, in the real web view.
#[tokio::test(flavor = "multi_thread")]
async fn hostile_words_of_a_model_run_nothing_and_ask_for_nothing() {
    let (url, requests) = elsewhere().await;
    let beacon = format!("{url}/b");
    let words: Vec<String> = [
        "<script>hit = 1</script>",
        "<img src=x onerror=hit=1>",
        "<img src=\"URL\">",
        "<svg onload=hit=1>",
        "<iframe src=\"URL\"></iframe>",
        "<iframe srcdoc=\"<script>parent.hit=1</script>\"></iframe>",
        "<object data=\"URL\"></object>",
        "<link rel=stylesheet href=\"URL\">",
        "<style>@import url(URL);*{background:url(URL)}</style>",
        "<p style=\"background:url(URL)\">x</p>",
        "<video src=\"URL\" autoplay poster=\"URL\"></video>",
        "<base href=\"URL\">",
        "<meta http-equiv=refresh content=\"0;url=URL\">",
        "<form action=\"URL\"><button autofocus>x</button></form>",
        "<details open ontoggle=hit=1>",
        "<textarea autofocus onfocus=hit=1>",
        "<math><mtext><table><mglyph><style><img src=x onerror=hit=1></style></mglyph></table></mtext></math>",
        "<noscript><p title=\"</noscript><img src=x onerror=hit=1>\">",
        "![x](URL)",
        "![x][1]\n\n[1]: URL",
        "[x](javascript:hit=1)",
        "[x](JaVa\tScRiPt:hit=1)",
        "| ![x](URL) |\n| --- |\n| <img src=x onerror=hit=1> |",
        "```\"><img src=x onerror=hit=1>\nx\n```",
        "<scr<script>ipt>hit=1</scr</script>ipt>",
        "> # <svg><use href=\"URL#a\"/></svg>",
    ]
    .iter()
    .map(|words| words.replace("URL", &beacon))
    .collect();
    let books = Books::open().await;
    let model = ScriptedModel::serve(words.iter().map(|words| Turn::text(&format!("{words}\n\nEnd."))).collect()).await;
    let window = Window::open_in(&Place::scripted(&books, &model).await).await;
    for round in 1..=words.len() {
        window.send("Say it").await;
        window.until(&format!("return document.querySelectorAll('[data-testid=message]').length >= {}", round * 2)).await;
        window.is_idle().await;
    }
    window.js("document.querySelectorAll('[data-testid=message-list] a').forEach((a) => a.click()); return null").await;
    window.pause(std::time::Duration::from_millis(300)).await;
    assert_eq!(window.js("return window.hit ?? 0").await, 0);
    assert_eq!(window.js("return location.href.startsWith('tauri://localhost')").await, Value::Bool(true));
    assert_eq!(*requests.lock().unwrap(), Vec::<String>::new(), "the page reached out");
    window.close().await;
}
