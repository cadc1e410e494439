use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What stands at the other end of a connection. Production must never be taken for anything else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ConnectionKind {
    /// The embedded demo company.
    Demo,
    /// A sandbox environment of Business Central online.
    Sandbox,
    /// A production environment, and everything that is not known to be something else.
    Production,
    /// A server of the person's own.
    OnPremises,
}

/// Where reads and writes go: tenant, environment, company and the person they are made as.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
pub struct Connection {
    /// The name that the person gave it; unique in a home.
    pub name: String,
    /// What stands at the other end.
    pub kind: ConnectionKind,
    /// Entra tenant (GUID or domain); empty where there is none.
    pub tenant: String,
    /// Environment name; empty on premises.
    pub environment: String,
    /// The company's display name.
    pub company: String,
    /// The company's id (GUID).
    pub company_id: String,
    /// Who acts: the account's user name, `demo` or `token`.
    pub account: String,
}
