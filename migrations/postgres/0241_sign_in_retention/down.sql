DROP TRIGGER sign_ins_no_change ON sign_ins;
DROP FUNCTION sign_ins_keep();
CREATE TRIGGER sign_ins_no_change BEFORE UPDATE OR DELETE ON sign_ins
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
