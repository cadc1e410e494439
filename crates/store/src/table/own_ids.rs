//! Whether an environment keeps the id that a create brings along, by entity set.

use bca_approval::OwnIds;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use crate::{
    StoreError,
    sql::{At, statements},
};

statements! {
    FOUND = "INSERT INTO own_ids (place, entity, kept, found_at) VALUES (?1, ?2, ?3, ?4)
        ON CONFLICT (place, entity) DO UPDATE SET kept = excluded.kept, found_at = excluded.found_at";
    KNOWN = "SELECT kept FROM own_ids WHERE place = ?1 AND entity = ?2";
}

pub(crate) fn found(tx: &Connection, place: &str, entity: &str, found: OwnIds, at: Timestamp) -> Result<(), StoreError> {
    tx.prepare_cached(FOUND)?.execute(params![place, entity, found == OwnIds::Kept, At(at)])?;
    Ok(())
}

pub(crate) fn known(connection: &Connection, place: &str, entity: &str) -> Result<Option<OwnIds>, StoreError> {
    let kept: Option<bool> = connection.prepare_cached(KNOWN)?.query_row([place, entity], |row| row.get(0)).optional()?;
    Ok(kept.map(|kept| if kept { OwnIds::Kept } else { OwnIds::NotKept }))
}
