-- Credentials of agents are tokens: agent is whose they are, or who used a token up to enrol; revoked_ns when they were
-- revoked. What is known of agents outlives the host. report: an AgentStatus as JSON.
ALTER TABLE token ADD COLUMN agent TEXT;
ALTER TABLE token ADD COLUMN revoked_ns INTEGER;

CREATE TABLE agent (
    name TEXT PRIMARY KEY,
    seen_ns INTEGER NOT NULL,
    report TEXT NOT NULL
) WITHOUT ROWID;
