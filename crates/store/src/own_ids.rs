//! What was found out of environments: whether they keep the ids that creates bring along.

use async_trait::async_trait;
use bca_approval::{LogError, OwnIdLog, OwnIds, Target};
use jiff::Timestamp;

use crate::{Db, db::Durability, table::own_ids};

#[async_trait]
impl OwnIdLog for Db {
    async fn known(&self, target: &Target, entity: &str) -> Result<Option<OwnIds>, LogError> {
        let (place, entity) = (place(target), entity.to_owned());
        Ok(self.read(move |c| own_ids::known(c, &place, &entity)).await?)
    }

    async fn found(&self, target: &Target, entity: &str, found: OwnIds, at: Timestamp) -> Result<(), LogError> {
        let (place, entity) = (place(target), entity.to_owned());
        // Lost with the power, it is found out again.
        self.write(Durability::History, move |tx| own_ids::found(tx, &place, &entity, found, at)).await?;
        Ok(())
    }
}

/// The environment, by its API root. Servers on this computer may get another port at each start.
fn place(target: &Target) -> String {
    let root = target.root.as_str();
    let on_loopback = ["http://127.0.0.1:", "http://[::1]:", "http://localhost:"].iter().find_map(|host| Some((*host, root.strip_prefix(host)?)));
    match on_loopback {
        Some((host, rest)) => format!("{}{}", host.trim_end_matches(':'), rest.trim_start_matches(|c: char| c.is_ascii_digit())),
        None => root.to_owned(),
    }
}

#[cfg(test)]
#[path = "own_ids_tests.rs"]
mod tests;
