DROP TRIGGER award_guard_update;
DROP TRIGGER award_guard_insert;
