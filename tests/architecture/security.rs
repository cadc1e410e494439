//! Snapshots of what keeps a hostile page out. Whoever changes one of these files changes this one too, and says why.

use serde_json::{Value, json};

use crate::support::{read, sources};

fn json_file(path: &str) -> Value {
    serde_json::from_str(&read(path)).unwrap()
}

#[test]
fn the_content_security_policy_lets_nothing_in_from_elsewhere() {
    let policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; \
                  connect-src ipc: http://ipc.localhost; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'";
    assert_eq!(json_file("tauri.conf.json")["app"]["security"], json!({"csp": policy, "freezePrototype": true}));
}

#[test]
fn the_window_has_the_least_capabilities() {
    let files: Vec<String> = sources("src-tauri/capabilities", &["json", "toml", "json5"]).into_iter().map(|source| source.path).collect();
    assert_eq!(files, ["src-tauri/capabilities/main.json"], "one window, one capability");
    let capability = json_file("src-tauri/capabilities/main.json");
    assert_eq!(capability["windows"], json!(["main"]));
    assert_eq!(capability["permissions"], json!(["engine", "core:event:allow-listen", "core:event:allow-unlisten"]));
    assert_eq!(capability["local"], true);
    assert_eq!(capability.get("remote"), None, "no page from elsewhere may call a command");
    assert_eq!(capability.get("webviews"), None);
}

#[test]
fn only_our_own_scheme_opens_the_app() {
    assert_eq!(json_file("tauri.conf.json")["plugins"], json!({"deep-link": {"desktop": {"schemes": ["bcagent"]}}}));
    assert!(read("src-tauri/desktop-template.desktop").lines().any(|line| line == "MimeType=x-scheme-handler/bcagent;"));
    assert!(read("src-tauri/desktop-template.desktop").lines().any(|line| line == "Exec={{exec}} %u"), "without %u the link's address is lost");
}
