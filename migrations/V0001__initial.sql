-- The first tables.
--
-- Ids are UUIDv7 as text. Times are microseconds since 1970-01-01 UTC. JSON stands as the exact text it came as.
-- Deleting a session removes what cascades from it. Change sets, changes, checkpoints and approvals keep the ids of the
-- session and run they came from without a foreign key: they outlive both.

-- Processes that have this home open. Whether one lives is told by its lock in run/, not by this table.
CREATE TABLE instances (
    instance_id TEXT PRIMARY KEY,
    pid INTEGER NOT NULL,
    started_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE settings (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Where reads and writes can go. No column holds a secret.
CREATE TABLE connections (
    name TEXT PRIMARY KEY CHECK (name <> ''),
    kind TEXT NOT NULL CHECK (kind IN ('demo', 'sandbox', 'production', 'on_premises')),
    base_url TEXT NOT NULL,
    tenant TEXT NOT NULL,
    environment TEXT NOT NULL,
    company TEXT NOT NULL,
    company_id TEXT NOT NULL,
    account TEXT NOT NULL,
    active INTEGER NOT NULL DEFAULT 0 CHECK (active IN (0, 1)),
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX connections_active ON connections (active) WHERE active = 1;

CREATE TABLE sessions (
    session_id TEXT PRIMARY KEY,
    title TEXT NOT NULL,
    goal TEXT NOT NULL,
    connection TEXT,
    message_count INTEGER NOT NULL DEFAULT 0 CHECK (message_count >= 0),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_by_update ON sessions (updated_at);

-- Runs: from one message of a person to the agent's end.
CREATE TABLE agent_executions (
    id INTEGER PRIMARY KEY,
    run_id TEXT NOT NULL UNIQUE,
    session_id TEXT NOT NULL REFERENCES sessions (session_id) ON DELETE CASCADE,
    instance_id TEXT NOT NULL,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    connection TEXT CHECK (connection IS NULL OR json_valid(connection)),
    started_at INTEGER NOT NULL,
    completed_at INTEGER,
    stop_reason TEXT CHECK (stop_reason IN ('end_turn', 'max_turns', 'cancelled', 'error', 'refusal', 'max_tokens')),
    interrupted INTEGER NOT NULL DEFAULT 0 CHECK (interrupted IN (0, 1)),
    turns INTEGER NOT NULL DEFAULT 0 CHECK (turns >= 0),
    input_tokens INTEGER NOT NULL DEFAULT 0,
    output_tokens INTEGER NOT NULL DEFAULT 0,
    cache_read_tokens INTEGER NOT NULL DEFAULT 0,
    cache_write_tokens INTEGER NOT NULL DEFAULT 0,
    error TEXT,
    CHECK ((completed_at IS NULL) = (stop_reason IS NULL))
) STRICT;
CREATE INDEX agent_executions_by_session ON agent_executions (session_id);
-- One run at a time per session.
CREATE UNIQUE INDEX agent_executions_running ON agent_executions (session_id) WHERE completed_at IS NULL;
CREATE INDEX agent_executions_open ON agent_executions (instance_id) WHERE completed_at IS NULL;

CREATE TABLE messages (
    id INTEGER PRIMARY KEY,
    message_id TEXT NOT NULL UNIQUE,
    session_id TEXT NOT NULL REFERENCES sessions (session_id) ON DELETE CASCADE,
    run_id TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('user', 'assistant')),
    -- Neutral blocks, a JSON array.
    content TEXT NOT NULL,
    -- The provider's own form of each block, a JSON array of the same length with null where there is none.
    raw TEXT,
    provider TEXT,
    -- What was cut off when its run was interrupted; never sent to a model.
    partial INTEGER NOT NULL DEFAULT 0 CHECK (partial IN (0, 1)),
    -- The words in it, for the search.
    words TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX messages_by_session ON messages (session_id);

CREATE TABLE mcp_tool_calls (
    id INTEGER PRIMARY KEY,
    session_id TEXT NOT NULL REFERENCES sessions (session_id) ON DELETE CASCADE,
    call_id TEXT NOT NULL,
    run_id TEXT NOT NULL,
    tool TEXT NOT NULL,
    effect TEXT NOT NULL CHECK (effect IN ('read', 'write', 'destructive')),
    input TEXT NOT NULL,
    status TEXT CHECK (status IN ('ok', 'error', 'rejected', 'expired', 'aborted', 'unknown')),
    output TEXT,
    duration_us INTEGER,
    started_at INTEGER NOT NULL,
    completed_at INTEGER,
    UNIQUE (session_id, call_id),
    CHECK ((status IS NULL) = (output IS NULL) AND (status IS NULL) = (completed_at IS NULL))
) STRICT;
CREATE INDEX mcp_tool_calls_by_session ON mcp_tool_calls (session_id);
CREATE INDEX mcp_tool_calls_open ON mcp_tool_calls (run_id) WHERE status IS NULL;

CREATE TABLE todos (
    run_id TEXT NOT NULL REFERENCES agent_executions (run_id) ON DELETE CASCADE,
    position INTEGER NOT NULL CHECK (position >= 0),
    todo_id TEXT NOT NULL,
    content TEXT NOT NULL CHECK (length(content) <= 500),
    description TEXT NOT NULL,
    priority TEXT NOT NULL CHECK (priority IN ('low', 'medium', 'high')),
    status TEXT NOT NULL CHECK (status IN ('pending', 'in_progress', 'completed')),
    completed_at INTEGER,
    PRIMARY KEY (run_id, position),
    UNIQUE (run_id, todo_id)
) STRICT, WITHOUT ROWID;

-- Writes that are decided together.
CREATE TABLE change_sets (
    change_set_id TEXT PRIMARY KEY,
    session_id TEXT NOT NULL,
    run_id TEXT NOT NULL,
    -- The process that asked; only it may send.
    instance_id TEXT NOT NULL,
    connection TEXT NOT NULL CHECK (json_valid(connection)),
    digest TEXT NOT NULL CHECK (length(digest) = 64),
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- A write: its exact request, which is the intent, and what came of it.
CREATE TABLE changes (
    id INTEGER PRIMARY KEY,
    change_id TEXT NOT NULL UNIQUE,
    change_set_id TEXT NOT NULL REFERENCES change_sets (change_set_id),
    position INTEGER NOT NULL CHECK (position >= 0),
    session_id TEXT NOT NULL,
    run_id TEXT NOT NULL,
    call_id TEXT NOT NULL,
    root TEXT NOT NULL,
    tenant TEXT NOT NULL,
    environment TEXT NOT NULL,
    company_id TEXT NOT NULL,
    account TEXT NOT NULL,
    method TEXT NOT NULL CHECK (method IN ('POST', 'PATCH', 'DELETE')),
    path TEXT NOT NULL,
    if_match TEXT CHECK (if_match <> '*'),
    body TEXT,
    digest TEXT NOT NULL CHECK (length(digest) = 64),
    -- What a person was shown, JSON.
    preview TEXT NOT NULL CHECK (json_valid(preview)),
    -- The record as read for the preview, JSON.
    before TEXT,
    state TEXT NOT NULL CHECK (state IN ('planned', 'approved', 'sending', 'confirmed', 'failed', 'unknown', 'not_sent')),
    message TEXT,
    -- The id that a create gave its record.
    result_key TEXT,
    created_at INTEGER NOT NULL,
    sent_at INTEGER,
    settled_at INTEGER,
    UNIQUE (change_set_id, position),
    -- What was never on its way was never sent; what was sent says when.
    CHECK (sent_at IS NOT NULL OR state IN ('planned', 'approved', 'not_sent')),
    CHECK (sent_at IS NULL OR state IN ('sending', 'confirmed', 'failed', 'unknown'))
) STRICT;
CREATE INDEX changes_by_session ON changes (session_id);
CREATE INDEX changes_by_state ON changes (state);

-- Before and after image of one confirmed write, JSON.
CREATE TABLE checkpoints (
    change_id TEXT PRIMARY KEY REFERENCES changes (change_id),
    before TEXT,
    after TEXT,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE approvals (
    id INTEGER PRIMARY KEY,
    approval_id TEXT NOT NULL UNIQUE,
    change_set_id TEXT NOT NULL UNIQUE REFERENCES change_sets (change_set_id),
    session_id TEXT NOT NULL,
    run_id TEXT NOT NULL,
    instance_id TEXT NOT NULL,
    digest TEXT NOT NULL CHECK (length(digest) = 64),
    priority TEXT NOT NULL CHECK (priority IN ('low', 'medium', 'high')),
    requested_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL CHECK (expires_at >= requested_at),
    state TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'approved', 'rejected', 'expired', 'aborted')),
    reviewer TEXT CHECK (reviewer IN ('window', 'terminal', 'command_line', 'notification', 'automation', 'clock', 'engine')),
    reason TEXT,
    resolved_at INTEGER,
    CHECK ((state = 'pending') = (reviewer IS NULL) AND (state = 'pending') = (resolved_at IS NULL))
) STRICT;
CREATE INDEX approvals_by_session ON approvals (session_id);
CREATE INDEX approvals_pending ON approvals (instance_id) WHERE state = 'pending';

CREATE TABLE error_logs (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    code TEXT NOT NULL,
    message TEXT NOT NULL,
    detail TEXT NOT NULL,
    session_id TEXT,
    run_id TEXT,
    correlation_id TEXT
) STRICT;

-- How long things took, in microseconds.
CREATE TABLE performance_metrics (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    name TEXT NOT NULL,
    run_id TEXT,
    turn INTEGER,
    duration_us INTEGER NOT NULL CHECK (duration_us >= 0)
) STRICT;
CREATE INDEX performance_metrics_by_name ON performance_metrics (name);

-- Full text over messages and tool results, each over the table that holds the text. Prefix indexes serve the last, half-typed
-- word of a query.
CREATE VIRTUAL TABLE message_search USING fts5 (
    words, content = 'messages', content_rowid = 'id', tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3 4 5'
);
CREATE VIRTUAL TABLE tool_call_search USING fts5 (
    output, content = 'mcp_tool_calls', content_rowid = 'id', tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3 4 5'
);

-- What is deleted leaves no words behind.
INSERT INTO message_search (message_search, rank) VALUES ('secure-delete', 1);
INSERT INTO tool_call_search (tool_call_search, rank) VALUES ('secure-delete', 1);

-- What is stored and not yet in the full-text index: indexing is kept off the path between two calls of a model, and is caught
-- up with when a run ends and before a search.
CREATE TABLE search_queue (
    source TEXT NOT NULL CHECK (source IN ('message', 'tool_call')),
    source_id INTEGER NOT NULL,
    PRIMARY KEY (source, source_id)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER messages_queue AFTER INSERT ON messages WHEN new.words <> '' BEGIN
    INSERT INTO search_queue (source, source_id) VALUES ('message', new.id);
END;
CREATE TRIGGER mcp_tool_calls_queue AFTER UPDATE OF output ON mcp_tool_calls WHEN old.output IS NULL AND new.output IS NOT NULL BEGIN
    INSERT INTO search_queue (source, source_id) VALUES ('tool_call', new.id);
END;

-- A row that goes takes its words along, from the index or from the queue.
CREATE TRIGGER messages_unindex AFTER DELETE ON messages WHEN old.words <> '' BEGIN
    INSERT INTO message_search (message_search, rowid, words)
        SELECT 'delete', old.id, old.words WHERE NOT EXISTS (SELECT 1 FROM search_queue WHERE source = 'message' AND source_id = old.id);
    DELETE FROM search_queue WHERE source = 'message' AND source_id = old.id;
END;
CREATE TRIGGER mcp_tool_calls_unindex AFTER DELETE ON mcp_tool_calls WHEN old.output IS NOT NULL BEGIN
    INSERT INTO tool_call_search (tool_call_search, rowid, output)
        SELECT 'delete', old.id, old.output WHERE NOT EXISTS (SELECT 1 FROM search_queue WHERE source = 'tool_call' AND source_id = old.id);
    DELETE FROM search_queue WHERE source = 'tool_call' AND source_id = old.id;
END;
