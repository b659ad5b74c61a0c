-- The custom fields of all records once more, one row for each value, so that a filter by one reads no more records than it
-- finds. `value_key` is the value folded and cut to 120 characters. No foreign key: the type says which table the id is of.
CREATE TABLE custom_values (
    record_type TEXT NOT NULL,
    record_id TEXT NOT NULL,
    name TEXT NOT NULL,
    value_key TEXT NOT NULL,
    PRIMARY KEY (record_type, record_id, name)
);
CREATE INDEX custom_values_value ON custom_values (record_type, name, value_key, record_id);

-- Of deals the values are there. Those of the other records are filled in by the program right after, in the same transaction:
-- the SQL of neither engine folds a text as the program does.
INSERT INTO custom_values (record_type, record_id, name, value_key)
SELECT 'deal', deal_id, name, value_key FROM deal_custom_values;
DROP TABLE deal_custom_values;
