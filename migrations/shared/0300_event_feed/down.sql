CREATE TABLE retention_terms_before (
    name TEXT NOT NULL PRIMARY KEY CHECK (name IN ('usage', 'sign_ins', 'sign_in_addresses')),
    days BIGINT NOT NULL CHECK (days > 0),
    updated_at BIGINT NOT NULL
);
INSERT INTO retention_terms_before SELECT name, days, updated_at FROM retention_terms WHERE name <> 'events';
DROP TABLE retention_terms;
ALTER TABLE retention_terms_before RENAME TO retention_terms;
DROP INDEX events_resource;
CREATE INDEX events_resource ON events (resource_type, resource_id, position);
ALTER TABLE event_audiences DROP COLUMN lost;
ALTER TABLE events DROP COLUMN partner_view;
