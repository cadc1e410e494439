use bca_protocol::{AccessRole, ConnectionKind, Effect, PermissionRule, Permissions, PolicyState, Priority, RuleVerdict, WriteOperation};
use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;

use crate::{
    contents::{Contents, is_bank_set},
    organisation::{Organisation, Policy},
};

/// How long a rule that allows without asking holds where a person names no end.
pub const ALLOW_USUALLY: SignedDuration = SignedDuration::from_hours(8);

/// How long such a rule holds at most.
pub const ALLOW_AT_MOST: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Properties that are never written unless a person lifts them on a connection: bank accounts and VAT numbers
/// (docs/business-central.md, section 12).
pub const PROTECTED_FIELDS: &[&str] = &["bankAccountNumber", "bankBranchNumber", "iban", "swiftCode", "taxRegistrationNumber", "vatRegistrationNumber"];

/// What the policy is asked about one use of a tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WriteQuestion<'a> {
    /// From our own table.
    pub effect: Effect,
    /// The tool, `bc_create_entity`.
    pub tool: &'a str,
    /// What it does; absent for a read.
    pub operation: Option<WriteOperation>,
    /// The entity set; empty where the call names none.
    pub entity: &'a str,
    /// Where it would go.
    pub connection: ConnectionKind,
    /// What the exact request carries; absent for a read.
    pub contents: Option<&'a Contents>,
}

/// Writes that were sent, or may still be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Used {
    /// In the last hour.
    pub last_hour: u32,
    /// In the last 24 hours.
    pub last_day: u32,
}

impl Used {
    /// With one more.
    #[must_use]
    pub const fn and_one(self) -> Self {
        Self { last_hour: self.last_hour.saturating_add(1), last_day: self.last_day.saturating_add(1) }
    }
}

/// What persons and their organisation have decided beforehand.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rules {
    /// Entity sets that are never written, whoever approves: the setting `approval.never_written`.
    pub never_written: Vec<String>,
    /// What the person decided for the connection.
    pub permissions: Permissions,
    /// What the organisation decided for this computer.
    pub organisation: Organisation,
    /// What limits are compared with.
    pub used: Used,
    /// Now (UTC); rules that have expired don't count.
    pub now: Timestamp,
}

/// What is to be done with a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PolicyDecision {
    /// No question: it changes nothing, or a rule that a person set allows it; the sentence names the rule.
    Allow(Option<String>),
    /// Put it to a person.
    Ask {
        /// How grave it is.
        priority: Priority,
        /// What must be typed where a click is too little: the amount.
        typed: Option<String>,
    },
    /// Not even by asking; the reason is a sentence.
    Deny(String),
}

/// Decides. The first of these that fits holds:
///
/// 1. the organisation's policy can't be used: every write is denied;
/// 2. the organisation denies it: by a rule, by a set or property that is never written, by a limit;
/// 3. a rule of the person denies it, however general;
/// 4. a read: allowed;
/// 5. the request can't be read, so what it sets is not known: denied;
/// 6. the set is never written (setting), or it sets a property that is never written and was not lifted here: denied;
/// 7. a limit of the person is used up: denied;
/// 8. the organisation's role is too low for it: denied;
/// 9. the most specific rule of the person that fits (most parts named; of equals the stricter) says `ask`: asked, also where the
///    person's role is too low;
/// 10. the person's role is too low for it: denied;
/// 11. that rule says `allow`, and [`may_go_unasked`] holds: allowed. In every other case `allow` counts as `ask`;
/// 12. asked: high priority where it is destructive or goes to production, else medium; with the amount to be typed where that is
///     above a limit of the person or the organisation.
#[must_use]
pub fn decide(question: &WriteQuestion<'_>, rules: &Rules) -> PolicyDecision {
    match verdict(question, rules) {
        Ok(decision) => decision,
        Err(reason) => PolicyDecision::Deny(reason),
    }
}

fn verdict(question: &WriteQuestion<'_>, rules: &Rules) -> Result<PolicyDecision, String> {
    let permissions = &rules.permissions;
    let is_write = question.effect != Effect::Read;
    let policy = match (&rules.organisation, is_write) {
        (Organisation::Unusable(why), true) => {
            return Err(format!("Nothing was changed: the policy of your organisation can't be used ({why}), so nothing may be written."));
        }
        (Organisation::Absent | Organisation::Unusable(_), _) => None,
        (Organisation::InForce(policy), _) => Some(policy),
    };
    if policy.is_some_and(|policy| policy.deny.iter().any(|rule| fits(rule, question, rules.now))) {
        return Err(format!("{} is denied by the policy of your organisation. Nothing was changed.", described(question)));
    }
    let mut fitting: Vec<&PermissionRule> = permissions.rules.iter().filter(|rule| fits(rule, question, rules.now)).collect();
    if fitting.iter().any(|rule| rule.verdict == RuleVerdict::Deny) {
        return Err(format!("{} is denied by a rule of this connection's permissions. Nothing was changed.", described(question)));
    }
    let Some(operation) = question.operation.filter(|_| is_write) else {
        return Ok(if is_write { asked(question, None) } else { PolicyDecision::Allow(None) });
    };
    let contents = question.contents.ok_or_else(|| "Nothing was changed: the request could not be read.".to_owned())?;
    never_written(question, contents, rules, policy)?;
    rules.quota().check(rules.used, 1)?;
    if policy.is_some_and(|policy| !permits(policy.role, question.effect)) {
        return Err(format!("{} is more than the policy of your organisation allows here. Nothing was changed.", described(question)));
    }
    fitting.sort_by_key(|rule| (specificity(rule), strictness(rule)));
    let rule = fitting.last().map(|rule| rule.verdict);
    if rule != Some(RuleVerdict::Ask) && !permits(permissions.role, question.effect) {
        let role = permissions.role.as_str();
        return Err(format!("{} is not allowed to the role {role} on this connection. Nothing was changed.", described(question)));
    }
    let typed = typed(contents, permissions, policy);
    if rule == Some(RuleVerdict::Allow)
        && typed.is_none()
        && may_go_unasked(question, operation, contents)
        && policy.is_none_or(|policy| policy.allow_without_asking)
    {
        return Ok(PolicyDecision::Allow(Some(format!("allowed without asking by a rule: {}", described(question)))));
    }
    Ok(asked(question, typed))
}

/// Whether a rule may let a write go without a question at all: a create or update that is not destructive, in a sandbox or the
/// demo, that touches no bank data and no protected property, lifted or not.
#[must_use]
pub fn may_go_unasked(question: &WriteQuestion<'_>, operation: WriteOperation, contents: &Contents) -> bool {
    let is_plain = matches!(operation, WriteOperation::Create | WriteOperation::Update) && question.effect == Effect::Write;
    let is_trial = matches!(question.connection, ConnectionKind::Demo | ConnectionKind::Sandbox);
    is_plain && is_trial && !is_bank_set(question.entity) && !contents.fields.iter().any(|field| is_among(PROTECTED_FIELDS, field))
}

fn asked(question: &WriteQuestion<'_>, typed: Option<String>) -> PolicyDecision {
    let priority = match (question.effect, question.connection) {
        // A read is never asked; were it, by mistake, then gravely.
        (Effect::Destructive | Effect::Read, _) | (Effect::Write, ConnectionKind::Production) => Priority::High,
        (Effect::Write, ConnectionKind::Demo | ConnectionKind::Sandbox | ConnectionKind::OnPremises) => Priority::Medium,
    };
    PolicyDecision::Ask { priority, typed }
}

/// Whether a rule speaks of this and still holds. A rule that allows and names no end does not hold.
fn fits(rule: &PermissionRule, question: &WriteQuestion<'_>, now: Timestamp) -> bool {
    let PermissionRule { tool, entity, operation, verdict, expires_at } = rule;
    let holds = match (verdict, expires_at) {
        (RuleVerdict::Allow, None) => false,
        (RuleVerdict::Allow, Some(end)) => *end > now && end.duration_since(now) <= ALLOW_AT_MOST,
        (RuleVerdict::Ask | RuleVerdict::Deny, end) => end.is_none_or(|end| end > now),
    };
    holds
        && tool.as_ref().is_none_or(|tool| tool.eq_ignore_ascii_case(question.tool))
        && entity.as_ref().is_none_or(|entity| entity.eq_ignore_ascii_case(question.entity))
        && operation.is_none_or(|operation| question.operation == Some(operation))
        // One without any part speaks of writes.
        && (question.effect != Effect::Read || tool.is_some() || entity.is_some())
}

fn specificity(rule: &PermissionRule) -> usize {
    [rule.tool.is_some(), rule.entity.is_some(), rule.operation.is_some()].into_iter().filter(|is_named| *is_named).count()
}

const fn strictness(rule: &PermissionRule) -> u8 {
    match rule.verdict {
        RuleVerdict::Allow => 0,
        RuleVerdict::Ask => 1,
        RuleVerdict::Deny => 2,
    }
}

/// What a role may do with a person's approval.
const fn permits(role: AccessRole, effect: Effect) -> bool {
    match (role, effect) {
        (_, Effect::Read) | (AccessRole::Admin, _) | (AccessRole::Editor, Effect::Write) => true,
        (AccessRole::Viewer, Effect::Write | Effect::Destructive) | (AccessRole::Editor, Effect::Destructive) => false,
    }
}

fn never_written(question: &WriteQuestion<'_>, contents: &Contents, rules: &Rules, policy: Option<&Policy>) -> Result<(), String> {
    let entity = question.entity;
    if policy.is_some_and(|policy| is_among(&policy.never_written, entity)) {
        return Err(format!("Writing to {entity} is switched off by the policy of your organisation. Nothing was changed."));
    }
    if is_among(&rules.never_written, entity) {
        return Err(format!("Writing to {entity} is switched off in the settings."));
    }
    let permissions = &rules.permissions;
    for field in &contents.fields {
        if policy.is_some_and(|policy| is_among(&policy.never_written_fields, field)) {
            return Err(format!("`{field}` is never written by the policy of your organisation. Nothing was changed."));
        }
        let is_protected = is_among(PROTECTED_FIELDS, field);
        let is_lifted = is_among(&permissions.lifted_fields, field) && policy.is_none_or(|policy| policy.lifting_fields);
        if is_among(&permissions.never_written_fields, field) || (is_protected && !is_lifted) {
            return Err(format!(
                "`{field}` is never written here: bank accounts and VAT numbers are a favourite of fraud. Nothing was changed. A person can lift it for this connection in the permissions (`bc-agent permissions set --lift {field}`)."
            ));
        }
    }
    Ok(())
}

/// How many writes a company may get.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Quota {
    /// In any 60 minutes.
    pub per_hour: Option<u32>,
    /// In any 24 hours.
    pub per_day: Option<u32>,
}

impl Quota {
    /// Whether so many more may be made beside those that were made.
    ///
    /// # Errors
    /// The sentence that refuses them.
    pub fn check(self, used: Used, more: u32) -> Result<(), String> {
        for (most, used, span) in [(self.per_hour, used.last_hour, "in an hour"), (self.per_day, used.last_day, "in 24 hours")] {
            if let Some(most) = most.filter(|most| used.saturating_add(more) > *most) {
                return Err(format!("Nothing was changed: {most} writes {span} is the limit of this connection, and it is used up."));
            }
        }
        Ok(())
    }
}

/// The smaller of two limits, where there are any.
#[must_use]
pub fn least(one: Option<u32>, other: Option<u32>) -> Option<u32> {
    one.into_iter().chain(other).min()
}

/// The amount to be typed, where it is above what a click may approve. A limit that can't be read is taken as none at all being
/// allowed by a click.
fn typed(contents: &Contents, permissions: &Permissions, policy: Option<&Policy>) -> Option<String> {
    let limits = [permissions.limits.typed_above.as_deref(), policy.and_then(|policy| policy.typed_above.as_deref())];
    let most = limits.into_iter().flatten().map(|text| text.parse::<Decimal>().unwrap_or(Decimal::ZERO)).min()?;
    contents.amount.as_ref().filter(|amount| amount.value.is_none_or(|value| value > most)).map(|amount| amount.text.clone())
}

fn is_among<S: AsRef<str>>(list: &[S], name: &str) -> bool {
    list.iter().any(|entry| entry.as_ref().trim().eq_ignore_ascii_case(name))
}

/// What is to be done, as the beginning of a sentence.
fn described(question: &WriteQuestion<'_>) -> String {
    let done = match question.operation {
        Some(WriteOperation::Create) => "Creating records",
        Some(WriteOperation::Update) => "Changing records",
        Some(WriteOperation::Delete) => "Deleting records",
        Some(WriteOperation::Action) => "Running an action",
        None if question.effect == Effect::Read => "Reading",
        None => "This tool",
    };
    if question.entity.is_empty() { format!("{done} with {}", question.tool) } else { format!("{done} in {}", question.entity) }
}

impl Rules {
    /// The role that holds when the organisation's policy is counted in.
    #[must_use]
    pub fn effective_role(&self) -> AccessRole {
        match &self.organisation {
            Organisation::Absent => self.permissions.role,
            Organisation::InForce(policy) => self.permissions.role.min(policy.role),
            Organisation::Unusable(_) => AccessRole::Viewer,
        }
    }

    /// The rules by which writes go without a question now, other conditions given.
    #[must_use]
    pub fn allowed_now(&self) -> Vec<PermissionRule> {
        let may = match &self.organisation {
            Organisation::Absent => true,
            Organisation::InForce(policy) => policy.allow_without_asking,
            Organisation::Unusable(_) => false,
        };
        let holds = |rule: &&PermissionRule| {
            rule.verdict == RuleVerdict::Allow && rule.expires_at.is_some_and(|end| end > self.now && end.duration_since(self.now) <= ALLOW_AT_MOST)
        };
        if may { self.permissions.rules.iter().filter(holds).cloned().collect() } else { Vec::new() }
    }

    /// How the organisation's policy stands, for people.
    #[must_use]
    pub fn policy_state(&self) -> PolicyState {
        match &self.organisation {
            Organisation::Absent => PolicyState::Absent,
            Organisation::Unusable(why) => PolicyState::Unusable { why: why.clone() },
            Organisation::InForce(policy) => PolicyState::InForce { says: policy.says() },
        }
    }

    /// How many writes the company may get: the stricter of what the person and the organisation say.
    #[must_use]
    pub fn quota(&self) -> Quota {
        let (limits, policy) = (&self.permissions.limits, self.organisation.policy());
        Quota {
            per_hour: least(limits.writes_per_hour, policy.and_then(|policy| policy.writes_per_hour)),
            per_day: least(limits.writes_per_day, policy.and_then(|policy| policy.writes_per_day)),
        }
    }

    /// Runs at work at the same time, at most.
    #[must_use]
    pub fn concurrent_runs(&self) -> Option<u32> {
        least(self.permissions.limits.concurrent_runs, self.organisation.policy().and_then(|policy| policy.concurrent_runs))
    }

    /// Tool calls of one run, at most.
    #[must_use]
    pub fn tool_calls_per_run(&self) -> Option<u32> {
        least(self.permissions.limits.tool_calls_per_run, self.organisation.policy().and_then(|policy| policy.tool_calls_per_run))
    }
}

#[cfg(test)]
#[path = "policy_tests.rs"]
mod tests;
