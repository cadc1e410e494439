#![allow(clippy::unwrap_used)]
use super::*;

/// What `script` prints on a desktop of its own.
#[cfg(target_os = "linux")]
fn on_a_desktop(script: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let desktop = Desktop::start(root).unwrap();
    let mut inner = Command::new("bash");
    inner.args(["-euc", script]).env("BC_AGENT_HOME", "/nowhere").env("KEPT", "kept");
    shell::output(&mut desktop.command(root, &inner)).unwrap()
}

#[test]
#[cfg(target_os = "linux")]
fn it_has_a_screen_an_unlocked_keyring_and_private_folders_and_nothing_of_the_persons() {
    let script = r#"
        xdpyinfo | grep dimensions: | tr -s ' ' | cut -d' ' -f3
        printf secret | secret-tool store --label=test xtask test
        secret-tool lookup xtask test; echo
        stat -c %a "$XDG_RUNTIME_DIR"
        echo "${BC_AGENT_HOME-none} $KEPT"
    "#;
    assert_eq!(on_a_desktop(script), "1280x800\nsecret\n700\nnone kept\n");
}
