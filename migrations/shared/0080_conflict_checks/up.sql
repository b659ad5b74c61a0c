-- What the conflict engine found, kept as it was found (append-only). Another run is another row.

CREATE TABLE conflict_checks (
    id TEXT NOT NULL PRIMARY KEY,
    purpose TEXT NOT NULL CHECK (purpose IN ('submission', 'review', 'approval', 'amendment', 'extension', 'dry_run', 'replay', 'merge')),
    -- No foreign key: the check is written before the deal that points at it, and a dry run has none.
    deal_id TEXT,
    -- Whose registration was checked: the partner that may read the redacted document.
    partner_id TEXT REFERENCES partners (id),
    account_id TEXT REFERENCES customer_accounts (id),
    entity_class TEXT CHECK (entity_class IN ('identical', 'same_entity', 'probable', 'possible', 'distinct')),
    verdict TEXT NOT NULL CHECK (verdict IN ('clear', 'advisory', 'review', 'conflict')),
    queue_position BIGINT CHECK (queue_position > 0),
    earliest_free_at BIGINT,
    rule_version TEXT NOT NULL,
    policy_version BIGINT NOT NULL,
    as_of BIGINT NOT NULL,
    input_hash TEXT NOT NULL,
    -- Everything the check looked at, so that it can be run again.
    input TEXT NOT NULL,
    document TEXT NOT NULL,
    redacted TEXT NOT NULL,
    replay_of_id TEXT REFERENCES conflict_checks (id),
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX conflict_checks_deal ON conflict_checks (deal_id, created_at, id);
CREATE INDEX conflict_checks_partner ON conflict_checks (partner_id, created_at, id);
CREATE INDEX conflict_checks_account ON conflict_checks (account_id, created_at, id);
CREATE INDEX conflict_checks_verdict ON conflict_checks (verdict, created_at, id);
CREATE INDEX conflict_checks_created ON conflict_checks (created_at, id);
CREATE INDEX conflict_checks_replay ON conflict_checks (replay_of_id);
