//! What comes back from the browser, and whether it is meant for this sign-in.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use subtle::ConstantTimeEq;
use tokio::sync::oneshot;

use crate::{Secret, error::code};

/// Longer ones are nobody's answer.
const LONGEST: usize = 16 * 1024;

/// What the sign-in service sends back.
pub(crate) enum Returned {
    /// To be redeemed.
    Code(Secret<String>),
    /// OAuth's `error`, with Entra's `suberror`.
    Refused { error: String, suberror: Option<String> },
}

/// What came back was not for a sign-in that is under way: another one's, forged, or used before. Nothing came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("This does not belong to a sign-in that is under way.")]
pub struct NotOurs;

/// What an answer must carry to be believed.
pub(crate) struct Expected {
    /// Random, used once.
    pub(crate) state: Secret<String>,
    /// The issuer, where the answer has to name it (RFC 9207); compared wherever it is named.
    pub(crate) issuer: String,
    pub(crate) names_issuer: bool,
}

struct Open {
    expected: Expected,
    taker: oneshot::Sender<Returned>,
}

/// The one place at which a sign-in waits. Whoever brings the right state first ends it.
pub(crate) struct Slot(Mutex<Option<Open>>);

impl Slot {
    pub(crate) fn new(expected: Expected) -> (Self, oneshot::Receiver<Returned>) {
        let (taker, taken) = oneshot::channel();
        (Self(Mutex::new(Some(Open { expected, taker }))), taken)
    }

    /// Takes the query of an answer. What does not belong here changes nothing.
    pub(crate) fn offer(&self, query: &str) -> Result<(), NotOurs> {
        let mut slot = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let returned = slot.as_ref().ok_or(NotOurs).and_then(|open| read(query, &open.expected))?;
        let open = slot.take().ok_or(NotOurs)?;
        open.taker.send(returned).map_err(|_| NotOurs)
    }

    /// Whether an answer is still awaited.
    pub(crate) fn is_open(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).as_ref().is_some_and(|open| !open.taker.is_closed())
    }

    /// Takes nothing any more.
    pub(crate) fn close(&self) {
        drop(self.0.lock().unwrap_or_else(PoisonError::into_inner).take());
    }
}

fn read(query: &str, expected: &Expected) -> Result<Returned, NotOurs> {
    if query.len() > LONGEST {
        return Err(NotOurs);
    }
    let mut named: HashMap<String, Secret<String>> = HashMap::new();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()).into_owned() {
        // A parameter that comes twice has no meaning (RFC 6749, 3.1).
        if named.insert(name, Secret::new(value)).is_some() {
            return Err(NotOurs);
        }
    }
    let mut take = |name: &str| named.remove(name);
    let state = take("state").ok_or(NotOurs)?;
    if !bool::from(state.expose().as_bytes().ct_eq(expected.state.expose().as_bytes())) {
        return Err(NotOurs);
    }
    match take("iss") {
        Some(issuer) if crate::discovery::is_issuer(&expected.issuer, issuer.expose()) => {}
        None if !expected.names_issuer => {}
        Some(_) | None => return Err(NotOurs),
    }
    match (take("code"), take("error")) {
        (Some(authorization), None) if !authorization.expose().is_empty() => Ok(Returned::Code(authorization)),
        (None, Some(error)) => Ok(Returned::Refused { error: code(error.expose()), suberror: take("suberror").map(|sub| code(sub.expose())) }),
        (Some(_) | None, _) => Err(NotOurs),
    }
}
