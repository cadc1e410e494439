//! Checks a proposed operation against the facts, before anybody is asked to approve it.
//!
//! Pure: it knows what the standard API accepts, not what is in the books. What it lets through
//! Business Central may still refuse (a blocked customer, an unknown code).

mod data;
mod value;

use std::fmt;

use bca_protocol::{Effect, Json};

use crate::catalogue::Catalogue;
use crate::effect::{Care, Operation, Undo};
use crate::entity::{Entity, Method};
use crate::text;

/// A proposed operation.
#[derive(Debug, Clone, Copy)]
pub struct Proposal<'a> {
    /// Set name as given, `customers`.
    pub entity: &'a str,
    /// What is to be done.
    pub operation: &'a Operation,
    /// Id of the record, for everything but creating and listing.
    pub id: Option<&'a str>,
    /// Whether a new record is created under a parent record.
    pub parented: Parented,
    /// The properties, for creating and changing.
    pub data: Option<&'a Json>,
}

/// Whether a record is created under a parent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parented {
    /// At the address of the parent, or nested in it.
    Yes,
    /// At the address of the flat set.
    No,
}

/// What is wrong with a proposal, and what is good to know.
#[derive(Debug, Clone, PartialEq)]
pub struct Validation {
    /// What it does to the books.
    pub effect: Effect,
    /// Whether it can be undone.
    pub undo: Undo,
    /// Why it would be refused; empty when it is fit to be proposed.
    pub problems: Vec<Problem>,
    /// What is good to know, in sentences.
    pub notes: Vec<String>,
}

impl Validation {
    /// There is no problem.
    pub fn is_valid(&self) -> bool {
        self.problems.is_empty()
    }
}

/// One reason why Business Central would refuse it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Kind of problem.
    pub code: ProblemCode,
    /// The property, with its place in nested data: `salesOrderLines[0].quantity`.
    pub property: Option<String>,
    /// What is wrong, in a sentence.
    pub message: String,
    /// What to do instead, where that is known.
    pub suggestion: Option<String>,
}

impl Problem {
    fn new(code: ProblemCode, message: impl Into<String>) -> Problem {
        Problem { code, property: None, message: message.into(), suggestion: None }
    }

    fn at(mut self, property: impl Into<String>) -> Problem {
        self.property = Some(property.into());
        self
    }

    fn suggest(mut self, suggestion: impl Into<String>) -> Problem {
        self.suggestion = Some(suggestion.into());
        self
    }
}

/// Kinds of problems. [`ProblemCode::as_str`] gives the stable name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProblemCode {
    /// No such set.
    UnknownEntity,
    /// No such bound action on the set.
    UnknownAction,
    /// The set does not take this operation.
    MethodNotAllowed,
    /// The record to act on is not named.
    IdRequired,
    /// The id is not of the form that ids have.
    InvalidId,
    /// The data is not an object.
    NotAnObject,
    /// Nothing to change is given.
    EmptyUpdate,
    /// Data is given where none is taken.
    UnexpectedData,
    /// No such property.
    UnknownProperty,
    /// The same property twice.
    DuplicateProperty,
    /// Business Central fills it in itself.
    ReadOnly,
    /// A value of another type.
    WrongType,
    /// No such member of an enumeration.
    UnknownMember,
    /// Longer than the field.
    TooLong,
    /// Smaller or larger than allowed.
    OutOfRange,
    /// More decimal places than are kept.
    TooPrecise,
    /// Not a date.
    InvalidDate,
    /// Not an id.
    InvalidGuid,
    /// Blank where something must stand.
    Blank,
    /// None of a group of properties, of which one is needed.
    RequiredMissing,
    /// Two properties that exclude each other.
    MutuallyExclusive,
    /// Children cannot be given here.
    NestedNotAllowed,
    /// Records of this set are created under their parent.
    ParentRequired,
}

impl ProblemCode {
    /// Stable name in snake_case, for tools.
    pub fn as_str(self) -> &'static str {
        match self {
            ProblemCode::UnknownEntity => "unknown_entity",
            ProblemCode::UnknownAction => "unknown_action",
            ProblemCode::MethodNotAllowed => "method_not_allowed",
            ProblemCode::IdRequired => "id_required",
            ProblemCode::InvalidId => "invalid_id",
            ProblemCode::NotAnObject => "not_an_object",
            ProblemCode::EmptyUpdate => "empty_update",
            ProblemCode::UnexpectedData => "unexpected_data",
            ProblemCode::UnknownProperty => "unknown_property",
            ProblemCode::DuplicateProperty => "duplicate_property",
            ProblemCode::ReadOnly => "read_only",
            ProblemCode::WrongType => "wrong_type",
            ProblemCode::UnknownMember => "unknown_member",
            ProblemCode::TooLong => "too_long",
            ProblemCode::OutOfRange => "out_of_range",
            ProblemCode::TooPrecise => "too_precise",
            ProblemCode::InvalidDate => "invalid_date",
            ProblemCode::InvalidGuid => "invalid_guid",
            ProblemCode::Blank => "blank",
            ProblemCode::RequiredMissing => "required_missing",
            ProblemCode::MutuallyExclusive => "mutually_exclusive",
            ProblemCode::NestedNotAllowed => "nested_not_allowed",
            ProblemCode::ParentRequired => "parent_required",
        }
    }
}

impl fmt::Display for ProblemCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Catalogue {
    /// Checks a proposed operation. Never fails: what cannot be checked is a problem.
    pub fn validate(&self, proposal: &Proposal<'_>) -> Validation {
        let mut report = Report::default();
        match self.find(proposal.entity) {
            None => report.problem(unknown_entity(self, proposal.entity)),
            Some(entity) => {
                if self.offered(entity, proposal.operation, &mut report) {
                    check(self, entity, proposal, &mut report);
                }
            }
        }
        let nothing = Json::Null;
        let data = proposal.data.unwrap_or(&nothing);
        let undo = self.undo(proposal.entity, proposal.operation);
        report.notes.extend(self.care_notes(proposal.entity, data));
        if self.knows_effect(proposal.entity, proposal.operation) {
            report.notes.extend(no_way_back(&undo));
        }
        Validation { effect: self.effect_of(proposal.entity, proposal.operation, data), undo, problems: report.problems, notes: report.notes }
    }

    fn care_notes(&self, set: &str, data: &Json) -> Vec<String> {
        let cares = self.care(set, data).into_iter();
        cares
            .map(|(name, care)| match care {
                Care::Posts => format!("Changing {name} posts entries, which stay in the books."),
                Care::BankData => format!("{name} says where money goes: have it confirmed by a second way."),
            })
            .collect()
    }

    /// Whether the set takes the operation; if not, says what it does take.
    fn offered(&self, entity: &Entity, operation: &Operation, report: &mut Report) -> bool {
        if self.offers(&entity.set, operation) {
            return true;
        }
        report.problem(match operation {
            Operation::Action(name) => unknown_action(entity, name),
            other => {
                let problem = Problem::new(ProblemCode::MethodNotAllowed, format!("{} cannot be {}.", entity.title, past(other)));
                let parents: Vec<&str> = entity.parents.iter().map(|p| p.set.as_str()).take(3).collect();
                if entity.list_needs_parent && !entity.allows(Method::Post) && !parents.is_empty() {
                    problem.suggest(format!("They are reached through {}.", listed(&parents, "or")))
                } else {
                    problem.suggest(offer(entity))
                }
            }
        });
        false
    }
}

/// Says before approval what cannot be taken back, and what to do instead.
fn no_way_back(undo: &Undo) -> Option<String> {
    match undo {
        Undo::Irreversible { why, instead: Some(instead) } => Some(format!("This cannot be undone. {why} The way back: {instead}")),
        Undo::Irreversible { why, instead: None } => Some(format!("This cannot be undone. {why}")),
        Undo::Reversible { .. } | Undo::NothingToUndo => None,
    }
}

fn past(operation: &Operation) -> &'static str {
    match operation {
        Operation::Read => "read",
        Operation::Create => "created",
        Operation::Update => "changed",
        Operation::Delete => "deleted",
        Operation::Action(_) => "acted on",
    }
}

fn offer(entity: &Entity) -> String {
    let words: Vec<&str> = entity
        .methods
        .iter()
        .map(|method| match method {
            Method::Get => "read",
            Method::Post => "created",
            Method::Patch => "changed",
            Method::Delete => "deleted",
        })
        .collect();
    format!("They can only be {}.", listed(&words, "and"))
}

/// `a`, `a or b`, `a, b or c`.
fn listed(words: &[&str], last: &str) -> String {
    match words {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., end] => format!("{} {last} {end}", first.join(", ")),
    }
}

fn unknown_entity(catalogue: &Catalogue, given: &str) -> Problem {
    let problem = Problem::new(ProblemCode::UnknownEntity, format!("Business Central has no entity \"{}\".", shown(given)));
    let near = catalogue.suggest(given);
    if near.is_empty() { problem } else { problem.suggest(format!("Did you mean {}?", listed(&near, "or"))) }
}

fn unknown_action(entity: &Entity, given: &str) -> Problem {
    let known: Vec<&str> = entity.actions.iter().map(|a| a.name.as_str()).collect();
    let problem = Problem::new(ProblemCode::UnknownAction, format!("{} has no action \"{}\".", capital(&entity.one()), shown(given)));
    let near = text::closest(given, known.iter().copied());
    match (near.first(), known.is_empty()) {
        (Some(near), _) => problem.suggest(format!("Did you mean {near}?")),
        (None, true) => problem.suggest("It has no actions at all."),
        (None, false) => problem.suggest(format!("It has {}.", listed(&known, "and"))),
    }
}

fn check(catalogue: &Catalogue, entity: &Entity, proposal: &Proposal<'_>, report: &mut Report) {
    let data = data::Check { catalogue, entity };
    match proposal.operation {
        Operation::Read => {
            if let Some(id) = proposal.id {
                check_id(entity, Some(id), report);
            }
        }
        Operation::Create => {
            data.create(proposal.data, proposal.parented, "", report);
        }
        Operation::Update => {
            check_id(entity, proposal.id, report);
            data.update(proposal.data, report);
        }
        Operation::Delete | Operation::Action(_) => {
            check_id(entity, proposal.id, report);
            let empty = match proposal.data {
                None | Some(Json::Null) => true,
                Some(Json::Object(pairs)) => pairs.is_empty(),
                Some(_) => false,
            };
            if !empty {
                report.problem(
                    Problem::new(ProblemCode::UnexpectedData, format!("{} takes no data.", sentence_start(proposal.operation)))
                        .suggest("Change the record first, then do this."),
                );
            }
        }
    }
}

fn sentence_start(operation: &Operation) -> String {
    match operation {
        Operation::Action(name) => format!("The action {}", shown(name)),
        Operation::Delete => "Deleting".to_owned(),
        Operation::Read | Operation::Create | Operation::Update => capital(&operation.to_string()),
    }
}

/// With a capital first letter, as a sentence begins.
fn capital(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    first + chars.as_str()
}

fn check_id(entity: &Entity, id: Option<&str>, report: &mut Report) {
    let guid_key = entity.key.first().and_then(|key| entity.property(key)).is_some_and(|key| key.kind == crate::entity::PropertyKind::Guid);
    match id {
        None | Some("") => report.problem(Problem::new(ProblemCode::IdRequired, format!("Say which {} by its id.", entity.singular))),
        Some(id) if guid_key && !value::is_guid(id) => report.problem(
            Problem::new(ProblemCode::InvalidId, format!("\"{}\" is not the id of {}.", shown(id), entity.one()))
                .suggest(format!("Look the record up in {} and use its id, which looks like 8f1c2d3e-0000-4000-8000-0123456789ab.", entity.set)),
        ),
        Some(_) => {}
    }
}

/// Most problems told at once: more would help nobody and fill the model's context.
const MOST_PROBLEMS: usize = 50;

/// What a check has found so far.
#[derive(Default)]
struct Report {
    problems: Vec<Problem>,
    notes: Vec<String>,
}

impl Report {
    fn problem(&mut self, problem: Problem) {
        if self.problems.len() < MOST_PROBLEMS {
            self.problems.push(problem);
        }
    }

    fn note(&mut self, note: String) {
        if self.notes.len() < MOST_PROBLEMS && !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }
}

/// A value from outside, short enough for a sentence.
fn shown(text: &str) -> String {
    const MOST: usize = 60;
    let mut short: String = text.chars().take(MOST).collect();
    if text.chars().nth(MOST).is_some() {
        short.push('…');
    }
    short
}

#[cfg(test)]
#[path = "validate_tests.rs"]
mod tests;
