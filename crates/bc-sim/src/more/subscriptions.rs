//! Webhook subscriptions: three days long, proven by a handshake before they are stored (docs/business-central.md, section 11).

use jiff::ToSpan;
use uuid::Uuid;

use crate::books::changes::Changes;
use crate::data::facts::{Api, EntitySet};
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

fn can_be_followed(set: &EntitySet) -> bool {
    let kept = set.table.as_ref().is_some_and(|table| !table.computed);
    kept && !set.query && !set.list_needs_parent && !NOT_FOLLOWED.contains(&set.name.as_str())
}

/// The sets that can be subscribed to, as `version/set` or `publisher/group/version/set`; `$filter` may compare `resource` with a text that
/// ends in a `*`.
pub(crate) fn supported(session: &Session, root: &str, pairs: &[(String, String)]) -> Answer<String> {
    let wanted = match pairs.iter().find(|(name, _)| name == "$filter") {
        None => None,
        Some((_, filter)) => {
            let text = filter.trim().strip_prefix("resource eq '").and_then(|rest| rest.strip_suffix('\''));
            Some(text.ok_or_else(|| ApiError::not_implemented("Resources are filtered by resource eq '...' only."))?)
        }
    };
    let fits = |resource: &str| match wanted {
        None => true,
        Some(wanted) => wanted.strip_suffix('*').map_or(resource == wanted, |start| resource.starts_with(start)),
    };
    let name = |set: &EntitySet| match set.api {
        Api::Standard => format!("v2.0/{}", set.name),
        Api::Loyalty => format!("contoso/loyalty/v1.0/{}", set.name),
    };
    let rows: Vec<serde_json::Value> = session
        .facts
        .sets
        .iter()
        .filter(|set| can_be_followed(set))
        .map(name)
        .filter(|resource| fits(resource))
        .map(|resource| serde_json::json!({ "resource": resource }))
        .collect();
    Ok(serde_json::json!({"@odata.context": format!("{root}/$metadata#webhookSupportedResources"), "value": rows}).to_string())
}

/// The last segment of a resource must be a set whose changes can be followed.
fn check_resource(session: &Session, resource: &str) -> Answer<()> {
    let path = resource.split('?').next().unwrap_or_default();
    let name = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    if !session.facts.set(name).is_some_and(can_be_followed) {
        return Err(ApiError::rule(format!("The resource '{resource}' cannot be subscribed to.")));
    }
    Ok(())
}
