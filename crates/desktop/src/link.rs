//! Links from outside: `bcagent://session/ID` only navigates, so that any page or program may make one; `bcagent://auth?…` is a
//! sign-in that comes back, and is checked like one that comes back to the listener.

use bca_protocol::SessionId;

/// The conversation that a link names; `None` for everything that is not exactly such a link.
#[must_use]
pub fn parse(text: &str) -> Option<SessionId> {
    let id = text.strip_prefix("bcagent://session/")?;
    // The one spelling that we write ourselves: no braces, no urn, no capitals, nothing behind it.
    id.parse().ok().filter(|session: &SessionId| session.to_string() == id)
}

/// Longest answer of a sign-in service that is looked at, in bytes.
const LONGEST: usize = 16 * 1024;

/// A link that may end a sign-in that waits; whether it does is decided by its `state` (RFC 6749, section 10.12).
#[must_use]
pub fn sign_in(text: &str) -> Option<&str> {
    (text.starts_with("bcagent://auth?") && text.len() <= LONGEST).then_some(text)
}

#[cfg(test)]
#[path = "link_tests.rs"]
mod tests;
