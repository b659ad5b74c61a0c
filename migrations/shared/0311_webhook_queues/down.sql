DROP INDEX webhook_deliveries_resource;
CREATE INDEX webhook_deliveries_resource ON webhook_deliveries (resource_type, resource_id, created_at, id);
DROP INDEX webhook_deliveries_vendor;
DROP INDEX webhook_deliveries_partner;
CREATE INDEX webhook_deliveries_partner ON webhook_deliveries (partner_id, created_at, id);
DROP INDEX webhook_deliveries_open;
CREATE INDEX webhook_deliveries_open ON webhook_deliveries (occurred_at) WHERE status = 'pending';
ALTER TABLE webhook_endpoints DROP COLUMN scopes;
