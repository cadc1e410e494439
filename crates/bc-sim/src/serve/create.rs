//! Creating a record with everything that is nested in its body: the set's own rules first, then its children.

use serde_json::value::RawValue;

use crate::books::changes::{self, Object};
use crate::books::{document, write};
use crate::data::row::Row;
use crate::data::session::Session;
use crate::error::{Answer, ApiError};
use crate::more::{self, dimensions, shortcuts};
use crate::serve::link::{Link, link};
use crate::serve::read::Scope;

/// Children that are created after their parent, each by the rules of its own set.
const AFTERWARDS: [&str; 8] =
    ["dimensionSetLines", "defaultDimensions", "documentAttachments", "attachments", "itemVariants", "journalLines", "customerPayments", "vendorPayments"];

/// Creates a record and its children.
pub(crate) fn create(session: &Session, scope: &Scope, mut body: Object) -> Answer<Row> {
    let nested = take_nested(scope, &mut body)?;
    let of_lines = take_nested_of_lines(scope, &mut body)?;
    let row = match more::create(session, scope, body) {
        Ok(done) => done?,
        Err(body) => write::create(session, scope, body)?,
    };
    for (name, children) in nested {
        create_children(session, scope, &row, &name, children)?;
    }
    shortcuts::complete(session, &row)?;
    dimensions::inherit(session, &row)?;
    let Some(form) = document::form(&scope.set.name) else { return Ok(row) };
    let lines = session.all_by(form.lines, "documentId", row.id())?;
    let set = session.facts.set(form.lines).ok_or_else(|| ApiError::no_resource(form.lines))?;
    let mut of_lines = of_lines.into_iter();
    for line in &lines {
        for (name, children) in of_lines.next().unwrap_or_default() {
            create_children(session, &Scope { set, within: None }, line, &name, children)?;
        }
        dimensions::inherit(session, line)?;
    }
    shortcuts::show(session, &row)?;
    session.get(&scope.set.name, row.id())
}

type Nested = Vec<(String, Box<RawValue>)>;

fn take_nested(scope: &Scope, body: &mut Object) -> Answer<Nested> {
    let mut nested = Vec::new();
    let mut rest = Vec::new();
    for (name, raw) in std::mem::take(&mut body.0) {
        if AFTERWARDS.contains(&name.as_str()) && scope.set.navigation(&name).is_some() {
            if nested.iter().any(|(earlier, _)| *earlier == name) {
                return Err(ApiError::bad_request(format!("The property '{name}' is in the body twice.")));
            }
            nested.push((name, raw));
        } else {
            rest.push((name, raw));
        }
    }
    body.0 = rest;
    Ok(nested)
}

/// What is nested in a document's nested lines, line by line; the lines go on without it.
fn take_nested_of_lines(scope: &Scope, body: &mut Object) -> Answer<Vec<Nested>> {
    let Some(form) = document::form(&scope.set.name) else { return Ok(Vec::new()) };
    let Some((_, raw)) = body.0.iter_mut().find(|(name, _)| name == form.lines) else { return Ok(Vec::new()) };
    if !AFTERWARDS.iter().any(|name| raw.get().contains(name)) {
        return Ok(Vec::new());
    }
    let malformed = |error: serde_json::Error| ApiError::bad_request(format!("'{}' is malformed: {error}.", form.lines));
    let lines: Vec<Object> = serde_json::from_str(raw.get()).map_err(malformed)?;
    let mut taken = Vec::new();
    let mut left = Vec::new();
    for line in lines {
        let (nested, rest): (Nested, Nested) = line.0.into_iter().partition(|(name, _)| AFTERWARDS.contains(&name.as_str()));
        let fields: Vec<String> = rest
            .iter()
            .map(|(name, raw)| {
                let mut field = String::new();
                crate::data::value::write_string(name, &mut field);
                format!("{field}:{}", raw.get())
            })
            .collect();
        left.push(format!("{{{}}}", fields.join(",")));
        taken.push(nested);
    }
    *raw = RawValue::from_string(format!("[{}]", left.join(","))).map_err(malformed)?;
    Ok(taken)
}

fn create_children(session: &Session, scope: &Scope, parent: &Row, name: &str, raw: Box<RawValue>) -> Answer<()> {
    let no_property = || ApiError::no_property(name, &scope.set.entity);
    let navigation = scope.set.navigation(name).ok_or_else(no_property)?;
    let target = session.facts.set(&navigation.target_set).ok_or_else(no_property)?;
    let Link::Many(column) = link(scope.set, navigation, target) else { return Err(no_property()) };
    let within = Scope { set: target, within: Some((column, parent.id().to_owned())) };
    for child in changes::children(name, &raw)? {
        create(session, &within, child)?;
    }
    Ok(())
}
