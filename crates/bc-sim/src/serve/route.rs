//! From a path and a method to the code that answers.

use uuid::Uuid;

use crate::books::{actions, changes, write};
use crate::data::facts::{Api, EntitySet, Facts, Kind};
use crate::data::row::Row;
use crate::data::session::Session;
use crate::error::{Answer, ApiError};
use crate::more::{self, carry, streams, subscriptions};
use crate::odata::options::{self, QueryOptions};
use crate::odata::path::{RUNTIME, Segment, segments};
use crate::odata::{captions, metadata};
use crate::serve::create;
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
    Stream(&'static EntitySet, Row, String),
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

/// Answers a request inside its transaction; a refusal speaks the language of the request.
pub(crate) fn answer(session: &Session, request: &Request) -> Answer<Response> {
    answer_in_english(session, request).map_err(|error| error.in_language(request.language.as_deref()))
}

fn answer_in_english(session: &Session, request: &Request) -> Answer<Response> {
    let pairs = options::pairs(&request.query)?;
    let segments = segments(&request.path)?;
    if session.facts.of(request.api).next().is_none() {
        return Err(ApiError::no_resource("contoso")); // the extension is not installed
    }
    session.root.replace(request.root.clone());
    if request.root.ends_with(RUNTIME) {
        return match enter_company(session, request, &pairs, &segments)? {
            [only] if only.name == "webhookSupportedResources" && only.key.is_none() => {
                reading(request, || Ok(Response::json(200, subscriptions::supported(session, &request.root, &pairs)?)))
            }
            other => Err(ApiError::no_resource(&other.first().map(|segment| segment.name.clone()).unwrap_or_default())),
        };
    }
    match segments.first().map(|segment| segment.name.as_str()) {
        None => return reading(request, || Ok(Response::json(200, metadata::service_document(session.facts, request.api, &request.root)))),
        Some("$metadata") if segments.len() == 1 => {
            return reading(request, || {
                let xml = metadata::csdl(session.facts, request.api);
                Ok(Response { status: 200, headers: vec![("content-type", "application/xml".to_owned())], body: xml.into() })
            });
        }
        Some("apicategoryroutes") if segments.len() == 1 => {
            return reading(request, || Ok(Response::json(200, metadata::routes(session.facts, &request.root))));
        }
        Some("entityDefinitions") if segments.len() == 1 => {
            return reading(request, || {
                let body = captions::definitions(session.facts, request.api, &request.root, &pairs, request.language.as_deref())?;
                Ok(Response::json(200, body))
            });
        }
        Some(_) => {}
    }
    let rest = enter_company(session, request, &pairs, &segments)?;
    let place = walk(session, request.api, rest)?;
    let context = context(&segments);
    match place {
        Place::Rows(scope) => rows(session, request, &pairs, scope, &context),
        Place::Record(set, row) => record(session, request, &pairs, set, row, &collection(&segments)),
        Place::Nowhere => reading(request, || Ok(Response::empty())),
        Place::Count(scope) => reading(request, || {
            let options = options::read(session.facts, scope.set, &pairs)?;
            read::check_parent(&scope, &options)?;
            let total = read::count(session, &scope, &options)?;
            Ok(Response { status: 200, headers: vec![("content-type", "text/plain".to_owned())], body: total.to_string().into() })
        }),
        Place::Action(set, mut row, action) => {
            if request.method != "POST" {
                return Err(ApiError::not_allowed("A bound action is called with POST."));
            }
            if request.if_match.is_some() {
                check_version(request, &row)?;
            }
            if more::invoke(session, set, &mut row, &action)? == more::Done::NotHere {
                let luggage = carry::pack(session, set, &row, &action)?;
                actions::invoke(session, set, row, &action)?;
                if let Some(luggage) = luggage {
                    carry::unpack(session, &luggage)?;
                }
            }
            Ok(Response::empty())
        }
        Place::Stream(set, row, name) => stream(session, request, set, row, &name),
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
    if let Ok(Place::Record(set, row) | Place::Action(set, row, _)) = walk(session, request.api, rest)
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
        match name {
            Some(name) => company(session, &name.replace("''", "'"))?,
            None => company(session, key.strip_prefix("id=").unwrap_or(key))?,
        }
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
        company(session, named)?;
    }
    Ok(segments)
}

/// Enters the company of that id or name.
fn company(session: &Session, named: &str) -> Answer<()> {
    use rusqlite::OptionalExtension;
    let id = Uuid::try_parse(named).map(|id| id.hyphenated().to_string()).unwrap_or_default();
    let mut statement = session.connection.prepare_cached("SELECT company, id FROM companies WHERE id = ? OR name = ?")?;
    let found: Option<(i64, String)> = statement.query_row([id.as_str(), named], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    let (number, id) = found.ok_or_else(|| ApiError::new(404, "Internal_CompanyNotFound", format!("The company '{named}' does not exist.")))?;
    session.company.set(number);
    let base = format!("{}/companies({id})", session.root.borrow());
    session.base.replace(base);
    Ok(())
}

fn key(text: &str, set: &EntitySet) -> Answer<String> {
    let bare = text.strip_prefix(&set.key).and_then(|rest| rest.strip_prefix('=')).unwrap_or(text);
    if set.property(&set.key).is_some_and(|property| property.kind == Kind::Text) {
        let quoted = bare.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
        let wrong = || ApiError::new(404, "BadRequest_NotFound", format!("The key '{text}' of '{}' is not a quoted text.", set.name));
        return quoted.map(|key| key.replace("''", "'")).ok_or_else(wrong);
    }
    Uuid::try_parse(bare)
        .map(|id| id.hyphenated().to_string())
        .map_err(|_| ApiError::new(404, "BadRequest_NotFound", format!("The key '{text}' of '{}' is not a GUID.", set.name)))
}

/// The path of a record without its own key: that of the collection that it is one of, or of the navigation property that leads to it.
fn collection(segments: &[Segment]) -> String {
    let mut segments = segments.to_vec();
    if let Some(last) = segments.last_mut() {
        last.key = None;
    }
    context(&segments)
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

fn walk(session: &Session, api: Api, segments: &[Segment]) -> Answer<Place> {
    let [first, rest @ ..] = segments else { return Err(ApiError::bad_url("The URL names no set.")) };
    // The companies are at the root of each API.
    let set = session.facts.set(&first.name).filter(|set| set.api == api || set.name == "companies");
    let set = set.ok_or_else(|| ApiError::no_resource(&first.name))?;
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
    if scope.within.is_none() && ["dimensionSetLines", "applyVendorEntries"].contains(&scope.set.name.as_str()) {
        // Their key names a row within a parent only.
        return Err(ApiError::rule(format!("You must specify a parent: '{}' are reached through the record that they belong to.", scope.set.name)));
    }
    let row = read::keyed(session, &scope, &key)?.ok_or_else(|| ApiError::no_resource(&segment.name))?;
    Ok(Place::Record(scope.set, row))
}

fn step(session: &Session, place: Place, segment: &Segment) -> Answer<Place> {
    match place {
        Place::Rows(scope) if segment.name == "$count" => Ok(Place::Count(scope)),
        Place::Record(set, row) => {
            if let Some(action) = segment.name.strip_prefix("Microsoft.NAV.") {
                // The service does not mind the case of an action's name (docs/business-central.md, section 3).
                let known = set.actions.iter().find(|known| known.eq_ignore_ascii_case(action));
                return Ok(Place::Action(set, row, known.cloned().unwrap_or_else(|| action.to_owned())));
            }
            if let Some(navigation) = set.navigation(&segment.name) {
                let target = session.facts.set(&navigation.target_set).ok_or_else(|| ApiError::no_resource(&segment.name))?;
                let link = link(set, navigation, target);
                return match link {
                    Link::Many(column) => enter(session, Scope { set: target, within: Some((column, row.id().to_owned())) }, segment),
                    Link::One(column) => {
                        let found = read::one(session, target, row.text(column))?;
                        match (found, &segment.key) {
                            (Some(found), Some(text)) if key(text, target)? != found.id() => Err(ApiError::no_resource(&segment.name)),
                            (Some(found), _) => Ok(Place::Record(target, found)),
                            (None, _) => Ok(Place::Nowhere),
                        }
                    }
                    Link::All => Err(ApiError::no_resource(&segment.name)), // the path enters the company itself
                    Link::Nothing if navigation.many => enter(session, Scope { set: target, within: Some(("id", String::new())) }, segment),
                    Link::Nothing => Ok(Place::Nowhere),
                };
            }
            match set.property(&segment.name).filter(|_| segment.key.is_none()) {
                Some(property) if property.kind == Kind::Stream => Ok(Place::Stream(set, row, segment.name.clone())),
                Some(_) => Ok(Place::Property(set, row, segment.name.clone())),
                None => Err(ApiError::no_resource(&segment.name)),
            }
        }
        Place::Stream(set, row, name) if segment.name == "$value" => Ok(Place::Stream(set, row, name)),
        Place::Rows(_) | Place::Nowhere | Place::Count(_) | Place::Action(..) | Place::Property(..) | Place::Stream(..) => {
            Err(ApiError::no_resource(&segment.name))
        }
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
            check_content(request)?;
            let row = create::create(session, &scope, changes::object(&request.body)?)?;
            let location = location(session, request, &scope, context, &row);
            one(session, request, scope.set, &row, &options, &format!("{context}/$entity"), 201).map(|response| response.with("location", location))
        }
        "POST" => Err(ApiError::not_allowed("Entity does not support insert.")),
        method => Err(ApiError::not_allowed(format!("{method} needs the key of one record of '{}'.", scope.set.name))),
    }
}

/// Where a new record is: behind its company, also when that was named in the query or a header.
fn location(session: &Session, request: &Request, scope: &Scope, context: &str, row: &Row) -> String {
    if scope.set.root || context.starts_with("companies(") {
        format!("{}/{context}({})", request.root, row.id())
    } else {
        format!("{}/{context}({})", session.base.borrow(), row.id())
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

fn record(session: &Session, request: &Request, pairs: &[(String, String)], set: &'static EntitySet, row: Row, collection: &str) -> Answer<Response> {
    let options = options::read(session.facts, set, pairs)?;
    let context = format!("{collection}{}/$entity", chosen(&options));
    match request.method.as_str() {
        "GET" => one(session, request, set, &row, &options, &context, 200),
        "PATCH" if set.allows("PATCH") => {
            check_version(request, &row)?;
            check_content(request)?;
            let body = changes::object(&request.body)?;
            let row = match more::update(session, set, row, body) {
                Ok(done) => done?,
                Err((row, body)) => write::update(session, set, row, body)?,
            };
            one(session, request, set, &row, &options, &context, 200)
        }
        "DELETE" if set.allows("DELETE") => {
            if session.switches.delete_requires_if_match || request.if_match.is_some() {
                check_version(request, &row)?;
            }
            if more::delete(session, set, &row)? == more::Gone::NotHere {
                write::delete(session, set, &row)?;
                more::forget(session, &row)?;
            }
            Ok(Response::empty())
        }
        "PATCH" => Err(ApiError::not_allowed("Entity does not support modify.")),
        "DELETE" => Err(ApiError::not_allowed("Entity does not support delete.")),
        method => Err(ApiError::not_allowed(format!("{method} is not supported on a record of '{}'.", set.name))),
    }
}

/// A body must say that it is JSON, or say nothing.
fn check_content(request: &Request) -> Answer<()> {
    match &request.content_type {
        Some(kind) if !request.body.is_empty() && !kind.to_ascii_lowercase().contains("json") => {
            Err(ApiError::new(415, "BadRequest", format!("The content type '{kind}' is not supported; send application/json.")))
        }
        _ => Ok(()),
    }
}

/// Reads or writes the bytes of a stream property.
fn stream(session: &Session, request: &Request, set: &'static EntitySet, row: Row, name: &str) -> Answer<Response> {
    match request.method.as_str() {
        "GET" => {
            let tag = read::etag(&row);
            Ok(match streams::read(session, set, &row, name, request.language.as_deref())? {
                Some(content) => Response { status: 200, headers: vec![("content-type", content.kind)], body: content.bytes.into() }.with("etag", tag),
                None => Response::empty(),
            })
        }
        "PATCH" if set.allows("PATCH") && set.property(name).is_some_and(|property| !property.read_only) => {
            check_version(request, &row)?;
            streams::write(session, set, row, name, request.content_type.as_deref(), &request.body)?;
            Ok(Response::empty())
        }
        method => Err(ApiError::not_allowed(format!("{method} is not supported on the stream '{name}' of '{}'.", set.name))),
    }
}

fn check_version(request: &Request, row: &Row) -> Answer<()> {
    let given = request.if_match.as_deref().unwrap_or_default().trim();
    if given == "*" {
        return Ok(());
    }
    // One tag or a list of them (RFC 9110, section 13.1.1); ours hold no comma.
    let tags: Vec<&str> = given.split(',').map(str::trim).collect();
    let is_tag = |tag: &&str| tag.strip_prefix("W/").unwrap_or(tag).strip_prefix('"').is_some_and(|rest| rest.ends_with('"'));
    if !tags.iter().all(is_tag) {
        return Err(ApiError::no_token());
    }
    if tags.contains(&read::etag(row).as_str()) { Ok(()) } else { Err(ApiError::changed()) }
}
