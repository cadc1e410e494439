//! The business workflows and the check of a planned sequence against them.

use std::collections::{HashMap, HashSet};
use std::fmt;

use serde::{Deserialize, Deserializer};

use crate::effect::Operation;
use crate::text;

/// A business process from its first document to its last.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Workflow {
    /// Stable name: `quote_to_order`.
    pub name: String,
    /// What people call it: "Quote to order".
    pub title: String,
    /// What it achieves, in one sentence.
    pub description: String,
    /// Other names for it.
    #[serde(default)]
    pub words: Vec<String>,
    /// Its steps, in order.
    pub steps: Vec<WorkflowStep>,
}

/// One step of a workflow.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct WorkflowStep {
    /// Stable name within the workflow: `create_quote`.
    pub id: String,
    /// What people call it: "Create the quote".
    pub title: String,
    /// Other ways in which people say it.
    #[serde(default)]
    pub words: Vec<String>,
    /// What is done in Business Central.
    pub operation: WorkflowOperation,
    /// What must be true before, as a sentence.
    pub precondition: String,
    /// Properties that must be known to do it.
    #[serde(default)]
    pub needs: Vec<String>,
    /// It cannot be undone.
    #[serde(default)]
    pub irreversible: bool,
    /// The workflow is whole without it.
    #[serde(default)]
    pub optional: bool,
    /// It may stand anywhere in the sequence.
    #[serde(default)]
    pub anytime: bool,
}

/// An operation on a set: `salesQuotes action:makeOrder` in the data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkflowOperation {
    /// The set: `salesQuotes`.
    pub entity: String,
    /// What is done with it.
    pub operation: Operation,
}

impl fmt::Display for WorkflowOperation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.operation {
            Operation::Action(name) => write!(f, "{}.{name}", self.entity),
            other => write!(f, "{}.{other}", self.entity),
        }
    }
}

impl<'de> Deserialize<'de> for WorkflowOperation {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let (entity, operation) = text.split_once(' ').ok_or_else(|| serde::de::Error::custom("expected \"SET OPERATION\""))?;
        Ok(WorkflowOperation { entity: entity.to_owned(), operation: operation.parse().map_err(serde::de::Error::custom)? })
    }
}

/// What a planned sequence lacks.
#[derive(Debug, Clone, PartialEq)]
pub struct WorkflowCheck {
    /// The workflow that it was compared with.
    pub workflow: String,
    /// Necessary steps that are not planned, by title.
    pub missing: Vec<String>,
    /// Planned steps that come too early.
    pub misordered: Vec<Misordered>,
    /// Planned steps that cannot be undone, by title.
    pub irreversible: Vec<String>,
    /// Planned steps that are no part of the workflow, as they were given.
    pub unrecognised: Vec<String>,
    /// The whole workflow, for comparison.
    pub expected: Vec<WorkflowStep>,
}

impl WorkflowCheck {
    /// Nothing is missing and nothing is out of order. Unrecognised steps do no harm.
    pub fn is_valid(&self) -> bool {
        self.missing.is_empty() && self.misordered.is_empty()
    }
}

/// A step that was planned before one that it builds on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misordered {
    /// Title of the step that comes too early.
    pub step: String,
    /// Title of the step that it must follow.
    pub after: String,
}

impl fmt::Display for Misordered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\" must come after \"{}\"", self.step, self.after)
    }
}

/// No workflow has that name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("There is no workflow \"{name}\". There are: {}.", known.join(", "))]
pub struct UnknownWorkflow {
    /// The name that was asked for.
    pub name: String,
    /// The names that exist, the likeliest first.
    pub known: Vec<String>,
}

/// The parsed `workflows.json`.
#[derive(Default, Deserialize)]
pub(crate) struct Workflows {
    same: SameWords,
    workflows: Vec<Workflow>,
}

/// Words that mean the same in the name of a step: a draft is created, a bill is an invoice.
#[derive(Default, Deserialize)]
#[serde(from = "HashMap<String, Vec<String>>")]
struct SameWords(HashMap<String, String>);

impl From<HashMap<String, Vec<String>>> for SameWords {
    fn from(groups: HashMap<String, Vec<String>>) -> Self {
        let pairs = groups.into_iter().flat_map(|(one, others)| others.into_iter().map(move |other| (text::stem(&other), text::stem(&one))));
        SameWords(pairs.collect())
    }
}

impl SameWords {
    /// The meaningful words of a step's name. What follows "with" or "for" only says more about it,
    /// once something has been said.
    fn of(&self, name: &str) -> HashSet<String> {
        let mut meant = HashSet::new();
        for word in text::words(name) {
            if meant.len() >= 2 && ["with", "for"].contains(&word.as_str()) {
                break;
            }
            if !FILLERS.contains(&word.as_str()) {
                let stem = text::stem(&word);
                meant.insert(self.0.get(&stem).cloned().unwrap_or(stem));
            }
        }
        meant
    }
}

impl Workflows {
    pub(crate) fn all(&self) -> impl Iterator<Item = &Workflow> {
        self.workflows.iter()
    }

    /// By name, title or another name for it, in any writing.
    fn find(&self, name: &str) -> Option<&Workflow> {
        let wanted = text::squash(name);
        self.workflows.iter().find(|w| [&w.name, &w.title].into_iter().chain(&w.words).any(|n| text::squash(n) == wanted))
    }

    pub(crate) fn check(&self, name: &str, steps: &[String]) -> Result<WorkflowCheck, UnknownWorkflow> {
        let workflow = self.find(name).ok_or_else(|| {
            let names = || self.workflows.iter().map(|w| w.name.as_str());
            let mut known: Vec<&str> = text::closest(name, names());
            known.extend(names().filter(|n| !text::closest(name, names()).contains(n)));
            UnknownWorkflow { name: name.chars().take(80).collect(), known: known.into_iter().map(str::to_owned).collect() }
        })?;
        Ok(workflow.check(steps, &self.same))
    }
}

impl Workflow {
    fn check(&self, steps: &[String], same: &SameWords) -> WorkflowCheck {
        let mut recognised: Vec<Option<usize>> = Vec::with_capacity(steps.len());
        for step in steps {
            recognised.push(self.recognise(step, same, &recognised));
        }
        let planned: Vec<usize> = recognised.iter().flatten().copied().collect();
        let titles = |wanted: &dyn Fn(usize, &WorkflowStep) -> bool| -> Vec<String> {
            let steps = self.steps.iter().enumerate();
            steps.filter(|(i, step)| wanted(*i, step)).map(|(_, step)| step.title.clone()).collect()
        };
        WorkflowCheck {
            workflow: self.name.clone(),
            missing: titles(&|i, step| !step.optional && !planned.contains(&i)),
            misordered: self.misordered(&planned),
            irreversible: titles(&|i, step| step.irreversible && planned.contains(&i)),
            unrecognised: steps.iter().zip(&recognised).filter(|(_, at)| at.is_none()).map(|(text, _)| text.clone()).collect(),
            expected: self.steps.clone(),
        }
    }

    /// A step is misordered when a step that it must follow is planned, but only later.
    fn misordered(&self, planned: &[usize]) -> Vec<Misordered> {
        let mut done: HashSet<usize> = HashSet::new();
        let mut found = Vec::new();
        for &at in planned {
            let Some(step) = self.steps.get(at) else {
                continue;
            };
            let late = (0..at)
                .rev()
                .filter(|earlier| planned.contains(earlier) && !done.contains(earlier))
                .filter_map(|earlier| self.steps.get(earlier))
                .find(|earlier| !earlier.anytime);
            if let (Some(late), false, true) = (late, step.anytime, done.insert(at)) {
                found.push(Misordered { step: step.title.clone(), after: late.title.clone() });
            }
            done.insert(at);
        }
        found
    }

    /// The step that a person or model means: by id, title, operation or other words for it.
    fn recognise(&self, given: &str, same: &SameWords, before: &[Option<usize>]) -> Option<usize> {
        let plain = text::squash(given);
        let exact = self.steps.iter().position(|step| step.names().any(|name| text::squash(&name) == plain));
        if exact.is_some() || plain.is_empty() {
            return exact;
        }
        let given = same.of(given);
        let best = self.steps.iter().enumerate().map(|(i, step)| {
            let likeness = step.names().map(|name| likeness(&given, &same.of(&name))).max();
            (likeness.unwrap_or(0), i)
        });
        // A vague word such as "post" means the next step that it could mean.
        let latest = before.iter().flatten().max().copied();
        let next = |i: usize| (!before.contains(&Some(i)), latest.is_none_or(|latest| i > latest), std::cmp::Reverse(i));
        best.filter(|(likeness, _)| *likeness >= ENOUGH).max_by_key(|(likeness, i)| (*likeness, next(*i))).map(|(_, i)| i)
    }
}

/// Likeness, in percent, from which words are taken to mean a step.
const ENOUGH: usize = 60;

impl WorkflowStep {
    fn names(&self) -> impl Iterator<Item = String> {
        [self.id.clone(), self.title.clone(), self.operation.to_string()].into_iter().chain(self.words.iter().cloned())
    }
}

/// Words that say nothing about which step is meant.
const FILLERS: [&str; 15] = ["the", "a", "an", "to", "for", "of", "it", "and", "in", "with", "into", "from", "all", "is", "then"];

/// Shared words in percent of all words (Dice's coefficient).
fn likeness(a: &HashSet<String>, b: &HashSet<String>) -> usize {
    match a.len() + b.len() {
        0 => 0,
        all => a.intersection(b).count() * 200 / all,
    }
}

#[cfg(test)]
#[path = "workflow_tests.rs"]
mod tests;
