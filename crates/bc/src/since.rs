//! What changed since a point in time, for a view that is kept fresh (docs/business-central.md, section 11).

use bca_catalogue::{Entity, PropertyKind};
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::{
    BcError, Client, Comparison, Count, Direction, Filter, Literal, OrderBy, Query, Record, Subject,
    filter::{Case, Junction, join},
    query::entity_of,
};

/// When a record was last changed.
const CHANGED: &str = "lastModifiedDateTime";

/// Records that were created or changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changes {
    /// The records, the earliest change first.
    pub rows: Vec<Record>,
    /// Where to go on from: the time of the last change seen, or the time that was asked for where there was none.
    pub until: Timestamp,
    /// There are more than the client's cap lets through: go on at once.
    pub truncated: bool,
}

impl Client {
    /// The rows of a query that were created or changed at `since` or later. A record that was changed at exactly that time may come again,
    /// so that none is missed; deletions are not seen: a view is read whole from time to time.
    ///
    /// # Errors
    /// As for [`Client::query`]; [`BcError::BadQuery`] where the set does not tell when its records were changed.
    pub async fn changed_since(&self, query: &Query, since: Timestamp, cancel: &CancellationToken) -> Result<Changes, BcError> {
        let entity = entity_of(self.catalogue(), &query.from)?;
        if !tells_changes(entity) {
            return Err(BcError::BadQuery(format!("{} do not tell when they were changed; read them again instead.", entity.set)));
        }
        let mut query = changed(query, Comparison::GreaterOrEqual, since);
        query.order_by = vec![OrderBy { property: CHANGED.into(), direction: Direction::Ascending }];
        if !query.select.is_empty() && !query.select.iter().any(|name| name == CHANGED) {
            query.select.push(CHANGED.into());
        }
        let page = self.query(&query, cancel).await?;
        let last = page.rows.iter().filter_map(|row| row.text(CHANGED)?.parse::<Timestamp>().ok()).max();
        Ok(Changes { until: last.map_or(since, |last| last.max(since)), rows: page.rows, truncated: page.truncated })
    }

    /// How many rows of a query were created or changed after `since`, by one small read. `None` where the set does not tell when its
    /// records were changed.
    ///
    /// # Errors
    /// As for [`Client::query`].
    pub async fn count_changed(&self, query: &Query, since: Timestamp, cancel: &CancellationToken) -> Result<Option<u64>, BcError> {
        if !tells_changes(entity_of(self.catalogue(), &query.from)?) {
            return Ok(None);
        }
        let mut query = changed(query, Comparison::Greater, since);
        (query.select, query.expand, query.order_by) = (vec![CHANGED.into()], Vec::new(), Vec::new());
        (query.top, query.skip, query.count) = (Some(0), None, Count::Wanted);
        Ok(self.query(&query, cancel).await?.count)
    }
}

fn tells_changes(entity: &Entity) -> bool {
    entity.property(CHANGED).is_some_and(|property| property.kind == PropertyKind::DateTime)
}

/// The rows of the query that were changed then or later.
fn changed(query: &Query, operator: Comparison, since: Timestamp) -> Query {
    let subject = Subject { property: CHANGED.into(), case: Case::Kept };
    let later = Filter::Compare { subject, operator, value: Literal::DateTime(since.to_string()) };
    let filter = match query.filter.clone() {
        None => later,
        Some(filter) => join(vec![later, filter], Junction::All),
    };
    query.clone().filtered(filter)
}

#[cfg(test)]
#[path = "since_tests.rs"]
mod tests;
