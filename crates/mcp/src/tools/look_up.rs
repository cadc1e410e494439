//! Finding a related record by words, for a person who edits a reference.

use std::collections::HashSet;

use bca_bc::{Case, Client, Filter, Query, SetPath, Subject, TextTest};
use bca_catalogue::{Catalogue, Entity, PropertyKind};
use bca_protocol::{ErrorCode, LookupHit, UserError};
use tokio_util::sync::CancellationToken;

use super::{BusinessCentral, preview};

/// Records that one look-up gives.
const MOST: usize = 20;

impl BusinessCentral {
    /// Records of a set whose number, code or name has these words in it; without words the first ones. At most 20.
    ///
    /// # Errors
    /// [`ErrorCode::NotFound`] for an unknown set; [`ErrorCode::NotConnected`]; faults of Business Central.
    pub async fn look_up(&self, entity: &str, words: &str, cancel: &CancellationToken) -> Result<Vec<LookupHit>, UserError> {
        let client = self.client().map_err(|_| UserError::new(ErrorCode::NotConnected, "There is no connection to Business Central."))?;
        client.catalogue().scope(look_up(client, entity, words, cancel)).await
    }
}

async fn look_up(client: &Client, entity: &str, words: &str, cancel: &CancellationToken) -> Result<Vec<LookupHit>, UserError> {
    let entity = Catalogue::get().find(entity).ok_or_else(|| UserError::new(ErrorCode::NotFound, "Business Central has no such records."))?;
    let (mut hits, mut seen) = (Vec::new(), HashSet::new());
    // Business Central does not join conditions on several properties with "or", so each is asked for on its own.
    for filter in filters(entity, words.trim()) {
        let mut query = Query::of(SetPath::of(&entity.set).map_err(|fault| UserError::from(&fault))?);
        if let Some(filter) = filter {
            query = query.filtered(filter);
        }
        query.top = Some(MOST);
        let page = client.query(&query, cancel).await.map_err(|fault| UserError::from(&fault))?;
        for record in &page.rows {
            if let Some(id) = record.id().filter(|id| seen.insert((*id).to_owned())) {
                hits.push(LookupHit { id: id.to_owned(), label: preview::name_of(entity, &record.json) });
            }
        }
    }
    hits.truncate(MOST);
    Ok(hits)
}

fn filters(entity: &Entity, words: &str) -> Vec<Option<Filter>> {
    if words.is_empty() {
        return vec![None];
    }
    let is_text = |name: &&String| entity.property(name).is_some_and(|p| matches!(p.kind, PropertyKind::String | PropertyKind::Code));
    entity.label.iter().filter(is_text).map(|name| Some(contains(name, words))).collect()
}

/// Without regard to case.
fn contains(property: &str, words: &str) -> Filter {
    let subject = Subject { property: property.to_owned(), case: Case::Lower };
    Filter::Text { test: TextTest::Contains, subject, part: words.to_lowercase() }
}
