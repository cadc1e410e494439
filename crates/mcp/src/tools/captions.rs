//! Captions in the person's language, where that is not English (docs/business-central.md, section 1).

use bca_bc::Client;
use bca_catalogue::{Catalogue, Entity};
use bca_protocol::Json;
use tokio_util::sync::CancellationToken;

use super::BusinessCentral;
use crate::answer::text;

impl BusinessCentral {
    /// The client, where captions are wanted in another language than our own, so that the environment has to be asked for them.
    fn translated(&self) -> Option<&Client> {
        self.client.as_ref().filter(|client| client.language().is_some_and(|language| !language.is_english()))
    }

    /// Learns the captions that a person is about to be shown.
    pub(super) async fn learn_captions(&self, cancel: &CancellationToken) {
        if self.translated().is_some() {
            self.learn(cancel).await;
        }
    }

    /// Has them learned without waiting: a read does not wait for captions, and the next one has them.
    pub(super) fn begin_captions(&self) {
        if let Some(client) = self.translated() {
            self.learning.begin(client, self.clock.as_ref());
        }
    }
}

/// What the person calls the set and the properties of these rows, where it is not what our own names say.
pub(super) fn captions(entity: &Entity, rows: &[Json]) -> Option<Json> {
    let ours = Catalogue::embedded().find(&entity.set)?;
    let mut named: Vec<(String, Json)> = Vec::new();
    if ours.title != entity.title {
        named.push((entity.set.clone(), text(&entity.title)));
    }
    for (name, _) in rows.first().and_then(Json::members).unwrap_or_default() {
        let (here, known) = (entity.property(name), ours.property(name));
        if let Some(property) = here.filter(|property| known.is_none_or(|known| known.caption != property.caption)) {
            named.push((name.clone(), text(&property.caption)));
        }
    }
    if named.is_empty() { None } else { Some(Json::Object(named)) }
}
