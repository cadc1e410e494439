//! Tools: the built-in Business Central server (MCP through `rmcp`, one file per tool) and the executor that the agent calls it by.
//!
//! A write takes two steps. `prepare` is a plain call, not MCP: it turns a tool call into the exact request and what it means.
//! The gate decides on that and hands out a permit; the tool's handler, which knows only its call id (in `_meta`), finds what was
//! prepared and redeems the permit for exactly those bytes. A call that was never prepared has nothing to redeem and is refused.

mod answer;
mod attached;
mod cache;
mod files;
mod in_process;
mod server;
mod tenant;
mod tools;
mod toolset;

pub use attached::{NotAttached, attach, find as find_attached};
pub use server::BcToolServer;
pub use tools::{
    BusinessCentral,
    after_trial::LateLook,
    dry_run::{Left, trial_alarm},
    is_file_of,
    own_ids::NewIds,
    undo::Done,
    undo_run::{Made, WayBack},
};
pub use toolset::{StartError, Toolset};
