-- An active (or suspended) partner has a primary account manager at every instant. Starts alone rule out
-- overlaps; this guard rules out the gaps that are left: a partner does not become active without a holder in
-- force at its `updated_at`, its chain is not ended, and its first entry is not taken away. Entries are never
-- changed: one that has not begun is deleted and written anew.

CREATE FUNCTION account_manager_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    partner_status text;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        RAISE EXCEPTION 'append_only: account_manager_assignments' USING ERRCODE = '55000';
    ELSIF TG_OP = 'INSERT' THEN
        IF NEW.role = 'primary' AND NEW.user_id IS NULL THEN
            -- The lock makes this see an activation that commits meanwhile, and the other way round.
            SELECT status INTO partner_status FROM partners WHERE id = NEW.partner_id FOR NO KEY UPDATE;
            IF partner_status IN ('active', 'suspended') THEN
                RAISE EXCEPTION 'account_manager_gap' USING ERRCODE = '23000';
            END IF;
        END IF;
        RETURN NEW;
    END IF;
    IF OLD.role = 'primary' THEN
        SELECT status INTO partner_status FROM partners WHERE id = OLD.partner_id FOR NO KEY UPDATE;
        IF partner_status IN ('active', 'suspended')
           AND (SELECT user_id FROM account_manager_assignments
                WHERE partner_id = OLD.partner_id AND role = 'primary' AND valid_from < OLD.valid_from
                ORDER BY valid_from DESC LIMIT 1) IS NULL THEN
            RAISE EXCEPTION 'account_manager_gap' USING ERRCODE = '23000';
        END IF;
    END IF;
    RETURN OLD;
END $$;
CREATE TRIGGER account_manager_guard BEFORE INSERT OR UPDATE OR DELETE ON account_manager_assignments
    FOR EACH ROW EXECUTE FUNCTION account_manager_guard();

CREATE FUNCTION partner_needs_account_manager() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.status NOT IN ('active', 'suspended') THEN
        RETURN NEW;
    END IF;
    IF TG_OP = 'UPDATE' THEN
        IF OLD.status IN ('active', 'suspended') THEN
            RETURN NEW;
        END IF;
    END IF;
    IF (SELECT user_id FROM account_manager_assignments
        WHERE partner_id = NEW.id AND role = 'primary' AND valid_from <= NEW.updated_at
        ORDER BY valid_from DESC LIMIT 1) IS NULL
       OR EXISTS (SELECT 1 FROM account_manager_assignments
        WHERE partner_id = NEW.id AND role = 'primary' AND valid_from > NEW.updated_at AND user_id IS NULL) THEN
        RAISE EXCEPTION 'account_manager_gap' USING ERRCODE = '23000';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER partner_needs_account_manager BEFORE INSERT OR UPDATE OF status ON partners
    FOR EACH ROW EXECUTE FUNCTION partner_needs_account_manager();
