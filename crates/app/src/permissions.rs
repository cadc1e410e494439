//! Permissions of connections: what a person decided, what the organisation laid down, and where both are asked.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use bca_agent::{ApprovedCall, Grouping, SentTogether, ToolCall, ToolContext, ToolExecutor, ToolOutput, ToolSpec};
use bca_approval::{
    ChangeSet, IntentLog, LogError, Organisation, PROTECTED_FIELDS, PermittedWrite, PlannedWrite, PolicyDecision, Rulebook, Rules, Used, WriteQuestion, decide,
};
use bca_protocol::{
    AccessRole, AuditAction, AuditOutcome, Connection, Effect, ErrorCode, Json, Permissions, PermissionsView, RawJson, RunId, ToolCallStatus, UserError,
};
use bca_store::AuditRecord;
use jiff::Timestamp;

use crate::{App, Key, app::lock, audit::details};

/// How old the rules for reading may be.
const FRESH: Duration = Duration::from_secs(2);

impl App {
    /// The permissions of a connection, by name, else of the one in use.
    ///
    /// # Errors
    /// There is no such connection, or none at all; permissions in the database that this version can't read.
    pub async fn permissions(&self, connection: Option<&str>) -> Result<PermissionsView, UserError> {
        let place = self.place(connection).await?;
        let rules = self.rules(&place).await.map_err(unreadable)?;
        let protected_fields = PROTECTED_FIELDS.iter().filter(|field| !rules.permissions.lifted_fields.iter().any(|lifted| lifted.eq_ignore_ascii_case(field)));
        let protected_fields = protected_fields.map(|field| (*field).to_owned()).chain(rules.permissions.never_written_fields.iter().cloned()).collect();
        Ok(PermissionsView {
            dry_run: crate::dry_run::switch(rules.permissions.dry_run, &place),
            dry_run_leaks: bca_protocol::DRY_RUN_LEAKS.to_owned(),
            connection: place.name,
            protected_fields,
            allowed_now: rules.allowed_now(),
            policy_file: self.policy_file().display().to_string(),
            policy: rules.policy_state(),
            effective_role: rules.effective_role(),
            writes_last_hour: rules.used.last_hour,
            writes_last_day: rules.used.last_day,
            permissions: rules.permissions,
        })
    }

    /// Stores what a person decided for a connection; it holds from the next question on. Rules that allow get an end where they
    /// have none (8 hours).
    ///
    /// # Errors
    /// [`ErrorCode::InvalidInput`] with a sentence for what can't be set; then everything stays as it was.
    pub async fn set_permissions(&self, connection: Option<&str>, permissions: Permissions) -> Result<PermissionsView, UserError> {
        let place = self.place(connection).await?;
        let permissions = bca_approval::tidy(permissions, self.inner.clock.now()).map_err(|why| UserError::new(ErrorCode::InvalidInput, why))?;
        let document =
            serde_json::to_string(&permissions).map_err(|e| UserError::new(ErrorCode::Internal, format!("The permissions could not be written: {e}.")))?;
        let before = self.inner.db.permissions(&place.name).await?;
        let told = Json::Object(vec![
            ("before".into(), before.and_then(|text| Json::parse(&text).ok()).unwrap_or(Json::Null)),
            ("after".into(), Json::parse(&document).unwrap_or(Json::Null)),
        ]);
        let record = AuditRecord::new(AuditAction::PermissionsChanged, "permissions").of(place.name.clone()).by_account(place.account).on(place.name.clone());
        self.audit_key_ready().await;
        self.inner.db.set_permissions(&place.name, Some(&document), record.with_details(RawJson::from(&told))).await?;
        self.permissions(Some(&place.name)).await
    }

    /// A connection that permissions can be set for: it need not be usable now.
    async fn place(&self, name: Option<&str>) -> Result<Connection, UserError> {
        if let Some(name) = name
            && let Ok(stored) = self.inner.db.connection(name).await
        {
            return Ok(stored.connection);
        }
        let missing = || UserError::new(ErrorCode::NotConnected, "There is no connection, so there are no permissions to speak of. Add one, or try --demo.");
        let active = match name {
            Some(name) => self.route(Some(name)).await?.map(|route| route.connection),
            None => match self.known_connection().await {
                Some(known) => Some(known),
                None => self.active_connection().await?,
            },
        };
        active.ok_or_else(missing)
    }

    /// What the model is told of what the person may do.
    pub(crate) async fn role_sentence(&self, connection: Option<&Connection>) -> &'static str {
        let role = match connection {
            None => AccessRole::Admin,
            Some(connection) => self.rules(connection).await.map_or(AccessRole::Viewer, |rules| rules.effective_role()),
        };
        match role {
            AccessRole::Admin => "The person may read everything that Business Central lets them, and approves or rejects each change.",
            AccessRole::Editor => {
                "The person may read everything that Business Central lets them, and approves or rejects each change. Deleting and posting are not allowed here."
            }
            AccessRole::Viewer => "The person may read everything that Business Central lets them. Changes are not allowed here: propose none.",
        }
    }

    /// The rules in force for a connection now.
    pub(crate) async fn rules(&self, connection: &Connection) -> Result<Rules, LogError> {
        let now = self.inner.clock.now();
        let (document, last_hour, last_day) = self.inner.db.rules_of(connection, now).await?;
        let permissions = match document {
            None => Permissions::default(),
            Some(text) => serde_json::from_str(&text).map_err(|e| LogError(format!("the permissions of {} can't be read: {e}", connection.name)))?,
        };
        let never_written = self.settings_now().get(Key::NeverWritten).split(',').map(|set| set.trim().to_owned()).filter(|set| !set.is_empty()).collect();
        Ok(Rules { never_written, permissions, organisation: self.organisation().await, used: Used { last_hour, last_day }, now })
    }

    /// The organisation's policy, read anew. A file that is there and can't be used denies every write.
    pub(crate) async fn organisation(&self) -> Organisation {
        let file = self.policy_file();
        let read = tokio::task::spawn_blocking(move || Organisation::read(&file)).await;
        read.unwrap_or_else(|_| Organisation::Unusable("it could not be read".into()))
    }

    fn policy_file(&self) -> PathBuf {
        lock(&self.inner.policy_file).clone().unwrap_or_else(Organisation::usual_file)
    }

    /// Has the organisation's policy read from another file. No setting and no variable does this: a person must not get past it.
    pub fn set_policy_file(&self, file: &Path) {
        *lock(&self.inner.policy_file) = Some(file.to_owned());
    }

    /// Whether another run may begin on this connection.
    ///
    /// # Errors
    /// [`ErrorCode::Conflict`] where as many are at work as may be; rules that can't be read.
    pub(crate) async fn may_run(&self, connection: Option<&Connection>) -> Result<Option<u32>, UserError> {
        let most = match connection {
            None => bca_protocol::WriteLimits::default().concurrent_runs,
            Some(connection) => self.rules(connection).await.map_err(unreadable)?.concurrent_runs(),
        };
        let Some(most) = most else { return Ok(None) };
        if self.inner.db.running().await? >= most {
            // Some may belong to processes that are gone.
            self.inner.db.recover().await?;
        }
        Ok(Some(most))
    }

    /// The tools as they may be used on this connection.
    pub(crate) fn permitted(&self, tools: Arc<dyn ToolExecutor>, connection: Option<&Connection>) -> Arc<dyn ToolExecutor> {
        Arc::new(Permitted { app: self.clone(), tools, connection: connection.cloned(), calls: Mutex::default(), rules: Mutex::default() })
    }

    async fn write_denial(&self, connection: &Connection, resource: &str, why: &str, of: (bca_protocol::SessionId, RunId)) {
        let record = AuditRecord::new(AuditAction::Denied, resource).by_account(connection.account.clone()).on(connection.name.clone());
        let record = record.with_outcome(AuditOutcome::Refused).with_details(details([("why", why.to_owned())]));
        self.audit(AuditRecord { session_id: Some(of.0), run_id: Some(of.1), ..record }).await;
    }
}

fn unreadable(fault: LogError) -> UserError {
    UserError::new(ErrorCode::Store, format!("The permissions could not be read: {fault}. Nothing was changed."))
}

/// The rules of this home, read at every question.
pub(crate) struct HomeRules(pub(crate) App);

#[async_trait]
impl Rulebook for HomeRules {
    async fn rules(&self, connection: &Connection, _now: Timestamp) -> Result<Rules, LogError> {
        self.0.rules(connection).await
    }

    async fn denied(&self, set: &ChangeSet, reason: &str) {
        let resource = set.writes.first().map_or("approval", |write| write.preview.entity.as_str());
        self.0.write_denial(&set.connection, resource, reason, (set.session_id, set.run_id)).await;
    }
}

/// Tools behind the rules: how many calls a run makes, and what is not even read.
struct Permitted {
    app: App,
    tools: Arc<dyn ToolExecutor>,
    connection: Option<Connection>,
    calls: Mutex<HashMap<RunId, u32>>,
    /// What was read last, and when by the steady clock.
    rules: Mutex<Option<(Duration, Arc<Rules>)>>,
}

impl Permitted {
    /// The rules, read anew every few seconds: a run makes many calls, and the gate asks for each write anyway.
    async fn rules(&self, connection: &Connection) -> Result<Arc<Rules>, LogError> {
        let now = self.app.inner.clock.monotonic();
        if let Some((read, rules)) = lock(&self.rules).clone()
            && now.saturating_sub(read) < FRESH
        {
            return Ok(rules);
        }
        let rules = Arc::new(self.app.rules(connection).await?);
        *lock(&self.rules) = Some((now, Arc::clone(&rules)));
        Ok(rules)
    }

    /// The sentence that refuses a call, where there is one.
    async fn refusal(&self, call: &ToolCall, context: &ToolContext) -> Option<String> {
        let connection = self.connection.as_ref()?;
        let rules = match self.rules(connection).await {
            Ok(rules) => rules,
            Err(fault) => return Some(format!("Not done: {fault}.")),
        };
        let made = {
            let mut calls = lock(&self.calls);
            let made = calls.entry(context.run_id).or_default();
            *made = made.saturating_add(1);
            *made
        };
        if let Some(most) = rules.tool_calls_per_run().filter(|most| made > *most) {
            return Some(format!("Not done: {most} tool calls in a run are the limit of this connection. Say what is missing."));
        }
        let question = WriteQuestion {
            effect: Effect::Read,
            tool: &call.tool,
            operation: None,
            entity: &entity_of(&call.input),
            connection: connection.kind,
            contents: None,
        };
        match decide(&question, &rules) {
            PolicyDecision::Deny(why) => Some(why),
            PolicyDecision::Allow(_) | PolicyDecision::Ask { .. } => None,
        }
    }

    async fn refused(&self, call: &ToolCall, context: &ToolContext) -> Option<ToolOutput> {
        let why = self.refusal(call, context).await?;
        if let Some(connection) = &self.connection {
            self.app.write_denial(connection, &call.tool, &why, (context.session_id, context.run_id)).await;
        }
        Some(error(why))
    }
}

impl Permitted {
    /// The refusal of approved writes that the rules of this moment do not allow any more: a set may take minutes to send. They are settled as not
    /// sent.
    async fn taken_back(&self, writes: &[&PermittedWrite]) -> Option<ToolOutput> {
        let connection = self.connection.as_ref()?;
        let why = match self.app.rules(connection).await {
            Ok(rules) => bca_approval::still_allowed(writes.iter().map(|write| &write.planned), connection.kind, &rules).err()?,
            Err(fault) => format!("Nothing was changed: {fault}."),
        };
        for write in writes {
            if let Err(fault) = self.app.inner.db.not_sent(write.permit.change_id(), &why, self.app.inner.clock.now()).await {
                tracing::error!(%fault, "a write that may not be sent could not be recorded as such");
            }
        }
        Some(error(why))
    }
}

fn error(why: String) -> ToolOutput {
    let members = vec![("status".to_owned(), Json::String("error".into())), ("message".to_owned(), Json::String(why))];
    ToolOutput { status: ToolCallStatus::Error, output: RawJson::from(&Json::Object(members)), writes: Vec::new(), fault: None }
}

/// The entity set that a call names; nothing where it names none.
fn entity_of(input: &RawJson) -> String {
    let input = Json::parse(input.as_str()).unwrap_or(Json::Null);
    input.get("entity").and_then(Json::as_str).unwrap_or_default().to_owned()
}

#[async_trait]
impl ToolExecutor for Permitted {
    fn specs(&self) -> Vec<ToolSpec> {
        self.tools.specs()
    }

    fn effect(&self, call: &ToolCall) -> Option<Effect> {
        self.tools.effect(call)
    }

    async fn read(&self, call: &ToolCall, context: &ToolContext) -> ToolOutput {
        match self.refused(call, context).await {
            Some(refused) => refused,
            None => self.tools.read(call, context).await,
        }
    }

    fn grouping(&self, call: &ToolCall) -> Result<Option<Grouping>, ToolOutput> {
        self.tools.grouping(call)
    }

    async fn prepare(&self, call: &ToolCall, context: &ToolContext) -> Result<Vec<PlannedWrite>, ToolOutput> {
        match self.refused(call, context).await {
            Some(refused) => Err(refused),
            None => self.tools.prepare(call, context).await,
        }
    }

    async fn write(&self, call: &ToolCall, writes: Vec<PermittedWrite>, context: &ToolContext) -> ToolOutput {
        match self.taken_back(&writes.iter().collect::<Vec<_>>()).await {
            Some(refused) => {
                self.tools.discard(call).await;
                refused
            }
            None => self.tools.write(call, writes, context).await,
        }
    }

    async fn write_together(&self, calls: Vec<ApprovedCall>, context: &ToolContext) -> SentTogether {
        match self.taken_back(&calls.iter().flat_map(|call| &call.writes).collect::<Vec<_>>()).await {
            Some(refused) => {
                for ApprovedCall { call, .. } in &calls {
                    self.tools.discard(call).await;
                }
                SentTogether::Yes(calls.iter().map(|_| refused.clone()).collect())
            }
            None => self.tools.write_together(calls, context).await,
        }
    }

    async fn discard(&self, call: &ToolCall) {
        self.tools.discard(call).await;
    }
}
