-- By which clock a step's hours run until it is escalated, and by whose calendar; none: round the clock.
ALTER TABLE approval_steps ADD COLUMN clock_basis TEXT CHECK (clock_basis IN ('round_the_clock', 'business_time'));
ALTER TABLE approval_steps ADD COLUMN calendar_id TEXT REFERENCES calendars (id);
-- So that a calendar that is deleted is not looked for step by step.
CREATE INDEX approval_steps_calendar ON approval_steps (calendar_id);
-- By which clock the days of an application's review run; none: round the clock.
ALTER TABLE partner_applications ADD COLUMN clock_basis TEXT CHECK (clock_basis IN ('round_the_clock', 'business_time'));
