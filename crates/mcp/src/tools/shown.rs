//! Results that a window shows, and whether something changed since: one small read for each (docs/business-central.md, section 11).

use bca_bc::BcError;
use bca_protocol::{ErrorCode, ShownChange, ShownResult, UserError};
use tokio_util::sync::CancellationToken;

use super::{BusinessCentral, query_entities};

/// Results that are looked at in one go.
const MOST: usize = 8;

impl BusinessCentral {
    /// How many records of each result were created or changed since it was read; of more than eight, the first ones. Nothing is kept or
    /// answered from what was kept.
    ///
    /// # Errors
    /// [`ErrorCode::NotConnected`]; Business Central can't be reached, is busy, or refuses: then nothing is known of any.
    pub async fn changed_since_shown(&self, shown: &[ShownResult], cancel: &CancellationToken) -> Result<Vec<ShownChange>, UserError> {
        let client = self.client().map_err(|_| UserError::new(ErrorCode::NotConnected, "There is no connection to Business Central."))?;
        client.catalogue().scope(self.look_at(client, shown, cancel)).await
    }

    async fn look_at(&self, client: &bca_bc::Client, shown: &[ShownResult], cancel: &CancellationToken) -> Result<Vec<ShownChange>, UserError> {
        let mut looked_at = Vec::with_capacity(shown.len().min(MOST));
        for ShownResult { key, input, as_of } in shown.iter().take(MOST) {
            let counted = match query_entities::rows_of(input.as_str()) {
                Ok(query) => client.count_changed(&query, *as_of, cancel).await,
                Err(fault) => Err(fault),
            };
            let changed = match counted {
                Ok(changed) => changed,
                // What can't be asked so can still be read again.
                Err(BcError::BadQuery(_) | BcError::Refused { .. } | BcError::NotFound { .. }) => None,
                Err(fault) => return Err(UserError::from(&fault)),
            };
            looked_at.push(ShownChange { key: key.clone(), changed });
        }
        Ok(looked_at)
    }
}
