//! People who signed in, and what they can reach.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::ConnectionKind;

/// Names a signed-in person: tenant id and object id. Never a mail address, which may change or be empty.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(transparent)]
#[ts(type = "string")]
pub struct AccountId(String);

impl AccountId {
    /// The id of a person in a tenant.
    #[must_use]
    pub fn new(tenant_id: &str, object_id: &str) -> Self {
        Self(format!("{tenant_id}.{object_id}"))
    }

    /// An id as it was stored or typed.
    #[must_use]
    pub fn stored(text: String) -> Self {
        Self(text)
    }

    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A person who signed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct AccountView {
    /// Tenant id and object id.
    pub account_id: AccountId,
    /// The tenant's id.
    pub tenant_id: String,
    /// The person's object id in that tenant.
    pub object_id: String,
    /// For people.
    pub name: String,
    /// Given name.
    pub first_name: Option<String>,
    /// Family name.
    pub last_name: Option<String>,
    /// Mail, else the user principal name.
    pub mail: Option<String>,
    /// Job title.
    pub job_title: Option<String>,
    /// Department.
    pub department: Option<String>,
    /// When they last signed in in the browser (UTC).
    #[ts(type = "string")]
    pub last_sign_in: Timestamp,
    /// Whether tokens can be had without the browser, as far as is known here.
    pub signed_in: bool,
    /// What the person has to do, as a sentence; absent where nothing.
    pub attention: Option<String>,
}

/// A company in an environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct CompanyView {
    /// GUID.
    pub id: String,
    /// For people.
    pub name: String,
}

/// An environment that an account can reach.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct EnvironmentView {
    /// Its name.
    pub name: String,
    /// What it is; production wherever it is not known to be something else.
    pub kind: ConnectionKind,
    /// API root, ends in `/api/v2.0`.
    pub base_url: String,
    /// The companies that the account sees there.
    pub companies: Vec<CompanyView>,
    /// Why its companies could not be read, as a sentence; absent where they could.
    pub fault: Option<String>,
}
