ALTER TABLE service_clients DROP COLUMN jwks;
DROP TABLE revoked_tokens;
DROP TABLE used_tokens;
DROP TABLE identity_links;
DROP TABLE identity_providers;
