-- Partner firms: their life from application to termination, their people, and who looks after them.

CREATE TABLE partners (
    id TEXT NOT NULL PRIMARY KEY,
    number TEXT NOT NULL UNIQUE,
    legal_name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    trading_names TEXT NOT NULL,
    registration_number TEXT,
    registration_authority TEXT,
    registration_key TEXT,
    tax_ids TEXT NOT NULL,
    website TEXT,
    phone TEXT,
    street TEXT,
    city TEXT,
    region TEXT,
    postal_code TEXT,
    country TEXT CHECK (length(country) = 2),
    parent_id TEXT REFERENCES partners (id),
    default_currency TEXT NOT NULL CHECK (length(default_currency) = 3),
    time_zone TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN (
        'prospect', 'invited', 'applied', 'in_review', 'info_requested', 'onboarding', 'active', 'suspended',
        'offboarding', 'terminated', 'rejected', 'withdrawn', 'invite_expired', 'merged')),
    status_reason_code TEXT,
    status_reason_text TEXT,
    status_since BIGINT NOT NULL,
    -- What a suspension does to the protections that the partner holds.
    suspension_protection TEXT CHECK (suspension_protection IN ('keep', 'pause')),
    effective_end_at BIGINT,
    merged_into_id TEXT REFERENCES partners (id),
    custom TEXT NOT NULL,
    -- Came with the vendor's history; guards about time were skipped visibly.
    legacy BOOLEAN NOT NULL,
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CHECK ((registration_number IS NULL) = (registration_authority IS NULL)),
    CHECK ((registration_number IS NULL) = (registration_key IS NULL)),
    CHECK ((status = 'suspended') = (suspension_protection IS NOT NULL)),
    CHECK ((status = 'merged') = (merged_into_id IS NOT NULL)),
    CHECK (status <> 'offboarding' OR effective_end_at IS NOT NULL),
    CHECK (parent_id <> id)
);
-- Two people of one firm cannot both bring it in.
CREATE UNIQUE INDEX partners_live_registration ON partners (registration_authority, registration_key)
    WHERE registration_key IS NOT NULL
      AND status NOT IN ('terminated', 'rejected', 'withdrawn', 'invite_expired', 'merged');
CREATE INDEX partners_registration ON partners (registration_key);
CREATE INDEX partners_parent ON partners (parent_id, name_key, id);
CREATE INDEX partners_merged_into ON partners (merged_into_id);
CREATE INDEX partners_name ON partners (name_key, id);
CREATE INDEX partners_created ON partners (created_at, id);
CREATE INDEX partners_updated ON partners (updated_at, id);
CREATE INDEX partners_status_name ON partners (status, name_key, id);
CREATE INDEX partners_status_created ON partners (status, created_at, id);
CREATE INDEX partners_country_name ON partners (country, name_key, id);

-- How the firm came in: who asked, what was decided, when it may ask again.
CREATE TABLE partner_applications (
    partner_id TEXT NOT NULL PRIMARY KEY REFERENCES partners (id),
    applicant_name TEXT NOT NULL,
    applicant_email TEXT NOT NULL,
    applicant_email_key TEXT NOT NULL,
    applicant_email_verified_at BIGINT,
    applicant_title TEXT,
    -- The applicant has no account yet: a token in the mail proves the address and lets them follow the application.
    applicant_token_hash TEXT,
    statement TEXT,
    requested_types TEXT NOT NULL,
    requested_territories TEXT NOT NULL,
    requested_programs TEXT NOT NULL,
    applied_at BIGINT,
    review_due_at BIGINT,
    -- The clock stands still while the vendor waits for the applicant.
    paused_at BIGINT,
    paused_micros BIGINT NOT NULL CHECK (paused_micros >= 0),
    info_due_at BIGINT,
    reviewer_id TEXT REFERENCES users (id),
    decided_at BIGINT,
    decided_by TEXT,
    decision_code TEXT,
    decision_text TEXT,
    reapply_rule TEXT CHECK (reapply_rule IN ('instant', 'after', 'never')),
    reapply_after_on TEXT CHECK (length(reapply_after_on) = 10),
    CHECK ((decided_at IS NULL) = (decided_by IS NULL)),
    CHECK (reapply_rule <> 'after' OR reapply_after_on IS NOT NULL)
);
CREATE INDEX partner_applications_reviewer ON partner_applications (reviewer_id, review_due_at, partner_id);
CREATE INDEX partner_applications_due ON partner_applications (review_due_at, partner_id);
CREATE UNIQUE INDEX partner_applications_token ON partner_applications (applicant_token_hash)
    WHERE applicant_token_hash IS NOT NULL;
CREATE INDEX partner_applications_email ON partner_applications (applicant_email_key);

CREATE TABLE partner_invitations (
    id TEXT NOT NULL PRIMARY KEY,
    partner_id TEXT NOT NULL REFERENCES partners (id),
    email TEXT NOT NULL,
    email_key TEXT NOT NULL,
    domain TEXT NOT NULL,
    token_hash TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL CHECK (state IN ('open', 'accepted', 'expired', 'cancelled')),
    expires_at BIGINT NOT NULL,
    accepted_at BIGINT,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    CHECK ((state = 'accepted') = (accepted_at IS NOT NULL))
);
CREATE UNIQUE INDEX partner_invitations_open_domain ON partner_invitations (domain) WHERE state = 'open';
CREATE INDEX partner_invitations_partner ON partner_invitations (partner_id, created_at, id);
CREATE INDEX partner_invitations_expiry ON partner_invitations (expires_at, id) WHERE state = 'open';

CREATE TABLE partner_info_requests (
    id TEXT NOT NULL PRIMARY KEY,
    partner_id TEXT NOT NULL REFERENCES partners (id),
    questions TEXT NOT NULL,
    due_at BIGINT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('open', 'answered', 'overdue', 'cancelled')),
    asked_by TEXT NOT NULL,
    asked_at BIGINT NOT NULL,
    answers TEXT,
    answered_by TEXT,
    answered_at BIGINT,
    revision BIGINT NOT NULL,
    CHECK ((status = 'answered') = (answered_at IS NOT NULL))
);
CREATE UNIQUE INDEX partner_info_requests_open ON partner_info_requests (partner_id) WHERE status = 'open';
CREATE INDEX partner_info_requests_partner ON partner_info_requests (partner_id, asked_at, id);
CREATE INDEX partner_info_requests_due ON partner_info_requests (due_at, id) WHERE status = 'open';

-- Append-only: every change of a partner's state, with its reason.
CREATE TABLE partner_status_changes (
    partner_id TEXT NOT NULL REFERENCES partners (id),
    seq BIGINT NOT NULL,
    from_status TEXT,
    to_status TEXT NOT NULL,
    reason_code TEXT,
    reason_text TEXT,
    actor_type TEXT NOT NULL,
    actor_id TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (partner_id, seq)
);
CREATE INDEX partner_status_changes_at ON partner_status_changes (to_status, at, partner_id);

CREATE TABLE partner_types (
    partner_id TEXT NOT NULL REFERENCES partners (id),
    partner_type TEXT NOT NULL CHECK (partner_type IN ('reseller', 'distributor', 'referral', 'msp', 'si', 'isv', 'agent')),
    PRIMARY KEY (partner_id, partner_type)
);
CREATE INDEX partner_types_type ON partner_types (partner_type, partner_id);

CREATE TABLE partner_domains (
    id TEXT NOT NULL PRIMARY KEY,
    partner_id TEXT NOT NULL REFERENCES partners (id),
    domain TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('pending', 'verified', 'released')),
    method TEXT CHECK (method IN ('email', 'dns', 'vendor')),
    verification_hash TEXT,
    verified_at BIGINT,
    released_at BIGINT,
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (partner_id, domain),
    CHECK (status = 'pending' OR verified_at IS NOT NULL OR released_at IS NOT NULL)
);
-- A verified domain names one live partner; the partner's end releases it.
CREATE UNIQUE INDEX partner_domains_verified ON partner_domains (domain) WHERE status = 'verified';
CREATE INDEX partner_domains_domain ON partner_domains (domain, partner_id);
CREATE INDEX partner_domains_created ON partner_domains (partner_id, created_at, id);

CREATE TABLE partner_territories (
    partner_id TEXT NOT NULL REFERENCES partners (id),
    territory_id TEXT NOT NULL REFERENCES territories (id),
    PRIMARY KEY (partner_id, territory_id)
);
CREATE INDEX partner_territories_territory ON partner_territories (territory_id, partner_id);

-- What a partner may sell where. `ends_on` is the first day on which it no longer may.
CREATE TABLE product_authorisations (
    id TEXT NOT NULL PRIMARY KEY,
    partner_id TEXT NOT NULL REFERENCES partners (id),
    product_id TEXT NOT NULL REFERENCES products (id),
    territory_id TEXT NOT NULL REFERENCES territories (id),
    starts_on TEXT NOT NULL CHECK (length(starts_on) = 10),
    ends_on TEXT CHECK (length(ends_on) = 10),
    reason TEXT,
    granted_by TEXT NOT NULL,
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (partner_id, product_id, territory_id, starts_on),
    CHECK (ends_on >= starts_on)
);
CREATE INDEX product_authorisations_product ON product_authorisations (product_id, partner_id);
CREATE INDEX product_authorisations_territory ON product_authorisations (territory_id, partner_id);
CREATE INDEX product_authorisations_created ON product_authorisations (partner_id, created_at, id);
CREATE INDEX product_authorisations_ends ON product_authorisations (ends_on, id);

-- Which distributor serves which reseller; it sees the reseller's rows where the program says so.
CREATE TABLE partner_resellers (
    id TEXT NOT NULL PRIMARY KEY,
    distributor_id TEXT NOT NULL REFERENCES partners (id),
    reseller_id TEXT NOT NULL REFERENCES partners (id),
    starts_on TEXT NOT NULL CHECK (length(starts_on) = 10),
    ends_on TEXT CHECK (length(ends_on) = 10),
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (distributor_id, reseller_id, starts_on),
    CHECK (distributor_id <> reseller_id),
    CHECK (ends_on >= starts_on)
);
CREATE INDEX partner_resellers_reseller ON partner_resellers (reseller_id, distributor_id);
CREATE INDEX partner_resellers_created ON partner_resellers (created_at, id);

CREATE TABLE employments (
    id TEXT NOT NULL PRIMARY KEY,
    person_id TEXT NOT NULL REFERENCES people (id),
    partner_id TEXT NOT NULL REFERENCES partners (id),
    title TEXT,
    department TEXT,
    starts_on TEXT NOT NULL CHECK (length(starts_on) = 10),
    -- The first day on which the person no longer works there.
    ends_on TEXT CHECK (length(ends_on) = 10),
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (person_id, partner_id, starts_on),
    CHECK (ends_on >= starts_on)
);
CREATE UNIQUE INDEX employments_open ON employments (person_id, partner_id) WHERE ends_on IS NULL;
CREATE INDEX employments_partner ON employments (partner_id, created_at, id);

CREATE TABLE employment_roles (
    employment_id TEXT NOT NULL REFERENCES employments (id),
    role TEXT NOT NULL CHECK (role IN ('primary', 'sales', 'marketing', 'technical', 'finance', 'signer')),
    PRIMARY KEY (employment_id, role)
);

-- A user's right to act for a partner. Someone who works for two partners has two, and one per token.
CREATE TABLE partner_memberships (
    id TEXT NOT NULL PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id),
    partner_id TEXT NOT NULL REFERENCES partners (id),
    status TEXT NOT NULL CHECK (status IN ('invited', 'active', 'disabled')),
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (user_id, partner_id),
    UNIQUE (id, partner_id)
);
CREATE INDEX partner_memberships_partner ON partner_memberships (partner_id, created_at, id);
CREATE INDEX partner_memberships_created ON partner_memberships (created_at, id);

CREATE TABLE partner_membership_roles (
    membership_id TEXT NOT NULL REFERENCES partner_memberships (id),
    role TEXT NOT NULL CHECK (role IN ('partner_admin', 'partner_sales', 'partner_marketing', 'partner_learner')),
    PRIMARY KEY (membership_id, role)
);

CREATE TABLE handovers (
    id TEXT NOT NULL PRIMARY KEY,
    partner_id TEXT NOT NULL REFERENCES partners (id),
    role TEXT NOT NULL CHECK (role IN ('primary', 'backup', 'exec_sponsor')),
    from_user_id TEXT REFERENCES users (id),
    to_user_id TEXT NOT NULL REFERENCES users (id),
    status TEXT NOT NULL CHECK (status IN ('draft', 'scheduled', 'in_progress', 'accepted', 'completed', 'cancelled')),
    reason_code TEXT NOT NULL,
    reason_text TEXT,
    effective_at BIGINT NOT NULL,
    -- Until then the former manager can still read.
    overlap_until BIGINT NOT NULL,
    -- Given by a second person when the partner has changed hands too often.
    manager_approved_by TEXT,
    manager_approved_at BIGINT,
    accepted_at BIGINT,
    first_touch_at BIGINT,
    first_touch_note TEXT,
    completed_at BIGINT,
    cancelled_at BIGINT,
    created_by TEXT NOT NULL,
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CHECK (from_user_id <> to_user_id),
    CHECK (overlap_until >= effective_at)
);
CREATE UNIQUE INDEX handovers_open ON handovers (partner_id, role)
    WHERE status IN ('draft', 'scheduled', 'in_progress', 'accepted');
CREATE INDEX handovers_partner ON handovers (partner_id, created_at, id);
CREATE INDEX handovers_from ON handovers (from_user_id, created_at, id);
CREATE INDEX handovers_to ON handovers (to_user_id, created_at, id);
CREATE INDEX handovers_created ON handovers (created_at, id);
CREATE INDEX handovers_due ON handovers (effective_at, id) WHERE status = 'scheduled';

-- The work that changes hands, listed when the handover opens.
CREATE TABLE handover_items (
    id TEXT NOT NULL PRIMARY KEY,
    handover_id TEXT NOT NULL REFERENCES handovers (id),
    kind TEXT NOT NULL CHECK (kind IN (
        'pending_decision', 'expiring_protection', 'open_request', 'open_claim', 'conflict_case', 'at_risk',
        'next_review', 'overdue_commitment', 'open_info_request', 'open_task', 'manual')),
    resource_type TEXT,
    resource_id TEXT,
    title TEXT NOT NULL,
    due_at BIGINT,
    status TEXT NOT NULL CHECK (status IN ('open', 'done', 'not_needed')),
    note TEXT,
    done_by TEXT,
    done_at BIGINT,
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (handover_id, kind, resource_id)
);
CREATE INDEX handover_items_handover ON handover_items (handover_id, created_at, id);

-- Who looks after a partner, as a chain of starts: an entry holds until the next one of the same partner and
-- role, so there can be neither gap nor overlap. An entry without a holder ends the chain.
-- The partner's key is checked at commit, so that an active partner and its first manager can be written in
-- one transaction, the assignment first (the guard of the next migration asks for it).
CREATE TABLE account_manager_assignments (
    id TEXT NOT NULL PRIMARY KEY,
    partner_id TEXT NOT NULL REFERENCES partners (id) DEFERRABLE INITIALLY DEFERRED,
    role TEXT NOT NULL CHECK (role IN ('primary', 'backup', 'exec_sponsor')),
    valid_from BIGINT NOT NULL,
    user_id TEXT REFERENCES users (id),
    reason_code TEXT NOT NULL,
    reason_text TEXT,
    handover_id TEXT REFERENCES handovers (id),
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (partner_id, role, valid_from)
);
CREATE INDEX account_manager_assignments_user ON account_manager_assignments (user_id, role, valid_from, partner_id);
CREATE INDEX account_manager_assignments_handover ON account_manager_assignments (handover_id);
CREATE INDEX account_manager_assignments_created ON account_manager_assignments (partner_id, created_at, id);

-- Notes on any resource; `partner_id` when the resource belongs to one.
CREATE TABLE notes (
    id TEXT NOT NULL PRIMARY KEY,
    resource_type TEXT NOT NULL,
    resource_id TEXT NOT NULL,
    partner_id TEXT REFERENCES partners (id),
    -- `internal`: the vendor; `partner`: the partner's own; `shared`: both.
    visibility TEXT NOT NULL CHECK (visibility IN ('internal', 'partner', 'shared')),
    body TEXT NOT NULL,
    author_type TEXT NOT NULL,
    author_id TEXT NOT NULL,
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CHECK (visibility = 'internal' OR partner_id IS NOT NULL)
);
CREATE INDEX notes_resource ON notes (resource_type, resource_id, created_at, id);
CREATE INDEX notes_partner ON notes (partner_id, created_at, id);
CREATE INDEX notes_created ON notes (created_at, id);
