-- Deal registrations. A deal never changes its partner: a transfer closes one deal and opens another.

CREATE TABLE deals (
    id TEXT NOT NULL PRIMARY KEY,
    number TEXT NOT NULL UNIQUE,
    partner_id TEXT NOT NULL REFERENCES partners (id),
    distributor_id TEXT REFERENCES partners (id),
    -- The user who registered it; none when it came with the history.
    submitter_id TEXT REFERENCES users (id),
    title TEXT NOT NULL,
    title_key TEXT NOT NULL,
    deal_type TEXT NOT NULL CHECK (deal_type IN ('net_new', 'expansion', 'renewal')),
    source TEXT NOT NULL CHECK (source IN ('partner_sourced', 'vendor_lead', 'referral', 'marketing')),
    territory_id TEXT REFERENCES territories (id),
    customer_account_id TEXT REFERENCES customer_accounts (id),
    amount_minor BIGINT CHECK (amount_minor >= 0),
    amount_currency TEXT CHECK (length(amount_currency) = 3),
    expected_close_on TEXT CHECK (length(expected_close_on) = 10),
    review_status TEXT NOT NULL CHECK (review_status IN (
        'draft', 'submitted', 'in_review', 'info_requested', 'approved', 'rejected', 'withdrawn', 'lapsed',
        'revoked', 'superseded', 'not_registered')),
    -- While the sale goes on a stage of the program's own, which the policy lists.
    stage TEXT NOT NULL CHECK (length(stage) BETWEEN 1 AND 32 AND stage = lower(stage) AND stage NOT LIKE '% %'),
    -- First in time is the smallest (received_at, seq), both taken under the lock on the customer account.
    received_at BIGINT,
    seq BIGINT,
    review_due_at BIGINT,
    assignee_id TEXT REFERENCES users (id),
    conflict_check_id TEXT REFERENCES conflict_checks (id),
    policy_version BIGINT,
    -- The last sign of work on it: a stage moved, a next step logged.
    last_activity_at BIGINT NOT NULL,
    legacy BOOLEAN NOT NULL,
    closed_at BIGINT,
    closed_reason TEXT,
    custom TEXT NOT NULL,
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (id, partner_id),
    CHECK ((amount_minor IS NULL) = (amount_currency IS NULL)),
    CHECK ((received_at IS NULL) = (seq IS NULL)),
    CHECK (review_status IN ('draft', 'not_registered', 'withdrawn') OR received_at IS NOT NULL),
    CHECK ((stage IN ('won', 'closed_lost')) = (closed_at IS NOT NULL)),
    CHECK (legacy OR stage <> 'closed_lost' OR closed_reason IS NOT NULL),
    CHECK (distributor_id <> partner_id)
);
CREATE INDEX deals_created ON deals (created_at, id);
CREATE INDEX deals_updated ON deals (updated_at, id);
CREATE INDEX deals_received ON deals (received_at, id);
CREATE INDEX deals_expected_close ON deals (expected_close_on, id);
CREATE INDEX deals_title ON deals (title_key, id);
CREATE INDEX deals_partner_created ON deals (partner_id, created_at, id);
CREATE INDEX deals_partner_updated ON deals (partner_id, updated_at, id);
CREATE INDEX deals_partner_expected_close ON deals (partner_id, expected_close_on, id);
CREATE INDEX deals_partner_status ON deals (partner_id, review_status, created_at, id);
CREATE INDEX deals_distributor ON deals (distributor_id, created_at, id);
CREATE INDEX deals_submitter ON deals (submitter_id, created_at, id);
CREATE INDEX deals_status_created ON deals (review_status, created_at, id);
CREATE INDEX deals_status_due ON deals (review_status, review_due_at, id);
CREATE INDEX deals_assignee ON deals (assignee_id, review_status, review_due_at, id);
CREATE INDEX deals_stage ON deals (stage, created_at, id);
CREATE INDEX deals_territory ON deals (territory_id, created_at, id);
-- The queue of claims on one customer.
CREATE INDEX deals_account_queue ON deals (customer_account_id, received_at, seq, id);
CREATE INDEX deals_account_created ON deals (customer_account_id, created_at, id);
CREATE INDEX deals_conflict_check ON deals (conflict_check_id);
-- Sums by partner and month are read from this index alone.
CREATE INDEX deals_totals ON deals (partner_id, stage, closed_at, amount_currency, amount_minor);

-- What the registration tells beside its scope.
CREATE TABLE deal_details (
    deal_id TEXT NOT NULL PRIMARY KEY REFERENCES deals (id),
    description TEXT,
    next_step TEXT,
    competitor TEXT,
    co_sell_needs TEXT NOT NULL,
    visibility TEXT NOT NULL CHECK (visibility IN ('full', 'limited')),
    customer_consent BOOLEAN NOT NULL,
    on_behalf_of TEXT,
    -- What a reader of an imported or still incomplete deal is told to fill in.
    missing TEXT NOT NULL
);

-- The customer exactly as it was typed, and what the matcher made of it.
CREATE TABLE deal_customer_inputs (
    deal_id TEXT NOT NULL PRIMARY KEY REFERENCES deals (id),
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    website TEXT,
    domain TEXT,
    registration_number TEXT,
    registration_authority TEXT,
    phone TEXT,
    email TEXT,
    street TEXT,
    city TEXT,
    region TEXT,
    postal_code TEXT,
    country TEXT CHECK (length(country) = 2),
    resolution TEXT NOT NULL CHECK (resolution IN ('unresolved', 'matched', 'created', 'chosen', 'imported')),
    resolved_at BIGINT,
    resolved_by TEXT,
    -- The candidates found for this very input: remembered, because finding them is the costly part.
    input_hash TEXT,
    matcher_version TEXT,
    candidates TEXT,
    matched_at BIGINT,
    CHECK ((resolution = 'unresolved') = (resolved_at IS NULL))
);
CREATE INDEX deal_customer_inputs_name ON deal_customer_inputs (name_key, deal_id);
CREATE INDEX deal_customer_inputs_domain ON deal_customer_inputs (domain, deal_id);

-- The clock and the state of the vendor's review.
CREATE TABLE deal_reviews (
    deal_id TEXT NOT NULL PRIMARY KEY REFERENCES deals (id),
    submitted_by TEXT NOT NULL,
    submitted_at BIGINT NOT NULL,
    -- The running round of approval steps.
    round BIGINT NOT NULL CHECK (round > 0),
    paused_at BIGINT,
    paused_micros BIGINT NOT NULL CHECK (paused_micros >= 0),
    info_due_at BIGINT,
    assigned_at BIGINT,
    decided_at BIGINT,
    auto_approved BOOLEAN NOT NULL,
    appeal_until BIGINT
);
CREATE INDEX deal_reviews_info_due ON deal_reviews (info_due_at, deal_id);

CREATE TABLE deal_lines (
    id TEXT NOT NULL PRIMARY KEY,
    deal_id TEXT NOT NULL REFERENCES deals (id),
    position BIGINT NOT NULL,
    product_id TEXT NOT NULL REFERENCES products (id),
    quantity BIGINT NOT NULL CHECK (quantity > 0),
    unit_price_minor BIGINT CHECK (unit_price_minor >= 0),
    unit_price_currency TEXT CHECK (length(unit_price_currency) = 3),
    -- A line added later has a place of its own in the queue, and its own review.
    received_at BIGINT,
    seq BIGINT,
    review_status TEXT NOT NULL CHECK (review_status IN ('draft', 'pending', 'approved', 'rejected', 'not_registered')),
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (deal_id, position),
    CHECK ((unit_price_minor IS NULL) = (unit_price_currency IS NULL)),
    CHECK ((received_at IS NULL) = (seq IS NULL))
);
CREATE INDEX deal_lines_product ON deal_lines (product_id, deal_id);

CREATE TABLE deal_contacts (
    id TEXT NOT NULL PRIMARY KEY,
    deal_id TEXT NOT NULL REFERENCES deals (id),
    position BIGINT NOT NULL,
    name TEXT NOT NULL,
    email TEXT,
    phone TEXT,
    title TEXT,
    role TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (deal_id, position)
);

CREATE TABLE deal_sites (
    id TEXT NOT NULL PRIMARY KEY,
    deal_id TEXT NOT NULL REFERENCES deals (id),
    position BIGINT NOT NULL,
    name TEXT,
    street TEXT,
    city TEXT,
    region TEXT,
    postal_code TEXT,
    country TEXT CHECK (length(country) = 2),
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (deal_id, position)
);

-- One open registration per partner, customer, product line and deal type. A row stands while the
-- registration is open (from submission until it is rejected, withdrawn, lapsed, revoked, superseded or
-- closed); imported history takes none.
CREATE TABLE deal_open_slots (
    partner_id TEXT NOT NULL,
    account_id TEXT NOT NULL REFERENCES customer_accounts (id),
    product_id TEXT NOT NULL REFERENCES products (id),
    deal_type TEXT NOT NULL CHECK (deal_type IN ('net_new', 'expansion', 'renewal')),
    deal_id TEXT NOT NULL,
    PRIMARY KEY (partner_id, account_id, product_id, deal_type),
    FOREIGN KEY (deal_id, partner_id) REFERENCES deals (id, partner_id)
);
CREATE INDEX deal_open_slots_deal ON deal_open_slots (deal_id, partner_id);
CREATE INDEX deal_open_slots_account ON deal_open_slots (account_id, product_id);
CREATE INDEX deal_open_slots_product ON deal_open_slots (product_id);

-- Append-only: each decision with what it granted and the terms it was made under.
CREATE TABLE deal_decisions (
    id TEXT NOT NULL PRIMARY KEY,
    deal_id TEXT NOT NULL REFERENCES deals (id),
    step_id TEXT REFERENCES approval_steps (id),
    outcome TEXT NOT NULL CHECK (outcome IN (
        'approved', 'auto_approved', 'step_approved', 'rejected', 'revoked', 'extension_granted',
        'extension_denied', 'amendment_approved', 'amendment_rejected', 'reopened', 'lapsed', 'superseded',
        'appeal_upheld', 'appeal_dismissed')),
    decided_by TEXT NOT NULL,
    -- Whom the decider stood in for.
    on_behalf_of TEXT,
    decided_at BIGINT NOT NULL,
    reason_code TEXT,
    reason_text TEXT,
    -- What the reason rests on: the claim, document or customer letter it refers to.
    evidence TEXT,
    -- The scope that was granted; it may be narrower than the one asked for.
    granted_scope TEXT,
    starts_at BIGINT,
    ends_at BIGINT,
    discount_basis_points BIGINT CHECK (discount_basis_points BETWEEN 0 AND 10000),
    -- Tier, discount, window and rules as they stood: later changes of the program do not touch them.
    terms TEXT,
    rule_version TEXT,
    policy_version BIGINT,
    conflict_check_id TEXT REFERENCES conflict_checks (id),
    -- Why an earlier claimant was passed over, and which.
    override_code TEXT,
    overridden_deals TEXT,
    CHECK (outcome NOT IN ('rejected', 'revoked') OR reason_code IS NOT NULL),
    CHECK ((override_code IS NULL) = (overridden_deals IS NULL)),
    CHECK (starts_at < ends_at)
);
CREATE INDEX deal_decisions_deal ON deal_decisions (deal_id, decided_at, id);
CREATE INDEX deal_decisions_step ON deal_decisions (step_id);
CREATE INDEX deal_decisions_check ON deal_decisions (conflict_check_id);
CREATE INDEX deal_decisions_outcome ON deal_decisions (outcome, decided_at, id);

CREATE TABLE deal_info_requests (
    id TEXT NOT NULL PRIMARY KEY,
    deal_id TEXT NOT NULL REFERENCES deals (id),
    questions TEXT NOT NULL,
    due_at BIGINT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('open', 'answered', 'lapsed', 'cancelled')),
    asked_by TEXT NOT NULL,
    answers TEXT,
    answered_by TEXT,
    answered_at BIGINT,
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CHECK ((status = 'answered') = (answered_at IS NOT NULL))
);
CREATE UNIQUE INDEX deal_info_requests_open ON deal_info_requests (deal_id) WHERE status = 'open';
CREATE INDEX deal_info_requests_deal ON deal_info_requests (deal_id, created_at, id);
CREATE INDEX deal_info_requests_due ON deal_info_requests (due_at, id) WHERE status = 'open';

CREATE TABLE deal_extensions (
    id TEXT NOT NULL PRIMARY KEY,
    deal_id TEXT NOT NULL REFERENCES deals (id),
    status TEXT NOT NULL CHECK (status IN ('pending', 'granted', 'denied', 'withdrawn')),
    previous_end_at BIGINT NOT NULL,
    requested_end_at BIGINT NOT NULL,
    granted_end_at BIGINT,
    -- While it is pending, the protection lasts until then.
    grace_until BIGINT NOT NULL,
    evidence TEXT NOT NULL,
    requested_by TEXT NOT NULL,
    decided_by TEXT,
    decided_at BIGINT,
    reason_code TEXT,
    reason_text TEXT,
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CHECK (requested_end_at > previous_end_at),
    CHECK (granted_end_at > previous_end_at),
    CHECK ((status = 'granted') = (granted_end_at IS NOT NULL)),
    CHECK ((decided_by IS NULL) = (decided_at IS NULL))
);
CREATE UNIQUE INDEX deal_extensions_pending ON deal_extensions (deal_id) WHERE status = 'pending';
CREATE INDEX deal_extensions_deal ON deal_extensions (deal_id, created_at, id);
CREATE INDEX deal_extensions_status ON deal_extensions (status, created_at, id);

-- A change to a registration that has been sent in. Only the part named in `review_of` is reviewed again.
CREATE TABLE deal_amendments (
    id TEXT NOT NULL PRIMARY KEY,
    deal_id TEXT NOT NULL REFERENCES deals (id),
    status TEXT NOT NULL CHECK (status IN ('applied', 'pending', 'approved', 'rejected', 'withdrawn')),
    changes TEXT NOT NULL,
    previous TEXT NOT NULL,
    review_of TEXT NOT NULL,
    reason TEXT NOT NULL,
    conflict_check_id TEXT REFERENCES conflict_checks (id),
    received_at BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    requested_by TEXT NOT NULL,
    decided_by TEXT,
    decided_at BIGINT,
    decision_code TEXT,
    decision_text TEXT,
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CHECK ((decided_by IS NULL) = (decided_at IS NULL))
);
CREATE UNIQUE INDEX deal_amendments_pending ON deal_amendments (deal_id) WHERE status = 'pending';
CREATE INDEX deal_amendments_deal ON deal_amendments (deal_id, created_at, id);
CREATE INDEX deal_amendments_check ON deal_amendments (conflict_check_id);
CREATE INDEX deal_amendments_status ON deal_amendments (status, created_at, id);

CREATE TABLE deal_comments (
    id TEXT NOT NULL PRIMARY KEY,
    deal_id TEXT NOT NULL REFERENCES deals (id),
    -- Who reads it: the vendor, the partner, or both.
    visibility TEXT NOT NULL CHECK (visibility IN ('vendor', 'partner', 'both')),
    author_side TEXT NOT NULL CHECK (author_side IN ('vendor', 'partner')),
    author_id TEXT NOT NULL,
    body TEXT NOT NULL,
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CHECK (visibility = 'both' OR visibility = author_side)
);
CREATE INDEX deal_comments_deal ON deal_comments (deal_id, created_at, id);

-- Append-only: what happened to the deal, one line a step. `seq` counts within the deal, under its lock.
CREATE TABLE deal_history (
    deal_id TEXT NOT NULL REFERENCES deals (id),
    seq BIGINT NOT NULL CHECK (seq > 0),
    at BIGINT NOT NULL,
    actor_type TEXT NOT NULL,
    actor_id TEXT NOT NULL,
    action TEXT NOT NULL,
    axis TEXT CHECK (axis IN ('review_status', 'protection', 'stage')),
    from_state TEXT,
    to_state TEXT,
    reason_code TEXT,
    reason_text TEXT,
    -- What the vendor reads; the partner reads the line without it.
    detail TEXT,
    visibility TEXT NOT NULL CHECK (visibility IN ('vendor', 'both')),
    PRIMARY KEY (deal_id, seq)
);
CREATE INDEX deal_history_action ON deal_history (action, at, deal_id);

CREATE TABLE deal_evidence (
    id TEXT NOT NULL PRIMARY KEY,
    deal_id TEXT NOT NULL REFERENCES deals (id),
    kind TEXT NOT NULL CHECK (kind IN ('order', 'purchase_order', 'contract', 'customer_letter', 'meeting', 'activity', 'other')),
    reference TEXT NOT NULL,
    reference_key TEXT NOT NULL,
    issued_on TEXT CHECK (length(issued_on) = 10),
    amount_minor BIGINT CHECK (amount_minor >= 0),
    amount_currency TEXT CHECK (length(amount_currency) = 3),
    -- The document itself, which is attached to the piece.
    file_id TEXT REFERENCES files (id),
    note TEXT,
    submitted_by TEXT NOT NULL,
    verified_by TEXT,
    verified_at BIGINT,
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (deal_id, kind, reference_key),
    CHECK ((amount_minor IS NULL) = (amount_currency IS NULL)),
    CHECK ((verified_by IS NULL) = (verified_at IS NULL))
);
CREATE INDEX deal_evidence_file ON deal_evidence (file_id) WHERE file_id IS NOT NULL;
CREATE INDEX deal_evidence_deal ON deal_evidence (deal_id, created_at, id);
-- The same order shown for a second deal.
CREATE INDEX deal_evidence_reference ON deal_evidence (kind, reference_key, deal_id);

-- A mistaken decision is undone by two people.
CREATE TABLE deal_reopenings (
    id TEXT NOT NULL PRIMARY KEY,
    deal_id TEXT NOT NULL REFERENCES deals (id),
    status TEXT NOT NULL CHECK (status IN ('requested', 'approved', 'rejected', 'withdrawn')),
    from_status TEXT NOT NULL,
    reason_code TEXT NOT NULL,
    reason_text TEXT,
    requested_by TEXT NOT NULL,
    decided_by TEXT,
    decided_at BIGINT,
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CHECK ((decided_by IS NULL) = (decided_at IS NULL)),
    CHECK (status <> 'approved' OR decided_by IS NOT NULL),
    CHECK (status <> 'approved' OR decided_by <> requested_by)
);
CREATE UNIQUE INDEX deal_reopenings_open ON deal_reopenings (deal_id) WHERE status = 'requested';
CREATE INDEX deal_reopenings_deal ON deal_reopenings (deal_id, created_at, id);

-- From one partner to another with the consent of both; it opens the receiving partner's own deal.
CREATE TABLE deal_transfers (
    id TEXT NOT NULL PRIMARY KEY,
    deal_id TEXT NOT NULL,
    from_partner_id TEXT NOT NULL,
    to_partner_id TEXT NOT NULL REFERENCES partners (id),
    new_deal_id TEXT,
    status TEXT NOT NULL CHECK (status IN ('proposed', 'executed', 'declined', 'cancelled')),
    reason_code TEXT NOT NULL,
    reason_text TEXT,
    -- The attribution that the two agree to, written when the transfer is executed.
    attribution TEXT NOT NULL,
    proposed_by TEXT NOT NULL,
    from_consent_by TEXT,
    from_consent_at BIGINT,
    to_consent_by TEXT,
    to_consent_at BIGINT,
    -- By whom, when and why it ended without being executed: declined, or cancelled.
    ended_by TEXT,
    ended_at BIGINT,
    ended_reason TEXT,
    executed_by TEXT,
    executed_at BIGINT,
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    FOREIGN KEY (deal_id, from_partner_id) REFERENCES deals (id, partner_id),
    FOREIGN KEY (new_deal_id, to_partner_id) REFERENCES deals (id, partner_id),
    CHECK (from_partner_id <> to_partner_id),
    CHECK ((from_consent_by IS NULL) = (from_consent_at IS NULL)),
    CHECK ((to_consent_by IS NULL) = (to_consent_at IS NULL)),
    CHECK ((ended_by IS NULL) = (ended_at IS NULL)),
    CHECK ((status IN ('declined', 'cancelled')) = (ended_at IS NOT NULL)),
    CHECK (status <> 'executed' OR (from_consent_at IS NOT NULL AND to_consent_at IS NOT NULL
        AND new_deal_id IS NOT NULL AND executed_at IS NOT NULL))
);
CREATE UNIQUE INDEX deal_transfers_open ON deal_transfers (deal_id) WHERE status = 'proposed';
CREATE INDEX deal_transfers_deal ON deal_transfers (deal_id, from_partner_id, created_at, id);
CREATE INDEX deal_transfers_from ON deal_transfers (from_partner_id, created_at, id);
CREATE INDEX deal_transfers_to ON deal_transfers (to_partner_id, created_at, id);
CREATE INDEX deal_transfers_new ON deal_transfers (new_deal_id, to_partner_id);

-- Who is credited with a deal, from `valid_from` until the next set; without one it is all its partner's.
-- A set counts once it is sealed, and the guard of the next migration seals only what adds up to 100 %.
CREATE TABLE attribution_sets (
    id TEXT NOT NULL PRIMARY KEY,
    deal_id TEXT NOT NULL REFERENCES deals (id),
    valid_from BIGINT NOT NULL,
    sealed BOOLEAN NOT NULL,
    reason TEXT NOT NULL,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (deal_id, valid_from)
);

CREATE TABLE attribution_splits (
    set_id TEXT NOT NULL REFERENCES attribution_sets (id),
    partner_id TEXT NOT NULL REFERENCES partners (id),
    role TEXT NOT NULL CHECK (role IN ('sourcing', 'selling', 'influencing', 'distributing')),
    basis_points BIGINT NOT NULL CHECK (basis_points BETWEEN 1 AND 10000),
    PRIMARY KEY (set_id, partner_id, role)
);
CREATE INDEX attribution_splits_partner ON attribution_splits (partner_id, set_id);
