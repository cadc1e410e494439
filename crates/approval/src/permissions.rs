//! Where the rules come from, and what a person may set.

use async_trait::async_trait;
use bca_protocol::{Connection, Permissions, RuleVerdict, WriteOperation};
use jiff::Timestamp;
use rust_decimal::Decimal;

use crate::{ALLOW_AT_MOST, ALLOW_USUALLY, ChangeSet, LogError, Rules};

/// Gives the rules in force. Asked at every question, so that what a person or an organisation changes holds at once.
#[async_trait]
pub trait Rulebook: Send + Sync {
    /// The rules for this connection, now.
    async fn rules(&self, connection: &Connection, now: Timestamp) -> Result<Rules, LogError>;

    /// Takes note that the policy refused this, and why.
    async fn denied(&self, set: &ChangeSet, reason: &str);
}

/// Rules that stay as they are.
#[async_trait]
impl Rulebook for Rules {
    async fn rules(&self, _connection: &Connection, now: Timestamp) -> Result<Rules, LogError> {
        Ok(Rules { now, ..self.clone() })
    }

    async fn denied(&self, _set: &ChangeSet, _reason: &str) {}
}

/// The tool through which the agent does this.
#[must_use]
pub const fn tool_of(operation: WriteOperation) -> &'static str {
    match operation {
        WriteOperation::Create => "bc_create_entity",
        WriteOperation::Update => "bc_update_entity",
        WriteOperation::Delete => "bc_delete_entity",
        WriteOperation::Action => "bc_invoke_action",
    }
}

/// Brings what a person wants to set into order: rules that allow get an end, those that have ended go.
///
/// # Errors
/// A sentence that says what can't be set.
pub fn tidy(mut permissions: Permissions, now: Timestamp) -> Result<Permissions, String> {
    for rule in &mut permissions.rules {
        let is_empty = |part: &Option<String>| part.as_deref().is_some_and(|part| part.trim().is_empty());
        if is_empty(&rule.tool) || is_empty(&rule.entity) {
            return Err("A rule names a tool or an entity by its name, not by nothing. Nothing was changed.".into());
        }
        if rule.verdict != RuleVerdict::Allow {
            continue;
        }
        if matches!(rule.operation, Some(WriteOperation::Delete | WriteOperation::Action)) {
            return Err("Deletions and actions, posting among them, can't be allowed without asking. Nothing was changed.".into());
        }
        let end = match rule.expires_at {
            Some(end) => end,
            None => now.checked_add(ALLOW_USUALLY).map_err(|e| e.to_string())?,
        };
        if end.duration_since(now) > ALLOW_AT_MOST {
            return Err("Allowing without asking ends after 30 days at most. Nothing was changed.".into());
        }
        rule.expires_at = Some(end);
    }
    permissions.rules.retain(|rule| rule.expires_at.is_none_or(|end| end > now));
    permissions.rules.dedup();
    if let Some(amount) = &permissions.limits.typed_above
        && amount.parse::<Decimal>().map_or(true, |amount| amount.is_sign_negative())
    {
        return Err(format!("`{}` is no amount. Write digits, with a point before the decimals. Nothing was changed.", amount.escape_debug()));
    }
    Ok(permissions)
}

#[cfg(test)]
#[path = "permissions_tests.rs"]
mod tests;
