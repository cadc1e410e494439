use std::sync::Arc;

use async_trait::async_trait;
use bca_agent::{ApprovedCall, Grouping, SentTogether, ToolCall, ToolContext, ToolExecutor, ToolOutput, ToolSpec};
use bca_approval::{PermittedWrite, PlannedWrite};
use bca_protocol::{CallId, Effect, RawJson, ToolCallStatus};
use rmcp::{
    RoleClient, ServiceExt,
    model::{CallToolRequestParams, CallToolResult, JsonObject, RequestMetaObject},
    service::{RunningService, ServiceError},
};

use crate::{
    BcToolServer,
    answer::Answer,
    in_process,
    server::CALL_ID,
    tools::{self, BusinessCentral, Outcome, Tool},
};

/// The built-in server could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Client and server did not agree, which would be a fault of ours.
    #[error("the built-in tools did not start: {0}")]
    Handshake(String),
}

/// The agent's tools: calls go through an in-process MCP client to [`BcToolServer`]; preparing a write doesn't.
pub struct Toolset {
    business_central: Arc<BusinessCentral>,
    client: RunningService<RoleClient, ()>,
    specs: Vec<ToolSpec>,
}

impl Toolset {
    /// Starts the server and connects the client.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn start(business_central: Arc<BusinessCentral>) -> Result<Self, StartError> {
        let handshake = |fault: &dyn std::fmt::Display| StartError::Handshake(fault.to_string());
        let (client_end, server_end) = in_process::line();
        let server = BcToolServer::new(Arc::clone(&business_central));
        tokio::spawn(async move {
            match server.serve(server_end).await {
                Ok(running) => drop(running.waiting().await),
                Err(fault) => tracing::error!(%fault, "the built-in tool server stopped"),
            }
        });
        let client = ().serve(client_end).await.map_err(|fault| handshake(&fault))?;
        let tools = client.list_all_tools().await.map_err(|fault| handshake(&fault))?;
        let specs = tools
            .into_iter()
            .map(|tool| {
                let input_schema = RawJson::from_value(&*tool.input_schema).map_err(|fault| handshake(&fault))?;
                Ok(ToolSpec { name: tool.name.into_owned(), description: tool.description.unwrap_or_default().into_owned(), input_schema })
            })
            .collect::<Result<_, StartError>>()?;
        Ok(Self { business_central, client, specs })
    }

    /// What a tool usually does to the books; a single call may be graver ([`ToolExecutor::effect`]). `None` where there is no such tool.
    #[must_use]
    pub fn usual_effect(name: &str) -> Option<Effect> {
        Tool::from_name(name).map(Tool::usual_effect)
    }

    /// The connection behind the tools, for finding out what became of a write.
    #[must_use]
    pub fn business_central(&self) -> &BusinessCentral {
        &self.business_central
    }

    /// Gives up writes that were prepared and will not be proposed.
    pub async fn forget(&self, calls: &[bca_agent::PreparedCall]) {
        for prepared in calls {
            self.discard(&prepared.call).await;
        }
    }

    async fn call(&self, call: &ToolCall) -> Answer {
        let arguments: JsonObject = match serde_json::from_str(call.input.as_str()) {
            Ok(arguments) => arguments,
            Err(_) => return not_an_object(),
        };
        let mut params = CallToolRequestParams::new(call.tool.clone());
        params.arguments = Some(arguments);
        let mut meta = RequestMetaObject::new();
        meta.0.0.insert(CALL_ID.to_owned(), call.call_id.as_str().into());
        params.meta = Some(meta);
        match self.client.call_tool(params).await {
            Ok(result) => answer_of(&result),
            Err(ServiceError::McpError(fault)) => Answer::error("tool_failed", fault.message.into_owned()),
            Err(fault) => Answer::error("tool_failed", format!("The tool did not answer: {fault}.")),
        }
    }
}

fn not_an_object() -> Answer {
    Answer::error("invalid_input", "The input is not a JSON object. Send it again as the tool's schema asks.")
}

fn answer_of(result: &CallToolResult) -> Answer {
    let text = result.content.iter().find_map(|content| content.as_text()).map(|content| content.text.as_str()).unwrap_or("null");
    let json = bca_protocol::Json::parse(text).unwrap_or_else(|_| bca_protocol::Json::String(text.to_owned()));
    let status = if result.is_error == Some(true) { ToolCallStatus::Error } else { ToolCallStatus::Ok };
    Answer { status, json }
}

fn output(answer: &Answer) -> ToolOutput {
    ToolOutput { status: answer.status, output: RawJson::from(&answer.json), writes: Vec::new(), fault: tools::fault(&answer.json) }
}

#[async_trait]
impl ToolExecutor for Toolset {
    fn specs(&self) -> Vec<ToolSpec> {
        self.specs.clone()
    }

    fn effect(&self, call: &ToolCall) -> Option<Effect> {
        Tool::from_name(&call.tool).map(|tool| tools::effect(tool, call.input.as_str()))
    }

    async fn read(&self, call: &ToolCall, _context: &ToolContext) -> ToolOutput {
        output(&self.call(call).await)
    }

    fn grouping(&self, call: &ToolCall) -> Result<Option<Grouping>, ToolOutput> {
        tools::change_set::grouping(call.input.as_str()).map_err(|answer| output(&answer))
    }

    async fn prepare(&self, call: &ToolCall, context: &ToolContext) -> Result<Vec<PlannedWrite>, ToolOutput> {
        let Some(tool) = Tool::from_name(&call.tool) else { return Err(output(&Answer::error("unknown_tool", "There is no such tool."))) };
        match self.business_central.prepare(tool, call, context).await {
            Ok(planned) => Ok(planned),
            Err(answer) => Err(output(&answer)),
        }
    }

    async fn write(&self, call: &ToolCall, writes: Vec<PermittedWrite>, _context: &ToolContext) -> ToolOutput {
        for write in writes {
            self.business_central.deposit(write);
        }
        let answer = self.call(call).await;
        // The outcome is the server's own record, not what can be read out of the answer's text.
        let Outcome { status, writes } = self.business_central.outcome(&call.call_id);
        let status = match (answer.status, status) {
            (ToolCallStatus::Ok, status) => status,
            (failed, ToolCallStatus::Ok) => failed,
            (_, status) => status,
        };
        self.business_central.forget(&call.call_id);
        ToolOutput { status, writes, ..output(&answer) }
    }

    async fn write_together(&self, calls: Vec<ApprovedCall>, _context: &ToolContext) -> SentTogether {
        if !self.business_central.go_together(&calls) {
            return SentTogether::InOrder(calls);
        }
        let ids: Vec<CallId> = calls.iter().map(|approved| approved.call.call_id.clone()).collect();
        for write in calls.into_iter().flat_map(|approved| approved.writes) {
            self.business_central.deposit(write);
        }
        let answers = self.business_central.send_together(&ids).await;
        let finished = |(id, answer): (&CallId, Answer)| {
            let Outcome { status, writes } = self.business_central.outcome(id);
            self.business_central.forget(id);
            ToolOutput { status, writes, ..output(&answer) }
        };
        SentTogether::Yes(ids.iter().zip(answers).map(finished).collect())
    }

    async fn discard(&self, call: &ToolCall) {
        self.business_central.forget(&call.call_id);
    }
}
