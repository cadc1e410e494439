-- What a write was approved on, and what Business Central calls it.

-- Whether the set's connection was the one in use when it was asked about: a person who goes over to another one meanwhile
-- may take a later yes for one about that.
ALTER TABLE change_sets ADD COLUMN was_in_use INTEGER NOT NULL DEFAULT 0 CHECK (was_in_use IN (0, 1));

-- What Business Central calls the request in its own log.
ALTER TABLE changes ADD COLUMN correlation_id TEXT;
