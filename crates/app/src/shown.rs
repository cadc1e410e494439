//! Results that a window shows: whether they still hold, and reading them again.

use bca_agent::{ToolCall, ToolContext};
use bca_protocol::{CallId, Effect, ErrorCode, Json, RawJson, RunId, SessionId, ShownChange, ShownResult, ToolCallStatus, UserError};
use tokio_util::sync::CancellationToken;

use crate::App;

/// The tool whose results are kept fresh.
const TOOL: &str = "bc_query_entities";

impl App {
    /// How many records of each shown result were created or changed since it was read, by one small read for each (eight at most).
    /// Deletions are not seen.
    ///
    /// # Errors
    /// [`ErrorCode::NotConnected`]; faults of Business Central: a window asks again later, and less often.
    pub async fn shown_changes(&self, connection: Option<&str>, shown: &[ShownResult]) -> Result<Vec<ShownChange>, UserError> {
        let bench = self.workbench(connection).await?;
        bench.tools.business_central().changed_since_shown(shown, &CancellationToken::new()).await
    }

    /// The same question, read again now; past what was kept, and under the same rules as a model's. The answer is the window's only: a
    /// conversation keeps what its run read.
    ///
    /// # Errors
    /// [`ErrorCode::InvalidInput`] for what is no question for records; the tool's own sentence where it fails.
    pub async fn read_again(&self, connection: Option<&str>, input: &RawJson) -> Result<RawJson, UserError> {
        let bench = self.workbench(connection).await?;
        let Ok(Json::Object(mut members)) = input.tree() else { return Err(UserError::new(ErrorCode::InvalidInput, "This is no question for records.")) };
        // A file that was saved once is not saved again.
        members.retain(|(name, _)| !matches!(name.as_str(), "refresh" | "save"));
        members.push(("refresh".to_owned(), Json::Bool(true)));
        let call = ToolCall { call_id: CallId::fresh(), tool: TOOL.to_owned(), input: RawJson::from(&Json::Object(members)) };
        let context = ToolContext { session_id: SessionId::new(), run_id: RunId::new(), cancel: CancellationToken::new(), earlier: Vec::new(), counted: None };
        let tools = self.permitted(std::sync::Arc::clone(&bench.tools) as _, bench.connection.as_ref());
        if tools.effect(&call) != Some(Effect::Read) {
            return Err(UserError::new(ErrorCode::InvalidInput, "This is no question for records."));
        }
        let output = tools.read(&call, &context).await;
        if output.status == ToolCallStatus::Ok {
            return Ok(output.output);
        }
        let tree = output.output.tree().unwrap_or(Json::Null);
        let message = tree.get("error").and_then(|error| error.get("message")).and_then(Json::as_str).unwrap_or("It could not be read.");
        Err(output.fault.map_or_else(|| UserError::new(ErrorCode::InvalidInput, message), |fault| UserError::new(fault.code, fault.message)))
    }
}
