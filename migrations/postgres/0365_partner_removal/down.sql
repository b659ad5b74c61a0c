DROP TRIGGER partners_stay ON partners;

DROP TRIGGER partner_status_changes_no_change ON partner_status_changes;
CREATE TRIGGER partner_status_changes_no_change BEFORE UPDATE OR DELETE ON partner_status_changes
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
DROP FUNCTION partner_status_changes_stay();

ALTER TABLE partner_status_changes DROP CONSTRAINT partner_status_changes_partner_id_fkey;
ALTER TABLE partner_status_changes ADD CONSTRAINT partner_status_changes_partner_id_fkey
    FOREIGN KEY (partner_id) REFERENCES partners (id);
