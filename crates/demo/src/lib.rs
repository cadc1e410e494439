//! The demo servers that need no account anywhere: a model that reads English by rules and speaks Anthropic's
//! Messages API, and a small OpenID Connect provider. Both answer over real HTTP on a loopback listener and share no
//! code with the clients that call them, so a mistake in a client cannot hide behind the same mistake here.

pub mod identity;
pub mod model;
mod serving;

/// Why a demo server could not start.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The listener has no usable local address.
    #[error("the demo server has no local address: {0}")]
    Listener(#[source] std::io::Error),
    /// Demo servers listen on loopback only; anything else would offer a made-up identity to the network.
    #[error("the demo server listens on loopback only, not on {0}")]
    NotLoopback(std::net::SocketAddr),
    /// The operating system gave no randomness for keys and tokens.
    #[error("the operating system gave no random bytes")]
    Randomness,
}
