-- The content of files lies in a store, not here. Each object has a row before its first byte is written, so that what a
-- server left half-written when it ended is found again.
CREATE TABLE file_objects (
    key TEXT NOT NULL PRIMARY KEY,
    -- Which store it lies in: a folder, as it was set when it was written.
    location TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('writing', 'stored', 'doomed')),
    since BIGINT NOT NULL
);
CREATE INDEX file_objects_left ON file_objects (state, since, key);

CREATE TABLE files (
    id TEXT NOT NULL PRIMARY KEY,
    -- Gone with the content, when its time is over.
    object_key TEXT UNIQUE REFERENCES file_objects (key),
    -- Whose it is: a partner's, or the vendor's own.
    partner_id TEXT REFERENCES partners (id),
    name TEXT NOT NULL,
    media_type TEXT NOT NULL,
    size_bytes BIGINT NOT NULL CHECK (size_bytes > 0),
    sha256 TEXT NOT NULL,
    scan_status TEXT NOT NULL CHECK (scan_status IN ('not_scanned', 'pending', 'clean', 'infected')),
    scanned_at BIGINT,
    -- The content is deleted then; what is told of it here stays.
    retain_until BIGINT,
    content_deleted_at BIGINT,
    uploaded_by TEXT NOT NULL,
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CHECK ((object_key IS NULL) = (content_deleted_at IS NOT NULL))
);
CREATE INDEX files_partner ON files (partner_id, created_at, id);
CREATE INDEX files_retention ON files (retain_until, id) WHERE object_key IS NOT NULL AND retain_until IS NOT NULL;

CREATE TABLE file_attachments (
    id TEXT NOT NULL PRIMARY KEY,
    file_id TEXT NOT NULL REFERENCES files (id),
    resource_type TEXT NOT NULL CHECK (resource_type IN ('deal', 'deal_appeal', 'deal_evidence')),
    resource_id TEXT NOT NULL,
    -- The partner that the record belongs to: it reads what is attached to it.
    partner_id TEXT NOT NULL REFERENCES partners (id),
    attached_by TEXT NOT NULL,
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (file_id, resource_type, resource_id)
);
CREATE INDEX file_attachments_record ON file_attachments (resource_type, resource_id, created_at, id);
CREATE INDEX file_attachments_partner ON file_attachments (partner_id);
