//! One run of the agent's loop, and the ports it needs: a model, tools, a transcript. It knows no network and no database.

mod change_set;
mod emitter;
mod grouping;
mod ports;
pub mod prompt;
mod run;
pub mod todos;
mod tool_call;
mod tried;
mod turn;

pub use change_set::PreparedCall;
pub use grouping::{Coming, Grouping, TITLE_LENGTH, late_result};
pub use ports::{
    ApprovedCall, HistoryBlock, Message, ModelError, ModelEvent, ModelProvider, ModelReply, ModelRequest, ModelStop, NewRun, SentTogether, Thinking, ToolCall,
    ToolCompletion, ToolContext, ToolExecutor, ToolFault, ToolOutput, ToolSpec, Transcript, TurnRecord, WriteResult,
};
pub use run::{Engine, Limits, Run, RunRequest};
