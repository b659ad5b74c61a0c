-- Conflicts that people decide, and the questions partners put to the engine.

CREATE TABLE conflict_cases (
    id TEXT NOT NULL PRIMARY KEY,
    number TEXT NOT NULL UNIQUE,
    case_type TEXT NOT NULL CHECK (case_type IN (
        'duplicate_registration', 'direct_vs_partner', 'territory', 'poaching_after_expiry', 'attribution',
        'incentive_dispute', 'account_merge', 'appeal')),
    status TEXT NOT NULL CHECK (status IN (
        'opened', 'triaged', 'evidence', 'adjudicating', 'proposed', 'accepted', 'appealed', 'resolved', 'closed')),
    outcome TEXT CHECK (outcome IN ('uphold_first', 'award_second', 'split', 'co_sell', 'both_denied', 'no_conflict')),
    account_id TEXT NOT NULL REFERENCES customer_accounts (id),
    account_merge_id TEXT REFERENCES account_merges (id),
    conflict_check_id TEXT REFERENCES conflict_checks (id),
    summary TEXT NOT NULL,
    detail TEXT NOT NULL,
    adjudicator_id TEXT REFERENCES users (id),
    acknowledge_due_at BIGINT NOT NULL,
    evidence_due_at BIGINT,
    decision_due_at BIGINT NOT NULL,
    acknowledged_at BIGINT,
    resolution_text TEXT,
    resolved_by TEXT,
    resolved_at BIGINT,
    opened_by TEXT NOT NULL,
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CHECK (status NOT IN ('resolved', 'closed') OR (outcome IS NOT NULL AND resolved_at IS NOT NULL))
);
CREATE INDEX conflict_cases_account ON conflict_cases (account_id, created_at, id);
CREATE INDEX conflict_cases_merge ON conflict_cases (account_merge_id);
CREATE INDEX conflict_cases_check ON conflict_cases (conflict_check_id);
CREATE INDEX conflict_cases_adjudicator ON conflict_cases (adjudicator_id, decision_due_at, id);
CREATE INDEX conflict_cases_status ON conflict_cases (status, decision_due_at, id);
CREATE INDEX conflict_cases_status_created ON conflict_cases (status, created_at, id);
CREATE INDEX conflict_cases_created ON conflict_cases (created_at, id);
CREATE INDEX conflict_cases_updated ON conflict_cases (updated_at, id);

-- The sides of a case: a partner's deal and protection, or what the vendor holds itself.
CREATE TABLE conflict_case_claims (
    id TEXT NOT NULL PRIMARY KEY,
    case_id TEXT NOT NULL REFERENCES conflict_cases (id),
    position BIGINT NOT NULL CHECK (position > 0),
    partner_id TEXT REFERENCES partners (id),
    deal_id TEXT,
    protection_id TEXT,
    direct_opportunity_id TEXT REFERENCES direct_opportunities (id),
    named_account_id TEXT REFERENCES named_accounts (id),
    received_at BIGINT,
    seq BIGINT,
    statement TEXT,
    -- Each item with who gave it and when, and whether it came after the deadline.
    evidence TEXT NOT NULL,
    outcome TEXT CHECK (outcome IN ('upheld', 'awarded', 'shared', 'denied')),
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (case_id, position),
    FOREIGN KEY (deal_id, partner_id) REFERENCES deals (id, partner_id),
    FOREIGN KEY (protection_id, partner_id) REFERENCES protections (id, partner_id),
    CHECK (partner_id IS NOT NULL OR (deal_id IS NULL AND protection_id IS NULL)),
    CHECK (partner_id IS NOT NULL OR direct_opportunity_id IS NOT NULL OR named_account_id IS NOT NULL)
);
CREATE INDEX conflict_case_claims_partner ON conflict_case_claims (partner_id, created_at, id);
CREATE INDEX conflict_case_claims_deal ON conflict_case_claims (deal_id, partner_id);
CREATE INDEX conflict_case_claims_protection ON conflict_case_claims (protection_id, partner_id);
CREATE INDEX conflict_case_claims_opportunity ON conflict_case_claims (direct_opportunity_id);
CREATE INDEX conflict_case_claims_named ON conflict_case_claims (named_account_id);

-- Append-only: every dry run of a partner, because free questions would let it fish the vendor's pipeline.
CREATE TABLE conflict_probes (
    id TEXT NOT NULL PRIMARY KEY,
    partner_id TEXT NOT NULL REFERENCES partners (id),
    user_id TEXT REFERENCES users (id),
    deal_id TEXT,
    conflict_check_id TEXT NOT NULL REFERENCES conflict_checks (id),
    input_hash TEXT NOT NULL,
    account_id TEXT REFERENCES customer_accounts (id),
    answer TEXT NOT NULL CHECK (answer IN ('clear', 'needs_review')),
    at BIGINT NOT NULL,
    FOREIGN KEY (deal_id, partner_id) REFERENCES deals (id, partner_id)
);
CREATE INDEX conflict_probes_partner ON conflict_probes (partner_id, at, id);
CREATE INDEX conflict_probes_user ON conflict_probes (user_id, at, id);
CREATE INDEX conflict_probes_deal ON conflict_probes (deal_id, partner_id);
CREATE INDEX conflict_probes_account ON conflict_probes (account_id, at, id);
CREATE INDEX conflict_probes_check ON conflict_probes (conflict_check_id);
CREATE INDEX conflict_probes_at ON conflict_probes (at, id);
