ALTER TABLE partner_applications DROP COLUMN clock_basis;
DROP INDEX approval_steps_calendar;
ALTER TABLE approval_steps DROP COLUMN calendar_id;
ALTER TABLE approval_steps DROP COLUMN clock_basis;
