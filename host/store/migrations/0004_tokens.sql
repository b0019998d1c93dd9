-- Tokens of clients and of agents, and the keys that sign those of agents.
CREATE TABLE signing_keys (
    id         TEXT    PRIMARY KEY NOT NULL, -- a UUID, the `kid` of what it signs
    key        BLOB    NOT NULL,
    created_at INTEGER NOT NULL -- Unix seconds; the newest one signs
) STRICT;

CREATE TABLE tokens (
    id           TEXT    PRIMARY KEY NOT NULL, -- a UUID, the `jti` of an agent's token
    name         TEXT    NOT NULL UNIQUE,
    -- The digest of a client's token; empty for an agent's, which its signature proves.
    digest       TEXT    NOT NULL,
    -- The key that signed an agent's token; none for a client's.
    key_id       TEXT    REFERENCES signing_keys (id),
    -- The agent that an agent's token is of, or that a client's is bound to; none for every agent.
    agent_id     TEXT    REFERENCES agents (id) ON DELETE CASCADE,
    scopes       TEXT    NOT NULL, -- of a client's, with spaces between
    links        TEXT    NOT NULL, -- of an agent's: ids of agents that it may talk to, with spaces between
    capabilities TEXT    NOT NULL, -- of an agent's, with spaces between
    created_at   INTEGER NOT NULL, -- Unix seconds, as below
    expires_at   INTEGER NOT NULL,
    revoked_at   INTEGER -- none for one that was not revoked
) STRICT;
