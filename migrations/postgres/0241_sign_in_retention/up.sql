-- Sign-ins stay as they were written until their time is over: then they lose where they came from, and later they go.
DROP TRIGGER IF EXISTS sign_ins_no_change ON sign_ins;

CREATE FUNCTION sign_ins_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.at < (SELECT before_at FROM sign_in_marks WHERE name = 'deleted') THEN
            RETURN OLD;
        END IF;
    ELSIF OLD.at < (SELECT before_at FROM sign_in_marks WHERE name = 'without_address')
        AND NEW.ip IS NULL AND NEW.user_agent IS NULL
        AND (NEW.id, NEW.user_id, NEW.partner_id, NEW.identifier_hash, NEW.at, NEW.day_on, NEW.method, NEW.outcome)
            IS NOT DISTINCT FROM
            (OLD.id, OLD.user_id, OLD.partner_id, OLD.identifier_hash, OLD.at, OLD.day_on, OLD.method, OLD.outcome) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'append_only: sign_ins' USING ERRCODE = '55000', TABLE = 'sign_ins';
END $$;
CREATE TRIGGER sign_ins_no_change BEFORE UPDATE OR DELETE ON sign_ins
    FOR EACH ROW EXECUTE FUNCTION sign_ins_keep();
