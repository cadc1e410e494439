//! The data: facts about the sets, how they lie in SQLite, rows, and the connection that a request works in.

pub(crate) mod database;
pub(crate) mod dates;
pub(crate) mod facts;
pub(crate) mod further;
pub(crate) mod layout;
pub(crate) mod row;
pub(crate) mod session;
pub(crate) mod value;
