-- Recurring work of the program itself: one row for each job. The instance that works on it holds the lease; what counts
-- on PostgreSQL is the database's clock, because those of several machines differ.
CREATE TABLE job_leases (
    name TEXT NOT NULL PRIMARY KEY,
    -- When the next run begins.
    due_at BIGINT NOT NULL,
    lease_token TEXT,
    lease_until BIGINT,
    started_at BIGINT,
    finished_at BIGINT,
    -- Of the last run, if it failed.
    last_error TEXT,
    runs BIGINT NOT NULL CHECK (runs >= 0),
    -- Failed runs since the last that did not fail.
    failures BIGINT NOT NULL CHECK (failures >= 0),
    updated_at BIGINT NOT NULL,
    CHECK ((lease_token IS NULL) = (lease_until IS NULL))
);
