//! Learns what an environment has: `$metadata` and captions of the standard API and of custom ones.

use bca_catalogue::{ApiName, ApiShape, Catalogue, Definitions, Edmx, Language, TenantShape};
use bca_protocol::Json;
use futures::future;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::{BcError, Client, Freshness, page::unusable, read::Asked};

/// APIs of one environment that are learned at most.
const MOST_APIS: usize = 40;

/// A learned catalogue with what it was made from.
#[derive(Clone, Copy)]
pub(crate) struct Learned {
    pub(crate) catalogue: &'static Catalogue,
    /// Tells whether the environment still says the same.
    fingerprint: u64,
}

/// What was learned of an environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LearnedApis {
    /// Custom APIs that are known now.
    pub known: Vec<ApiName>,
    /// Custom APIs that could not be read, with the reason.
    pub failed: Vec<(ApiName, BcError)>,
}

impl Client {
    /// Reads what the environment says about itself and uses it from now on ([`Client::catalogue`]): sets that it has more or less, fields and
    /// enumeration members of extensions, captions in the client's language ([`Client::speak`]), and the custom APIs of this list.
    ///
    /// # Errors
    /// Where the standard API's metadata can't be had: then what was known stays. A custom API that can't be read is told in the result.
    pub async fn learn(&self, apis: &[ApiName], cancel: &CancellationToken) -> Result<LearnedApis, BcError> {
        let language = self.wire().language();
        let standard = self.shape_text(None, cancel);
        let custom = future::join_all(apis.iter().take(MOST_APIS).map(|api| self.shape_text(Some(api), cancel)));
        let (standard, custom) = future::join(standard, custom).await;
        let standard = standard?;
        let mut learned = LearnedApis { known: Vec::new(), failed: Vec::new() };
        let mut shape = TenantShape { standard: Some(standard.read(language)?), custom: Vec::new() };
        let mut texts = vec![standard];
        for (api, text) in apis.iter().zip(custom) {
            match text.and_then(|text| Ok((text.read(language)?, text))) {
                Ok((api_shape, text)) => {
                    shape.custom.push((api.clone(), api_shape));
                    texts.push(text);
                    learned.known.push(api.clone());
                }
                Err(error) => learned.failed.push((api.clone(), error)),
            }
        }
        let fingerprint = fingerprint(&learned.known, &texts, language);
        // The same as before: what is kept is kept once.
        if self.learned().is_none_or(|before| before.fingerprint != fingerprint) {
            let catalogue = Catalogue::for_tenant(&shape).map_err(|e| unusable(format!("it does not fit what is known: {e}.")))?;
            self.keep_learned(Learned { catalogue: catalogue.keep(), fingerprint });
        }
        Ok(learned)
    }

    /// Custom and third-party APIs that the environment tells of: its routes, and the sets that webhooks can be had for
    /// (docs/business-central.md, sections 1 and 11). Microsoft's own machinery is left out.
    ///
    /// # Errors
    /// Where neither list can be had: any but [`BcError::Changed`]; [`BcError::NotFound`] where the environment has none.
    pub async fn offered_apis(&self, cancel: &CancellationToken) -> Result<Vec<ApiName>, BcError> {
        let (routes, webhooks) = future::join(self.routes(cancel), self.webhook_resources(cancel)).await;
        let mut apis = match (routes, webhooks) {
            (Ok(routes), Ok(webhooks)) => [routes, webhooks].concat(),
            (Ok(found), Err(_)) | (Err(_), Ok(found)) => found,
            (Err(fault), Err(_)) => return Err(fault),
        };
        apis.retain(|api| !api.as_str().to_ascii_lowercase().starts_with("microsoft/"));
        apis.sort();
        apis.dedup();
        apis.truncate(MOST_APIS);
        Ok(apis)
    }

    /// `apicategoryroutes`: publisher, group and version of each API.
    async fn routes(&self, cancel: &CancellationToken) -> Result<Vec<ApiName>, BcError> {
        let rows = self.listed(self.wire().address("apicategoryroutes")?, cancel).await?;
        let route = |row: &Json| {
            let part = |name: &str| row.get(name).and_then(Json::as_str).map(str::trim);
            format!("{}/{}/{}", part("publisher")?, part("group")?, part("version")?).parse().ok()
        };
        Ok(rows.iter().filter_map(route).collect())
    }

    /// `webhookSupportedResources`: each names its API, and those of custom APIs name publisher, group and version.
    async fn webhook_resources(&self, cancel: &CancellationToken) -> Result<Vec<ApiName>, BcError> {
        let runtime: ApiName = "microsoft/runtime/beta".parse().map_err(|_| unusable("its list of APIs has no name.".into()))?;
        let url = self.wire().api_address(&runtime, &format!("{}/webhookSupportedResources", self.company_path()))?;
        let rows = self.listed(url, cancel).await?;
        Ok(rows.iter().filter_map(|row| api_in(row.get("resource")?.as_str()?)).collect())
    }

    async fn listed(&self, url: Url, cancel: &CancellationToken) -> Result<Vec<Json>, BcError> {
        let text = self.wire().read(&url, Freshness::Replica, cancel).await?;
        let tree = Json::parse(&text).map_err(|e| unusable(crate::page::not_json(&text, &e)))?;
        match tree.get("value") {
            Some(Json::Array(rows)) => Ok(rows.clone()),
            _ => Err(unusable("it is no list.".into())),
        }
    }

    async fn shape_text(&self, api: Option<&ApiName>, cancel: &CancellationToken) -> Result<ShapeText, BcError> {
        let address = |below: &str| -> Result<Url, BcError> {
            match api {
                None => self.wire().address(below),
                Some(api) => self.wire().api_address(api, below),
            }
        };
        let (metadata, definitions) = (address("$metadata")?, address("entityDefinitions")?);
        let metadata = self.wire().ask(&metadata, Asked::Xml, Freshness::Replica, cancel);
        let definitions = self.wire().ask(&definitions, Asked::Captions, Freshness::Replica, cancel);
        let (metadata, definitions) = future::join(metadata, definitions).await;
        // Captions are a courtesy: not every API has them.
        Ok(ShapeText { metadata: metadata?, definitions: definitions.unwrap_or_default() })
    }
}

/// The texts that an API's shape is read from.
struct ShapeText {
    metadata: String,
    definitions: String,
}

impl ShapeText {
    fn read(&self, language: Option<&Language>) -> Result<ApiShape, BcError> {
        let metadata = Edmx::parse(&self.metadata).map_err(|e| unusable(format!("{e}.")))?;
        Ok(ApiShape { metadata, definitions: Definitions::read(&self.definitions, language) })
    }
}

fn fingerprint(apis: &[ApiName], texts: &[ShapeText], language: Option<&Language>) -> u64 {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hash = DefaultHasher::new();
    (apis, language).hash(&mut hash);
    texts.iter().for_each(|text| (&text.metadata, &text.definitions).hash(&mut hash));
    hash.finish()
}

/// `contoso/loyalty/v1.0/loyaltyCards`, also behind `…/api/`, names the API.
fn api_in(resource: &str) -> Option<ApiName> {
    let path = resource.trim_start_matches('/');
    let below = path.split_once("api/").map_or(path, |(_, rest)| rest);
    let parts: Vec<&str> = below.splitn(4, '/').collect();
    let name = parts.get(..3)?.join("/");
    name.parse().ok()
}

#[cfg(test)]
#[path = "learn_tests.rs"]
mod tests;
