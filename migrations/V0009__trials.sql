-- Sets that are being tried out, and sets that were and of which nobody knows yet what they left. A row stands before the trial leaves, and goes when what it
-- left was looked at; where something stayed, when that was told for long enough.
CREATE TABLE trials (
    trial_id TEXT PRIMARY KEY,
    -- The process that looks at it while it lives.
    instance_id TEXT NOT NULL,
    session_id TEXT NOT NULL,
    run_id TEXT NOT NULL,
    -- Where it went, JSON.
    connection TEXT NOT NULL CHECK (json_valid(connection)),
    title TEXT CHECK (title <> ''),
    -- `begun`: its process waits for it; `open`: it is to be looked at again; `stayed`: something was found, and a person is told.
    state TEXT NOT NULL CHECK (state IN ('begun', 'open', 'stayed')),
    begun_at INTEGER NOT NULL,
    -- What stayed, as a sentence.
    alarm TEXT CHECK (alarm <> ''),
    found_at INTEGER,
    CHECK ((state = 'stayed') = (alarm IS NOT NULL) AND (alarm IS NULL) = (found_at IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX trials_begun_open ON trials (instance_id) WHERE state = 'begun';

-- The writes of a trial: all that is needed to look for what they left.
CREATE TABLE trial_writes (
    trial_id TEXT NOT NULL REFERENCES trials (trial_id) ON DELETE CASCADE,
    position INTEGER NOT NULL CHECK (position >= 0),
    root TEXT NOT NULL,
    tenant TEXT NOT NULL,
    environment TEXT NOT NULL,
    company_id TEXT NOT NULL,
    account TEXT NOT NULL,
    method TEXT NOT NULL,
    path TEXT NOT NULL,
    if_match TEXT,
    body TEXT,
    preview TEXT NOT NULL CHECK (json_valid(preview)),
    before TEXT CHECK (before IS NULL OR json_valid(before)),
    -- The id that the answer gave a new record.
    answered_key TEXT,
    PRIMARY KEY (trial_id, position)
) STRICT, WITHOUT ROWID;
