-- What happened, for the feed, and who did it, for the audit. Engine-specific for one reason: the database
-- itself numbers the rows (`seq`), and the engines spell that differently.

-- The outbox of facts, written in the transaction of their effect. `seq` is the order of insertion and may
-- commit out of order; `position` is the order of the feed, without gaps, given to committed events by one
-- sequencer. Rows are kept until the event horizon passes them; erasure rewrites their payload.
CREATE TABLE events (
    seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    position BIGINT UNIQUE,
    event_type TEXT NOT NULL,
    resource_type TEXT NOT NULL,
    resource_id TEXT NOT NULL,
    revision BIGINT NOT NULL,
    occurred_at BIGINT NOT NULL,
    actor_type TEXT NOT NULL CHECK (actor_type IN ('user', 'client', 'system', 'anonymous')),
    actor_id TEXT NOT NULL,
    origin TEXT NOT NULL,
    origin_tag TEXT,
    request_id TEXT,
    changed_fields TEXT NOT NULL,
    data TEXT,
    previous TEXT,
    -- The partners that may read it, as a JSON list; the same as rows in `event_audiences`.
    audience TEXT NOT NULL,
    deleted BOOLEAN NOT NULL,
    erased_at BIGINT,
    -- Goes into the digest that the audit chain covers, and goes with the payload at its erasure: without it nobody can
    -- find out by trying what the payload was.
    salt TEXT
);
CREATE INDEX events_unpositioned ON events (seq) WHERE position IS NULL;
CREATE INDEX events_type ON events (event_type, position);
CREATE INDEX events_resource_type ON events (resource_type, position);
CREATE INDEX events_resource ON events (resource_type, resource_id, position);
CREATE INDEX events_occurred ON events (occurred_at, seq);

-- A partner's own feed, so that reading it costs no more when others are busy.
-- `position` is that of the event, written by the same sequencer.
CREATE TABLE event_audiences (
    partner_id TEXT NOT NULL,
    event_seq BIGINT NOT NULL REFERENCES events (seq),
    position BIGINT,
    PRIMARY KEY (partner_id, event_seq)
);
CREATE INDEX event_audiences_event ON event_audiences (event_seq);
CREATE INDEX event_audiences_position ON event_audiences (partner_id, position);

-- Who did what, written in the transaction of the effect and chained afterwards: the sequencer gives each
-- record its place in the chain and its hash. It holds no payload, only the salted digest of one, so that an
-- erasure leaves the chain whole.
CREATE TABLE audit_records (
    seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    at BIGINT NOT NULL,
    actor_type TEXT NOT NULL CHECK (actor_type IN ('user', 'client', 'system', 'anonymous')),
    actor_id TEXT NOT NULL,
    -- The partner the actor acted for.
    partner_id TEXT,
    operation TEXT NOT NULL,
    reason TEXT,
    resource_type TEXT,
    resource_id TEXT,
    revision BIGINT,
    request_id TEXT,
    ip TEXT,
    -- No foreign key: the record outlives the event.
    event_seq BIGINT,
    digest TEXT,
    chain_position BIGINT UNIQUE,
    prev_hash TEXT,
    hash TEXT,
    CHECK ((chain_position IS NULL) = (hash IS NULL)),
    CHECK ((chain_position IS NULL) = (prev_hash IS NULL))
);
CREATE INDEX audit_records_unchained ON audit_records (seq) WHERE hash IS NULL;
CREATE INDEX audit_records_at ON audit_records (at, seq);
CREATE INDEX audit_records_actor ON audit_records (actor_id, at, seq);
CREATE INDEX audit_records_resource ON audit_records (resource_type, resource_id, at, seq);
CREATE INDEX audit_records_operation ON audit_records (operation, at, seq);
