//! What the policy says of a whole set of writes: one denial denies it, the gravest priority is its priority.

use bca_protocol::{ConnectionKind, DryRun, Priority};
use rust_decimal::Decimal;

use crate::{Contents, PlannedWrite, PolicyDecision, Rules, Used, WriteQuestion, decide, tool_of};

/// How a set is to be put to a person, or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ruling {
    /// The gravest of its writes.
    pub(crate) priority: Priority,
    /// The largest amount that is to be typed.
    pub(crate) typed: Option<String>,
    /// The rules by which the whole set goes without a question.
    pub(crate) unasked: Option<String>,
    /// What came of trying it out.
    pub(crate) dry_run: Option<DryRun>,
}

/// Decides on every write of a set, each counting for the limits of the next.
///
/// # Errors
/// The sentence that refuses the set.
pub(crate) fn rule_on(writes: &[PlannedWrite], connection: ConnectionKind, rules: &Rules) -> Result<Ruling, String> {
    let mut rules = rules.clone();
    let mut ruling = Ruling { priority: Priority::Low, typed: None, unasked: None, dry_run: None };
    let mut allowed = 0;
    for write in writes {
        if !write.is_faithful() {
            return Err("Nothing was changed: what would be shown is not what would be sent.".into());
        }
        match decide(&question(write, connection, Contents::of(write).as_ref()), &rules) {
            PolicyDecision::Allow(Some(why)) => {
                allowed += 1;
                ruling.unasked = Some(why);
                ruling.priority = ruling.priority.max(Priority::Medium);
            }
            // A write always asks: an effect of `read` on a planned write would be a mistake of ours.
            PolicyDecision::Allow(None) => ruling.priority = Priority::High,
            PolicyDecision::Ask { priority, typed } => {
                ruling.priority = ruling.priority.max(priority);
                ruling.typed = larger(ruling.typed.take(), typed);
            }
            PolicyDecision::Deny(reason) => return Err(reason),
        }
        rules.used = rules.used.and_one();
    }
    if allowed < writes.len() {
        ruling.unasked = None;
    }
    Ok(ruling)
}

/// Looks once more at what was approved, edits included, by the rules that hold now. The set itself is among what was used by now.
///
/// # Errors
/// The sentence that refuses the set.
pub fn still_allowed<'a>(writes: impl IntoIterator<Item = &'a PlannedWrite>, connection: ConnectionKind, rules: &Rules) -> Result<(), String> {
    let rules = Rules { used: Used::default(), ..rules.clone() };
    writes.into_iter().try_for_each(|write| match decide(&question(write, connection, Contents::of(write).as_ref()), &rules) {
        PolicyDecision::Deny(reason) => Err(reason),
        PolicyDecision::Allow(_) | PolicyDecision::Ask { .. } => Ok(()),
    })
}

fn question<'a>(write: &'a PlannedWrite, connection: ConnectionKind, contents: Option<&'a Contents>) -> WriteQuestion<'a> {
    let preview = &write.preview;
    WriteQuestion {
        effect: preview.effect,
        tool: tool_of(preview.operation),
        operation: Some(preview.operation),
        entity: &preview.entity,
        connection,
        contents,
    }
}

/// What is no number stands for more than can be counted.
fn larger(one: Option<String>, other: Option<String>) -> Option<String> {
    let value = |text: &String| text.parse::<Decimal>().unwrap_or(Decimal::MAX);
    one.into_iter().chain(other).max_by_key(value)
}
