-- The tool that makes the call; empty for a call by a model or a client.
ALTER TABLE approvals ADD COLUMN caller TEXT NOT NULL DEFAULT '';

-- Questions about nested calls belong to no message, and nobody knows their callers any more: such
-- a question is asked anew.
UPDATE approvals SET state = 'withdrawn'
    WHERE message_id IS NULL AND state IN ('pending', 'approved');
