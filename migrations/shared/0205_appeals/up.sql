-- A partner's word against a refusal or a revocation: once for each decision, judged by somebody who had no part in it.
CREATE TABLE deal_appeals (
    id TEXT NOT NULL PRIMARY KEY,
    deal_id TEXT NOT NULL REFERENCES deals (id),
    -- The decision that it is against.
    decision_id TEXT NOT NULL REFERENCES deal_decisions (id),
    from_status TEXT NOT NULL CHECK (from_status IN ('rejected', 'revoked')),
    status TEXT NOT NULL CHECK (status IN ('open', 'upheld', 'dismissed', 'withdrawn')),
    grounds TEXT NOT NULL,
    -- What the partner shows for it: notes and links, as JSON.
    evidence TEXT NOT NULL,
    lodged_by TEXT NOT NULL,
    -- When less than a quarter of the business time for a decision is left, and when the vendor owes it.
    at_risk_at BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    -- Who of the vendor has taken it on.
    adjudicator TEXT,
    decided_by TEXT,
    decided_at BIGINT,
    -- What an upheld appeal led to.
    remedy TEXT CHECK (remedy IN ('restored', 'reviewed_again', 'approved', 'contested')),
    -- The case that decides whose the scope is, where somebody else held it when the appeal was upheld.
    conflict_case_id TEXT REFERENCES conflict_cases (id),
    reason_text TEXT,
    -- The version of the program's settings under which it was decided.
    policy_version BIGINT,
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CHECK ((status = 'open') = (decided_at IS NULL)),
    CHECK ((decided_by IS NULL) = (decided_at IS NULL)),
    CHECK ((status = 'upheld') = (remedy IS NOT NULL)),
    CHECK ((conflict_case_id IS NOT NULL) = (remedy IS NOT NULL AND remedy = 'contested'))
);
CREATE UNIQUE INDEX deal_appeals_decision ON deal_appeals (decision_id);
CREATE UNIQUE INDEX deal_appeals_open ON deal_appeals (deal_id) WHERE status = 'open';
CREATE INDEX deal_appeals_case ON deal_appeals (conflict_case_id) WHERE conflict_case_id IS NOT NULL;
CREATE INDEX deal_appeals_deal ON deal_appeals (deal_id, created_at, id);
-- What waits for the vendor, the most urgent first.
CREATE INDEX deal_appeals_due ON deal_appeals (due_at, id);
