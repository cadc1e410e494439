//! The desktop shell: a window, a tray icon, notifications and links around the engine. It maps commands to `bca_app` and
//! events to a channel of the page, and decides nothing about anybody's books.

mod app;
mod commands;
mod environment;
mod gate;
mod tray;
mod watcher;
mod window;

use std::process::ExitCode;

use bca_app::Environment;
use bca_desktop::{Arguments, Homes, link};
use bca_protocol::UserError;
use clap::Parser as _;
use tauri::{Manager as _, RunEvent};

use crate::app::Shell;

/// Starts the app and stays until it ends.
#[must_use]
pub fn run() -> ExitCode {
    environment::prepare();
    keep_files_private();
    match start(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("error: {}", fault.message);
            ExitCode::FAILURE
        }
    }
}

fn start(arguments: Arguments) -> Result<(), UserError> {
    let environment = Environment::read()?;
    let filter = environment.get("BC_AGENT_LOG").unwrap_or("info").to_owned();
    let mode = arguments.mode();
    let homes = Homes::new(arguments.home.clone(), mode, environment)?;
    let home = homes.config(mode).home()?;
    // Without a log the app still works; what is wrong with the home is told in the window.
    let log = bca_app::start_log(&home, &filter).inspect_err(|fault| eprintln!("warning: {}", fault.message)).ok();
    let link = arguments.link.as_deref().and_then(link::parse);
    let app = tauri::Builder::default()
        .plugin(tauri_plugin_single_instance::Builder::new().dbus_id(bca_desktop::instance_name(&home)).callback(second_start).build())
        .plugin(tauri_plugin_deep_link::init())
        .manage(Shell::new(homes, link))
        .invoke_handler(gate::guarded(commands::ROUTES))
        .setup(move |app| {
            let handle = app.handle().clone();
            tauri::async_runtime::spawn(async move { handle.state::<Shell>().open(&handle, mode).await });
            // The page's process starts while everything else is set up.
            window::open(app.handle())?;
            set_up(app);
            Ok(())
        })
        .build(tauri::generate_context!())
        .map_err(|e| UserError::new(bca_protocol::ErrorCode::Internal, format!("The window could not be opened: {e}.")))?;
    let mut log = log;
    app.run(move |_handle, event| match event {
        // The last window going away ends nothing by itself: `window` decides what closing means.
        RunEvent::ExitRequested { api, code: None, .. } => api.prevent_exit(),
        #[cfg(target_os = "macos")]
        RunEvent::Reopen { .. } => window::show(_handle),
        // Writes what is buffered.
        RunEvent::Exit => drop(log.take()),
        _ => {}
    });
    Ok(())
}

fn set_up(app: &tauri::App) {
    let handle = app.handle().clone();
    tray::build(&handle);
    #[cfg(target_os = "macos")]
    {
        use tauri_plugin_deep_link::DeepLinkExt as _;
        let opened = handle.clone();
        app.deep_link().on_open_url(move |event| {
            window::show(&opened);
            event.urls().iter().for_each(|url| opened.state::<Shell>().follow(&opened, url.as_str()));
        });
    }
    #[cfg(unix)]
    tauri::async_runtime::spawn(async move {
        use tokio::signal::unix::{SignalKind, signal};
        let (Ok(mut terminate), Ok(mut interrupt)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) else { return };
        tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
        app::quit(&handle);
    });
}

/// Somebody started the app again on the same home: this window comes to the front, and the link that came with it is followed.
fn second_start(handle: &tauri::AppHandle, words: Vec<String>, _directory: String) {
    window::show(handle);
    let link = Arguments::try_parse_from(words).ok().and_then(|arguments| arguments.link);
    if let Some(link) = link {
        handle.state::<Shell>().follow(handle, &link);
    }
}

/// Files that this process makes are for the person alone: home 0700, files 0600.
#[cfg(unix)]
fn keep_files_private() {
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
}

#[cfg(not(unix))]
const fn keep_files_private() {}
