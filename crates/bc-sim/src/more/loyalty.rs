//! The extension: a loyalty programme, as a partner might add one.

use crate::books::changes::Changes;
use crate::data::row::Row;
use crate::data::session::Session;
use crate::error::{Answer, ApiError};
use crate::more::records;

pub(crate) fn create_member(session: &Session, changes: &Changes) -> Answer<Row> {
    let mut row = session.blank("loyaltyMembers")?;
    if let Some(id) = &changes.id {
        row.put("id", id.as_str());
    }
    row.put("joinedDate", session.today);
    changes.apply(&mut row, &["customerId", "customerNumber"]);
    put_customer(session, &mut row, changes)?;
    if session.any("loyaltyMembers", "customerId", row.text("customerId"))? {
        return Err(ApiError::rule(format!("The customer {} is a loyalty member already.", row.text("customerNumber"))));
    }
    row.put("number", session.next_number("LOYALTY")?);
    session.insert(&mut row)?;
    Ok(row)
}

fn put_customer(session: &Session, row: &mut Row, changes: &Changes) -> Answer<()> {
    if let Some(customer) = records::follow(session, row, changes, ("customers", "number", "Customer"), ("customerId", "customerNumber"))? {
        row.put("customerName", customer.text("displayName"));
    }
    Ok(())
}

pub(crate) fn update_member(session: &Session, mut row: Row, changes: &Changes) -> Answer<Row> {
    if changes.any(&["customerId", "customerNumber"]) {
        return Err(ApiError::rule("The customer of a loyalty member cannot be changed."));
    }
    changes.apply(&mut row, &[]);
    session.save(&mut row)?;
    Ok(row)
}

/// Gives or takes points.
pub(crate) fn create_entry(session: &Session, changes: &Changes) -> Answer<Row> {
    let found = session.find("loyaltyMembers", changes.text("memberId"))?;
    let mut member = found.ok_or_else(|| ApiError::rule("The \"memberId\" does not match to a loyalty member."))?;
    if member.flag("blocked") {
        return Err(ApiError::rule(format!("The loyalty member {} is blocked.", member.text("number"))));
    }
    let mut row = session.blank("loyaltyEntries")?;
    if let Some(id) = &changes.id {
        row.put("id", id.as_str());
    }
    row.put("postingDate", session.today);
    changes.apply(&mut row, &[]);
    enter(session, &mut member, row)
}

fn enter(session: &Session, member: &mut Row, mut row: Row) -> Answer<Row> {
    let points = member.whole("points").saturating_add(row.whole("points"));
    if !(0..=i64::from(i32::MAX)).contains(&points) {
        return Err(ApiError::rule(format!("The loyalty member {} has {} points only.", member.text("number"), member.whole("points"))));
    }
    row.put("memberNumber", member.text("number"));
    row.put("entryNumber", session.next_entry("loyaltyEntries")?);
    session.insert(&mut row)?;
    member.put("points", points);
    session.save(member)?;
    Ok(row)
}

/// The bound action `expirePoints`: an entry takes away what the member has.
pub(crate) fn expire(session: &Session, member: &mut Row) -> Answer<()> {
    if member.whole("points") == 0 {
        return Err(ApiError::rule(format!("The loyalty member {} has no points.", member.text("number"))));
    }
    let mut row = session.blank("loyaltyEntries")?;
    row.put("memberId", member.id());
    row.put("postingDate", session.today);
    row.put("points", -member.whole("points"));
    row.put("description", "Expired");
    enter(session, member, row).map(|_| ())
}
