//! A policy that an organisation lays down for a computer. It can only tighten what a person set; a file that is there and can't
//! be used denies every write.

use std::{
    io::{ErrorKind, Read},
    path::{Path, PathBuf},
};

use bca_protocol::{AccessRole, PermissionRule, RuleVerdict};
use rust_decimal::Decimal;
use serde::Deserialize;

/// Longest policy that is read, in bytes.
const LONGEST: u64 = 1024 * 1024;

/// How the organisation's policy stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Organisation {
    /// There is none.
    #[default]
    Absent,
    /// It holds.
    InForce(Policy),
    /// It is there and can't be used; the words say why.
    Unusable(String),
}

/// What an organisation lays down. What is absent is left to the person.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// The version of this form: 1.
    version: u32,
    /// The highest role.
    #[serde(default)]
    pub role: AccessRole,
    /// What is denied: rules without `verdict` and `expires_at`.
    #[serde(default, deserialize_with = "denials")]
    pub deny: Vec<PermissionRule>,
    /// Entity sets that are never written.
    #[serde(default)]
    pub never_written: Vec<String>,
    /// Properties that are never written.
    #[serde(default)]
    pub never_written_fields: Vec<String>,
    /// Whether persons may lift properties that are never written by default.
    #[serde(default = "yes")]
    pub lifting_fields: bool,
    /// Whether persons may set rules by which writes go without a question.
    #[serde(default = "yes")]
    pub allow_without_asking: bool,
    /// Whether a program may approve in the place of a person outside the demo.
    #[serde(default = "yes")]
    pub unattended_approval: bool,
    /// Writes in 24 hours.
    #[serde(default)]
    pub writes_per_day: Option<u32>,
    /// Writes in an hour.
    #[serde(default)]
    pub writes_per_hour: Option<u32>,
    /// Runs at work at the same time.
    #[serde(default)]
    pub concurrent_runs: Option<u32>,
    /// Tool calls of one run.
    #[serde(default)]
    pub tool_calls_per_run: Option<u32>,
    /// An amount above this is approved by typing it: a decimal as text.
    #[serde(default)]
    pub typed_above: Option<String>,
}

const fn yes() -> bool {
    true
}

/// What a denial speaks of.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Denial {
    tool: Option<String>,
    entity: Option<String>,
    operation: Option<bca_protocol::WriteOperation>,
}

fn denials<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<PermissionRule>, D::Error> {
    let denials = Vec::<Denial>::deserialize(from)?;
    Ok(denials
        .into_iter()
        .map(|Denial { tool, entity, operation }| PermissionRule { tool, entity, operation, verdict: RuleVerdict::Deny, expires_at: None })
        .collect())
}

impl Organisation {
    /// Where the file is on this system: `/etc/bc-agent/policy.json`, `/Library/Application Support/BC Agent/policy.json`, or
    /// `%ProgramData%\BC Agent\policy.json`.
    #[must_use]
    pub fn usual_file() -> PathBuf {
        if cfg!(target_os = "windows") {
            // The variable is set by the system; a person's own process could set it otherwise, so the place is fixed where it is usual.
            PathBuf::from(r"C:\ProgramData\BC Agent\policy.json")
        } else if cfg!(target_os = "macos") {
            PathBuf::from("/Library/Application Support/BC Agent/policy.json")
        } else {
            PathBuf::from("/etc/bc-agent/policy.json")
        }
    }

    /// Reads the file. One that is not there is no policy; anything else that is wrong makes it unusable.
    #[must_use]
    pub fn read(file: &Path) -> Self {
        let unusable = |why: &dyn std::fmt::Display| Self::Unusable(format!("{}: {why}", file.display()));
        let opened = match std::fs::File::open(file) {
            Ok(opened) => opened,
            // A link that leads nowhere is a policy that is gone, not one that never was.
            Err(fault) if fault.kind() == ErrorKind::NotFound => {
                return if file.symlink_metadata().is_ok() { unusable(&fault) } else { Self::Absent };
            }
            Err(fault) => return unusable(&fault),
        };
        let mut text = String::new();
        match opened.take(LONGEST + 1).read_to_string(&mut text) {
            Err(fault) => unusable(&fault),
            Ok(_) if text.len() as u64 > LONGEST => unusable(&"it is too long"),
            Ok(_) => match Policy::parse(&text) {
                Ok(policy) => Self::InForce(policy),
                Err(why) => unusable(&why),
            },
        }
    }

    /// The policy, where one holds.
    #[must_use]
    pub fn policy(&self) -> Option<&Policy> {
        match self {
            Self::InForce(policy) => Some(policy),
            Self::Absent | Self::Unusable(_) => None,
        }
    }

    /// Whether a program may approve in the place of a person outside the demo.
    #[must_use]
    pub fn allows_unattended(&self) -> bool {
        match self {
            Self::Absent => true,
            Self::InForce(policy) => policy.unattended_approval,
            Self::Unusable(_) => false,
        }
    }
}

impl Policy {
    /// Reads the text of a policy. A member that this version does not know makes it unusable: it might forbid something.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let policy: Self = serde_json::from_str(text.trim_start_matches('\u{feff}')).map_err(|e| e.to_string())?;
        if policy.version != 1 {
            return Err(format!("its version is {}, and this program knows version 1", policy.version));
        }
        if let Some(amount) = policy.typed_above.as_deref().filter(|amount| amount.parse::<Decimal>().is_err()) {
            return Err(format!("`typed_above` is no decimal: {}", amount.escape_debug()));
        }
        Ok(policy)
    }

    /// What it lays down, in sentences.
    #[must_use]
    pub fn says(&self) -> Vec<String> {
        let mut says = vec![format!("The role is {} at most.", self.role.as_str())];
        let limits = [
            (self.writes_per_hour, "writes in an hour"),
            (self.writes_per_day, "writes in 24 hours"),
            (self.concurrent_runs, "runs at the same time"),
            (self.tool_calls_per_run, "tool calls in a run"),
        ];
        says.extend(limits.into_iter().filter_map(|(most, what)| most.map(|most| format!("At most {most} {what}."))));
        says.extend(self.typed_above.iter().map(|amount| format!("Amounts above {amount} are approved by typing them.")));
        says.extend(self.deny.iter().map(|rule| {
            let parts = [rule.tool.clone(), rule.entity.clone(), rule.operation.map(|operation| operation.as_str().to_owned())];
            let parts: Vec<String> = parts.into_iter().flatten().collect();
            if parts.is_empty() { "Every write is denied.".to_owned() } else { format!("Denied: {}.", parts.join(", ")) }
        }));
        let lists = [(&self.never_written, "Never written"), (&self.never_written_fields, "Properties never written")];
        says.extend(lists.into_iter().filter(|(list, _)| !list.is_empty()).map(|(list, what)| format!("{what}: {}.", list.join(", "))));
        let switches = [
            (self.lifting_fields, "Bank accounts and VAT numbers can't be lifted."),
            (self.allow_without_asking, "Nothing goes without a question."),
            (self.unattended_approval, "No program approves in the place of a person."),
        ];
        says.extend(switches.into_iter().filter(|(may, _)| !may).map(|(_, sentence)| sentence.to_owned()));
        says
    }
}

#[cfg(test)]
#[path = "organisation_tests.rs"]
mod tests;
