//! Webhook subscriptions: three days long, proven by a handshake before they are stored (docs/business-central.md, section 11).

use jiff::ToSpan;
use uuid::Uuid;

use crate::books::changes::Changes;
use crate::data::row::Row;
use crate::data::session::Session;
use crate::data::value::stored_time;
use crate::error::{Answer, ApiError};
use crate::more::handshake;

/// Days until a subscription ends.
const LIFETIME: i64 = 3;
/// Most subscriptions of an environment.
const MOST: i64 = 200;
/// Longest clientState, in characters.
const LONGEST_STATE: usize = 2048;

/// Sets whose changes cannot be followed: computed rows, queries, lines, job queue entries.
const NOT_FOLLOWED: [&str; 4] = ["jobQueueEntries", "subscriptions", "companies", "dimensionSetLines"];

pub(crate) fn create(session: &Session, changes: &Changes) -> Answer<Row> {
    let mut row = session.blank("subscriptions")?;
    for name in ["notificationUrl", "resource"] {
        if changes.text(name).trim().is_empty() {
            return Err(ApiError::rule(format!("A \"{name}\" must be provided.")));
        }
    }
    let held: i64 = session.connection.prepare_cached("SELECT count(*) FROM subscriptions")?.query_row([], |row| row.get(0))?;
    if held >= MOST {
        return Err(ApiError::rule(format!("The environment has {MOST} subscriptions already.")));
    }
    take(session, &mut row, changes)?;
    row.put("subscriptionId", session.new_id().replace('-', ""));
    row.put("systemCreatedAt", stored_time(session.now.get()));
    row.put("timestamp", session.next_version());
    session.insert(&mut row)?;
    Ok(row)
}

/// Renews a subscription.
pub(crate) fn update(session: &Session, mut row: Row, changes: &Changes) -> Answer<Row> {
    if changes.has("resource") && changes.text("resource") != row.text("resource") {
        return Err(ApiError::rule("The \"resource\" of a subscription cannot be changed."));
    }
    take(session, &mut row, changes)?;
    session.save(&mut row)?;
    Ok(row)
}

fn take(session: &Session, row: &mut Row, changes: &Changes) -> Answer<()> {
    for name in ["notificationUrl", "resource", "clientState"] {
        if changes.has(name) {
            row.put(name, changes.text(name));
        }
    }
    if row.text("clientState").chars().count() > LONGEST_STATE {
        return Err(ApiError::new(400, "Application_StringExceededLength", format!("The \"clientState\" is longer than {LONGEST_STATE} characters.")));
    }
    check_resource(session, row.text("resource"))?;
    handshake::prove(row.text("notificationUrl"), &Uuid::new_v4().simple().to_string())?;
    let ends = session.now.get().checked_add((LIFETIME * 24).hours()).unwrap_or(session.now.get());
    row.put("expirationDateTime", stored_time(ends));
    Ok(())
}

/// The last segment of a resource must be a set whose changes can be followed.
fn check_resource(session: &Session, resource: &str) -> Answer<()> {
    let path = resource.split('?').next().unwrap_or_default();
    let name = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let set = session.facts.set(name).filter(|set| {
        let kept = set.table.as_ref().is_some_and(|table| !table.computed);
        kept && !set.query && !set.list_needs_parent && !NOT_FOLLOWED.contains(&set.name.as_str())
    });
    if set.is_none() {
        return Err(ApiError::rule(format!("The resource '{resource}' cannot be subscribed to.")));
    }
    Ok(())
}
