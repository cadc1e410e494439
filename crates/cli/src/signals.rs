//! Ctrl-C and its like. The first one asks, the second one leaves at once, even where a write to a terminal blocks.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU32, Ordering},
};

use bca_protocol::{ErrorCode, UserError};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::exit::{Exit, Failure};

/// What was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// Ctrl-C: stop what is going on.
    Interrupt,
    /// Stop and leave (SIGTERM, or the terminal was closed).
    Leave,
}

/// What the process is doing, for the moment at which it is told to leave at once.
#[derive(Default)]
pub struct Standing {
    asked: AtomicU32,
    sending: AtomicBool,
}

impl Standing {
    /// Work begins: the next Ctrl-C is a first one.
    pub fn begin(&self) {
        self.asked.store(0, Ordering::SeqCst);
    }

    /// Whether an approved write may be on its way.
    pub fn set_sending(&self, sending: Sending) {
        self.sending.store(matches!(sending, Sending::Maybe), Ordering::SeqCst);
    }

    fn again(&self) -> bool {
        self.asked.fetch_add(1, Ordering::SeqCst) > 0
    }

    fn exit(&self) -> Exit {
        if self.sending.load(Ordering::SeqCst) { Exit::Unknown } else { Exit::Failed }
    }
}

/// Whether an approved write may be on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sending {
    /// Its outcome is not known yet.
    Maybe,
    /// Nothing is under way.
    Nothing,
}

/// The signals that reach this process.
pub struct Signals {
    receiver: UnboundedReceiver<Signal>,
    standing: Arc<Standing>,
}

impl Signals {
    /// Starts to listen; from now on Ctrl-C doesn't end the process by itself.
    ///
    /// # Errors
    /// An operating system that takes no handler.
    pub fn listen() -> Result<Self, Failure> {
        let (sender, receiver) = unbounded_channel();
        let standing = Arc::new(Standing::default());
        spawn(&sender, &standing).map_err(|e| UserError::new(ErrorCode::Internal, format!("Ctrl-C can't be listened to: {e}.")))?;
        Ok(Self { receiver, standing })
    }

    /// What the process is doing.
    #[must_use]
    pub fn standing(&self) -> Arc<Standing> {
        Arc::clone(&self.standing)
    }

    /// The next signal. Cancelling loses nothing.
    pub async fn next(&mut self) -> Signal {
        match self.receiver.recv().await {
            Some(signal) => signal,
            None => std::future::pending().await,
        }
    }
}

#[cfg(unix)]
fn spawn(sender: &UnboundedSender<Signal>, standing: &Arc<Standing>) -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let kinds = [(SignalKind::interrupt(), Signal::Interrupt), (SignalKind::terminate(), Signal::Leave), (SignalKind::hangup(), Signal::Leave)];
    for (kind, meaning) in kinds {
        let mut arrivals = signal(kind)?;
        let (sender, standing) = (sender.clone(), Arc::clone(standing));
        tokio::spawn(async move {
            while arrivals.recv().await.is_some() {
                arrived(&sender, &standing, meaning);
            }
        });
    }
    Ok(())
}

#[cfg(not(unix))]
fn spawn(sender: &UnboundedSender<Signal>, standing: &Arc<Standing>) -> std::io::Result<()> {
    let (sender, standing) = (sender.clone(), Arc::clone(standing));
    tokio::spawn(async move {
        while tokio::signal::ctrl_c().await.is_ok() {
            arrived(&sender, &standing, Signal::Interrupt);
        }
    });
    Ok(())
}

fn arrived(sender: &UnboundedSender<Signal>, standing: &Standing, signal: Signal) {
    if standing.again() {
        std::process::exit(i32::from(standing.exit().code()));
    }
    let _ = sender.send(signal);
}
