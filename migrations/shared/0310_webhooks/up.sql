-- Webhooks: addresses that events are delivered to, how far each has come, and every delivery with its attempts.

CREATE TABLE webhook_endpoints (
    id TEXT NOT NULL PRIMARY KEY,
    -- Whose it is; none for the vendor's.
    partner_id TEXT REFERENCES partners (id),
    -- The machine that made it, and that it learns no more than.
    client_id TEXT REFERENCES service_clients (id),
    created_by TEXT NOT NULL,
    url TEXT NOT NULL,
    description TEXT,
    event_types TEXT NOT NULL,
    include_data BOOLEAN NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('enabled', 'disabled')),
    disabled_reason TEXT CHECK (disabled_reason IN ('manual', 'gone', 'failing', 'client_disabled', 'partner_ended')),
    disabled_at BIGINT,
    -- Both sealed with the master secret.
    sealed_secret TEXT NOT NULL,
    secret_since BIGINT NOT NULL,
    sealed_previous TEXT,
    previous_secret_until BIGINT,
    -- Gone for everybody; its deliveries are deleted in batches, and it with the last of them.
    deleted_at BIGINT,
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CHECK ((status = 'disabled') = (disabled_reason IS NOT NULL)),
    CHECK ((status = 'disabled') = (disabled_at IS NOT NULL)),
    CHECK ((sealed_previous IS NULL) = (previous_secret_until IS NULL))
);
CREATE INDEX webhook_endpoints_partner ON webhook_endpoints (partner_id, created_at, id);
CREATE INDEX webhook_endpoints_deleted ON webhook_endpoints (deleted_at, id) WHERE deleted_at IS NOT NULL;

-- Where the work for an endpoint stands, and which instance does it. Apart from the endpoint, so that work changes no revision.
CREATE TABLE webhook_marks (
    endpoint_id TEXT NOT NULL PRIMARY KEY REFERENCES webhook_endpoints (id),
    -- Events up to this position of the feed have their deliveries.
    position BIGINT NOT NULL CHECK (position >= 0),
    -- The last number that was given to a delivery.
    sequence BIGINT NOT NULL CHECK (sequence >= 0),
    -- Counts what an instance at work must read again: changes of the endpoint, replays, pings.
    generation BIGINT NOT NULL,
    -- Since when every attempt has failed.
    failing_since BIGINT,
    lease_token TEXT,
    lease_until BIGINT,
    updated_at BIGINT NOT NULL,
    CHECK ((lease_token IS NULL) = (lease_until IS NULL))
);
CREATE INDEX webhook_marks_lease ON webhook_marks (lease_token);

-- One message to one endpoint.
CREATE TABLE webhook_deliveries (
    id TEXT NOT NULL PRIMARY KEY,
    endpoint_id TEXT NOT NULL REFERENCES webhook_endpoints (id),
    -- As the endpoint's.
    partner_id TEXT,
    kind TEXT NOT NULL CHECK (kind IN ('event', 'ping')),
    -- Its number at the endpoint, in the order of the feed; none of a ping.
    sequence BIGINT,
    position BIGINT,
    event_id TEXT,
    event_type TEXT NOT NULL,
    resource_type TEXT NOT NULL,
    resource_id TEXT NOT NULL,
    occurred_at BIGINT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('pending', 'delivered', 'failed', 'skipped')),
    -- All there were, and those since it last became pending anew.
    attempts BIGINT NOT NULL CHECK (attempts >= 0),
    tries BIGINT NOT NULL CHECK (tries >= 0),
    next_attempt_at BIGINT,
    last_attempt_at BIGINT,
    last_status BIGINT,
    last_error TEXT,
    delivered_at BIGINT,
    -- When it is deleted; not while it may still be sent.
    expires_at BIGINT,
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (endpoint_id, sequence),
    CHECK ((kind = 'event') = (sequence IS NOT NULL)),
    CHECK ((kind = 'event') = (position IS NOT NULL)),
    CHECK ((status = 'pending') = (next_attempt_at IS NOT NULL))
);
CREATE INDEX webhook_deliveries_queue ON webhook_deliveries (endpoint_id, status, sequence);
CREATE INDEX webhook_deliveries_endpoint ON webhook_deliveries (endpoint_id, created_at, id);
CREATE INDEX webhook_deliveries_partner ON webhook_deliveries (partner_id, created_at, id);
CREATE INDEX webhook_deliveries_resource ON webhook_deliveries (resource_type, resource_id, created_at, id);
CREATE INDEX webhook_deliveries_open ON webhook_deliveries (occurred_at) WHERE status = 'pending';
CREATE INDEX webhook_deliveries_pings ON webhook_deliveries (endpoint_id) WHERE status = 'pending' AND kind = 'ping';
CREATE INDEX webhook_deliveries_expires ON webhook_deliveries (expires_at) WHERE expires_at IS NOT NULL;

-- Each time a message was sent, or could not be.
CREATE TABLE webhook_attempts (
    delivery_id TEXT NOT NULL REFERENCES webhook_deliveries (id),
    number BIGINT NOT NULL CHECK (number > 0),
    attempted_at BIGINT NOT NULL,
    milliseconds BIGINT NOT NULL CHECK (milliseconds >= 0),
    -- The status of the answer; none if there was no answer.
    status BIGINT,
    error TEXT,
    signature TEXT,
    -- The beginning of the answer's body.
    answer TEXT,
    PRIMARY KEY (delivery_id, number)
);
