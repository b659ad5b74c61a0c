-- Who must agree to a record, who did, and who stands in for whom.

-- An absence: whom somebody's decisions are lent to, and for how long. One at a time for each person.
CREATE TABLE approval_delegations (
    id TEXT NOT NULL PRIMARY KEY,
    person_id TEXT NOT NULL REFERENCES users (id),
    delegate_id TEXT NOT NULL REFERENCES users (id),
    starts_at BIGINT NOT NULL,
    -- The first moment at which it no longer holds; earlier than agreed if it was cancelled.
    ends_at BIGINT NOT NULL,
    -- The kinds of records it is limited to, as a JSON list; empty: all.
    kinds TEXT NOT NULL,
    reason TEXT NOT NULL,
    created_by TEXT NOT NULL,
    cancelled_by TEXT,
    cancelled_at BIGINT,
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CHECK (person_id <> delegate_id),
    CHECK (starts_at < ends_at OR (starts_at = ends_at AND cancelled_at IS NOT NULL)),
    CHECK ((cancelled_by IS NULL) = (cancelled_at IS NULL))
);
CREATE INDEX approval_delegations_person ON approval_delegations (person_id, starts_at, id);
CREATE INDEX approval_delegations_delegate ON approval_delegations (delegate_id, starts_at, id);
CREATE INDEX approval_delegations_starts ON approval_delegations (starts_at, id);
CREATE INDEX approval_delegations_ends ON approval_delegations (ends_at, id);

-- Who must decide on a record, in order, in this round. The record is named by its type and id: it may be of any module.
CREATE TABLE approval_steps (
    id TEXT NOT NULL PRIMARY KEY,
    subject_type TEXT NOT NULL,
    subject_id TEXT NOT NULL,
    -- What people call the record: its number.
    subject_label TEXT NOT NULL,
    -- Whose record it is; none if it is the vendor's own.
    partner_id TEXT REFERENCES partners (id),
    -- Who brought it in.
    requested_by TEXT NOT NULL,
    round BIGINT NOT NULL CHECK (round > 0),
    position BIGINT NOT NULL CHECK (position > 0),
    name TEXT NOT NULL,
    approver_role TEXT NOT NULL,
    -- Why the chain has this step: the amount from which it is asked for.
    from_amount_minor BIGINT,
    from_amount_currency TEXT CHECK (length(from_amount_currency) = 3),
    -- How many different people must agree.
    quorum BIGINT NOT NULL CHECK (quorum > 0),
    -- After so many hours these may decide as well; none: never.
    escalate_after_hours BIGINT CHECK (escalate_after_hours > 0),
    escalate_to TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('waiting', 'pending', 'approved', 'rejected', 'skipped')),
    pending_since BIGINT,
    escalates_at BIGINT,
    -- The clock stands since then: somebody else owes an answer.
    paused_at BIGINT,
    due_at BIGINT,
    decided_by TEXT,
    decided_at BIGINT,
    note TEXT,
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (subject_type, subject_id, round, position),
    CHECK ((from_amount_minor IS NULL) = (from_amount_currency IS NULL)),
    CHECK ((decided_by IS NULL) = (decided_at IS NULL)),
    CHECK (status <> 'pending' OR pending_since IS NOT NULL)
);
CREATE INDEX approval_steps_pending ON approval_steps (pending_since, id) WHERE status = 'pending';
CREATE INDEX approval_steps_partner ON approval_steps (partner_id, pending_since, id) WHERE status = 'pending';
CREATE INDEX approval_steps_escalates ON approval_steps (escalates_at, id) WHERE status = 'pending';

-- Append-only: that a step waited too long, once.
CREATE TABLE approval_escalations (
    step_id TEXT NOT NULL PRIMARY KEY REFERENCES approval_steps (id),
    escalated_to TEXT NOT NULL,
    due_at BIGINT NOT NULL,
    escalated_at BIGINT NOT NULL
);

-- Append-only: who decided a step, and whose voice it was: their own, or that of whom they stood in for. Each person
-- decides once, and each voice counts once.
CREATE TABLE approval_votes (
    id TEXT NOT NULL PRIMARY KEY,
    step_id TEXT NOT NULL REFERENCES approval_steps (id),
    person_id TEXT NOT NULL REFERENCES users (id),
    voice_id TEXT NOT NULL REFERENCES users (id),
    delegation_id TEXT REFERENCES approval_delegations (id),
    decision TEXT NOT NULL CHECK (decision IN ('approved', 'rejected')),
    reason TEXT,
    decided_at BIGINT NOT NULL,
    UNIQUE (step_id, person_id),
    UNIQUE (step_id, voice_id),
    CHECK ((person_id = voice_id) = (delegation_id IS NULL))
);
CREATE INDEX approval_votes_person ON approval_votes (person_id, id);
CREATE INDEX approval_votes_voice ON approval_votes (voice_id, id);
CREATE INDEX approval_votes_delegation ON approval_votes (delegation_id);
