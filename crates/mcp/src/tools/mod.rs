//! The eight tools, one file each, and what they share.

pub(crate) mod after_trial;
mod aggregate;
mod captions;
pub(crate) mod change_set;
mod create_entity;
mod delete_entity;
pub(crate) mod dry_run;
mod edit;
mod faults;
mod follow_up;
mod get_schema;
mod image;
mod invoke_action;
mod look_again;
mod look_up;
pub(crate) mod own_ids;
mod prepared;
mod preview;
mod query_entities;
mod recreate;
mod references;
mod send;
mod send_together;
mod shown;
pub(crate) mod undo;
pub(crate) mod undo_run;
mod update_entity;
mod upload;
mod validate_operation;
mod validate_workflow;
mod verify;
mod warnings;

use std::{
    collections::HashMap,
    future::Future,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bca_agent::{ToolCall, ToolContext, WriteResult};
use bca_approval::{IntentLog, PermittedWrite, PlannedWrite, WritePermit};
use bca_bc::{Client, Earlier};
use bca_catalogue::{Catalogue, Entity, Operation};
use bca_protocol::{CallId, Clock, Effect, Json, ToolCallStatus};
use schemars::{JsonSchema, SchemaGenerator, generate::SchemaSettings};
use serde::{Deserialize, de::DeserializeOwned};
use tokio_util::sync::CancellationToken;

use self::faults::is_unavailable;
pub use self::upload::is_file_of;
pub(crate) use self::{
    faults::{failed, fault},
    prepared::{Prepared, Target},
};
use crate::{
    answer::{Answer, object, text},
    cache::ReadCache,
    tenant::{self, Learning},
};

/// A JSON object of any shape, for schemas.
pub(crate) type AnyObject = serde_json::Map<String, serde_json::Value>;

/// A record that others belong to.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ParentInput {
    /// Entity set of the parent, for example `salesOrders`.
    pub(crate) entity: String,
    /// The parent's id (GUID).
    pub(crate) id: String,
}

/// The built-in tools. Their names are part of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tool {
    QueryEntities,
    CreateEntity,
    UpdateEntity,
    DeleteEntity,
    InvokeAction,
    GetSchema,
    ValidateOperation,
    ValidateWorkflow,
}

impl Tool {
    /// In the order in which they are offered: a stable prefix for the provider's cache.
    pub(crate) const ALL: [Self; 8] = [
        Self::QueryEntities,
        Self::CreateEntity,
        Self::UpdateEntity,
        Self::DeleteEntity,
        Self::InvokeAction,
        Self::GetSchema,
        Self::ValidateOperation,
        Self::ValidateWorkflow,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::QueryEntities => "bc_query_entities",
            Self::CreateEntity => "bc_create_entity",
            Self::UpdateEntity => "bc_update_entity",
            Self::DeleteEntity => "bc_delete_entity",
            Self::InvokeAction => "bc_invoke_action",
            Self::GetSchema => "bc_get_schema",
            Self::ValidateOperation => "bc_validate_operation",
            Self::ValidateWorkflow => "bc_validate_workflow",
        }
    }

    pub(crate) fn usual_effect(self) -> Effect {
        match self {
            Self::QueryEntities | Self::GetSchema | Self::ValidateOperation | Self::ValidateWorkflow => Effect::Read,
            Self::CreateEntity | Self::UpdateEntity => Effect::Write,
            Self::DeleteEntity | Self::InvokeAction => Effect::Destructive,
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tool| tool.name() == name)
    }
}

/// The tool as MCP clients are told of it.
pub(crate) fn definition(tool: Tool) -> rmcp::model::Tool {
    let (description, schema) = match tool {
        Tool::QueryEntities => (query_entities::DESCRIPTION, schema::<query_entities::Input>()),
        Tool::CreateEntity => (create_entity::DESCRIPTION, schema::<create_entity::Input>()),
        Tool::UpdateEntity => (update_entity::DESCRIPTION, schema::<update_entity::Input>()),
        Tool::DeleteEntity => (delete_entity::DESCRIPTION, schema::<delete_entity::Input>()),
        Tool::InvokeAction => (invoke_action::DESCRIPTION, schema::<invoke_action::Input>()),
        Tool::GetSchema => (get_schema::DESCRIPTION, schema::<get_schema::Input>()),
        Tool::ValidateOperation => (validate_operation::DESCRIPTION, schema::<validate_operation::Input>()),
        Tool::ValidateWorkflow => (validate_workflow::DESCRIPTION, schema::<validate_workflow::Input>()),
    };
    rmcp::model::Tool::new(tool.name(), description, Arc::new(schema))
}

/// JSON Schema of an input, everything inline and without what only says which draft it follows: each byte costs tokens.
fn schema<T: JsonSchema>() -> AnyObject {
    let mut settings = SchemaSettings::draft2020_12();
    settings.inline_subschemas = true;
    settings.meta_schema = None;
    let mut schema = SchemaGenerator::new(settings).into_root_schema_for::<T>();
    schema.remove("title");
    schema.remove("description");
    match schema.to_value() {
        serde_json::Value::Object(members) => members,
        _ => AnyObject::new(),
    }
}

/// What a call would do to the books, from our own table. What can't be read is destructive.
pub(crate) fn effect(tool: Tool, input: &str) -> Effect {
    #[derive(Deserialize)]
    struct Aim {
        entity: String,
        action: Option<String>,
        data: Option<Json>,
    }
    let operation = |aim: &Aim| match (tool, &aim.action) {
        (Tool::QueryEntities | Tool::GetSchema | Tool::ValidateOperation | Tool::ValidateWorkflow, _) => Operation::Read,
        (Tool::CreateEntity, _) => Operation::Create,
        (Tool::UpdateEntity, _) => Operation::Update,
        (Tool::DeleteEntity, _) => Operation::Delete,
        (Tool::InvokeAction, action) => Operation::Action(action.clone().unwrap_or_default()),
    };
    match tool {
        Tool::QueryEntities | Tool::GetSchema | Tool::ValidateOperation | Tool::ValidateWorkflow => Effect::Read,
        Tool::CreateEntity | Tool::UpdateEntity | Tool::DeleteEntity | Tool::InvokeAction => match serde_json::from_str::<Aim>(input) {
            Err(_) => Effect::Destructive,
            Ok(aim) => {
                let catalogue = Catalogue::get();
                let set = catalogue.find(&aim.entity).map_or(aim.entity.as_str(), |entity| entity.set.as_str());
                // A write tool never counts as a read, whatever a table says.
                catalogue.effect_of(set, &operation(&aim), aim.data.as_ref().unwrap_or(&Json::Null)).max(Effect::Write)
            }
        },
    }
}

/// What came of a write call, beside its answer.
pub(crate) struct Outcome {
    pub(crate) status: ToolCallStatus,
    pub(crate) writes: Vec<WriteResult>,
}

/// One connection to Business Central with the writes that are prepared on it.
pub struct BusinessCentral {
    client: Option<Client>,
    intents: Arc<dyn IntentLog>,
    clock: Arc<dyn Clock>,
    calls: Mutex<HashMap<CallId, Pending>>,
    /// What creates gave, for later writes that refer to it.
    created: Mutex<Earlier>,
    cache: ReadCache,
    learning: Learning,
    /// Where files of records are saved for the person.
    files: Option<PathBuf>,
    /// Who knows which sets keep the ids that new records bring along; without, none brings one.
    own_ids: Option<own_ids::Finding>,
}

/// A call on its way from preparation to its outcome.
#[derive(Default)]
struct Pending {
    prepared: Option<Prepared>,
    permit: Option<WritePermit>,
    /// The file that goes with it, or by itself.
    upload: Option<upload::Upload>,
    outcome: Option<Outcome>,
}

impl BusinessCentral {
    /// Tools over this client; without one, only what needs no connection works.
    #[must_use]
    pub fn new(client: Option<Client>, intents: Arc<dyn IntentLog>, clock: Arc<dyn Clock>) -> Self {
        Self {
            client,
            intents,
            clock,
            calls: Mutex::default(),
            created: Mutex::default(),
            cache: ReadCache::default(),
            learning: Learning::default(),
            files: None,
            own_ids: None,
        }
    }

    /// The same, with custom APIs that the person named beside those that the environment tells of, and the folder for saved files.
    #[must_use]
    pub fn with(self, apis: Vec<bca_bc::ApiName>, files: PathBuf) -> Self {
        Self { learning: Learning::new(apis), files: Some(files), ..self }
    }

    /// Today, for what is overdue.
    fn today(&self) -> jiff::civil::Date {
        self.clock.now().to_zoned(jiff::tz::TimeZone::system()).date()
    }

    pub(crate) fn client(&self) -> Result<&Client, Answer> {
        self.client.as_ref().ok_or_else(|| {
            Answer::error_with(
                "not_connected",
                "There is no connection to Business Central.",
                "Tell the person to connect a company or to try the demo company.",
            )
        })
    }

    /// The catalogue of the environment, learned now.
    async fn learn(&self, cancel: &CancellationToken) -> Option<&'static Catalogue> {
        let client = self.client.as_ref()?;
        Some(self.learning.learned(client, self.clock.as_ref(), cancel).await)
    }

    /// What is known now; where that does not know what was asked for, the environment is learned and asked again.
    async fn knowing<T, F>(&self, cancel: &CancellationToken, attempt: impl Fn() -> F, unknown: impl Fn(&T) -> bool) -> T
    where
        F: Future<Output = T> + Send,
    {
        let known = self.client.as_ref().map_or_else(Catalogue::embedded, Client::catalogue);
        let first = known.scope(attempt()).await;
        if !unknown(&first) || self.client.as_ref().is_none_or(tenant::is_learned) {
            return first;
        }
        match self.learn(cancel).await.filter(|learned| !std::ptr::eq(*learned, known)) {
            Some(learned) => learned.scope(attempt()).await,
            None => first,
        }
    }

    /// Answers a call. A write finds what was prepared for it and its permit, or is refused.
    pub(crate) async fn call(&self, tool: Tool, input: &str, call_id: Option<&CallId>, cancel: &CancellationToken) -> Answer {
        match tool {
            Tool::CreateEntity | Tool::UpdateEntity | Tool::DeleteEntity | Tool::InvokeAction => {
                let known = self.client.as_ref().map_or_else(Catalogue::embedded, Client::catalogue);
                known.scope(self.answer(tool, input, call_id, cancel)).await
            }
            Tool::GetSchema => {
                // Its whole point is what this environment has.
                let known = self.learn(cancel).await.unwrap_or_else(Catalogue::embedded);
                known.scope(self.answer(tool, input, call_id, cancel)).await
            }
            Tool::QueryEntities | Tool::ValidateOperation | Tool::ValidateWorkflow => {
                self.begin_captions();
                self.knowing(cancel, || self.answer(tool, input, call_id, cancel), is_about_the_unknown).await
            }
        }
    }

    async fn answer(&self, tool: Tool, input: &str, call_id: Option<&CallId>, cancel: &CancellationToken) -> Answer {
        let answer = match tool {
            Tool::QueryEntities => match parse(input) {
                Ok(parsed) => query_entities::run(self, &parsed, input, cancel).await,
                Err(answer) => Err(answer),
            },
            Tool::GetSchema => parse(input).map(|input| get_schema::run(&input)),
            Tool::ValidateOperation => parse(input).map(|input| validate_operation::run(&input)),
            Tool::ValidateWorkflow => parse(input).map(|input| validate_workflow::run(&input)),
            Tool::CreateEntity | Tool::UpdateEntity | Tool::DeleteEntity | Tool::InvokeAction => Ok(self.send_approved(call_id).await),
        };
        answer.unwrap_or_else(|answer| answer)
    }

    /// Turns a call into the exact request and what it means.
    pub(crate) async fn prepare(&self, tool: Tool, call: &ToolCall, context: &ToolContext) -> Result<Vec<PlannedWrite>, Answer> {
        let cancel = &context.cancel;
        self.learn_captions(cancel).await;
        let input = &references::named(call.input.as_str(), &context.earlier, context.counted)?;
        let unknown = |planned: &Result<Vec<PlannedWrite>, Answer>| planned.as_ref().is_err_and(is_about_the_unknown);
        self.knowing(cancel, || self.prepare_known(tool, input, &call.call_id, context), unknown).await
    }

    async fn prepare_known(&self, tool: Tool, input: &str, call_id: &CallId, context: &ToolContext) -> Result<Vec<PlannedWrite>, Answer> {
        let cancel = &context.cancel;
        if let Some(writes) = upload::prepare(self, tool, input, call_id, &context.earlier, cancel).await? {
            return Ok(writes);
        }
        let mut prepared = match tool {
            Tool::CreateEntity => create_entity::prepare(self, parse(input)?, call_id, cancel).await?,
            Tool::UpdateEntity => update_entity::prepare(self, parse(input)?, call_id, cancel).await?,
            Tool::DeleteEntity => delete_entity::prepare(self, parse(input)?, call_id, cancel).await?,
            Tool::InvokeAction => invoke_action::prepare(self, parse(input)?, call_id, cancel).await?,
            Tool::QueryEntities | Tool::GetSchema | Tool::ValidateOperation | Tool::ValidateWorkflow => {
                return Err(Answer::error("not_a_write", "This tool changes nothing."));
            }
        };
        references::known(&prepared.planned, &context.earlier)?;
        references::label(&mut prepared.planned.preview, &context.earlier);
        warnings::doubles(&mut prepared.planned.preview, &context.earlier);
        let planned = prepared.planned.clone();
        self.keep(call_id, prepared);
        Ok(vec![planned])
    }

    /// Lays an approved write ready for its call, as it was approved: a person may have edited what was prepared.
    pub(crate) fn deposit(&self, write: PermittedWrite) {
        // From here on what was read may no longer be so.
        self.cache.clear();
        let PermittedWrite { planned, permit } = write;
        let mut calls = self.calls();
        let Some(pending) = calls.get_mut(permit.call_id()) else { return };
        match (&mut pending.prepared, &mut pending.upload) {
            (_, Some(upload)) if upload.planned.change_id() == planned.change_id() => upload.permit = Some(permit),
            (Some(prepared), _) => {
                prepared.become_approved(planned);
                pending.permit = Some(permit);
            }
            (None, _) => {}
        }
    }

    /// Keeps a write until its call is answered or given up.
    pub(crate) fn keep(&self, call_id: &CallId, prepared: Prepared) {
        self.calls().insert(call_id.clone(), Pending { prepared: Some(prepared), ..Pending::default() });
    }

    /// What came of a write call. A call whose permit is still there sent nothing; one whose permit is gone and that left no
    /// outcome may have been sent.
    pub(crate) fn outcome(&self, call_id: &CallId) -> Outcome {
        let mut calls = self.calls();
        let nothing_sent = Outcome { status: ToolCallStatus::Error, writes: Vec::new() };
        match calls.get_mut(call_id) {
            None => nothing_sent,
            Some(pending) => match (pending.outcome.take(), pending.permit.is_some() || pending.upload.as_ref().is_some_and(|file| file.permit.is_some())) {
                (Some(outcome), _) => outcome,
                (None, true) => nothing_sent,
                (None, false) => Outcome { status: ToolCallStatus::Unknown, writes: Vec::new() },
            },
        }
    }

    pub(crate) fn forget(&self, call_id: &CallId) {
        self.calls().remove(call_id);
    }

    fn take(&self, call_id: &CallId) -> Option<(CallId, Prepared, WritePermit)> {
        let mut calls = self.calls();
        let pending = calls.get_mut(call_id)?;
        match (pending.prepared.take(), pending.permit.take()) {
            (Some(prepared), Some(permit)) => Some((call_id.clone(), prepared, permit)),
            _ => None,
        }
    }

    fn record(&self, call_id: &CallId, outcome: Outcome) {
        self.cache.clear();
        if let Some(pending) = self.calls().get_mut(call_id) {
            // A call may send its file after its write.
            let Outcome { status: before, mut writes } = pending.outcome.take().unwrap_or(Outcome { status: outcome.status, writes: Vec::new() });
            writes.extend(outcome.writes);
            // A file that was not sent makes nothing known of its record.
            let status = if before == ToolCallStatus::Unknown { before } else { outcome.status };
            pending.outcome = Some(Outcome { status, writes });
        }
    }

    /// The map stays whole even where a thread panicked while it held the lock.
    fn calls(&self) -> MutexGuard<'_, HashMap<CallId, Pending>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads a tool's input; the model is told what is wrong with it.
fn parse<T: DeserializeOwned>(input: &str) -> Result<T, Answer> {
    serde_json::from_str(input).map_err(|fault| Answer::error("invalid_input", format!("The input is not as the tool's schema asks: {fault}")))
}

pub(crate) fn unknown_entity(name: &str) -> Answer {
    let shown: String = name.chars().take(80).collect();
    let close = Catalogue::get().suggest(name);
    let message = format!("There is no entity set `{shown}`.");
    if close.is_empty() {
        Answer::error_with("unknown_entity", message, "Find it with bc_get_schema and `search`.")
    } else {
        Answer::error_with("unknown_entity", message, format!("Did you mean {}?", close.join(", ")))
    }
}

pub(crate) fn entity(name: &str) -> Result<&'static Entity, Answer> {
    let found = Catalogue::get().find(name).ok_or_else(|| unknown_entity(name))?;
    if Catalogue::get().lacks(&found.set) {
        return Err(Answer::error("not_offered", format!("This environment has no `{}`: its release or its extensions do not offer it.", found.set)));
    }
    Ok(found)
}

/// Whether an answer says that something is not known which the environment may know.
fn is_about_the_unknown(answer: &Answer) -> bool {
    let problem = |code: &str| matches!(code, "unknown_entity" | "unknown_property" | "bad_query" | "invalid" | "not_found" | "BadRequest_NotFound");
    match answer.json.get("error") {
        Some(error) => error.get("code").and_then(Json::as_str).is_some_and(problem),
        // A check that found something wrong.
        None => answer.json.get("valid") == Some(&Json::Bool(false)),
    }
}

/// Refuses what the catalogue knows to be wrong; gives the remarks of a proposal that may go on.
fn validated(proposal: &bca_catalogue::Proposal<'_>) -> Result<Vec<bca_protocol::Note>, Answer> {
    // An id that an earlier write of the turn will give has the form of one by then.
    let filled = proposal.data.map(references::filled);
    let validation = Catalogue::get().validate(&bca_catalogue::Proposal { data: filled.as_ref(), ..*proposal });
    if validation.is_valid() {
        // Whether there is a way back is shown in a place of its own.
        let shown_elsewhere = |note: &String| matches!(&validation.undo, bca_catalogue::Undo::Irreversible { why, .. } if note.contains(why.as_str()));
        let info = |text: &String| bca_protocol::Note { kind: bca_protocol::NoteKind::Info, text: text.clone() };
        return Ok(validation.notes.iter().filter(|note| !shown_elsewhere(note)).map(info).collect());
    }
    let sentences: Vec<&str> = validation.problems.iter().map(|p| p.message.as_str()).collect();
    let message = format!("Nothing was proposed: {}", sentences.join(" "));
    let report = validate_operation::report(&validation);
    let json = object([("error", object([("code", text("invalid")), ("message", text(message)), ("validation", report)]))]);
    Err(Answer { status: ToolCallStatus::Error, json })
}

#[cfg(test)]
#[path = "budget_tests.rs"]
mod tests;
