//! The commands of docs/protocol.md, by what they are about. Each asks the engine one question.

mod accounts;
mod approvals;
mod audit;
mod changes;
mod chat;
mod connections;
mod downloads;
mod history;
mod permissions;
mod settings;
mod system;

use crate::gate::Route;

/// Where each command may find its function.
pub const ROUTES: &[Route] = &[
    accounts::route,
    approvals::route,
    audit::route,
    changes::route,
    chat::route,
    connections::route,
    history::route,
    permissions::route,
    settings::route,
    system::route,
];
