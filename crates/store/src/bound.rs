//! An approval is bound to account, tenant, environment and company. Looked at in the transaction in which a write becomes `sending`:
//! whoever changes a connection after that, changes it after the write has left.

use bca_auth::SecretKind;
use bca_protocol::ChangeId;
use rusqlite::{Connection, OptionalExtension, params};

use crate::{
    StoreError,
    sql::{Text, statements},
};

/// The demo's connection. It leads to the process that asks, and to nowhere else.
pub const DEMO_CONNECTION: &str = "demo";
/// The connection that a process's environment describes.
pub const ENVIRONMENT_CONNECTION: &str = "environment";

statements! {
    /// Where a write was approved to go, and where its connection leads now.
    BOUND = "SELECT s.connection ->> '$.name', s.was_in_use, c.root, c.tenant, c.environment, c.company_id, c.account,
            n.base_url, n.tenant, n.environment, n.company_id, n.account, n.account_id, n.active,
            EXISTS (SELECT 1 FROM secrets WHERE kind = ?2 AND owner = n.account_id)
        FROM changes c JOIN change_sets s ON s.change_set_id = c.change_set_id
            LEFT JOIN connections n ON n.name = s.connection ->> '$.name'
        WHERE c.change_id = ?1";
}

/// Root, tenant, environment, company, account.
type Place = [String; 5];

struct Bound {
    name: String,
    was_in_use: bool,
    approved: Place,
    now: Option<Now>,
}

/// A connection as it is now.
struct Now {
    place: Place,
    account_id: Option<String>,
    in_use: bool,
    signed_in: bool,
}

/// Why a write may not go any more where it was approved to go; `None` where it may. A write that is not there is somebody else's business.
pub(crate) fn moved(tx: &Connection, change: ChangeId) -> Result<Option<String>, StoreError> {
    let read = |row: &rusqlite::Row<'_>| {
        let place =
            |first: usize| Ok::<Place, rusqlite::Error>([row.get(first)?, row.get(first + 1)?, row.get(first + 2)?, row.get(first + 3)?, row.get(first + 4)?]);
        let is_there = row.get::<_, Option<String>>(7)?.is_some();
        let now = || Ok::<_, rusqlite::Error>(Now { place: place(7)?, account_id: row.get(12)?, in_use: row.get(13)?, signed_in: row.get(14)? });
        Ok(Bound { name: row.get(0)?, was_in_use: row.get(1)?, approved: place(2)?, now: is_there.then(now).transpose()? })
    };
    let found = tx.prepare_cached(BOUND)?.query_row(params![Text(change), SecretKind::Account.word()], read).optional()?;
    Ok(found.and_then(|bound| bound.broken()).map(|what| format!("since this was shown, {what}. Propose it again if it is still wanted.")))
}

impl Bound {
    fn broken(&self) -> Option<String> {
        let name = &self.name;
        if [DEMO_CONNECTION, ENVIRONMENT_CONNECTION].contains(&name.as_str()) {
            return None;
        }
        let Some(now) = &self.now else { return Some(format!("the connection {name} was removed")) };
        let ([root, tenant, environment, company, account], [root_now, tenant_now, environment_now, company_now, account_now]) = (&self.approved, &now.place);
        let what = if tenant != tenant_now {
            "another tenant"
        } else if environment != environment_now {
            "another environment"
        } else if company != company_now {
            "another company"
        } else if root != root_now {
            "another address"
        } else if account != account_now && now.account_id.as_ref() != Some(account) {
            return Some(format!("the connection {name} was given to another account"));
        } else if now.account_id.as_ref() == Some(account) && !now.signed_in {
            return Some(format!("the account of the connection {name} was signed out"));
        } else if self.was_in_use && !now.in_use {
            return Some(format!("another connection was put in the place of {name}"));
        } else {
            return None;
        };
        Some(format!("the connection {name} was changed and leads to {what}"))
    }
}
