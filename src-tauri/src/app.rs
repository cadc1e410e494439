//! What the shell holds: the app of the home that is open, and what waits for the page.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use bca_app::{App, Config, Mode};
use bca_desktop::{Homes, link};
use bca_protocol::{ErrorCode, SessionId, UserError};
use serde_json::json;
use tauri::{AppHandle, Emitter as _, Manager as _, async_runtime::JoinHandle};
use tokio::sync::watch;

use crate::{watcher, window};

/// Longest that commands under way may keep a home open that is to be restored.
const LETTING_GO: Duration = Duration::from_secs(5);

/// The home that the window shows.
#[derive(Clone)]
enum Home {
    Opening,
    Open(App),
    /// It could not be opened; the page says why and offers the backups.
    Failed(UserError),
}

/// The shell's state.
pub struct Shell {
    homes: Homes,
    home: watch::Sender<Home>,
    mode: Mutex<Mode>,
    /// Held while a home is opened or closed.
    switching: tokio::sync::Mutex<Option<JoinHandle<()>>>,
    /// Counts the pages that were loaded: what was meant for an earlier one is dropped.
    pages: Arc<AtomicU64>,
    /// Where to go once the page listens.
    destination: Mutex<Option<SessionId>>,
    quitting: AtomicBool,
}

impl Shell {
    /// A shell with no home open yet; questions wait until one is.
    pub fn new(homes: Homes, destination: Option<SessionId>) -> Self {
        Self {
            homes,
            home: watch::Sender::new(Home::Opening),
            mode: Mutex::new(Mode::Own),
            switching: tokio::sync::Mutex::default(),
            pages: Arc::default(),
            destination: Mutex::new(destination),
            quitting: AtomicBool::new(false),
        }
    }

    /// The app, as soon as its home is open.
    ///
    /// # Errors
    /// Why the home could not be opened.
    pub async fn app(&self) -> Result<App, UserError> {
        let mut home = self.home.subscribe();
        let settled = home.wait_for(|home| !matches!(home, Home::Opening)).await.map(|home| home.clone());
        match settled {
            Ok(Home::Open(app)) => Ok(app),
            Ok(Home::Failed(fault)) => Err(fault),
            Ok(Home::Opening) | Err(_) => Err(UserError::passing(ErrorCode::Internal, "The app is being opened or closed. Try again.")),
        }
    }

    /// The app, where its home is open now.
    pub fn app_now(&self) -> Option<App> {
        match &*self.home.borrow() {
            Home::Open(app) => Some(app.clone()),
            Home::Opening | Home::Failed(_) => None,
        }
    }

    /// How the app in the window was started.
    pub fn config(&self) -> &Config {
        self.homes.config(*lock(&self.mode))
    }

    /// Opens the home of that mode for the first time.
    pub async fn open(&self, handle: &AppHandle, mode: Mode) {
        let mut watching = self.switching.lock().await;
        // Whoever asks meets the fault in its answer.
        let _ = self.start(handle, mode, &mut watching).await;
    }

    /// Closes the open home and opens the other one.
    ///
    /// # Errors
    /// [`ErrorCode::Conflict`] while work is under way; why the other home could not be opened.
    pub async fn switch(&self, handle: &AppHandle, mode: Mode) -> Result<App, UserError> {
        let mut watching = self.switching.lock().await;
        self.refuse_while_busy()?;
        self.close(&mut watching).await;
        self.start(handle, mode, &mut watching).await
    }

    /// Puts a backup in the place of the open home's database, and opens it again whatever came of that.
    ///
    /// # Errors
    /// Work is under way, another process has the home open, or the backup is not whole: nothing was changed.
    pub async fn restore(&self, handle: &AppHandle, name: &str) -> Result<(), UserError> {
        let mut watching = self.switching.lock().await;
        self.refuse_while_busy()?;
        let mode = *lock(&self.mode);
        self.close(&mut watching).await;
        let restored = self.restore_closed(mode, name).await;
        let opened = self.start(handle, mode, &mut watching).await;
        restored.and(opened.map(drop))
    }

    /// Commands that were under way may hold the home for a moment longer.
    async fn restore_closed(&self, mode: Mode, name: &str) -> Result<(), UserError> {
        let since = std::time::Instant::now();
        loop {
            match App::restore_backup(self.homes.config(mode).clone(), name).await {
                Err(fault) if fault.code == ErrorCode::Conflict && since.elapsed() < LETTING_GO => tokio::time::sleep(Duration::from_millis(50)).await,
                ended => return ended,
            }
        }
    }

    fn refuse_while_busy(&self) -> Result<(), UserError> {
        let busy = self.app_now().is_some_and(|app| !app.running().is_empty());
        if busy { Err(UserError::new(ErrorCode::Conflict, "A run is under way. Stop it or let it end first. Nothing was changed.")) } else { Ok(()) }
    }

    async fn start(&self, handle: &AppHandle, mode: Mode, watching: &mut Option<JoinHandle<()>>) -> Result<App, UserError> {
        *lock(&self.mode) = mode;
        match App::start(self.homes.config(mode).clone()).await {
            Ok(app) => {
                window::paint(handle, &app).await;
                *watching = Some(tauri::async_runtime::spawn(watcher::watch(handle.clone(), app.clone())));
                self.home.send_replace(Home::Open(app.clone()));
                Ok(app)
            }
            Err(fault) => {
                tracing::error!(%fault, "the home could not be opened");
                self.home.send_replace(Home::Failed(fault.clone()));
                Err(fault)
            }
        }
    }

    async fn close(&self, watching: &mut Option<JoinHandle<()>>) {
        if let Some(task) = watching.take() {
            task.abort();
            // It ended by being aborted.
            let _ = task.await;
        }
        if let Home::Open(app) = self.home.send_replace(Home::Opening) {
            app.stop().await;
        }
    }

    /// Follows a link from outside: to a conversation, or back to the sign-in that waits for it. Anything else is ignored.
    pub fn follow(&self, handle: &AppHandle, text: &str) {
        if let Some(session) = link::parse(text) {
            self.navigate(handle, session);
        } else if let (Some(answer), Some(app)) = (link::sign_in(text), self.app_now())
            && let Err(fault) = app.complete_sign_in(answer)
        {
            tracing::warn!(%fault, "a link was not an answer to a sign-in");
        }
    }

    /// Opens a conversation in the page, at once or when the page listens.
    pub fn navigate(&self, handle: &AppHandle, session: SessionId) {
        if self.pages.load(Ordering::SeqCst) == 0 {
            *lock(&self.destination) = Some(session);
        } else {
            broadcast(handle, "navigate", json!({"session_id": session}));
        }
    }

    /// The page listens now.
    pub fn page_listens(&self, handle: &AppHandle) {
        let session = lock(&self.destination).take();
        if let Some(session) = session {
            broadcast(handle, "navigate", json!({"session_id": session}));
        }
    }

    /// Another page begins: nothing that was meant for the one before reaches it.
    pub fn page_begins(&self) {
        self.pages.fetch_add(1, Ordering::SeqCst);
    }

    /// Tells, whenever asked, whether the page of this moment is still the one in the window.
    pub fn this_page(&self) -> impl Fn() -> bool + Send + Sync + 'static {
        let pages = Arc::clone(&self.pages);
        let this = pages.load(Ordering::SeqCst);
        move || pages.load(Ordering::SeqCst) == this
    }
}

/// Tells the page something. Rare things only: a run's events have a channel of their own.
pub fn broadcast(handle: &AppHandle, name: &str, payload: serde_json::Value) {
    if let Err(fault) = handle.emit_to(window::MAIN, name, payload) {
        tracing::warn!(%fault, name, "the window could not be told");
    }
}

/// Ends the app: runs are cancelled, questions with them; writes in flight are waited for and recorded.
pub fn quit(handle: &AppHandle) {
    let shell = handle.state::<Shell>();
    if shell.quitting.swap(true, Ordering::SeqCst) {
        return;
    }
    window::hide(handle);
    let handle = handle.clone();
    tauri::async_runtime::spawn(async move {
        let shell = handle.state::<Shell>();
        let mut watching = shell.switching.lock().await;
        shell.close(&mut watching).await;
        handle.exit(0);
    });
}

/// What is behind these locks stays whole even where a thread panicked while it held one.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
