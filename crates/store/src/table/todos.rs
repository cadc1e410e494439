//! The plan of each run, as it stood last.

use std::collections::HashMap;

use bca_protocol::{RunId, SessionId, Todo, TodoId};
use rusqlite::{Connection, params};

use crate::{
    StoreError,
    sql::{At, Text, Worded, statements},
};

statements! {
    CLEAR = "DELETE FROM todos WHERE run_id = ?1";
    INSERT = "INSERT INTO todos (run_id, position, todo_id, content, description, priority, status, completed_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    OF_SESSION = "SELECT t.run_id, t.todo_id, t.content, t.description, t.priority, t.position, t.status, t.completed_at
        FROM agent_executions e JOIN todos t ON t.run_id = e.run_id WHERE e.session_id = ?1 ORDER BY e.id, t.position";
}

/// Replaces the plan, whole.
pub(crate) fn replace(tx: &Connection, run: &str, todos: &[Todo]) -> Result<(), StoreError> {
    tx.prepare_cached(CLEAR)?.execute([run])?;
    let mut insert = tx.prepare_cached(INSERT)?;
    for todo in todos {
        let Todo { id, content, description, priority, order, status, completed_at } = todo;
        insert.execute(params![run, order, id.0, content, description, Worded(*priority), Worded(*status), completed_at.map(At)])?;
    }
    Ok(())
}

/// The plans of a session's runs.
pub(crate) fn of_session(connection: &Connection, session: SessionId) -> Result<HashMap<RunId, Vec<Todo>>, StoreError> {
    let mut plans: HashMap<RunId, Vec<Todo>> = HashMap::new();
    let mut statement = connection.prepare_cached(OF_SESSION)?;
    let mut rows = statement.query([Text(session)])?;
    while let Some(row) = rows.next()? {
        let todo = Todo {
            id: TodoId(row.get(1)?),
            content: row.get(2)?,
            description: row.get(3)?,
            priority: row.get::<_, Worded<_>>(4)?.0,
            order: row.get(5)?,
            status: row.get::<_, Worded<_>>(6)?.0,
            completed_at: row.get::<_, Option<At>>(7)?.map(|at| at.0),
        };
        plans.entry(row.get::<_, Text<_>>(0)?.0).or_default().push(todo);
    }
    Ok(plans)
}
