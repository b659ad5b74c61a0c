-- What tiers give in quantities: granted to a member, consumed, returned, and ended by the clock alone.

CREATE TABLE benefit_grants (
    id TEXT NOT NULL PRIMARY KEY,
    membership_id TEXT NOT NULL,
    partner_id TEXT NOT NULL,
    program_id TEXT NOT NULL,
    -- The tier that gives it.
    tier_version_id TEXT NOT NULL,
    -- Of the allowance among the tier's benefits; the same code in another tier is the same benefit.
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('internal_use_licences', 'support_incidents', 'training_seats', 'event_passes', 'other')),
    product_id TEXT REFERENCES products (id),
    granted BIGINT NOT NULL CHECK (granted > 0),
    -- Whatever the code decides: what remains is never below zero.
    consumed BIGINT NOT NULL CHECK (consumed >= 0 AND consumed <= granted),
    valid_from BIGINT NOT NULL,
    -- The first moment at which it holds no more.
    valid_until BIGINT,
    -- It is granted anew at its end, which lies too far ahead to be written yet.
    renews BOOLEAN NOT NULL,
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    -- However often the chain of tiers is worked out, what begins with a tier is granted once.
    UNIQUE (membership_id, tier_version_id, code, valid_from),
    UNIQUE (id, partner_id),
    FOREIGN KEY (membership_id, partner_id, program_id) REFERENCES program_memberships (id, partner_id, program_id),
    FOREIGN KEY (tier_version_id, program_id) REFERENCES tier_versions (id, program_id),
    CHECK (valid_until > valid_from),
    CHECK (NOT renews OR valid_until IS NOT NULL)
);
CREATE INDEX benefit_grants_membership ON benefit_grants (membership_id, partner_id, program_id, code, valid_from);
CREATE INDEX benefit_grants_partner ON benefit_grants (partner_id, created_at, id);
CREATE INDEX benefit_grants_program ON benefit_grants (program_id, created_at, id);
CREATE INDEX benefit_grants_tier ON benefit_grants (tier_version_id, program_id);
CREATE INDEX benefit_grants_product ON benefit_grants (product_id);
CREATE INDEX benefit_grants_created ON benefit_grants (created_at, id);
CREATE INDEX benefit_grants_renewal ON benefit_grants (valid_until, id) WHERE renews;

CREATE TABLE benefit_uses (
    id TEXT NOT NULL PRIMARY KEY,
    grant_id TEXT NOT NULL,
    partner_id TEXT NOT NULL,
    quantity BIGINT NOT NULL CHECK (quantity > 0),
    purpose TEXT,
    -- What it is called elsewhere: a licence, an order, a ticket.
    reference TEXT,
    used_by TEXT NOT NULL,
    returned_at BIGINT,
    return_reason TEXT,
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    FOREIGN KEY (grant_id, partner_id) REFERENCES benefit_grants (id, partner_id),
    CHECK ((returned_at IS NULL) = (return_reason IS NULL))
);
CREATE INDEX benefit_uses_grant ON benefit_uses (grant_id, partner_id, created_at, id);
