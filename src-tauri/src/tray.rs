//! The tray icon: opens the window, quits, and shows how many questions wait.

use std::panic::{AssertUnwindSafe, catch_unwind};

use bca_desktop::notice::name_with_pending;
use tauri::{
    AppHandle, Manager as _, Wry,
    menu::{Menu, MenuItem},
    tray::{TrayIcon, TrayIconBuilder},
};

use crate::{app, window};

/// The menu's first line.
const OPEN: &str = "Open BC Agent";

struct Tray {
    icon: TrayIcon<Wry>,
    open: MenuItem<Wry>,
}

/// Puts the icon into the tray. A desktop without one is no fault: see [`has_host`].
pub fn build(handle: &AppHandle) {
    // The library that talks to the tray is loaded when it is first used, and panics where it is not installed.
    let built = catch_unwind(AssertUnwindSafe(|| try_build(handle)));
    match built {
        Ok(Ok(tray)) => drop(handle.manage(tray)),
        Ok(Err(fault)) => tracing::warn!(%fault, "there is no tray icon"),
        Err(_) => tracing::warn!("there is no tray icon: its library could not be loaded"),
    }
}

fn try_build(handle: &AppHandle) -> tauri::Result<Tray> {
    let open = MenuItem::with_id(handle, "open", OPEN, true, None::<&str>)?;
    let quit = MenuItem::with_id(handle, "quit", "Quit", true, None::<&str>)?;
    let menu = Menu::with_items(handle, &[&open, &quit])?;
    let mut builder = TrayIconBuilder::with_id("main").menu(&menu).tooltip("BC Agent").on_menu_event(|handle, event| match event.id().as_ref() {
        "open" => window::show(handle),
        "quit" => app::quit(handle),
        _ => {}
    });
    if let Some(icon) = handle.default_window_icon() {
        builder = builder.icon(icon.clone());
    }
    Ok(Tray { icon: builder.build(handle)?, open })
}

/// Shows how many questions wait.
pub fn show_pending(handle: &AppHandle, count: usize) {
    let Some(tray) = handle.try_state::<Tray>() else { return };
    let shown = tray.icon.set_tooltip(Some(name_with_pending("BC Agent", count)));
    let shown = shown.and_then(|()| tray.open.set_text(name_with_pending(OPEN, count)));
    if let Err(fault) = shown {
        tracing::warn!(%fault, "the tray could not be changed");
    }
}

/// Whether the desktop shows tray icons, so that a hidden window can be found again.
#[cfg(target_os = "linux")]
pub fn has_host(handle: &AppHandle) -> bool {
    use gtk::{gio, glib::prelude::ToVariant as _};
    const WATCHER: &str = "org.kde.StatusNotifierWatcher";
    const PATIENCE_MS: i32 = 500;
    let ask = || -> Option<bool> {
        let bus = gio::bus_get_sync(gio::BusType::Session, gio::Cancellable::NONE).ok()?;
        let what = (WATCHER, "IsStatusNotifierHostRegistered").to_variant();
        let flags = gio::DBusCallFlags::NO_AUTO_START;
        let properties = "org.freedesktop.DBus.Properties";
        let reply =
            bus.call_sync(Some(WATCHER), "/StatusNotifierWatcher", properties, "Get", Some(&what), None, flags, PATIENCE_MS, gio::Cancellable::NONE).ok()?;
        reply.child_value(0).as_variant()?.get()
    };
    handle.try_state::<Tray>().is_some() && ask().unwrap_or(false)
}

/// Whether the desktop shows tray icons, so that a hidden window can be found again.
#[cfg(not(target_os = "linux"))]
pub fn has_host(handle: &AppHandle) -> bool {
    handle.try_state::<Tray>().is_some()
}
