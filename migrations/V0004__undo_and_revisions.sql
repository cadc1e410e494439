-- What a person makes of a question before answering it, and writes that take others back.

-- Times that a question was edited, and what must be typed to approve it.
ALTER TABLE approvals ADD COLUMN revision INTEGER NOT NULL DEFAULT 0 CHECK (revision >= 0);
ALTER TABLE approvals ADD COLUMN typed TEXT;

-- Each version of an edited question, the first one included: what it showed, and whose edit it was.
CREATE TABLE approval_revisions (
    approval_id TEXT NOT NULL REFERENCES approvals (approval_id),
    revision INTEGER NOT NULL CHECK (revision >= 0),
    digest TEXT NOT NULL CHECK (length(digest) = 64),
    -- The question as it was shown, JSON.
    request TEXT NOT NULL CHECK (json_valid(request)),
    -- Who made it; absent for what was proposed.
    reviewer TEXT CHECK (reviewer IN ('window', 'terminal', 'command_line', 'notification', 'automation', 'clock', 'engine')),
    at INTEGER NOT NULL,
    PRIMARY KEY (approval_id, revision),
    CHECK ((revision = 0) = (reviewer IS NULL))
) STRICT, WITHOUT ROWID;

-- A write that a person took out of its set: it is never sent.
ALTER TABLE changes ADD COLUMN left_out INTEGER NOT NULL DEFAULT 0 CHECK (left_out IN (0, 1));
-- The write that this one takes back, and the one that took this one back and holds.
ALTER TABLE changes ADD COLUMN undoes TEXT REFERENCES changes (change_id);
ALTER TABLE changes ADD COLUMN undone_by TEXT REFERENCES changes (change_id);
-- One way back at a time.
CREATE UNIQUE INDEX changes_undo_open ON changes (undoes)
    WHERE undoes IS NOT NULL AND state IN ('planned', 'approved', 'sending', 'unknown');
CREATE INDEX changes_by_run ON changes (run_id);
