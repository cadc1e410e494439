-- The audit log, permissions, and agreements with model providers.

-- Who the audit log speaks of. Entries name the reference only, so that deleting a person's data leaves the chain whole: the name,
-- its salt and the keys of the details go, the entries stay.
CREATE TABLE audit_accounts (
    account_ref INTEGER PRIMARY KEY,
    -- Gone when the account's data was deleted.
    account TEXT UNIQUE,
    salt BLOB,
    -- Keyed hash of the name under the salt; every entry's seal covers it, so a name can't be exchanged.
    commitment BLOB NOT NULL CHECK (length(commitment) = 32),
    created_at INTEGER NOT NULL,
    deleted_at INTEGER,
    CHECK ((account IS NULL) = (deleted_at IS NOT NULL) AND (account IS NULL) = (salt IS NULL))
) STRICT;

-- The key of an account's details (AES-256-GCM), itself encrypted under the log's key of that id: nonce, ciphertext and tag.
CREATE TABLE audit_keys (
    account_ref INTEGER NOT NULL REFERENCES audit_accounts (account_ref),
    key_id BLOB NOT NULL CHECK (length(key_id) = 8),
    wrapped BLOB NOT NULL,
    PRIMARY KEY (account_ref, key_id)
) STRICT, WITHOUT ROWID;

-- Append-only. Each entry's seal is a keyed hash (HMAC-SHA-256) over the seal before it and over all that stands in its row.
CREATE TABLE audit (
    seq INTEGER PRIMARY KEY CHECK (seq > 0),
    at INTEGER NOT NULL,
    account_ref INTEGER NOT NULL REFERENCES audit_accounts (account_ref),
    client TEXT NOT NULL,
    version TEXT NOT NULL,
    connection TEXT,
    session_id TEXT,
    run_id TEXT,
    correlation_id TEXT,
    action TEXT NOT NULL,
    resource TEXT NOT NULL,
    resource_id TEXT,
    outcome TEXT NOT NULL,
    -- Nonce, ciphertext and tag.
    details BLOB,
    -- Evidence about a write: not under the retention.
    evidence INTEGER NOT NULL CHECK (evidence IN (0, 1)),
    -- Which key made the seal: the first bytes of a keyed hash, no secret.
    key_id BLOB NOT NULL CHECK (length(key_id) = 8),
    seal BLOB NOT NULL CHECK (length(seal) = 32)
) STRICT;
CREATE INDEX audit_by_time ON audit (at);
CREATE INDEX audit_by_account ON audit (account_ref, at);
CREATE INDEX audit_by_client ON audit (client, at);
CREATE INDEX audit_by_action ON audit (action, at);
CREATE INDEX audit_by_resource ON audit (resource, at);
CREATE INDEX audit_by_resource_id ON audit (resource_id, at) WHERE resource_id IS NOT NULL;
CREATE INDEX audit_by_outcome ON audit (outcome, at);
CREATE INDEX audit_by_connection ON audit (connection, at) WHERE connection IS NOT NULL;
CREATE INDEX audit_by_session ON audit (session_id, at) WHERE session_id IS NOT NULL;
CREATE INDEX audit_prunable ON audit (at) WHERE evidence = 0;

-- The newest entry, sealed once more: a log that lost its end is noticed also without a checkpoint.
CREATE TABLE audit_head (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    seq INTEGER NOT NULL,
    seal BLOB NOT NULL CHECK (length(seal) = 32),
    key_id BLOB NOT NULL CHECK (length(key_id) = 8),
    mark BLOB NOT NULL CHECK (length(mark) = 32)
) STRICT;

-- Places of entries that retention removed. The entry `by_seq` of the log names the digest of its gaps.
CREATE TABLE audit_gaps (
    from_seq INTEGER PRIMARY KEY,
    to_seq INTEGER NOT NULL CHECK (to_seq >= from_seq),
    -- The seal of the last removed entry: the chain goes on from it.
    seal BLOB NOT NULL CHECK (length(seal) = 32),
    by_seq INTEGER NOT NULL
) STRICT;
CREATE INDEX audit_gaps_by_entry ON audit_gaps (by_seq);

CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit
    WHEN old.evidence = 1 OR NOT EXISTS (SELECT 1 FROM audit_gaps WHERE from_seq <= old.seq AND to_seq >= old.seq)
    BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
-- Entries come at the end only; this also keeps REPLACE out, for which no DELETE trigger fires.
CREATE TRIGGER audit_at_the_end BEFORE INSERT ON audit WHEN new.seq <= (SELECT coalesce(max(seq), 0) FROM audit)
    BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_gaps_no_update BEFORE UPDATE ON audit_gaps BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_gaps_no_delete BEFORE DELETE ON audit_gaps BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_head_no_delete BEFORE DELETE ON audit_head BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_accounts_no_delete BEFORE DELETE ON audit_accounts BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;

-- What a person decided beforehand, by connection: one JSON document each.
CREATE TABLE permissions (
    connection TEXT PRIMARY KEY CHECK (connection <> ''),
    document TEXT NOT NULL CHECK (json_valid(document)),
    updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- That company data goes to a model provider.
CREATE TABLE agreements (
    provider TEXT PRIMARY KEY CHECK (provider <> ''),
    version INTEGER NOT NULL,
    how TEXT NOT NULL CHECK (how IN ('person', 'environment')),
    agreed_at INTEGER NOT NULL,
    withdrawn_at INTEGER
) STRICT, WITHOUT ROWID;

-- Writes of the last hour and day, counted before each question.
CREATE INDEX changes_by_company ON changes (company_id, created_at);
