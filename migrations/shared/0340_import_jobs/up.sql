-- Imports as jobs: files that are brought in over the API, in the background, row by row.

CREATE TABLE import_jobs (
    id TEXT NOT NULL PRIMARY KEY,
    status TEXT NOT NULL CHECK (status IN ('queued', 'running', 'finished', 'failed', 'cancelled', 'undoing', 'undone')),
    kind TEXT NOT NULL CHECK (kind IN (
        'territories', 'products', 'users', 'partners', 'people', 'account_managers', 'tier_memberships',
        'customer_accounts', 'direct_opportunities', 'named_accounts', 'installed_base', 'deals')),
    system TEXT NOT NULL,
    format TEXT NOT NULL CHECK (format IN ('csv', 'ndjson')),
    -- No reference: once its rows were read the file may go.
    file_id TEXT NOT NULL,
    file_name TEXT NOT NULL,
    file_sha256 TEXT NOT NULL CHECK (length(file_sha256) = 64),
    dry_run BOOLEAN NOT NULL,
    legacy BOOLEAN NOT NULL,
    mapping TEXT NOT NULL,
    bytes_total BIGINT NOT NULL CHECK (bytes_total >= 0),
    bytes_read BIGINT NOT NULL CHECK (bytes_read >= 0),
    rows_read BIGINT NOT NULL CHECK (rows_read >= 0),
    rows_done BIGINT NOT NULL CHECK (rows_done BETWEEN 0 AND rows_read),
    rows_created BIGINT NOT NULL CHECK (rows_created >= 0),
    rows_updated BIGINT NOT NULL CHECK (rows_updated >= 0),
    rows_unchanged BIGINT NOT NULL CHECK (rows_unchanged >= 0),
    rows_draft BIGINT NOT NULL CHECK (rows_draft >= 0),
    rows_skipped BIGINT NOT NULL CHECK (rows_skipped >= 0),
    rows_rejected BIGINT NOT NULL CHECK (rows_rejected >= 0),
    rows_removed BIGINT NOT NULL CHECK (rows_removed >= 0),
    rows_restored BIGINT NOT NULL CHECK (rows_restored >= 0),
    rows_left BIGINT NOT NULL CHECK (rows_left >= 0),
    error TEXT,
    created_by TEXT NOT NULL,
    started_at BIGINT,
    finished_at BIGINT,
    expires_at BIGINT,
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CHECK ((status = 'failed') = (error IS NOT NULL)),
    CHECK (rows_done = rows_created + rows_updated + rows_unchanged + rows_draft + rows_skipped + rows_rejected),
    CHECK ((status IN ('queued', 'running', 'undoing')) = (finished_at IS NULL)),
    CHECK (NOT dry_run OR status NOT IN ('undoing', 'undone'))
);
CREATE INDEX import_jobs_created ON import_jobs (created_at, id);
CREATE INDEX import_jobs_status ON import_jobs (status, created_at, id);
CREATE INDEX import_jobs_kind ON import_jobs (kind, created_at, id);
CREATE INDEX import_jobs_created_by ON import_jobs (created_by, created_at, id);
CREATE INDEX import_jobs_file ON import_jobs (file_id);
CREATE INDEX import_jobs_expires ON import_jobs (expires_at, id) WHERE expires_at IS NOT NULL;

-- Where the work on an import stands, and which instance does it. Apart from the import, so that work changes no revision.
CREATE TABLE import_work (
    import_id TEXT NOT NULL PRIMARY KEY REFERENCES import_jobs (id),
    -- The file's content with the mapping: one import of it at a time, and one that stays; none for those that were wanted again.
    content_key TEXT UNIQUE,
    -- With whose permissions its rows are taken, as JSON: of who made it, committed it, or asked for its undoing.
    authority TEXT NOT NULL,
    -- How often the rows are gone over: a dry run that is committed goes over them once more.
    pass BIGINT NOT NULL CHECK (pass > 0),
    phase TEXT NOT NULL CHECK (phase IN ('reading', 'rows', 'later', 'last', 'queue', 'repeats', 'done', 'undo', 'undo_last')),
    -- Where the file is read on.
    position BIGINT NOT NULL CHECK (position >= 0),
    line BIGINT NOT NULL CHECK (line > 0),
    delimiter BIGINT NOT NULL,
    header TEXT,
    -- The last row of the phase that was looked at, and how many got on in this round of it.
    at_line BIGINT NOT NULL,
    brought BIGINT NOT NULL,
    -- Rows that had their verdict when they were read.
    read_skipped BIGINT NOT NULL CHECK (read_skipped >= 0),
    read_rejected BIGINT NOT NULL CHECK (read_rejected >= 0),
    failures BIGINT NOT NULL CHECK (failures >= 0),
    -- Whether its rows are still there.
    kept BOOLEAN NOT NULL,
    lease_token TEXT,
    lease_until BIGINT,
    CHECK ((lease_token IS NULL) = (lease_until IS NULL))
);

-- The rows of a file, each with what became of it.
CREATE TABLE import_job_rows (
    import_id TEXT NOT NULL REFERENCES import_jobs (id),
    line BIGINT NOT NULL CHECK (line > 0),
    -- What it is for the work: one to take, one that waits for its turn in a queue, one that says again what an earlier one
    -- said, or one that had its verdict when it was read.
    staged TEXT NOT NULL CHECK (staged IN ('row', 'queued', 'repeat', 'settled')),
    -- In which pass it got its verdict.
    pass BIGINT NOT NULL CHECK (pass >= 0),
    -- When a deal that waits was received.
    sort_at BIGINT,
    -- The line of the row that it repeats.
    first_line BIGINT,
    row_key TEXT,
    -- What rows of the file can call its record besides its key.
    name_key TEXT,
    -- The digest of what it says.
    said TEXT,
    -- What stands there: a list of cells, or the JSON line. Of rows that were taken nothing.
    content TEXT,
    -- What stands there, if it cannot be read.
    raw TEXT,
    verdict TEXT CHECK (verdict IN ('created', 'updated', 'unchanged', 'draft', 'skipped', 'rejected')),
    reason_code TEXT,
    reason_text TEXT,
    resource_id TEXT,
    -- How it left its record: the revision, and the event that tells what was before.
    left_revision BIGINT,
    left_event BIGINT,
    undo_verdict TEXT CHECK (undo_verdict IN ('removed', 'restored', 'left')),
    undo_code TEXT,
    undo_text TEXT,
    PRIMARY KEY (import_id, line),
    CHECK ((staged = 'queued') = (sort_at IS NOT NULL)),
    CHECK ((staged = 'repeat') = (first_line IS NOT NULL)),
    CHECK ((pass = 0) = (verdict IS NULL)),
    CHECK ((left_revision IS NULL) = (left_event IS NULL)),
    CHECK (undo_verdict IS NULL OR verdict IN ('created', 'updated', 'draft'))
);
-- The rows that still wait in a pass have the one before it.
CREATE INDEX import_job_rows_staged ON import_job_rows (import_id, staged, pass, sort_at, line);
CREATE INDEX import_job_rows_key ON import_job_rows (import_id, row_key);
CREATE INDEX import_job_rows_name ON import_job_rows (import_id, name_key);
CREATE INDEX import_job_rows_verdict ON import_job_rows (import_id, verdict, line);
CREATE INDEX import_job_rows_resource ON import_job_rows (resource_id, left_revision);
CREATE INDEX import_job_rows_undo ON import_job_rows (import_id, undo_verdict, line);
