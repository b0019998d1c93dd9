-- Calls that wait for a person, and what was decided about them. A row holds everything that the
-- decision holds for: a call that differs in any of it is another call.
CREATE TABLE approvals (
    id               TEXT    NOT NULL PRIMARY KEY, -- a UUID: the nonce of the approval
    agent_id         TEXT    NOT NULL REFERENCES agents (id) ON DELETE CASCADE,
    session          TEXT    NOT NULL,             -- empty for a call of no session
    principal        TEXT    NOT NULL,
    tool             TEXT    NOT NULL,
    component        TEXT    NOT NULL,             -- digests
    grant_digest     TEXT    NOT NULL,
    arguments_digest TEXT    NOT NULL,
    arguments        TEXT    NOT NULL,             -- canonical JSON: the call that runs
    shown            TEXT    NOT NULL,             -- the same without secrets
    effect           TEXT    NOT NULL,
    policies         TEXT    NOT NULL,             -- a line each
    reason           TEXT    NOT NULL,
    state            TEXT    NOT NULL CHECK (state IN
                         ('pending', 'approved', 'denied', 'used', 'withdrawn')),
    -- `once` for this call; `session` for every call of the tool in the session, whatever its
    -- arguments.
    scope            TEXT    NOT NULL CHECK (scope IN ('once', 'session')),
    created_at       INTEGER NOT NULL,             -- Unix seconds
    expires_at       INTEGER NOT NULL,             -- Unix seconds
    decided_at       INTEGER,                      -- Unix seconds
    decided_by       TEXT    NOT NULL DEFAULT '',
    decision_reason  TEXT    NOT NULL DEFAULT '',
    -- The call of an answer that waits for it.
    message_id       INTEGER REFERENCES messages (id) ON DELETE CASCADE,
    branch           INTEGER,
    place            INTEGER
) STRICT;

CREATE INDEX approvals_by_state ON approvals (state, created_at);
CREATE INDEX approvals_by_session ON approvals (agent_id, session, tool);
CREATE INDEX approvals_by_message ON approvals (message_id);
