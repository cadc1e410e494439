use bca_protocol::{ConnectionKind, Effect, Priority, WriteOperation};

/// What the policy is asked about one write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WriteQuestion<'a> {
    /// From our own table.
    pub effect: Effect,
    /// What it does.
    pub operation: WriteOperation,
    /// The entity set.
    pub entity: &'a str,
    /// Where it would go.
    pub connection: ConnectionKind,
}

/// What persons have decided beforehand.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rules {
    /// Entity sets that are never written, whoever approves.
    pub never_written: Vec<String>,
}

/// What is to be done with a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PolicyDecision {
    /// Changes nothing: no question.
    Allow,
    /// Put it to a person.
    Ask(Priority),
    /// Not even by asking; the reason is a sentence.
    Deny(String),
}

/// Decides, in this order, the first that fits:
///
/// 1. an entity set that is never written: deny;
/// 2. a read: allow;
/// 3. destructive: ask, high priority;
/// 4. any other write: ask; high priority in production, medium elsewhere.
#[must_use]
pub fn decide(question: &WriteQuestion<'_>, rules: &Rules) -> PolicyDecision {
    if question.effect != Effect::Read && rules.never_written.iter().any(|set| set.eq_ignore_ascii_case(question.entity)) {
        return PolicyDecision::Deny(format!("Writing to {} is switched off in the settings.", question.entity));
    }
    match (question.effect, question.connection) {
        (Effect::Read, _) => PolicyDecision::Allow,
        (Effect::Destructive, _) | (Effect::Write, ConnectionKind::Production) => PolicyDecision::Ask(Priority::High),
        (Effect::Write, ConnectionKind::Demo | ConnectionKind::Sandbox | ConnectionKind::OnPremises) => PolicyDecision::Ask(Priority::Medium),
    }
}
