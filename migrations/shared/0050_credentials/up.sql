-- How users and programs prove who they are. Only hashes of secrets are kept; what must be read back is sealed.

CREATE TABLE one_time_tokens (
    hash TEXT NOT NULL PRIMARY KEY,
    purpose TEXT NOT NULL CHECK (purpose IN ('invitation', 'password_reset', 'email_verification')),
    user_id TEXT REFERENCES users (id),
    partner_id TEXT REFERENCES partners (id),
    -- The address the token was sent to, folded: it proves that one and no other.
    email_key TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT,
    revoked_at BIGINT,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    CHECK (user_id IS NOT NULL OR purpose = 'email_verification')
);
CREATE INDEX one_time_tokens_user ON one_time_tokens (user_id, purpose, created_at);
CREATE INDEX one_time_tokens_partner ON one_time_tokens (partner_id, created_at);
CREATE INDEX one_time_tokens_expires ON one_time_tokens (expires_at);

-- One sign-in and the refresh tokens that descend from it; reuse of one ends them all.
CREATE TABLE refresh_families (
    id TEXT NOT NULL PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id),
    membership_id TEXT REFERENCES partner_memberships (id),
    user_agent TEXT,
    ip TEXT,
    expires_at BIGINT NOT NULL,
    last_used_at BIGINT NOT NULL,
    revoked_at BIGINT,
    revoked_reason TEXT CHECK (revoked_reason IN ('logout', 'reuse', 'password_changed', 'user_disabled', 'membership_ended', 'admin')),
    created_at BIGINT NOT NULL,
    CHECK ((revoked_at IS NULL) = (revoked_reason IS NULL))
);
CREATE INDEX refresh_families_user ON refresh_families (user_id, created_at, id);
CREATE INDEX refresh_families_membership ON refresh_families (membership_id);
CREATE INDEX refresh_families_expires ON refresh_families (expires_at);

CREATE TABLE refresh_tokens (
    hash TEXT NOT NULL PRIMARY KEY,
    family_id TEXT NOT NULL REFERENCES refresh_families (id),
    predecessor_hash TEXT UNIQUE,
    issued_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT
);
-- A family has one token that can still be used.
CREATE UNIQUE INDEX refresh_tokens_live ON refresh_tokens (family_id) WHERE used_at IS NULL;
CREATE INDEX refresh_tokens_family ON refresh_tokens (family_id, issued_at);
CREATE INDEX refresh_tokens_expires ON refresh_tokens (expires_at);

CREATE TABLE service_clients (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    description TEXT,
    scopes TEXT NOT NULL,
    -- Set: the client sees this partner's rows only.
    partner_id TEXT REFERENCES partners (id),
    status TEXT NOT NULL CHECK (status IN ('active', 'disabled')),
    last_used_at BIGINT,
    created_by TEXT NOT NULL,
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX service_clients_partner ON service_clients (partner_id, created_at, id);
CREATE INDEX service_clients_name ON service_clients (name_key, id);
CREATE INDEX service_clients_created ON service_clients (created_at, id);
CREATE INDEX service_clients_updated ON service_clients (updated_at, id);

-- At most two live secrets a client, one in each slot, so that a new one can be put in place before the old goes.
CREATE TABLE client_secrets (
    id TEXT NOT NULL PRIMARY KEY,
    client_id TEXT NOT NULL REFERENCES service_clients (id),
    slot BIGINT NOT NULL CHECK (slot IN (1, 2)),
    hash TEXT NOT NULL UNIQUE,
    last4 TEXT NOT NULL CHECK (length(last4) = 4),
    expires_at BIGINT,
    revoked_at BIGINT,
    last_used_at BIGINT,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX client_secrets_live ON client_secrets (client_id, slot) WHERE revoked_at IS NULL;
CREATE INDEX client_secrets_client ON client_secrets (client_id, created_at, id);

CREATE TABLE api_keys (
    id TEXT NOT NULL PRIMARY KEY,
    public_id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    hash TEXT NOT NULL UNIQUE,
    last4 TEXT NOT NULL CHECK (length(last4) = 4),
    -- The user or the service client whose rights bound those of the key.
    user_id TEXT REFERENCES users (id),
    client_id TEXT REFERENCES service_clients (id),
    -- A partner user's key acts for one partner.
    membership_id TEXT REFERENCES partner_memberships (id),
    partner_id TEXT REFERENCES partners (id),
    scopes TEXT NOT NULL,
    expires_at BIGINT,
    revoked_at BIGINT,
    last_used_at BIGINT,
    created_by TEXT NOT NULL,
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CHECK ((user_id IS NULL) <> (client_id IS NULL))
);
CREATE INDEX api_keys_user ON api_keys (user_id, created_at, id);
CREATE INDEX api_keys_client ON api_keys (client_id, created_at, id);
CREATE INDEX api_keys_membership ON api_keys (membership_id);
CREATE INDEX api_keys_partner ON api_keys (partner_id, created_at, id);
CREATE INDEX api_keys_name ON api_keys (name_key, id);
CREATE INDEX api_keys_created ON api_keys (created_at, id);
CREATE INDEX api_keys_updated ON api_keys (updated_at, id);

-- `subject` is a keyed hash of the identifier or the address, so that unknown ones are throttled alike.
CREATE TABLE login_throttles (
    subject TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('identifier', 'address')),
    failures BIGINT NOT NULL CHECK (failures >= 0),
    first_failure_at BIGINT NOT NULL,
    blocked_until BIGINT,
    updated_at BIGINT NOT NULL
);
CREATE INDEX login_throttles_updated ON login_throttles (updated_at);

CREATE TABLE signing_keys (
    kid TEXT NOT NULL PRIMARY KEY,
    algorithm TEXT NOT NULL CHECK (algorithm IN ('EdDSA')),
    sealed_private_key TEXT NOT NULL,
    public_jwk TEXT NOT NULL,
    -- Published from creation, used from activation, kept in the key set until retirement.
    activates_at BIGINT NOT NULL,
    retires_at BIGINT,
    created_at BIGINT NOT NULL,
    CHECK (retires_at > activates_at)
);
CREATE INDEX signing_keys_activates ON signing_keys (activates_at, kid);

-- Append-only facts from the first day on: activation and health figures need them later.
CREATE TABLE sign_ins (
    id TEXT NOT NULL PRIMARY KEY,
    user_id TEXT REFERENCES users (id),
    partner_id TEXT REFERENCES partners (id),
    -- Keyed hash of what was typed, for attempts on unknown names.
    identifier_hash TEXT,
    at BIGINT NOT NULL,
    day_on TEXT NOT NULL CHECK (length(day_on) = 10),
    method TEXT NOT NULL CHECK (method IN ('password', 'refresh', 'one_time_token', 'client_credentials', 'api_key')),
    outcome TEXT NOT NULL CHECK (outcome IN ('success', 'wrong_credentials', 'throttled', 'disabled', 'reuse_detected', 'expired')),
    ip TEXT,
    user_agent TEXT
);
CREATE INDEX sign_ins_user ON sign_ins (user_id, at, id);
CREATE INDEX sign_ins_partner ON sign_ins (partner_id, at, id);
CREATE INDEX sign_ins_at ON sign_ins (at, id);
CREATE INDEX sign_ins_day ON sign_ins (day_on, partner_id, user_id);
