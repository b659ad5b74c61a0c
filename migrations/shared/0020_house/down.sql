DROP TABLE feed_marks;
DROP TABLE resource_tags;
DROP TABLE external_references;
DROP TABLE custom_field_definitions;
DROP TABLE mails;
DROP TABLE idempotency_keys;
DROP TABLE policies;
DROP TABLE counters;
