//! Orders that wait for approval: they are not posted before, and the request goes with its order. Nobody approves over the API:
//! the sets about approvals can only be read.

use crate::books::document::{Form, Stage};
use crate::books::documents::IN_REVIEW;
use crate::data::row::Row;
use crate::data::session::Session;
use crate::error::{Answer, ApiError};

/// Refuses to post an order that waits for approval.
pub(crate) fn check(form: &Form, header: &Row) -> Answer<()> {
    if header.text("status") == IN_REVIEW {
        let text = format!("The {} {} must be approved and released before you can perform this action.", form.noun(), header.text("number"));
        return Err(ApiError::rule(text));
    }
    Ok(())
}

/// Removes the requests about an order that goes.
pub(crate) fn withdraw(session: &Session, form: &Form, id: &str) -> Answer<()> {
    if form.stage != Stage::Order {
        return Ok(());
    }
    let Some(header) = session.find(form.set, id)? else { return Ok(()) };
    for request in session.all_by("approvalEntries", "documentNumber", header.text("number"))? {
        session.delete("approvalEntries", request.id())?;
    }
    Ok(())
}
