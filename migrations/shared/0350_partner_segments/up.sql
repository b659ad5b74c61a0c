-- What the vendor thinks of each partner, as one of the segments of the program's policy: a chain of starts, each with its
-- reason. An entry holds until the next one begins; one without a segment ends the chain. What was written stays.

CREATE TABLE partner_segments (
    id TEXT NOT NULL PRIMARY KEY,
    partner_id TEXT NOT NULL REFERENCES partners (id),
    segment TEXT,
    valid_from BIGINT NOT NULL,
    reason_text TEXT NOT NULL,
    -- The version of the policy whose list the segment is of; 0 are the built-in defaults.
    policy_version BIGINT NOT NULL CHECK (policy_version >= 0),
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (partner_id, valid_from)
);
