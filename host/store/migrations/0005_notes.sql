-- Notes that agents keep over all of their sessions.
CREATE TABLE notes (
    agent_id   TEXT    NOT NULL REFERENCES agents (id) ON DELETE CASCADE,
    key        TEXT    NOT NULL,
    content    TEXT    NOT NULL,
    -- 1 for a note that is pinned: it stands in the prompt where the agent's settings say so.
    in_context INTEGER NOT NULL DEFAULT 0 CHECK (in_context IN (0, 1)),
    created_at INTEGER NOT NULL, -- Unix seconds
    updated_at INTEGER NOT NULL, -- Unix seconds
    PRIMARY KEY (agent_id, key)
) STRICT;
