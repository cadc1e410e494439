-- What a set of writes is for, and whose ids new records get.

-- What the set is for, in the model's words; absent where it has no title.
ALTER TABLE change_sets ADD COLUMN title TEXT CHECK (title <> '');

-- Whether an environment keeps the id that a create brings along, found out from its answers, for each entity set.
CREATE TABLE own_ids (
    -- Where: tenant, environment and, where there is neither, the address.
    place TEXT NOT NULL,
    entity TEXT NOT NULL CHECK (entity <> ''),
    kept INTEGER NOT NULL CHECK (kept IN (0, 1)),
    found_at INTEGER NOT NULL,
    PRIMARY KEY (place, entity)
) STRICT, WITHOUT ROWID;
