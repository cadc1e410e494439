//! What the model is told when a set was tried out and would be refused: nobody is asked what can't be had.

use std::time::Duration;

use bca_protocol::{Json, RawJson, ToolCallStatus, TriedOutcome, TriedWrite, UserError};

use crate::{
    ToolOutput,
    run::Run,
    tool_call::{Ended, Prepared, refusal},
};

const NOT_PROPOSED: &str = "Not proposed, because another change of the same set would be refused. Nobody was asked; nothing was changed. Propose it again \
together with the corrected one.";

impl Run {
    /// Gives the calls whose writes would be refused Business Central's own words, and the others of the set the reason why nobody was asked.
    pub(crate) async fn would_fail(&self, prepared: Vec<Prepared>, tried: &[TriedWrite], ended: &mut Vec<Ended>) -> Result<(), UserError> {
        for Prepared { call, writes } in prepared {
            let failure = tried.iter().find(|tried| tried.outcome.is_failure() && writes.iter().any(|write| write.change_id() == tried.change_id));
            let output = failure.map_or_else(|| refusal(ToolCallStatus::Error, NOT_PROPOSED, None), |failure| refused(&failure.outcome));
            self.engine.tools.discard(&call).await;
            ended.push(self.complete(&call, output, Duration::ZERO).await?);
        }
        Ok(())
    }
}

fn refused(outcome: &TriedOutcome) -> ToolOutput {
    let (code, said) = match outcome {
        TriedOutcome::WouldFail { code, message } => (code.as_deref(), message.as_str()),
        TriedOutcome::NotKnown { why } => (None, why.as_str()),
        TriedOutcome::WouldWork { .. } => (None, ""),
    };
    let text = |text: &str| Json::String(text.to_owned());
    let message = format!(
        "It was tried out, and Business Central would refuse it: {said} Nobody was asked; nothing was changed. Correct it and propose it again, or tell the person."
    );
    let mut members = vec![("status".to_owned(), text(ToolCallStatus::Error.as_str())), ("message".to_owned(), text(&message))];
    members.extend(code.map(|code| ("code".to_owned(), text(code))));
    ToolOutput { status: ToolCallStatus::Error, output: RawJson::from(&Json::Object(members)), writes: Vec::new(), fault: None }
}
