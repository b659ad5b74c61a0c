-- What came in from files, row by row, so that a run can be repeated and explained.

CREATE TABLE import_runs (
    id TEXT NOT NULL PRIMARY KEY,
    mapping_name TEXT NOT NULL,
    mapping_hash TEXT NOT NULL,
    dry_run BOOLEAN NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('running', 'finished', 'failed')),
    -- The files with their size and hash.
    sources TEXT NOT NULL,
    -- Rows by file and verdict.
    counts TEXT NOT NULL,
    error TEXT,
    started_by TEXT NOT NULL,
    finished_at BIGINT,
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CHECK ((status = 'running') = (finished_at IS NULL))
);
CREATE INDEX import_runs_created ON import_runs (created_at, id);
CREATE INDEX import_runs_status ON import_runs (status, created_at, id);

CREATE TABLE import_rows (
    run_id TEXT NOT NULL REFERENCES import_runs (id),
    -- Which step of the mapping: one file may be read for several kinds of record.
    step BIGINT NOT NULL CHECK (step > 0),
    source TEXT NOT NULL,
    line BIGINT NOT NULL CHECK (line > 0),
    resource_type TEXT NOT NULL,
    system TEXT,
    external_id TEXT,
    row_hash TEXT NOT NULL,
    verdict TEXT NOT NULL CHECK (verdict IN ('created', 'updated', 'unchanged', 'draft', 'skipped', 'rejected')),
    reason_code TEXT,
    reason_text TEXT,
    resource_id TEXT,
    PRIMARY KEY (run_id, step, line),
    CHECK (verdict NOT IN ('draft', 'skipped', 'rejected') OR reason_code IS NOT NULL)
);
CREATE INDEX import_rows_verdict ON import_rows (run_id, verdict, step, line);
CREATE INDEX import_rows_external ON import_rows (system, resource_type, external_id);
CREATE INDEX import_rows_resource ON import_rows (resource_type, resource_id);
