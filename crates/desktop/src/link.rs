//! Links from outside: `bcagent://session/ID`. They only navigate, so that any page or program may make one.

use bca_protocol::SessionId;

/// The conversation that a link names; `None` for everything that is not exactly such a link.
#[must_use]
pub fn parse(text: &str) -> Option<SessionId> {
    let id = text.strip_prefix("bcagent://session/")?;
    // The one spelling that we write ourselves: no braces, no urn, no capitals, nothing behind it.
    id.parse().ok().filter(|session: &SessionId| session.to_string() == id)
}

#[cfg(test)]
#[path = "link_tests.rs"]
mod tests;
