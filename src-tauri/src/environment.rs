//! Variables that the web view reads by itself, set right before anything else happens.
#![allow(unsafe_code, clippy::disallowed_methods, reason = "there is no other way to tell the web view, and there are no threads yet")]

/// To be called first in `main`.
pub fn prepare() {
    refuse_remote_control();
    #[cfg(target_os = "linux")]
    draw_directly();
}

/// A released window can't be driven by another program: this variable opens it to WebDriver.
fn refuse_remote_control() {
    if !cfg!(debug_assertions) {
        // SAFETY: no other thread exists that could read the environment meanwhile.
        unsafe { std::env::remove_var("TAURI_WEBVIEW_AUTOMATION") };
    }
}

/// Without a graphics card WebKit draws through an imitation of one, which takes long to start and 65 MiB of memory
/// (docs/performance.md); this variable has it draw directly. A choice that is in the environment already stays.
#[cfg(target_os = "linux")]
fn draw_directly() {
    const DIRECT: &str = "WEBKIT_DISABLE_COMPOSITING_MODE";
    let cards = std::fs::read_dir("/dev/dri").into_iter().flatten().flatten();
    let has_card = cards.map(|entry| entry.file_name()).any(|name| name.as_encoded_bytes().starts_with(b"renderD"));
    if !has_card && std::env::var_os(DIRECT).is_none() {
        // SAFETY: as above.
        unsafe { std::env::set_var(DIRECT, "1") };
    }
}
