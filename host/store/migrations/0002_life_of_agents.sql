-- The state of each agent, what the operator wants of it, and what it was made from.
ALTER TABLE agents ADD COLUMN desired TEXT NOT NULL DEFAULT 'running'
    CHECK (desired IN ('running', 'stopped'));
ALTER TABLE agents ADD COLUMN status TEXT NOT NULL DEFAULT 'ready'
    CHECK (status IN ('pulling', 'starting', 'ready', 'working', 'stopped', 'failed', 'removing', 'removed'));
-- Empty unless the agent has failed.
ALTER TABLE agents ADD COLUMN failure_reason TEXT NOT NULL DEFAULT ''
    CHECK (failure_reason IN ('', 'pull', 'init', 'config', 'model', 'readiness_timeout', 'crashed'));
-- The sentence for the operator.
ALTER TABLE agents ADD COLUMN failure TEXT NOT NULL DEFAULT '';
-- The reference and the digest of its image; empty for an agent that was made from a file.
ALTER TABLE agents ADD COLUMN image TEXT NOT NULL DEFAULT '';
ALTER TABLE agents ADD COLUMN image_digest TEXT NOT NULL DEFAULT '';
-- The operator's choices beyond the image, as JSON.
ALTER TABLE agents ADD COLUMN deployment TEXT NOT NULL DEFAULT '{}';
