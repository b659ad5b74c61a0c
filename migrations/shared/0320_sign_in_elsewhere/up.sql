-- Whom else than ourselves we believe: identity providers whose tokens are taken, whose accounts are whose, the keys of
-- service clients, tokens that were revoked, and tokens that were used.

CREATE TABLE identity_providers (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    -- A token names its issuer, so an issuer is one provider.
    issuer TEXT NOT NULL UNIQUE,
    audience TEXT NOT NULL,
    algorithms TEXT NOT NULL,
    -- Set: it speaks for this partner's people alone.
    partner_id TEXT REFERENCES partners (id),
    link_by TEXT NOT NULL CHECK (link_by IN ('verified_email', 'subject')),
    email_claim TEXT NOT NULL,
    email_domains TEXT NOT NULL,
    roles_by TEXT NOT NULL CHECK (roles_by IN ('own', 'limited', 'mapped')),
    roles_claim TEXT,
    role_map TEXT NOT NULL,
    partner_claim TEXT,
    amr TEXT NOT NULL,
    enabled BOOLEAN NOT NULL,
    created_by TEXT NOT NULL,
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CHECK (roles_by = 'own' OR roles_claim IS NOT NULL),
    -- Whoever may vouch for addresses says for which.
    CHECK (link_by = 'subject' OR email_domains <> '[]')
);
CREATE INDEX identity_providers_name ON identity_providers (name_key, id);
CREATE INDEX identity_providers_created ON identity_providers (created_at, id);
CREATE INDEX identity_providers_partner ON identity_providers (partner_id);

CREATE TABLE identity_links (
    id TEXT NOT NULL PRIMARY KEY,
    provider_id TEXT NOT NULL REFERENCES identity_providers (id),
    subject TEXT NOT NULL,
    user_id TEXT NOT NULL REFERENCES users (id),
    created_by TEXT NOT NULL,
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (provider_id, subject),
    -- An address that the provider gives to somebody else does not give them the user, too.
    UNIQUE (provider_id, user_id)
);
CREATE INDEX identity_links_user ON identity_links (user_id);
CREATE INDEX identity_links_created ON identity_links (created_at, id);

-- Tokens of others that were met, as hashes: an assertion of a client is taken once, a sign-in by a provider's token is
-- written down once.
CREATE TABLE used_tokens (
    hash TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('client_assertion', 'provider_token')),
    expires_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX used_tokens_expires ON used_tokens (expires_at);

-- Access tokens of service clients that ended before their time; what has ended by itself need not be here.
CREATE TABLE revoked_tokens (
    jti TEXT NOT NULL PRIMARY KEY,
    client_id TEXT NOT NULL REFERENCES service_clients (id),
    expires_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX revoked_tokens_client ON revoked_tokens (client_id, expires_at);
CREATE INDEX revoked_tokens_expires ON revoked_tokens (expires_at);

-- The public keys by which a client proves itself beside its secrets (RFC 7523), as a JSON Web Key Set.
ALTER TABLE service_clients ADD COLUMN jwks TEXT;
