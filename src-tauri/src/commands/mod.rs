//! The commands of docs/protocol.md, by what they are about. Each asks the engine one question.

mod approvals;
mod chat;
mod connections;
mod history;
mod settings;
mod system;

use crate::gate::Route;

/// Where each command may find its function.
pub const ROUTES: &[Route] = &[approvals::route, chat::route, connections::route, history::route, settings::route, system::route];
