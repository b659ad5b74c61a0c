-- What the machine that made an endpoint was itself allowed at that moment, as a JSON list: a key or a token may be allowed
-- less than the client that it is of, and an endpoint learns no more than whoever made it.
ALTER TABLE webhook_endpoints ADD COLUMN scopes TEXT;

-- What waits is counted by endpoint: what waits for one that is disabled is late for nobody.
DROP INDEX webhook_deliveries_open;
CREATE INDEX webhook_deliveries_open ON webhook_deliveries (endpoint_id, occurred_at) WHERE status = 'pending';

-- PostgreSQL takes rows in the order of an index only after a value, and `IS NULL` is none.
DROP INDEX webhook_deliveries_partner;
CREATE INDEX webhook_deliveries_partner ON webhook_deliveries (partner_id, created_at, id) WHERE partner_id IS NOT NULL;
CREATE INDEX webhook_deliveries_vendor ON webhook_deliveries (created_at, id) WHERE partner_id IS NULL;

-- Ids are unique over all types, so that deliveries about one record are found by its id alone.
DROP INDEX webhook_deliveries_resource;
CREATE INDEX webhook_deliveries_resource ON webhook_deliveries (resource_id, created_at, id);
