-- Agents that this host knows, and everything said in their sessions.
CREATE TABLE agents (
    id         TEXT    PRIMARY KEY NOT NULL,
    name       TEXT    NOT NULL UNIQUE,
    -- Where a relative script/<file> model is looked for: the directory of the Agentfile.
    home       TEXT    NOT NULL,
    created_at INTEGER NOT NULL -- Unix seconds
) STRICT;

CREATE TABLE messages (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    agent_id      TEXT    NOT NULL REFERENCES agents (id) ON DELETE CASCADE,
    session_id    TEXT    NOT NULL, -- empty is a session like any other: older clients send none
    role          TEXT    NOT NULL CHECK (role IN ('user', 'assistant')),
    content       TEXT    NOT NULL, -- user: the prompt; assistant: a JSON array of parts
    created_at    INTEGER NOT NULL, -- Unix seconds
    branches_json TEXT    NOT NULL DEFAULT '',
    active_branch INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX messages_by_session ON messages (agent_id, session_id, id);
