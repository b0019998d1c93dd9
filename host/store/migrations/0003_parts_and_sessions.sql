-- Sessions as rows of their own, and the parts of answers: what a turn adds is a row, and nothing that is there is
-- written again.
CREATE TABLE sessions (
    agent_id      TEXT    NOT NULL REFERENCES agents (id) ON DELETE CASCADE,
    id            TEXT    NOT NULL,
    title         TEXT    NOT NULL DEFAULT '',
    message_count INTEGER NOT NULL DEFAULT 0,
    newest        INTEGER NOT NULL,           -- the number of its newest message
    last_active   INTEGER NOT NULL,           -- Unix seconds
    events        INTEGER NOT NULL DEFAULT 0, -- no event has a number above this one
    PRIMARY KEY (agent_id, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX sessions_by_use ON sessions (agent_id, newest);

-- Clients that follow one of these begin with a snapshot, because none of its events is event 0.
INSERT INTO sessions (agent_id, id, message_count, newest, last_active, events)
SELECT agent_id, session_id, count(*), max(id), max(created_at), 1 FROM messages GROUP BY agent_id, session_id;

-- A message is complete, being written, or was interrupted.
ALTER TABLE messages ADD COLUMN state TEXT NOT NULL DEFAULT 'complete'
    CHECK (state IN ('running', 'complete', 'interrupted'));
-- The name of the reason why an answer ended; empty for a prompt.
ALTER TABLE messages ADD COLUMN stop_reason TEXT NOT NULL DEFAULT '';
-- The sentence about it; empty for an answer that came to its end.
ALTER TABLE messages ADD COLUMN stop_detail TEXT NOT NULL DEFAULT '';
-- Bytes of its text, so that pages are sized without reading it.
ALTER TABLE messages ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;

CREATE INDEX messages_running ON messages (id) WHERE state = 'running';

CREATE TABLE parts (
    message_id  INTEGER NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
    branch      INTEGER NOT NULL, -- counted from 0; a regenerated answer has several
    place       INTEGER NOT NULL, -- in the answer, counted from 0
    piece       INTEGER NOT NULL, -- text comes in pieces, which become one when it is complete
    kind        TEXT    NOT NULL CHECK (kind IN ('text', 'tool')),
    step        INTEGER NOT NULL DEFAULT 0,
    text        TEXT    NOT NULL DEFAULT '', -- of a tool: its output
    tool_id     TEXT    NOT NULL DEFAULT '',
    name        TEXT    NOT NULL DEFAULT '',
    input       TEXT    NOT NULL DEFAULT '',
    repaired    TEXT    NOT NULL DEFAULT '', -- the input that the tool got, if it differs
    state       TEXT    NOT NULL DEFAULT ''
        CHECK (state IN ('', 'input-available', 'output-available', 'interrupted')),
    failed      INTEGER NOT NULL DEFAULT 0,
    duration_ms INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (message_id, branch, place, piece)
) STRICT;

-- Answers were JSON arrays of parts; older ones still are one text.
INSERT INTO parts (message_id, branch, place, piece, kind, text, tool_id, name, input, state, duration_ms)
SELECT m.id, 0, p.key, 0,
    CASE p.value ->> '$.kind' WHEN 'tool' THEN 'tool' ELSE 'text' END,
    coalesce(CASE p.value ->> '$.kind' WHEN 'tool' THEN p.value ->> '$.output' ELSE p.value ->> '$.text' END, ''),
    coalesce(p.value ->> '$.tool_id', ''),
    coalesce(p.value ->> '$.name', ''),
    coalesce(p.value ->> '$.input', ''),
    CASE WHEN p.value ->> '$.kind' IS NOT 'tool' THEN ''
         WHEN p.value ->> '$.state' = 'output-available' THEN 'output-available'
         ELSE 'interrupted' END,
    coalesce(CAST(p.value ->> '$.duration_ms' AS INTEGER), 0)
FROM messages m, json_each(
    CASE WHEN NOT json_valid(m.content) THEN json_array(json_object('kind', 'text', 'text', m.content))
         WHEN json_type(m.content) <> 'array' OR EXISTS (SELECT 1 FROM json_each(m.content) WHERE type <> 'object')
             THEN json_array(json_object('kind', 'text', 'text', m.content))
         ELSE m.content END) p
WHERE m.role = 'assistant';

UPDATE messages SET bytes = octet_length(content) WHERE role = 'user';
UPDATE messages SET content = '', stop_reason = 'end',
    bytes = (SELECT coalesce(sum(octet_length(text) + octet_length(input)), 0) FROM parts WHERE message_id = messages.id)
WHERE role = 'assistant';

ALTER TABLE messages DROP COLUMN branches_json;

-- Summaries that a model reads in place of what was said before. The messages themselves stay.
CREATE TABLE summaries (
    agent_id   TEXT    NOT NULL,
    session_id TEXT    NOT NULL,
    until      INTEGER NOT NULL, -- the number of the last message that it stands for
    text       TEXT    NOT NULL, -- empty where these messages were left out without a summary
    created_at INTEGER NOT NULL, -- Unix seconds
    PRIMARY KEY (agent_id, session_id, until),
    FOREIGN KEY (agent_id, session_id) REFERENCES sessions (agent_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
