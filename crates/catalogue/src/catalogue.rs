//! The one way in to the facts.

use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;

use bca_protocol::{Effect, Json};

use crate::effect::{Care, EffectTable, Operation, Undo};
use crate::entity::{Entity, Method, Property};
use crate::load::{self, LoadError};
use crate::search::{Index, Match};
use crate::text;
use crate::workflow::{UnknownWorkflow, Workflow, WorkflowCheck, Workflows};

/// Everything known about Business Central's standard API.
#[derive(Default)]
pub struct Catalogue {
    entities: Vec<Entity>,
    by_name: HashMap<String, usize>,
    effects: EffectTable,
    index: Index,
    workflows: Workflows,
    /// Sets of the standard API that an environment lacks.
    lacking: HashSet<String>,
}

impl Catalogue {
    /// The catalogue of the environment in whose scope this runs ([`Catalogue::scope`]), else the embedded one.
    pub fn get() -> &'static Catalogue {
        crate::tenant::current().unwrap_or_else(Catalogue::embedded)
    }

    /// The embedded catalogue, parsed on the first call (under 20 ms) and shared from then on.
    ///
    /// Should the embedded facts be unreadable (a test loads them all, so no tested build is), the
    /// catalogue is empty: nothing is known, and what is unknown is destructive.
    pub fn embedded() -> &'static Catalogue {
        static CATALOGUE: OnceLock<Catalogue> = OnceLock::new();
        CATALOGUE.get_or_init(|| Catalogue::load().unwrap_or_default())
    }

    /// Parses the embedded facts.
    ///
    /// # Errors
    /// When a file of `mcp-data/` is missing or not of the expected shape.
    pub fn load() -> Result<Catalogue, LoadError> {
        Self::assemble(load::entities()?, HashSet::new())
    }

    pub(crate) fn assemble(entities: Vec<Entity>, lacking: HashSet<String>) -> Result<Catalogue, LoadError> {
        let mut by_name = HashMap::new();
        // Set names win over entity names: `companyInformation` is both. The bare name of a custom set counts where nothing else has it.
        for (i, entity) in entities.iter().enumerate().filter(|(_, entity)| !entity.set.contains('/')) {
            by_name.entry(text::squash(&entity.name)).or_insert(i);
        }
        for (i, entity) in entities.iter().enumerate() {
            by_name.insert(text::squash(&entity.set), i);
        }
        for (i, entity) in entities.iter().enumerate().filter(|(_, entity)| entity.set.contains('/')) {
            let bare = entity.set.rsplit('/').next().unwrap_or_default();
            by_name.entry(text::squash(bare)).or_insert(i);
            by_name.entry(text::squash(&entity.name)).or_insert(i);
        }
        let index = Index::new(&entities, load::file("synonyms.json")?);
        Ok(Catalogue { by_name, effects: load::file("effects.json")?, index, workflows: load::file("workflows.json")?, entities, lacking })
    }

    /// Whether the environment lacks this set of the standard API: its release or its permissions do not have it.
    pub fn lacks(&self, set: &str) -> bool {
        self.lacking.contains(self.set_name(set))
    }

    /// All sets, in the order of their names.
    pub fn entities(&self) -> impl Iterator<Item = &Entity> {
        self.entities.iter()
    }

    /// The set of this name. The entity's name and any writing with other capitals, blanks or
    /// hyphens is understood too: `salesInvoice`, `Sales Invoices`.
    pub fn find(&self, set: &str) -> Option<&Entity> {
        let at = self.by_name.get(&text::squash(set))?;
        self.entities.get(*at)
    }

    /// The names of the sets that were probably meant, best first, at most three.
    pub fn suggest(&self, wrong: &str) -> Vec<&str> {
        let names = self.entities.iter().map(|e| e.set.as_str());
        let mut near = text::closest(wrong, names);
        for found in self.search(wrong, 3) {
            if near.len() < 3 && found.score.permille() >= 500 && !near.contains(&found.entity.set.as_str()) {
                near.push(&found.entity.set);
            }
        }
        near
    }

    /// The properties of a set that somebody's words name, best first: `phoneNumber` for
    /// "telephone", `paymentTermsId` for "Payment terms". Empty when none is near.
    pub fn properties_named<'c>(&'c self, set: &str, words: &str) -> Vec<&'c Property> {
        self.find(set).map(|entity| self.index.properties(entity, words)).unwrap_or_default()
    }

    /// The sets that fit everyday words such as "unpaid bills", best first.
    pub fn search(&self, words: &str, limit: usize) -> Vec<Match<'_>> {
        self.index
            .search(words, limit)
            .into_iter()
            .filter_map(|hit| {
                let entity = self.entities.get(hit.entity)?;
                Some(Match { entity, score: hit.score })
            })
            .collect()
    }

    /// What the operation does to the books. Unknown sets and operations are destructive.
    pub fn effect(&self, set: &str, operation: &Operation) -> Effect {
        self.effects.effect(self.set_name(set), &self.exact(set, operation))
    }

    /// As [`Catalogue::effect`], raised to destructive when the data touches a property whose
    /// change posts entries or says where money goes.
    pub fn effect_of(&self, set: &str, operation: &Operation, data: &Json) -> Effect {
        match self.effect(set, operation) {
            Effect::Write if !self.care(set, data).is_empty() => Effect::Destructive,
            effect => effect,
        }
    }

    /// The properties in the data that need care, with the reason.
    pub fn care<'a>(&self, set: &str, data: &'a Json) -> Vec<(&'a str, Care)> {
        let set = self.set_name(set);
        match data {
            Json::Object(pairs) => pairs.iter().filter_map(|(name, _)| Some((name.as_str(), self.effects.care(set, name)?))).collect(),
            _ => Vec::new(),
        }
    }

    /// Whether the operation can be undone, and how.
    pub fn undo(&self, set: &str, operation: &Operation) -> Undo {
        self.effects.undo(self.set_name(set), &self.exact(set, operation))
    }

    /// Whether Business Central offers this operation on the flat set.
    pub fn offers(&self, set: &str, operation: &Operation) -> bool {
        self.find(set).is_some_and(|entity| match operation {
            Operation::Read => entity.allows(Method::Get),
            Operation::Create => entity.allows(Method::Post),
            Operation::Update => entity.allows(Method::Patch),
            Operation::Delete => entity.allows(Method::Delete),
            Operation::Action(name) => entity.action(name).is_some(),
        })
    }

    /// All workflows.
    pub fn workflows(&self) -> impl Iterator<Item = &Workflow> {
        self.workflows.all()
    }

    /// Compares a sequence of steps, in anybody's words, with a workflow.
    ///
    /// # Errors
    /// When there is no such workflow; the error names those that there are.
    pub fn validate_workflow(&self, name: &str, steps: &[String]) -> Result<WorkflowCheck, UnknownWorkflow> {
        self.workflows.check(name, steps)
    }

    /// Whether the table of effects names the operation.
    pub fn knows_effect(&self, set: &str, operation: &Operation) -> bool {
        self.effects.knows(self.set_name(set), &self.exact(set, operation))
    }

    #[cfg(test)]
    pub(crate) fn effects(&self) -> &EffectTable {
        &self.effects
    }

    /// The operation with its action in the API's own writing.
    fn exact(&self, set: &str, operation: &Operation) -> Operation {
        match operation {
            Operation::Action(given) => match self.find(set).and_then(|e| e.action(given)) {
                Some(action) => Operation::Action(action.name.clone()),
                None => operation.clone(),
            },
            other => other.clone(),
        }
    }

    fn set_name<'a>(&'a self, set: &'a str) -> &'a str {
        self.find(set).map_or(set, |e| e.set.as_str())
    }
}

#[cfg(test)]
#[path = "catalogue_tests.rs"]
mod tests;
