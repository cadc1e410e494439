//! `$batch`: up to 100 requests in one, each its own transaction, or all in one with `Isolation: snapshot`.

use std::collections::{HashMap, HashSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use rusqlite::Connection;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::data::session::Session;
use crate::data::value::write_string;
use crate::error::{Answer, ApiError};
use crate::fault::FaultKind;
use crate::odata::path::split_root;
use crate::options::{AfterFailure, TakenNumbers};
use crate::serve::engine::{Access, Engine, Request, Response, refusal};
use crate::serve::route;

/// Operations in one batch, the service's limit.
const MOST: usize = 100;

#[derive(Deserialize)]
struct BatchText {
    requests: Vec<ItemText>,
}

#[derive(Deserialize)]
struct ItemText {
    #[serde(default)]
    id: Option<Box<RawValue>>,
    method: String,
    url: String,
    #[serde(default)]
    headers: HashMap<String, String>,
    #[serde(default)]
    body: Option<Box<RawValue>>,
}

pub(crate) fn is_batch(request: &Request) -> bool {
    request.path.trim_matches('/') == "$batch" || request.path.trim_matches('/') == "%24batch"
}

/// What a fault does to an item.
enum Fate {
    /// The item is answered by the fault.
    Refused(Response),
    /// The connection closes before the item is done.
    DropBefore,
    /// The connection closes when the item is done.
    DropAfter,
    Normal,
}

/// Counts the item among the faults, waits where one says so, and says what becomes of it.
fn fate(engine: &Engine, request: &mut Request) -> Fate {
    let mut fate = Fate::Normal;
    for fault in engine.meet_item(request) {
        match fault {
            FaultKind::Slow(delay) => tokio::runtime::Handle::current().block_on(tokio::time::sleep(delay)),
            FaultKind::DropBeforeCommit => return Fate::DropBefore,
            FaultKind::DropAfterCommit => fate = Fate::DropAfter,
            FaultKind::StaleEtag => request.stale = true,
            FaultKind::TooManyRequests | FaultKind::Unavailable | FaultKind::GatewayTimeout | FaultKind::Unauthorized => {
                if let Some(response) = refusal(fault) {
                    return Fate::Refused(response);
                }
            }
        }
    }
    fate
}

/// Answers a whole batch; `None` when a fault closes the connection.
pub(crate) fn answer(engine: &Engine, connection: &Connection, request: &Request) -> Answer<Option<Response>> {
    if request.method != "POST" {
        return Err(ApiError::not_allowed("A batch is sent with POST."));
    }
    let batch: BatchText = serde_json::from_slice(&request.body).map_err(|error| ApiError::bad_request(format!("The batch is malformed: {error}.")))?;
    if batch.requests.len() > MOST {
        let text = format!("The batch has too many parts: {}. A batch may hold at most '{MOST}' operations.", batch.requests.len());
        return Err(ApiError::new(400, "Unknown", text));
    }
    let snapshot = request.isolation.as_deref().is_some_and(|isolation| isolation.eq_ignore_ascii_case("snapshot")) && engine.switches.honours_snapshots;
    check_ids(&batch)?;
    let responses = if snapshot { in_one(engine, connection, request, &batch)? } else { one_by_one(engine, connection, request, &batch) };
    Ok(responses.map(|responses| Response::json(200, render(&batch, &responses))))
}

/// Each item in its own transaction.
fn one_by_one(engine: &Engine, connection: &Connection, request: &Request, batch: &BatchText) -> Option<Vec<Response>> {
    let after = after_failure(engine, request);
    let mut responses = Vec::new();
    for item in &batch.requests {
        let mut request = inner(request, item);
        let response = match fate(engine, &mut request) {
            Fate::DropBefore => return None,
            Fate::Refused(response) => response,
            fate @ (Fate::DropAfter | Fate::Normal) => {
                let done = engine.single(connection, &request).unwrap_or_else(Response::from);
                if matches!(fate, Fate::DropAfter) {
                    return None;
                }
                done
            }
        };
        let failed = response.status >= 400;
        responses.push(response);
        if failed && after == AfterFailure::Stops {
            break;
        }
    }
    Some(responses)
}

/// What the request, or else the environment, says about items behind one that fails.
fn after_failure(engine: &Engine, request: &Request) -> AfterFailure {
    let preferred = request.prefer.as_deref().unwrap_or_default().split([',', ';']).map(str::trim).find_map(|part| {
        let (name, value) = part.split_once('=').unwrap_or((part, "true"));
        let known = ["odata.continue-on-error", "continue-on-error"].iter().any(|known| name.trim().eq_ignore_ascii_case(known));
        known.then(|| value.trim().trim_matches('"').eq_ignore_ascii_case("true"))
    });
    match preferred {
        Some(true) => AfterFailure::GoesOn,
        Some(false) => AfterFailure::Stops,
        None => engine.switches.after_failure,
    }
}

/// Ids are texts or numbers, and each stands once.
fn check_ids(batch: &BatchText) -> Answer<()> {
    let mut seen = HashSet::new();
    for id in batch.requests.iter().filter_map(|item| item.id.as_ref()).map(|id| id.get()) {
        if id.starts_with(['{', '[']) {
            return Err(ApiError::bad_request("The batch is malformed: the id of an operation is a text."));
        }
        if id != "null" && !seen.insert(id) {
            return Err(ApiError::bad_request(format!("The batch is malformed: the id {id} stands more than once.")));
        }
    }
    Ok(())
}

/// All items in one transaction; one failure undoes them all, and the answers before it still read as they were.
fn in_one(engine: &Engine, connection: &Connection, request: &Request, batch: &BatchText) -> Answer<Option<Vec<Response>>> {
    let undo = || ApiError::bad_request("The batch is rolled back.");
    let after = after_failure(engine, request);
    let mut responses = Vec::new();
    let (mut dropped, mut complete, mut numbers) = (false, false, Vec::new());
    let outcome = engine.in_transaction(connection, Access::Write, |session| {
        let mut failed = false;
        for item in &batch.requests {
            let mut request = inner(request, item);
            let response = match fate(engine, &mut request) {
                Fate::DropBefore => {
                    dropped = true;
                    return Err(undo());
                }
                Fate::Refused(response) => response,
                fate @ (Fate::DropAfter | Fate::Normal) => {
                    dropped |= matches!(fate, Fate::DropAfter);
                    within(session, &request)?
                }
            };
            failed |= response.status >= 400;
            responses.push(response);
            if failed && after == AfterFailure::Stops {
                break;
            }
        }
        complete = true;
        if failed && session.switches.taken_numbers == TakenNumbers::UsedUp {
            numbers = session.series()?;
        }
        if failed { Err(undo()) } else { Ok(()) }
    });
    if !numbers.is_empty() {
        engine.in_transaction(connection, Access::Write, |session| session.advance_series(&numbers))?;
    }
    match outcome {
        _ if dropped => Ok(None),
        Err(error) if !complete => Err(error),
        Ok(()) | Err(_) => Ok(Some(responses)),
    }
}

/// One item inside a larger transaction: a failing one leaves nothing half done.
fn within(session: &Session, request: &Request) -> Answer<Response> {
    if request.stale {
        route::touch(session, request)?;
    }
    session.connection.execute_batch("SAVEPOINT item")?;
    match route::answer(session, request) {
        Ok(response) => {
            session.connection.execute_batch("RELEASE item")?;
            Ok(response)
        }
        Err(error) => {
            session.connection.execute_batch("ROLLBACK TO item; RELEASE item")?;
            Ok(error.into())
        }
    }
}

fn inner(outer: &Request, item: &ItemText) -> Request {
    let header = |name: &str| item.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.clone());
    let (path, query) = item.url.split_once('?').unwrap_or((&item.url, ""));
    let (api, path) = match split_root(path) {
        Some((api, _, rest)) => (api, rest.to_owned()),
        None => (outer.api, format!("/{}", path.trim_start_matches('/'))),
    };
    Request {
        method: item.method.to_ascii_uppercase(),
        root: outer.root.clone(),
        path,
        query: query.to_owned(),
        if_match: header("if-match"),
        prefer: header("prefer"),
        company: header("company").or_else(|| outer.company.clone()),
        isolation: None,
        content_type: header("content-type"),
        language: header("accept-language").or_else(|| outer.language.clone()),
        api,
        body: item.body.as_ref().map(|body| Bytes::copy_from_slice(body.get().as_bytes())).unwrap_or_default(),
        stale: false,
    }
}

fn render(batch: &BatchText, responses: &[Response]) -> String {
    let mut out = String::from("{\"responses\":[");
    for (index, (item, response)) in batch.requests.iter().zip(responses).enumerate() {
        if index > 0 {
            out.push(',');
        }
        let id = item.id.as_ref().map_or("null", |id| id.get());
        out.push_str(&format!("{{\"id\":{id},\"status\":{},\"headers\":{{\"odata-version\":\"4.0\"", response.status));
        for (name, value) in &response.headers {
            out.push(',');
            write_string(name, &mut out);
            out.push(':');
            write_string(value, &mut out);
        }
        out.push('}');
        if !response.body.is_empty() {
            out.push_str(",\"body\":");
            let kind = response.headers.iter().find(|(name, _)| *name == "content-type").map_or("", |(_, value)| value.as_str());
            match std::str::from_utf8(&response.body) {
                Ok(json) if kind.starts_with("application/json") => out.push_str(json),
                Ok(text) if kind.starts_with("text/") || kind.starts_with("application/xml") => write_string(text, &mut out),
                // Bytes travel as base64 (OData JSON Format 4.01, section 19.4).
                Ok(_) | Err(_) => write_string(&STANDARD.encode(&response.body), &mut out),
            }
        }
        out.push('}');
    }
    out.push_str("]}");
    out
}
