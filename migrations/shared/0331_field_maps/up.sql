-- Which field is which in another system: drafts, and versions that hold from a moment on.

CREATE TABLE field_maps (
    id TEXT NOT NULL PRIMARY KEY,
    system_id TEXT NOT NULL REFERENCES external_systems (id),
    resource_type TEXT NOT NULL,
    version BIGINT NOT NULL CHECK (version > 0),
    state TEXT NOT NULL CHECK (state IN ('draft', 'published')),
    -- From when on it holds, until the next does; none of a draft.
    valid_from BIGINT,
    entries TEXT NOT NULL,
    note TEXT,
    created_by TEXT NOT NULL,
    published_by TEXT,
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (system_id, resource_type, version),
    UNIQUE (system_id, resource_type, valid_from),
    CHECK ((state = 'published') = (valid_from IS NOT NULL)),
    CHECK ((state = 'published') = (published_by IS NOT NULL))
);
CREATE UNIQUE INDEX field_maps_draft ON field_maps (system_id, resource_type) WHERE state = 'draft';
CREATE INDEX field_maps_created ON field_maps (created_at, id);
