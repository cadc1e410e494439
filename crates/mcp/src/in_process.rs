//! The line between the engine's own MCP client and the built-in server. Both live in this process, so messages pass as values:
//! written as JSON they would be read again at once, four times for each call, and a long line would be refused.

use rmcp::{
    RoleClient, RoleServer,
    service::{RxJsonRpcMessage, ServiceRole, TxJsonRpcMessage},
    transport::Transport,
};
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// Messages under way in each direction; who sends more waits.
const UNDER_WAY: usize = 64;

/// One end.
pub(crate) struct Line<R: ServiceRole> {
    out: Option<Sender<TxJsonRpcMessage<R>>>,
    incoming: Receiver<RxJsonRpcMessage<R>>,
}

/// The other end is gone.
#[derive(Debug, thiserror::Error)]
#[error("the line to the built-in tools is closed")]
pub(crate) struct Closed;

/// Two ends that belong together.
pub(crate) fn line() -> (Line<RoleClient>, Line<RoleServer>) {
    let (to_server, from_client) = channel(UNDER_WAY);
    let (to_client, from_server) = channel(UNDER_WAY);
    (Line { out: Some(to_server), incoming: from_server }, Line { out: Some(to_client), incoming: from_client })
}

impl<R: ServiceRole> Transport<R> for Line<R> {
    type Error = Closed;

    fn send(&mut self, item: TxJsonRpcMessage<R>) -> impl Future<Output = Result<(), Closed>> + Send + 'static {
        let out = self.out.clone();
        async move { out.ok_or(Closed)?.send(item).await.map_err(|_| Closed) }
    }

    async fn receive(&mut self) -> Option<RxJsonRpcMessage<R>> {
        self.incoming.recv().await
    }

    async fn close(&mut self) -> Result<(), Closed> {
        self.out = None;
        self.incoming.close();
        Ok(())
    }
}
