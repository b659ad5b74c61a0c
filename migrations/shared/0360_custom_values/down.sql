-- The way back knows the values of deals alone.
CREATE TABLE deal_custom_values (
    deal_id TEXT NOT NULL REFERENCES deals (id),
    name TEXT NOT NULL,
    value_key TEXT NOT NULL,
    PRIMARY KEY (deal_id, name)
);
CREATE INDEX deal_custom_values_value ON deal_custom_values (name, value_key, deal_id);
INSERT INTO deal_custom_values (deal_id, name, value_key)
SELECT record_id, name, value_key FROM custom_values WHERE record_type = 'deal';
DROP TABLE custom_values;
