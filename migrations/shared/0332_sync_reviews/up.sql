-- Records of another system that may be one of ours: somebody decides which.

CREATE TABLE sync_reviews (
    id TEXT NOT NULL PRIMARY KEY,
    system_id TEXT NOT NULL REFERENCES external_systems (id),
    resource_type TEXT NOT NULL,
    external_id TEXT NOT NULL,
    -- Documents: the record as the other system described it, and whom it may mean.
    described TEXT NOT NULL,
    candidates TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'linked', 'new', 'ignored')),
    -- The record that it was linked to.
    resource_id TEXT,
    decided_by TEXT,
    decided_at BIGINT,
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (system_id, resource_type, external_id),
    CHECK ((state = 'linked') = (resource_id IS NOT NULL)),
    CHECK ((state = 'open') = (decided_at IS NULL)),
    CHECK ((decided_by IS NULL) = (decided_at IS NULL))
);
CREATE INDEX sync_reviews_state ON sync_reviews (state, created_at, id);
CREATE INDEX sync_reviews_created ON sync_reviews (created_at, id);
