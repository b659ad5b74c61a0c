DROP TABLE audit_records;
DROP TABLE event_audiences;
DROP TABLE events;
