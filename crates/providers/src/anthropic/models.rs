//! The models on offer.

use bca_agent::ModelError;
use bca_protocol::ModelInfo;
use serde::Deserialize;
use tokio_util::sync::CancellationToken;

use super::{
    Inner,
    call::{Failed, read_some},
};

/// Models per page, the most that the API gives, and the most pages that are read.
const PAGE: &str = "1000";
const PAGES: usize = 10;
/// Bound of a page, in bytes.
const PAGE_BYTES: usize = 4 << 20;

#[derive(Deserialize)]
struct Page {
    data: Vec<Listed>,
    #[serde(default)]
    has_more: bool,
    last_id: Option<String>,
}

#[derive(Deserialize)]
struct Listed {
    id: String,
    display_name: Option<String>,
}

impl Inner {
    /// Reads the list, page by page.
    pub(super) async fn list_models(&self) -> Result<Vec<ModelInfo>, ModelError> {
        let cancel = CancellationToken::new();
        let mut models = Vec::new();
        let mut after: Option<String> = None;
        for _ in 0..PAGES {
            let page = self.attempts(&cancel, || self.page(after.as_deref(), &cancel)).await?;
            models.extend(page.data.into_iter().map(|model| ModelInfo { display_name: model.display_name.unwrap_or_else(|| model.id.clone()), id: model.id }));
            match page.last_id {
                Some(last) if page.has_more && after.as_ref() != Some(&last) => after = Some(last),
                Some(_) | None => break,
            }
        }
        Ok(models)
    }

    async fn page(&self, after: Option<&str>, cancel: &CancellationToken) -> Result<Page, Failed> {
        let mut url = self.options.base_url.endpoint("/v1/models");
        url.query_pairs_mut().append_pair("limit", PAGE);
        if let Some(after) = after {
            url.query_pairs_mut().append_pair("after_id", after);
        }
        let response = self.send(self.options.http.get(url), None, cancel).await?;
        let body = self.wait(read_some(response, PAGE_BYTES), cancel).await.map_err(Failed::for_good)?;
        serde_json::from_slice(&body).map_err(|error| Failed::for_good(self.protocol(format!("the list of models: {error}"))))
    }
}

#[cfg(test)]
#[path = "models_tests.rs"]
mod tests;
