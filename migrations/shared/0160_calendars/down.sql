DROP TABLE review_clocks;
DROP INDEX territories_calendar;
ALTER TABLE territories DROP COLUMN calendar_id;
DROP TABLE calendars;
