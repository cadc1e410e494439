//! One request in its transaction.

use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use rusqlite::Connection;

use crate::data::database::Database;
use crate::data::facts::{Api, Facts};
use crate::data::session::Session;
use crate::error::{Answer, ApiError, SimError};
use crate::fault::{FaultKind, Faults};
use crate::options::Switches;
use crate::serve::{batch, route};

/// A request behind the API root.
#[derive(Clone, Debug, Default)]
pub(crate) struct Request {
    pub method: String,
    /// The absolute URL of the API root that the client used.
    pub root: String,
    /// What follows the root, percent-encoded.
    pub path: String,
    pub query: String,
    pub if_match: Option<String>,
    pub prefer: Option<String>,
    pub company: Option<String>,
    pub isolation: Option<String>,
    pub content_type: Option<String>,
    pub language: Option<String>,
    /// Which API the root is of.
    pub api: Api,
    pub body: Bytes,
    /// Somebody else is to change the record around this request.
    pub stale: bool,
}

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Response {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    /// What the `content-type` among the headers says; empty for none.
    pub body: Bytes,
}

pub(crate) const JSON: &str = "application/json; odata.metadata=minimal";

impl Response {
    pub(crate) fn json(status: u16, body: String) -> Response {
        Response { status, headers: vec![("content-type", JSON.to_owned())], body: body.into() }
    }

    pub(crate) fn empty() -> Response {
        Response { status: 204, headers: Vec::new(), body: Bytes::new() }
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Response {
        self.headers.retain(|(earlier, _)| *earlier != name);
        self.headers.push((name, value.into()));
        self
    }
}

impl From<ApiError> for Response {
    fn from(error: ApiError) -> Self {
        let response = Response::json(error.status, error.body());
        match error.retry_after {
            Some(seconds) => response.with("retry-after", seconds.to_string()),
            None => response,
        }
    }
}

/// What all requests share.
pub(crate) struct Engine {
    pub database: Database,
    pub facts: &'static Facts,
    pub switches: Switches,
    pub faults: Mutex<Faults>,
}

/// The answer of a fault that refuses; `None` for one that does something else.
pub(crate) fn refusal(fault: FaultKind) -> Option<Response> {
    let error = match fault {
        FaultKind::TooManyRequests => {
            ApiError::new(429, "Application_TooManyRequests", "Too many requests reached. Actual (101). Maximum (100).").retry_after(1)
        }
        FaultKind::Unavailable => ApiError::new(503, "Internal_TenantUnavailable", "The service is temporarily unavailable.").retry_after(1),
        FaultKind::GatewayTimeout => ApiError::new(504, "Unknown", "The gateway did not receive an answer in time."),
        FaultKind::Unauthorized => return Some(unauthorised()),
        FaultKind::DropBeforeCommit | FaultKind::DropAfterCommit | FaultKind::Slow(_) | FaultKind::StaleEtag => return None,
    };
    Some(error.into())
}

/// The answer to a missing or refused token.
pub(crate) fn unauthorised() -> Response {
    let error = ApiError::new(401, "Authentication_InvalidCredentials", "The server has rejected the client credentials.");
    Response::from(error).with("www-authenticate", "Bearer")
}

/// How a transaction ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Commit,
    Rollback,
}

impl Engine {
    /// Answers one request; blocking. `None`: a fault inside a batch closes the connection.
    pub(crate) fn answer(&self, request: &Request) -> Option<Response> {
        let unavailable = |error: SimError| ApiError::new(503, "Internal_TenantUnavailable", error.to_string()).retry_after(1).into();
        let lease = match self.database.take() {
            Ok(lease) => lease,
            Err(error) => return Some(unavailable(error)),
        };
        let connection = match lease.connection() {
            Ok(connection) => connection,
            Err(error) => return Some(unavailable(error)),
        };
        if batch::is_batch(request) {
            return batch::answer(self, connection, request).unwrap_or_else(|error| Some(error.into()));
        }
        Some(self.single(connection, request).unwrap_or_else(Response::from))
    }

    /// The faults that a request meets; it counts.
    pub(crate) fn meet(&self, request: &Request) -> Vec<FaultKind> {
        let subject = if batch::is_batch(request) { "$batch".to_owned() } else { route::subject(self.facts, &request.path) };
        self.faults.lock().unwrap_or_else(PoisonError::into_inner).meet(&subject, &request.method)
    }

    /// The faults that an item of a batch meets.
    pub(crate) fn meet_item(&self, request: &Request) -> Vec<FaultKind> {
        let subject = route::subject(self.facts, &request.path);
        self.faults.lock().unwrap_or_else(PoisonError::into_inner).meet_item(&subject, &request.method)
    }

    /// A request that is a transaction of its own.
    pub(crate) fn single(&self, connection: &Connection, request: &Request) -> Answer<Response> {
        if request.stale && request.method == "GET" {
            let response = self.in_transaction(connection, Access::Read, |session| route::answer(session, request))?;
            self.in_transaction(connection, Access::Write, |session| route::touch(session, request))?;
            return Ok(response);
        }
        if request.stale {
            self.in_transaction(connection, Access::Write, |session| route::touch(session, request))?;
        }
        let access = if request.method == "GET" { Access::Read } else { Access::Write };
        self.in_transaction(connection, access, |session| route::answer(session, request))
    }

    /// Runs work in a transaction, committed when it succeeds.
    pub(crate) fn in_transaction<T>(&self, connection: &Connection, access: Access, work: impl FnOnce(&Session) -> Answer<T>) -> Answer<T> {
        connection.execute_batch(match access {
            Access::Read => "BEGIN",
            Access::Write => "BEGIN IMMEDIATE",
        })?;
        let session = Session::new(connection, self.facts, self.switches, self.database.today());
        let result = match access {
            Access::Read => work(&session),
            Access::Write => session.begin_writes().and_then(|()| {
                let done = work(&session)?;
                session.end_writes()?;
                Ok(done)
            }),
        };
        let outcome = if result.is_ok() { Outcome::Commit } else { Outcome::Rollback };
        finish(connection, outcome)?;
        result
    }
}

/// What a transaction is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    Read,
    /// Takes the write lock at once, so that two processes never wait for each other in the middle.
    Write,
}

/// Ends a transaction; one that cannot be committed is rolled back.
pub(crate) fn finish(connection: &Connection, outcome: Outcome) -> Answer<()> {
    if outcome == Outcome::Commit {
        match connection.execute_batch("COMMIT") {
            Ok(()) => return Ok(()),
            Err(error) => {
                connection.execute_batch("ROLLBACK")?;
                return Err(error.into());
            }
        }
    }
    Ok(connection.execute_batch("ROLLBACK")?)
}
