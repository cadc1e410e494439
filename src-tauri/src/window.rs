//! The one window: how it is made, what it may load, and what closing it means.

use std::time::Duration;

use bca_app::{App, Key};
use bca_desktop::notice::{self, Answer};
use serde_json::Value;
use tauri::{
    AppHandle, Manager as _, Theme, Url, WebviewUrl, WebviewWindow, WebviewWindowBuilder, WindowEvent,
    webview::{Color, DownloadEvent, NewWindowResponse, PageLoadEvent},
};

use crate::{
    app::{self, Shell, broadcast},
    tray,
};

/// The window's name. No other window exists, and only this one may ask the engine.
pub const MAIN: &str = "main";

/// The window is shown then at the latest, whatever the home does.
const SHOWN_AFTER: Duration = Duration::from_millis(250);

/// Makes the window, hidden; it is shown as soon as the home has said in which colours. The page draws nothing before that.
///
/// # Errors
/// No display, or no web view.
pub fn open(handle: &AppHandle) -> tauri::Result<()> {
    let window = WebviewWindowBuilder::new(handle, MAIN, WebviewUrl::default())
        .title("BC Agent")
        .inner_size(1280.0, 800.0)
        .min_inner_size(720.0, 480.0)
        .visible(false)
        .devtools(cfg!(debug_assertions))
        // A file dropped on the window must neither be read by us nor replace the page.
        .disable_drag_drop_handler()
        .on_navigation(is_ours)
        .on_new_window(|_, _| NewWindowResponse::Deny)
        // Only what the page itself made: exports and tables.
        .on_download(|_, download| !matches!(download, DownloadEvent::Requested { url, .. } if url.scheme() != "blob"))
        .on_page_load(|window, page| {
            if matches!(page.event(), PageLoadEvent::Started) {
                window.state::<Shell>().page_begins();
            }
        })
        .build()?;
    window.set_background_color(Some(background(window.theme().unwrap_or(Theme::Light))))?;
    let events = window.clone();
    window.on_window_event(move |event| on_event(&events, event));
    #[cfg(target_os = "linux")]
    linux::prepare(&window)?;
    tauri::async_runtime::spawn(async move {
        let handle = window.app_handle().clone();
        let shell = handle.state::<Shell>();
        if let Ok(Ok(app)) = tokio::time::timeout(SHOWN_AFTER, shell.app()).await {
            paint(&handle, &app).await;
        }
        log_fault("shown", window.show().and_then(|()| window.set_focus()));
    });
    Ok(())
}

/// Whether an address is the app's own page.
pub fn is_ours(url: &Url) -> bool {
    let packaged = match url.scheme() {
        "tauri" => url.host_str() == Some("localhost"),
        "http" | "https" => cfg!(any(target_os = "windows", target_os = "android")) && url.host_str() == Some("tauri.localhost") && url.port().is_none(),
        _ => false,
    };
    // The development server exists only where the page is not embedded.
    packaged || (tauri::is_dev() && url.scheme() == "http" && url.host_str() == Some("localhost") && url.port() == Some(5173))
}

/// Brings the window to the front.
pub fn show(handle: &AppHandle) {
    if let Some(window) = handle.get_webview_window(MAIN) {
        log_fault("shown", window.show().and_then(|()| window.unminimize()).and_then(|()| window.set_focus()));
    }
}

/// Takes the window off the screen; the app goes on.
pub fn hide(handle: &AppHandle) {
    if let Some(window) = handle.get_webview_window(MAIN) {
        log_fault("hidden", window.hide());
    }
}

/// Whether the person works in the window right now.
pub fn has_attention(handle: &AppHandle) -> bool {
    let looks_at = |window: WebviewWindow| Ok::<bool, tauri::Error>(window.is_focused()? && window.is_visible()? && !window.is_minimized()?);
    handle.get_webview_window(MAIN).is_some_and(|window| looks_at(window).unwrap_or(false))
}

/// Gives the window the colours that the person chose, so that it does not flash before the page is drawn.
pub async fn paint(handle: &AppHandle, app: &App) {
    let Some(window) = handle.get_webview_window(MAIN) else { return };
    let chosen = app.setting(Key::Theme).await.map(|setting| setting.value);
    let theme = match chosen.as_deref() {
        Ok("light") => Some(Theme::Light),
        Ok("dark") => Some(Theme::Dark),
        _ => None,
    };
    let painted = window.set_theme(theme).and_then(|()| {
        let theme = theme.map_or_else(|| window.theme(), Ok)?;
        window.set_background_color(Some(background(theme)))
    });
    log_fault("painted", painted);
}

/// `--bg` of the page in that theme.
fn background(theme: Theme) -> Color {
    match theme {
        Theme::Dark => Color(0x17, 0x17, 0x15, 255),
        _ => Color(0xfb, 0xfa, 0xf8, 255),
    }
}

fn on_event(window: &WebviewWindow, event: &WindowEvent) {
    match event {
        WindowEvent::CloseRequested { api, .. } => {
            api.prevent_close();
            close(window);
        }
        // Other processes may have worked in this home meanwhile.
        WindowEvent::Focused(true) => broadcast(window.app_handle(), "sessions_changed", Value::Null),
        WindowEvent::ThemeChanged(theme) => log_fault("painted", window.set_background_color(Some(background(*theme)))),
        _ => {}
    }
}

/// With nothing under way the app ends. Otherwise work goes on: the window is hidden, or minimised where no tray could bring it back.
fn close(window: &WebviewWindow) {
    let handle = window.app_handle();
    let busy = handle.state::<Shell>().app_now().is_some_and(|app| !app.running().is_empty());
    if !busy {
        app::quit(handle);
        return;
    }
    log_fault("closed", if tray::has_host(handle) { window.hide() } else { window.minimize() });
    let handle = handle.clone();
    notice::work_goes_on(move |answer| match answer {
        Answer::Open => show(&handle),
        Answer::Reject | Answer::Nothing => {}
    });
}

fn log_fault(what: &str, done: tauri::Result<()>) {
    if let Err(fault) = done {
        tracing::warn!(%fault, "the window could not be {what}");
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::{
        cell::Cell,
        time::{Duration, Instant},
    };

    use gtk::{gdk, glib, prelude::WidgetExt as _};
    use tauri::{Manager as _, WebviewWindow};
    use webkit2gtk::WebViewExt as _;

    use crate::app;

    /// A page that ends its process sooner than this after it was loaded again is left alone: it would only do so once more.
    const LIVES_AT_LEAST: Duration = Duration::from_secs(5);

    /// Ctrl+Q, and a page whose process ended is loaded again: runs live in the engine, so nothing is lost.
    pub fn prepare(window: &WebviewWindow) -> tauri::Result<()> {
        let handle = window.app_handle().clone();
        window.gtk_window()?.connect_key_press_event(move |_, key| {
            if key.state().contains(gdk::ModifierType::CONTROL_MASK) && matches!(key.keyval().to_unicode(), Some('q' | 'Q')) {
                app::quit(&handle);
                return glib::Propagation::Stop;
            }
            glib::Propagation::Proceed
        });
        window.with_webview(|page| {
            let last = Cell::new(None::<Instant>);
            page.inner().connect_web_process_terminated(move |page, reason| {
                let again = last.replace(Some(Instant::now())).is_none_or(|at| at.elapsed() > LIVES_AT_LEAST);
                tracing::error!(?reason, again, "the page's process ended");
                if again {
                    page.reload();
                }
            });
        })
    }
}

#[cfg(test)]
#[path = "window_tests.rs"]
mod tests;
