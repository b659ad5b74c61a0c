-- How values of a custom field are entered and checked. `minimum` and `maximum` are of numbers and dates, as text.
ALTER TABLE custom_field_definitions ADD COLUMN help TEXT;
ALTER TABLE custom_field_definitions ADD COLUMN section TEXT;
ALTER TABLE custom_field_definitions ADD COLUMN position BIGINT;
ALTER TABLE custom_field_definitions ADD COLUMN min_length BIGINT;
ALTER TABLE custom_field_definitions ADD COLUMN max_length BIGINT;
ALTER TABLE custom_field_definitions ADD COLUMN minimum TEXT;
ALTER TABLE custom_field_definitions ADD COLUMN maximum TEXT;
ALTER TABLE custom_field_definitions ADD COLUMN pattern TEXT;

-- The custom fields of deals once more, one row for each value, so that a filter by one reads no more deals than it finds.
-- `value_key` is the value folded and cut to 120 characters.
CREATE TABLE deal_custom_values (
    deal_id TEXT NOT NULL REFERENCES deals (id),
    name TEXT NOT NULL,
    value_key TEXT NOT NULL,
    PRIMARY KEY (deal_id, name)
);
CREATE INDEX deal_custom_values_value ON deal_custom_values (name, value_key, deal_id);

-- How the portal presents itself: one row at most.
CREATE TABLE portal_branding (
    id TEXT NOT NULL PRIMARY KEY CHECK (id = 'portal'),
    name TEXT NOT NULL,
    logo_url TEXT,
    icon_url TEXT,
    primary_color TEXT NOT NULL,
    accent_color TEXT NOT NULL,
    support_name TEXT,
    support_email TEXT,
    support_phone TEXT,
    support_url TEXT,
    legal_links TEXT NOT NULL,
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
INSERT INTO portal_branding (id, name, primary_color, accent_color, legal_links, revision, created_at, updated_at)
VALUES ('portal', 'OpenPRM', '#1f4e79', '#b45309', '[]', 1, 1767225600000000, 1767225600000000);
