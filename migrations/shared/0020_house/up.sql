-- What every module stands on: settings, numbers, replays, mail, and what may hang on any resource.

-- Human numbers (`DR-2026-000123`) come from here; gaps are allowed.
CREATE TABLE counters (
    name TEXT NOT NULL PRIMARY KEY,
    value BIGINT NOT NULL CHECK (value >= 0)
);

-- What the program's owner decides, as whole documents: drafts, and versions that were published from a moment on. A decision
-- notes the version it was made under.
CREATE TABLE policies (
    id TEXT NOT NULL PRIMARY KEY,
    -- Given when it is published, and no number twice; a draft has none.
    version BIGINT UNIQUE CHECK (version > 0),
    -- The version that was published last when the draft was begun; 0 are the built-in defaults.
    base_version BIGINT NOT NULL CHECK (base_version >= 0),
    valid_from BIGINT,
    document TEXT NOT NULL,
    note TEXT,
    created_by TEXT NOT NULL,
    published_by TEXT,
    published_at BIGINT,
    -- A version that was to hold in the future and never will.
    withdrawn_by TEXT,
    withdrawn_at BIGINT,
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CHECK ((version IS NULL) = (valid_from IS NULL)),
    CHECK ((version IS NULL) = (published_at IS NULL)),
    CHECK ((published_at IS NULL) = (published_by IS NULL)),
    CHECK ((withdrawn_at IS NULL) = (withdrawn_by IS NULL)),
    CHECK (withdrawn_at IS NULL OR withdrawn_at < valid_from)
);
CREATE INDEX policies_valid_from ON policies (valid_from, version);
CREATE INDEX policies_created ON policies (created_at, id);

CREATE TABLE idempotency_keys (
    principal TEXT NOT NULL,
    key TEXT NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
    method TEXT NOT NULL,
    path TEXT NOT NULL,
    body_hash TEXT NOT NULL,
    -- The answer: absent while the first request is still at work in its own transaction.
    status BIGINT,
    headers TEXT,
    body TEXT,
    -- The body is sealed with the master key, because it shows a secret once.
    sealed BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (principal, key)
);
CREATE INDEX idempotency_keys_expires ON idempotency_keys (expires_at);

-- Mail that waits to be delivered, written in the transaction of what it tells.
CREATE TABLE mails (
    id TEXT NOT NULL PRIMARY KEY,
    recipient TEXT NOT NULL,
    topic TEXT NOT NULL,
    subject TEXT NOT NULL,
    -- Emptied after delivery when it carried a one-time token.
    body TEXT,
    sealed BOOLEAN NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('queued', 'sent', 'failed')),
    attempts BIGINT NOT NULL CHECK (attempts >= 0),
    next_at BIGINT NOT NULL,
    lease_token TEXT,
    lease_until BIGINT,
    last_error TEXT,
    sent_at BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CHECK ((lease_token IS NULL) = (lease_until IS NULL)),
    CHECK ((state = 'sent') = (sent_at IS NOT NULL))
);
CREATE INDEX mails_queue ON mails (next_at, id) WHERE state = 'queued';
CREATE INDEX mails_state_created ON mails (state, created_at, id);
CREATE INDEX mails_created ON mails (created_at, id);

CREATE TABLE custom_field_definitions (
    id TEXT NOT NULL PRIMARY KEY,
    resource_type TEXT NOT NULL,
    name TEXT NOT NULL,
    label TEXT NOT NULL,
    label_key TEXT NOT NULL,
    data_type TEXT NOT NULL CHECK (data_type IN ('text', 'integer', 'decimal', 'boolean', 'date', 'choice')),
    choices TEXT,
    required BOOLEAN NOT NULL,
    partner_visible BOOLEAN NOT NULL,
    partner_editable BOOLEAN NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('active', 'retired')),
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (resource_type, name),
    CHECK ((data_type = 'choice') = (choices IS NOT NULL))
);
CREATE INDEX custom_field_definitions_created ON custom_field_definitions (created_at, id);
CREATE INDEX custom_field_definitions_label ON custom_field_definitions (label_key, id);

-- The same thing in another system. An import is repeatable because of this key.
CREATE TABLE external_references (
    id TEXT NOT NULL PRIMARY KEY,
    system TEXT NOT NULL,
    resource_type TEXT NOT NULL,
    external_id TEXT NOT NULL,
    resource_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (system, resource_type, external_id)
);
CREATE INDEX external_references_resource ON external_references (resource_type, resource_id, id);
CREATE INDEX external_references_created ON external_references (created_at, id);

CREATE TABLE resource_tags (
    resource_type TEXT NOT NULL,
    resource_id TEXT NOT NULL,
    tag_key TEXT NOT NULL,
    tag TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (resource_type, resource_id, tag_key)
);
CREATE INDEX resource_tags_tag ON resource_tags (resource_type, tag_key, resource_id);

-- How far the feed, the audit chain and the retention have come, and who works on it now.
-- `event_horizon`: events up to this position have expired, and only those may be deleted. `notices`: of events up to this
-- position people were told; the mark is set when notices come.
CREATE TABLE feed_marks (
    name TEXT NOT NULL PRIMARY KEY CHECK (name IN ('event_sequencer', 'event_horizon', 'audit_chain', 'notices')),
    position BIGINT NOT NULL CHECK (position >= 0),
    -- The last link of the audit chain.
    hash TEXT,
    lease_token TEXT,
    lease_until BIGINT,
    updated_at BIGINT NOT NULL,
    CHECK ((lease_token IS NULL) = (lease_until IS NULL))
);
INSERT INTO feed_marks (name, position, hash, lease_token, lease_until, updated_at) VALUES
    ('event_sequencer', 0, NULL, NULL, NULL, 0),
    ('event_horizon', 0, NULL, NULL, NULL, 0),
    ('audit_chain', 0, NULL, NULL, NULL, 0);
