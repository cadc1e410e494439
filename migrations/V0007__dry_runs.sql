-- What came of trying a set out before its question was put, JSON; absent where that is off for the connection.
ALTER TABLE approvals ADD COLUMN dry_run TEXT CHECK (dry_run IS NULL OR json_valid(dry_run));
