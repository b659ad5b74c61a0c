-- Sign-ins stay as they were written until their time is over: then they lose where they came from, and later they go.
DROP TRIGGER IF EXISTS sign_ins_no_update;
DROP TRIGGER IF EXISTS sign_ins_no_delete;

CREATE TRIGGER sign_ins_no_update BEFORE UPDATE ON sign_ins
WHEN OLD.at >= (SELECT before_at FROM sign_in_marks WHERE name = 'without_address')
    OR NEW.ip IS NOT NULL OR NEW.user_agent IS NOT NULL
    OR NEW.id <> OLD.id OR NEW.user_id IS NOT OLD.user_id OR NEW.partner_id IS NOT OLD.partner_id
    OR NEW.identifier_hash IS NOT OLD.identifier_hash OR NEW.at <> OLD.at OR NEW.day_on <> OLD.day_on
    OR NEW.method <> OLD.method OR NEW.outcome <> OLD.outcome
BEGIN
    SELECT RAISE(ABORT, 'append_only: sign_ins');
END;

CREATE TRIGGER sign_ins_no_delete BEFORE DELETE ON sign_ins
WHEN OLD.at >= (SELECT before_at FROM sign_in_marks WHERE name = 'deleted')
BEGIN
    SELECT RAISE(ABORT, 'append_only: sign_ins');
END;
