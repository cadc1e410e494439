//! From a path and a method to the code that answers.

use uuid::Uuid;

use crate::books::{actions, changes, write};
use crate::data::facts::{EntitySet, Facts};
use crate::data::row::Row;
use crate::data::session::Session;
use crate::error::{Answer, ApiError};
use crate::odata::metadata;
use crate::odata::options::{self, QueryOptions};
use crate::odata::path::{Segment, segments};
use crate::serve::engine::{Request, Response};
use crate::serve::link::{Link, link};
use crate::serve::read::{self, LARGEST_PAGE, Scope};

/// What a path leads to.
enum Place {
    Rows(Scope),
    Record(&'static EntitySet, Row),
    /// A navigation property to one record that refers to none.
    Nowhere,
    Count(Scope),
    Action(&'static EntitySet, Row, String),
    Property(&'static EntitySet, Row, String),
}

/// The set that a path is about, as faults name it: the last set in it, or `$batch`, `$metadata`.
pub(crate) fn subject(facts: &'static Facts, path: &str) -> String {
    let Ok(segments) = segments(path) else { return String::new() };
    let mut current: Option<&EntitySet> = None;
    for segment in &segments {
        let next = match current.and_then(|set| set.navigation(&segment.name)) {
            Some(navigation) => facts.set(&navigation.target_set),
            None => facts.set(&segment.name),
        };
        current = next.or(current);
    }
    match (current, segments.first()) {
        (Some(set), _) => set.name.clone(),
        (None, Some(first)) => first.name.clone(),
        (None, None) => String::new(),
    }
}

/// Answers a request inside its transaction.
pub(crate) fn answer(session: &Session, request: &Request) -> Answer<Response> {
    let pairs = options::pairs(&request.query)?;
    let segments = segments(&request.path)?;
    match segments.first().map(|segment| segment.name.as_str()) {
        None => return reading(request, || Ok(Response::json(200, metadata::service_document(session.facts, &request.root)))),
        Some("$metadata") if segments.len() == 1 => {
            return reading(request, || {
                let xml = metadata::csdl(session.facts);
                Ok(Response { status: 200, headers: vec![("content-type", "application/xml".to_owned())], body: xml })
            });
        }
        Some(_) => {}
    }
    let rest = enter_company(session, request, &pairs, &segments)?;
    let place = walk(session, rest)?;
    let context = context(&segments);
    match place {
        Place::Rows(scope) => rows(session, request, &pairs, scope, &context),
        Place::Record(set, row) => record(session, request, &pairs, set, row, &context),
        Place::Nowhere => reading(request, || Ok(Response::empty())),
        Place::Count(scope) => reading(request, || {
            let options = options::read(session.facts, scope.set, &pairs)?;
            read::check_parent(&scope, &options)?;
            let total = read::count(session, &scope, &options)?;
            Ok(Response { status: 200, headers: vec![("content-type", "text/plain".to_owned())], body: total.to_string() })
        }),
        Place::Action(set, row, action) => {
            if request.method != "POST" {
                return Err(ApiError::not_allowed("A bound action is called with POST."));
            }
            actions::invoke(session, set, row, &action)?;
            Ok(Response::empty())
        }
        Place::Property(set, row, name) => reading(request, || property(&request.root, set, &row, &name, &context)),
    }
}

fn reading(request: &Request, answer: impl FnOnce() -> Answer<Response>) -> Answer<Response> {
    if request.method == "GET" { answer() } else { Err(ApiError::not_allowed(format!("{} is not supported here.", request.method))) }
}

/// Gives the record of a request a new version, for the stale-etag fault; nothing when there is none.
pub(crate) fn touch(session: &Session, request: &Request) -> Answer<()> {
    let pairs = options::pairs(&request.query)?;
    let segments = segments(&request.path)?;
    let Ok(rest) = enter_company(session, request, &pairs, &segments) else { return Ok(()) };
    if let Ok(Place::Record(set, row) | Place::Action(set, row, _)) = walk(session, rest)
        && let Some(table) = set.table.as_ref().filter(|table| !table.computed)
    {
        session.touch(&table.name, row.id())?;
    }
    Ok(())
}

/// Finds the company, from the path, the query or the header; gives back the segments behind it.
fn enter_company<'p>(session: &Session, request: &Request, pairs: &[(String, String)], segments: &'p [Segment]) -> Answer<&'p [Segment]> {
    if let [first, rest @ ..] = segments
        && first.name == "companies"
        && let Some(key) = &first.key
        && !rest.is_empty()
    {
        let name = key.strip_prefix("name='").and_then(|rest| rest.strip_suffix('\''));
        session.company.set(match name {
            Some(name) => company(session, &name.replace("''", "'"))?,
            None => company(session, key.strip_prefix("id=").unwrap_or(key))?,
        });
        return Ok(rest);
    }
    let root = segments.first().and_then(|segment| session.facts.set(&segment.name)).is_some_and(|set| set.root);
    if !root {
        let named = pairs.iter().find(|(name, _)| name.eq_ignore_ascii_case("company")).map(|(_, value)| value.as_str());
        let first = segments.first().map(|segment| segment.name.as_str()).unwrap_or_default();
        if session.facts.set(first).is_none() {
            return Err(ApiError::no_resource(first));
        }
        let Some(named) = named.or(request.company.as_deref()) else {
            return Err(ApiError::new(
                404,
                "Internal_CompanyNotFound",
                "No company is named in the request. Put companies(id)/ before the set, or ?company=id behind it.",
            ));
        };
        session.company.set(company(session, named)?);
    }
    Ok(segments)
}

fn company(session: &Session, named: &str) -> Answer<i64> {
    use rusqlite::OptionalExtension;
    let id = Uuid::try_parse(named).map(|id| id.hyphenated().to_string()).unwrap_or_default();
    let mut statement = session.connection.prepare_cached("SELECT company FROM companies WHERE id = ? OR name = ?")?;
    let found: Option<i64> = statement.query_row([id.as_str(), named], |row| row.get(0)).optional()?;
    found.ok_or_else(|| ApiError::new(404, "Internal_CompanyNotFound", format!("The company '{named}' does not exist.")))
}

fn key(text: &str, set: &EntitySet) -> Answer<String> {
    let bare = text.strip_prefix(&set.key).and_then(|rest| rest.strip_prefix('=')).unwrap_or(text);
    Uuid::try_parse(bare)
        .map(|id| id.hyphenated().to_string())
        .map_err(|_| ApiError::new(404, "BadRequest_NotFound", format!("The key '{text}' of '{}' is not a GUID.", set.name)))
}

/// The context URL's path: the segments as they were asked for.
fn context(segments: &[Segment]) -> String {
    let parts: Vec<String> = segments
        .iter()
        .map(|segment| match &segment.key {
            Some(key) => format!("{}({key})", segment.name),
            None => segment.name.clone(),
        })
        .collect();
    parts.join("/")
}

fn walk(session: &Session, segments: &[Segment]) -> Answer<Place> {
    let [first, rest @ ..] = segments else { return Err(ApiError::bad_url("The URL names no set.")) };
    let set = session.facts.set(&first.name).ok_or_else(|| ApiError::no_resource(&first.name))?;
    let mut place = enter(session, Scope { set, within: None }, first)?;
    for segment in rest {
        place = step(session, place, segment)?;
    }
    Ok(place)
}

/// A collection, or the one record of it that the segment's key names.
fn enter(session: &Session, scope: Scope, segment: &Segment) -> Answer<Place> {
    let Some(text) = &segment.key else { return Ok(Place::Rows(scope)) };
    let key = key(text, scope.set)?;
    let row = read::one(session, scope.set, &key)?.ok_or_else(|| ApiError::no_resource(&segment.name))?;
    match &scope.within {
        Some((column, value)) if row.text(column) != value => Err(ApiError::no_resource(&segment.name)),
        _ => Ok(Place::Record(scope.set, row)),
    }
}

fn step(session: &Session, place: Place, segment: &Segment) -> Answer<Place> {
    match place {
        Place::Rows(scope) if segment.name == "$count" => Ok(Place::Count(scope)),
        Place::Record(set, row) => {
            if let Some(action) = segment.name.strip_prefix("Microsoft.NAV.") {
                return Ok(Place::Action(set, row, action.to_owned()));
            }
            if let Some(navigation) = set.navigation(&segment.name) {
                let target = session.facts.set(&navigation.target_set).ok_or_else(|| ApiError::no_resource(&segment.name))?;
                let link = link(set, navigation, target);
                return match link {
                    Link::Many(column) => enter(session, Scope { set: target, within: Some((column, row.id().to_owned())) }, segment),
                    Link::One(column) => Ok(read::one(session, target, row.text(column))?.map_or(Place::Nowhere, |found| Place::Record(target, found))),
                    Link::Nothing if navigation.many => enter(session, Scope { set: target, within: Some(("id", String::new())) }, segment),
                    Link::Nothing => Ok(Place::Nowhere),
                };
            }
            if set.property(&segment.name).is_some() && segment.key.is_none() {
                return Ok(Place::Property(set, row, segment.name.clone()));
            }
            Err(ApiError::no_resource(&segment.name))
        }
        Place::Rows(_) | Place::Nowhere | Place::Count(_) | Place::Action(..) | Place::Property(..) => Err(ApiError::no_resource(&segment.name)),
    }
}

fn property(root: &str, set: &EntitySet, row: &Row, name: &str, context: &str) -> Answer<Response> {
    let mut body = format!("{{\"@odata.context\":\"{root}/$metadata#{context}\",\"value\":");
    let cell = row.cell(name).ok_or_else(|| ApiError::no_resource(name))?;
    let kind = set.property(name).map(|property| &property.kind).ok_or_else(|| ApiError::no_resource(name))?;
    read::write_value(kind, cell, &mut body);
    body.push('}');
    Ok(Response::json(200, body))
}

fn rows(session: &Session, request: &Request, pairs: &[(String, String)], scope: Scope, context: &str) -> Answer<Response> {
    let options = options::read(session.facts, scope.set, pairs)?;
    match request.method.as_str() {
        "GET" => list(session, request, scope, options, context),
        "POST" if scope.set.allows("POST") => {
            let body = changes::object(&request.body)?;
            let row = write::create(session, &scope, body)?;
            let location = format!("{}/{}({})", request.root, context, row.id());
            one(session, request, scope.set, &row, &options, &format!("{context}/$entity"), 201).map(|response| response.with("location", location))
        }
        "POST" => Err(ApiError::not_allowed("Entity does not support insert.")),
        method => Err(ApiError::not_allowed(format!("{method} needs the key of one record of '{}'.", scope.set.name))),
    }
}

fn list(session: &Session, request: &Request, scope: Scope, options: QueryOptions, context: &str) -> Answer<Response> {
    read::check_parent(&scope, &options)?;
    let preferred = preferred_page(request)?;
    let size = preferred.unwrap_or(LARGEST_PAGE);
    let page = read::page(session, &scope, &options, size)?;
    let mut body = String::with_capacity(1024 + page.rows.len() * 1024);
    body.push_str(&format!("{{\"@odata.context\":\"{}/$metadata#{context}{}\"", request.root, chosen(&options)));
    if options.count {
        body.push_str(&format!(",\"@odata.count\":{}", read::count(session, &scope, &options)?));
    }
    body.push_str(",\"value\":[");
    for (index, row) in page.rows.iter().enumerate() {
        if index > 0 {
            body.push(',');
        }
        read::write_row(session, scope.set, row, &options, None, &mut body)?;
    }
    body.push(']');
    if let Some(position) = &page.next {
        body.push_str(",\"@odata.nextLink\":");
        let sent = page.rows.len() as u64;
        crate::data::value::write_string(&next_link(request, &options, sent, &options::pack(position)), &mut body);
    }
    body.push('}');
    let response = Response::json(200, body);
    Ok(match preferred {
        Some(size) => response.with("preference-applied", format!("odata.maxpagesize={size}")),
        None => response,
    })
}

/// The page size that the client asked for.
fn preferred_page(request: &Request) -> Answer<Option<u64>> {
    let Some(prefer) = &request.prefer else { return Ok(None) };
    let wanted = prefer.split([',', ';']).filter_map(|part| part.split_once('=')).find(|(name, _)| {
        let name = name.trim();
        name.eq_ignore_ascii_case("odata.maxpagesize") || name.eq_ignore_ascii_case("maxpagesize")
    });
    match wanted.map(|(_, value)| value.trim().trim_matches('"').parse::<u64>()) {
        None | Some(Err(_) | Ok(0)) => Ok(None),
        Some(Ok(size)) if size > LARGEST_PAGE => {
            Err(ApiError::new(413, "BadRequest", format!("The page size {size} is above the limit of {LARGEST_PAGE} entities.")))
        }
        Some(Ok(size)) => Ok(Some(size)),
    }
}

/// The same query, from behind the last row sent.
fn next_link(request: &Request, options: &QueryOptions, sent: u64, token: &str) -> String {
    let mut query: Vec<String> = request
        .query
        .split('&')
        .filter(|pair| {
            let name = pair.split('=').next().unwrap_or_default().replace("%24", "$");
            !pair.is_empty() && !["$skiptoken", "$skip", "$top"].contains(&name.as_str())
        })
        .map(str::to_owned)
        .collect();
    if let Some(top) = options.top {
        query.push(format!("$top={}", top.saturating_sub(sent)));
    }
    query.push(format!("$skiptoken={token}"));
    format!("{}{}?{}", request.root, request.path, query.join("&"))
}

fn chosen(options: &QueryOptions) -> String {
    match &options.select {
        Some(properties) => format!("({})", properties.iter().map(|property| property.name.as_str()).collect::<Vec<_>>().join(",")),
        None => String::new(),
    }
}

fn one(session: &Session, request: &Request, set: &'static EntitySet, row: &Row, options: &QueryOptions, context: &str, status: u16) -> Answer<Response> {
    let mut body = String::with_capacity(2048);
    let context = format!("{}/$metadata#{context}", request.root);
    read::write_row(session, set, row, options, Some(&context), &mut body)?;
    Ok(Response::json(status, body).with("etag", read::etag(row)))
}

fn record(session: &Session, request: &Request, pairs: &[(String, String)], set: &'static EntitySet, row: Row, context: &str) -> Answer<Response> {
    let options = options::read(session.facts, set, pairs)?;
    let collection = context.rsplit_once('(').map_or(context, |(before, _)| before);
    let context = format!("{collection}{}/$entity", chosen(&options));
    match request.method.as_str() {
        "GET" => one(session, request, set, &row, &options, &context, 200),
        "PATCH" if set.allows("PATCH") => {
            check_version(request, &row)?;
            let body = changes::object(&request.body)?;
            let row = write::update(session, set, row, body)?;
            one(session, request, set, &row, &options, &context, 200)
        }
        "DELETE" if set.allows("DELETE") => {
            if session.switches.delete_requires_if_match || request.if_match.is_some() {
                check_version(request, &row)?;
            }
            write::delete(session, set, &row)?;
            Ok(Response::empty())
        }
        "PATCH" => Err(ApiError::not_allowed("Entity does not support modify.")),
        "DELETE" => Err(ApiError::not_allowed("Entity does not support delete.")),
        method => Err(ApiError::not_allowed(format!("{method} is not supported on a record of '{}'.", set.name))),
    }
}

fn check_version(request: &Request, row: &Row) -> Answer<()> {
    match request.if_match.as_deref().map(str::trim) {
        None | Some("") => Err(ApiError::new(400, "BadRequest_InvalidToken", "The If-Match header is missing: it must hold the record's etag.")),
        Some("*") => Ok(()),
        Some(tag) if tag == read::etag(row) => Ok(()),
        Some(_) => Err(ApiError::changed()),
    }
}
