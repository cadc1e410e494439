//! What the provider does wrong on demand, for tests of those who rely on it.

use std::time::Duration;

use serde_json::Value;

/// A way to misbehave. It holds from when it is set until [`super::Running::behave`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Misbehaviour {
    /// The way back carries another `state`.
    WrongState,
    /// The way back carries no `state`.
    NoState,
    /// The person says no.
    Denied,
    /// The authorize page and the token endpoint answer late.
    Slow(Duration),
    /// Codes are expired when they arrive.
    ExpiredCode,
    /// The token endpoint refuses with this `error`, `suberror` and `claims`; for scopes that contain `only_for`, where it is not empty.
    Refuses {
        /// OAuth's `error`.
        error: String,
        /// Entra's `suberror`.
        suberror: Option<String>,
        /// Entra's `claims`.
        claims: Option<String>,
        /// A part of the scope.
        only_for: String,
        /// Whether codes are refused too, or refresh tokens alone.
        codes: Codes,
    },
    /// Id tokens are dated this many seconds from now.
    ClockOff(i64),
    /// Id tokens carry another nonce.
    WrongNonce,
    /// Id tokens are for another application.
    WrongAudience,
    /// Id tokens are from another issuer.
    WrongIssuer,
    /// Id tokens are signed by a key that is not published, under the published key's name.
    WrongKey,
    /// Id tokens name a key that is not published.
    UnknownKey,
    /// Id tokens are not signed and say so.
    AlgNone,
    /// Id tokens are signed with the public key as a shared secret.
    SharedSecret,
    /// The token endpoint sends no id token.
    NoIdToken,
    /// The token endpoint answers with a page.
    HtmlToken,
    /// The token endpoint sends the caller elsewhere.
    RedirectToken(String),
    /// The token endpoint is broken: status 500.
    BrokenToken,
    /// The discovery document is a page.
    HtmlDiscovery,
    /// The profile is another person's.
    WrongPerson,
    /// The profile can't be read.
    NoProfile,
    /// These members stand in the discovery document in place of its own; what is null is left out.
    Discovery(Value),
    /// The way back carries these parameters too.
    Back(Vec<(String, String)>),
    /// These members stand in the answer of the token endpoint in place of its own; what is null is left out.
    Answer(Value),
    /// These claims stand in ID tokens in place of their own; what is null is left out.
    Claims(Value),
    /// ID tokens carry the hash of another access token.
    WrongAccessHash,
    /// The token endpoint puts a byte order mark before its answer.
    ByteOrderMark,
    /// The token endpoint's answer has no end.
    Endless,
    /// The token endpoint begins to answer and says no more.
    Stalls,
}

/// Puts members of one object in the place of another's; null takes one away.
pub(super) fn overlay(object: &mut Value, with: &Value) {
    for (name, value) in with.as_object().into_iter().flatten() {
        match (object.as_object_mut(), value) {
            (Some(members), Value::Null) => drop(members.remove(name)),
            (Some(members), value) => drop(members.insert(name.clone(), value.clone())),
            (None, _) => {}
        }
    }
}

/// Whether a refusal holds for codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Codes {
    /// Codes and refresh tokens are refused.
    Too,
    /// Refresh tokens alone are.
    NotThey,
}
