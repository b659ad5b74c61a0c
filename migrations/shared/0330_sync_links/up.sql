-- Links with other systems: which record is which there, how far each side has come, and where both were changed.

CREATE TABLE external_systems (
    id TEXT NOT NULL PRIMARY KEY,
    -- The name by which external references call it.
    code TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('salesforce', 'hubspot', 'dynamics', 'erp', 'warehouse', 'other')),
    state TEXT NOT NULL CHECK (state IN ('active', 'paused')),
    -- Since when its errors have lasted so long that people were told.
    failing_since BIGINT,
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX external_systems_created ON external_systems (created_at, id);

-- One record in one other system. The pair itself is an external reference; this is how far it has come.
CREATE TABLE sync_links (
    id TEXT NOT NULL PRIMARY KEY,
    system_id TEXT NOT NULL REFERENCES external_systems (id),
    resource_type TEXT NOT NULL,
    resource_id TEXT NOT NULL,
    external_id TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'in_sync', 'error', 'conflict', 'paused')),
    -- The record's present revision, and the one that the other system has.
    our_revision BIGINT NOT NULL CHECK (our_revision >= 0),
    pushed_revision BIGINT,
    pushed_at BIGINT,
    -- The revision of theirs that was taken last.
    pulled_revision TEXT,
    pulled_changed_at BIGINT,
    pulled_at BIGINT,
    -- The last revision of ours that both sides had.
    agreed_revision BIGINT NOT NULL,
    -- Since when something waits to be pushed.
    pending_since BIGINT,
    error_code TEXT,
    error_detail TEXT,
    failing_since BIGINT,
    failed_at BIGINT,
    failures BIGINT NOT NULL CHECK (failures >= 0),
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (system_id, resource_type, resource_id),
    UNIQUE (system_id, resource_type, external_id),
    CHECK (state <> 'in_sync' OR pending_since IS NULL),
    CHECK (state <> 'error' OR error_code IS NOT NULL),
    CHECK ((error_code IS NULL) = (failing_since IS NULL)),
    CHECK ((error_code IS NULL) = (failed_at IS NULL)),
    CHECK ((pulled_revision IS NULL) = (pulled_at IS NULL)),
    CHECK ((pushed_revision IS NULL) = (pushed_at IS NULL))
);
-- A change of a record finds its links by this.
CREATE INDEX sync_links_resource ON sync_links (resource_id, resource_type);
-- Whoever looks for an id of another system need not know which.
CREATE INDEX sync_links_external ON sync_links (external_id);
-- The summary counts in it alone.
CREATE INDEX sync_links_summary ON sync_links (system_id, resource_type, state, pending_since);
CREATE INDEX sync_links_state ON sync_links (state, failing_since, id);
CREATE INDEX sync_links_created ON sync_links (created_at, id);
CREATE INDEX sync_links_updated ON sync_links (updated_at, id);

-- A record that both sides changed, with both versions.
CREATE TABLE sync_conflicts (
    id TEXT NOT NULL PRIMARY KEY,
    -- None once the link is gone.
    link_id TEXT REFERENCES sync_links (id),
    system_id TEXT NOT NULL REFERENCES external_systems (id),
    resource_type TEXT NOT NULL,
    resource_id TEXT NOT NULL,
    external_id TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'resolved', 'dropped')),
    base_revision BIGINT NOT NULL,
    our_revision BIGINT NOT NULL,
    their_revision TEXT NOT NULL,
    their_changed_at BIGINT,
    -- Documents: the fields that can be written, as they were agreed on, as they are here, as they are there.
    base TEXT,
    ours TEXT NOT NULL,
    theirs TEXT NOT NULL,
    fields TEXT NOT NULL,
    resolution TEXT CHECK (resolution IN ('ours', 'theirs', 'fields', 'settled')),
    resolved_by TEXT,
    resolved_at BIGINT,
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CHECK ((state = 'resolved') = (resolution IS NOT NULL)),
    CHECK ((state = 'open') = (resolved_at IS NULL)),
    CHECK (state <> 'open' OR link_id IS NOT NULL)
);
CREATE UNIQUE INDEX sync_conflicts_open ON sync_conflicts (link_id) WHERE state = 'open';
CREATE INDEX sync_conflicts_link ON sync_conflicts (link_id, id);
CREATE INDEX sync_conflicts_resource ON sync_conflicts (resource_id, created_at, id);
CREATE INDEX sync_conflicts_state ON sync_conflicts (state, created_at, id);
CREATE INDEX sync_conflicts_created ON sync_conflicts (created_at, id);
