-- How often a company's books were written to from this home, by whichever process: what one process read before another one's write is
-- not given for what stands there now.
CREATE TABLE book_versions (
    company_id TEXT PRIMARY KEY,
    version INTEGER NOT NULL CHECK (version > 0)
) STRICT, WITHOUT ROWID;

-- It grows when a write leaves and when its outcome is known, in the transaction that says so.
CREATE TRIGGER changes_version_books AFTER UPDATE OF state ON changes
WHEN NEW.state IN ('sending', 'confirmed', 'failed', 'unknown') AND NEW.state <> OLD.state
BEGIN
    INSERT INTO book_versions (company_id, version) VALUES (NEW.company_id, 1)
    ON CONFLICT (company_id) DO UPDATE SET version = version + 1;
END;
