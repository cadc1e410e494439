//! What a person, or an organisation, has decided about writes beforehand.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{DryRunSwitch, WriteOperation};

/// What somebody may do on a connection. Each role holds what the one before it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum AccessRole {
    /// Reads.
    Viewer,
    /// Reads, and writes with approval; nothing destructive.
    Editor,
    /// Everything, each write with approval.
    #[default]
    Admin,
}

impl AccessRole {
    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Editor => "editor",
            Self::Admin => "admin",
        }
    }

    /// The role of that word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Viewer, Self::Editor, Self::Admin].into_iter().find(|role| role.as_str() == word)
    }
}

/// What a rule says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum RuleVerdict {
    /// Without asking.
    Allow,
    /// Put it to a person.
    Ask,
    /// Not even by asking.
    Deny,
}

/// An exception from what the role says. A part that is absent fits everything; one without any part fits every write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct PermissionRule {
    /// The tool, `bc_create_entity`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional = nullable)]
    pub tool: Option<String>,
    /// The entity set, `customers`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional = nullable)]
    pub entity: Option<String>,
    /// What is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional = nullable)]
    pub operation: Option<WriteOperation>,
    /// What the rule says.
    pub verdict: RuleVerdict,
    /// Until when it holds (UTC). `allow` needs one: at most 30 days ahead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional = nullable, type = "string | null")]
    pub expires_at: Option<Timestamp>,
}

/// Bounds on what the agent does on a connection. What is absent is not bounded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(default, deny_unknown_fields)]
pub struct WriteLimits {
    /// Writes in 24 hours.
    pub writes_per_day: Option<u32>,
    /// Writes in an hour.
    pub writes_per_hour: Option<u32>,
    /// Runs at work at the same time, in all processes of the home.
    pub concurrent_runs: Option<u32>,
    /// Tool calls of one run.
    pub tool_calls_per_run: Option<u32>,
    /// An amount above this needs more than a click: a decimal as text, in the currency of the record.
    pub typed_above: Option<String>,
}

impl Default for WriteLimits {
    /// Three runs at once; the rest is not bounded.
    fn default() -> Self {
        Self { writes_per_day: None, writes_per_hour: None, concurrent_runs: Some(3), tool_calls_per_run: None, typed_above: None }
    }
}

/// What holds for one connection.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(default, deny_unknown_fields)]
pub struct Permissions {
    /// What is allowed at most.
    pub role: AccessRole,
    /// Exceptions.
    pub rules: Vec<PermissionRule>,
    /// Bounds.
    pub limits: WriteLimits,
    /// Properties that are never written, beside bank accounts and VAT numbers.
    pub never_written_fields: Vec<String>,
    /// Properties that may be written although they are among those never written by default: a person lifted them.
    pub lifted_fields: Vec<String>,
    /// Whether sets are tried out before a person is asked ([`crate::DRY_RUN_LEAKS`]); absent: as usual ([`DryRunSwitch::usual`]).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional = nullable)]
    pub dry_run: Option<DryRunSwitch>,
}

/// How an organisation's policy stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum PolicyState {
    /// There is none.
    Absent,
    /// It is in force; it can only tighten.
    InForce {
        /// What it says, in sentences.
        says: Vec<String>,
    },
    /// It can't be used, so every write is denied.
    Unusable {
        /// Why, as a sentence.
        why: String,
    },
}

/// The permissions of a connection as they are shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct PermissionsView {
    /// The connection.
    pub connection: String,
    /// What the person set.
    pub permissions: Permissions,
    /// Properties that are never written unless they are lifted.
    pub protected_fields: Vec<String>,
    /// The rules by which writes go without a question now.
    pub allowed_now: Vec<PermissionRule>,
    /// The file of the organisation's policy.
    pub policy_file: String,
    /// How that stands.
    pub policy: PolicyState,
    /// The role that holds when the policy is counted in.
    pub effective_role: AccessRole,
    /// Writes of the last hour on this company.
    pub writes_last_hour: u32,
    /// Writes of the last 24 hours on this company.
    pub writes_last_day: u32,
    /// Whether sets are tried out before a person is asked.
    pub dry_run: DryRunSwitch,
    /// What a person should know before they turn that on.
    pub dry_run_leaks: String,
}
