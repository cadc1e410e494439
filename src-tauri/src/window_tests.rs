#![allow(clippy::unwrap_used)]

use super::*;

#[test]
fn only_the_apps_own_page_is_loaded() {
    assert!(is_ours(&"tauri://localhost/index.html".parse().unwrap()));
    let elsewhere = [
        "tauri://elsewhere/",
        "https://tauri.localhost.example.com/",
        "https://example.com/",
        "http://127.0.0.1:5173/",
        "http://ipc.localhost/",
        "file:///etc/passwd",
        "data:text/html,x",
        "about:blank",
        "javascript:1",
        "blob:tauri://localhost/1",
    ];
    for url in elsewhere {
        assert!(!is_ours(&url.parse().unwrap()), "{url}");
    }
}
