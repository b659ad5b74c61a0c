-- First come, first protected. One row per scope granted: customer account, product node, territory node,
-- class of deal, period. The guard of the next migration refuses an overlap of two active exclusive rows.
-- A period needs no job to end: protected at t is `starts_at <= t < ends_at`. A release cuts `ends_at`.

CREATE TABLE protections (
    id TEXT NOT NULL PRIMARY KEY,
    deal_id TEXT NOT NULL,
    partner_id TEXT NOT NULL,
    decision_id TEXT REFERENCES deal_decisions (id),
    account_id TEXT NOT NULL REFERENCES customer_accounts (id),
    product_id TEXT NOT NULL REFERENCES products (id),
    territory_id TEXT NOT NULL REFERENCES territories (id),
    -- Which deals shut each other out, by policy: `any` meets every class, the others only their own.
    deal_type_class TEXT NOT NULL CHECK (deal_type_class IN ('new_business', 'renewal', 'any')),
    exclusive BOOLEAN NOT NULL,
    starts_at BIGINT NOT NULL,
    -- The end in force, the grace of a pending extension included.
    ends_at BIGINT NOT NULL,
    -- The end that was granted: between the two the protection is in grace.
    granted_until BIGINT NOT NULL,
    -- `contested`: collided with another by a merge of accounts, shuts nobody out until its case is decided.
    -- `paused`: its partner is suspended under a policy that pauses.
    status TEXT NOT NULL CHECK (status IN ('active', 'contested', 'paused', 'released', 'transferred', 'consumed', 'revoked')),
    status_reason TEXT,
    status_since BIGINT NOT NULL,
    transferred_to_id TEXT REFERENCES protections (id),
    legacy BOOLEAN NOT NULL,
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (id, partner_id),
    FOREIGN KEY (deal_id, partner_id) REFERENCES deals (id, partner_id),
    CHECK (starts_at <= ends_at),
    CHECK (status <> 'active' OR starts_at < ends_at),
    CHECK (starts_at < granted_until),
    CHECK (status = 'transferred' OR transferred_to_id IS NULL)
);
-- What the guard looks through: the live claims on one customer.
CREATE INDEX protections_live ON protections (account_id, deal_type_class, ends_at) WHERE exclusive AND status = 'active';
CREATE INDEX protections_account ON protections (account_id, created_at, id);
CREATE INDEX protections_deal ON protections (deal_id, partner_id, created_at, id);
CREATE INDEX protections_partner ON protections (partner_id, created_at, id);
CREATE INDEX protections_partner_end ON protections (partner_id, ends_at, id);
CREATE INDEX protections_end ON protections (ends_at, id);
CREATE INDEX protections_granted ON protections (granted_until, deal_id) WHERE status = 'active';
CREATE INDEX protections_created ON protections (created_at, id);
CREATE INDEX protections_updated ON protections (updated_at, id);
CREATE INDEX protections_status ON protections (status, ends_at, id);
CREATE INDEX protections_product ON protections (product_id, ends_at, id);
CREATE INDEX protections_territory ON protections (territory_id, ends_at, id);
CREATE INDEX protections_decision ON protections (decision_id);
CREATE INDEX protections_transferred_to ON protections (transferred_to_id);
