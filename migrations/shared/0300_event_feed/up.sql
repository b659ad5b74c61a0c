-- What partners read of an event in place of what the vendor reads: the fields of the record that differ, the names of the
-- fields that changed for them, and what those held before. Nothing if both read the same.
ALTER TABLE events ADD COLUMN partner_view TEXT;

-- A partner that lost sight of the record by this event: it is told so, and nothing else.
ALTER TABLE event_audiences ADD COLUMN lost BOOLEAN NOT NULL DEFAULT FALSE;

-- Ids are unique over all types, so that events of one record are found by its id alone.
DROP INDEX events_resource;
CREATE INDEX events_resource ON events (resource_id, position);

-- The log itself is kept for a number of days, too.
CREATE TABLE retention_terms_all (
    name TEXT NOT NULL PRIMARY KEY CHECK (name IN ('usage', 'sign_ins', 'sign_in_addresses', 'events')),
    days BIGINT NOT NULL CHECK (days > 0),
    updated_at BIGINT NOT NULL
);
INSERT INTO retention_terms_all SELECT name, days, updated_at FROM retention_terms;
INSERT INTO retention_terms_all (name, days, updated_at) VALUES ('events', 400, 0);
DROP TABLE retention_terms;
ALTER TABLE retention_terms_all RENAME TO retention_terms;
