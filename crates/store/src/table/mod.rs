//! One module per table: its SQL, its rows, what reads and what writes it. All take an open transaction or snapshot.

pub(crate) mod accounts;
pub(crate) mod agent_executions;
pub(crate) mod approval_revisions;
pub(crate) mod approvals;
pub(crate) mod audit;
pub(crate) mod book_versions;
pub(crate) mod change_sets;
pub(crate) mod changes;
pub(crate) mod checkpoints;
pub(crate) mod connections;
pub(crate) mod error_logs;
pub(crate) mod instances;
pub(crate) mod leases;
pub(crate) mod mcp_tool_calls;
pub(crate) mod messages;
pub(crate) mod own_ids;
pub(crate) mod performance_metrics;
pub(crate) mod permissions;
pub(crate) mod search;
pub(crate) mod secrets;
pub(crate) mod sessions;
pub(crate) mod settings;
pub(crate) mod todos;
pub(crate) mod trials;

/// Every statement of every table.
#[cfg(test)]
pub(crate) fn statements() -> Vec<(&'static str, &'static str)> {
    [
        accounts::ALL,
        agent_executions::ALL,
        approval_revisions::ALL,
        approvals::ALL,
        audit::ALL,
        book_versions::ALL,
        crate::bound::ALL,
        change_sets::ALL,
        changes::ALL,
        checkpoints::ALL,
        connections::ALL,
        error_logs::ALL,
        instances::ALL,
        leases::ALL,
        mcp_tool_calls::ALL,
        messages::ALL,
        own_ids::ALL,
        performance_metrics::ALL,
        permissions::ALL,
        search::ALL,
        secrets::ALL,
        sessions::ALL,
        settings::ALL,
        todos::ALL,
        trials::ALL,
    ]
    .concat()
}

#[cfg(test)]
#[path = "query_plan_tests.rs"]
mod query_plan_tests;
