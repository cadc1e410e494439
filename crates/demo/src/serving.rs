//! What both demo servers share: an axum router on a loopback listener that stops when asked.

use std::net::SocketAddr;

use axum::Router;
use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::DemoError;

/// A server that answers until it is stopped or dropped.
pub(crate) struct Serving {
    pub(crate) address: SocketAddr,
    stopping: CancellationToken,
    task: JoinHandle<()>,
}

impl Serving {
    /// The loopback address of the listener, checked before anything is built on it.
    pub(crate) fn address_of(listener: &TcpListener) -> Result<SocketAddr, DemoError> {
        let address = listener.local_addr().map_err(DemoError::Listener)?;
        if address.ip().is_loopback() { Ok(address) } else { Err(DemoError::NotLoopback(address)) }
    }

    /// Serves `router` with `TCP_NODELAY`: a delta of a few bytes must not wait for the one before it to be acknowledged.
    pub(crate) fn start(listener: TcpListener, address: SocketAddr, router: Router) -> Self {
        let stopping = CancellationToken::new();
        let stop = stopping.clone();
        let listener = listener.tap_io(|stream| {
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(%error, "TCP_NODELAY was not set");
            }
        });
        let task = tokio::spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                served = axum::serve(listener, router).into_future() => {
                    if let Err(error) = served {
                        tracing::error!(%error, "a demo server stopped");
                    }
                }
            }
        });
        Self { address, stopping, task }
    }

    /// Stops accepting and waits until the listener is closed.
    pub(crate) async fn stop(mut self) {
        self.stopping.cancel();
        if let Err(error) = (&mut self.task).await {
            tracing::debug!(%error, "a demo server ended early");
        }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.stopping.cancel();
    }
}
