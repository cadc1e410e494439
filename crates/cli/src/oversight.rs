//! What may stand after `permissions`, `audit` and `data`.

use std::path::PathBuf;

use bca_protocol::{
    AccessRole, AuditAction, AuditClient, AuditCursor, AuditFilter, AuditOutcome, DryRunSwitch, PermissionRule, RuleVerdict, SessionId, WriteOperation,
};
use clap::{Args, Subcommand, ValueEnum};
use jiff::Timestamp;

/// `permissions`
#[derive(Debug, Subcommand)]
pub enum Permissions {
    /// What may be done on a connection, and how much of it was used.
    Show,
    /// Change it; what isn't named stays as it is.
    Set(Box<SetPermissions>),
}

/// `permissions set`. A RULE is `*`, or parts with commas: `entity=customers,operation=create`, `tool=bc_delete_entity`.
#[derive(Debug, Default, Args)]
pub struct SetPermissions {
    /// viewer (reads), editor (reads, writes with approval, nothing destructive) or admin (everything, each write with approval).
    #[arg(long, value_name = "ROLE", value_parser = role)]
    pub role: Option<AccessRole>,
    /// Without asking: creates and updates that are not destructive, in a sandbox or the demo, for a time.
    #[arg(long, value_name = "RULE", value_parser = allow)]
    pub allow: Vec<PermissionRule>,
    /// For how many hours --allow holds.
    #[arg(long = "for", value_name = "HOURS", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=720))]
    pub hours: u16,
    /// Always ask, also where the role would not allow it.
    #[arg(long, value_name = "RULE", value_parser = ask)]
    pub ask: Vec<PermissionRule>,
    /// Never.
    #[arg(long, value_name = "RULE", value_parser = deny)]
    pub deny: Vec<PermissionRule>,
    /// Take all rules away; those named beside it come after.
    #[arg(long)]
    pub clear_rules: bool,
    /// Let a property be written that is protected by default: bank accounts and VAT numbers.
    #[arg(long, value_name = "FIELD")]
    pub lift: Vec<String>,
    /// Protect a property, again or in addition.
    #[arg(long, value_name = "FIELD")]
    pub protect: Vec<String>,
    /// Writes in an hour at most; `none` for no bound. So for the other bounds.
    #[arg(long, value_name = "N", value_parser = bound)]
    pub writes_per_hour: Option<Bound>,
    /// Writes in 24 hours at most.
    #[arg(long, value_name = "N", value_parser = bound)]
    pub writes_per_day: Option<Bound>,
    /// Runs at work at the same time.
    #[arg(long, value_name = "N", value_parser = bound)]
    pub concurrent_runs: Option<Bound>,
    /// Tool calls of one run.
    #[arg(long, value_name = "N", value_parser = bound)]
    pub tool_calls_per_run: Option<Bound>,
    /// Amounts above this are approved by typing them; `none` for no bound.
    #[arg(long, value_name = "AMOUNT")]
    pub typed_above: Option<String>,
    /// on or off: whether changes are tried out, and taken back, before you are asked. `permissions show` says what may stay all the same.
    #[arg(long, value_name = "ON|OFF", value_parser = dry_run)]
    pub dry_run: Option<DryRunSwitch>,
}

fn dry_run(word: &str) -> Result<DryRunSwitch, String> {
    [DryRunSwitch::On, DryRunSwitch::Off].into_iter().find(|switch| switch.as_str() == word).ok_or_else(|| "on or off".to_owned())
}

/// A number, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bound(pub Option<u32>);

/// `audit`
#[derive(Debug, Subcommand)]
pub enum Audit {
    /// Entries, newest first.
    List {
        /// Which.
        #[command(flatten)]
        which: Which,
        /// How many at most.
        #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=1000))]
        limit: u16,
        /// Go on after a page: what `next` said.
        #[arg(long, value_name = "AT:SEQ", value_parser = cursor)]
        after: Option<AuditCursor>,
    },
    /// See whether the log is as it was written; against a checkpoint too, where one is given.
    Verify {
        /// A file that `audit checkpoint` wrote.
        #[arg(long, value_name = "FILE")]
        checkpoint: Option<PathBuf>,
    },
    /// Write entries out, newest first.
    Export {
        /// Which.
        #[command(flatten)]
        which: Which,
        /// In which form.
        #[arg(long, value_enum, default_value_t = AuditForm::Jsonl)]
        format: AuditForm,
        /// Into this file; else to standard output.
        #[arg(long, value_name = "FILE")]
        to: Option<PathBuf>,
    },
    /// Print a signed checkpoint. Keep it on another computer: what is changed before it is found out.
    Checkpoint {
        /// Into this file; else to standard output.
        #[arg(long, value_name = "FILE")]
        to: Option<PathBuf>,
    },
}

/// The form of an exported log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AuditForm {
    /// Comma-separated values, safe to open in a spreadsheet.
    Csv,
    /// One JSON object per line.
    Jsonl,
}

/// Which entries.
#[derive(Debug, Default, Args)]
pub struct Which {
    /// As whom.
    #[arg(long, value_name = "ACCOUNT")]
    pub account: Option<String>,
    /// Through what: window, terminal, command_line, gateway, automation, engine.
    #[arg(long, value_name = "CLIENT", value_parser = client)]
    pub client: Option<AuditClient>,
    /// What was done, `write_settled`.
    #[arg(long, value_name = "ACTION", value_parser = action)]
    pub action: Option<AuditAction>,
    /// To what, `customers`.
    #[arg(long, value_name = "ENTITY")]
    pub entity: Option<String>,
    /// To which.
    #[arg(long, value_name = "ID")]
    pub id: Option<String>,
    /// What came of it: done, refused, failed, unknown, pending.
    #[arg(long, value_name = "OUTCOME", value_parser = outcome)]
    pub outcome: Option<AuditOutcome>,
    /// On which connection.
    #[arg(long, value_name = "NAME")]
    pub on: Option<String>,
    /// In which conversation.
    #[arg(long, value_name = "ID")]
    pub session: Option<SessionId>,
    /// Not before (RFC 3339, 2026-01-31T00:00:00Z).
    #[arg(long, value_name = "TIME")]
    pub from: Option<Timestamp>,
    /// Before.
    #[arg(long, value_name = "TIME")]
    pub until: Option<Timestamp>,
}

impl From<Which> for AuditFilter {
    fn from(which: Which) -> Self {
        let Which { account, client, action, entity, id, outcome, on, session, from, until } = which;
        Self { account, client, action, resource: entity, resource_id: id, outcome, connection: on, session_id: session, from, until }
    }
}

/// `data`
#[derive(Debug, Subcommand)]
pub enum Data {
    /// Write everything that is kept here into a new directory, as JSON.
    Export {
        /// The directory.
        directory: PathBuf,
        /// Only what belongs to this account.
        #[arg(long, value_name = "ACCOUNT")]
        account: Option<String>,
    },
    /// Delete it for good.
    Delete {
        /// Everything.
        #[arg(long, required_unless_present = "account")]
        everything: bool,
        /// What belongs to this account.
        #[arg(long, value_name = "ACCOUNT", conflicts_with = "everything")]
        account: Option<String>,
        /// Don't ask.
        #[arg(long)]
        yes: bool,
    },
    /// To which model providers company data may go.
    Agreements,
    /// Agree that company data goes to a model provider.
    Agree {
        /// As `data agreements` names it; else the one in force.
        #[arg(long, value_name = "PROVIDER")]
        provider: Option<String>,
    },
    /// Take an agreement back.
    Withdraw {
        /// As `data agreements` names it; else the one in force.
        #[arg(long, value_name = "PROVIDER")]
        provider: Option<String>,
    },
}

fn role(word: &str) -> Result<AccessRole, String> {
    AccessRole::from_word(word).ok_or_else(|| "the roles are viewer, editor and admin".into())
}

fn bound(word: &str) -> Result<Bound, String> {
    match word {
        "none" => Ok(Bound(None)),
        word => word.parse().map(|number| Bound(Some(number))).map_err(|_| "a whole number, or none".into()),
    }
}

fn allow(text: &str) -> Result<PermissionRule, String> {
    rule(text, RuleVerdict::Allow)
}

fn ask(text: &str) -> Result<PermissionRule, String> {
    rule(text, RuleVerdict::Ask)
}

fn deny(text: &str) -> Result<PermissionRule, String> {
    rule(text, RuleVerdict::Deny)
}

fn rule(text: &str, verdict: RuleVerdict) -> Result<PermissionRule, String> {
    let mut rule = PermissionRule { tool: None, entity: None, operation: None, verdict, expires_at: None };
    if text.trim() == "*" {
        return Ok(rule);
    }
    for part in text.split(',') {
        let (name, value) = part.split_once('=').map(|(name, value)| (name.trim(), value.trim())).ok_or("a rule is `*`, or parts like entity=customers")?;
        if value.is_empty() {
            return Err(format!("`{name}` needs a value"));
        }
        match name {
            "tool" => rule.tool = Some(value.to_owned()),
            "entity" => rule.entity = Some(value.to_owned()),
            "operation" => rule.operation = Some(operation(value)?),
            _ => return Err("the parts of a rule are tool, entity and operation".into()),
        }
    }
    Ok(rule)
}

fn operation(word: &str) -> Result<WriteOperation, String> {
    let all = [WriteOperation::Create, WriteOperation::Update, WriteOperation::Delete, WriteOperation::Action];
    all.into_iter().find(|operation| operation.as_str() == word).ok_or_else(|| "the operations are create, update, delete and action".into())
}

fn client(word: &str) -> Result<AuditClient, String> {
    AuditClient::from_word(word).ok_or_else(|| words(AuditClient::ALL.iter().map(|value| value.as_str())))
}

fn action(word: &str) -> Result<AuditAction, String> {
    AuditAction::from_word(word).ok_or_else(|| words(AuditAction::ALL.iter().map(|value| value.as_str())))
}

fn outcome(word: &str) -> Result<AuditOutcome, String> {
    AuditOutcome::from_word(word).ok_or_else(|| words(AuditOutcome::ALL.iter().map(|value| value.as_str())))
}

fn words<'a>(all: impl Iterator<Item = &'a str>) -> String {
    format!("there are {}", all.collect::<Vec<_>>().join(", "))
}

fn cursor(text: &str) -> Result<AuditCursor, String> {
    let parts = text.split_once(':').and_then(|(at, seq)| Some((at.parse().ok()?, seq.parse().ok()?)));
    parts.map(|(at, seq)| AuditCursor { at, seq }).ok_or_else(|| "two numbers with a colon between them".into())
}

#[cfg(test)]
#[path = "oversight_tests.rs"]
mod tests;
