use std::sync::Arc;

use bca_protocol::{CallId, ToolCallStatus};
use rmcp::{
    ErrorData, RoleServer, ServerHandler,
    model::{
        CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, Implementation, ListToolsResult, PaginatedRequestParams, ServerCapabilities,
        ServerConfig,
    },
    service::RequestContext,
};

use crate::{
    answer::Answer,
    tools::{self, BusinessCentral, Tool},
};

/// The member of `_meta` that names the engine's call; only the engine's own client sets it.
pub(crate) const CALL_ID: &str = "bc-agent/call-id";

/// The built-in MCP server `bc`: eight tools over one connection to Business Central.
#[derive(Clone)]
pub struct BcToolServer {
    business_central: Arc<BusinessCentral>,
}

impl BcToolServer {
    /// A server over the given connection.
    #[must_use]
    pub fn new(business_central: Arc<BusinessCentral>) -> Self {
        Self { business_central }
    }
}

impl ServerHandler for BcToolServer {
    fn get_info(&self) -> ServerConfig {
        let mut info = ServerConfig::new(ServerCapabilities::builder().enable_tools().build());
        info.server_info = Implementation::new("bc", env!("CARGO_PKG_VERSION"));
        info.instructions = Some("Tools for Microsoft Dynamics 365 Business Central. Every write waits for a person's approval.".into());
        info
    }

    async fn list_tools(&self, _request: Option<PaginatedRequestParams>, _context: RequestContext<RoleServer>) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult::with_all_items(Tool::ALL.into_iter().map(tools::definition).collect()))
    }

    async fn call_tool(&self, request: CallToolRequestParams, context: RequestContext<RoleServer>) -> Result<CallToolResponse, ErrorData> {
        let Some(tool) = Tool::from_name(&request.name) else {
            return Err(ErrorData::invalid_params(format!("There is no tool `{}`.", request.name), None));
        };
        let meta = request.meta.as_ref().unwrap_or(&context.meta);
        let call_id = meta.0.0.get(CALL_ID).and_then(|id| id.as_str()).map(CallId::from_provider);
        let input = serde_json::to_string(&request.arguments.unwrap_or_default()).map_err(|e| ErrorData::invalid_params(e.to_string(), None))?;
        let answer = self.business_central.call(tool, &input, call_id.as_ref(), &context.ct).await;
        Ok(result(&answer).into())
    }
}

/// The text is the exact JSON; the structured form carries the same for clients that want it (its numbers are floats there,
/// because that is what JSON libraries do with them).
fn result(answer: &Answer) -> CallToolResult {
    let exact = answer.json.to_string();
    let content = vec![ContentBlock::text(exact.clone())];
    let mut result = match answer.status {
        ToolCallStatus::Ok => CallToolResult::success(content),
        ToolCallStatus::Error | ToolCallStatus::Rejected | ToolCallStatus::Expired | ToolCallStatus::Aborted | ToolCallStatus::Unknown => {
            CallToolResult::error(content)
        }
    };
    result.structured_content = serde_json::from_str(&exact).ok();
    result
}
