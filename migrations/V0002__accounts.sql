-- People who signed in, their sealed secrets, the list of keys, and the leases of the processes that share a home.

CREATE TABLE accounts (
    -- Tenant id and object id: the mail address may change or be empty.
    account_id TEXT PRIMARY KEY CHECK (account_id <> ''),
    tenant_id TEXT NOT NULL,
    object_id TEXT NOT NULL,
    name TEXT NOT NULL,
    first_name TEXT,
    last_name TEXT,
    mail TEXT,
    user_name TEXT,
    job_title TEXT,
    department TEXT,
    last_sign_in INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (tenant_id, object_id)
) STRICT, WITHOUT ROWID;

-- As whom a connection is used; absent where a token was entered by hand.
ALTER TABLE connections ADD COLUMN account_id TEXT REFERENCES accounts (account_id);
CREATE INDEX connections_by_account ON connections (account_id) WHERE account_id IS NOT NULL;

-- What is known of the keys; the keys are with the operating system.
CREATE TABLE secret_keys (
    key_version INTEGER PRIMARY KEY CHECK (key_version > 0),
    name TEXT NOT NULL UNIQUE,
    -- The name sealed under the key, by which it is recognised.
    mark BLOB NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('making', 'active', 'retired')),
    created_at INTEGER NOT NULL
) STRICT;

-- Secrets under AES-256-GCM. Kind, owner, version and key version are bound to what is sealed.
CREATE TABLE secrets (
    kind TEXT NOT NULL CHECK (kind IN ('account', 'model_key', 'connection_token', 'audit_key')),
    owner TEXT NOT NULL,
    version INTEGER NOT NULL CHECK (version > 0),
    key_version INTEGER NOT NULL REFERENCES secret_keys (key_version),
    nonce BLOB NOT NULL CHECK (length(nonce) = 12),
    sealed BLOB NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (kind, owner)
) STRICT, WITHOUT ROWID;
CREATE INDEX secrets_by_key ON secrets (key_version);

-- What one process may do at a time. A lease of a dead process counts as free.
CREATE TABLE leases (
    name TEXT PRIMARY KEY,
    instance_id TEXT NOT NULL,
    ends_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
