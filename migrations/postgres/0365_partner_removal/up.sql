-- A partner that came with imported history goes again when its import is undone, as long as nothing names it. The entry with which
-- its status began goes with it; of a partner that stays, and of one whose status has changed, nothing is ever deleted. A partner
-- that came in any other way stays for good.
ALTER TABLE partner_status_changes DROP CONSTRAINT partner_status_changes_partner_id_fkey;
ALTER TABLE partner_status_changes ADD CONSTRAINT partner_status_changes_partner_id_fkey
    FOREIGN KEY (partner_id) REFERENCES partners (id) ON DELETE CASCADE;

CREATE FUNCTION partner_status_changes_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND OLD.from_status IS NULL
       AND NOT EXISTS (SELECT 1 FROM partners WHERE id = OLD.partner_id) THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'append_only: %', TG_TABLE_NAME USING ERRCODE = '55000', TABLE = TG_TABLE_NAME;
END $$;
DROP TRIGGER partner_status_changes_no_change ON partner_status_changes;
CREATE TRIGGER partner_status_changes_no_change BEFORE UPDATE OR DELETE ON partner_status_changes
    FOR EACH ROW EXECUTE FUNCTION partner_status_changes_stay();

CREATE TRIGGER partners_stay BEFORE DELETE ON partners
    FOR EACH ROW WHEN (NOT OLD.legacy) EXECUTE FUNCTION refuse_change();
