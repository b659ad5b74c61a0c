DROP TRIGGER sign_ins_no_update;
DROP TRIGGER sign_ins_no_delete;

CREATE TRIGGER sign_ins_no_update BEFORE UPDATE ON sign_ins
BEGIN
    SELECT RAISE(ABORT, 'append_only: sign_ins');
END;

CREATE TRIGGER sign_ins_no_delete BEFORE DELETE ON sign_ins
BEGIN
    SELECT RAISE(ABORT, 'append_only: sign_ins');
END;
