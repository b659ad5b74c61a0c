-- The lists that people look at again and again: their filters, order and columns, with a name.

CREATE TABLE saved_views (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    -- The list that it is of, by the id of its operation.
    operation TEXT NOT NULL,
    filters TEXT NOT NULL,
    sort TEXT,
    shown_fields TEXT NOT NULL,
    visibility TEXT NOT NULL CHECK (visibility IN ('private', 'shared')),
    owner_id TEXT NOT NULL REFERENCES users (id),
    -- The owner's partner; none for the vendor's people.
    partner_id TEXT REFERENCES partners (id),
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (owner_id, operation, name_key)
);
CREATE INDEX saved_views_name ON saved_views (name_key, id);
CREATE INDEX saved_views_partner ON saved_views (partner_id, visibility, name_key, id);
